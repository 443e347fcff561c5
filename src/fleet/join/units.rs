//! What a unit's state adds to what the other planes say, and where they contradict each other.

use crate::fleet::model::{ActiveState, ExitFacts, Label, Readiness, SubState, UnitFacts, UnitFileState};
use crate::fleet::readiness::Reason;

/// The reason as the row shows it.
pub(super) struct Verdict {
    /// Why the readiness is what it is, with systemd's word where it adds something.
    pub reason: Reason,
    /// Whether systemd claims what the other planes refute.
    pub disagrees: bool,
}

/// A unit in a few words.
pub(super) fn describe(unit: &UnitFacts) -> String {
    let mut text = format!("{} ({})", unit.active, unit.sub);
    if unit.active == ActiveState::Failed {
        text.push_str(&format!(", result {}", unit.result));
    }
    if unit.unit_file_state != UnitFileState::Absent {
        text.push_str(&format!(", {}", unit.unit_file_state));
    }
    if unit.n_restarts > 0 {
        text.push_str(&format!(", {} restarts", unit.n_restarts));
    }
    if unit.active == ActiveState::Activating && !unit.status_text.is_empty() {
        text.push_str(&format!(": {}", unit.status_text));
    }
    text
}

/// Holds the decision of the other planes, and their reason for it, against the unit.
pub(super) fn compare(
    (readiness, said): (Readiness, Reason),
    unit: Option<&UnitFacts>,
    stopped: Option<&Label>,
    exit: Option<&ExitFacts>,
) -> Verdict {
    let dead = readiness == Readiness::Dead;
    let (reason, disagrees) = match (dead, unit.map(|unit| (&unit.active, unit))) {
        (true, Some((ActiveState::Active, unit))) => (Reason::ClaimedActive(Box::new(said), unit.sub.clone()), true),
        (true, Some((ActiveState::Activating, unit)))
            // While it waits for its restart the text is of the run before.
            if !unit.status_text.is_empty() && unit.sub != SubState::AutoRestart =>
        {
            (Reason::BeingStarted(Box::new(ended(said, exit)), unit.status_text.clone()), false)
        }
        (true, Some((ActiveState::Activating, _))) => (Reason::BeingRestarted(Box::new(ended(said, exit))), false),
        (true, Some((ActiveState::Failed, unit))) => {
            (Reason::GivenUp(Box::new(ended(said, exit)), unit.n_restarts, unit.result.clone()), false)
        }
        (true, _) => (stopped.map_or_else(|| ended(said, exit), |why| Reason::Told(why.to_string())), false),
        (false, Some((ActiveState::Failed, unit))) => (Reason::ClaimedFailed(Box::new(said), unit.result.clone()), true),
        (false, _) => (said, false),
    };
    Verdict { reason, disagrees }
}

/// Why it is dead; where the session is gone, its keeper's record knows more.
fn ended(reason: Reason, exit: Option<&ExitFacts>) -> Reason {
    match (reason, exit) {
        (Reason::NoSession | Reason::Ended(None), Some(exit)) => Reason::Told(exit.words.to_string()),
        (reason, _) => reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::model::{End, LoadState, UnitResult};
    use std::time::Duration;

    fn unit(active: &str, sub: &str) -> UnitFacts {
        UnitFacts {
            load: LoadState::Loaded,
            active: active.into(),
            sub: sub.into(),
            unit_file_state: UnitFileState::Enabled,
            main_pid: 7,
            n_restarts: 3,
            result: UnitResult::ExitCode,
            status_text: Label::new("waits 4 s"),
            log: Vec::new(),
        }
    }

    #[test]
    fn a_contradiction_is_said_and_a_restart_is_none() {
        let words = Label::new("exited with status 3");
        let exit = ExitFacts {
            at: String::new(),
            status: Some(3),
            signal: None,
            words: words.clone(),
            quick_exits: 1,
            lines: Vec::new(),
        };
        let recorded = || Box::new(Reason::Told(words.to_string()));
        let gone = || Reason::NoSession;
        let exited = || Reason::Ended(Some(End::Exited(9)));
        let output = || Reason::Output(Duration::from_secs(1));
        let on_purpose = Label::new("stopped on purpose");
        for (readiness, reason, unit, stopped, want, disagrees) in [
            (
                Readiness::Dead,
                gone(),
                Some(unit("active", "running")),
                None,
                Reason::ClaimedActive(Box::new(gone()), SubState::Running),
                true,
            ),
            (
                Readiness::Dead,
                gone(),
                Some(unit("activating", "start")),
                None,
                Reason::BeingStarted(recorded(), Label::new("waits 4 s")),
                false,
            ),
            (
                Readiness::Dead,
                gone(),
                Some(unit("activating", "auto-restart")),
                None,
                Reason::BeingRestarted(recorded()),
                false,
            ),
            (
                Readiness::Dead,
                exited(),
                Some(unit("failed", "failed")),
                None,
                Reason::GivenUp(Box::new(exited()), 3, UnitResult::ExitCode),
                false,
            ),
            (
                Readiness::Dead,
                gone(),
                Some(unit("inactive", "dead")),
                Some(&on_purpose),
                Reason::Told(on_purpose.to_string()),
                false,
            ),
            (Readiness::Dead, Reason::NoServer, None, None, Reason::NoServer, false),
            (
                Readiness::Working,
                output(),
                Some(unit("failed", "failed")),
                None,
                Reason::ClaimedFailed(Box::new(output()), UnitResult::ExitCode),
                true,
            ),
            (Readiness::Working, output(), Some(unit("inactive", "dead")), None, output(), false),
        ] {
            let verdict = compare((readiness, reason), unit.as_ref(), stopped, Some(&exit));
            assert_eq!((verdict.reason, verdict.disagrees), (want, disagrees));
        }
    }
}
