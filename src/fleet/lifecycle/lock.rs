//! One operation at a time on one agent, whoever asked for it: an advisory lock (flock(2)) per agent.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::model::AgentName;
use crate::fleet::os::lockfile;
use crate::fleet::os::process;

/// A stop may take a unit's whole time limit, and a start waits for its turn behind others.
const WAIT_LIMIT: Duration = Duration::from_secs(120);

/// What the file holds from the end of an agent until it runs again.
const BETWEEN: &str = "between its end and its start";

/// The held lock; dropping it lets the next operation in.
#[derive(Debug)]
pub(super) struct OperationLock {
    file: File,
    /// When the agent was restarted last, in nanoseconds since boot.
    last_restart: Option<u128>,
    /// Whether a restart before this has only ended it.
    is_between: bool,
}

impl OperationLock {
    /// Waits for the agent's lock.
    pub(super) async fn take(site: &Site, agent: &AgentName) -> Result<Self> {
        let path = site.run_file(agent, RunFile::Operation);
        let Some(mut file) = lockfile::hold(&path, WAIT_LIMIT, lockfile::open).await? else {
            return Err(Failure::new(
                Kind::Refused,
                format!("agent {agent}"),
                format!(
                    "is being started, stopped or restarted by another command for over {} s",
                    WAIT_LIMIT.as_secs()
                ),
                format!("`fuser {}` names it", path.display()),
            ));
        };
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(|error| lockfile::failed(&path, &error))?;
        Ok(Self { last_restart: text.trim().parse().ok(), is_between: text == BETWEEN, file })
    }

    /// Removes the file of a lock that this process holds, for an agent that is gone.
    pub(super) fn discard(site: &Site, agent: &AgentName) {
        let path = site.run_file(agent, RunFile::Operation);
        let _none = std::fs::remove_file(&path);
        // With anything else in it the folder stays.
        let _in_use = path.parent().map(std::fs::remove_dir);
    }

    /// Whether somebody holds the agent's lock now.
    pub(super) fn is_held(site: &Site, agent: &AgentName) -> bool {
        File::open(site.run_file(agent, RunFile::Operation))
            .is_ok_and(|file| flock(&file, FlockOperation::NonBlockingLockShared) == Err(rustix::io::Errno::WOULDBLOCK))
    }

    /// Whether somebody restarted the agent after this moment.
    pub(super) fn restarted_since(&self, moment: Duration) -> bool {
        // A note from before the last boot lies in the future of this clock.
        self.last_restart.is_some_and(|at| at > moment.as_nanos() && at <= process::since_boot().as_nanos())
    }

    /// Whether a restart of the agent ended it, and was killed or failed before it ran again.
    pub(super) fn is_between(site: &Site, agent: &AgentName) -> bool {
        let text = std::fs::read_to_string(site.run_file(agent, RunFile::Operation)).unwrap_or_default();
        text == BETWEEN && !Self::is_held(site, agent)
    }

    /// Notes that the agent is about to be ended, and is to run again.
    pub(super) fn note_end(&mut self) {
        self.note(BETWEEN);
    }

    /// Notes that the agent runs again, if it was to.
    pub(super) fn note_start(&mut self) {
        if self.is_between {
            self.note("");
        }
    }

    /// Notes that the agent was restarted now.
    pub(super) fn note_restart(&mut self) {
        self.note(&process::since_boot().as_nanos().to_string());
    }

    fn note(&mut self, text: &str) {
        // It only spares a second restart, or has a first one repeated; without it there is one too many or one to ask for.
        let _best_effort = self
            .file
            .set_len(0)
            .and_then(|()| self.file.seek(SeekFrom::Start(0)).map(drop))
            .and_then(|()| self.file.write_all(text.as_bytes()));
    }
}
