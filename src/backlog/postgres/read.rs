//! Reading cards.

use tokio_postgres::Row;

use super::super::conditions::{self, Conditions};
use super::super::error::{Failure, Kind, Result};
use super::super::graph::{Graph, Node};
use super::super::model::{
    Board, BoardQuery, Card, CardEvent, CardId, Column, Counts, Lane, StageLine, Stamp, Supervising,
};
use super::super::rows::{self, Cells};
use super::super::store::{Figures, ListQuery, Neighbour};
use super::DIALECT;
use super::session::{Session, Value};

const CARD: &str = include_str!("sql/card.sql");
const COUNTERS: &str = include_str!("sql/counters.sql");

/// Rows of an export fetched at once.
const PAGE: i64 = 1000;

/// What reads in the order of an index says so. Until a table is analysed, as behind an import, the planner takes any column of
/// the board for a few cards, and would read and sort all of it.
const ALONG_INDEXES: &str =
    "; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off";

/// Active claims read for the fleet's rows; more agents than that hold none at once.
const CLAIMS: u64 = 2000;

/// Describes a stored value that no program of ours wrote.
pub(super) fn strange(why: impl std::fmt::Display) -> Failure {
    Failure::new(Kind::Failed, "backlog", format!("holds an invalid value: {why}"), "`mosaic-tui backlog doctor`")
}

impl Cells for Row {
    type Error = Failure;

    fn text(&self, at: usize) -> Result<String> {
        Ok(self.get(at))
    }

    fn some_text(&self, at: usize) -> Result<Option<String>> {
        Ok(self.get(at))
    }

    fn number(&self, at: usize) -> Result<i64> {
        Ok(self.get(at))
    }

    fn some_number(&self, at: usize) -> Result<Option<i64>> {
        Ok(self.get(at))
    }

    fn texts(&self, at: usize) -> Result<Vec<String>> {
        Ok(self.get(at))
    }

    fn strange(&self, _at: usize, why: String) -> Failure {
        strange(why)
    }
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

pub(super) fn card(session: &mut Session, id: &CardId, lock: &str) -> Result<Option<Card>> {
    let rows = session.rows(&format!("{CARD} WHERE id = $1{lock}"), &[&id.as_str()])?;
    rows.first().map(|row| rows::card(row)).transpose()
}

pub(super) fn list(session: &mut Session, query: &ListQuery) -> Result<Vec<Card>> {
    let all = Conditions::of_list(DIALECT, query);
    let sql =
        format!("{CARD} {} {} LIMIT {}", all.clause(), conditions::order(query.sort), query.limit.min(i64::MAX as u64));
    let values: Vec<Value<'_>> = all.values.iter().map(|value| value as Value<'_>).collect();
    session.long_rows(&sql, &values)?.iter().map(|row| rows::card(row)).collect()
}

pub(super) fn staged(session: &mut Session, query: &ListQuery) -> Result<Vec<StageLine>> {
    let all = Conditions::of_list(DIALECT, query);
    let sql = conditions::staged("fleet.card", &all, query);
    let values: Vec<Value<'_>> = all.values.iter().map(|value| value as Value<'_>).collect();
    session.long_rows(&sql, &values)?.iter().map(|row| rows::staged(row)).collect()
}

pub(super) fn neighbours(session: &mut Session, of: &CardId, limit: u32) -> Result<(Vec<Neighbour>, Vec<Neighbour>)> {
    let limit = i64::from(limit);
    let mut read = |sql: &str| -> Result<Vec<Neighbour>> {
        let rows = session.rows(sql, &[&of.as_str(), &limit])?;
        rows.iter().map(|row| rows::neighbour(row)).collect()
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
    // By the order of bytes, as the index of the ids; in the database's own order it could not be used.
    let rows = session.rows(
        "SELECT name, coalesce(title, ''), board_column FROM unnest($1::text[]) AS asked(name) \
         LEFT JOIN fleet.card ON card.id = asked.name COLLATE \"C\"",
        &[&names],
    )?;
    rows.iter().map(|row| rows::node(row)).collect()
}

pub(super) fn history(session: &mut Session, id: &CardId, limit: u32) -> Result<Vec<CardEvent>> {
    let limit = i64::from(limit);
    session.rows(include_str!("sql/history.sql"), &[&id.as_str(), &limit])?.iter().map(|row| rows::event(row)).collect()
}

pub(super) fn recent(session: &mut Session, after: i64, limit: u32) -> Result<Vec<(i64, CardEvent)>> {
    let limit = i64::from(limit);
    let rows = session.rows(include_str!("sql/recent.sql"), &[&after, &limit])?;
    rows.iter().map(|row| Ok((row.get(8), rows::event(row)?))).collect()
}

pub(super) fn work(session: &mut Session) -> Result<Vec<(String, Column, u64)>> {
    session.rows(include_str!("sql/work.sql"), &[])?.iter().map(|row| rows::work(row)).collect()
}

pub(super) fn pairs(rows: &[Row]) -> Result<Vec<(CardId, CardId)>> {
    rows.iter().map(|row| rows::edge(row)).collect()
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
    let (counters, rows) = in_one_moment(session, ALONG_INDEXES, |session| {
        Ok((session.rows(COUNTERS, &[])?, session.rows(include_str!("sql/figures.sql"), &[])?))
    })?;
    let counters = Counters::of(&counters);
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

/// Reads inside one moment: what was committed after its beginning is not seen. `plan` is empty, or how to read.
fn in_one_moment<T>(session: &mut Session, plan: &str, read: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
    // Counts, claims and lanes are several statements: without this a card that moves between two of
    // them is seen twice or not at all.
    session.begin(&format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY{plan}"))?;
    let value = read(session);
    // Nothing was changed, so there is nothing to commit.
    session.abandon();
    value
}

pub(super) fn board(session: &mut Session, query: &BoardQuery) -> Result<Board> {
    // What few cards have in common may lie anywhere; there the planner knows better.
    let plan = if query.terms.0.is_empty() { ALONG_INDEXES } else { "" };
    in_one_moment(session, plan, |session| {
        // Two trips for the whole board: the second needs the counts of the first to choose how
        // each lane is counted.
        let first = session.many(&[
            (COUNTERS, &[][..]),
            ("SELECT fleet.now_ms()", &[]),
            (
                &format!(
                    "SELECT id, title, claim_owner, claim_since, claim_expires_at, claim_host FROM fleet.card \
                     WHERE status = 'claimed' ORDER BY claim_expires_at LIMIT {CLAIMS}"
                ),
                &[],
            ),
        ])?;
        let [counters, now, claims] = first.as_slice() else { return Err(strange("no board")) };
        let counts = Counters::of(counters).columns();
        let sql = Column::ALL.map(|column| conditions::lane(DIALECT, "fleet.card", column, query, counts.of(column)));
        let mut questions = Vec::new();
        for lane in &sql {
            questions.push((lane.cards.as_str(), lane.values.as_slice()));
            questions.extend(lane.count.as_deref().map(|count| (count, lane.values.as_slice())));
        }
        let mut answers = session.many(&questions)?.into_iter();
        let mut lanes: [Lane; 5] = Default::default();
        for (column, sql) in Column::ALL.into_iter().zip(&sql) {
            let cards =
                answers.next().unwrap_or_default().iter().map(|row| rows::line(row)).collect::<Result<Vec<_>>>()?;
            let counted = match &sql.count {
                None => counts.of(column),
                Some(_) => answers.next().and_then(|rows| rows.first().map(|row| unsigned(row.get(0)))).unwrap_or(0),
            };
            lanes[column.index()] = conditions::assembled(cards, sql, counted, query.offsets[column.index()]);
        }
        let claims = claims.iter().map(|row| rows::held(row)).collect::<Result<Vec<_>>>()?;
        let now = Stamp(now.first().map_or(0, |row| row.get(0)));
        Ok(Board { now, counts, lanes, claims, query: query.clone() })
    })
}

pub(super) fn supervisors(session: &mut Session) -> Result<Vec<Supervising>> {
    let rows = session
        .rows("SELECT host, home, seats FROM fleet.supervisor WHERE until > fleet.now_ms() ORDER BY host, home", &[])?;
    rows.iter().map(|row| rows::supervising(row)).collect()
}

pub(super) fn revision(session: &mut Session) -> Result<String> {
    let rows = session.rows(include_str!("sql/revision.sql"), &[])?;
    Ok(rows.first().map_or_else(String::new, |row| row.get(0)))
}

pub(super) fn graph(session: &mut Session) -> Result<Graph> {
    in_one_moment(session, "", |session| {
        let rows = session.long_rows("SELECT id, title, board_column FROM fleet.card ORDER BY id", &[])?;
        let nodes = rows.iter().map(|row| rows::node(row)).collect::<Result<Vec<_>>>()?;
        Ok(Graph { nodes, edges: edges(session)? })
    })
}

pub(super) fn export(
    session: &mut Session,
    cards: &mut dyn FnMut(Card) -> Result<()>,
    events: &mut dyn FnMut(CardEvent) -> Result<()>,
) -> Result<()> {
    in_one_moment(session, "", |session| {
        let mut last = String::new();
        loop {
            // Behind the last id and not by an offset, for which all rows before it would be read again.
            let rows = session.long_rows(&format!("{CARD} WHERE id > $1 ORDER BY id LIMIT {PAGE}"), &[&last])?;
            let Some(end) = rows.last() else { break };
            last = end.get(0);
            rows.iter().try_for_each(|row| cards(rows::card(row)?))?;
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
            rows.iter().try_for_each(|row| events(rows::event(row)?))?;
        }
    })
}

pub(super) fn check(session: &mut Session) -> Result<Vec<String>> {
    Ok(session.long_rows(include_str!("sql/check.sql"), &[])?.iter().map(|row| row.get(0)).collect())
}
