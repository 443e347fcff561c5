//! Watches the heartbeat folder and the roster for changes (inotify).

use std::path::{Path, PathBuf};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

/// A watched file changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileNotice {
    /// Some agent's heartbeat.
    Heartbeat,
    /// The roster.
    Roster,
}

/// Holds the watches; dropping it ends them.
pub(super) struct FileWatch {
    watcher: Option<RecommendedWatcher>,
    folders: Vec<(PathBuf, bool)>,
}

impl FileWatch {
    /// Starts watching; what cannot be watched yet is tried again by [`Self::retry`].
    pub(super) fn new(run_dir: &Path, roster: &Path, notices: mpsc::Sender<FileNotice>) -> Self {
        let roster_name = roster.file_name().map(ToOwned::to_owned);
        let handler = move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if matches!(event.kind, EventKind::Access(_)) {
                return;
            }
            for path in &event.paths {
                let notice = if path.extension().is_some_and(|extension| extension == "hb" || extension == "exit") {
                    FileNotice::Heartbeat
                } else if path.file_name() == roster_name.as_deref() {
                    FileNotice::Roster
                } else {
                    continue;
                };
                // A full channel holds enough notices for a whole re-read.
                let _repeat = notices.try_send(notice);
            }
        };
        let watcher = notify::recommended_watcher(handler)
            .inspect_err(|error| tracing::warn!(%error, "no inotify; files are polled"))
            .ok();
        let mut folders = vec![(run_dir.to_owned(), false)];
        if let Some(folder) = roster.parent() {
            folders.push((folder.to_owned(), false));
        }
        let mut watch = Self { watcher, folders };
        watch.retry();
        watch
    }

    /// Watches folders that have appeared since, or again; whether any was not watched before.
    pub(super) fn retry(&mut self) -> bool {
        let Some(watcher) = &mut self.watcher else { return true };
        let mut missed = false;
        for (folder, watched) in &mut self.folders {
            if *watched && !folder.exists() {
                *watched = false;
            }
            if !*watched {
                missed = true;
                *watched = watcher.watch(folder, RecursiveMode::NonRecursive).is_ok();
            }
        }
        missed
    }
}
