//! The one trait that an engine implements. Rules, history and order of steps are the callers'.

use super::error::Result;
use super::graph::{Graph, Node};
use super::model::{Board, BoardQuery, Card, CardEvent, CardId, Column, Counts, StageLine, Stamp, Status, Supervising};

/// Transactions of a server that are open at once write lines of the history of about as many numbers: one that is committed
/// late may have a number that much smaller than one that was read before it.
pub const LATE: i64 = 100;

/// Who works with the backlog: written into every card and every line of history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// Agent name, or the user's.
    pub actor: String,
    /// Their tenant.
    pub tenant_id: String,
    /// Their host.
    pub host: String,
}

/// What a claimer asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Who claims.
    pub owner: String,
    /// Seconds until the claim expires; `None` leaves it to the card.
    pub ttl_seconds: Option<i64>,
    /// This card only.
    pub id: Option<CardId>,
    /// Cards of this phase only.
    pub phase: Option<String>,
    /// The class that the owner acts as: cards for it are taken too, beside those for the owner and for anyone.
    pub assignee: Option<String>,
}

impl ClaimRequest {
    /// Returns the assignees whose cards this claimer may take.
    #[must_use]
    pub fn assignees(&self) -> Vec<&str> {
        let mut all = vec!["", &self.owner];
        all.extend(self.assignee.as_deref());
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns who works with the backlog when its claim is written: the owner, for whom somebody may claim.
    pub(super) fn claimer(&self, who: &Who) -> Who {
        Who { actor: self.owner.clone(), ..who.clone() }
    }
}

/// Order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// The order in which cards are claimed: priority, then age.
    #[default]
    Priority,
    /// Newest first.
    Created,
    /// Changed last first.
    Updated,
    /// By name.
    Id,
}

/// Which cards are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// With this status.
    pub status: Option<Status>,
    /// In this column; `ready` is what can be claimed.
    pub column: Option<Column>,
    /// Of this phase.
    pub phase: Option<String>,
    /// For this class or agent.
    pub assignee: Option<String>,
    /// Work for this goal.
    pub goal: Option<String>,
    /// In this stage.
    pub stage: Option<String>,
    /// Only the cards of goals themselves.
    pub goals: bool,
    /// With this text in id, title or body.
    pub search: Option<String>,
    /// Order.
    pub sort: Sort,
    /// Maximum number of cards.
    pub limit: u64,
}

/// Figures about the whole backlog.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// The store's clock.
    pub now: Stamp,
    /// Cards per column.
    pub counts: Counts,
    /// When the oldest claimable card was made.
    pub oldest_claimable: Option<Stamp>,
    /// Expired claims.
    pub expired_claims: u64,
    /// Claims that ended with a completion.
    pub claims_completed: u64,
    /// Total duration of those, in milliseconds.
    pub claim_milliseconds: u64,
}

/// A card beside another: a dependency or a dependent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Neighbour {
    /// Its name.
    pub id: CardId,
    /// Its title; `None` when there is no such card.
    pub title: Option<String>,
    /// Its column; `None` when there is no such card.
    pub column: Option<Column>,
}

/// Progress of a long operation: what is being done, how much of it.
pub type Progress<'a> = &'a mut dyn FnMut(&str, u64);

/// A place where cards are kept.
pub trait Store: Send {
    /// Returns where it is, without a password.
    fn place(&self) -> String;

    /// Begins a change; dropped without a commit it never happened.
    fn begin(&mut self) -> Result<Box<dyn Change + '_>>;

    /// Takes the next claimable card in one transaction, with its history. Expired claims return to the pool first.
    fn claim(&mut self, request: &ClaimRequest, who: &Who) -> Result<Option<Card>>;

    /// Returns one card.
    fn card(&mut self, id: &CardId) -> Result<Option<Card>>;

    /// Returns the cards of a list.
    fn list(&mut self, query: &ListQuery) -> Result<Vec<Card>>;

    /// Returns the cards of a list as lines of their ways: without their texts, a whole stage costs little.
    fn staged(&mut self, query: &ListQuery) -> Result<Vec<StageLine>>;

    /// Returns what a card depends on, and what depends on it; at most `limit` of each.
    fn neighbours(&mut self, id: &CardId, limit: u32) -> Result<(Vec<Neighbour>, Vec<Neighbour>)>;

    /// Returns edges that begin or end at one of these cards, at most `limit`.
    fn edges_at(&mut self, ids: &[CardId], limit: u32) -> Result<Vec<(CardId, CardId)>>;

    /// Returns these cards as nodes; one that does not exist has no column.
    fn nodes(&mut self, ids: &[CardId]) -> Result<Vec<Node>>;

    /// Returns a card's newest lines of history, oldest of them first.
    fn history(&mut self, id: &CardId, limit: u32) -> Result<Vec<CardEvent>>;

    /// Returns the newest lines of the whole history behind a number, oldest of them first, each with its number; claims
    /// that were merely renewed are left out.
    fn recent(&mut self, after: i64, limit: u32) -> Result<Vec<(i64, CardEvent)>>;

    /// Returns figures about the whole backlog.
    fn figures(&mut self) -> Result<Figures>;

    /// Returns how many cards of work there are for each goal, by column.
    fn work(&mut self) -> Result<Vec<(String, Column, u64)>>;

    /// Returns what the board shows.
    fn board(&mut self, query: &BoardQuery) -> Result<Board>;

    /// Writes down that a supervisor gives cards out, and for whom; that holds for so many seconds.
    fn announce(&mut self, one: &Supervising, seconds: i64) -> Result<()>;

    /// Returns the supervisors of whom that is written down, and holds.
    fn supervisors(&mut self) -> Result<Vec<Supervising>>;

    /// Something that differs whenever another process may have changed anything.
    fn revision(&mut self) -> Result<String>;

    /// Returns all cards and edges, without bodies.
    fn graph(&mut self) -> Result<Graph>;

    /// Passes on every card by id, then every line of history in order, as of one moment.
    fn export(
        &mut self,
        cards: &mut dyn FnMut(Card) -> Result<()>,
        events: &mut dyn FnMut(CardEvent) -> Result<()>,
    ) -> Result<()>;

    /// Returns what is wrong with the stored data itself, in words: the engine's own check, counts that do not add up.
    fn check(&mut self) -> Result<Vec<String>>;
}

/// One transaction. A card that was read through it stays as it is until the end.
pub trait Change {
    /// Returns the store's clock.
    fn now(&mut self) -> Result<Stamp>;

    /// Returns one card, locked until the end.
    fn card(&mut self, id: &CardId) -> Result<Option<Card>>;

    /// Returns the card made with this idempotency key.
    fn card_with_key(&mut self, key: &str) -> Result<Option<CardId>>;

    /// Returns whether there is work for a goal, beside this card.
    fn has_work_for(&mut self, goal: &str, beside: &CardId) -> Result<bool>;

    /// Returns the cards of expired claims, oldest first.
    fn expired(&mut self, now: Stamp) -> Result<Vec<CardId>>;

    /// Returns a card's newest lines of history, oldest of them first.
    fn history(&mut self, id: &CardId, limit: u32) -> Result<Vec<CardEvent>>;

    /// Keeps others from changing edges until the end: two of them could close a cycle together.
    fn hold_edges(&mut self) -> Result<()>;

    /// Returns what these cards depend on.
    fn dependencies(&mut self, ids: &[CardId]) -> Result<Vec<(CardId, CardId)>>;

    /// Adds cards, with the edges of their `depends_on`. Fails when one exists.
    fn insert(&mut self, cards: &[Card]) -> Result<()>;

    /// Writes a card's fields; edges are not among them.
    fn update(&mut self, card: &Card) -> Result<()>;

    /// Adds an edge.
    fn add_edge(&mut self, card: &CardId, on: &CardId) -> Result<()>;

    /// Removes an edge.
    fn remove_edge(&mut self, card: &CardId, on: &CardId) -> Result<()>;

    /// Appends to the history.
    fn append(&mut self, events: &[CardEvent]) -> Result<()>;

    /// Returns all edges.
    fn edges(&mut self) -> Result<Vec<(CardId, CardId)>>;

    /// Commits the transaction.
    fn commit(self: Box<Self>) -> Result<()>;
}
