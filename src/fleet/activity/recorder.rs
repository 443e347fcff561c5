//! Writing down what is seen of all planes: for a process that looks at the fleet for as long as it lives.
//!
//! Every such process writes what it sees change, and marks the time in which it looks. Two of them write one change
//! once (`news`).

use std::collections::HashMap;

use jiff::Timestamp;

use crate::fleet::error::Result;
use crate::fleet::home::Site;
use crate::fleet::model::{AgentRow, FleetSnapshot, Readiness, Shown};

use super::event::{Door, Event, Kind};
use super::store::Store;
use super::take::take_in;

/// A state stands for so long before it is written down, in milliseconds: what a single look shows and the next one
/// does not is no change.
const STANDS: i64 = 900;

/// That nothing is known of an agent stands for longer: another host answers some seconds after the first look, and
/// what is not known yet is no change.
const UNKNOWN_STANDS: i64 = 10_000;

/// The time of looking is marked this often, in milliseconds.
const MARK_EVERY: i64 = 30_000;

/// Writes what is seen into the history.
pub struct Recorder {
    site: Site,
    store: Store,
    /// Who looks, such as `dashboard 4711`.
    observer: String,
    seen: HashMap<(String, String), Sighting>,
    marked: Option<i64>,
    /// The newest look.
    newest: Option<i64>,
}

/// What was seen of an agent.
#[derive(Debug, Clone, Copy)]
struct Sighting {
    /// What is written down already, where it is known.
    written: Option<Readiness>,
    /// The newest state, and since when it is seen.
    state: Readiness,
    since: i64,
}

impl Recorder {
    /// Opens the history for a process that looks, under this name.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(site: &Site, observer: &str) -> Result<Self> {
        Ok(Self {
            store: Store::open(site)?,
            site: site.clone(),
            observer: format!("{observer} {}", std::process::id()),
            seen: HashMap::new(),
            marked: None,
            newest: None,
        })
    }

    /// The open history.
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Takes in what waits; how many events were news.
    ///
    /// # Errors
    /// When the history cannot be written.
    pub fn take_in(&mut self) -> Result<usize> {
        take_in(&self.site, &mut self.store)
    }

    /// Takes a look at the fleet; how many changes were news.
    ///
    /// # Errors
    /// When the history cannot be written; the same changes are written the next time.
    pub fn observe(&mut self, snapshot: &FleetSnapshot) -> Result<usize> {
        let at = snapshot.observed_at.as_millisecond();
        self.newest = Some(at);
        if self.marked.is_none_or(|marked| at - marked >= MARK_EVERY) {
            self.store.watched(at)?;
            self.marked = Some(at);
        }
        let mut events = Vec::new();
        // Made anew: agents that are gone are forgotten with it.
        let mut there = HashMap::new();
        for row in snapshot.agents.iter().filter(|row| row.managed) {
            let key = (row.host.clone(), row.name.to_string());
            let mut sighting = match self.seen.get(&key) {
                Some(known) if known.state == row.readiness => *known,
                known => Sighting { written: known.and_then(|known| known.written), state: row.readiness, since: at },
            };
            if sighting.written != Some(row.readiness) && at - sighting.since >= stands(row.readiness) {
                // The moment at which it began, and not the one at which it had stood for long enough.
                events.push(self.change(row, sighting.since, &snapshot.tenant_id));
                sighting.written = Some(row.readiness);
            }
            there.insert(key, sighting);
        }
        if events.is_empty() {
            self.seen = there;
            return Ok(0);
        }
        // What an agent's keeper told of the same change comes first.
        self.take_in()?;
        let news = self.store.take_in(&events)?;
        // Only now: what could not be written is still a change at the next look.
        self.seen = there;
        Ok(news)
    }

    /// Marks the end of looking.
    ///
    /// # Errors
    /// When the history cannot be written.
    pub fn end(&mut self) -> Result<()> {
        self.newest.map_or(Ok(()), |at| self.store.watched(at))
    }

    /// Whether something was seen that has to stand for a moment yet.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.seen.values().any(|sighting| sighting.written != Some(sighting.state))
    }

    fn change(&self, row: &AgentRow, at: i64, tenant_id: &str) -> Event {
        let time = Timestamp::from_millisecond(at).unwrap_or_default();
        let mut event = Event {
            agent: Some(row.name.to_string()),
            who: self.observer.clone(),
            door: Some(Door::Observer),
            outcome: String::new(),
            good: good(row.readiness).filter(|_| row.shown() != Shown::Stopped),
            state: Some(row.readiness),
            text: row.reason.to_string(),
            ..Event::new(Kind::Readiness, time, tenant_id, &row.host)
        };
        event.detail.insert("observer".to_owned(), self.observer.clone().into());
        if let Some(question) = &row.question {
            event.detail.insert("question".to_owned(), question.to_string().into());
        }
        event
    }
}

/// How long a state stands before it is written down, in milliseconds.
fn stands(state: Readiness) -> i64 {
    if state == Readiness::Unknown { UNKNOWN_STANDS } else { STANDS }
}

/// Whether a state is good; work and rest are neither.
pub(super) fn good(state: Readiness) -> Option<bool> {
    matches!(state, Readiness::Stuck | Readiness::Dead | Readiness::Stale).then_some(false)
}
