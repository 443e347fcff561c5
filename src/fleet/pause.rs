//! The pause: one file that holds up dispatch, merges and agents' claims, whoever made it and however.
//!
//! The file alone counts. This program writes who paused and why into it; one that a person made by hand, empty or with
//! any text, holds up just as much. What is there and cannot be read is a pause as well.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::error::{Failure, Kind, Result};
use super::file::{self, Keep};
use super::model::{Label, Pause};
use crate::plain;
use jiff::Timestamp;

/// Most bytes that are read of it: a reason is a line.
const MAX_BYTES: usize = 16 << 10;

/// First line of a file that this program wrote.
const MARK: &str = "mosaic-tui pause 1";

/// Describes what is refused because of a pause.
#[must_use]
pub fn refusal(pause: &Pause, what: impl Into<String>) -> Failure {
    let why = format!("the fleet is {}", pause.words());
    Failure::new(Kind::Refused, what, why, "`mosaic-tui fleet resume` ends the pause, once whoever paused agrees")
}

/// The file's name.
pub const PAUSED: &str = "PAUSED";

/// Returns where the file is.
#[must_use]
pub fn path(home: &Path) -> PathBuf {
    home.join("fleet/run").join(PAUSED)
}

/// Returns the pause that is in force now.
#[must_use]
pub fn read(home: &Path) -> Option<Pause> {
    read_at(home, Timestamp::now())
}

/// Returns the pause that is in force at a moment. One that has ended by itself is none, though its file is still there.
#[must_use]
pub fn read_at(home: &Path, now: Timestamp) -> Option<Pause> {
    let path = path(home);
    // Not followed: a link that leads nowhere is a file that somebody put there, and holds up as well.
    let meta = match fs::symlink_metadata(&path) {
        Ok(meta) => meta,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return None,
        // Whether somebody paused cannot be told, so nothing goes on.
        Err(error) => return Some(unreadable("the file system", &error.to_string())),
    };
    let owner = owner(meta.uid());
    let since = meta.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
    let text = match plain::read(&path, MAX_BYTES) {
        Ok(text) => text,
        // It went between the two looks.
        Err(why) if why.is_missing() && !meta.is_symlink() => return None,
        Err(why) => return Some(Pause { since, ..unreadable(&owner, &why.to_string()) }),
    };
    let pause = parse(&text, &owner, since);
    if pause.until.is_some_and(|until| until <= now) { None } else { Some(pause) }
}

fn unreadable(by: &str, why: &str) -> Pause {
    Pause { by: Label::new(by), reason: Label::new(&format!("PAUSED cannot be read: {why}")), since: None, until: None }
}

/// Who owns the file: a name, where it is this user's.
fn owner(uid: u32) -> String {
    if uid == rustix::process::getuid().as_raw() { super::home::user_name() } else { format!("uid {uid}") }
}

/// Reads the text of the file: this program's own, or whatever a person wrote.
fn parse(text: &str, owner: &str, since: Option<Timestamp>) -> Pause {
    let mut lines = text.lines();
    let mut pause = Pause { by: Label::new(owner), reason: Label::default(), since, until: None };
    if lines.next().map(str::trim) != Some(MARK) {
        // By hand: the first line with anything on it says why.
        pause.reason = text.lines().map(str::trim).find(|line| !line.is_empty()).map(Label::new).unwrap_or_default();
        return pause;
    }
    for (key, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        match key.trim() {
            "by" if !value.is_empty() => pause.by = Label::new(value),
            "reason" => pause.reason = Label::new(value),
            "since" => pause.since = value.parse().ok().or(pause.since),
            // An end that cannot be read is none: the pause stays.
            "until" => pause.until = value.parse().ok(),
            _ => {}
        }
    }
    pause
}

/// Pauses, or says anew why and until when.
///
/// # Errors
/// What the file system says.
pub fn write(home: &Path, pause: &Pause) -> Result<()> {
    let path = path(home);
    let mut text = format!("{MARK}\nby: {}\n", pause.by);
    if !pause.reason.is_empty() {
        text.push_str(&format!("reason: {}\n", pause.reason));
    }
    for (key, at) in [("since", pause.since), ("until", pause.until)] {
        if let Some(at) = at {
            text.push_str(&format!("{key}: {at}\n"));
        }
    }
    let failed = |error: io::Error| {
        let next = match read(home) {
            // What was there holds up as it did; only who pauses now, and why, stands nowhere.
            Some(before) => {
                format!("the fleet is {} all the same; move what is there away to say anew why", before.words())
            }
            None => "nothing is paused; check the folder's rights and space".to_owned(),
        };
        Failure::failed(path.display().to_string(), error.to_string(), next)
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    // Durable: a fleet that was paused before a power cut must not go on by itself after it.
    file::put(&path, text.as_bytes(), 0o644, Keep::Durable).map_err(failed)
}

/// Ends the pause; whether there was one.
///
/// # Errors
/// What the file system says.
pub fn end(home: &Path) -> Result<bool> {
    let path = path(home);
    match fs::remove_file(&path) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => {
            let next = "the fleet stays paused; take it away by hand";
            Err(Failure::failed(path.display().to_string(), error.to_string(), next))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn home() -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("fleet/run")).unwrap();
        home
    }

    #[test]
    fn a_pause_comes_back_as_it_was_written_and_ends_at_its_time() {
        let home = home();
        assert_eq!(read(home.path()), None);
        let pause = Pause {
            by: "op".into(),
            reason: "main is red: see CI".into(),
            since: Some(at("2026-01-01T00:00:00Z")),
            until: Some(at("2026-01-01T06:00:00Z")),
        };
        write(home.path(), &pause).unwrap();
        assert_eq!(read_at(home.path(), at("2026-01-01T05:59:59Z")), Some(pause.clone()));
        assert_eq!(read_at(home.path(), at("2026-01-01T06:00:00Z")), None);
        assert!(end(home.path()).unwrap() && !end(home.path()).unwrap());
        assert_eq!(read(home.path()), None);
    }

    #[test]
    fn a_file_made_by_hand_pauses_whatever_it_holds() {
        let home = home();
        let path = path(home.path());
        for (text, reason) in [
            (&b""[..], ""),
            (b"\n\n  the disk is full\nmore", "the disk is full"),
            (b"by: somebody", "by: somebody"),
            (b"mosaic-tui pause 1\nuntil: whenever", ""),
            (b"mosaic-tui pause 1\n\xff", "PAUSED cannot be read: is not UTF-8 on line 2"),
            (&[b'x'; 20_000], "PAUSED cannot be read: is larger than the 16384 bytes that are allowed"),
            (b"\x1b[31mred\x07", "[31mred"),
        ] {
            fs::write(&path, text).unwrap();
            let pause = read(home.path()).unwrap();
            assert!(pause.reason.as_str().contains(reason) && !pause.by.is_empty(), "{pause:?}");
            assert!(!pause.words().contains('\u{1b}'), "{pause:?}");
        }
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(read(home.path()).unwrap().reason.as_str().contains("a folder"));
        let op = || Pause { by: "op".into(), reason: Label::default(), since: None, until: None };
        let failed = write(home.path(), &op()).unwrap_err();
        let before = read(home.path()).unwrap();
        assert!(before.by != op().by && failed.next.contains(&before.words()), "what holds up is told: {failed}");
        fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink("nowhere", &path).unwrap();
        assert!(read(home.path()).is_some(), "a link to nothing is there");
        write(home.path(), &op()).unwrap();
        assert!(!home.path().join("fleet/run/nowhere").exists(), "the link is replaced, not followed");
        assert_eq!(read(home.path()).map(|pause| pause.by), Some("op".into()));
    }

    #[test]
    fn a_home_without_a_run_folder_is_not_paused_and_gets_one() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(read(home.path()), None);
        assert!(!end(home.path()).unwrap());
        write(home.path(), &Pause { by: "op".into(), reason: Label::default(), since: None, until: None }).unwrap();
        assert!(read(home.path()).is_some());
    }
}
