//! One tick: the steps in their order. The same situation and memory give the same decisions.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::decision::{Decision, Reason};
use super::dispatch::{dispatch, fit, givable};
use super::memory::{Backoff, FAILURES, Memory};
use super::situation::{Cards, Role, Seat, Situation, Waiting};
use crate::backlog::model::{CardId, Column};
use crate::fleet::model::{AgentName, Cause, Readiness, Subject, age};
use crate::fleet::roster::Lifespan;

/// The class that is asked for cards.
const PLANNER: &str = "planner";

/// The class that looks back at cards that are over.
pub const REVIEWER: &str = "session-review";

/// Whoever was asked for cards, and rests, has made none after this time.
// A planner reads goals and writes several cards before it rests; one that rests sooner may still
// be asked something.
const MADE_WITHIN: Duration = Duration::from_secs(120);

/// A card that was claimed so often will not end by itself.
const GIVEN_OUT_OFTEN: i64 = 8;

/// Decides what is done now. [`Memory::look`] has taken the situation in before.
#[must_use]
pub fn tick(situation: &Situation, memory: &Memory) -> Vec<Decision> {
    match (&situation.paused, memory.held) {
        (Some(_), true) => return Vec::new(),
        (Some(why), false) => return vec![Decision::Hold(Reason::Paused(why.clone()))],
        (None, _) => {}
    }
    let mut tick = Tick { situation, memory, decisions: Vec::new(), taken: BTreeSet::new() };
    if memory.held {
        tick.decide(Decision::GoOn(Reason::PauseOver));
    }
    // Agents before cards: whoever is brought back in this tick is taken, and gets no card on the way.
    tick.floor();
    // Before work is given out, so that what is released here waits again in the next look.
    tick.claims();
    for given in dispatch(situation, memory, &|agent| tick.taken.contains(&agent)) {
        tick.decide(given);
    }
    tick.lifecycle();
    tick.replan();
    tick.review();
    // Last, as what was decided until now may be what mends it.
    tick.escalations();
    tick.decisions
}

impl Memory {
    /// Keeps what was said of a pause.
    pub fn decided(&mut self, decisions: &[Decision]) {
        for decision in decisions {
            match decision {
                Decision::Hold(_) => self.held = true,
                Decision::GoOn(_) => self.held = false,
                // Written down before it is done: killed amid it, nobody is asked twice.
                Decision::Review { card, .. } => self.over.retain(|over| over != card),
                _ => {}
            }
        }
    }
}

struct Tick<'a> {
    situation: &'a Situation,
    memory: &'a Memory,
    decisions: Vec<Decision>,
    /// Agents with which something is done in this tick.
    taken: BTreeSet<AgentName>,
}

impl Tick<'_> {
    fn decide(&mut self, decision: Decision) {
        if let Some(agent) = decision.occupies() {
            self.taken.insert(agent);
        }
        self.decisions.push(decision);
    }

    fn is_occupied(&self, seat: &Seat) -> bool {
        seat.busy || seat.unasked || self.taken.contains(&seat.name)
    }

    /// Whether an agent that ended may be brought back now.
    fn may_repair(&self, seat: &Seat) -> bool {
        !self.is_occupied(seat)
            && !seat.restarting
            && !Memory::waits(self.memory.repairs.get(&seat.name), self.situation.now)
    }

    /// Core agents stay, those of the floor above all; one that lives without a keeper gets another.
    fn floor(&mut self) {
        let situation = self.situation;
        for seat in &situation.seats {
            // A floor seat stays whatever its entry says of its lifespan: no card would ever start it again.
            let stays = seat.role.is_floor() || seat.lifespan == Lifespan::Core;
            // First of all: it lives, and whatever else is read of it must not have it restarted.
            if seat.unkept
                // Whoever stops one ends its keeper before its session: in one look both is the same.
                && self.memory.is_unkept(seat.name)
                && !seat.stopped
                && self.may_repair(seat)
            {
                self.decide(Decision::Keep { agent: seat.name, why: Reason::NoKeeper });
            } else if self.memory.is_broken_off(seat.name, situation.now)
                // What stands in the composer of a dead one is gone with it.
                && seat.readiness != Readiness::Dead
                && !self.is_occupied(seat)
                && !Memory::waits(self.memory.agents.get(&seat.name), situation.now)
            {
                self.decide(Decision::Clear { agent: seat.name, why: Reason::BrokenOff });
            } else if stays && !seat.stopped && self.memory.is_dead(seat.name) && self.may_repair(seat) {
                let why = Reason::Dead(seat.reason.clone());
                self.decide(Decision::Revive { agent: seat.name, why });
            }
        }
    }

    /// Claims whose time is over return to the pool, and those of agents that are gone.
    fn claims(&mut self) {
        let Some(cards) = &self.situation.cards else { return };
        let over: Vec<CardId> = cards.held.iter().filter(|held| held.expired).map(|held| held.id).collect();
        if !over.is_empty() {
            self.decide(Decision::Reclaim { cards: over, why: Reason::LeaseOver });
        }
        for held in cards.held.iter().filter(|held| held.here && !held.expired) {
            // While something is under way with it, its process may be about to change for a reason of ours.
            let Some(seat) = self.situation.seat(&held.owner).filter(|seat| !seat.busy && !seat.unasked) else {
                continue;
            };
            // Not only dead by its state: a process that lives may still be writing, and its claim is its own.
            let why = if seat.gone && self.memory.is_dead(seat.name) {
                Reason::OwnerGone
            } else if self.memory.is_anothers(held.id.as_str(), seat) {
                Reason::AnotherProcess
            } else {
                continue;
            };
            self.decide(Decision::Release { card: held.id, agent: seat.name, since: held.since, why });
        }
    }

    /// Ephemeral agents come when work waits for them, and go when there is none.
    fn lifecycle(&mut self) {
        let (situation, memory) = (self.situation, self.memory);
        // A backlog that cannot be read must neither start nor stop anybody.
        if situation.cards.is_none() {
            return;
        }
        // What is given away in this very tick starts nobody else.
        let dispatched: BTreeSet<CardId> = self
            .decisions
            .iter()
            .filter_map(|decision| match decision {
                Decision::Dispatch { card, .. } => Some(*card),
                _ => None,
            })
            .collect();
        let left: Vec<_> =
            givable(situation, memory).into_iter().filter(|card| !dispatched.contains(&card.id)).collect();
        for seat in situation.seats.iter().filter(|seat| seat.lifespan == Lifespan::Ephemeral && !seat.role.is_floor())
        {
            // Cards for anyone start nobody.
            let for_it = |card: &Waiting| {
                !card.assignee.is_empty()
                    && fit(card, seat).is_some()
                    && !memory.keeps_apart(seat.name, card.id.as_str(), situation.now)
            };
            let waiting = left.iter().filter(|card| for_it(card)).count();
            if self.memory.is_dead(seat.name) && self.may_repair(seat) {
                let of_class = || situation.seats.iter().filter(|other| other.class == seat.class);
                // Those that are there, or on their way.
                let there =
                    of_class().filter(|other| other.readiness != Readiness::Dead || self.is_occupied(other)).count();
                let ready = of_class().filter(|other| self.may_take(other)).count();
                let most = situation.settings.concurrency.get(&seat.class).copied().unwrap_or(usize::MAX);
                // Those on their way count as ready, else each tick until they are up would start one more.
                if waiting > ready && there < most && !seat.stopped {
                    let why = Reason::WorkWaits(waiting);
                    self.decide(Decision::Start { agent: seat.name, why });
                }
            } else if waiting == 0
                && !self.is_occupied(seat)
                && seat.readiness == Readiness::Available
                && situation.holds(seat.name.as_str()).is_none()
                && let Some(since) = memory.idle.get(&seat.name)
                // Not at once: the next card may come within the minute, and a start costs more than a rest.
                && situation.now >= *since + situation.settings.linger
            {
                let why = Reason::NoWork(situation.now.saturating_sub(*since));
                self.decide(Decision::Stop { agent: seat.name, why });
            }
        }
    }

    /// Whether an agent that is there, or on its way, will take one of the cards that are left.
    fn may_take(&self, seat: &Seat) -> bool {
        // It is on its way up, and will be free when it has come.
        let starts = self.is_occupied(seat) && seat.readiness == Readiness::Dead;
        let rests = !self.is_occupied(seat)
            && matches!(seat.readiness, Readiness::Available | Readiness::Working | Readiness::Unknown)
            && self.situation.holds(seat.name.as_str()).is_none()
            && !Memory::waits(self.memory.agents.get(&seat.name), self.situation.now);
        starts || rests
    }

    /// With no card open somebody is asked for more, once.
    fn replan(&mut self) {
        let Some(cards) = &self.situation.cards else { return };
        // Goals that cannot be read are not gone, and nobody is told that there are none.
        let Some(mark) = self.situation.mark() else { return };
        if open(cards) > 0 || self.memory.asked.as_ref().is_some_and(|asked| asked.mark == mark) {
            return;
        }
        let can = |seat: &&Seat| {
            matches!(seat.readiness, Readiness::Available | Readiness::Working)
                && !self.is_occupied(seat)
                && !Memory::waits(self.memory.agents.get(&seat.name), self.situation.now)
        };
        let planners = || self.situation.seats.iter().filter(|seat| seat.class == PLANNER);
        let asked = match planners().next() {
            // Where there is a planner that cannot be asked now, it is waited for, and nobody
            // else is asked instead.
            Some(_) => planners().find(can),
            // It is asked where it is, and two who plan the same make every card twice.
            // Where somebody supervises, that is: else nobody would be asked at all.
            None if cards.elsewhere.names.contains(PLANNER) => None,
            None => self.situation.seats.iter().filter(|seat| seat.role == Role::Lead).find(can),
        };
        if let Some(seat) = asked {
            self.decide(Decision::Replan { agent: seat.name, why: Reason::NothingOpen });
        }
    }

    /// At each card that is over somebody looks back, where the fleet has such a seat and it can listen.
    fn review(&mut self) {
        // One a tick: whoever looks back is occupied with it until the message is taken.
        let Some(&card) = self.memory.over.first() else { return };
        let listens = |seat: &&Seat| {
            seat.class == REVIEWER
                && matches!(seat.readiness, Readiness::Available | Readiness::Working)
                && !self.is_occupied(seat)
                && !Memory::waits(self.memory.agents.get(&seat.name), self.situation.now)
        };
        if let Some(seat) = self.situation.seats.iter().find(listens) {
            self.decide(Decision::Review { agent: seat.name, card });
        }
    }

    /// What cannot go on reaches a person, once; what goes on again is settled.
    fn escalations(&mut self) {
        // A list that cannot be read says neither what is missing in it nor what is too much.
        let Some(escalated) = &self.situation.escalated else { return };
        for (subject, why, tried) in self.due() {
            if !escalated.contains(&subject) {
                self.decide(Decision::Escalate { subject, why, tried });
            }
        }
        for subject in escalated {
            if self.is_settled(subject) {
                self.decide(Decision::Settle { subject: subject.clone(), why: Reason::WellAgain });
            }
        }
        self.tell();
    }

    /// Everything that a person has to look at now: what, why, and what was tried.
    fn due(&self) -> Vec<(Subject, Reason, String)> {
        let mut due = Vec::new();
        for role in [Role::Lead, Role::Enhancer] {
            let mut of_role = self.situation.seats.iter().filter(|seat| seat.role == role).peekable();
            let Some(first) = of_role.peek().map(|seat| seat.name) else { continue };
            // One of several that still runs is a staffed floor.
            if of_role.all(|seat| seat.stopped && self.memory.is_dead(seat.name)) {
                let subject = Subject::agent(Cause::Unstaffed, first.as_str());
                due.push((subject, Reason::StoppedOnPurpose, "nothing: who stopped it may start it".to_owned()));
            }
        }
        let mut failed = |subject, why: &String, what: &str, times: u32| {
            if times >= FAILURES {
                due.push((subject, Reason::Failed(why.clone()), format!("{what} {times} times")));
            }
        };
        for (agent, backoff) in &self.memory.repairs {
            let subject = Subject::agent(Cause::Dies, agent.as_str());
            failed(subject, &backoff.why, "restarted", backoff.failures);
        }
        for (agent, backoff) in &self.memory.agents {
            let subject = Subject::agent(Cause::TakesNoWork, agent.as_str());
            failed(subject, &backoff.why, "given work", backoff.failures);
        }
        for (card, backoff) in &self.memory.cards {
            failed(Subject::card(Cause::CannotBeGiven, card), &backoff.why, "given out", backoff.failures);
        }
        for (card, agents) in &self.memory.pairs {
            // Of one that has failed for itself already it is said above.
            let of_pair = agents.values().max_by_key(|pair| pair.failures);
            if let Some(pair) = of_pair.filter(|_| !self.memory.cards.contains_key(card)) {
                failed(Subject::card(Cause::CannotBeGiven, card), &pair.why, "given out", pair.failures);
            }
        }
        let desk = &self.memory.desk;
        let subject = Subject { cause: Cause::Backlog, agent: None, card: None };
        failed(subject, &desk.why, "given work out", desk.failures);
        for (card, stays) in self.situation.trees.iter().flatten() {
            failed(Subject::card(Cause::TreeStays, card), &stays.why, "taken away", stays.times);
        }
        // What follows speaks of cards, and nothing is said of them that was not read.
        let Some(cards) = &self.situation.cards else { return due };
        let waits = |card: &str| cards.waiting.iter().any(|waiting| waiting.id.as_str() == card);
        for (card, times) in
            self.memory.attempts.iter().filter(|(card, times)| **times >= GIVEN_OUT_OFTEN && waits(card))
        {
            let subject = Subject::card(Cause::NeverEnds, card);
            due.push((subject, Reason::GivenOut(*times), "it is given out again".to_owned()));
        }
        let mut for_nobody: BTreeMap<&str, (usize, CardId)> = BTreeMap::new();
        for card in &cards.waiting {
            if !self.situation.knows(&card.assignee) {
                for_nobody.entry(&card.assignee).or_insert((0, card.id)).0 += 1;
            }
        }
        // One for each name: a thousand goals of a fleet without a planner are one person's one errand.
        for (assignee, (count, first)) in for_nobody {
            let (agent, tried) = match assignee {
                "" => (None, "nothing: a card for anyone starts no agent, and none is there that takes it"),
                name => (Some(name.to_owned()), "nothing: the roster has nobody for it"),
            };
            let subject = Subject { cause: Cause::NoSuchAgent, agent, card: None };
            due.push((subject, Reason::ForNobody(count, first), tried.to_owned()));
        }
        for card in cards.waiting.iter().filter(|card| self.is_stranded(card)) {
            let subject = Subject::card(Cause::CannotBeGiven, card.id.as_str());
            due.push((subject, Reason::AllAuthors, "nothing: an author approves nothing".to_owned()));
        }
        for card in &cards.blocked {
            let subject =
                Subject { cause: Cause::Blocked, agent: Some(card.owner.clone()), card: Some(card.id.to_string()) };
            due.push((subject, Reason::Said(card.reason.clone()), format!("{} worked on it", card.owner)));
        }
        if let Some(asked) = self.memory.asked.as_ref().filter(|_| self.made_no_card(cards)) {
            let since = self.situation.now.saturating_sub(asked.at);
            let tried = format!("asked {} ago", age::short(since));
            due.push((Subject::agent(Cause::NoCards, asked.agent.as_str()), Reason::NothingOpen, tried));
        }
        due
    }

    /// Whether a card waits for a review, and all who could take it are its authors.
    fn is_stranded(&self, card: &Waiting) -> bool {
        let for_it = |seat: &&Seat| card.assignee == seat.name.as_str() || card.assignee == seat.class;
        let mut could = self.situation.seats.iter().filter(for_it).peekable();
        could.peek().is_some()
            && could.all(|seat| card.is_by(seat.name))
            // The supervisor of their host may give it to one of them.
            && !self.situation.is_elsewhere(&card.assignee)
    }

    /// Whether somebody was asked for cards, rests, and the backlog is as it was.
    fn made_no_card(&self, cards: &Cards) -> bool {
        let Some(asked) = &self.memory.asked else { return false };
        open(cards) == 0
            && self.situation.mark().is_some_and(|mark| mark == asked.mark)
            && self.situation.now >= asked.at + MADE_WITHIN
            && self.situation.seat(asked.agent.as_str()).is_some_and(|seat| seat.readiness == Readiness::Available)
    }

    /// Whether the cause of an escalation is gone.
    fn is_settled(&self, subject: &Subject) -> bool {
        let agent = subject.agent.as_deref().unwrap_or_default();
        let card = subject.card.as_deref().unwrap_or_default();
        let cards = self.situation.cards.as_ref();
        let seat = self.situation.seat(agent);
        let named = |among: &BTreeMap<AgentName, Backoff>| among.keys().any(|name| name.as_str() == agent);
        match subject.cause {
            // An agent that has left the roster has no trouble left that somebody could end.
            Cause::Unstaffed => seat.is_none_or(|seat| seat.readiness != Readiness::Dead),
            Cause::Dies => !named(&self.memory.repairs) && seat.is_none_or(|seat| seat.readiness != Readiness::Dead),
            Cause::TakesNoWork => !named(&self.memory.agents),
            // While it is tried once more somebody holds it, for a moment.
            Cause::CannotBeGiven => cards.is_some_and(|cards| {
                let waits = cards.waiting.iter().find(|waiting| waiting.id.as_str() == card);
                let fails = self.memory.cards.contains_key(card) || self.memory.pairs.contains_key(card);
                !(fails || waits.is_some_and(|waiting| self.is_stranded(waiting)))
                    || (!cards.waiting.iter().any(|waiting| waiting.id.as_str() == card)
                        && !cards.held.iter().any(|held| held.id.as_str() == card))
            }),
            Cause::NeverEnds => cards.is_some_and(|cards| {
                !cards.waiting.iter().any(|waiting| waiting.id.as_str() == card)
                    && !cards.held.iter().any(|held| held.id.as_str() == card)
            }),
            Cause::Blocked => {
                cards.is_some_and(|cards| !cards.blocked.iter().any(|blocked| blocked.id.as_str() == card))
            }
            Cause::NoCards => {
                cards.is_some_and(|cards| open(cards) > 0)
                    || self.memory.asked.as_ref().is_none_or(|asked| {
                        // What cannot be read has not changed.
                        self.situation.mark().is_some_and(|mark| mark != asked.mark)
                    })
            }
            Cause::Backlog => self.memory.desk.failures == 0,
            Cause::TreeStays => self.situation.trees.as_ref().is_some_and(|trees| !trees.contains_key(card)),
            // A merge ends it by itself; a card that came to its end in another way is at no gate any more.
            Cause::Gate => cards.is_some_and(|cards| cards.ended.iter().any(|ended| ended.as_str() == card)),
            Cause::NoSuchAgent => {
                self.situation.knows(agent)
                    || cards.is_some_and(|cards| !cards.waiting.iter().any(|waiting| waiting.assignee == agent))
            }
        }
    }

    /// Tells the coordinating seat of one escalation that it does not know.
    fn tell(&mut self) {
        let situation = self.situation;
        let lead = situation.seats.iter().find(|seat| {
            seat.role == Role::Lead
                && matches!(seat.readiness, Readiness::Available | Readiness::Working)
                && !self.is_occupied(seat)
        });
        let Some(lead) = lead else { return };
        let next = situation.untold.iter().find(|(id, subject)| {
            let tried = self.memory.tells.get(id);
            subject.agent.as_deref() != Some(lead.name.as_str())
                && !Memory::waits(tried, situation.now)
                // A lead that takes no message is an escalation by itself, which the list and the header show.
                && tried.is_none_or(|tried| tried.failures < FAILURES)
        });
        if let Some((id, subject)) = next {
            self.decide(Decision::Tell { agent: lead.name, id: id.clone(), subject: subject.clone() });
        }
    }
}

/// Cards that are not done.
fn open(cards: &Cards) -> u64 {
    cards.counts.total() - cards.counts.of(Column::Done)
}
