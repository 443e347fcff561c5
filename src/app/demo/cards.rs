//! The demo's backlog: two milestones in a dependency graph, and small cards without end.

use std::ops::Range;
use std::sync::mpsc::{RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::backlog::model::{BoardQuery, CardId, Column, NewCard, Patch};
use crate::backlog::operations::Backlog;
use crate::fleet::error::{Failure, Result};

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

/// How often is looked how many are left.
const LOOK: Duration = Duration::from_secs(5);

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
    let id = |text: &str| CardId::parse(text).map_err(|why| Failure::invalid("demo", why, ""));
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
    chores(backlog, 0..first(agents))
}

/// How many small cards there are at first. Nobody waits for the cards of a thousand agents.
fn first(agents: usize) -> usize {
    agents.min(100) * CHORES
}

/// Makes small cards.
fn chores(backlog: &mut Backlog, numbers: Range<usize>) -> Result<()> {
    for at in numbers {
        let name = format!("C-{:03}", at + 1);
        let new = NewCard {
            id: CardId::parse(&name).map_err(|why| Failure::invalid("demo", why, ""))?,
            title: CHORE[at % CHORE.len()].to_owned(),
            fields: Patch { phase: Some("chores".to_owned()), ..Patch::default() },
            idempotency_key: None,
            blocked: false,
        };
        backlog.create(&new)?;
    }
    Ok(())
}

/// Makes more small cards whenever few are left, for as long as it is kept: a demo that is left on a screen goes on.
pub(super) struct Supply {
    /// Dropped to end the thread.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Supply {
    /// Begins, with a backlog of its own.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn begin(mut backlog: Backlog, agents: usize) -> std::io::Result<Self> {
        let (end, ended) = std::sync::mpsc::channel();
        let run = move || {
            let mut made = first(agents);
            while ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                if let Err(error) = refill(&mut backlog, agents, &mut made) {
                    tracing::warn!(%error, "the demo runs out of cards");
                }
            }
        };
        let thread = std::thread::Builder::new().name("cards".to_owned()).spawn(run)?;
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Supply {
    fn drop(&mut self) {
        self.end = None;
        // What it writes would come back behind a folder that is taken away.
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            tracing::warn!("the demo's cards: their thread panicked");
        }
    }
}

/// Makes as many again as there were at first, once there are fewer than two for each agent.
fn refill(backlog: &mut Backlog, agents: usize, made: &mut usize) -> Result<()> {
    let ready = backlog.store().board(&BoardQuery::default())?.counts.of(Column::Ready);
    if ready >= 2 * agents as u64 {
        return Ok(());
    }
    let next = *made..*made + first(agents);
    *made = next.end;
    chores(backlog, next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backlog::place::{Intent, Location};
    use crate::backlog::store::Who;
    use std::collections::HashSet;

    #[test]
    fn small_cards_come_again_once_few_are_left() {
        let folder = tempfile::tempdir().unwrap();
        let place = Location::of(None, Some(folder.path()), folder.path()).unwrap();
        let who = Who { actor: "a".to_owned(), tenant_id: "t".to_owned(), host: "h".to_owned() };
        let mut backlog = place.open(Intent::Write, who, &mut |_, _| {}).unwrap();
        let ready =
            |backlog: &mut Backlog| backlog.store().board(&BoardQuery::default()).unwrap().counts.of(Column::Ready);
        let mut made = 0;
        refill(&mut backlog, 2, &mut made).unwrap();
        assert_eq!((made, ready(&mut backlog)), (24, 24), "an empty one");
        refill(&mut backlog, 2, &mut made).unwrap();
        assert_eq!(made, 24, "there are enough");
    }

    #[test]
    fn the_seeds_depend_on_cards_that_stand_before_them() {
        let mut known = HashSet::new();
        for (name, _, on, ..) in SEEDS {
            assert!(on.iter().all(|on| known.contains(on)), "{name}");
            assert!(known.insert(name), "{name} twice");
        }
    }
}
