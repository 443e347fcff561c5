//! Reading cards.

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Result, Row, params_from_iter};
use serde_json::Value;

use super::super::conditions::{self, Conditions};
use super::super::error::Result as Outcome;
use super::super::graph::{Graph, Node};
use super::super::model::{
    Board, BoardQuery, Card, CardEvent, CardId, CardLine, Claim, ClaimLine, Column, Counts, EventKind, HeldCard, Lane,
    Stamp, Status,
};
use super::super::store::{Figures, ListQuery, Neighbour};
use super::DIALECT;

const CARD: &str = include_str!("sql/card.sql");

/// Active claims read for the fleet's rows; more agents than that hold none at once.
const CLAIMS: u32 = 2000;

/// A stored value that no program of ours wrote.
fn strange(column: usize, why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, why.into())
}

pub(super) fn id(row: &Row<'_>, at: usize) -> Result<CardId> {
    CardId::parse(&row.get::<_, String>(at)?).map_err(|why| strange(at, why))
}

fn column(row: &Row<'_>, at: usize) -> Result<Option<Column>> {
    Ok(row.get::<_, Option<String>>(at)?.and_then(|word| Column::parse(&word)))
}

pub(super) fn now(connection: &Connection) -> Result<Stamp> {
    connection
        .prepare_cached("SELECT CAST(round(unixepoch('subsec') * 1000) AS INTEGER)")?
        .query_row([], |row| row.get(0).map(Stamp))
}

fn card_of(row: &Row<'_>) -> Result<Card> {
    let word: String = row.get(6)?;
    let token: i64 = row.get(13)?;
    let claim = match (row.get::<_, Option<String>>(9)?, row.get::<_, Option<i64>>(10)?, row.get::<_, Option<i64>>(11)?)
    {
        (Some(owner), Some(ttl_seconds), Some(at)) => {
            let since = row.get::<_, Option<i64>>(12)?.unwrap_or(at);
            Some(Claim { owner, ttl_seconds, at: Stamp(at), since: Stamp(since), token })
        }
        _ => None,
    };
    let acceptance: Option<String> = row.get(22)?;
    let edges: String = row.get(24)?;
    Ok(Card {
        id: id(row, 0)?,
        tenant_id: row.get(1)?,
        host: row.get(2)?,
        title: row.get(3)?,
        phase: row.get(4)?,
        priority: row.get(5)?,
        status: Status::parse(&word).ok_or_else(|| strange(6, "no status"))?,
        open_dependencies: row.get(7)?,
        assignee: row.get(8)?,
        claim,
        last_claim_token: token,
        attempts: row.get(14)?,
        idempotency_key: row.get(15)?,
        spend_projected: row.get(16)?,
        spend_actual: row.get(17)?,
        created_at: Stamp(row.get(18)?),
        updated_at: Stamp(row.get(19)?),
        version: row.get(20)?,
        block_reason: row.get(21)?,
        acceptance: acceptance
            .map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|error| strange(22, error))?,
        body: row.get(23)?,
        depends_on: serde_json::from_str(&edges).map_err(|error| strange(24, error))?,
    })
}

pub(super) fn card(connection: &Connection, id: &CardId) -> Result<Option<Card>> {
    connection.prepare_cached(&format!("{CARD} WHERE id = ?1"))?.query_row([id.as_str()], card_of).optional()
}

pub(super) fn list(connection: &Connection, query: &ListQuery) -> Result<Vec<Card>> {
    let all = Conditions::of_list(DIALECT, query);
    let sql = format!("{CARD} {} {} LIMIT {}", all.clause(), conditions::order(query.sort), query.limit);
    connection.prepare(&sql)?.query_map(params_from_iter(&all.values), card_of)?.collect()
}

pub(super) fn neighbours(connection: &Connection, of: &CardId, limit: u32) -> Result<(Vec<Neighbour>, Vec<Neighbour>)> {
    let read = |sql: &str| -> Result<Vec<Neighbour>> {
        connection
            .prepare_cached(sql)?
            .query_map(rusqlite::params![of.as_str(), limit], |row| {
                Ok(Neighbour { id: id(row, 0)?, title: row.get(1)?, column: column(row, 2)? })
            })?
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
            let room = limit.saturating_sub(u32::try_from(all.len()).unwrap_or(u32::MAX));
            let rows =
                statement.query_map(rusqlite::params![at.as_str(), room], |row| Ok((id(row, 0)?, id(row, 1)?)))?;
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
                statement.query_row([id.as_str()], |row| Ok((row.get::<_, String>(0)?, column(row, 1)?))).optional()?;
            let (title, column) = found.unwrap_or_default();
            Ok(Node { id: id.clone(), title, column })
        })
        .collect()
}

fn event_of(row: &Row<'_>) -> Result<CardEvent> {
    let word: String = row.get(5)?;
    let detail: String = row.get(7)?;
    Ok(CardEvent {
        card_id: id(row, 0)?,
        at: Stamp(row.get(1)?),
        actor: row.get(2)?,
        tenant_id: row.get(3)?,
        host: row.get(4)?,
        kind: EventKind::parse(&word).ok_or_else(|| strange(5, "no kind of event"))?,
        version: row.get(6)?,
        detail: serde_json::from_str::<Value>(&detail).map_err(|error| strange(7, error))?,
    })
}

pub(super) fn history(connection: &Connection, id: &CardId, limit: u32) -> Result<Vec<CardEvent>> {
    connection
        .prepare_cached(include_str!("sql/history.sql"))?
        .query_map(rusqlite::params![id.as_str(), limit], event_of)?
        .collect()
}

pub(super) fn expired(connection: &Connection, now: Stamp, limit: u32) -> Result<Vec<CardId>> {
    connection
        .prepare_cached(
            "SELECT id FROM card WHERE status = 'claimed' AND claim_expires_at < ?1 ORDER BY claim_expires_at LIMIT ?2",
        )?
        .query_map(rusqlite::params![now.0, limit], |row| id(row, 0))?
        .collect()
}

pub(super) fn edges(connection: &Connection) -> Result<Vec<(CardId, CardId)>> {
    connection
        .prepare("SELECT card_id, depends_on FROM edge ORDER BY card_id, depends_on")?
        .query_map([], |row| Ok((id(row, 0)?, id(row, 1)?)))?
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

pub(super) fn figures(connection: &Connection) -> Result<Figures> {
    let now = now(connection)?;
    Ok(Figures {
        now,
        counts: counts(connection)?,
        oldest_claimable: connection
            .query_row(
                "SELECT min(created_at) FROM card WHERE status = 'ready' AND open_dependencies = 0",
                [],
                |row| row.get::<_, Option<i64>>(0),
            )?
            .map(Stamp),
        expired_claims: connection.query_row(
            "SELECT count(*) FROM card WHERE status = 'claimed' AND claim_expires_at < ?1",
            [now.0],
            |row| row.get::<_, u32>(0).map(u64::from),
        )?,
        claims_completed: counter(connection, "claims_completed")?,
        claim_milliseconds: counter(connection, "claim_milliseconds")?,
    })
}

fn line_of(row: &Row<'_>) -> Result<CardLine> {
    let claim = match (row.get::<_, Option<String>>(6)?, row.get::<_, Option<i64>>(7)?, row.get::<_, Option<i64>>(8)?) {
        (Some(owner), Some(since), Some(expires)) => {
            Some(ClaimLine { owner, since: Stamp(since), expires_at: Stamp(expires) })
        }
        _ => None,
    };
    Ok(CardLine {
        id: id(row, 0)?,
        title: row.get(1)?,
        priority: row.get(2)?,
        phase: row.get(3)?,
        assignee: row.get(4)?,
        open_dependencies: row.get(5)?,
        claim,
        block_reason: row.get(9)?,
        updated_at: Stamp(row.get(10)?),
        version: row.get(11)?,
    })
}

pub(super) fn board(connection: &mut Connection, query: &BoardQuery) -> Result<Board> {
    let snapshot = connection.transaction()?;
    let counts = counts(&snapshot)?;
    let mut lanes: [Lane; 5] = Default::default();
    for column in Column::ALL {
        let kept = counts.of(column);
        let sql = conditions::lane(DIALECT, "card", column, query, kept);
        let cards = snapshot
            .prepare_cached(&sql.cards)?
            .query_map(params_from_iter(&sql.values), line_of)?
            .collect::<Result<Vec<_>>>()?;
        let counted = match &sql.count {
            None => kept,
            Some(count) => snapshot
                .prepare_cached(count)?
                .query_row(params_from_iter(&sql.values), |row| row.get::<_, u32>(0).map(u64::from))?,
        };
        lanes[column.index()] = conditions::assembled(cards, &sql, counted, query.offsets[column.index()]);
    }
    let claims = snapshot
        .prepare_cached(
            "SELECT id, title, claim_owner, claim_since, claim_expires_at FROM card WHERE status = 'claimed' \
             ORDER BY claim_expires_at LIMIT ?1",
        )?
        .query_map([CLAIMS], |row| {
            let claim = ClaimLine { owner: row.get(2)?, since: Stamp(row.get(3)?), expires_at: Stamp(row.get(4)?) };
            Ok(HeldCard { id: id(row, 0)?, title: row.get(1)?, claim })
        })?
        .collect::<Result<Vec<_>>>()?;
    Ok(Board { now: now(&snapshot)?, counts, lanes, claims, query: query.clone() })
}

pub(super) fn graph(connection: &mut Connection) -> Result<Graph> {
    let snapshot = connection.transaction()?;
    let nodes = snapshot
        .prepare("SELECT id, title, board_column FROM card ORDER BY id")?
        .query_map([], |row| Ok(Node { id: id(row, 0)?, title: row.get(1)?, column: column(row, 2)? }))?
        .collect::<Result<Vec<_>>>()?;
    Ok(Graph { nodes, edges: edges(&snapshot)? })
}

/// Hands over each card; the inner result is the receiver's.
pub(super) fn each_card(connection: &Connection, take: &mut dyn FnMut(Card) -> Outcome<()>) -> Result<Outcome<()>> {
    let mut statement = connection.prepare(&format!("{CARD} ORDER BY id"))?;
    for card in statement.query_map([], card_of)? {
        if let Err(error) = take(card?) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(()))
}

/// Hands over each line of history.
pub(super) fn each_event(
    connection: &Connection,
    take: &mut dyn FnMut(CardEvent) -> Outcome<()>,
) -> Result<Outcome<()>> {
    let mut statement = connection
        .prepare("SELECT card_id, at, actor, tenant_id, host, kind, version, detail FROM card_event ORDER BY seq")?;
    for event in statement.query_map([], event_of)? {
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
    problems.retain(|line| line != "ok");
    problems
        .extend(connection.prepare(include_str!("sql/check.sql"))?.query_map([], text)?.collect::<Result<Vec<_>>>()?);
    Ok(problems)
}
