//! The embedded engine: one file, any number of processes on one host.

mod change;
mod clock;
#[cfg(test)]
mod cost;
mod errors;
mod log;
mod open;
mod queue;
mod read;
mod wait;

use std::path::PathBuf;
use std::sync::Arc;

use rusqlite::Connection;

use super::conditions::{Columns, Dialect};
use super::error::Result;
use super::graph::{Graph, Node};
use super::model::{Board, BoardQuery, Card, CardEvent, CardId, Column, StageLine, Supervising};
use super::store::{Change, ClaimRequest, Figures, ListQuery, Neighbour, Store, Who};

use super::schema::Access;

const DIALECT: Dialect = Dialect { mark: '?', like: "LIKE", fold: Some("fold"), columns: Columns::Indexed };

/// A backlog in a file.
pub(super) struct Sqlite {
    connection: Connection,
    path: PathBuf,
    /// Whether there is no file yet: an empty backlog in memory stands for it, so that looking makes nothing.
    in_memory: bool,
    /// Which file it is, by its device and number.
    file: Option<(u64, u64)>,
    /// Where writers wait for each other; opened by the first change.
    queue: Option<queue::Queue>,
    /// By which leases are timed.
    clocks: Arc<dyn clock::Clocks>,
}

impl Drop for Sqlite {
    fn drop(&mut self) {
        // Who only looked changes nothing.
        if let Some(queue) = &self.queue {
            log::empty(&self.connection, &self.path, queue);
        }
    }
}

impl Store for Sqlite {
    fn place(&self) -> String {
        self.path.display().to_string()
    }

    fn begin(&mut self) -> Result<Box<dyn Change + '_>> {
        Ok(Box::new(change::SqliteChange::begin(self)?))
    }

    fn claim(&mut self, request: &ClaimRequest, who: &Who) -> Result<Option<Card>> {
        change::claim(self, request, who)
    }

    fn card(&mut self, id: &CardId) -> Result<Option<Card>> {
        read::card(&self.connection, id).map_err(|error| self.explain(&error))
    }

    fn list(&mut self, query: &ListQuery) -> Result<Vec<Card>> {
        read::list(&self.connection, query).map_err(|error| self.explain(&error))
    }

    fn staged(&mut self, query: &ListQuery) -> Result<Vec<StageLine>> {
        read::staged(&self.connection, query).map_err(|error| self.explain(&error))
    }

    fn neighbours(&mut self, id: &CardId, limit: u32) -> Result<(Vec<Neighbour>, Vec<Neighbour>)> {
        read::neighbours(&self.connection, id, limit).map_err(|error| self.explain(&error))
    }

    fn edges_at(&mut self, ids: &[CardId], limit: u32) -> Result<Vec<(CardId, CardId)>> {
        read::edges_at(&self.connection, ids, limit).map_err(|error| self.explain(&error))
    }

    fn nodes(&mut self, ids: &[CardId]) -> Result<Vec<Node>> {
        read::nodes(&self.connection, ids).map_err(|error| self.explain(&error))
    }

    fn history(&mut self, id: &CardId, limit: u32) -> Result<Vec<CardEvent>> {
        read::history(&self.connection, id, limit).map_err(|error| self.explain(&error))
    }

    fn recent(&mut self, after: i64, limit: u32) -> Result<Vec<(i64, CardEvent)>> {
        read::recent(&self.connection, after, limit).map_err(|error| self.explain(&error))
    }

    fn figures(&mut self) -> Result<Figures> {
        read::figures(&mut self.connection, &*self.clocks).map_err(|error| self.explain(&error))
    }

    fn work(&mut self) -> Result<Vec<(String, Column, u64)>> {
        read::work(&self.connection).map_err(|error| self.explain(&error))
    }

    fn announce(&mut self, one: &Supervising, seconds: i64) -> Result<()> {
        change::announce(self, one, seconds)
    }

    fn supervisors(&mut self) -> Result<Vec<Supervising>> {
        read::supervisors(&mut self.connection, &*self.clocks).map_err(|error| self.explain(&error))
    }

    fn board(&mut self, query: &BoardQuery) -> Result<Board> {
        self.attach_if_created()?;
        read::board(&mut self.connection, query, &*self.clocks).map_err(|error| self.explain(&error))
    }

    fn revision(&mut self) -> Result<String> {
        self.attach_if_created()?;
        // data_version(sqlite pragma): differs once another connection committed.
        self.connection
            .query_row("PRAGMA data_version", [], |row| row.get::<_, i64>(0))
            .map(|version| format!("{version} of {}", self.file.map_or(0, |(_, number)| number)))
            .map_err(|error| self.explain(&error))
    }

    fn graph(&mut self) -> Result<Graph> {
        read::graph(&mut self.connection).map_err(|error| self.explain(&error))
    }

    fn export(
        &mut self,
        cards: &mut dyn FnMut(Card) -> Result<()>,
        events: &mut dyn FnMut(CardEvent) -> Result<()>,
    ) -> Result<()> {
        // A statement that runs keeps its snapshot; the transaction makes it one for both.
        let snapshot = self.connection.unchecked_transaction().map_err(|error| self.explain(&error))?;
        let result = read::each_card(&snapshot, &*self.clocks, cards)
            .and_then(|done| done.map_or_else(|error| Ok(Err(error)), |()| read::each_event(&snapshot, events)));
        result.map_err(|error| self.explain(&error))?
    }

    fn check(&mut self) -> Result<Vec<String>> {
        read::check(&self.connection).map_err(|error| self.explain(&error))
    }
}
