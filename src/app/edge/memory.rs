//! Where a dashboard keeps what it remembers: a file for each host, since several may share a home.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::app::tui::memory::Memory;
use crate::fleet::file::{self, Keep};
use crate::fleet::home::{Site, fingerprint};
use crate::fleet::os::thread;
use crate::plain;

/// Largest file that is read back.
const MAX: usize = 1 << 20;

/// Keeps what is remembered.
pub(super) struct Keeper {
    path: PathBuf,
    kept: Memory,
    is_kept: bool,
    /// Number of the newest change that was handed on.
    change: u64,
    /// Number of the newest change in the file, held while one is written: they are written in their order.
    written: Arc<Mutex<u64>>,
}

impl Keeper {
    /// Reads what was remembered; a file that cannot be read is one without anything. With `read_only` nothing is kept.
    pub(super) fn open(site: &Site) -> Self {
        let path = path(site);
        let kept = match plain::read(&path, MAX) {
            Ok(text) => serde_json::from_str(&text).unwrap_or_else(|error| {
                tracing::warn!("{}: {error}; the dashboard begins anew", path.display());
                Memory::default()
            }),
            Err(why) => {
                if !why.is_missing() {
                    tracing::warn!("{}: {why}; the dashboard begins anew", path.display());
                }
                Memory::default()
            }
        };
        Self { path, kept, is_kept: !site.read_only, change: 0, written: Arc::default() }
    }

    /// What was remembered.
    pub(super) fn memory(&self) -> Memory {
        self.kept.clone()
    }

    /// Remembers something else from here on. A home on a server that does not answer holds up nobody.
    pub(super) fn keep(&mut self, memory: Memory) {
        if !self.is_kept || memory == self.kept {
            return;
        }
        self.kept.clone_from(&memory);
        self.change += 1;
        let (path, change, written) = (self.path.clone(), self.change, Arc::clone(&self.written));
        let write = move || {
            let mut newest = written.lock().unwrap_or_else(PoisonError::into_inner);
            if *newest < change {
                write(&path, &memory);
                *newest = change;
            }
        };
        if let Err(failure) = thread::begin("memory", write) {
            // It is written again with the next change, and at the end.
            tracing::warn!(%failure, "what the dashboard remembers is not written");
        }
    }

    /// Remembers it before the program ends.
    pub(super) fn end(self, memory: &Memory) {
        let mut newest = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        // What a thread was handed and has not written yet would go with this process, or come behind this.
        if self.is_kept && (*memory != self.kept || *newest < self.change) {
            write(&self.path, memory);
        }
        *newest = u64::MAX;
    }
}

/// The file of this host. Its name is told apart where a host's name is no file's.
fn path(site: &Site) -> PathBuf {
    let plain = site.host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    let folder = site.home.join("fleet/dashboard");
    if plain && !site.host.starts_with('.') {
        return folder.join(format!("{}.json", site.host));
    }
    folder.join(format!("{}.json", fingerprint(site.host.as_bytes())))
}

fn write(path: &Path, memory: &Memory) {
    let folder = path.parent().unwrap_or(path);
    // Where there is no fleet yet, no folder is made to remember an empty screen.
    if folder.parent().is_none_or(|fleet| !fleet.is_dir()) {
        return;
    }
    let written = std::fs::create_dir_all(folder).and_then(|()| file::write_json(path, memory, Keep::Fleeting));
    if let Err(error) = written {
        tracing::warn!("{}: {error}; the dashboard does not remember", path.display());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_and_a_broken_file_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site { home: folder.path().to_owned(), ..Site::for_tests("/h") };
        let memory = Memory { view: "wall".to_owned(), commands: vec!["fleet ps".to_owned()], ..Memory::default() };
        Keeper::open(&site).end(&memory);
        assert_eq!(Keeper::open(&site).memory(), Memory::default(), "there is no fleet");
        std::fs::create_dir(folder.path().join("fleet")).unwrap();
        Keeper::open(&site).end(&memory);
        assert_eq!(Keeper::open(&site).memory(), memory);
        let looking = Site { read_only: true, ..site.clone() };
        Keeper::open(&looking).end(&Memory::default());
        assert_eq!(Keeper::open(&site).memory(), memory, "who only looks leaves nothing");
        std::fs::write(path(&site), "{").unwrap();
        assert_eq!(Keeper::open(&site).memory(), Memory::default());
        let odd = Site { host: "../../x".to_owned(), ..site };
        assert_eq!(path(&odd).parent(), path(&looking).parent());
    }
}
