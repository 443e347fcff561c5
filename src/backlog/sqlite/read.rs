//! Reading cards.

use std::collections::BTreeSet;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Result, Row, params_from_iter};

use super::super::conditions::{self, Conditions};
use super::super::error::Result as Outcome;
use super::super::graph::{Graph, Node};
use super::super::model::{
    Board, BoardQuery, Card, CardEvent, CardId, Column, Counts, Lane, StageLine, Stamp, Supervising,
};
use super::super::rows::{self, Cells};
use super::super::store::{ClaimRequest, Figures, ListQuery, Neighbour, Sort};
use super::DIALECT;
use super::clock::{Clock, Clocks};

const CARD: &str = include_str!("sql/card.sql");

/// When the oldest card that can be claimed was made.
pub(super) const OLDEST: &str = include_str!("sql/oldest.sql");

/// The active claims, as the board shows them. Word for word as in the index, which holds all of it.
pub(super) const HELD: &str = include_str!("sql/held.sql");

/// Active claims read for the fleet's rows; more agents than that hold none at once.
const CLAIMS: u32 = 2000;

/// Describes a stored value that no program of ours wrote.
fn strange(column: usize, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}

impl Cells for Row<'_> {
    type Error = rusqlite::Error;

    fn text(&self, at: usize) -> Result<String> {
        self.get(at)
    }

    fn some_text(&self, at: usize) -> Result<Option<String>> {
        self.get(at)
    }

    fn number(&self, at: usize) -> Result<i64> {
        self.get(at)
    }

    fn some_number(&self, at: usize) -> Result<Option<i64>> {
        self.get(at)
    }

    fn texts(&self, at: usize) -> Result<Vec<String>> {
        serde_json::from_str(&self.text(at)?).map_err(|error| strange(at, error))
    }

    fn strange(&self, at: usize, why: String) -> rusqlite::Error {
        strange(at, why)
    }
}

pub(super) fn card(connection: &Connection, id: &CardId) -> Result<Option<Card>> {
    connection
        .prepare_cached(&format!("{CARD} WHERE id = ?1"))?
        .query_row([id.as_str()], |row| rows::card(row))
        .optional()
}

pub(super) fn list(connection: &Connection, query: &ListQuery) -> Result<Vec<Card>> {
    let all = Conditions::of_list(DIALECT, query);
    let sql = format!("{CARD} {} {} LIMIT {}", all.clause(), conditions::order(query.sort), query.limit);
    // Not kept: there are too many forms of a list.
    connection.prepare(&sql)?.query_map(params_from_iter(&all.values), |row| rows::card(row))?.collect()
}

pub(super) fn staged(connection: &Connection, query: &ListQuery) -> Result<Vec<StageLine>> {
    let all = Conditions::of_list(DIALECT, query);
    let sql = conditions::staged("card", &all, query);
    connection.prepare_cached(&sql)?.query_map(params_from_iter(&all.values), |row| rows::staged(row))?.collect()
}

pub(super) fn neighbours(connection: &Connection, of: &CardId, limit: u32) -> Result<(Vec<Neighbour>, Vec<Neighbour>)> {
    let read = |sql: &str| -> Result<Vec<Neighbour>> {
        connection
            .prepare_cached(sql)?
            .query_map(rusqlite::params![of.as_str(), limit], |row| rows::neighbour(row))?
            .collect()
    };
    Ok((read(include_str!("sql/dependencies.sql"))?, read(include_str!("sql/dependents.sql"))?))
}

pub(super) fn edges_at(connection: &Connection, ids: &[CardId], limit: u32) -> Result<Vec<(CardId, CardId)>> {
    let mut below = connection.prepare_cached("SELECT card_id, depends_on FROM edge WHERE card_id = ?1 LIMIT ?2")?;
    let mut above = connection.prepare_cached("SELECT card_id, depends_on FROM edge WHERE depends_on = ?1 LIMIT ?2")?;
    let mut all = Vec::new();
    for at in ids {
        for statement in [&mut below, &mut above] {
            // One limit for all questions together, since the picture has room for so many.
            let room = limit.saturating_sub(u32::try_from(all.len()).unwrap_or(u32::MAX));
            let rows = statement.query_map(rusqlite::params![at.as_str(), room], |row| rows::edge(row))?;
            for edge in rows {
                all.push(edge?);
            }
        }
    }
    Ok(all)
}

pub(super) fn nodes(connection: &Connection, ids: &[CardId]) -> Result<Vec<Node>> {
    let mut statement = connection.prepare_cached("SELECT title, board_column FROM card WHERE id = ?1")?;
    ids.iter()
        .map(|id| {
            let found =
                statement.query_row([id.as_str()], |row| Ok((row.get::<_, String>(0)?, row.column(1)?))).optional()?;
            let (title, column) = found.unwrap_or_default();
            Ok(Node { id: *id, title, column })
        })
        .collect()
}

pub(super) fn history(connection: &Connection, id: &CardId, limit: u32) -> Result<Vec<CardEvent>> {
    connection
        .prepare_cached(include_str!("sql/history.sql"))?
        .query_map(rusqlite::params![id.as_str(), limit], |row| rows::event(row))?
        .collect()
}

pub(super) fn recent(connection: &Connection, after: i64, limit: u32) -> Result<Vec<(i64, CardEvent)>> {
    connection
        .prepare_cached(include_str!("sql/recent.sql"))?
        .query_map(rusqlite::params![after, limit], |row| Ok((row.get(8)?, rows::event(row)?)))?
        .collect()
}

pub(super) fn expired(connection: &Connection, now: Stamp, limit: u32) -> Result<Vec<CardId>> {
    connection
        .prepare_cached(
            "SELECT id FROM card WHERE status = 'claimed' AND claimed_at + claim_ttl_seconds * 1000 < ?1 \
             ORDER BY claimed_at + claim_ttl_seconds * 1000 LIMIT ?2",
        )?
        .query_map(rusqlite::params![now.0, limit], |row| row.id(0))?
        .collect()
}

pub(super) fn cards_with_expired_leases(connection: &Connection, now: Stamp, limit: u32) -> Result<Vec<Card>> {
    connection
        .prepare_cached(&format!(
            "{CARD} WHERE status = 'claimed' AND claimed_at + claim_ttl_seconds * 1000 < ?1 \
             ORDER BY claimed_at + claim_ttl_seconds * 1000 LIMIT ?2"
        ))?
        .query_map(rusqlite::params![now.0, limit], |row| rows::card(row))?
        .collect()
}

/// Returns the best card for a claimer, or none.
pub(super) fn next_claimable(connection: &Connection, request: &ClaimRequest) -> Result<Option<Card>> {
    let mut values = request.assignees();
    let sql = next_claimable_sql(values.len(), request.phase.is_some());
    values.extend(request.phase.as_deref());
    connection.prepare_cached(&sql)?.query_row(params_from_iter(&values), |row| rows::card(row)).optional()
}

/// Returns the query of the best card for any of so many assignees. Each part reads one row of an index, card_claimable
/// or card_claimable_phase.
pub(super) fn next_claimable_sql(assignees: usize, of_phase: bool) -> String {
    let order = conditions::order(Sort::Priority);
    let phase = if of_phase { format!(" AND phase = ?{}", assignees + 1) } else { String::new() };
    // In SQLite a part of a union has an order and a limit only as a select of its own.
    let best = |assignee| {
        format!(
            "SELECT * FROM (SELECT id, priority, created_at FROM card WHERE status = 'ready' AND open_dependencies = 0 \
             AND assignee = ?{assignee}{phase} {order} LIMIT 1)"
        )
    };
    let best = (1..=assignees).map(best).collect::<Vec<_>>().join(" UNION ALL ");
    format!("{CARD} WHERE id = (SELECT id FROM ({best}) {order} LIMIT 1)")
}

pub(super) fn work(connection: &Connection) -> Result<Vec<(String, Column, u64)>> {
    connection.prepare_cached(include_str!("sql/work.sql"))?.query_map([], |row| rows::work(row))?.collect()
}

pub(super) fn edges(connection: &Connection) -> Result<Vec<(CardId, CardId)>> {
    connection
        .prepare("SELECT card_id, depends_on FROM edge ORDER BY card_id, depends_on")?
        .query_map([], |row| rows::edge(row))?
        .collect()
}

fn counter(connection: &Connection, name: &str) -> Result<u64> {
    let value: i64 =
        connection.prepare_cached("SELECT value FROM counter WHERE name = ?1")?.query_row([name], |row| row.get(0))?;
    Ok(u64::try_from(value).unwrap_or(0))
}

fn counts(connection: &Connection) -> Result<Counts> {
    let mut all = Counts::default();
    for column in Column::ALL {
        all.0[column.index()] = counter(connection, column.word())?;
    }
    Ok(all)
}

pub(super) fn figures(connection: &mut Connection, clocks: &dyn Clocks) -> Result<Figures> {
    // For its one moment alone; when it is dropped there is nothing to take back.
    let connection = &*connection.transaction()?;
    let now = Clock::of(connection, clocks)?.now(clocks);
    Ok(Figures {
        now,
        counts: counts(connection)?,
        oldest_claimable: connection.query_row(OLDEST, [], |row| row.get::<_, Option<i64>>(0))?.map(Stamp),
        expired_claims: connection.query_row(
            "SELECT count(*) FROM card WHERE status = 'claimed' AND claimed_at + claim_ttl_seconds * 1000 < ?1",
            [now.0],
            |row| row.get::<_, u32>(0).map(u64::from),
        )?,
        claims_completed: counter(connection, "claims_completed")?,
        claim_milliseconds: counter(connection, "claim_milliseconds")?,
    })
}

pub(super) fn board(connection: &mut Connection, query: &BoardQuery, clocks: &dyn Clocks) -> Result<Board> {
    // For its one moment alone; when it is dropped there is nothing to take back.
    let snapshot = connection.transaction()?;
    let counts = counts(&snapshot)?;
    let mut lanes: [Lane; 5] = Default::default();
    for column in Column::ALL {
        let kept = counts.of(column);
        let sql = conditions::lane(DIALECT, "card", column, query, kept);
        let cards = snapshot
            .prepare_cached(&sql.cards)?
            .query_map(params_from_iter(&sql.values), |row| rows::line(row))?
            .collect::<Result<Vec<_>>>()?;
        let counted = match &sql.count {
            None => kept,
            Some(count) => snapshot
                .prepare_cached(count)?
                .query_row(params_from_iter(&sql.values), |row| row.get::<_, u32>(0).map(u64::from))?,
        };
        lanes[column.index()] = conditions::assembled(cards, &sql, counted, query.offsets[column.index()]);
    }
    let claims =
        snapshot.prepare_cached(HELD)?.query_map([CLAIMS], |row| rows::held(row))?.collect::<Result<Vec<_>>>()?;
    let now = Clock::of(&snapshot, clocks)?.now(clocks);
    Ok(Board { now, counts, lanes, claims, query: query.clone() })
}

pub(super) fn supervisors(connection: &mut Connection, clocks: &dyn Clocks) -> Result<Vec<Supervising>> {
    let connection = &*connection.transaction()?;
    let now = Clock::of(connection, clocks)?.now(clocks);
    connection
        .prepare_cached("SELECT host, home, seats FROM supervisor WHERE until > ?1 ORDER BY host, home")?
        .query_map([now.0], |row| rows::supervising(row))?
        .collect()
}

pub(super) fn graph(connection: &mut Connection) -> Result<Graph> {
    let snapshot = connection.transaction()?;
    let nodes = snapshot
        .prepare("SELECT id, title, board_column FROM card ORDER BY id")?
        .query_map([], |row| rows::node(row))?
        .collect::<Result<Vec<_>>>()?;
    Ok(Graph { nodes, edges: edges(&snapshot)? })
}

/// Passes each card to `take`; the inner result is the receiver's.
pub(super) fn each_card(
    connection: &Connection,
    clocks: &dyn Clocks,
    take: &mut dyn FnMut(Card) -> Outcome<()>,
) -> Result<Outcome<()>> {
    let moving = Moving::of(connection, clocks)?;
    let mut statement = connection.prepare(&format!("{CARD} ORDER BY id"))?;
    for card in statement.query_map([], |row| rows::card(row))? {
        if let Err(error) = take(moving.moved(card?)) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// Leases that a step of the clock has still to move: who only reads cannot, and what goes elsewhere has no boot.
struct Moving {
    step: i64,
    cards: BTreeSet<String>,
}

impl Moving {
    fn of(connection: &Connection, clocks: &dyn Clocks) -> Result<Self> {
        let clock = Clock::of(connection, clocks)?;
        let step = clock.step(clocks).unwrap_or(0);
        if step == 0 {
            return Ok(Self { step, cards: BTreeSet::new() });
        }
        let cards = connection
            .prepare("SELECT id FROM card WHERE status = 'claimed' AND claim_boot = ?1")?
            .query_map([clock.boot], |row| row.get(0))?
            .collect::<Result<_>>()?;
        Ok(Self { step, cards })
    }

    fn moved(&self, mut card: Card) -> Card {
        if let Some(claim) = card.claim.as_mut().filter(|_| self.cards.contains(card.id.as_str())) {
            for at in [&mut claim.at, &mut claim.since, &mut card.updated_at] {
                at.0 = at.0.saturating_add(self.step);
            }
        }
        card
    }
}

/// Passes each line of history to `take`.
pub(super) fn each_event(
    connection: &Connection,
    take: &mut dyn FnMut(CardEvent) -> Outcome<()>,
) -> Result<Outcome<()>> {
    let mut statement = connection
        .prepare("SELECT card_id, at, actor, tenant_id, host, kind, version, detail FROM card_event ORDER BY seq")?;
    for event in statement.query_map([], |row| rows::event(row))? {
        if let Err(error) = take(event?) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

pub(super) fn check(connection: &Connection) -> Result<Vec<String>> {
    let text = |row: &Row<'_>| row.get::<_, String>(0);
    let mut problems: Vec<String> =
        connection.prepare("PRAGMA integrity_check(100)")?.query_map([], text)?.collect::<Result<_>>()?;
    // What SQLite says where it finds nothing.
    problems.retain(|line| line != "ok");
    problems
        .extend(connection.prepare(include_str!("sql/check.sql"))?.query_map([], text)?.collect::<Result<Vec<_>>>()?);
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_that_nobody_knows_is_no_missing_card() {
        let connection = Connection::open_in_memory().unwrap();
        let read = |column: &str| {
            connection.query_row(&format!("SELECT 'A', 'title', {column}"), [], |row| rows::neighbour(row))
        };
        assert_eq!(read("NULL").unwrap().column, None);
        assert_eq!(read("'ready'").unwrap().column, Some(Column::Ready));
        assert!(read("'someday'").unwrap_err().to_string().contains("someday"));
    }
}
