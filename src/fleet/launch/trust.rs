//! claude's first questions, answered where it keeps the answers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::fleet::file::{self, Keep};
use crate::fleet::home::Site;
use crate::fleet::os::lockfile;
use crate::plain;

/// Most bytes of its state file: it keeps histories in it.
const MAX_STATE_BYTES: usize = 64 << 20;

/// Time for others' edits, of some milliseconds each: a start does not wait for one that is frozen.
const LOCK_LIMIT: Duration = Duration::from_secs(5);

/// How often the edit is made anew because the file changed meanwhile.
const TRIES: u32 = 5;

/// How claude names a key that it was allowed to use: by its end.
const KEY_CHARS: usize = 20;

/// The file in which it keeps what it was answered.
fn state_file(site: &Site) -> PathBuf {
    match std::env::var_os("CLAUDE_CONFIG_DIR").filter(|folder| !folder.is_empty()) {
        Some(folder) => PathBuf::from(folder).join(".claude.json"),
        None => site.user_home.join(".claude.json"),
    }
}

/// Answers what claude would ask at its first start in a folder, for an operator who put the agent there: that the folder
/// is trusted, and that the key in the environment may be used. Both of its dialogs begin on "No".
///
/// Every other key of the file stays. A file that is not understood is left alone, and that is told.
pub(super) fn settle(site: &Site, directory: &Path, key: Option<&str>) -> Result<(), String> {
    settle_within(site, directory, key, LOCK_LIMIT)
}

fn settle_within(site: &Site, directory: &Path, key: Option<&str>, limit: Duration) -> Result<(), String> {
    let path = state_file(site);
    let told = |why: &dyn std::fmt::Display| {
        format!("{}: {why}; claude may ask whether it trusts {}", path.display(), directory.display())
    };
    if site.user_home.starts_with(directory) {
        // Trust holds for all folders below: the user's own sessions would ask nowhere any more.
        return Err(format!(
            "claude may ask whether it trusts {}; give the agent a `working_directory` of its own",
            directory.display()
        ));
    }
    // Agents that start together edit it one after the other.
    let lock = site.run_dir.join("claude-state.lock");
    let held = lockfile::hold_up(&lock, limit, lockfile::open).map_err(|failure| told(&failure))?;
    // Kept to the end of the edit; without it the agent starts as well, and its first question is seen.
    let _held = held.ok_or_else(|| told(&format!("`fuser {}` names who has been at it for long", lock.display())))?;
    let read = || match plain::read(&path, MAX_STATE_BYTES) {
        Ok(text) => Ok(text),
        Err(why) if why.is_missing() => Ok("{}".to_owned()),
        Err(why) => Err(told(&why)),
    };
    // claude itself writes the file as well, and knows nothing of our lock: what was read must still stand there, and what
    // was written must stay.
    for _ in 0..TRIES {
        let text = read()?;
        let state: Map<String, Value> = serde_json::from_str(&text).map_err(|error| told(&error))?;
        let answered =
            answers(state.clone(), &directory.to_string_lossy(), key).ok_or_else(|| told(&"has an unknown form"))?;
        if answered == state {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| told(&error))?;
        }
        let new = serde_json::to_string_pretty(&answered).map_err(|error| told(&error))?;
        if read()? == text {
            file::write(&path, new.as_bytes(), 0o600, Keep::Fleeting).map_err(|error| told(&error))?;
        }
    }
    Err(told(&"is written by another program all the time"))
}

/// The state with the answers in it; nothing when it has another form than is known.
fn answers(mut state: Map<String, Value>, directory: &str, key: Option<&str>) -> Option<Map<String, Value>> {
    let projects = state.entry("projects").or_insert_with(|| json!({})).as_object_mut()?;
    let project = projects.entry(directory).or_insert_with(|| json!({})).as_object_mut()?;
    project.insert("hasTrustDialogAccepted".to_owned(), true.into());
    if let Some(key) = key.filter(|key| !key.is_empty()) {
        // Without this it looks its vendor up first, and leaves when it finds nobody.
        state.entry("hasCompletedOnboarding").or_insert(true.into());
        let end: String = key.chars().skip(key.chars().count().saturating_sub(KEY_CHARS)).collect();
        let responses = state.entry("customApiKeyResponses").or_insert_with(|| json!({})).as_object_mut()?;
        let refused = responses.get("rejected").and_then(Value::as_array).is_some_and(|all| all.contains(&json!(end)));
        let approved = responses.entry("approved").or_insert_with(|| json!([])).as_array_mut()?;
        // What the user refused stays refused.
        if !refused && !approved.contains(&json!(end)) {
            approved.push(end.into());
        }
    }
    Some(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn only_what_was_asked_is_answered() {
        let before = object(&json!({"numStartups": 3, "projects": {"/b": {"hasTrustDialogAccepted": false, "x": 1}}}));
        let after = answers(before, "/b", Some("sk-0123456789012345678901234")).unwrap();
        assert_eq!(
            Value::Object(after.clone()),
            json!({
                "numStartups": 3,
                "projects": {"/b": {"hasTrustDialogAccepted": true, "x": 1}},
                "hasCompletedOnboarding": true,
                "customApiKeyResponses": {"approved": ["56789012345678901234"]},
            })
        );
        assert_eq!(answers(after.clone(), "/b", Some("sk-0123456789012345678901234")).unwrap(), after, "twice is once");
        let refused = object(&json!({"customApiKeyResponses": {"approved": [], "rejected": ["k"]}}));
        assert_eq!(answers(refused, "/b", Some("k")).unwrap()["customApiKeyResponses"]["approved"], json!([]));
        assert!(!answers(Map::new(), "/b", None).unwrap().contains_key("hasCompletedOnboarding"));
        for odd in [json!({"projects": []}), json!({"projects": {"/b": 1}})] {
            assert!(answers(object(&odd), "/b", None).is_none());
        }
    }

    #[test]
    fn a_file_that_is_not_understood_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        std::fs::create_dir_all(&site.run_dir).unwrap();
        let path = folder.path().join(".claude.json");
        std::fs::write(&path, "{ no json").unwrap();
        assert!(settle(&site, Path::new("/w"), None).unwrap_err().contains("may ask whether it trusts /w"));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{ no json");
        std::fs::remove_file(&path).unwrap();
        settle(&site, Path::new("/w"), None).unwrap();
        let lock = site.run_dir.join("claude-state.lock");
        let held = lockfile::hold_up(&lock, Duration::ZERO, lockfile::open).unwrap().unwrap();
        let frozen = settle_within(&site, Path::new("/w"), None, Duration::ZERO).unwrap_err();
        assert!(frozen.contains("fuser ") && frozen.contains("may ask whether it trusts /w"), "{frozen}");
        drop(held);
        let own = settle(&site, folder.path(), None).unwrap_err();
        assert!(own.contains("working_directory"), "{own}");
        let state: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(state, json!({"projects": {"/w": {"hasTrustDialogAccepted": true}}}));
    }
}
