//! What a unit's state adds to what the other planes say, and where they contradict each other.

use crate::fleet::model::{ExitFacts, Readiness, UnitFacts};
use crate::fleet::readiness::Decision;

/// The reason as the row shows it.
pub(super) struct Verdict {
    /// Why the readiness is what it is, with systemd's word where it adds something.
    pub reason: String,
    /// Whether systemd claims what the other planes refute.
    pub disagrees: bool,
}

/// A unit in a few words.
pub(super) fn describe(unit: &UnitFacts) -> String {
    let mut text = format!("{} ({})", unit.active, unit.sub);
    if unit.active == "failed" {
        text.push_str(&format!(", result {}", unit.result));
    }
    if !unit.unit_file_state.is_empty() {
        text.push_str(&format!(", {}", unit.unit_file_state));
    }
    if unit.n_restarts > 0 {
        text.push_str(&format!(", {} restarts", unit.n_restarts));
    }
    if unit.active == "activating" && !unit.status_text.is_empty() {
        text.push_str(&format!(": {}", unit.status_text));
    }
    text
}

/// Holds the decision of the other planes against the unit.
pub(super) fn compare(
    decision: &Decision,
    unit: Option<&UnitFacts>,
    stopped: Option<&str>,
    exit: Option<&ExitFacts>,
) -> Verdict {
    let reason = &decision.reason;
    let active = unit.map_or("", |unit| unit.active.as_str());
    let dead = decision.readiness == Readiness::Dead;
    let (reason, disagrees) = match (dead, active, unit) {
        (true, "active", Some(unit)) => (format!("{reason}, but systemd says active ({})", unit.sub), true),
        (true, "activating", Some(unit)) if !unit.status_text.is_empty() && unit.sub != "auto-restart" => {
            (format!("{}: {}", ended(reason, exit), unit.status_text), false)
        }
        (true, "activating", Some(_)) => (format!("{}; systemd restarts it", ended(reason, exit)), false),
        (true, "failed", Some(unit)) => {
            (format!("{}; given up after {} restarts ({})", ended(reason, exit), unit.n_restarts, unit.result), false)
        }
        (true, _, _) if stopped.is_some() => (stopped.unwrap_or_default().to_owned(), false),
        (true, _, _) => (ended(reason, exit), false),
        (false, "failed", Some(unit)) => {
            (format!("{reason}, but systemd says failed ({}): nothing restarts it", unit.result), true)
        }
        _ => (reason.clone(), false),
    };
    Verdict { reason, disagrees }
}

/// Why it is dead; where the session is gone, its keeper's record knows more.
fn ended(reason: &str, exit: Option<&ExitFacts>) -> String {
    match exit {
        Some(exit) if reason == "no session" || reason == "its process ended" => exit.words.to_string(),
        _ => reason.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::model::{Health, Label};

    fn unit(active: &str, sub: &str) -> UnitFacts {
        UnitFacts {
            load: "loaded".to_owned(),
            active: active.to_owned(),
            sub: sub.to_owned(),
            unit_file_state: "enabled".to_owned(),
            main_pid: 7,
            n_restarts: 3,
            result: "exit-code".to_owned(),
            status_text: Label::new("waits 4 s"),
            log: Vec::new(),
        }
    }

    #[test]
    fn a_contradiction_is_said_and_a_restart_is_none() {
        let exit = ExitFacts {
            at: String::new(),
            status: Some(3),
            signal: None,
            words: Label::new("exited with status 3"),
            quick_ends: 1,
            lines: Vec::new(),
        };
        for (readiness, reason, unit, stopped, want, disagrees) in [
            (
                Readiness::Dead,
                "no session",
                Some(unit("active", "running")),
                None,
                "no session, but systemd says active (running)",
                true,
            ),
            (
                Readiness::Dead,
                "no session",
                Some(unit("activating", "start")),
                None,
                "exited with status 3: waits 4 s",
                false,
            ),
            (
                Readiness::Dead,
                "no session",
                Some(unit("activating", "auto-restart")),
                None,
                "exited with status 3; systemd restarts it",
                false,
            ),
            (
                Readiness::Dead,
                "exited with status 9",
                Some(unit("failed", "failed")),
                None,
                "exited with status 9; given up after 3 restarts (exit-code)",
                false,
            ),
            (
                Readiness::Dead,
                "no session",
                Some(unit("inactive", "dead")),
                Some("stopped on purpose"),
                "stopped on purpose",
                false,
            ),
            (Readiness::Dead, "no tmux server", None, None, "no tmux server", false),
            (
                Readiness::Working,
                "output 1 s ago",
                Some(unit("failed", "failed")),
                None,
                "output 1 s ago, but systemd says failed (exit-code): nothing restarts it",
                true,
            ),
            (Readiness::Working, "output 1 s ago", Some(unit("inactive", "dead")), None, "output 1 s ago", false),
        ] {
            let decision =
                Decision { health: Health::Unknown, readiness, reason: reason.to_owned(), rule: "", would_change: "" };
            let verdict = compare(&decision, unit.as_ref(), stopped, Some(&exit));
            assert_eq!((verdict.reason.as_str(), verdict.disagrees), (want, disagrees));
        }
    }
}
