//! What is asked of the user manager about single units, with its answers looked at: a job that did not do what it was for
//! is no stop and no start.

use super::installed::{Installed, installed};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::model::{JobResult, LoadState, UnitFacts};
use crate::fleet::systemd::{BusError, Manager};

/// The user manager that may have units of this fleet although it is not asked to keep agents.
///
/// # Errors
/// When there is one and it does not answer: it may start again what is ended behind its back.
pub(super) async fn behind(site: &Site) -> Result<Option<Manager>> {
    if site.isolated || installed(site) != Installed::Ours {
        return Ok(None);
    }
    match Manager::connect().await {
        Ok(manager) => Ok(Some(manager)),
        Err(why @ BusError::Silent(_)) => Err(Failure::failed(
            "user manager",
            format!("{why}; it may keep agents of this fleet, and nothing is done behind its back"),
            why.next_step(),
        )),
        // There is none, so nobody's back.
        Err(_) => Ok(None),
    }
}

/// Stops a unit.
///
/// # Errors
/// When it is not down then.
pub(super) async fn stop_unit(manager: &Manager, unit: &str) -> Result<()> {
    let result = manager.stop(unit).await.map_err(|why| refused(unit, why))?;
    if result == JobResult::Done {
        return Ok(());
    }
    let facts = manager.facts(unit).await.map_err(|why| refused(unit, why))?;
    is_stopped(unit, &result, facts.as_ref())
}

/// Stops a unit that runs, or is about to; whether it did.
///
/// # Errors
/// As for [`stop_unit`].
pub(super) async fn stop_if_up(manager: &Manager, unit: &str) -> Result<bool> {
    let facts = manager.facts(unit).await.map_err(|why| refused(unit, why))?;
    let is_up = facts.is_some_and(|facts| !facts.is_down());
    if is_up {
        stop_unit(manager, unit).await?;
    }
    Ok(is_up)
}

/// Whether a unit is down behind a stop that did not end as it should. Somebody else may have stopped it as well.
fn is_stopped(unit: &str, result: &JobResult, facts: Option<&UnitFacts>) -> Result<()> {
    let Some(facts) = facts.filter(|facts| !facts.is_down()) else { return Ok(()) };
    let why = format!("its unit did not stop: {result}; it is {} ({})", facts.active, facts.sub);
    Err(Failure::failed(unit, why, format!("`systemctl --user status {unit}` says more; then stop it again")))
}

/// Whether systemd would start a unit at all.
pub(super) async fn can_start(manager: &Manager, unit: &str) -> Result<()> {
    let Some(facts) = manager.facts(unit).await.map_err(|why| refused(unit, why))? else { return Ok(()) };
    let refusal = |why: String, next: String| {
        let why = format!("{why}, so it could not be started again; nothing was stopped");
        Err(Failure::new(Kind::Refused, unit, why, next))
    };
    match facts.load {
        load if load == LoadState::Masked || facts.unit_file_state.is_masked() => {
            refusal("is masked".to_owned(), format!("`systemctl --user unmask {unit}`, then restart it"))
        }
        LoadState::Loaded | LoadState::Merged | LoadState::Stub => Ok(()),
        load => refusal(
            format!("cannot be read by systemd ({load})"),
            format!("`systemctl --user status {unit}` says what is wrong in its files"),
        ),
    }
}

pub(super) fn refused(unit: &str, why: BusError) -> Failure {
    Failure::failed(unit, why, "`mosaic-tui fleet doctor` checks the user manager")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::model::{ActiveState, Label, SubState};

    #[test]
    fn a_stop_counts_when_the_unit_is_down_however_its_job_ended() {
        let facts = |active: &str| UnitFacts {
            load: LoadState::Loaded,
            active: ActiveState::from(active),
            sub: SubState::from("running"),
            unit_file_state: "enabled".into(),
            main_pid: 7,
            n_restarts: 0,
            result: "success".into(),
            status_text: Label::new(""),
            log: Vec::new(),
        };
        for result in [JobResult::Canceled, JobResult::Timeout, JobResult::Failed] {
            for active in ["active", "activating", "deactivating"] {
                let said = is_stopped("mosaic-agent@a.service", &result, Some(&facts(active))).unwrap_err();
                assert!(said.why.contains(result.as_str()) && said.why.contains(active), "{said}");
            }
            assert!(is_stopped("x", &result, Some(&facts("inactive"))).is_ok());
            assert!(is_stopped("x", &result, Some(&facts("failed"))).is_ok());
            assert!(is_stopped("x", &result, None).is_ok(), "it is not even loaded");
        }
    }
}
