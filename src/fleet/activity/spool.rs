//! Where events are left by whoever has something to say, without opening a database: one line appended to a file, at
//! any time, by any number of processes. Whoever reads the history takes them in.
//!
//! Nothing is lost and nothing is told twice. The taker gives the file another name before it reads it; a writer that
//! finds the file's name gone after its write cannot know whether the line was read, and writes it again under the
//! same id, which the history keeps once.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::fleet::home::Site;
use crate::fleet::os::folder;
use crate::fleet::os::lockfile;

use super::event::Event;

/// Name of the file in the history's folder.
const NAME: &str = "spool.jsonl";

/// Names of the files that are being taken in begin with this.
const TAKEN: &str = "taken-";

/// The folder of the history.
#[must_use]
pub fn folder(site: &Site) -> PathBuf {
    site.home.join("fleet/activity")
}

/// The file that events are appended to.
#[must_use]
pub(super) fn path(site: &Site) -> PathBuf {
    folder(site).join(NAME)
}

/// Appends an event; how long the file is then.
///
/// # Errors
/// What the file system says.
pub(super) fn append(site: &Site, event: &Event) -> io::Result<u64> {
    let path = path(site);
    folder::make_private(&folder(site))?;
    // The line before may have been cut short by a full disk: this one begins a line of its own in any case.
    let line = format!("\n{}\n", event.to_json());
    loop {
        // Appended in one write: the kernel keeps lines of several writers whole that
        // way, without any lock.
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path)?;
        file.write_all(line.as_bytes())?;
        if lockfile::has_name(&file, &path) {
            return Ok(file.metadata()?.len());
        }
    }
}

/// Whether an event could be appended now.
///
/// # Errors
/// What the file system says.
pub fn probe(site: &Site) -> io::Result<()> {
    // A full disk shows where a blank line does not fit.
    OpenOptions::new().create(true).append(true).mode(0o600).open(path(site))?.write_all(b"\n")
}

/// The files that somebody took and did not finish, the oldest first. Only one process at a time may read them.
///
/// # Errors
/// What the file system says.
pub(super) fn unfinished(site: &Site) -> io::Result<Vec<PathBuf>> {
    let mut taken: Vec<PathBuf> = match fs::read_dir(folder(site)) {
        Ok(entries) => entries.flatten().map(|entry| entry.path()).filter(|path| is_taken(path)).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    taken.sort();
    Ok(taken)
}

/// Bytes of the files that somebody took and did not finish.
pub(super) fn unfinished_bytes(site: &Site) -> u64 {
    let length = |path: &PathBuf| fs::metadata(path).map_or(0, |found| found.len());
    unfinished(site).unwrap_or_default().iter().map(length).sum()
}

/// Takes the file away from its writers; under which name it is to be read, where there is one. Only one process at a
/// time may do so, and only when nothing unfinished is left.
///
/// # Errors
/// What the file system says.
pub(super) fn take(site: &Site) -> io::Result<Option<PathBuf>> {
    // Padded with zeros, so that the names sort by time.
    let next = folder(site).join(format!("{TAKEN}{:020}.jsonl", jiff::Timestamp::now().as_nanosecond()));
    match fs::rename(path(site), &next) {
        Ok(()) => Ok(Some(next)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Gives up a spool that nobody can take in: the file before it that was given up is gone with that.
///
/// # Errors
/// What the file system says.
pub(super) fn give_up(site: &Site) -> io::Result<()> {
    // One such file and no more: what nobody can take in must not fill the disk.
    fs::rename(path(site), folder(site).join("untaken.jsonl"))
}

/// Whether something waits to be taken in.
#[must_use]
pub(super) fn is_waiting(site: &Site) -> bool {
    let waits = |entry: fs::DirEntry| is_taken(&entry.path()) || entry.file_name() == NAME;
    fs::read_dir(folder(site)).is_ok_and(|entries| entries.flatten().any(waits))
}

fn is_taken(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(TAKEN))
}

#[cfg(test)]
mod tests {
    use super::super::event::Kind;
    use super::super::event::tests::event;
    use super::*;

    #[test]
    fn every_event_is_there_at_least_once_whoever_writes_and_takes() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let mut read = Vec::new();
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..4)
                .map(|writer| {
                    let site = &site;
                    scope.spawn(move || {
                        for at in 0..200 {
                            append(site, &event(Kind::Start, &format!("{writer}-{at}"), 0)).unwrap();
                        }
                    })
                })
                .collect();
            let mut last = false;
            loop {
                if let Some(path) = take(&site).unwrap() {
                    let text = fs::read_to_string(&path).unwrap();
                    read.extend(text.lines().filter_map(Event::read).filter_map(|event| event.agent));
                    fs::remove_file(path).unwrap();
                }
                if last {
                    break;
                }
                last = writers.iter().all(std::thread::ScopedJoinHandle::is_finished);
            }
        });
        read.sort();
        read.dedup();
        assert_eq!(read.len(), 800);
        assert!(!is_waiting(&site));
    }

    #[test]
    fn a_line_that_was_cut_short_spoils_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        append(&site, &event(Kind::Start, "a", 0)).unwrap();
        let mut file = OpenOptions::new().append(true).open(path(&site)).unwrap();
        file.write_all(b"\n{\"ts\":\"2026").unwrap();
        append(&site, &event(Kind::Exit, "b", 1)).unwrap();
        let text = fs::read_to_string(path(&site)).unwrap();
        let agents: Vec<_> = text.lines().filter_map(Event::read).filter_map(|event| event.agent).collect();
        assert_eq!(agents, ["a", "b"]);
    }
}
