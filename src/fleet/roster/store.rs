//! The roster on disk: the only door to a write of it.
//!
//! One writer at a time, from before it reads the file until it is done: what is decided by the roster is decided by
//! the text that is replaced. A text is checked before it is written, and the former one is kept as a backup.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{Access, access};

use super::resolve::{read, usable};
use super::{Edit, Roster, edit, parse};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::file::{self, Keep};
use crate::fleet::home::Site;
use crate::fleet::os::lockfile;

/// Time for another command to be done with the roster.
const LOCK_LIMIT: Duration = Duration::from_secs(10);

/// Keeps others from changing the roster. Its file stands beside the roster itself, so it is the same for every fleet
/// that uses it, and goes with the lock.
#[derive(Debug)]
pub struct RosterLock {
    path: PathBuf,
    _file: fs::File,
}

impl RosterLock {
    async fn take(site: &Site) -> Result<Self> {
        let path = lock_path(site);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| lockfile::failed(&path, &error))?;
        }
        match lockfile::hold(&path, LOCK_LIMIT, lockfile::open_shared).await? {
            Some(file) => Ok(Self { path, _file: file }),
            None => Err(Failure::new(
                Kind::Refused,
                format!("roster {}", site.roster.display()),
                format!("another command has been changing it for over {} s", LOCK_LIMIT.as_secs()),
                format!("try again when it is done; `fuser {}` names it", path.display()),
            )),
        }
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

/// The roster, held for a change: read under its lock, and the only way to write it.
#[derive(Debug)]
pub struct LockedRoster<'a> {
    site: &'a Site,
    text: String,
    roster: Roster,
    _lock: RosterLock,
}

/// Takes the roster's lock, and reads the roster then.
///
/// # Errors
/// There is none, it is invalid, or another command holds it for too long.
pub async fn lock(site: &Site) -> Result<LockedRoster<'_>> {
    // Where there is no roster, no lock is made to say so.
    read(&site.roster)?;
    let lock = RosterLock::take(site).await?;
    let text = read(&site.roster)?;
    let roster = usable(&text, site)?;
    Ok(LockedRoster { site, text, roster, _lock: lock })
}

/// Takes the roster's lock to keep it as it is; `None` where nobody like us could change it, or there is none.
///
/// # Errors
/// Another command holds it for too long.
pub async fn lock_unchanged(site: &Site) -> Result<Option<RosterLock>> {
    let path = lock_path(site);
    let writable = path.parent().is_some_and(|folder| access(folder, Access::WRITE_OK).is_ok());
    if writable { RosterLock::take(site).await.map(Some) } else { Ok(None) }
}

impl LockedRoster<'_> {
    /// The roster as it is.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Makes an edit in the roster's text, and checks what comes out; nothing is written.
    ///
    /// # Errors
    /// It cannot be made in this layout, or leads to an invalid roster.
    pub fn draft(&self, change: &Edit) -> Result<Draft> {
        let text = edit(&self.text, change).map_err(|why| {
            let what = format!("roster {}", self.site.roster.display());
            Failure::new(Kind::Refused, what, why, "`mosaic-tui fleet check` checks it afterwards")
        })?;
        check(self.site, text)
    }

    /// Writes the draft in the roster's place; the former text stays beside it as a backup.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write(&self, draft: &Draft) -> Result<()> {
        put(self.site, draft, false).map(drop)
    }
}

/// A roster that was checked and not yet written.
#[derive(Debug)]
pub struct Draft {
    text: String,
    roster: Roster,
}

impl Draft {
    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it means.
    #[must_use]
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// The roster itself, for whoever writes nothing.
    #[must_use]
    pub fn into_roster(self) -> Roster {
        self.roster
    }
}

/// Checks the text of a roster.
///
/// # Errors
/// Its first problem.
pub fn check(site: &Site, text: String) -> Result<Draft> {
    match parse(&text, &site.roster, site) {
        Ok(roster) => Ok(Draft { text, roster }),
        Err(problems) => Err(Failure::new(
            // Without its lead a fleet has nobody who coordinates: a matter of the floor.
            // What is told decides, and that is the first.
            if problems.first().is_some_and(|problem| problem.key == "lead") { Kind::Refused } else { Kind::Invalid },
            format!("roster {}", site.roster.display()),
            problems
                .first()
                .map(|problem| format!("would be invalid: {}: {}", problem.key, problem.message))
                .unwrap_or_default(),
            "nothing was written",
        )),
    }
}

/// Writes a new roster; one that is there is written over only by `force`, and kept as the backup whose path is
/// returned.
///
/// # Errors
/// There is one already, or what the file system says.
pub async fn create(site: &Site, draft: &Draft, force: bool) -> Result<Option<PathBuf>> {
    // Of two at once the second finds what the first has written.
    let _lock = RosterLock::take(site).await?;
    if file::is_taken(&site.roster) && !force {
        return Err(Failure::new(
            Kind::Refused,
            format!("roster {}", site.roster.display()),
            "exists already",
            "`--force` writes over it and keeps a backup",
        ));
    }
    put(site, draft, true)
}

fn put(site: &Site, draft: &Draft, whole: bool) -> Result<Option<PathBuf>> {
    let path = &site.roster;
    replace(path, &draft.text, whole).map_err(|error| {
        Failure::failed(format!("roster {}", path.display()), error.to_string(), "check the folder's rights and space")
    })
}

fn replace(path: &Path, text: &str, whole: bool) -> std::io::Result<Option<PathBuf>> {
    // The backup stands beside the roster itself, not beside a link to it.
    let real = fs::canonicalize(path).ok();
    if let Some(folder) = real.as_deref().unwrap_or(path).parent() {
        fs::create_dir_all(folder)?;
    }
    let backup = match &real {
        None => None,
        // A roster that is replaced whole keeps a name of its own, which no later edit takes.
        Some(real) if whole => Some(file::keep_beside(real, ".old")?),
        Some(real) => {
            let mut name = real.clone().into_os_string();
            name.push(".bak");
            let backup = PathBuf::from(name);
            // A copy, so that at no moment there is no roster.
            file::copy(real, &backup)?;
            Some(backup)
        }
    };
    file::write(path, text.as_bytes(), 0o644, Keep::Durable)?;
    Ok(backup)
}

#[cfg(test)]
mod tests {
    use super::super::Field;
    use super::*;
    use std::future::{Future, poll_fn};
    use std::task::Poll;

    const TEXT: &str = "version: 1\nagents:\n  - {name: a, runtime: stub, class: orchestrator}\n";

    fn add(name: &str) -> Edit {
        let runtime = Field { key: "runtime".to_owned(), value: Some("stub".to_owned()) };
        Edit::Add { name: name.to_owned(), fields: vec![runtime] }
    }

    #[tokio::test]
    async fn what_is_written_follows_from_what_was_read_under_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site { roster: folder.path().join("roster.yaml"), ..Site::for_tests("/h") };
        assert_eq!(lock(&site).await.unwrap_err().kind, Kind::NotFound);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "no lock is made to say so");
        let draft = check(&site, TEXT.to_owned()).unwrap();
        assert_eq!(create(&site, &draft, false).await.unwrap(), None);
        assert_eq!(create(&site, &draft, false).await.unwrap_err().kind, Kind::Refused);
        let first = lock(&site).await.unwrap();
        let second = lock(&site);
        tokio::pin!(second);
        // It has begun, and waits.
        assert!(poll_fn(|context| Poll::Ready(second.as_mut().poll(context).is_pending())).await);
        let changed = check(&site, TEXT.replace("name: a", "name: b")).unwrap();
        first.write(&changed).unwrap();
        drop(first);
        let second = second.await.unwrap();
        assert_eq!(second.roster().agents[0].name.as_str(), "b");
        assert!(second.draft(&add("a")).unwrap().text().contains("name: b"));
    }

    #[test]
    fn the_kind_of_a_refusal_is_that_of_what_is_told() {
        let site = Site::for_tests("/h");
        for (text, kind, told) in [
            (format!("{TEXT}lead: ghost\n"), Kind::Refused, "lead: "),
            (format!("{TEXT}  - {{name: b, runtime: vim}}\nlead: ghost\n"), Kind::Invalid, "agents[1].runtime: "),
        ] {
            let failure = check(&site, text).unwrap_err();
            assert!(failure.why.contains(told), "{failure}");
            assert_eq!(failure.kind, kind, "{failure}");
        }
    }

    #[tokio::test]
    async fn a_roster_that_is_replaced_whole_is_kept_whatever_is_edited_later() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site { roster: folder.path().join("roster.yaml"), ..Site::for_tests("/h") };
        let by_hand = format!("# by hand\n{TEXT}");
        fs::write(&site.roster, &by_hand).unwrap();
        let draft = check(&site, TEXT.to_owned()).unwrap();
        let kept = create(&site, &draft, true).await.unwrap().unwrap();
        for name in ["b", "c"] {
            let changed = check(&site, TEXT.replace("name: a", &format!("name: {name}"))).unwrap();
            lock(&site).await.unwrap().write(&changed).unwrap();
        }
        assert_eq!(fs::read_to_string(&kept).unwrap(), by_hand);
        let again = create(&site, &draft, true).await.unwrap().unwrap();
        assert_ne!(kept, again, "each has a name of its own");
        assert_eq!(fs::read_to_string(&kept).unwrap(), by_hand);
    }
}
