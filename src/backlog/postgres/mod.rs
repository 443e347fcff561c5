//! The server engine: any number of processes on any number of hosts. Schema `fleet`.

mod change;
mod connect;
mod errors;
mod listed;
mod read;
mod session;
mod tls;
mod url;

pub(super) use url::{Server, server};

use super::conditions::{Columns, Dialect};
use super::error::Result;
use super::graph::{Graph, Node};
use super::model::{Board, BoardQuery, Card, CardEvent, CardId, Column, StageLine, Supervising};
use super::schema::Access;
use super::sqlite::Sqlite;
use super::store::{Change, ClaimRequest, Figures, ListQuery, Neighbour, Progress, Store, Who};
use session::Session;

const DIALECT: Dialect = Dialect { mark: '$', like: "ILIKE", fold: None, columns: Columns::Named };

/// A backlog on a server.
pub(super) struct Postgres {
    session: Session,
    /// An empty backlog that stands for one that is not there yet: looking makes no schema.
    empty: Option<Sqlite>,
}

/// Where a backlog is read.
enum Source<'a> {
    Empty(&'a mut Sqlite),
    Server(&'a mut Session),
}

impl Postgres {
    /// Connects. To change, it brings the schema to the present; looking leaves it as it is.
    ///
    /// # Errors
    /// Returns an error if the server cannot be reached or refuses, or its schema is newer than this program, or older
    /// and only to be looked at.
    pub(super) fn open(server: &Server, access: Access, progress: Progress<'_>) -> Result<Self> {
        let mut session = Session::open(server)?;
        let empty = if session.prepare(access, progress)? { None } else { Some(Sqlite::open_empty()?) };
        Ok(Self { session, empty })
    }

    /// Returns where to read: the server, or the empty backlog as long as there is no other.
    fn source(&mut self) -> Result<Source<'_>> {
        // Somebody else may have made the schema since the last look.
        if self.empty.is_some() && self.session.prepare(Access::Read, &mut |_, _| {})? {
            self.empty = None;
        }
        Ok(match &mut self.empty {
            Some(empty) => Source::Empty(empty),
            None => Source::Server(&mut self.session),
        })
    }

    fn read<T>(
        &mut self,
        of_empty: impl FnOnce(&mut Sqlite) -> Result<T>,
        of_server: impl FnOnce(&mut Session) -> Result<T>,
    ) -> Result<T> {
        match self.source()? {
            Source::Empty(empty) => of_empty(empty),
            Source::Server(session) => of_server(session),
        }
    }

    /// Returns the session, after it created the schema if there was none.
    fn create_schema(&mut self) -> Result<&mut Session> {
        if self.empty.is_some() {
            self.session.prepare(Access::Write, &mut |_, _| {})?;
            // Only now: what failed is still an empty backlog, and the next change tries again.
            self.empty = None;
        }
        Ok(&mut self.session)
    }
}

impl Store for Postgres {
    fn place(&self) -> String {
        self.session.address()
    }

    fn begin(&mut self) -> Result<Box<dyn Change + '_>> {
        Ok(Box::new(change::PostgresChange::begin(self.create_schema()?)?))
    }

    fn claim(&mut self, request: &ClaimRequest, who: &Who) -> Result<Option<Card>> {
        change::claim(self.create_schema()?, request, who)
    }

    fn card(&mut self, id: &CardId) -> Result<Option<Card>> {
        self.read(|empty| empty.card(id), |server| read::card(server, id, ""))
    }

    fn list(&mut self, query: &ListQuery) -> Result<Vec<Card>> {
        self.read(|empty| empty.list(query), |server| read::list(server, query))
    }

    fn staged(&mut self, query: &ListQuery) -> Result<Vec<StageLine>> {
        self.read(|empty| empty.staged(query), |server| read::staged(server, query))
    }

    fn neighbours(&mut self, id: &CardId, limit: u32) -> Result<(Vec<Neighbour>, Vec<Neighbour>)> {
        self.read(|empty| empty.neighbours(id, limit), |server| read::neighbours(server, id, limit))
    }

    fn edges_at(&mut self, ids: &[CardId], limit: u32) -> Result<Vec<(CardId, CardId)>> {
        self.read(|empty| empty.edges_at(ids, limit), |server| read::edges_at(server, ids, limit))
    }

    fn nodes(&mut self, ids: &[CardId]) -> Result<Vec<Node>> {
        self.read(|empty| empty.nodes(ids), |server| read::nodes(server, ids))
    }

    fn history(&mut self, id: &CardId, limit: u32) -> Result<Vec<CardEvent>> {
        self.read(|empty| empty.history(id, limit), |server| read::history(server, id, limit))
    }

    fn recent(&mut self, after: i64, limit: u32) -> Result<Vec<(i64, CardEvent)>> {
        self.read(|empty| empty.recent(after, limit), |server| read::recent(server, after, limit))
    }

    fn figures(&mut self) -> Result<Figures> {
        self.read(|empty| empty.figures(), read::figures)
    }

    fn work(&mut self) -> Result<Vec<(String, Column, u64)>> {
        self.read(|empty| empty.work(), read::work)
    }

    fn announce(&mut self, one: &Supervising, seconds: i64) -> Result<()> {
        change::announce(self.create_schema()?, one, seconds)
    }

    fn supervisors(&mut self) -> Result<Vec<Supervising>> {
        self.read(|empty| empty.supervisors(), read::supervisors)
    }

    fn board(&mut self, query: &BoardQuery) -> Result<Board> {
        self.read(|empty| empty.board(query), |server| read::board(server, query))
    }

    fn revision(&mut self) -> Result<String> {
        self.read(|empty| empty.revision(), read::revision)
    }

    fn graph(&mut self) -> Result<Graph> {
        self.read(|empty| empty.graph(), read::graph)
    }

    fn export(
        &mut self,
        cards: &mut dyn FnMut(Card) -> Result<()>,
        events: &mut dyn FnMut(CardEvent) -> Result<()>,
    ) -> Result<()> {
        match self.source()? {
            Source::Empty(empty) => empty.export(cards, events),
            Source::Server(session) => read::export(session, cards, events),
        }
    }

    fn check(&mut self) -> Result<Vec<String>> {
        self.read(|empty| empty.check(), read::check)
    }
}
