//! A runtime's first questions, answered where it keeps the answers.

use std::path::Path;
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::fleet::file::{self, Keep};
use crate::fleet::home::Site;
use crate::fleet::os::lockfile;
use crate::fleet::runtime::{FirstQuestions, KeyQuestion};
use crate::plain;

/// Most bytes of its state file: it keeps histories in it.
const MAX_STATE_BYTES: usize = 64 << 20;

/// Time for others' edits, of some milliseconds each: a start does not wait for one that is frozen.
const LOCK_LIMIT: Duration = Duration::from_secs(5);

/// How often the edit is made anew because the file changed meanwhile.
const TRIES: u32 = 5;

/// Answers what a runtime would ask at its first start in a folder, for an operator who put the agent there: that the
/// folder is trusted, and that the key in the environment may be used.
///
/// Every other key of the file stays. A file that is not understood is left alone, and that is told.
pub(super) fn settle(
    site: &Site,
    runtime: &str,
    questions: &FirstQuestions,
    directory: &Path,
    key: Option<&str>,
) -> Result<(), String> {
    settle_within(site, runtime, questions, directory, key, LOCK_LIMIT)
}

fn settle_within(
    site: &Site,
    runtime: &str,
    questions: &FirstQuestions,
    directory: &Path,
    key: Option<&str>,
    limit: Duration,
) -> Result<(), String> {
    let path = super::config_path(site, &questions.file, directory);
    let told = |why: &dyn std::fmt::Display| {
        format!("{}: {why}; {runtime} may ask whether it trusts {}", path.display(), directory.display())
    };
    if site.user_home.starts_with(directory) {
        // Trust holds for all folders below: the user's own sessions would ask nowhere any more.
        return Err(format!(
            "{runtime} may ask whether it trusts {}; give the agent a `working_directory` of its own",
            directory.display()
        ));
    }
    // Agents that start together edit it one after the other.
    let lock = site.run_dir.join(format!("{runtime}-state.lock"));
    let held = lockfile::hold_up(&lock, limit, lockfile::open).map_err(|failure| told(&failure))?;
    // Kept to the end of the edit; without it the agent starts as well, and its first question is seen.
    let _held = held.ok_or_else(|| told(&format!("`fuser {}` names who has been at it for long", lock.display())))?;
    let read = || match plain::read(&path, MAX_STATE_BYTES) {
        Ok(text) => Ok(text),
        Err(why) if why.is_missing() => Ok("{}".to_owned()),
        Err(why) => Err(told(&why)),
    };
    // The runtime itself writes the file as well, and knows nothing of our lock: what was read must still stand there, and what
    // was written must stay.
    for _ in 0..TRIES {
        let text = read()?;
        let state: Map<String, Value> = serde_json::from_str(&text).map_err(|error| told(&error))?;
        let answered = answers(questions, state.clone(), &directory.to_string_lossy(), key)
            .ok_or_else(|| told(&"has an unknown form"))?;
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
fn answers(
    questions: &FirstQuestions,
    mut state: Map<String, Value>,
    directory: &str,
    key: Option<&str>,
) -> Option<Map<String, Value>> {
    *at(&mut state, &questions.trusts_folder, directory)? = true.into();
    if let (Some(asked), Some(key)) = (&questions.key, key.filter(|key| !key.is_empty())) {
        let done = at(&mut state, &asked.done, directory)?;
        if done.is_null() {
            *done = true.into();
        }
        approve(&mut state, asked, directory, key)?;
    }
    Some(state)
}

/// Puts the key among those that may be used, unless the user refused it.
fn approve(state: &mut Map<String, Value>, asked: &KeyQuestion, directory: &str, key: &str) -> Option<()> {
    let end: String = key.chars().skip(key.chars().count().saturating_sub(asked.last_chars)).collect();
    let refused = asked
        .refused
        .split_first()
        .and_then(|(first, rest)| rest.iter().try_fold(state.get(first)?, |table, name| table.get(name))?.as_array());
    let refused = refused.is_some_and(|all| all.contains(&json!(end)));
    let approved = at(state, &asked.approved, directory)?;
    if approved.is_null() {
        *approved = json!([]);
    }
    let approved = approved.as_array_mut()?;
    if !refused && !approved.contains(&json!(end)) {
        approved.push(end.into());
    }
    Some(())
}

/// The value that these keys lead to, null where there is none yet; nothing where one of them leads to no table.
fn at<'a>(state: &'a mut Map<String, Value>, keys: &[String], directory: &str) -> Option<&'a mut Value> {
    let (last, tables) = keys.split_last()?;
    let name = |key: &str| key.replace("{directory}", directory);
    let table = tables
        .iter()
        .try_fold(state, |table, key| table.entry(name(key)).or_insert_with(|| json!({})).as_object_mut())?;
    Some(table.entry(name(last)).or_insert(Value::Null))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn questions() -> &'static FirstQuestions {
        crate::fleet::runtime::find("claude").and_then(|runtime| runtime.launch().first_questions()).unwrap()
    }

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn only_what_was_asked_is_answered() {
        let before = object(&json!({"numStartups": 3, "projects": {"/b": {"hasTrustDialogAccepted": false, "x": 1}}}));
        let after = answers(questions(), before, "/b", Some("sk-0123456789012345678901234")).unwrap();
        assert_eq!(
            Value::Object(after.clone()),
            json!({
                "numStartups": 3,
                "projects": {"/b": {"hasTrustDialogAccepted": true, "x": 1}},
                "hasCompletedOnboarding": true,
                "customApiKeyResponses": {"approved": ["56789012345678901234"]},
            })
        );
        assert_eq!(
            answers(questions(), after.clone(), "/b", Some("sk-0123456789012345678901234")).unwrap(),
            after,
            "twice is once"
        );
        let refused = object(&json!({"customApiKeyResponses": {"approved": [], "rejected": ["k"]}}));
        assert_eq!(
            answers(questions(), refused, "/b", Some("k")).unwrap()["customApiKeyResponses"]["approved"],
            json!([])
        );
        assert!(!answers(questions(), Map::new(), "/b", None).unwrap().contains_key("hasCompletedOnboarding"));
        for odd in [json!({"projects": []}), json!({"projects": {"/b": 1}})] {
            assert!(answers(questions(), object(&odd), "/b", None).is_none());
        }
    }

    #[test]
    fn a_file_that_is_not_understood_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        std::fs::create_dir_all(&site.run_dir).unwrap();
        let path = folder.path().join(".claude.json");
        std::fs::write(&path, "{ no json").unwrap();
        assert!(
            settle(&site, "claude", questions(), Path::new("/w"), None)
                .unwrap_err()
                .contains("may ask whether it trusts /w")
        );
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{ no json");
        std::fs::remove_file(&path).unwrap();
        settle(&site, "claude", questions(), Path::new("/w"), None).unwrap();
        let lock = site.run_dir.join("claude-state.lock");
        let held = lockfile::hold_up(&lock, Duration::ZERO, lockfile::open).unwrap().unwrap();
        let frozen = settle_within(&site, "claude", questions(), Path::new("/w"), None, Duration::ZERO).unwrap_err();
        assert!(frozen.contains("fuser ") && frozen.contains("may ask whether it trusts /w"), "{frozen}");
        drop(held);
        let own = settle(&site, "claude", questions(), folder.path(), None).unwrap_err();
        assert!(own.contains("working_directory"), "{own}");
        let state: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(state, json!({"projects": {"/w": {"hasTrustDialogAccepted": true}}}));
    }
}
