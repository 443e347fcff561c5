//! What is known from ticks before: who was seen gone, who backs off and until when, what was asked for.
//!
//! What must outlive a supervisor that is killed is written down; what two looks of one supervisor have to agree on is
//! not. Times are since boot, so no step of a clock changes a pause; after a reboot none of them holds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::situation::{Seat, Situation};
use crate::backlog::model::CardId;
use crate::fleet::model::{AgentName, Readiness};

/// Two looks that agree are at least so far apart.
// Two snapshots can come a few milliseconds apart, and would show one moment twice.
const LOOKS_APART: Duration = Duration::from_millis(200);

/// The first pause of an agent that took no work, and of a card that could not be given; it doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// The first pause behind the restart of an agent that ended; it doubles.
// Shorter than the pause for work: an agent that is down costs more than one more start.
const FIRST_REST: Duration = Duration::from_secs(15);

/// The first pause of everything that is given out, where the backlog or this host failed; it doubles.
// Nobody is to blame who could be left alone instead, and it may be over in a moment.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// The longest of these.
// What was in the way may go without a trace, as a disk that has space again; idle agents cost more than a try a minute.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// The longest pause.
// Doubling without an end would leave an agent alone for days whose trouble was over in an hour.
const MAX_PAUSE: Duration = Duration::from_secs(30 * 60);

/// An agent that lives for so long after a restart has got over what ended it: it starts, and takes work. An end that comes
/// later counts as a first one, however it came, so one that works for a while between its ends is brought back at once.
const STANDS_AFTER: Duration = Duration::from_secs(10);

/// A text that stands in a composer for so long without an Enter was left by a delivery that was killed.
const BROKEN_OFF_AFTER: Duration = Duration::from_secs(3);

/// So many failures in a row are a person's business.
// One may be chance, and two a runtime that was updated meanwhile; an escalation asks
// for a person's time.
pub(super) const FAILURES: u32 = 3;

/// Failures in a row, and the pause behind the last.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backoff {
    /// How many there were.
    pub failures: u32,
    /// Until when nothing is tried, since boot.
    pub until: Duration,
    /// The last one, in its own words.
    pub why: String,
    /// Whether the last one counts against an agent already: each counts once, whoever turns out to be to blame.
    #[serde(default)]
    pub counted: bool,
}

impl Backoff {
    fn failed(&mut self, first: Duration, why: &str, now: Duration) {
        // Counted before this failure is, so that the first pause is `first` itself.
        let pause = first.saturating_mul(2_u32.saturating_pow(self.failures)).min(MAX_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.until = now + pause;
        why.clone_into(&mut self.why);
    }
}

/// A request for cards.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Who was asked.
    pub agent: AgentName,
    /// What the backlog and the goals were then.
    pub mark: String,
    /// When, since boot.
    pub at: Duration,
}

/// What is known from ticks before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Agents that did not take work.
    pub agents: BTreeMap<AgentName, Backoff>,
    /// Cards that could not be given.
    pub cards: BTreeMap<String, Backoff>,
    /// Cards that could not be given to one agent, by card and agent, where it may be either's fault.
    pub pairs: BTreeMap<String, BTreeMap<AgentName, Backoff>>,
    /// Failures of the backlog or of this host, while cards were given out.
    pub desk: Backoff,
    /// Agents that were brought back.
    pub repairs: BTreeMap<AgentName, Backoff>,
    /// Escalations that could not be told.
    pub tells: BTreeMap<String, Backoff>,
    /// How often cards were claimed that were given out.
    pub attempts: BTreeMap<String, i64>,
    /// The line of the backlog's history up to which is known which cards ended; `None` before anybody asked.
    pub line: Option<i64>,
    /// Cards that ended, and at which nobody has looked back.
    pub over: Vec<CardId>,
    /// Cards that were given: to which process of which agent.
    pub given: BTreeMap<String, Given>,
    /// The last request for cards.
    pub asked: Option<Asked>,
    /// Whether it was said that the fleet is paused.
    #[serde(skip)]
    pub(super) held: bool,
    /// Agents that were seen gone: in which look and when first, and whether a second look agrees.
    #[serde(skip)]
    gone: BTreeMap<AgentName, Gone>,
    /// Agents that were seen alive without a keeper, likewise.
    #[serde(skip)]
    unkept: BTreeMap<AgentName, Gone>,
    /// Since when an agent lives.
    #[serde(skip)]
    lives: BTreeMap<AgentName, Duration>,
    /// Since when a text of a delivery stands in an agent's composer.
    #[serde(skip)]
    drafted: BTreeMap<AgentName, Duration>,
    /// Since when an agent has no card.
    #[serde(skip)]
    pub(super) idle: BTreeMap<AgentName, Duration>,
}

/// To which process a card was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    /// Its agent.
    pub agent: AgentName,
    /// When it began, since boot.
    pub began: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gone {
    look: u64,
    since: Duration,
    agreed: bool,
}

impl Gone {
    /// Takes in that something of an agent is seen, for the first time or once more.
    fn seen(all: &mut BTreeMap<AgentName, Self>, agent: AgentName, situation: &Situation) {
        let first = Self { look: situation.look, since: situation.now, agreed: false };
        let gone = all.entry(agent).or_insert(first);
        // One snapshot can be looked at twice, as news of something else wakes the supervisor as well.
        gone.agreed |= gone.look != situation.look && situation.now >= gone.since + LOOKS_APART;
    }
}

impl Memory {
    /// Takes in a look at the fleet.
    pub fn look(&mut self, situation: &Situation) {
        let now = situation.now;
        let seat = |name: &AgentName| situation.seat(name.as_str());
        let named = |name: &AgentName| seat(name).is_some();
        // One that was seen alive in between begins anew: two looks agree only when they follow each other.
        self.gone.retain(|name, _| seat(name).is_some_and(|seat| seat.readiness == Readiness::Dead));
        self.unkept.retain(|name, _| seat(name).is_some_and(|seat| seat.unkept));
        self.lives.retain(|name, _| named(name));
        self.idle.retain(|name, _| named(name));
        self.drafted.retain(|name, _| named(name));
        self.agents.retain(|name, _| named(name));
        self.repairs.retain(|name, _| named(name));
        self.pairs.values_mut().for_each(|agents| agents.retain(|name, _| named(name)));
        // What was told or settled is forgotten, else the file of this memory would grow for ever.
        let untold = |id: &String| situation.untold.iter().any(|(untold, _)| untold == id);
        self.tells.retain(|id, _| untold(id));
        // A backlog that cannot be read says nothing about its cards: what is known of them stays.
        if let Some(cards) = &situation.cards {
            // While one is being given it is held for a moment.
            let waiting = cards.waiting.iter().map(|card| &card.id).chain(cards.held.iter().map(|card| &card.id));
            let open: BTreeSet<&str> = waiting.map(CardId::as_str).collect();
            self.cards.retain(|card, _| open.contains(card.as_str()));
            self.pairs.retain(|card, agents| open.contains(card.as_str()) && !agents.is_empty());
            self.attempts.retain(|card, _| open.contains(card.as_str()));
            self.given.retain(|card, _| cards.held.iter().any(|held| held.id.as_str() == card));
            // Without a seat that looks back none was read, and a line that is known must not be lost for it.
            if cards.line.is_some() {
                self.over.extend(&cards.over);
                self.line = cards.line;
            }
        }
        for seat in &situation.seats {
            if seat.readiness == Readiness::Dead {
                self.lives.remove(&seat.name);
                Gone::seen(&mut self.gone, seat.name, situation);
            } else {
                let watched = *self.lives.entry(seat.name).or_insert(now);
                // A supervisor that came later than the agent must not begin to count anew: with one that ends often
                // itself, agents would never be seen to stand.
                let since = seat.began.unwrap_or(watched);
                if now >= since + STANDS_AFTER {
                    self.repairs.remove(&seat.name);
                }
            }
            if seat.unkept {
                Gone::seen(&mut self.unkept, seat.name, situation);
            }
            if seat.drafted && !seat.busy {
                self.drafted.entry(seat.name).or_insert(now);
            } else {
                self.drafted.remove(&seat.name);
            }
            if situation.holds(seat.name.as_str()).is_some() || seat.busy || seat.readiness == Readiness::Working {
                self.idle.remove(&seat.name);
            } else if seat.readiness == Readiness::Available && !seat.unasked {
                // What it was before holds for one of whose cards nobody asked: an edit of the roster lets nobody's rest
                // begin anew.
                self.idle.entry(seat.name).or_insert(now);
            }
        }
    }

    /// Whether two looks agree that an agent is dead.
    #[must_use]
    pub fn is_dead(&self, agent: AgentName) -> bool {
        self.gone.get(&agent).is_some_and(|gone| gone.agreed)
    }

    /// Whether two looks agree that an agent lives and nobody keeps it.
    #[must_use]
    pub fn is_unkept(&self, agent: AgentName) -> bool {
        self.unkept.get(&agent).is_some_and(|unkept| unkept.agreed)
    }

    /// Whether a delivery to an agent was broken off, and its text stands in the composer.
    #[must_use]
    pub fn is_broken_off(&self, agent: AgentName, now: Duration) -> bool {
        self.drafted.get(&agent).is_some_and(|since| now >= *since + BROKEN_OFF_AFTER)
    }

    /// Whether something was seen that another look has to confirm.
    #[must_use]
    pub fn doubts(&self) -> bool {
        self.gone.values().chain(self.unkept.values()).any(|gone| !gone.agreed) || !self.drafted.is_empty()
    }

    /// Notes that an agent took no work.
    pub fn took_no_work(&mut self, agent: AgentName, why: &str, now: Duration) {
        self.agents.entry(agent).or_default().failed(FIRST_PAUSE, why, now);
    }

    /// Notes that an agent took a card, which was claimed so often by now.
    pub fn took_work(&mut self, agent: AgentName, card: &str, attempts: i64, began: Option<Duration>) {
        if let Some(began) = began {
            self.given.insert(card.to_owned(), Given { agent, began });
        }
        // Whoever took one card is well again, and so is a card that somebody took.
        self.agents.remove(&agent);
        self.cards.remove(card);
        self.desk = Backoff::default();
        self.attempts.insert(card.to_owned(), attempts);
    }

    /// Finds out who was to blame for what failed before: with another agent the card went well, and the agent with
    /// another card.
    pub fn went_well(&mut self, agent: AgentName, card: &str, now: Duration) {
        for (other, failed) in self.pairs.remove(card).unwrap_or_default() {
            if other != agent && !failed.counted {
                self.took_no_work(other, &failed.why, now);
            }
        }
        let cards: Vec<String> = self.pairs.keys().cloned().collect();
        for other in cards {
            if let Some(failed) = self.pairs.get_mut(&other).and_then(|agents| agents.remove(&agent)) {
                self.could_not_give(&other, &failed.why, now);
            }
        }
        self.pairs.retain(|_, agents| !agents.is_empty());
    }

    /// Notes that a card could not be given to an agent, and that it may be the fault of either.
    pub fn could_not_work(&mut self, agent: AgentName, card: &str, why: &str, now: Duration) {
        // Two cards in a row that have nothing in common but the agent. It must not be handed all that wait, one by one.
        let counted = self.pairs.iter().any(|(other, agents)| other != card && agents.contains_key(&agent));
        let pair = self.pairs.entry(card.to_owned()).or_default().entry(agent).or_default();
        pair.failed(FIRST_PAUSE, why, now);
        pair.counted = counted;
        if counted {
            self.took_no_work(agent, why, now);
        }
    }

    /// Whether an agent does not get a card that it could not be given before.
    #[must_use]
    pub(super) fn keeps_apart(&self, agent: AgentName, card: &str, now: Duration) -> bool {
        Self::waits(self.pairs.get(card).and_then(|agents| agents.get(&agent)), now)
    }

    /// Notes that the backlog or this host failed while a card was given out.
    pub fn stumbled(&mut self, why: &str, now: Duration) {
        // Several that were under way at once fail at once, and are one failure.
        if !Self::waits(Some(&self.desk), now) {
            self.desk.failed(FIRST_WAIT, why, now);
            self.desk.until = self.desk.until.min(now + MAX_WAIT);
        }
    }

    /// Whether nothing is given out, since the backlog or this host failed just now.
    #[must_use]
    pub(super) fn rests(&self, now: Duration) -> bool {
        Self::waits(Some(&self.desk), now)
    }

    /// Notes that an agent could not be stopped: it stays for another while.
    pub fn could_not_stop(&mut self, agent: AgentName) {
        // Its time begins anew, and with it the next try: else it would be stopped again in each tick.
        self.idle.remove(&agent);
    }

    /// Notes that a card could not be given to anybody.
    pub fn could_not_give(&mut self, card: &str, why: &str, now: Duration) {
        self.cards.entry(card.to_owned()).or_default().failed(FIRST_PAUSE, why, now);
    }

    /// Notes that an agent was brought back, or that this failed.
    pub fn revived(&mut self, agent: AgentName, why: &str, now: Duration) {
        self.repairs.entry(agent).or_default().failed(FIRST_REST, why, now);
    }

    /// Whether an agent was brought back, and has not got over what ended it.
    #[must_use]
    pub fn was_revived(&self, agent: AgentName) -> bool {
        self.repairs.contains_key(&agent)
    }

    /// Whether it matters when an agent's process began.
    #[must_use]
    pub fn asks_for_age(&self, agent: AgentName) -> bool {
        self.was_revived(agent) || self.given.values().any(|given| given.agent == agent)
    }

    /// Whether the process to which an agent's card was given is gone, and another one runs in its place: that one has
    /// never heard of the card.
    #[must_use]
    pub fn is_anothers(&self, card: &str, seat: &Seat) -> bool {
        let given = self.given.get(card).filter(|given| given.agent == seat.name);
        // Where either is not known nothing is concluded: a card must not be taken from
        // whoever works on it.
        given.zip(seat.began).is_some_and(|(given, began)| began > given.began)
    }

    /// Notes that nobody could be asked to look back at a card.
    pub fn could_not_review(&mut self, agent: AgentName, card: CardId, why: &str, now: Duration) {
        // In front again, since cards are looked back at in the order in which they ended.
        self.over.insert(0, card);
        self.took_no_work(agent, why, now);
    }

    /// Notes that an escalation could not be told.
    pub fn could_not_tell(&mut self, id: &str, why: &str, now: Duration) {
        self.tells.entry(id.to_owned()).or_default().failed(FIRST_PAUSE, why, now);
    }

    /// Whether a pause still lasts.
    #[must_use]
    pub(super) fn waits(backoff: Option<&Backoff>, now: Duration) -> bool {
        backoff.is_some_and(|backoff| now < backoff.until)
    }

    /// When the next pause is over.
    #[must_use]
    pub fn next_due(&self, now: Duration) -> Option<Duration> {
        let of_agents = self.agents.values().chain(self.repairs.values());
        let of_pairs = self.pairs.values().flat_map(BTreeMap::values).chain([&self.desk]);
        let all = of_agents.chain(self.cards.values()).chain(self.tells.values()).chain(of_pairs);
        all.map(|backoff| backoff.until).filter(|until| *until > now).min()
    }

    /// The same memory after a reboot: times before it mean nothing, and what failed then is tried at once.
    #[must_use]
    pub fn after_reboot(mut self) -> Self {
        let of_agents = self.agents.values_mut().chain(self.repairs.values_mut());
        let all = of_agents.chain(self.cards.values_mut()).chain(self.tells.values_mut());
        // The failures are kept: what failed three times waits for a person after a reboot as well.
        let of_pairs = self.pairs.values_mut().flat_map(BTreeMap::values_mut).chain([&mut self.desk]);
        let all = all.chain(of_pairs);
        all.for_each(|backoff| backoff.until = Duration::ZERO);
        if let Some(asked) = &mut self.asked {
            asked.at = Duration::ZERO;
        }
        // Whatever began before is gone.
        // With that, each process of this boot counts as another one than the card was given to.
        self.given.values_mut().for_each(|given| given.began = Duration::ZERO);
        self
    }
}
