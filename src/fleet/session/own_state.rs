//! The file in which a runtime tells its own state at each change, by what its record says of it.
//!
//! It is read and watched, never written. The file outlives its process, so it counts only with the pid and the start time
//! of a process of the pane.

use std::path::{Path, PathBuf};

use notify::{EventKind, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use crate::fleet::os::process::{self, ProcessWatch};
use crate::fleet::runtime::{self, OwnState, OwnStateRules, Runtime};
use crate::plain;

/// Largest such file; it has less than a kB.
const MAX_BYTES: usize = 1 << 16;

/// The file of the runtime in a pane, watched.
pub(super) struct OwnStateFile {
    record: &'static OwnStateRules,
    pid: u32,
    path: PathBuf,
    /// What it said when it was last read whole.
    last: Option<OwnState>,
    _watcher: Option<notify::RecommendedWatcher>,
}

impl OwnStateFile {
    /// Whether this runtime writes one.
    pub(super) fn is_written_by(runtime: &str) -> bool {
        record(runtime).is_some()
    }

    /// The file of the runtime below a pane's process, once it is there.
    pub(super) fn find(runtime: &str, root: u32, changed: &mpsc::Sender<()>) -> Option<Self> {
        let record = record(runtime)?;
        // A command line of the roster may put a shell or a wrapper between the pane and the runtime.
        let tree = ProcessWatch::default().look(root).processes;
        let pid = tree.iter().find(|process| runtime::matches(runtime, &process.argv))?.pid;
        let path = path(record, pid)?;
        // Watched first, and read then: no change falls in between.
        let watcher = watch(&path, changed.clone());
        let last = Some(read(record, &path, pid)?);
        tracing::info!(path = %path.display(), "the runtime tells its own state");
        Some(Self { record, pid, path, last, _watcher: watcher })
    }

    /// Whether its process is gone, so that another one may be looked for.
    pub(super) fn is_over(&self) -> bool {
        !process::is_alive(self.pid)
    }

    /// What it says now. In the middle of being written it still says what it said before.
    pub(super) fn read(&mut self) -> Option<&OwnState> {
        if self.is_over() || !self.path.exists() {
            self.last = None;
        } else if let Some(state) = read(self.record, &self.path, self.pid) {
            self.last = Some(state);
        } else if is_whole(&self.path) {
            // A word that is not known is no reason to repeat an older one.
            self.last = None;
        }
        self.last.as_ref()
    }
}

/// Whether the file is JSON, and not in the middle of being written.
fn is_whole(path: &Path) -> bool {
    let text = plain::read(path, MAX_BYTES).unwrap_or_default();
    serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok()
}

/// What is known of the file of a runtime that writes one.
fn record(runtime: &str) -> Option<&'static OwnStateRules> {
    runtime::find(runtime).and_then(Runtime::own_state)
}

/// Where a process of the runtime writes it, by its own environment.
fn path(record: &OwnStateRules, pid: u32) -> Option<PathBuf> {
    let of = |variable: &str| process::environment_value(pid, variable).filter(|value| !value.is_empty());
    let file = record.file_of(pid);
    let folder = match of(&file.variable) {
        Some(folder) => folder.into(),
        None => PathBuf::from(of("HOME")?).join(&file.folder),
    };
    Some(folder.join(file.file))
}

/// Reads the file, if it speaks for this very process. Versions that tell no status write no such file.
fn read(record: &OwnStateRules, path: &Path, pid: u32) -> Option<OwnState> {
    let text = plain::read(path, MAX_BYTES).ok()?;
    let told = record.read(&serde_json::from_str(&text).ok()?)?;
    (told.pid == pid && process::start_ticks(pid)? == told.started).then_some(told)
}

/// Notifies when the file is written or replaced. Without inotify the next beat reads it.
fn watch(path: &Path, changed: mpsc::Sender<()>) -> Option<notify::RecommendedWatcher> {
    let (folder, name) = (path.parent()?, path.file_name()?.to_owned());
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        let written = event.is_ok_and(|event| {
            // Reading the file opens it: that would ask for the next reading, and so on for ever.
            !matches!(event.kind, EventKind::Access(notify::event::AccessKind::Open(_)))
                && event.paths.iter().any(|path| path.file_name() == Some(&name))
        });
        if written {
            // One waiting notice is enough: the file is read whole.
            let _repeat = changed.try_send(());
        }
    })
    .inspect_err(|error| tracing::warn!(%error, "no inotify; the runtime's own state waits for the next heartbeat"))
    .ok()?;
    watcher.watch(folder, RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pid: u32, start: &str, status: &str, waiting: Option<&str>) -> String {
        serde_json::json!({ "pid": pid, "procStart": start, "version": "2.1.332", "kind": "interactive", "status": status,
            "waitingFor": waiting, "statusUpdatedAt": 1_700_000_000_123_i64, "somethingNew": [1] })
        .to_string()
    }

    fn read_of(text: &str, pid: u32) -> Option<OwnState> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        std::fs::write(&path, text).unwrap();
        read(record("claude").unwrap(), &path, pid)
    }

    #[test]
    fn its_words_are_understood() {
        use crate::fleet::model::HeartbeatStatus::{Busy, Ok, Waiting};
        let pid = std::process::id();
        let start = process::start_ticks(pid).unwrap().to_string();
        for (status, waiting, want, detail) in [
            ("idle", None, Ok, None),
            ("shell", None, Ok, None),
            ("busy", None, Busy, None),
            ("waiting", Some("permission prompt"), Waiting, Some("asks for permission")),
            ("waiting", Some("dialog open"), Busy, Some("a list is open")),
            ("waiting", Some("input needed"), Waiting, Some("waits: input needed")),
            ("waiting", None, Waiting, None),
        ] {
            let told = read_of(&written(pid, &start, status, waiting), pid).unwrap();
            let said = (told.said.status, told.said.detail.as_deref(), told.pid);
            assert_eq!(said, (want, detail, pid), "{status} {waiting:?}");
            assert_eq!(told.since.as_millisecond(), 1_700_000_000_123);
        }
        assert_eq!(read_of(&written(pid, &start, "dreaming", None), pid), None, "a word that nobody knows");
    }

    #[test]
    fn it_counts_only_for_its_very_process() {
        let pid = std::process::id();
        let start = process::start_ticks(pid).unwrap();
        assert!(read_of(&written(pid, &start.to_string(), "idle", None), pid).is_some());
        for (of, start) in [(pid, start + 1), (pid + 1, start)] {
            assert_eq!(read_of(&written(of, &start.to_string(), "idle", None), pid), None);
        }
        // An older version tells no status, and half a file nothing.
        let older = format!("{{\"pid\":{pid},\"session_id\":\"x\"}}");
        assert_eq!(read_of(&older, pid), None);
        assert_eq!(read_of(&written(pid, &start.to_string(), "idle", None)[..60], pid), None);
    }
}
