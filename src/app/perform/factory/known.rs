//! What earlier looks at the backlog found out: it stays true of the card's version or claim by which it is kept.

use std::collections::{BTreeMap, BTreeSet};

use crate::backlog::model::CardId;

/// What was found out about claims and blocked cards, and stays true of them.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Claims by card and time: whether they were made on this host.
    pub here: BTreeMap<(CardId, i64), bool>,
    /// Blocked cards by version: who held them, if anybody did.
    pub owners: BTreeMap<(CardId, i64), Option<String>>,
    /// Cards that wait for a review, by version: who wrote the change.
    pub authors: BTreeMap<(CardId, i64), Vec<String>>,
    /// The newest lines of the history that were read, by their numbers.
    pub lines: BTreeSet<i64>,
}
