//! One keeper per agent: an advisory lock (flock(2)) that the kernel drops with the process.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::model::SocketName;
use crate::fleet::os::lockfile;
use crate::fleet::os::process;
use crate::fleet::roster::Agent;
use crate::fleet::tmux::{PaneRecord, socket_path};

/// How often a held lock is asked for again, and the pause between: longer than any look at it.
const ASKED_AGAIN: u32 = 10;
const ASK_PAUSE: Duration = Duration::from_millis(5);

/// A held lock; dropping it frees the agent.
///
/// Its file says, a line each: the keeper's pid; the agent's socket; the pane's process with its start time in ticks; the
/// server's pid with the path of its socket. The last two stand there until another pane is kept: whoever comes next
/// learns from them what may still live.
#[derive(Debug)]
pub(super) struct KeeperLock {
    file: File,
    path: PathBuf,
    socket: SocketName,
}

/// Takes the agent's lock and writes this process's pid and the agent's socket into it.
pub(super) fn take(site: &Site, agent: &Agent) -> Result<KeeperLock> {
    let path = site.run_file(&agent.name, RunFile::Lock);
    let file = loop {
        let file = lockfile::open(&path)?;
        match exclusive(&file) {
            // A file without its name locks nothing for those who come later.
            Ok(()) if lockfile::has_name(&file, &path) => break file,
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let keeper = keeper_pid(&path).map(|pid| format!(" (pid {pid})")).unwrap_or_default();
                return Err(Failure::new(
                    Kind::Refused,
                    format!("agent {}", agent.name),
                    format!("already has a keeper{keeper}"),
                    "`mosaic-tui fleet stop` ends it",
                ));
            }
            Err(error) => return Err(lockfile::failed(&path, &error)),
        }
    };
    // Only now, behind the lock: a keeper that ended a moment ago may have written until then.
    let former = std::fs::read_to_string(&path).unwrap_or_default();
    let mut lock = KeeperLock { file, path, socket: agent.socket };
    lock.write(&former.lines().skip(2).map(|line| format!("{line}\n")).collect::<String>())?;
    Ok(lock)
}

impl KeeperLock {
    /// Writes down which pane is kept, and where its server is.
    pub(super) fn keeps(&mut self, pane: &PaneRecord) -> Result<()> {
        // Zero where it has ended already: no process that lives has that, and so none is taken for it.
        let start = process::start_ticks(pane.pid).unwrap_or_default();
        let socket = socket_path(pane.server).map(|path| path.display().to_string()).unwrap_or_default();
        self.write(&format!("{} {start}\n{} {socket}\n", pane.pid, pane.server))
    }

    fn write(&mut self, rest: &str) -> Result<()> {
        let socket = self.socket.name().unwrap_or_default();
        let text = format!("{}\n{socket}\n{rest}", std::process::id());
        // Written over and then cut: whoever reads meanwhile finds the pid.
        self.file
            .seek(SeekFrom::Start(0))
            .and_then(|_| self.file.write_all(text.as_bytes()))
            .and_then(|()| self.file.set_len(text.len() as u64))
            .map_err(|error| lockfile::failed(&self.path, &error))
    }
}

/// Locks the file. Somebody who only asks who holds it has it shared for an instant, so one refusal
/// says little.
fn exclusive(file: &File) -> rustix::io::Result<()> {
    let mut result = Ok(());
    for _ in 0..ASKED_AGAIN {
        result = flock(file, FlockOperation::NonBlockingLockExclusive);
        if result != Err(rustix::io::Errno::WOULDBLOCK) {
            return result;
        }
        std::thread::sleep(ASK_PAUSE);
    }
    result
}

/// Pid of the keeper that holds the lock file; `None` when nobody holds it.
#[must_use]
pub fn keeper_pid(path: &Path) -> Option<u32> {
    for _ in 0..ASKED_AGAIN {
        let mut file = File::open(path).ok()?;
        // The pid in the file may be that of a killed keeper, or of whatever has its number now; the kernel's
        // lock cannot.
        match flock(&file, FlockOperation::NonBlockingLockShared) {
            Err(rustix::io::Errno::WOULDBLOCK) => {}
            _ => return None,
        }
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        if let Some(pid) = text.lines().next().and_then(|line| line.trim().parse().ok()) {
            return Some(pid);
        }
        // Whoever holds it is just writing down who it is.
        std::thread::sleep(ASK_PAUSE);
    }
    None
}

/// What a lock file says of the pane that was kept last; nothing where an earlier version wrote it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Kept {
    /// The pane's process and its start time in ticks.
    pub pane: Option<(u32, u64)>,
    /// The server and the path of its socket.
    pub server: Option<(u32, PathBuf)>,
}

pub(super) fn kept(path: &Path) -> Kept {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let pair = |line: usize| text.lines().nth(line)?.split_once(' ');
    Kept {
        pane: pair(2).and_then(|(pid, start)| Some((pid.parse().ok()?, start.parse().ok()?))),
        server: pair(3).and_then(|(pid, path)| Some((pid.parse().ok()?, path.into()))),
    }
}

/// The tmux socket of the last keeper, for stopping an agent whose roster cannot be read any more.
#[must_use]
pub fn last_socket(path: &Path) -> Option<SocketName> {
    let text = std::fs::read_to_string(path).ok()?;
    SocketName::named(text.lines().nth(1)?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::roster;

    /// An agent whose run folder lasts as long as the first of these.
    fn stage() -> (tempfile::TempDir, Site, Agent) {
        let folder = tempfile::tempdir().unwrap();
        let mut site = Site::for_tests("/nowhere");
        site.run_dir = folder.path().to_owned();
        let text = "version: 1\ntmux: {socket_name: s}\nagents: [{name: a, runtime: stub}]\n";
        let agent = roster::parse(text, Path::new("r"), &site).unwrap().agents.remove(0);
        (folder, site, agent)
    }

    #[test]
    fn a_lock_whose_file_is_removed_meanwhile_is_taken_under_its_name() {
        let (_folder, site, agent) = stage();
        let path = site.run_file(&agent.name, RunFile::Lock);
        let opened = || {
            let open = std::fs::read_dir("/proc/self/fd").unwrap().flatten();
            open.filter(|entry| std::fs::read_link(entry.path()).is_ok_and(|target| target == path)).count()
        };
        for _ in 0..20 {
            let first = lockfile::open(&path).unwrap();
            flock(&first, FlockOperation::LockExclusive).unwrap();
            let second = std::thread::scope(|scope| {
                let second = scope.spawn(|| {
                    loop {
                        match take(&site, &agent) {
                            Err(refused) if refused.kind == Kind::Refused => {}
                            taken => break taken.unwrap(),
                        }
                    }
                });
                while opened() < 2 {
                    std::thread::yield_now();
                }
                // It stands in line for a file that loses its name.
                std::fs::remove_file(&path).unwrap();
                drop(first);
                second.join().unwrap()
            });
            assert_eq!(keeper_pid(&path), Some(std::process::id()));
            drop(second);
        }
    }

    #[test]
    fn a_second_keeper_is_refused_and_told_who_holds_it() {
        let (_folder, site, agent) = stage();
        let path = site.run_file(&agent.name, RunFile::Lock);
        assert_eq!(keeper_pid(&path), None);
        let held = take(&site, &agent).unwrap();
        assert_eq!(keeper_pid(&path), Some(std::process::id()));
        let refused = take(&site, &agent).expect_err("held");
        assert_eq!(refused.kind, Kind::Refused);
        assert!(refused.why.contains(&std::process::id().to_string()), "{refused}");
        assert_eq!(last_socket(&path), Some(SocketName::named("s").unwrap()));
        drop(held);
        assert_eq!(keeper_pid(&path), None);
        // What was kept is still written there for the next, and files of earlier versions have no such lines.
        assert_eq!(kept(&path), Kept::default());
        std::fs::write(&path, "123456789\ns\n77 88\n5 /tmp/tmux-0/s\n").unwrap();
        drop(take(&site, &agent).unwrap());
        assert_eq!(kept(&path), Kept { pane: Some((77, 88)), server: Some((5, "/tmp/tmux-0/s".into())) });
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{}\ns\n77 88\n5 /tmp/tmux-0/s\n", std::process::id()));
    }
}
