//! The line before a repository's gate: one ticket a process, in the repository's own folder. Who holds the lowest number
//! has the turn. A ticket is held by a lock, which the kernel drops with its process, so that nobody has to be told.

use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::os::lockfile;

/// How often those ahead are looked at.
// A lock of flock(2) cannot be waited for with a limit, so it is asked for; twenty times a second
// is nothing beside a CI.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Longest time in which somebody else draws a ticket.
const DRAWN_WITHIN: Duration = Duration::from_secs(10);

/// Most bytes of a ticket that are read.
// A ticket is one short line; the folder is the repository's, where anybody who may
// write can leave a file.
const MAX_BYTES: u64 = 4096;

/// What a ticket says of its holder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ticket {
    /// Process.
    pub pid: u32,
    /// Who it works for.
    pub who: String,
    /// What for: `merge`, `push`.
    pub purpose: String,
    /// The branch, where it is about one.
    pub branch: String,
}

/// A place in the line; dropping it gives it up.
#[derive(Debug)]
pub struct Held {
    folder: PathBuf,
    path: PathBuf,
    number: u64,
    _lock: File,
}

impl Drop for Held {
    fn drop(&mut self) {
        // Without its file it is nobody's; a file that stays is swept by the next one, as its lock is gone.
        // The lock is dropped after this, with the fields: so nobody can hold a file of this number
        // while it is removed.
        let _swept_later = fs::remove_file(&self.path);
    }
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    lockfile::failed(path, error)
}

/// Draws a ticket.
///
/// # Errors
/// What the file system says.
pub(super) async fn draw(folder: &Path, ticket: &Ticket) -> Result<Held> {
    let _drawing = desk(folder).await?;
    // Numbers begin anew when the line is empty; that is safe, as nobody is left to compare with.
    let number = numbers(folder)?.last().map_or(1, |last| last + 1);
    let path = folder.join(name(number));
    let mut lock = lockfile::open(&path)?;
    if !lockfile::try_exclusive(&path, &lock)? {
        return Err(Failure::failed(path.display().to_string(), "is held by somebody who drew none", "try again"));
    }
    let bytes = serde_json::to_vec(ticket).map_err(|error| failed(&path, &error.into()))?;
    lock.write_all(&bytes).map_err(|error| failed(&path, &error))?;
    Ok(Held { folder: folder.to_owned(), path, number, _lock: lock })
}

/// Held while tickets are drawn and counted: a new one is never seen before it is locked.
async fn desk(folder: &Path) -> Result<File> {
    let path = folder.join("desk.lock");
    let held = lockfile::hold(&path, DRAWN_WITHIN, lockfile::open).await?;
    held.ok_or_else(|| {
        let why = format!("is held for over {} s", DRAWN_WITHIN.as_secs());
        Failure::new(Kind::Refused, path.display().to_string(), why, format!("`fuser {}` names it", path.display()))
    })
}

fn name(number: u64) -> String {
    format!("{number:012}.ticket")
}

/// Numbers of all tickets, in order.
fn numbers(folder: &Path) -> Result<Vec<u64>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| failed(folder, &error))? {
        let name = entry.map_err(|error| failed(folder, &error))?.file_name();
        numbers.extend(name.to_str().and_then(|name| name.strip_suffix(".ticket")?.parse::<u64>().ok()));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Whoever stands in a line, first of all whoever has the turn. Tickets of processes that are gone are swept.
///
/// # Errors
/// What the file system says.
pub async fn line(folder: &Path) -> Result<Vec<Ticket>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    ahead(folder, u64::MAX).await
}

async fn ahead(folder: &Path, of: u64) -> Result<Vec<Ticket>> {
    let _counting = desk(folder).await?;
    let mut before = Vec::new();
    for number in numbers(folder)?.into_iter().filter(|number| *number < of) {
        let path = folder.join(name(number));
        let mut file = match File::open(&path) {
            Ok(file) => file,
            // Given up a moment ago.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(&path, &error)),
        };
        if lockfile::try_exclusive(&path, &file)? {
            // Its holder was killed.
            let _gone = fs::remove_file(&path);
            continue;
        }
        let mut bytes = Vec::new();
        let read = file.rewind().and_then(|()| (&mut file).take(MAX_BYTES).read_to_end(&mut bytes));
        read.map_err(|error| failed(&path, &error))?;
        // Whoever wrote a ticket that cannot be read still stands there: without a name they are
        // counted, and never skipped.
        before.push(serde_json::from_slice(&bytes).unwrap_or_default());
    }
    Ok(before)
}

impl Held {
    /// Waits for the turn; `tell` hears who is ahead, whenever that changes. Whether it came in time.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn turn(&self, limit: Duration, tell: &(dyn Fn(&[Ticket]) + Sync)) -> Result<bool> {
        let deadline = Instant::now() + limit;
        let mut told = Vec::new();
        loop {
            let before = ahead(&self.folder, self.number).await?;
            // Looked at before the time: a wait of zero takes a turn that is free.
            if before.is_empty() {
                return Ok(true);
            }
            if before != told {
                tell(&before);
                told = before;
            }
            if Instant::now() >= deadline {
                return Ok(false);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket(branch: &str) -> Ticket {
        Ticket { pid: 1, who: "me".to_owned(), purpose: "merge".to_owned(), branch: branch.to_owned() }
    }

    #[tokio::test]
    async fn the_turn_goes_in_the_order_of_the_tickets_and_past_those_that_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        let line_of = async || line(folder.path()).await.unwrap().into_iter().map(|t| t.branch).collect::<Vec<_>>();
        assert_eq!(line(&folder.path().join("none")).await.unwrap(), []);
        let first = draw(folder.path(), &ticket("a")).await.unwrap();
        let second = draw(folder.path(), &ticket("b")).await.unwrap();
        let third = draw(folder.path(), &ticket("c")).await.unwrap();
        assert_eq!(line_of().await, ["a", "b", "c"]);
        let silent = |_: &[Ticket]| {};
        assert!(first.turn(Duration::ZERO, &silent).await.unwrap());
        assert!(!third.turn(Duration::ZERO, &silent).await.unwrap());
        drop(second);
        assert_eq!(line_of().await, ["a", "c"]);
        // What a killed process leaves: its file, without the lock.
        let left = first.path.clone();
        drop(first);
        fs::write(&left, serde_json::to_vec(&ticket("a")).unwrap()).unwrap();
        assert!(third.turn(Duration::ZERO, &silent).await.unwrap(), "nobody is before it");
        assert!(!left.exists());
        drop(third);
        assert_eq!(line_of().await, Vec::<String>::new());
        assert_eq!(draw(folder.path(), &ticket("d")).await.unwrap().number, 1, "numbers begin again in an empty line");
        // A ticket that is no text has a holder all the same, and stops nobody from counting.
        let nameless = draw(folder.path(), &ticket("e")).await.unwrap();
        fs::write(&nameless.path, [0xff]).unwrap();
        let behind = draw(folder.path(), &ticket("f")).await.unwrap();
        assert_eq!(line_of().await, ["", "f"]);
        assert!(!behind.turn(Duration::ZERO, &silent).await.unwrap());
    }

    #[tokio::test]
    async fn who_waits_hears_who_is_ahead_and_goes_on_when_it_is_free() {
        let folder = tempfile::tempdir().unwrap();
        let first = draw(folder.path(), &ticket("a")).await.unwrap();
        let second = draw(folder.path(), &ticket("b")).await.unwrap();
        let heard = std::sync::Mutex::new(Vec::new());
        let tell = |before: &[Ticket]| heard.lock().unwrap().push(before.len());
        let wait = second.turn(Duration::from_secs(20), &tell);
        let go = async {
            while heard.lock().unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            drop(first);
        };
        let (came, ()) = tokio::join!(wait, go);
        assert!(came.unwrap());
        assert_eq!(*heard.lock().unwrap(), [1]);
    }
}
