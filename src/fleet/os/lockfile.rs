//! Files whose only purpose is a lock (flock(2)): the kernel drops it with the process that holds it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use tokio::time::Instant;

use super::folder;
use crate::fleet::error::{Failure, Result};

/// How often a held lock is asked for again.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Opens or makes a lock file, private to its user, with the folder around it.
///
/// # Errors
/// What the file system says.
pub fn open(path: &Path) -> Result<File> {
    try_open(path).map_err(|error| failed(path, &error))
}

/// The same, for who tells one failure from another.
///
/// # Errors
/// What the file system says.
pub fn try_open(path: &Path) -> io::Result<File> {
    path.parent().map_or(Ok(()), folder::make_private)?;
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Opens or makes a lock file that everybody may lock who may change what it stands beside.
///
/// # Errors
/// What the file system says.
pub fn open_shared(path: &Path) -> Result<File> {
    let made = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o666).open(path);
    // What another user's killed command left can be locked, although not written.
    made.or_else(|error| File::open(path).map_err(|_| error)).map_err(|error| failed(path, &error))
}

/// Words a failure of the file system about a lock.
pub fn failed(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::failed(format!("lock {}", path.display()), error.to_string(), "check the folder's rights and space")
}

/// Locks the file for this process alone; `false` when somebody holds it.
///
/// # Errors
/// What the kernel says.
pub fn try_exclusive(path: &Path, file: &File) -> Result<bool> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
        Err(error) => Err(failed(path, &error)),
    }
}

/// Waits until this process alone holds the lock of that name; `None` when somebody held it for too long. Whoever holds
/// it may remove its file: that file locks nothing for those who come later, so the next one of that name is taken.
///
/// # Errors
/// What the kernel says.
pub async fn hold(path: &Path, limit: Duration, open: fn(&Path) -> Result<File>) -> Result<Option<File>> {
    let deadline = Instant::now() + limit;
    loop {
        let file = open(path)?;
        // Asked for again and again: a flock(2) that waits holds up the thread, and knows no limit.
        while !try_exclusive(path, &file)? {
            if Instant::now() > deadline {
                return Ok(None);
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
        if has_name(&file, path) {
            return Ok(Some(file));
        }
    }
}

/// The same where nobody can wait but the thread itself.
///
/// # Errors
/// What the kernel says.
pub fn hold_up(path: &Path, limit: Duration, open: fn(&Path) -> Result<File>) -> Result<Option<File>> {
    let deadline = Instant::now() + limit;
    loop {
        let file = open(path)?;
        while !try_exclusive(path, &file)? {
            // A holder may be stopped, and with it whoever waits for the kernel's word.
            if Instant::now() > deadline {
                return Ok(None);
            }
            std::thread::sleep(TRY_AGAIN);
        }
        if has_name(&file, path) {
            return Ok(Some(file));
        }
    }
}

/// Whether an open file is the one of that name.
#[must_use]
pub fn has_name(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(named)) = (file.metadata(), fs::metadata(path)) else { return false };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lock_whose_file_was_removed_is_taken_under_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let long = Duration::from_secs(20);
        let first = hold(&path, long, open).await.unwrap().unwrap();
        assert!(hold(&path, Duration::ZERO, open).await.unwrap().is_none(), "held");
        let waiting = {
            let path = path.clone();
            tokio::spawn(async move { hold(&path, long, open).await })
        };
        // It has the file open that is about to lose its name.
        tokio::task::yield_now().await;
        fs::remove_file(&path).unwrap();
        drop(first);
        let second = waiting.await.unwrap().unwrap().unwrap();
        assert!(has_name(&second, &path));
        assert!(hold(&path, Duration::ZERO, open).await.unwrap().is_none(), "one at a time");
        assert!(hold_up(&path, Duration::ZERO, open).unwrap().is_none(), "for threads as well");
        let holder = second;
        let waiting = std::thread::spawn({
            let path = path.clone();
            move || hold_up(&path, long, open)
        });
        fs::remove_file(&path).unwrap();
        drop(holder);
        let third = waiting.join().unwrap().unwrap().unwrap();
        assert!(has_name(&third, &path));
    }
}
