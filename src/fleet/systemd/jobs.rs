//! What is asked of the user manager: jobs on the fleet's units, and which of them are enabled.

use std::time::Duration;

use futures_util::StreamExt;
use zbus::OwnedObjectPath;

use super::bus::Bus;
use super::{AGENTS_SLICE, BusError, HOLDER_UNIT, PANE_SCOPE, PARENT_SLICE, agent_of_scope};
use crate::fleet::model::{ActiveState, AgentName, JobResult, SystemState, UnitFacts, UnitFileState};

/// A job may wait for the spaced starts of a whole fleet, and for a unit's own time limits.
const JOB_LIMIT: Duration = Duration::from_secs(180);

/// Time for the processes of a scope to be gone once they were killed.
const SCOPE_LIMIT: Duration = Duration::from_secs(10);

/// One link of a unit file that was made or removed: kind, link, target.
type LinkChange = (String, String, String);

/// A connection that acts.
#[derive(Debug, Clone)]
pub struct Manager {
    bus: Bus,
}

impl Manager {
    /// Connects to the user manager of this user.
    ///
    /// # Errors
    /// A fragment that says why there is none.
    pub async fn connect() -> Result<Self, BusError> {
        Ok(Self { bus: Bus::connect().await? })
    }

    /// Starts a unit and waits for the end of the job.
    ///
    /// # Errors
    /// When the manager refuses or does not answer.
    pub async fn start(&self, unit: &str) -> Result<JobResult, BusError> {
        self.job("StartUnit", unit).await
    }

    /// Stops a unit and waits for the end of the job; one that is not loaded has ended.
    ///
    /// # Errors
    /// When the manager refuses or does not answer.
    pub async fn stop(&self, unit: &str) -> Result<JobResult, BusError> {
        match self.job("StopUnit", unit).await {
            Err(BusError::NotLoaded(_)) => Ok(JobResult::Done),
            other => other,
        }
    }

    async fn job(&self, method: &str, unit: &str) -> Result<JobResult, BusError> {
        // Before the call: a job may be over before its answer is read.
        let mut signals = self.bus.ended_jobs().await?;
        // In the place of a job that waits: the last word of an operator is the one that counts.
        let job: OwnedObjectPath = self.bus.call(method, &(unit, "replace")).await?;
        let ended = async {
            while let Some(Ok(message)) = signals.next().await {
                let body = message.body();
                let Ok((_, path, _, result)) = body.deserialize::<(u32, OwnedObjectPath, String, String)>() else {
                    continue;
                };
                if path == job {
                    return Ok(result.into());
                }
            }
            Err(BusError::Refused("the user manager went away".to_owned()))
        };
        match tokio::time::timeout(JOB_LIMIT, ended).await {
            Ok(result) => result,
            Err(_) => Err(BusError::Refused(format!("the job on {unit} did not end within {} s", JOB_LIMIT.as_secs()))),
        }
    }

    /// Whether the manager is shutting down.
    pub async fn is_stopping(&self) -> bool {
        self.bus.system_state().await.is_ok_and(|state| state == SystemState::Stopping)
    }

    /// Forgets that a unit failed, and how often it was started.
    pub async fn forget_failure(&self, unit: &str) {
        // A unit that is not loaded has nothing to forget.
        let _unknown: Result<(), BusError> = self.bus.call("ResetFailedUnit", &(unit,)).await;
    }

    /// What the manager knows of a unit; `None` when it is not loaded.
    ///
    /// # Errors
    /// When the manager does not answer.
    pub async fn facts(&self, unit: &str) -> Result<Option<UnitFacts>, BusError> {
        match self.bus.list(&[unit]).await?.into_iter().next() {
            Some((_, _, load, active, sub, _, path, ..)) => {
                self.bus.details(path.as_str(), &[load, active, sub]).await.map(Some)
            }
            None => Ok(None),
        }
    }

    /// Names of loaded units by pattern.
    ///
    /// # Errors
    /// When the manager does not answer.
    pub async fn names(&self, pattern: &str) -> Result<Vec<String>, BusError> {
        Ok(self.bus.list(&[pattern]).await?.into_iter().map(|unit| unit.0).collect())
    }

    /// Reads all unit files again.
    ///
    /// # Errors
    /// When the manager refuses or does not answer.
    pub async fn reload(&self) -> Result<(), BusError> {
        self.bus.call("Reload", &()).await
    }

    /// Enables units for the next boot.
    ///
    /// # Errors
    /// When the manager refuses or does not answer.
    pub async fn enable(&self, units: &[String]) -> Result<(), BusError> {
        if units.is_empty() {
            return Ok(());
        }
        // For good and not only until the next boot (`false`), and over a link of an earlier installation
        // (`true`).
        let _links: (bool, Vec<LinkChange>) = self.bus.call("EnableUnitFiles", &(units, false, true)).await?;
        // The manager knows the new links only once it has read its files again.
        self.reload().await
    }

    /// Disables units.
    ///
    /// # Errors
    /// When the manager refuses or does not answer.
    pub async fn disable(&self, units: &[String]) -> Result<(), BusError> {
        if units.is_empty() {
            return Ok(());
        }
        let _links: Vec<LinkChange> = self.bus.call("DisableUnitFiles", &(units, false)).await?;
        self.reload().await
    }

    /// Whether a unit is started at boot.
    pub async fn file_state(&self, unit: &str) -> UnitFileState {
        // An error means that there is no such unit file, and so nothing is enabled.
        let state: String = self.bus.call("GetUnitFileState", &(unit,)).await.unwrap_or_default();
        state.into()
    }

    /// Moves running processes into the holder's unit.
    ///
    /// # Errors
    /// When the manager refuses or does not answer.
    pub async fn adopt(&self, pids: &[u32]) -> Result<(), BusError> {
        self.bus.call("AttachProcessesToUnit", &(HOLDER_UNIT, "", pids)).await
    }

    /// Kills whatever is left in the scopes of an agent's pane, whether or not it is anybody's child
    /// any more, and waits until they are gone.
    ///
    /// # Errors
    /// When the manager does not answer.
    pub async fn end_pane_scopes(&self, tag: &str, agent: &AgentName) -> Result<(), BusError> {
        let pattern = format!("{PANE_SCOPE}{tag}-{agent}-*.scope");
        // The pattern of agent `a` matches the scopes of an agent `a-b` as well.
        let ours = |scope: &&String| agent_of_scope(scope) == Some((tag, agent.as_str()));
        for scope in self.names(&pattern).await?.iter().filter(ours) {
            // Killed first: a stop alone waits for whatever ignores SIGTERM, by default for a minute and a half. The
            // scope may end by itself in the meantime.
            let _gone: Result<(), BusError> = self.bus.call("KillUnit", &(scope.as_str(), "all", 9_i32)).await;
            // Whatever its job came to, what counts is whether it is there.
            let _ended = tokio::time::timeout(SCOPE_LIMIT, self.stop(scope)).await;
            let is_up = |state: &str| !matches!(state.into(), ActiveState::Inactive | ActiveState::Failed);
            if self.bus.list(&[scope]).await?.iter().any(|unit| is_up(&unit.3)) {
                let limit = SCOPE_LIMIT.as_secs();
                return Err(BusError::Refused(format!("processes of {scope} outlived SIGKILL for {limit} s")));
            }
        }
        Ok(())
    }

    /// Stops the slices that the panes were in.
    pub async fn end_slices(&self) {
        for slice in [AGENTS_SLICE, PARENT_SLICE] {
            // An empty slice that stays costs nothing, and goes with the manager.
            let _gone = self.stop(slice).await;
        }
    }
}
