//! What can be done with cards, on any store: rules applied, history written, all in one transaction.

use std::collections::BTreeSet;

use serde_json::json;

use super::checks;
use super::error::{Again, Failure, Result, no_card};
use super::graph::{self, Graph};
use super::model::{Card, CardEvent, CardId, EventKind, Goals, NewCard, Patch, Stamp, check_line, check_owner};
use super::rules::{self, Changed};
use super::stages;
use super::store::{Change, ClaimRequest, ListQuery, Neighbour, Sort, Store, Who};

/// How often a change that collides with another is tried; each try waits for the other first.
const TRIES: u32 = 5;

/// Lines of history read to say what changed since a version.
const RECENT: u32 = 50;

/// Neighbours and lines of history in a card's detail.
const DETAIL: u32 = 200;

/// Goals read at once: a north star has at most a thousand.
const GOALS: u64 = 10_000;

/// Steps, cards and edges of the graph around a card: more fits on no screen.
const AROUND_STEPS: usize = 3;
const AROUND_CARDS: usize = 48;
const AROUND_EDGES: u32 = 200;

/// The backlog: a store, and who works with it.
pub struct Backlog {
    store: Box<dyn Store>,
    who: Who,
}

/// A card that was asked for, and whether the request changed anything.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The card as it is now.
    pub card: Card,
    /// Whether it was changed.
    pub changed: bool,
    /// As it was before it was changed, when it was there.
    pub before: Option<Card>,
}

impl Outcome {
    fn unchanged(card: Card) -> Self {
        Self { card, changed: false, before: None }
    }
}

/// Everything about one card.
#[derive(Debug, Clone, PartialEq)]
pub struct Detail {
    /// The card.
    pub card: Card,
    /// What it depends on.
    pub dependencies: Vec<Neighbour>,
    /// What depends on it.
    pub dependents: Vec<Neighbour>,
    /// Its newest history, oldest first.
    pub history: Vec<CardEvent>,
    /// The graph around it, some steps in both directions.
    pub around: Graph,
}

impl Backlog {
    /// Creates a backlog on a store.
    #[must_use]
    pub fn new(store: Box<dyn Store>, who: Who) -> Self {
        Self { store, who }
    }

    /// Returns the store, for reading.
    pub fn store(&mut self) -> &mut dyn Store {
        &mut *self.store
    }

    /// Creates a card.
    ///
    /// # Errors
    /// Returns an error if it is not valid, exists already, or would close a cycle.
    pub fn create(&mut self, new: &NewCard) -> Result<Outcome> {
        // Before the transaction: what is not valid holds nobody up.
        checks::check_new(new)?;
        if let Some(key) = &new.idempotency_key {
            check_line("idempotency key", key)?;
        }
        self.write(|change, who| {
            // First of all: a create that is repeated has the same id as well, and is not refused for it.
            if let Some(key) = &new.idempotency_key
                && let Some(id) = change.card_with_key(key)?
            {
                let card = existing(change, &id)?;
                return Ok(Outcome::unchanged(card));
            }
            let now = change.now()?;
            let card = rules::new_card(new, &who.tenant_id, &who.host, now);
            // Also without edges of its own: others may be making theirs to this card just now.
            change.hold_edges()?;
            if change.card(&new.id)?.is_some() {
                return Err(taken(&card));
            }
            for on in &card.depends_on {
                // A card that others wait for already may not wait for one of them.
                refuse_cycle(change, &new.id, on)?;
            }
            change.insert(std::slice::from_ref(&card))?;
            append(change, who, &card, now, Changed { kind: EventKind::Created, detail: json!({}) })?;
            // Read back: the triggers have counted its open dependencies.
            Ok(Outcome { card: existing(change, &new.id)?, changed: true, before: None })
        })
    }

    /// Changes fields of a card.
    ///
    /// # Errors
    /// Returns an error if it does not exist, has another version, or would close a cycle.
    pub fn edit(&mut self, id: &CardId, patch: &Patch, if_version: Option<i64>) -> Result<Outcome> {
        checks::check(patch)?;
        self.write(|change, who| {
            if let Some(wanted) = &patch.depends_on {
                change.hold_edges()?;
                let had: BTreeSet<CardId> =
                    change.dependencies(std::slice::from_ref(id))?.into_iter().map(|(_, on)| on).collect();
                // Dependencies are held before the card, in order: whoever completes one goes the same way.
                for on in had.iter().chain(wanted).collect::<BTreeSet<_>>() {
                    // One that the card had may be missing already, and may stay so.
                    if change.card(on)?.is_none() && !had.contains(on) {
                        return Err(no_card(on));
                    }
                }
            }
            let before = existing(change, id)?;
            rules::check_version(&before, if_version, || change.history(id, RECENT))?;
            alter(change, who, before, |change, before, card| {
                let edited = rules::edit(card, patch);
                for on in card.depends_on.iter().filter(|on| !before.depends_on.contains(on)) {
                    refuse_cycle(change, id, on)?;
                    change.add_edge(id, on)?;
                }
                for on in before.depends_on.iter().filter(|on| !card.depends_on.contains(on)) {
                    change.remove_edge(id, on)?;
                }
                Ok(edited)
            })
        })
    }

    /// Claims the next card; `None` if there is none for this claimer.
    ///
    /// # Errors
    /// Returns an error if the request is not valid, or the named card does not exist.
    pub fn claim(&mut self, request: &ClaimRequest) -> Result<Option<Card>> {
        check_owner(&request.owner)?;
        request.ttl_seconds.map_or(Ok(()), checks::check_ttl)?;
        let Some(id) = &request.id else {
            let mut tries = 0;
            return loop {
                tries += 1;
                match self.store.claim(request, &self.who) {
                    Err(error) if error.again == Some(Again::Collision) && tries < TRIES => {}
                    Err(error) if error.again == Some(Again::Collision) => {
                        // For whoever asked, a collision that does not end is a failure like any other.
                        break Err(Failure { again: None, ..error });
                    }
                    claimed => break claimed,
                }
            };
        };
        self.write(|change, who| {
            let mut card = existing(change, id)?;
            // After the card is held: the lease begins now, not before the waiting.
            let now = change.now()?;
            // With a line of history of its own, which says who has lost the lease.
            if let Some(reclaimed) = rules::reclaim_expired(&mut card, now) {
                card = finish(change, who, card, reclaimed)?;
            }
            let Some(claimed) = rules::claim(&mut card, request, &who.host, now) else { return Ok(None) };
            finish(change, &request.claimer(who), card, claimed).map(Some)
        })
    }

    /// Renews a claim.
    ///
    /// # Errors
    /// Returns an error if the claim is no longer this owner's.
    pub fn renew(&mut self, id: &CardId, owner: &str, token: i64, ttl_seconds: Option<i64>) -> Result<Outcome> {
        check_owner(owner)?;
        ttl_seconds.map_or(Ok(()), checks::check_ttl)?;
        self.change(id, None, |card, now| rules::renew(card, owner, token, ttl_seconds, now).map(Some))
    }

    /// Gives a claim back before its time is over, and says why.
    ///
    /// # Errors
    /// Returns an error if the token is no longer the current one.
    pub fn release(&mut self, id: &CardId, token: i64, reason: &str) -> Result<Outcome> {
        self.change(id, None, |card, now| rules::release(card, token, reason, now))
    }

    /// Completes a card.
    ///
    /// # Errors
    /// Returns an error if the token is no longer the current one, or it is a goal's card and there is no work for the goal.
    pub fn complete(&mut self, id: &CardId, token: Option<i64>) -> Result<Outcome> {
        self.write(|change, who| {
            let before = existing(change, id)?;
            let goal = before.of_goal().map(|goal| change.has_work_for(goal, id));
            let (now, decomposed) = (change.now()?, goal.transpose()?.unwrap_or(true));
            alter(change, who, before, |_, _, card| rules::complete(card, token, decomposed, now))
        })
    }

    /// Moves a card to another stage of its work.
    ///
    /// # Errors
    /// Returns an error if the move is not valid, or the token is no longer the current one.
    pub fn go(&mut self, id: &CardId, to: &stages::Move<'_>, token: Option<i64>) -> Result<Outcome> {
        stages::check(to)?;
        self.change(id, None, |card, now| stages::go(card, to, token, now))
    }

    /// Blocks a card.
    ///
    /// # Errors
    /// Returns an error if it is done, or the token is no longer the current one.
    pub fn block(&mut self, id: &CardId, token: Option<i64>, reason: &str, if_version: Option<i64>) -> Result<Outcome> {
        self.change(id, if_version, |card, now| rules::block(card, token, reason, now))
    }

    /// Unblocks a card.
    ///
    /// # Errors
    /// Returns an error if it is claimed or done.
    pub fn unblock(&mut self, id: &CardId, if_version: Option<i64>) -> Result<Outcome> {
        self.change(id, if_version, |card, _| rules::unblock(card))
    }

    /// Returns one claim to the pool whether or not it expired, or all that expired; answers with their cards.
    ///
    /// # Errors
    /// Returns an error if the named card does not exist.
    pub fn reclaim(&mut self, id: Option<&CardId>) -> Result<Vec<Card>> {
        if let Some(id) = id {
            let outcome = self.change(id, None, |card, _| Ok(rules::reclaim(card)))?;
            return Ok(if outcome.changed { vec![outcome.card] } else { Vec::new() });
        }
        self.write(|change, who| {
            let now = change.now()?;
            let mut returned = Vec::new();
            for id in change.expired(now)? {
                let mut card = existing(change, &id)?;
                // It may have been renewed before it was held.
                if let Some(reclaimed) = rules::reclaim_expired(&mut card, now) {
                    returned.push(finish(change, who, card, reclaimed)?);
                }
            }
            Ok(returned)
        })
    }

    /// Makes one card depend on another.
    ///
    /// # Errors
    /// Returns an error if one does not exist, or a cycle would close.
    pub fn link(&mut self, from: &CardId, to: &CardId, if_version: Option<i64>) -> Result<Outcome> {
        self.write(|change, who| {
            change.hold_edges()?;
            // The dependency is held before the card, as for whoever completes it.
            change.card(to)?.ok_or_else(|| no_card(to))?;
            let before = existing(change, from)?;
            rules::check_version(&before, if_version, || change.history(from, RECENT))?;
            // A card on itself goes on to the cycle, which is how that is refused.
            if from != to && before.depends_on.contains(to) {
                return Ok(Outcome::unchanged(before));
            }
            checks::check_dependencies(before.depends_on.len() + 1)?;
            refuse_cycle(change, from, to)?;
            change.add_edge(from, to)?;
            let linked = Changed { kind: EventKind::Linked, detail: json!({ "to": to }) };
            alter(change, who, before, |_, _, _| Ok(Some(linked)))
        })
    }

    /// Removes a dependency.
    ///
    /// # Errors
    /// Returns an error if the card does not exist.
    pub fn unlink(&mut self, from: &CardId, to: &CardId, if_version: Option<i64>) -> Result<Outcome> {
        self.write(|change, who| {
            change.hold_edges()?;
            // The dependency is held before the card, as for whoever completes it.
            change.card(to)?;
            let before = existing(change, from)?;
            rules::check_version(&before, if_version, || change.history(from, RECENT))?;
            if !before.depends_on.contains(to) {
                return Ok(Outcome::unchanged(before));
            }
            change.remove_edge(from, to)?;
            let unlinked = Changed { kind: EventKind::Unlinked, detail: json!({ "to": to }) };
            alter(change, who, before, |_, _, _| Ok(Some(unlinked)))
        })
    }

    /// Returns all goals: their own cards, the work for each, and the longest way that is still to go.
    ///
    /// # Errors
    /// Returns an error if the store fails.
    pub fn goals(&mut self) -> Result<Goals> {
        let query = ListQuery { goals: true, sort: Sort::Id, limit: GOALS, ..ListQuery::default() };
        let cards = self.store.list(&query)?;
        Ok(Goals::of(cards, &self.store.work()?))
    }

    /// Returns a card with its neighbours and history.
    ///
    /// # Errors
    /// Returns an error if it does not exist.
    pub fn detail(&mut self, id: &CardId) -> Result<Detail> {
        let card = self.store.card(id)?.ok_or_else(|| no_card(id))?;
        let (dependencies, dependents) = self.store.neighbours(id, DETAIL)?;
        let history = self.store.history(id, DETAIL)?;
        let around = self.around(id)?;
        Ok(Detail { card, dependencies, dependents, history, around })
    }

    /// Returns the graph some steps around a card: as much as a picture can show.
    fn around(&mut self, id: &CardId) -> Result<Graph> {
        let mut known: BTreeSet<CardId> = BTreeSet::from([*id]);
        let mut edges: BTreeSet<(CardId, CardId)> = BTreeSet::new();
        let mut rim = vec![*id];
        for _ in 0..AROUND_STEPS {
            let mut next = BTreeSet::new();
            for (card, on) in self.store.edges_at(&rim, AROUND_EDGES)? {
                for end in [&card, &on] {
                    if known.len() + next.len() < AROUND_CARDS && !known.contains(end) {
                        next.insert(*end);
                    }
                }
                edges.insert((card, on));
            }
            known.extend(&next);
            rim = next.into_iter().collect();
            if rim.is_empty() {
                break;
            }
        }
        // Some lead to cards that had no room any more.
        edges.retain(|(card, on)| known.contains(card) && known.contains(on));
        let ids: Vec<CardId> = known.into_iter().collect();
        Ok(Graph { nodes: self.store.nodes(&ids)?, edges: edges.into_iter().collect() })
    }

    /// Changes one card by a rule.
    fn change(
        &mut self,
        id: &CardId,
        if_version: Option<i64>,
        rule: impl Fn(&mut Card, Stamp) -> Result<Option<Changed>>,
    ) -> Result<Outcome> {
        self.write(|change, who| {
            let before = existing(change, id)?;
            rules::check_version(&before, if_version, || change.history(id, RECENT))?;
            let now = change.now()?;
            alter(change, who, before, |_, _, card| rule(card, now))
        })
    }

    /// Runs a transaction; one that met another is run again from its beginning.
    fn write<T>(&mut self, work: impl Fn(&mut dyn Change, &Who) -> Result<T>) -> Result<T> {
        checks::check_who(&self.who)?;
        let mut tries = 0;
        loop {
            tries += 1;
            let done = self.store.begin().and_then(|mut change| {
                let value = work(&mut *change, &self.who)?;
                change.commit().map(|()| value)
            });
            match done {
                Err(error) if error.again == Some(Again::Collision) && tries < TRIES => {}
                Err(error) if error.again == Some(Again::Collision) => {
                    return Err(Failure { again: None, ..error });
                }
                done => return done,
            }
        }
    }
}

impl Backlog {
    /// Runs a transaction whose input can be read only once.
    pub(super) fn write_once<T>(&mut self, work: impl FnOnce(&mut dyn Change) -> Result<T>) -> Result<T> {
        let mut change = self.store.begin()?;
        let value = work(&mut *change)?;
        change.commit()?;
        Ok(value)
    }
}

/// Describes a card whose id, or idempotency key, is in use.
pub(super) fn taken(card: &Card) -> Failure {
    Failure::refused(
        format!("card {}", card.id),
        "exists already, or its idempotency key is in use",
        "choose another id, or edit the card; `--idempotency-key` makes a repeated create harmless",
    )
}

fn existing(change: &mut dyn Change, id: &CardId) -> Result<Card> {
    change.card(id)?.ok_or_else(|| no_card(id))
}

/// Changes a card by a rule, which sees it as it was as well; what was is kept beside what came of it.
fn alter(
    change: &mut dyn Change,
    who: &Who,
    before: Card,
    rule: impl FnOnce(&mut dyn Change, &Card, &mut Card) -> Result<Option<Changed>>,
) -> Result<Outcome> {
    let mut card = before.clone();
    match rule(change, &before, &mut card)? {
        None => Ok(Outcome::unchanged(before)),
        Some(changed) => Ok(Outcome { card: finish(change, who, card, changed)?, changed: true, before: Some(before) }),
    }
}

/// Writes a changed card with its line of history, and reads it back.
fn finish(change: &mut dyn Change, who: &Who, mut card: Card, changed: Changed) -> Result<Card> {
    let now = change.now()?;
    card.version += 1;
    card.updated_at = now;
    change.update(&card)?;
    append(change, who, &card, now, changed)?;
    // Read back: triggers may have changed what nobody set here.
    existing(change, &card.id)
}

fn append(change: &mut dyn Change, who: &Who, card: &Card, now: Stamp, changed: Changed) -> Result<()> {
    change.append(&[changed.event(card, who, now)])
}

/// Refuses an edge from which its card could be reached again, with the way.
fn refuse_cycle(change: &mut dyn Change, from: &CardId, to: &CardId) -> Result<()> {
    let Some(way) = graph::path(to, from, |level| change.dependencies(level))? else { return Ok(()) };
    let names: Vec<&str> = std::iter::once(from).chain(&way).map(CardId::as_str).collect();
    Err(Failure::refused(
        format!("link {from} -> {to}"),
        format!("would close a cycle: {}", names.join(" -> ")),
        "unlink one of these first",
    ))
}
