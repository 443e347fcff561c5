//! A choice between a few things, taken only when a frame showed what is marked.

use crate::app::action::dispatch::Request;
use crate::app::tui::state::prompt::Question;
use crate::backlog::model::CardId;

/// A choice between a few things.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu {
    /// What is chosen.
    pub title: String,
    /// The cards that it was opened on.
    pub cards: Vec<CardId>,
    /// The choices.
    pub items: Vec<(String, Choice)>,
    /// The marked one.
    pub at: usize,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Hands a request to the executor.
    Run {
        /// Its command line.
        command: String,
        /// What the executor is asked.
        request: Box<Request>,
    },
    /// Does this entry of the table to each of the cards, with the question of its key.
    Do(&'static str),
    /// Asks further.
    Ask(Question),
    /// Opens the choice of an owner.
    Owner(CardId),
}
