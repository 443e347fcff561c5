//! What waits for a person: each with the ways out of it, of which one is marked and Enter takes it.

use crate::app::action::inputs::Inputs;
use crate::fleet::model::{Cause, Escalation};

/// The open list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Escalations {
    /// The marked way out, among those of all.
    pub at: usize,
    /// Which that is: the list changes by itself, and the mark goes along. `None` in an empty list.
    pub marked: Option<String>,
}

/// A way out of an escalation: what an action does about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// In a few words.
    pub label: String,
    /// The action.
    pub action: &'static str,
    /// With what.
    pub inputs: Inputs,
}

impl Way {
    pub(in crate::app::tui) fn new(label: String, action: &'static str, argument: &'static str, value: &str) -> Self {
        Self { label, action, inputs: Inputs::default().with(argument, vec![value.to_owned()]) }
    }
}

/// What can be done about one.
#[must_use]
pub fn ways(one: &Escalation) -> Vec<Way> {
    let mut ways = Vec::new();
    let (agent, card) = (one.subject.agent.as_deref(), one.subject.card.as_deref());
    let of_agent = |label: &str, action, argument: &'static str| {
        agent.map(|agent| Way::new(format!("{label} {agent}"), action, argument, agent))
    };
    let of_card = |label: &str, action, argument: &'static str| {
        card.map(|card| Way::new(format!("{label} {card}"), action, argument, card))
    };
    match one.subject.cause {
        Cause::Unstaffed => ways.extend(of_agent("start", "fleet.start", "agents")),
        Cause::Dies => {
            ways.extend(of_agent("restart", "fleet.restart", "agents"));
            ways.extend(of_agent("stop", "fleet.stop", "agents"));
        }
        Cause::TakesNoWork => {
            ways.extend(of_agent("take over the pane of", "agent.attach", "name"));
            ways.extend(of_agent("restart", "fleet.restart", "agents"));
        }
        Cause::CannotBeGiven | Cause::NeverEnds => {
            ways.extend(of_card("take the claim away from", "backlog.reclaim", "id"));
        }
        Cause::Blocked => ways.extend(of_card("unblock", "backlog.unblock", "id")),
        Cause::NoCards => ways.extend(of_agent("take over the pane of", "agent.attach", "name")),
        // What mends these is in a repository, in the roster or on the host, and no action of the fleet.
        Cause::Gate | Cause::TreeStays | Cause::Backlog | Cause::NoSuchAgent => {}
    }
    if one.is_open() {
        // Last, as it ends nothing: it only says that somebody knows.
        ways.push(Way::new("look after it yourself".to_owned(), "fleet.ack", "id", &one.id));
    }
    ways
}
