//! Reading cards.

use tokio_postgres::Row;

use super::super::conditions::{self, Conditions};
use super::super::error::{Error, Kind, Result};
use super::super::graph::{Graph, Node};
use super::super::model::{
    Board, BoardQuery, Card, CardEvent, CardId, CardLine, Claim, ClaimLine, Column, Counts, EventKind, HeldCard, Lane,
    Stamp, Status,
};
use super::super::store::{Figures, ListQuery, Neighbour};
use super::DIALECT;
use super::session::{Session, Value};

const CARD: &str = include_str!("sql/card.sql");
const COUNTERS: &str = include_str!("sql/counters.sql");

/// Rows of an export fetched at once.
const PAGE: i64 = 1000;

/// Active claims read for the fleet's rows; more agents than that hold none at once.
const CLAIMS: u64 = 2000;

/// The query of whole cards out of something else that has their columns.
pub(super) fn cards_from(source: &str) -> String {
    CARD.replace("FROM fleet.card\n", &format!("FROM {source}\n"))
}

/// A stored value that no program of ours wrote.
fn strange(why: impl std::fmt::Display) -> Error {
    Error::new(Kind::Failed, "backlog", format!("holds a strange value: {why}"), "`mosaic-tui backlog doctor`")
}

fn checked(text: &str) -> Result<CardId> {
    CardId::parse(text).map_err(strange)
}

pub(super) fn id(row: &Row, at: usize) -> Result<CardId> {
    checked(row.get(at))
}

fn column(row: &Row, at: usize) -> Option<Column> {
    row.get::<_, Option<&str>>(at).and_then(Column::parse)
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(super) fn card_of(row: &Row) -> Result<Card> {
    let token: i64 = row.get(13);
    let claim = match (row.get::<_, Option<String>>(9), row.get::<_, Option<i64>>(10), row.get::<_, Option<i64>>(11)) {
        (Some(owner), Some(ttl_seconds), Some(at)) => {
            let since = row.get::<_, Option<i64>>(12).unwrap_or(at);
            Some(Claim { owner, ttl_seconds, at: Stamp(at), since: Stamp(since), token })
        }
        _ => None,
    };
    let acceptance: Option<&str> = row.get(22);
    let edges: Vec<&str> = row.get(24);
    Ok(Card {
        id: id(row, 0)?,
        tenant_id: row.get(1),
        host: row.get(2),
        title: row.get(3),
        phase: row.get(4),
        priority: row.get(5),
        status: Status::parse(row.get(6)).ok_or_else(|| strange("no status"))?,
        open_dependencies: row.get(7),
        assignee: row.get(8),
        claim,
        last_claim_token: token,
        attempts: row.get(14),
        idempotency_key: row.get(15),
        spend_projected: row.get(16),
        spend_actual: row.get(17),
        created_at: Stamp(row.get(18)),
        updated_at: Stamp(row.get(19)),
        version: row.get(20),
        block_reason: row.get(21),
        acceptance: acceptance.map(serde_json::from_str).transpose().map_err(strange)?,
        body: row.get(23),
        depends_on: edges.into_iter().map(checked).collect::<Result<_>>()?,
    })
}

pub(super) fn card(session: &mut Session, id: &CardId, lock: &str) -> Result<Option<Card>> {
    let rows = session.rows(&format!("{CARD} WHERE id = $1{lock}"), &[&id.as_str()])?;
    rows.first().map(card_of).transpose()
}

pub(super) fn list(session: &mut Session, query: &ListQuery) -> Result<Vec<Card>> {
    let all = Conditions::of_list(DIALECT, query);
    let sql =
        format!("{CARD} {} {} LIMIT {}", all.clause(), conditions::order(query.sort), query.limit.min(i64::MAX as u64));
    let values: Vec<Value<'_>> = all.values.iter().map(|value| value as Value<'_>).collect();
    session.long_rows(&sql, &values)?.iter().map(card_of).collect()
}

pub(super) fn neighbours(session: &mut Session, of: &CardId, limit: u32) -> Result<(Vec<Neighbour>, Vec<Neighbour>)> {
    let limit = i64::from(limit);
    let mut read = |sql: &str| -> Result<Vec<Neighbour>> {
        let rows = session.rows(sql, &[&of.as_str(), &limit])?;
        rows.iter().map(|row| Ok(Neighbour { id: id(row, 0)?, title: row.get(1), column: column(row, 2) })).collect()
    };
    Ok((read(include_str!("sql/dependencies.sql"))?, read(include_str!("sql/dependents.sql"))?))
}

pub(super) fn edges_at(session: &mut Session, ids: &[CardId], limit: u32) -> Result<Vec<(CardId, CardId)>> {
    let names: Vec<&str> = ids.iter().map(CardId::as_str).collect();
    pairs(&session.rows(
        "SELECT card_id, depends_on FROM fleet.edge WHERE card_id = ANY ($1::text[]) \
         UNION SELECT card_id, depends_on FROM fleet.edge WHERE depends_on = ANY ($1::text[]) LIMIT $2",
        &[&names, &i64::from(limit)],
    )?)
}

pub(super) fn nodes(session: &mut Session, ids: &[CardId]) -> Result<Vec<Node>> {
    let names: Vec<&str> = ids.iter().map(CardId::as_str).collect();
    let rows = session.rows(
        "SELECT name, coalesce(title, ''), board_column FROM unnest($1::text[]) AS asked(name) \
         LEFT JOIN fleet.card ON card.id = asked.name COLLATE \"C\"",
        &[&names],
    )?;
    rows.iter().map(|row| Ok(Node { id: id(row, 0)?, title: row.get(1), column: column(row, 2) })).collect()
}

fn event_of(row: &Row) -> Result<CardEvent> {
    Ok(CardEvent {
        card_id: id(row, 0)?,
        at: Stamp(row.get(1)),
        actor: row.get(2),
        tenant_id: row.get(3),
        host: row.get(4),
        kind: EventKind::parse(row.get(5)).ok_or_else(|| strange("no kind of event"))?,
        version: row.get(6),
        detail: serde_json::from_str(row.get(7)).map_err(strange)?,
    })
}

pub(super) fn history(session: &mut Session, id: &CardId, limit: u32) -> Result<Vec<CardEvent>> {
    let limit = i64::from(limit);
    session.rows(include_str!("sql/history.sql"), &[&id.as_str(), &limit])?.iter().map(event_of).collect()
}

pub(super) fn pairs(rows: &[Row]) -> Result<Vec<(CardId, CardId)>> {
    rows.iter().map(|row| Ok((id(row, 0)?, id(row, 1)?))).collect()
}

pub(super) fn edges(session: &mut Session) -> Result<Vec<(CardId, CardId)>> {
    pairs(&session.long_rows("SELECT card_id, depends_on FROM fleet.edge ORDER BY card_id, depends_on", &[])?)
}

/// The counters by name.
struct Counters(Vec<(String, i64)>);

impl Counters {
    fn of(rows: &[Row]) -> Self {
        Self(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    fn value(&self, name: &str) -> u64 {
        self.0.iter().find(|(known, _)| known == name).map_or(0, |(_, value)| unsigned(*value))
    }

    fn columns(&self) -> Counts {
        let mut all = Counts::default();
        for column in Column::ALL {
            all.0[column.index()] = self.value(column.word());
        }
        all
    }
}

pub(super) fn figures(session: &mut Session) -> Result<Figures> {
    let counters = Counters::of(&session.rows(COUNTERS, &[])?);
    let rows = session.rows(include_str!("sql/figures.sql"), &[])?;
    let row = rows.first().ok_or_else(|| strange("no figures"))?;
    Ok(Figures {
        now: Stamp(row.get(0)),
        counts: counters.columns(),
        oldest_claimable: row.get::<_, Option<i64>>(1).map(Stamp),
        expired_claims: unsigned(row.get(2)),
        claims_completed: counters.value("claims_completed"),
        claim_milliseconds: counters.value("claim_milliseconds"),
    })
}

fn line_of(row: &Row) -> Result<CardLine> {
    let claim = match (row.get::<_, Option<String>>(6), row.get::<_, Option<i64>>(7), row.get::<_, Option<i64>>(8)) {
        (Some(owner), Some(since), Some(expires)) => {
            Some(ClaimLine { owner, since: Stamp(since), expires_at: Stamp(expires) })
        }
        _ => None,
    };
    Ok(CardLine {
        id: id(row, 0)?,
        title: row.get(1),
        priority: row.get(2),
        phase: row.get(3),
        assignee: row.get(4),
        open_dependencies: row.get(5),
        claim,
        block_reason: row.get(9),
        updated_at: Stamp(row.get(10)),
        version: row.get(11),
    })
}

/// Reads inside one moment: what was committed after its beginning is not seen.
fn in_one_moment<T>(session: &mut Session, read: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
    session.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")?;
    let value = read(session);
    session.abandon();
    value
}

pub(super) fn board(session: &mut Session, query: &BoardQuery) -> Result<Board> {
    in_one_moment(session, |session| {
        let first = session.many(&[
            (COUNTERS.to_owned(), Vec::new()),
            ("SELECT fleet.now_ms()".to_owned(), Vec::new()),
            (
                format!(
                    "SELECT id, title, claim_owner, claim_since, claim_expires_at FROM fleet.card WHERE status = 'claimed' \
                     ORDER BY claim_expires_at LIMIT {CLAIMS}"
                ),
                Vec::new(),
            ),
        ])?;
        let [counters, now, claims] = first.as_slice() else { return Err(strange("no board")) };
        let counts = Counters::of(counters).columns();
        let sql = Column::ALL.map(|column| conditions::lane(DIALECT, "fleet.card", column, query, counts.of(column)));
        let mut questions = Vec::new();
        for lane in &sql {
            questions.push((lane.cards.clone(), lane.values.clone()));
            questions.extend(lane.count.clone().map(|count| (count, lane.values.clone())));
        }
        let mut answers = session.many(&questions)?.into_iter();
        let mut lanes: [Lane; 5] = Default::default();
        for (column, sql) in Column::ALL.into_iter().zip(&sql) {
            let cards = answers.next().unwrap_or_default().iter().map(line_of).collect::<Result<Vec<_>>>()?;
            let counted = match &sql.count {
                None => counts.of(column),
                Some(_) => answers.next().and_then(|rows| rows.first().map(|row| unsigned(row.get(0)))).unwrap_or(0),
            };
            lanes[column.index()] = conditions::assembled(cards, sql, counted, query.offsets[column.index()]);
        }
        let claims = claims
            .iter()
            .map(|row| {
                let claim = ClaimLine { owner: row.get(2), since: Stamp(row.get(3)), expires_at: Stamp(row.get(4)) };
                Ok(HeldCard { id: id(row, 0)?, title: row.get(1), claim })
            })
            .collect::<Result<Vec<_>>>()?;
        let now = Stamp(now.first().map_or(0, |row| row.get(0)));
        Ok(Board { now, counts, lanes, claims, query: query.clone() })
    })
}

pub(super) fn revision(session: &mut Session) -> Result<String> {
    let rows = session.rows(include_str!("sql/revision.sql"), &[])?;
    Ok(rows.first().map_or_else(String::new, |row| row.get(0)))
}

pub(super) fn graph(session: &mut Session) -> Result<Graph> {
    in_one_moment(session, |session| {
        let rows = session.long_rows("SELECT id, title, board_column FROM fleet.card ORDER BY id", &[])?;
        let nodes = rows
            .iter()
            .map(|row| Ok(Node { id: id(row, 0)?, title: row.get(1), column: column(row, 2) }))
            .collect::<Result<Vec<_>>>()?;
        Ok(Graph { nodes, edges: edges(session)? })
    })
}

pub(super) fn export(
    session: &mut Session,
    cards: &mut dyn FnMut(Card) -> Result<()>,
    events: &mut dyn FnMut(CardEvent) -> Result<()>,
) -> Result<()> {
    in_one_moment(session, |session| {
        let mut last = String::new();
        loop {
            let rows = session.long_rows(&format!("{CARD} WHERE id > $1 ORDER BY id LIMIT {PAGE}"), &[&last])?;
            let Some(end) = rows.last() else { break };
            last = end.get(0);
            rows.iter().try_for_each(|row| cards(card_of(row)?))?;
        }
        let mut last = 0_i64;
        loop {
            let rows = session.long_rows(
                &format!(
                    "SELECT card_id, at, actor, tenant_id, host, kind, version, detail, seq FROM fleet.card_event \
                     WHERE seq > $1 ORDER BY seq LIMIT {PAGE}"
                ),
                &[&last],
            )?;
            let Some(end) = rows.last() else { return Ok(()) };
            last = end.get(8);
            rows.iter().try_for_each(|row| events(event_of(row)?))?;
        }
    })
}

pub(super) fn check(session: &mut Session) -> Result<Vec<String>> {
    Ok(session.long_rows(include_str!("sql/check.sql"), &[])?.iter().map(|row| row.get(0)).collect())
}
