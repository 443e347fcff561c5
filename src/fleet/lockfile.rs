//! Files whose only purpose is a lock (flock(2)): the kernel drops it with the process that holds it.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};
use tokio::time::Instant;

use super::error::{Failure, Result};
use super::heartbeat;

/// How often a held lock is asked for again.
const TRY_AGAIN: Duration = Duration::from_millis(20);

/// Opens or makes a lock file, private to its user, with the folder around it.
///
/// # Errors
/// What the file system says.
pub fn open(path: &Path) -> Result<File> {
    path.parent()
        .map_or(Ok(()), heartbeat::make_run_dir)
        .and_then(|()| OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path))
        .map_err(|error| failed(path, &error))
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

/// Waits until the file is locked for this process alone; `false` when somebody held it for too long.
///
/// # Errors
/// What the kernel says.
pub async fn exclusive_within(path: &Path, file: &File, limit: Duration) -> Result<bool> {
    let deadline = Instant::now() + limit;
    while !try_exclusive(path, file)? {
        if Instant::now() > deadline {
            return Ok(false);
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
    Ok(true)
}
