//! Taking in what was left in the spool, and the record of deliveries that was kept before there was a history.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::os::lockfile;

use super::event::Event;
use super::spool;
use super::store::{Store, failed};

/// Time for another process to finish taking in; what it takes is taken then.
const PATIENCE: Duration = Duration::from_secs(2);

/// Events that are written in one change.
const BATCH: usize = 500;

/// Longest line that is read; the bound of an event is far below.
const MAX_LINE: usize = 64 << 10;

/// Takes everything in that waits; how many events were news.
///
/// # Errors
/// When a file cannot be read, or the history not be written. What was not taken in stays where it is.
pub fn take_in(site: &Site, store: &mut Store) -> Result<usize> {
    let old = old_records(site);
    // Most looks find nothing, and need no lock to see that.
    if old.is_empty() && !spool::is_waiting(site) {
        return Ok(0);
    }
    let folder = spool::folder(site);
    // Whoever holds it takes in the same lines.
    let Some(_lock) = lockfile::hold_up(&folder.join("lock"), PATIENCE, lockfile::open)? else { return Ok(0) };
    let mut news = 0;
    for path in spool::unfinished(site).map_err(|error| unreadable(&folder, &error))? {
        news += finish(&path, store)?;
    }
    // Only now: where those before cannot be taken in, the spool stays one file that is seen to grow.
    if let Some(path) = spool::take(site).map_err(|error| unreadable(&folder, &error))? {
        news += finish(&path, store)?;
    }
    for (path, kept) in old {
        news += take_file(&path, store)?;
        fs::rename(&path, folder.join(kept)).map_err(|error| unreadable(&path, &error))?;
    }
    Ok(news)
}

/// The files of the earlier record, the older one first, and under which names they stay.
fn old_records(site: &Site) -> Vec<(PathBuf, &'static str)> {
    [("activity.jsonl.1", "before-2.jsonl"), ("activity.jsonl", "before-1.jsonl")]
        .into_iter()
        .map(|(name, kept)| (site.home.join("fleet").join(name), kept))
        .filter(|(path, _)| path.is_file())
        .collect()
}

/// Takes in a file that was taken from its writers.
fn finish(path: &Path, store: &mut Store) -> Result<usize> {
    let news = take_file(path, store)?;
    // Whoever is killed before this leaves it to be taken in again: by their ids events are kept once.
    fs::remove_file(path).map_err(|error| unreadable(path, &error))?;
    Ok(news)
}

fn take_file(path: &Path, store: &mut Store) -> Result<usize> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut lines = BufReader::new(file);
    let (mut batch, mut news) = (Vec::with_capacity(BATCH), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = lines.read_until(b'\n', &mut line).map_err(|error| unreadable(path, &error))?;
        // Read to its end and thrown away: what stands behind it is still taken in.
        let text = if line.len() > MAX_LINE { "" } else { std::str::from_utf8(&line).unwrap_or_default() };
        batch.extend(Event::read(text));
        if batch.len() >= BATCH || (read == 0 && !batch.is_empty()) {
            news += store.take_in(&batch)?;
            batch.clear();
        }
        if read == 0 {
            return Ok(news);
        }
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    failed(path, error)
}
