//! The file in which a runtime tells its own state at each change: claude's `sessions/PID.json`.
//!
//! It is read and watched, never written. The file outlives its process, so it counts only with the pid and the start time
//! of a process of the pane.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use notify::{EventKind, RecursiveMode, Watcher};
use serde::Deserialize;
use tokio::sync::mpsc;

use crate::fleet::model::HeartbeatStatus;
use crate::fleet::os::process::{self, ProcessWatch};
use crate::fleet::runtime;
use crate::plain;

/// The runtime that writes such a file.
const WRITER: &str = "claude";

/// Largest such file; it has less than a kB.
const MAX_BYTES: usize = 1 << 16;

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OwnState {
    /// The runtime's process.
    pub pid: u32,
    /// Its state.
    pub status: HeartbeatStatus,
    /// What it waits for.
    pub detail: Option<String>,
    /// When it changed to that.
    pub since: Timestamp,
}

/// The file of the runtime in a pane, watched.
pub(super) struct OwnStateFile {
    pid: u32,
    path: PathBuf,
    /// What it said when it was last read whole.
    last: Option<OwnState>,
    _watcher: Option<notify::RecommendedWatcher>,
}

impl OwnStateFile {
    /// Whether this runtime writes one.
    pub(super) fn is_written_by(runtime: &str) -> bool {
        runtime == WRITER
    }

    /// The file of the runtime below a pane's process, once it is there.
    pub(super) fn find(runtime: &str, root: u32, changed: &mpsc::Sender<()>) -> Option<Self> {
        if !Self::is_written_by(runtime) {
            return None;
        }
        // A command line of the roster may put a shell or a wrapper between the pane and the runtime.
        let tree = ProcessWatch::default().look(root).processes;
        let pid = tree.iter().find(|process| runtime::matches(WRITER, &process.argv))?.pid;
        let path = folder(pid)?.join(format!("{pid}.json"));
        // Watched first, and read then: no change falls in between.
        let watcher = watch(&path, changed.clone());
        let last = Some(read(&path, pid)?);
        tracing::info!(path = %path.display(), "the runtime tells its own state");
        Some(Self { pid, path, last, _watcher: watcher })
    }

    /// Whether its process is gone, so that another one may be looked for.
    pub(super) fn is_over(&self) -> bool {
        !process::is_alive(self.pid)
    }

    /// What it says now. In the middle of being written it still says what it said before.
    pub(super) fn read(&mut self) -> Option<&OwnState> {
        if self.is_over() || !self.path.exists() {
            self.last = None;
        } else if let Some(state) = read(&self.path, self.pid) {
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

/// Where a process of the runtime writes it, by its own environment.
fn folder(pid: u32) -> Option<PathBuf> {
    let of = |variable| process::environment_value(pid, variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let settings = of("CLAUDE_CONFIG_DIR").or_else(|| Some(of("HOME")?.join(".claude")))?;
    Some(settings.join("sessions"))
}

/// The file as it is written; what is not needed is left out.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    pid: u32,
    /// Field 22 of `/proc/PID/stat`.
    proc_start: String,
    status: String,
    waiting_for: Option<String>,
    /// In milliseconds since 1970.
    status_updated_at: i64,
}

/// Reads the file, if it speaks for this very process. Versions that tell no status write no such file.
fn read(path: &Path, pid: u32) -> Option<OwnState> {
    let text = plain::read(path, MAX_BYTES).ok()?;
    let written: Written = serde_json::from_str(&text).ok()?;
    let is_its_own = written.pid == pid && process::start_ticks(pid)?.to_string() == written.proc_start;
    let (status, detail) = meaning(&written.status, written.waiting_for.as_deref())?;
    let since = Timestamp::from_millisecond(written.status_updated_at).ok()?;
    is_its_own.then_some(OwnState { pid, status, detail, since })
}

/// What its words mean; none that is not known.
fn meaning(status: &str, waiting_for: Option<&str>) -> Option<(HeartbeatStatus, Option<String>)> {
    Some(match (status, waiting_for) {
        // With `shell` a command runs in the background, and it takes messages.
        ("idle" | "shell", _) => (HeartbeatStatus::Ok, None),
        ("busy", _) => (HeartbeatStatus::Busy, None),
        // Somebody chooses from a list of the runtime's own.
        ("waiting", Some("dialog open")) => (HeartbeatStatus::Busy, Some("a list is open".to_owned())),
        ("waiting", Some("permission prompt")) => (HeartbeatStatus::Waiting, Some("asks for permission".to_owned())),
        ("waiting", Some(what)) => (HeartbeatStatus::Waiting, Some(format!("waits: {what}"))),
        ("waiting", None) => (HeartbeatStatus::Waiting, None),
        _ => return None,
    })
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
        read(&path, pid)
    }

    #[test]
    fn its_words_are_understood() {
        use HeartbeatStatus::{Busy, Ok, Waiting};
        let pid = std::process::id();
        let start = process::start_ticks(pid).unwrap().to_string();
        for (status, waiting, want, detail) in [
            ("idle", None, Ok, None),
            ("shell", None, Ok, None),
            ("busy", None, Busy, None),
            ("waiting", Some("permission prompt"), Waiting, Some("asks for permission")),
            ("waiting", Some("dialog open"), Busy, Some("a list is open")),
            ("waiting", Some("input needed"), Waiting, Some("waits: input needed")),
        ] {
            let state = read_of(&written(pid, &start, status, waiting), pid).unwrap();
            assert_eq!((state.status, state.detail.as_deref(), state.pid), (want, detail, pid), "{status} {waiting:?}");
            assert_eq!(state.since.as_millisecond(), 1_700_000_000_123);
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
