//! The server engine: any number of processes on any number of hosts. Schema `fleet`.

mod change;
mod errors;
mod read;
mod session;

pub(super) use errors::address;

use super::conditions::Dialect;
use super::error::Result;
use super::graph::{Graph, Node};
use super::model::{Board, BoardQuery, Card, CardEvent, CardId};
use super::store::{Change, ClaimRequest, Figures, ListQuery, Neighbour, Progress, Store, Who};
use session::Session;

const DIALECT: Dialect = Dialect { mark: '$', like: "ILIKE" };

/// A backlog on a server.
pub(super) struct Postgres {
    session: Session,
}

impl Postgres {
    /// Connects, and brings the schema to the present.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses, or its schema is newer than this program.
    pub(super) fn open(config: &tokio_postgres::Config, progress: Progress<'_>) -> Result<Self> {
        let mut session = Session::open(config)?;
        session.migrate(progress)?;
        Ok(Self { session })
    }
}

impl Store for Postgres {
    fn place(&self) -> String {
        self.session.address()
    }

    fn begin(&mut self) -> Result<Box<dyn Change + '_>> {
        Ok(Box::new(change::PostgresChange::begin(&mut self.session)?))
    }

    fn claim(&mut self, request: &ClaimRequest, who: &Who) -> Result<Option<Card>> {
        change::claim(&mut self.session, request, who)
    }

    fn card(&mut self, id: &CardId) -> Result<Option<Card>> {
        read::card(&mut self.session, id, "")
    }

    fn list(&mut self, query: &ListQuery) -> Result<Vec<Card>> {
        read::list(&mut self.session, query)
    }

    fn neighbours(&mut self, id: &CardId, limit: u32) -> Result<(Vec<Neighbour>, Vec<Neighbour>)> {
        read::neighbours(&mut self.session, id, limit)
    }

    fn edges_at(&mut self, ids: &[CardId], limit: u32) -> Result<Vec<(CardId, CardId)>> {
        read::edges_at(&mut self.session, ids, limit)
    }

    fn nodes(&mut self, ids: &[CardId]) -> Result<Vec<Node>> {
        read::nodes(&mut self.session, ids)
    }

    fn history(&mut self, id: &CardId, limit: u32) -> Result<Vec<CardEvent>> {
        read::history(&mut self.session, id, limit)
    }

    fn figures(&mut self) -> Result<Figures> {
        read::figures(&mut self.session)
    }

    fn board(&mut self, query: &BoardQuery) -> Result<Board> {
        read::board(&mut self.session, query)
    }

    fn revision(&mut self) -> Result<String> {
        read::revision(&mut self.session)
    }

    fn graph(&mut self) -> Result<Graph> {
        read::graph(&mut self.session)
    }

    fn export(
        &mut self,
        cards: &mut dyn FnMut(Card) -> Result<()>,
        events: &mut dyn FnMut(CardEvent) -> Result<()>,
    ) -> Result<()> {
        read::export(&mut self.session, cards, events)
    }

    fn check(&mut self) -> Result<Vec<String>> {
        read::check(&mut self.session)
    }
}
