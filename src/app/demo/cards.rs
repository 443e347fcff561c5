//! The demo's backlog: two milestones in a dependency graph, and small cards without end.

use crate::backlog::model::{CardId, NewCard, Patch};
use crate::backlog::operations::Backlog;
use crate::fleet::error::Result;

/// Id, title, what it depends on, phase, priority, class.
type Seed = (&'static str, &'static str, &'static [&'static str], &'static str, i64, &'static str);

const SEEDS: [Seed; 15] = [
    ("M1-1", "Choose the schema of the session table", &[], "login", 5, ""),
    ("M1-2", "Sign sessions with a rotating key", &["M1-1"], "login", 5, "code"),
    ("M1-3", "Log in with a second factor", &["M1-2"], "login", 4, "code"),
    ("M1-4", "Recovery codes for a lost phone", &["M1-3"], "login", 3, ""),
    ("M1-5", "Lock an account after ten wrong codes", &["M1-3"], "login", 3, ""),
    ("M1-6", "Review: sessions and second factor", &["M1-4", "M1-5"], "login", 3, "review"),
    ("M1-7", "Describe the login in the handbook", &["M1-4"], "login", 1, "documentation"),
    ("M2-1", "Measure the queue under load", &[], "queue", 4, ""),
    ("M2-2", "Batch the writes of the queue", &["M2-1"], "queue", 4, "code"),
    ("M2-3", "Retry with a growing delay", &["M2-1"], "queue", 2, "code"),
    ("M2-4", "Alarm when the queue grows for ten minutes", &["M2-2", "M2-3"], "queue", 2, ""),
    ("M2-5", "Review: the queue", &["M2-4"], "queue", 2, "review"),
    ("OPS-1", "Rotate the keys of staging", &[], "", 1, ""),
    ("OPS-2", "Drop the old cache", &["OPS-1"], "", 0, ""),
    ("OPS-3", "Buy the certificate", &[], "", 0, ""),
];

/// Small cards per agent, so that there is work for a while.
const CHORES: usize = 12;

/// What small cards are called, in turn.
const CHORE: [&str; 5] = [
    "Mend the flaky test of the importer",
    "Raise the dependency that has an advisory",
    "Shorten the build by caching the toolchain",
    "Answer the oldest issue without a reply",
    "Rename what two modules call differently",
];

/// Fills the backlog.
///
/// # Errors
/// What the store says.
pub(super) fn seed(backlog: &mut Backlog, agents: usize) -> Result<()> {
    let id = |text: &str| CardId::parse(text).map_err(|why| crate::fleet::error::Failure::invalid("demo", why, ""));
    for (name, title, on, phase, priority, class) in SEEDS {
        let depends_on = on.iter().map(|on| id(on)).collect::<Result<Vec<_>>>()?;
        let body = format!("{title}.\n\n- small steps, each with its test\n- the handbook says why");
        let fields = Patch {
            body: Some(body),
            phase: Some(phase.to_owned()),
            priority: Some(priority),
            assignee: Some(class.to_owned()),
            acceptance: Some(serde_json::json!(["the tests pass", "somebody else has read it"])),
            depends_on: Some(depends_on),
            ..Patch::default()
        };
        let new = NewCard { id: id(name)?, title: title.to_owned(), fields, idempotency_key: None, blocked: false };
        backlog.create(&new)?;
    }
    backlog.block(&id("OPS-3")?, None, "waits for the budget", None)?;
    // Nobody waits for the cards of a thousand agents.
    for at in 0..agents.min(100) * CHORES {
        let new = NewCard {
            id: id(&format!("C-{:03}", at + 1))?,
            title: CHORE[at % CHORE.len()].to_owned(),
            fields: Patch { phase: Some("chores".to_owned()), ..Patch::default() },
            idempotency_key: None,
            blocked: false,
        };
        backlog.create(&new)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_seeds_depend_on_cards_that_stand_before_them() {
        let mut known = HashSet::new();
        for (name, _, on, ..) in SEEDS {
            assert!(on.iter().all(|on| known.contains(on)), "{name}");
            assert!(known.insert(name), "{name} twice");
        }
    }
}
