//! Changing the roster file: one writer at a time, checked before it is written, one backup kept.

use std::fs;
use std::path::{Path, PathBuf};

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::file::{self, Keep};
use crate::fleet::framework::PROFILES;
use crate::fleet::home::Site;
use crate::fleet::lockfile;
use crate::fleet::roster::{self, Edit, Field, Roster};

/// Held while the roster is read, changed and written.
pub(in crate::app) struct RosterLock {
    _file: fs::File,
}

impl RosterLock {
    /// Takes it, or says that somebody else edits.
    pub(in crate::app) fn take(site: &Site) -> Result<Self> {
        let path = site.run_dir.join("roster.lock");
        let file = lockfile::open(&path)?;
        if lockfile::try_exclusive(&path, &file)? {
            return Ok(Self { _file: file });
        }
        Err(Failure::new(
            Kind::Refused,
            format!("roster {}", site.roster.display()),
            "another command is changing it",
            "try again when it is done",
        ))
    }
}

/// A changed roster, not yet written.
pub(in crate::app) struct Draft {
    text: String,
    /// What it means.
    pub roster: Roster,
}

/// Applies an edit to the roster's text and checks the outcome; nothing is written.
pub(in crate::app) fn draft(site: &Site, edit: &Edit) -> Result<Draft> {
    let what = || format!("roster {}", site.roster.display());
    let before = roster::read(&site.roster)?;
    let text = roster::edit(&before, edit)
        .map_err(|why| Failure::new(Kind::Refused, what(), why, "`mosaic-tui fleet check` checks it afterwards"))?;
    checked(site, text)
}

/// Checks a roster's text.
pub(in crate::app) fn checked(site: &Site, text: String) -> Result<Draft> {
    match roster::parse(&text, &site.roster, site) {
        Ok(roster) => Ok(Draft { text, roster }),
        Err(problems) => Err(Failure::new(
            // Without its lead a fleet has nobody who coordinates: a matter of the floor.
            if problems.iter().any(|problem| problem.key == "lead") { Kind::Refused } else { Kind::Invalid },
            format!("roster {}", site.roster.display()),
            problems
                .first()
                .map(|problem| format!("would be invalid: {}: {}", problem.key, problem.message))
                .unwrap_or_default(),
            "nothing was written",
        )),
    }
}

/// Writes the draft in the roster's place; the former text stays beside it as a backup, whose path is returned.
pub(in crate::app) fn write(site: &Site, draft: &Draft) -> Result<Option<PathBuf>> {
    let path = &site.roster;
    put(path, &draft.text).map_err(|error| {
        Failure::failed(format!("roster {}", path.display()), error.to_string(), "check the folder's rights and space")
    })
}

fn put(path: &Path, text: &str) -> std::io::Result<Option<PathBuf>> {
    // The backup stands beside the roster itself, not beside a link to it.
    let real = fs::canonicalize(path).ok();
    if let Some(folder) = real.as_deref().unwrap_or(path).parent() {
        fs::create_dir_all(folder)?;
    }
    let backup = real.map(|real| {
        let mut name = real.clone().into_os_string();
        name.push(".bak");
        (real, PathBuf::from(name))
    });
    if let Some((real, backup)) = &backup {
        file::copy(real, backup)?;
    }
    file::write(path, text.as_bytes(), 0o644, Keep::Durable)?;
    Ok(backup.map(|(_, backup)| backup))
}

/// The text of an example with one runtime for all and the floor filled up, and what was added for that.
pub(in crate::app) fn from_profile(site: &Site, profile: &str, runtime: Option<&str>) -> Result<(String, Vec<String>)> {
    let internal = |why: String| Failure::failed(format!("profile {profile}"), why, "report this");
    let text = PROFILES.iter().find(|(name, _)| *name == profile).map(|(_, text)| *text);
    let mut text = text.ok_or_else(|| internal("does not exist".to_owned()))?.to_owned();
    if let Some(runtime) = runtime {
        text = roster::set_default(&text, "runtime", runtime).map_err(internal)?;
    }
    let mut added = Vec::new();
    let below = checked(site, text.clone())?.roster.warnings.iter().any(|warning| warning.contains("no enhancer"));
    if below {
        let fields = vec![Field { key: "class".to_owned(), value: Some("enhancer".to_owned()) }];
        text = roster::edit(&text, &Edit::Add { name: "enhancer".to_owned(), fields }).map_err(internal)?;
        added.push("added an enhancer, which every fleet keeps staffed".to_owned());
    }
    Ok((text, added))
}
