//! Waits for the death of a process that is not our child, without polling (pidfd_open(2)).

use std::os::fd::OwnedFd;

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::unix::AsyncFd;

use super::readable;

/// A watch on one process.
#[derive(Debug)]
pub struct DeathWatch {
    fd: AsyncFd<OwnedFd>,
}

/// Why a process cannot be watched.
#[derive(Debug)]
pub enum Unwatchable {
    /// It is gone already.
    Gone,
    /// The kernel or the runtime refuses; the process may well live.
    Failed(std::io::Error),
}

impl DeathWatch {
    /// Starts watching.
    ///
    /// # Errors
    /// [`Unwatchable::Gone`] when there is no such process, else why it cannot be watched.
    pub fn of(pid: u32) -> Result<Self, Unwatchable> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Unwatchable::Gone)?;
        let fd = pidfd_open(pid, PidfdFlags::NONBLOCK).map_err(|error| match error {
            rustix::io::Errno::SRCH => Unwatchable::Gone,
            other => Unwatchable::Failed(other.into()),
        })?;
        readable::registered(fd).map(|fd| Self { fd }).map_err(Unwatchable::Failed)
    }

    /// Returns when the process has ended: its pidfd becomes readable then.
    ///
    /// # Errors
    /// When the runtime can no longer wait.
    pub async fn wait(&self) -> std::io::Result<()> {
        self.fd.readable().await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_death_is_seen() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let watch = DeathWatch::of(child.id()).unwrap();
        child.kill().unwrap();
        watch.wait().await.unwrap();
        child.wait().unwrap();
        assert!(matches!(DeathWatch::of(child.id()), Err(Unwatchable::Gone)));
    }
}
