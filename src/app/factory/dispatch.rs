//! Who gets which card: a free agent that fits, and no agent stays free while a card fits it.

use std::collections::BTreeMap;

use super::decision::{Decision, Reason};
use super::memory::Memory;
use super::situation::{Role, Seat, Situation, Waiting};
use crate::fleet::model::{AgentName, Readiness};

/// How a card fits an agent; `None` when it does not. Seats of the floor get only what names them or their class.
#[must_use]
pub(super) fn fit(card: &Waiting, seat: &Seat) -> Option<Reason> {
    // The gate would refuse the verdict, and the card go round for ever.
    if card.is_by(seat.name) {
        return None;
    }
    match card.assignee.as_str() {
        // A floor seat that took cards for anyone would be busy when the fleet needs it.
        "" if seat.role == Role::Worker => Some(Reason::ForAnyone),
        "" => None,
        assignee if assignee == seat.name.as_str() => Some(Reason::ForAgent),
        assignee if assignee == seat.class => Some(Reason::ForClass(seat.class.clone())),
        _ => None,
    }
}

/// Whether work can be given to an agent now.
#[must_use]
pub(super) fn is_free(seat: &Seat, situation: &Situation, memory: &Memory) -> bool {
    // Unknown and stale are not free: what is typed at them may answer a question that nobody saw.
    seat.readiness == Readiness::Available
        && !seat.busy
        && !seat.unasked
        && situation.holds(seat.name.as_str()).is_none()
        && !Memory::waits(memory.agents.get(&seat.name), situation.now)
}

/// The cards that may be given out now, in the order in which they are claimed.
#[must_use]
pub(super) fn givable<'a>(situation: &'a Situation, memory: &Memory) -> Vec<&'a Waiting> {
    let waiting = situation.cards.iter().flat_map(|cards| &cards.waiting);
    waiting.filter(|card| !Memory::waits(memory.cards.get(card.id.as_str()), situation.now)).collect()
}

/// Gives the cards out, the first of them first. Among several agents that fit, one for which less else waits is taken:
/// so a card for anyone does not take the only agent that the next card is for.
#[must_use]
pub(super) fn dispatch(situation: &Situation, memory: &Memory, taken: &dyn Fn(AgentName) -> bool) -> Vec<Decision> {
    let cards = givable(situation, memory);
    // Whatever is given out now would fail like the last, and only wear out agents and cards.
    if memory.rests(situation.now) {
        return Vec::new();
    }
    let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
    for card in &cards {
        *waiting.entry(card.assignee.as_str()).or_default() += 1;
    }
    let alternatives = |seat: &Seat| -> usize {
        let for_name = waiting.get(seat.name.as_str()).copied().unwrap_or(0);
        let for_class =
            // Where both are one word, its cards would be counted twice.
            if seat.class == seat.name.as_str() { 0 } else { waiting.get(seat.class.as_str()).copied().unwrap_or(0) };
        for_name + for_class
    };
    let mut free: Vec<&Seat> =
        situation.seats.iter().filter(|seat| is_free(seat, situation, memory) && !taken(seat.name)).collect();
    let mut given = Vec::new();
    for card in cards {
        let apart = |seat: &Seat| memory.keeps_apart(seat.name, card.id.as_str(), situation.now);
        let fitting = free.iter().enumerate().filter(|(_, seat)| !apart(seat));
        let fitting = fitting.filter_map(|(at, seat)| Some((at, fit(card, seat)?)));
        // The place in the roster breaks ties, so that the same situation gives the same decisions.
        let Some((at, why)) = fitting.min_by_key(|(at, _)| (alternatives(free[*at]), *at)) else { continue };
        let seat = free.remove(at);
        given.push(Decision::Dispatch { card: card.id, agent: seat.name, why });
        if free.is_empty() {
            break;
        }
    }
    given
}
