//! Reading the history: a page of it, what is new, the states of agents, and figures for plots.

use std::collections::HashMap;

use rusqlite::types::Value;
use rusqlite::{OptionalExtension, Row, params, params_from_iter};

use crate::fleet::error::Result;

use super::event::Event;
use super::figures::{Bucket, HOUR, Hour, QUARTER, Quarters, Span};
use super::filter::Filter;
use super::store::{COLUMNS, Store, event, state_of};
use super::strip::{Change, Seen};

/// The place of an event in the history: its time, and its number where several have the same.
pub type Place = (i64, i64);

/// Where a page lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Anchor {
    /// It ends with the newest event.
    #[default]
    Newest,
    /// It ends with this one.
    Upto(Place),
    /// It begins with this one.
    From(Place),
    /// It begins with the oldest.
    Oldest,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Which events.
    pub filter: Filter,
    /// Where the page lies.
    pub anchor: Anchor,
    /// Nothing older than this.
    pub since: i64,
    /// Most events.
    pub limit: u32,
}

/// Events in the order of their time, the newest last.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Page {
    /// The query that it answers.
    pub query: Query,
    /// The events with their places.
    pub events: Vec<(Place, Event)>,
    /// Events behind it; counted up to a thousand.
    pub newer: u32,
    /// Whether there are events before it.
    pub older: bool,
}

/// What is known of the last day, or of a longer span.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Known {
    /// How far it goes back.
    pub span: Span,
    /// States of agents.
    pub seen: Seen,
    /// What happened in each quarter of an hour.
    pub quarters: Quarters,
    /// Cards of each hour.
    pub hours: HashMap<i64, Hour>,
    /// Up to when the operator had seen the events before.
    pub looked: Option<i64>,
}

/// Most events that are counted behind a page.
const COUNTED: u32 = 1000;

impl Store {
    /// A page of the history.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn page(&self, query: &Query) -> Result<Page> {
        // What lies before an anchor is read backwards, so that the limit cuts off what is farthest from it. The
        // numbers in the statements are this program's own.
        let mut events = match query.anchor {
            Anchor::Newest => self.rows(query, "at >= ?1", Order::Down, query.limit)?,
            Anchor::Upto((at, seq)) => {
                self.rows(query, &format!("at >= ?1 AND (at, seq) <= ({at}, {seq})"), Order::Down, query.limit)?
            }
            Anchor::From((at, seq)) => {
                self.rows(query, &format!("at >= ?1 AND (at, seq) >= ({at}, {seq})"), Order::Up, query.limit)?
            }
            Anchor::Oldest => self.rows(query, "at >= ?1", Order::Up, query.limit)?,
        };
        events.sort_by_key(|(place, _)| *place);
        let newer = match events.last() {
            // Behind the newest page there is nothing by its own making, and most pages are that one.
            Some(((at, seq), _)) if query.anchor != Anchor::Newest => {
                let behind = format!("at >= ?1 AND (at, seq) > ({at}, {seq})");
                // Counted by reading: a `count(*)` under a filter walks the whole history, and this
                // ends at a thousand.
                u32::try_from(self.rows(query, &behind, Order::Up, COUNTED)?.len()).unwrap_or(COUNTED)
            }
            _ => 0,
        };
        let older = match events.first() {
            Some(((at, seq), _)) => {
                let before = format!("at >= ?1 AND (at, seq) < ({at}, {seq})");
                !self.rows(query, &before, Order::Down, 1)?.is_empty()
            }
            None => false,
        };
        Ok(Page { query: query.clone(), events, newer, older })
    }

    /// What is known of the span before a moment, and how far an operator has looked.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn known(&self, now: i64, span: Span, operator: &str) -> Result<Known> {
        let since = now - span.millis();
        Ok(Known {
            span,
            seen: self.states(since)?,
            quarters: self.quarters(since)?,
            hours: self.hours(since)?,
            looked: self.looked(operator)?,
        })
    }

    fn rows(&self, query: &Query, place: &str, order: Order, limit: u32) -> Result<Vec<(Place, Event)>> {
        let mut values = vec![Value::Integer(query.since)];
        let mut conditions = vec![place.to_owned()];
        for term in &query.filter.terms {
            let (condition, value) = term.sql(values.len() + 1);
            conditions.push(condition);
            values.push(Value::Text(value));
        }
        let (conditions, order) = (conditions.join(" AND "), order.sql());
        let sql = format!("SELECT {COLUMNS} FROM event WHERE {conditions} ORDER BY {order} LIMIT {limit}");
        let read = || -> rusqlite::Result<Vec<(Place, Event)>> {
            let mut statement = self.connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(values), event)?;
            rows.map(|row| row.map(|(seq, event)| ((event.at, seq), event))).collect()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Events that were taken in behind a number, in the order in which they were.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn behind(&self, seq: i64, limit: u32) -> Result<Vec<(i64, Event)>> {
        let read = || -> rusqlite::Result<Vec<(i64, Event)>> {
            // By the number and not the time: an event may be taken in late, and a follower must not miss it.
            let sql = format!("SELECT {COLUMNS} FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2");
            self.connection.prepare_cached(&sql)?.query_map(params![seq, limit], event)?.collect()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// The states of all agents since a moment, each with the one that it was in then, and when somebody looked.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn states(&self, since: i64) -> Result<Seen> {
        let read = || -> rusqlite::Result<Seen> {
            let mut changes: HashMap<String, HashMap<String, Vec<Change>>> = HashMap::new();
            let mut next = self.connection.prepare_cached(
                "SELECT host, agent FROM event WHERE state IS NOT NULL AND host = ?1 AND agent > ?2 ORDER BY agent LIMIT 1",
            )?;
            let mut elsewhere = self.connection.prepare_cached(
                "SELECT host, agent FROM event WHERE state IS NOT NULL AND host > ?1 AND agent IS NOT NULL \
                 ORDER BY host, agent LIMIT 1",
            )?;
            let mut before = self.connection.prepare_cached(
                "SELECT at, state, door FROM event WHERE state IS NOT NULL AND host = ?1 AND agent = ?2 AND at < ?3 \
                 ORDER BY at DESC, seq DESC LIMIT 1",
            )?;
            let mut within = self.connection.prepare_cached(
                "SELECT at, state, door FROM event WHERE state IS NOT NULL AND host = ?1 AND agent = ?2 AND at >= ?3 \
                 ORDER BY at, seq",
            )?;
            // From one agent to the next along the index: the history may be long, and is never walked.
            let mut key = (String::new(), String::new());
            let of = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?));
            loop {
                let found = match next.query_row(params![key.0, key.1], of).optional()? {
                    // This host has no further agent; the next host begins anew.
                    None => elsewhere.query_row(params![key.0], of).optional()?,
                    found => found,
                };
                let Some(found) = found else { break };
                key = found;
                let mut all = Vec::new();
                for statement in [&mut before, &mut within] {
                    let mut rows = statement.query(params![key.0, key.1, since])?;
                    while let Some(row) = rows.next()? {
                        // A later version may have written a state that this one does not know.
                        let Some(state) = state_of(&row.get::<_, String>(1)?) else { continue };
                        let told = row.get::<_, Option<String>>(2)?.as_deref() == Some("keeper");
                        all.push(Change { at: row.get(0)?, state, told });
                    }
                }
                changes.entry(key.0.clone()).or_default().insert(key.1.clone(), all);
            }
            let watched = self
                .connection
                .prepare_cached("SELECT began, until FROM watch WHERE until >= ?1 ORDER BY began")?
                .query_map([since], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect::<rusqlite::Result<_>>()?;
            Ok(Seen { changes, watched })
        };
        read().map_err(|error| self.failed(&error))
    }

    /// What happened in each quarter of an hour since a moment.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn quarters(&self, since: i64) -> Result<Quarters> {
        let read = || -> rusqlite::Result<Quarters> {
            self.connection
                .prepare_cached(
                    // Who is down without a fault was stopped, which asks nobody to come.
                    "SELECT at / ?2, count(*), sum(state IN ('stuck', 'stale') OR good = 0) FROM event \
                     WHERE at >= ?1 GROUP BY 1",
                )?
                .query_map([since, QUARTER], |row| {
                    // The sum is null where no event of the quarter has a state or a verdict.
                    let urgent = row.get::<_, Option<u32>>(2)?.unwrap_or(0);
                    Ok((row.get(0)?, Bucket { events: row.get(1)?, urgent }))
                })?
                .collect()
        };
        read().map_err(|error| self.failed(&error))
    }

    /// Cards that were done in each hour, and how long they were in claim.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn hours(&self, since: i64) -> Result<HashMap<i64, Hour>> {
        let read = || -> rusqlite::Result<HashMap<i64, Hour>> {
            let mut hours: HashMap<i64, Hour> = HashMap::new();
            let mut statement = self.connection.prepare_cached(
                "SELECT at / ?2, lasted FROM event WHERE kind = 'card' AND at >= ?1 AND outcome = 'completed'",
            )?;
            let mut rows = statement.query([since, HOUR])?;
            while let Some(row) = rows.next()? {
                let hour = hours.entry(row.get(0)?).or_default();
                hour.done += 1;
                hour.claims.extend(row.get::<_, Option<i64>>(1)?);
            }
            hours.values_mut().for_each(|hour| hour.claims.sort_unstable());
            Ok(hours)
        };
        read().map_err(|error| self.failed(&error))
    }
}

#[derive(Debug, Clone, Copy)]
enum Order {
    Up,
    Down,
}

impl Order {
    fn sql(self) -> &'static str {
        match self {
            Self::Up => "at, seq",
            Self::Down => "at DESC, seq DESC",
        }
    }
}
