//! What one tick sees: the seats of this host, the cards that wait and those that are held, the settings.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::backlog::model::{CardId, Column, Counts, Stamp};
use crate::fleet::model::{AgentName, Readiness, Subject};
use crate::fleet::roster::Lifespan;

/// What an agent is to the fleet as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The coordinating seat.
    Lead,
    /// Keeps the fleet's tools in order; one of the floor.
    Enhancer,
    /// Works on cards.
    Worker,
}

impl Role {
    /// Whether it belongs to the floor, which is kept staffed and gets only what names it.
    #[must_use]
    pub fn is_floor(self) -> bool {
        self != Self::Worker
    }
}

/// One agent of this host.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about an agent")]
pub struct Seat {
    /// Its name.
    pub name: AgentName,
    /// Its class.
    pub class: String,
    /// What it is to the fleet.
    pub role: Role,
    /// Whether it is always there.
    pub lifespan: Lifespan,
    /// What to expect of it.
    pub readiness: Readiness,
    /// Why.
    pub reason: String,
    /// When its process began, since boot; asked only of one that was brought back, or has a card.
    pub began: Option<Duration>,
    /// Whether its session and its processes are gone.
    pub gone: bool,
    /// Whether somebody stopped it on purpose.
    pub stopped: bool,
    /// Whether systemd is about to start it again.
    pub restarting: bool,
    /// Whether it lives and nobody keeps it.
    pub unkept: bool,
    /// Whether a delivery has pasted a text into its composer and not pressed Enter.
    pub drafted: bool,
    /// Whether something of this supervisor is under way with it.
    pub busy: bool,
    /// Whether nobody asked for its cards yet: what it holds, and what waits for it, is not known.
    pub unasked: bool,
}

impl Seat {
    /// Whether it takes cards for anyone.
    #[must_use]
    pub fn takes_for_anyone(&self) -> bool {
        // One that comes with work comes with a card that names it or its class, and takes others while it is there.
        self.role == Role::Worker && (self.lifespan == Lifespan::Core || self.readiness != Readiness::Dead)
    }
}

/// A card that can be claimed now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Its name.
    pub id: CardId,
    /// Class or agent that should take it; empty means anyone.
    pub assignee: String,
    /// Who wrote the change that is to be reviewed, where it waits for that: an author approves nothing.
    pub authors: Vec<String>,
}

impl Waiting {
    /// Whether an agent is one of its authors.
    #[must_use]
    pub fn is_by(&self, agent: AgentName) -> bool {
        self.authors.iter().any(|author| author == agent.as_str())
    }
}

/// A card that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// Its name.
    pub id: CardId,
    /// Who holds it.
    pub owner: String,
    /// Since when: another claim of the same owner is another claim.
    pub since: Stamp,
    /// Whether it was claimed on this host; an agent of another one may have the same name.
    pub here: bool,
    /// Whether its time is over.
    pub expired: bool,
}

/// A card whose worker could not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blocked {
    /// Its name.
    pub id: CardId,
    /// Who held it.
    pub owner: String,
    /// Why.
    pub reason: String,
}

/// For whom the supervisors of other hosts give cards out, by their own rosters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// Names and classes of their agents.
    pub names: BTreeSet<String>,
    /// Whether one of those takes cards for anyone.
    pub anyone: bool,
}

/// The backlog at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cards {
    /// What can be claimed, in the order in which it is.
    pub waiting: Vec<Waiting>,
    /// What is held.
    pub held: Vec<Held>,
    /// What agents could not go on with.
    pub blocked: Vec<Blocked>,
    /// Cards that ended since the line of the history that is remembered, done or failed, the oldest first.
    pub over: Vec<CardId>,
    /// Of the cards that were asked about, those that are done, or that nobody has any more.
    pub ended: BTreeSet<CardId>,
    /// For whom others give cards out.
    pub elsewhere: Elsewhere,
    /// Number of the newest line of the history, where somebody is there who looks back.
    pub line: Option<i64>,
    /// Cards per column.
    pub counts: Counts,
}

/// A work tree of a card that is done, and that could not be taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stays {
    /// How often that was tried.
    pub times: u32,
    /// Why it stays.
    pub why: String,
}

/// How the factory is run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// How long an ephemeral agent stays without a card.
    pub linger: Duration,
    /// How many agents of a class may work at once; no entry means all of them.
    pub concurrency: BTreeMap<String, usize>,
    /// Names and classes of the agents that the roster has on other hosts.
    pub elsewhere: BTreeSet<String>,
    /// Whether one of those works on cards for anyone.
    pub workers_elsewhere: bool,
}

/// Everything that one tick decides by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Situation {
    /// Time since boot: no step of a clock moves it.
    pub now: Duration,
    /// Tells one look at the fleet from the next.
    pub look: u64,
    /// Why nothing is given out, when the fleet is paused.
    pub paused: Option<String>,
    /// The agents of this host, in the roster's order.
    pub seats: Vec<Seat>,
    /// The backlog; `None` when it cannot be read.
    pub cards: Option<Cards>,
    /// Tells one set of goals from the next, empty for none; `None` when they cannot be read.
    pub goals: Option<String>,
    /// What waits for a person already; `None` when that cannot be read.
    pub escalated: Option<BTreeSet<Subject>>,
    /// Escalations of which the coordinating seat does not know yet: id and subject.
    pub untold: Vec<(String, Subject)>,
    /// Work trees of cards that are done, by card; `None` before anybody looked.
    pub trees: Option<BTreeMap<String, Stays>>,
    /// How the factory is run.
    pub settings: Settings,
}

impl Situation {
    /// The seat of that name.
    #[must_use]
    pub fn seat(&self, name: &str) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.name.as_str() == name)
    }

    /// Whether an agent of the roster, here or on another host, takes cards for this one: an agent, a class, or anyone.
    #[must_use]
    pub fn knows(&self, assignee: &str) -> bool {
        if assignee.is_empty() {
            return self.settings.workers_elsewhere
                || self.cards.as_ref().is_some_and(|cards| cards.elsewhere.anyone)
                || self.seats.iter().any(Seat::takes_for_anyone);
        }
        self.is_elsewhere(assignee)
            || self.seats.iter().any(|seat| seat.class == assignee || seat.name.as_str() == assignee)
    }

    /// Whether another host has this agent, or one of this class: by this roster, or by what its supervisor says.
    #[must_use]
    pub fn is_elsewhere(&self, assignee: &str) -> bool {
        self.settings.elsewhere.contains(assignee)
            || self.cards.as_ref().is_some_and(|cards| cards.elsewhere.names.contains(assignee))
    }

    /// What the backlog and the goals are: while it stays the same nobody is asked twice. `None` where one of the two cannot
    /// be read: that is no change of either.
    #[must_use]
    pub fn mark(&self) -> Option<String> {
        // Open cards are not part of it: a planner that makes one and ends it has changed something.
        Some(mark(self.cards.as_ref()?.counts.of(Column::Done), self.goals.as_ref()?))
    }

    /// The card that an agent of this host holds.
    #[must_use]
    pub fn holds(&self, name: &str) -> Option<&Held> {
        self.cards.as_ref()?.held.iter().find(|held| held.here && held.owner == name)
    }
}

/// The mark of a backlog with so many cards that are done, and of these goals.
#[must_use]
pub fn mark(done: u64, goals: &str) -> String {
    format!("{done} {goals}")
}
