//! Changing cards: one writer at a time, so what is read inside stays.

use rusqlite::{OptionalExtension, Transaction, TransactionBehavior, params};

use super::super::error::Result;
use super::super::model::{Card, CardEvent, CardId, Stamp, Supervising};
use super::super::rows::{self, Cells as _};
use super::super::rules::{self, Changed};
use super::super::store::{Change, ClaimRequest, Who};
use super::clock::{Clock, Clocks};
use super::open::{CACHE_KILOBYTES, CACHE_OF_MANY, cache};
use super::queue::{Queue, Turn};
use super::{Sqlite, read};

/// So many new cards at once take a larger page cache: each goes to some page of each index, and a page that has no room is
/// written to the log again and again.
const MANY: usize = 1000;

/// Expired leases that a claimer returns to the pool at once.
const RECLAIMED_AT_ONCE: u32 = 64;

pub(super) struct SqliteChange<'a> {
    // In this order: the transaction ends before the turn does.
    transaction: Transaction<'a>,
    path: &'a std::path::Path,
    clocks: &'a dyn Clocks,
    clock: Clock,
    /// Cards that came.
    added: usize,
    _turn: Turn,
}

impl<'a> SqliteChange<'a> {
    pub(super) fn begin(store: &'a mut Sqlite) -> Result<Self> {
        if store.in_memory {
            // Looking made no file; the first change does.
            store.replace(super::Access::Write)?;
        }
        let path = &store.path;
        let unmade = |error: std::io::Error| super::open::not_writable(path, &error);
        let queue = match &mut store.queue {
            Some(queue) => queue,
            None => store.queue.insert(Queue::beside(path).map_err(unmade)?),
        };
        let Some(turn) = queue.enter().map_err(unmade)? else {
            // The thread that still waits shares these open files, and with them their locks: the next change opens its own.
            store.queue = None;
            return Err(super::errors::locked(path));
        };
        // At once and not with the first write: SQLite lets nobody wait who has read before, and would refuse
        // that one.
        let transaction = store
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(|error| super::errors::explain(path, &error))?;
        let clocks = &*store.clocks;
        let clock = Clock::settled(&transaction, clocks).map_err(|error| super::errors::explain(path, &error))?;
        Ok(Self { transaction, path, clocks, clock, added: 0, _turn: turn })
    }

    fn run<T>(&self, work: impl FnOnce(&Transaction<'a>) -> rusqlite::Result<T>) -> Result<T> {
        work(&self.transaction).map_err(|error| super::errors::explain(self.path, &error))
    }
}

impl Change for SqliteChange<'_> {
    fn now(&mut self) -> Result<Stamp> {
        Ok(self.clock.now(self.clocks))
    }

    fn card(&mut self, id: &CardId) -> Result<Option<Card>> {
        self.run(|connection| read::card(connection, id))
    }

    fn card_with_key(&mut self, key: &str) -> Result<Option<CardId>> {
        self.run(|connection| {
            connection
                .prepare_cached("SELECT id FROM card WHERE idempotency_key = ?1")?
                .query_row([key], |row| row.id(0))
                .optional()
        })
    }

    fn has_work_for(&mut self, goal: &str, beside: &CardId) -> Result<bool> {
        self.run(|connection| {
            connection
                .prepare_cached("SELECT EXISTS (SELECT 1 FROM card WHERE goal = ?1 AND goal <> '' AND id <> ?2)")?
                .query_row([goal, beside.as_str()], |row| row.get(0))
        })
    }

    fn expired(&mut self, now: Stamp) -> Result<Vec<CardId>> {
        self.run(|connection| read::expired(connection, now, u32::MAX))
    }

    fn history(&mut self, id: &CardId, limit: u32) -> Result<Vec<CardEvent>> {
        self.run(|connection| read::history(connection, id, limit))
    }

    fn hold_edges(&mut self) -> Result<()> {
        // There is one writer only.
        Ok(())
    }

    fn dependencies(&mut self, ids: &[CardId]) -> Result<Vec<(CardId, CardId)>> {
        self.run(|connection| {
            let mut statement = connection.prepare_cached("SELECT card_id, depends_on FROM edge WHERE card_id = ?1")?;
            let mut edges = Vec::new();
            for id in ids {
                let rows = statement.query_map([id.as_str()], |row| rows::edge(row))?;
                for edge in rows {
                    edges.push(edge?);
                }
            }
            Ok(edges)
        })
    }

    fn insert(&mut self, cards: &[Card]) -> Result<()> {
        let few = self.added < MANY;
        self.added += cards.len();
        if few && self.added >= MANY {
            self.run(|connection| cache(connection, CACHE_OF_MANY))?;
        }
        for card in cards {
            // Asked for beforehand: a constraint that is violated does not say whose card it was.
            let taken = self.card(&card.id)?.is_some()
                || match &card.idempotency_key {
                    Some(key) => self.card_with_key(key)?.is_some(),
                    None => false,
                };
            if taken {
                return Err(super::super::operations::taken(card));
            }
            self.run(|connection| {
                // The claim of one that is imported has the wall clock only: it was taken who knows where.
                write(connection, include_str!("sql/insert_card.sql"), card, None)?;
                for on in &card.depends_on {
                    add_edge(connection, &card.id, on)?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn update(&mut self, card: &Card) -> Result<()> {
        let boot = self.clock.boot.as_deref();
        self.run(|connection| write(connection, include_str!("sql/update_card.sql"), card, boot))
    }

    fn add_edge(&mut self, card: &CardId, on: &CardId) -> Result<()> {
        self.run(|connection| add_edge(connection, card, on))
    }

    fn remove_edge(&mut self, card: &CardId, on: &CardId) -> Result<()> {
        self.run(|connection| {
            connection
                .prepare_cached("DELETE FROM edge WHERE card_id = ?1 AND depends_on = ?2")?
                .execute([card.as_str(), on.as_str()])
                .map(|_| ())
        })
    }

    fn append(&mut self, events: &[CardEvent]) -> Result<()> {
        self.run(|connection| events.iter().try_for_each(|event| append(connection, event)))
    }

    fn edges(&mut self) -> Result<Vec<(CardId, CardId)>> {
        self.run(|connection| read::edges(connection))
    }

    fn commit(self: Box<Self>) -> Result<()> {
        let path = self.path;
        if self.added >= MANY {
            // What is in it is written now; its memory is given back with the next read.
            self.run(|connection| cache(connection, CACHE_KILOBYTES))?;
        }
        self.transaction.commit().map_err(|error| super::errors::explain(path, &error))
    }
}

/// Takes the next card for a claimer, in one transaction: the query finds it, the rule claims it.
pub(super) fn claim(store: &mut Sqlite, request: &ClaimRequest, who: &Who) -> Result<Option<Card>> {
    let change = SqliteChange::begin(store)?;
    let owner = request.claimer(who);
    let (now, boot) = (change.clock.now(change.clocks), change.clock.boot.as_deref());
    let claimed = change.run(|connection| {
        // Leases that are over return to the pool first, as many as it takes to find a card.
        loop {
            let mut expired = read::cards_with_expired_leases(connection, now, RECLAIMED_AT_ONCE)?;
            for card in &mut expired {
                if let Some(reclaimed) = rules::reclaim_expired(card, now) {
                    write_lease(connection, card, reclaimed, who, (now, boot))?;
                }
            }
            let next = read::next_claimable(connection, request)?;
            if let Some(mut card) = next
                && let Some(claimed) = rules::claim(&mut card, request, &who.host, now)
            {
                write_lease(connection, &mut card, claimed, &owner, (now, boot))?;
                return Ok(Some(card));
            }
            // Otherwise there may be more leases that are over than were returned at once.
            if expired.is_empty() {
                return Ok(None);
            }
        }
    })?;
    Box::new(change).commit()?;
    Ok(claimed)
}

/// Writes down that a supervisor gives cards out.
pub(super) fn announce(store: &mut Sqlite, one: &Supervising, seconds: i64) -> Result<()> {
    let change = SqliteChange::begin(store)?;
    let until = change.clock.now(change.clocks).plus_seconds(seconds);
    change.run(|connection| {
        connection
            .prepare_cached(
                "INSERT INTO supervisor (host, home, seats, until, boot) VALUES (?1, ?2, ?3, ?4, ?5) \
                 ON CONFLICT (host, home) DO UPDATE SET seats = excluded.seats, until = excluded.until, boot = excluded.boot",
            )?
            .execute(params![one.host, one.home, rows::seats(one), until.0, change.clock.boot])
    })?;
    Box::new(change).commit()
}

/// Writes only what a claim or its return changes, with its line of history.
fn write_lease(
    connection: &Transaction<'_>,
    card: &mut Card,
    changed: Changed,
    who: &Who,
    (now, boot): (Stamp, Option<&str>),
) -> rusqlite::Result<()> {
    card.version += 1;
    card.updated_at = now;
    let claim = card.claim.as_ref();
    connection.prepare_cached(include_str!("sql/update_lease.sql"))?.execute(params![
        card.id.as_str(),
        card.status.word(),
        claim.map(|claim| &claim.owner),
        claim.map(|claim| claim.ttl_seconds),
        claim.map(|claim| claim.at.0),
        claim.map(|claim| claim.since.0),
        card.last_claim_token,
        card.attempts,
        card.updated_at.0,
        card.version,
        claim.and(boot),
        claim.map(|claim| &claim.host),
    ])?;
    append(connection, &changed.event(card, who, now))
}

/// Writes a whole card; a lease that begins by it, or is renewed, is timed by this boot.
fn write(connection: &Transaction<'_>, sql: &str, card: &Card, boot: Option<&str>) -> rusqlite::Result<()> {
    let claim = card.claim.as_ref();
    connection
        .prepare_cached(sql)?
        .execute(params![
            card.id.as_str(),
            card.tenant_id,
            card.host,
            card.title,
            card.phase,
            card.priority,
            card.status.word(),
            card.assignee,
            claim.map(|claim| &claim.owner),
            claim.map(|claim| claim.ttl_seconds),
            claim.map(|claim| claim.at.0),
            claim.map(|claim| claim.since.0),
            card.last_claim_token,
            card.attempts,
            card.idempotency_key,
            card.spend_projected,
            card.spend_actual,
            card.created_at.0,
            card.updated_at.0,
            card.version,
            card.block_reason,
            card.goal,
            card.stage,
            card.branch,
            rows::paths(card),
            card.ttl_seconds,
            card.rounds,
            card.acceptance.as_ref().map(ToString::to_string),
            card.body,
            claim.and(boot),
            claim.map(|claim| &claim.host),
        ])
        .map(|_| ())
}

fn add_edge(connection: &Transaction<'_>, card: &CardId, on: &CardId) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO edge SELECT id, ?2, tenant_id, host FROM card WHERE id = ?1")?
        .execute([card.as_str(), on.as_str()])
        .map(|_| ())
}

fn append(connection: &Transaction<'_>, event: &CardEvent) -> rusqlite::Result<()> {
    connection
        .prepare_cached(include_str!("sql/insert_event.sql"))?
        .execute(params![
            event.card_id.as_str(),
            event.at.0,
            event.actor,
            event.tenant_id,
            event.host,
            event.kind.word(),
            event.version,
            event.detail.to_string(),
        ])
        .map(|_| ())
}
