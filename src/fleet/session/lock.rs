//! One keeper per agent: an advisory lock (flock(2)) that the kernel drops with the process.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::lockfile;
use crate::fleet::model::SocketName;
use crate::fleet::roster::Agent;

/// How often a held lock is asked for again, and the pause between: longer than any look at it.
const ASKED_AGAIN: u32 = 10;
const ASK_PAUSE: Duration = Duration::from_millis(5);

/// A held lock; dropping it frees the agent.
#[derive(Debug)]
pub(super) struct KeeperLock {
    _file: File,
}

/// Takes the agent's lock and writes this process's pid and the agent's socket into it.
pub(super) fn take(site: &Site, agent: &Agent) -> Result<KeeperLock> {
    let path = site.run_file(&agent.name, RunFile::Lock);
    let mut file = lockfile::open(&path)?;
    match exclusive(&file) {
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
    file.set_len(0)
        .and_then(|()| file.seek(SeekFrom::Start(0)).map(drop))
        .and_then(|()| writeln!(file, "{}\n{}", std::process::id(), agent.socket.0.as_deref().unwrap_or_default()))
        .map_err(|error| lockfile::failed(&path, &error))?;
    Ok(KeeperLock { _file: file })
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

/// The tmux socket of the last keeper, for stopping an agent whose roster cannot be read any more.
#[must_use]
pub fn last_socket(path: &Path) -> Option<SocketName> {
    let text = std::fs::read_to_string(path).ok()?;
    let name = text.lines().nth(1)?.trim();
    Some(SocketName((!name.is_empty()).then(|| name.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::roster;

    #[test]
    fn a_second_keeper_is_refused_and_told_who_holds_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut site = Site::for_tests("/nowhere");
        site.run_dir = folder.path().to_owned();
        let text = "version: 1\ntmux: {socket_name: s}\nagents: [{name: a, runtime: stub}]\n";
        let agent = roster::parse(text, Path::new("r"), &site).unwrap().agents.remove(0);
        let path = site.run_file(&agent.name, RunFile::Lock);
        assert_eq!(keeper_pid(&path), None);
        let held = take(&site, &agent).unwrap();
        assert_eq!(keeper_pid(&path), Some(std::process::id()));
        let refused = take(&site, &agent).expect_err("held");
        assert_eq!(refused.kind, Kind::Refused);
        assert!(refused.why.contains(&std::process::id().to_string()), "{refused}");
        assert_eq!(last_socket(&path), Some(SocketName(Some("s".to_owned()))));
        drop(held);
        assert_eq!(keeper_pid(&path), None);
        take(&site, &agent).unwrap();
    }
}
