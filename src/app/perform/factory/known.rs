//! What earlier looks at the backlog found out: it stays true of the card's version by which it is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::app::perform::backlog::pipeline::Refused;
use crate::backlog::model::{CardId, Takers};

/// What was found out about blocked cards and reviews, and stays true of them.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Blocked cards by version: who held them, if anybody did, and the host where that was said.
    pub owners: BTreeMap<(CardId, i64), Option<(String, String)>>,
    /// Cards that wait for a review, by version: who wrote the change.
    pub authors: BTreeMap<(CardId, i64), Vec<String>>,
    /// Cards whose way through the pipeline a rule refused when they were tried.
    pub refused: Refused,
    /// The newest lines of the history that were read, by their numbers.
    pub lines: BTreeSet<i64>,
    /// For whom cards are given out here, as the others were told, and when.
    pub said: Option<(Takers, Instant)>,
}
