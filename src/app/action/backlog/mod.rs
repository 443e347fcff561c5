//! What can be asked of the backlog.

pub(in crate::app) mod build;

use std::path::PathBuf;

use crate::backlog::model::CardId;
use crate::backlog::store::{ClaimRequest, ListQuery};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the commands and their options")]
pub enum BacklogAction {
    Create { id: CardId, fields: Box<Fields>, idempotency_key: Option<String>, blocked: bool },
    List(ListQuery),
    Show(CardId),
    Edit { id: CardId, fields: Box<Fields>, if_version: Option<i64> },
    Claim(ClaimRequest),
    Renew { id: CardId, owner: String, token: i64, ttl_seconds: Option<i64> },
    Reclaim(Option<CardId>),
    Link { from: CardId, to: CardId, if_version: Option<i64> },
    Unlink { from: CardId, to: CardId, if_version: Option<i64> },
    Block { id: CardId, token: Option<i64>, reason: String, if_version: Option<i64> },
    Unblock { id: CardId, if_version: Option<i64> },
    Complete { id: CardId, token: Option<i64> },
    Stats,
    Graph { dot: bool },
    Export(Option<PathBuf>),
    Import(PathBuf),
    Migrate,
    Doctor,
}

/// A text that is given, or stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// The text.
    Given(String),
    /// A file; `-` is standard input.
    File(PathBuf),
}

/// Fields of a card as they are typed; files are read when the action is performed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are those of the card's fields")]
pub struct Fields {
    pub title: Option<String>,
    pub body: Option<Text>,
    pub phase: Option<String>,
    pub priority: Option<i64>,
    pub priority_by: Option<i64>,
    pub depends_on: Option<Vec<CardId>>,
    pub assignee: Option<String>,
    /// JSON, or `@FILE`; empty takes it away.
    pub acceptance: Option<String>,
    pub spend_projected: Option<i64>,
    pub spend_actual: Option<i64>,
}
