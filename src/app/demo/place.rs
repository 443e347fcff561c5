//! Where a demo lives, what it must take away again, and how a killed one is recognised.

use std::cell::Cell;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, getuid, kill_process};
use serde::{Deserialize, Serialize};

use super::THRESHOLDS;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::{Pace, Site};
use crate::fleet::os::process;
use crate::fleet::session::AGENT_NAME;
use crate::fleet::tmux::socket_base;

/// Name of the record in a demo's folder.
const RECORD: &str = "demo.json";

/// Name of the Mosaic home in a demo's folder.
const HOME: &str = "home";

/// Time for killed processes to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// Pause between two looks at what other processes do.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// One demo.
#[derive(Debug)]
pub(super) struct Place {
    /// Everything of it is below.
    pub folder: PathBuf,
    /// Whether it outlives the command that made it.
    pub headless: bool,
    record: Record,
    /// Whether dropping it takes it away: only this process's own, as long as it is set up.
    ours: Cell<bool>,
}

/// What is written down before anything is made.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Record {
    pid: u32,
    start_ticks: Option<u64>,
    headless: bool,
    socket: String,
    socket_path: PathBuf,
}

/// Folder of all demos of this user, private to them.
fn base() -> PathBuf {
    crate::fleet::home::temporary_folder().join(base_name())
}

fn base_name() -> String {
    format!("mosaic-demo-{}", getuid().as_raw())
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(
        format!("demo folder {}", path.display()),
        error.to_string(),
        "check space and rights of the temporary folder",
    )
}

/// Every demo that left a record.
pub(super) fn all() -> Result<Vec<Place>> {
    let base = base();
    let entries = match fs::read_dir(&base) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(&base, &error)),
    };
    check_owner(&base)?;
    Ok(entries.flatten().filter_map(|entry| Place::read(entry.path())).collect())
}

/// The demo that a Mosaic home belongs to, wherever temporary files of this shell would go.
pub(super) fn of_home(home: &Path) -> Result<Option<Place>> {
    let Some(folder) = home.parent().filter(|_| home.ends_with(HOME)) else { return Ok(None) };
    let Some(base) = folder.parent().filter(|base| base.ends_with(base_name())) else { return Ok(None) };
    if !folder.join(RECORD).is_file() {
        return Ok(None);
    }
    check_owner(base)?;
    Ok(Place::read(folder.to_owned()))
}

/// Somebody else's folder of that name must not be trusted: its records name processes to end.
fn check_owner(base: &Path) -> Result<()> {
    let meta = fs::symlink_metadata(base).map_err(|error| failed(base, &error))?;
    if meta.is_dir() && meta.uid() == getuid().as_raw() && meta.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(Failure::failed(
        format!("demo folder {}", base.display()),
        "is not a private folder of yours",
        "remove it, or set TMPDIR to a folder of your own",
    ))
}

impl Place {
    /// Makes the folder and its record.
    pub(super) fn make(headless: bool) -> Result<Self> {
        let variable = std::env::var_os("TMUX_TMPDIR").map(PathBuf::from);
        // As tmux reads it: by another path a living demo would look dead, and be swept.
        let sockets = socket_base(variable.as_deref()).map_err(|why| {
            Failure::new(Kind::Invalid, "demo", why, "give TMUX_TMPDIR as an absolute path, or unset it")
        })?;
        let base = base();
        let private = |path: &Path| fs::DirBuilder::new().recursive(true).mode(0o700).create(path);
        private(&base).map_err(|error| failed(&base, &error))?;
        check_owner(&base)?;
        let pid = std::process::id();
        let folder = base.join(pid.to_string());
        let socket = format!("mosaic-demo-{pid}");
        let record = Record {
            pid,
            // A pid alone is another process's one day.
            start_ticks: process::start_ticks(pid),
            headless,
            socket_path: sockets.join(format!("tmux-{}", getuid().as_raw())).join(&socket),
            socket,
        };
        private(&folder.join("work"))
            .and_then(|()| fs::write(folder.join(RECORD), serde_json::to_vec(&record)?))
            .map_err(|error| failed(&folder, &error))?;
        Ok(Self { folder, headless, record, ours: Cell::new(true) })
    }

    fn read(folder: PathBuf) -> Option<Self> {
        let record: Option<Record> =
            fs::read(folder.join(RECORD)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let Some(record) = record else {
            // Killed between making the folder and writing the record: there is nothing else of it.
            let pid: u32 = folder.file_name()?.to_str()?.parse().ok()?;
            if !process::is_alive(pid) {
                let _gone = fs::remove_dir_all(&folder);
            }
            return None;
        };
        // Somebody else's: it is taken away on purpose, or not at all.
        Some(Self { folder, headless: record.headless, record, ours: Cell::new(false) })
    }

    /// Its tmux socket's name.
    pub(super) fn socket(&self) -> &str {
        &self.record.socket
    }

    /// Its Mosaic home.
    pub(super) fn home(&self) -> PathBuf {
        self.folder.join(HOME)
    }

    /// The site of its fleet.
    pub(super) fn site(&self, from: &Site) -> Site {
        let home = self.home();
        Site {
            roster: home.join("fleet/roster.yaml"),
            run_dir: home.join("fleet/run"),
            home,
            thresholds: THRESHOLDS,
            // Stubs share no login.
            pace: Pace { spacing: Duration::ZERO, ..Pace::default() },
            isolated: true,
            ..from.clone()
        }
    }

    /// Writes a file of it.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.folder.join(name);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&path, text)).map_err(|error| failed(&path, &error))
    }

    /// Whether somebody still uses it: its owner, or for a headless one its tmux server.
    pub(super) fn is_alive(&self) -> bool {
        let owner =
            process::start_ticks(self.record.pid) == self.record.start_ticks && process::is_alive(self.record.pid);
        // By the socket's own path: the caller may have another TMUX_TMPDIR.
        owner || (self.headless && UnixStream::connect(&self.record.socket_path).is_ok())
    }

    /// Leaves it alone when dropped.
    pub(super) fn keep(self) {
        self.ours.set(false);
    }

    /// Takes everything of it away: server, processes, socket, folder.
    pub(super) fn remove(&self) -> Result<()> {
        // At once: what cannot be taken away now is not tried a second time by the drop.
        self.ours.set(false);
        self.end_processes()?;
        for path in [&self.record.socket_path] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(path, &error)),
                _ => {}
            }
        }
        self.remove_folder()?;
        // Goes only when it is empty: other demos keep theirs.
        let _others = self.folder.parent().map(fs::remove_dir);
        Ok(())
    }

    /// Removes the folder; a dashboard that is just ending may still write its last line into it.
    fn remove_folder(&self) -> Result<()> {
        let deadline = Instant::now() + GONE_WITHIN;
        loop {
            match fs::remove_dir_all(&self.folder) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty && Instant::now() < deadline => {
                    std::thread::sleep(LOOK_AGAIN);
                }
                Err(error) => return Err(failed(&self.folder, &error)),
            }
        }
    }

    /// Ends every process that was started for this demo; its Mosaic home in their environment
    /// tells which those are.
    fn end_processes(&self) -> Result<()> {
        let home = self.home().to_string_lossy().into_owned();
        let deadline = Instant::now() + GONE_WITHIN;
        // Until a look finds none: one that was just forking has left another.
        loop {
            let own = std::process::id();
            let left: Vec<u32> = process::all_pids()
                .into_iter()
                .filter(|pid| *pid != own && process::is_alive(*pid))
                .filter(|pid| process::environment_value(*pid, "MOSAIC_HOME").as_deref() == Some(home.as_str()))
                .filter(|pid| self.may_end(*pid))
                .collect();
            if left.is_empty() {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(Failure::failed(
                    "demo",
                    format!("processes {} do not end", left.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")),
                    "look at them with `ps -fp`",
                ));
            }
            for pid in left {
                if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                    // It may have ended between the look and the signal.
                    let _gone = kill_process(pid, Signal::KILL);
                }
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    /// The operator's own shell may carry the demo's exports; only what the demo started is ended.
    fn may_end(&self, pid: u32) -> bool {
        let argv = process::argv(pid).unwrap_or_default();
        let of_tmux = argv.contains(&self.record.socket);
        let started_for_agent = process::environment_value(pid, AGENT_NAME).is_some();
        let keeper = argv.iter().any(|word| word == "session") && argv.iter().any(|word| word == "run");
        // It would bring back what is ended. A person's own of this home is the demo's as well.
        let supervisor = argv.iter().any(|word| word == "supervise") && argv.iter().any(|word| word == "fleet");
        let holder = process::environment_value(pid, "TMUX").is_some_and(|tmux| tmux.contains(&self.record.socket));
        started_for_agent || keeper || supervisor || of_tmux || holder
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.ours.get()
            && let Err(failure) = self.remove()
        {
            tracing::error!(%failure, "the demo left something behind");
        }
    }
}

/// Name of a demo site's socket.
pub(super) fn socket_of(site: &Site) -> Option<String> {
    crate::fleet::roster::load(site).ok()?.socket.name().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_of_somebody_else_is_left_alone_by_whoever_forgets_it() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("1");
        fs::create_dir(&folder).unwrap();
        let record = Record {
            pid: std::process::id(),
            start_ticks: process::start_ticks(std::process::id()),
            headless: true,
            socket: "mosaic-demo-1".to_owned(),
            socket_path: base.path().join("socket"),
        };
        fs::write(folder.join(RECORD), serde_json::to_vec(&record).unwrap()).unwrap();
        let place = Place::read(folder.clone()).unwrap();
        assert!(place.is_alive());
        drop(place);
        assert!(folder.join(RECORD).is_file());
    }
}
