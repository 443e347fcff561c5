//! Changing the roster file: one writer at a time, checked before it is written, one backup kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Access, access};

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::file::{self, Keep};
use crate::fleet::framework::PROFILES;
use crate::fleet::home::Site;
use crate::fleet::os::lockfile;
use crate::fleet::roster::{self, Edit, Field, Roster};

/// Time for another command to be done with the roster.
const LOCK_WITHIN: Duration = Duration::from_secs(10);

/// Held from before the roster is read until it is written. Its file stands beside the roster itself, so it is the same
/// for every fleet that uses it, and goes with the lock.
pub(in crate::app) struct RosterLock {
    path: PathBuf,
    _file: fs::File,
}

impl RosterLock {
    /// Takes it, or says that somebody else edits.
    pub(in crate::app) async fn take(site: &Site) -> Result<Self> {
        let path = lock_path(site);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| lockfile::failed(&path, &error))?;
        }
        match lockfile::hold(&path, LOCK_WITHIN, lockfile::open_shared).await? {
            Some(file) => Ok(Self { path, _file: file }),
            None => Err(Failure::new(
                Kind::Refused,
                format!("roster {}", site.roster.display()),
                format!("another command has been changing it for over {} s", LOCK_WITHIN.as_secs()),
                format!("try again when it is done; `fuser {}` names it", path.display()),
            )),
        }
    }

    /// The same for who only reads it; none where nobody like us could change it, or there is none.
    pub(in crate::app) async fn take_to_read(site: &Site) -> Result<Option<Self>> {
        let path = lock_path(site);
        let writable = path.parent().is_some_and(|folder| access(folder, Access::WRITE_OK).is_ok());
        if writable { Self::take(site).await.map(Some) } else { Ok(None) }
    }
}

impl Drop for RosterLock {
    fn drop(&mut self) {
        // Still locked: whoever waits for it sees that it lost its name.
        let _left_over = fs::remove_file(&self.path);
    }
}

fn lock_path(site: &Site) -> PathBuf {
    let mut name = file::target(&site.roster).into_os_string();
    name.push(".lock");
    name.into()
}

/// The roster, read under its lock.
pub(in crate::app) async fn locked(site: &Site) -> Result<(RosterLock, Roster)> {
    // Where there is none, nothing is made to say so.
    roster::read(&site.roster)?;
    let lock = RosterLock::take(site).await?;
    Ok((lock, roster::load(site)?))
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
