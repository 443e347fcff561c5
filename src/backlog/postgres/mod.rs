//! The server engine: any number of processes on any number of hosts. Schema `fleet`.

mod change;
mod connect;
mod errors;
mod read;
mod session;
mod tls;
mod url;

pub(super) use url::{Server, server};

use super::conditions::Dialect;
use super::error::Result;
use super::graph::{Graph, Node};
use super::model::{Board, BoardQuery, Card, CardEvent, CardId};
use super::schema::Access;
use super::sqlite::Sqlite;
use super::store::{Change, ClaimRequest, Figures, ListQuery, Neighbour, Progress, Store, Who};
use session::Session;

const DIALECT: Dialect = Dialect { mark: '$', like: "ILIKE" };

/// A backlog on a server.
pub(super) struct Postgres {
    session: Session,
    /// An empty backlog that stands for one that is not there yet: looking makes no schema.
    imagined: Option<Sqlite>,
}

impl Postgres {
    /// Connects. To change, it brings the schema to the present; looking leaves it as it is.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses, or its schema is newer than this program, or older and only to
    /// be looked at.
    pub(super) fn open(server: &Server, access: Access, progress: Progress<'_>) -> Result<Self> {
        let mut session = Session::open(server)?;
        let imagined = if session.prepare(access, progress)? { None } else { Some(Sqlite::imagine()?) };
        Ok(Self { session, imagined })
    }

    /// The empty backlog, as long as there is no other.
    fn empty(&mut self) -> Result<Option<&mut Sqlite>> {
        if self.imagined.is_some() && self.session.prepare(Access::Read, &mut |_, _| {})? {
            self.imagined = None;
        }
        Ok(self.imagined.as_mut())
    }

    /// The server's backlog, made when it is not there.
    fn real(&mut self) -> Result<&mut Session> {
        if self.imagined.take().is_some() {
            self.session.prepare(Access::Write, &mut |_, _| {})?;
        }
        Ok(&mut self.session)
    }
}

impl Store for Postgres {
    fn place(&self) -> String {
        self.session.address()
    }

    fn begin(&mut self) -> Result<Box<dyn Change + '_>> {
        Ok(Box::new(change::PostgresChange::begin(self.real()?)?))
    }

    fn claim(&mut self, request: &ClaimRequest, who: &Who) -> Result<Option<Card>> {
        change::claim(self.real()?, request, who)
    }

    fn card(&mut self, id: &CardId) -> Result<Option<Card>> {
        if let Some(empty) = self.empty()? {
            return empty.card(id);
        }
        read::card(&mut self.session, id, "")
    }

    fn list(&mut self, query: &ListQuery) -> Result<Vec<Card>> {
        if let Some(empty) = self.empty()? {
            return empty.list(query);
        }
        read::list(&mut self.session, query)
    }

    fn neighbours(&mut self, id: &CardId, limit: u32) -> Result<(Vec<Neighbour>, Vec<Neighbour>)> {
        if let Some(empty) = self.empty()? {
            return empty.neighbours(id, limit);
        }
        read::neighbours(&mut self.session, id, limit)
    }

    fn edges_at(&mut self, ids: &[CardId], limit: u32) -> Result<Vec<(CardId, CardId)>> {
        if let Some(empty) = self.empty()? {
            return empty.edges_at(ids, limit);
        }
        read::edges_at(&mut self.session, ids, limit)
    }

    fn nodes(&mut self, ids: &[CardId]) -> Result<Vec<Node>> {
        if let Some(empty) = self.empty()? {
            return empty.nodes(ids);
        }
        read::nodes(&mut self.session, ids)
    }

    fn history(&mut self, id: &CardId, limit: u32) -> Result<Vec<CardEvent>> {
        if let Some(empty) = self.empty()? {
            return empty.history(id, limit);
        }
        read::history(&mut self.session, id, limit)
    }

    fn figures(&mut self) -> Result<Figures> {
        if let Some(empty) = self.empty()? {
            return empty.figures();
        }
        read::figures(&mut self.session)
    }

    fn board(&mut self, query: &BoardQuery) -> Result<Board> {
        if let Some(empty) = self.empty()? {
            return empty.board(query);
        }
        read::board(&mut self.session, query)
    }

    fn revision(&mut self) -> Result<String> {
        if let Some(empty) = self.empty()? {
            return empty.revision();
        }
        read::revision(&mut self.session)
    }

    fn graph(&mut self) -> Result<Graph> {
        if let Some(empty) = self.empty()? {
            return empty.graph();
        }
        read::graph(&mut self.session)
    }

    fn export(
        &mut self,
        cards: &mut dyn FnMut(Card) -> Result<()>,
        events: &mut dyn FnMut(CardEvent) -> Result<()>,
    ) -> Result<()> {
        if let Some(empty) = self.empty()? {
            return empty.export(cards, events);
        }
        read::export(&mut self.session, cards, events)
    }

    fn check(&mut self) -> Result<Vec<String>> {
        if let Some(empty) = self.empty()? {
            return empty.check();
        }
        read::check(&mut self.session)
    }
}
