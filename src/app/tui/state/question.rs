//! The question that an agent asks: the whole of it, with a key for each choice. An answer is meant for the question
//! that was on the screen, and the executor presses nothing when another one stands there by then.

use crate::app::action::dispatch::RequestId;
use crate::app::tui::state::confirm::Reading;
use crate::fleet::model::{AgentRow, Label, RowKey};

/// An open question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Whose it is.
    pub agent: RowKey,
    /// The agent's name.
    pub name: String,
    /// What it asks, as every row shows it.
    pub asked: Label,
    /// How much of that was on the screen.
    pub reading: Reading,
    /// First line shown.
    pub scroll: u16,
    /// The answer that is on its way, and with which choice.
    pub sent: Option<(RequestId, usize)>,
    /// What became of it, and whether it failed.
    pub told: Option<(String, bool)>,
}

impl Question {
    pub(in crate::app::tui) fn of(row: &AgentRow) -> Option<Self> {
        let asked = row.question.clone().filter(|_| row.managed)?;
        Some(Self {
            agent: row.key,
            name: row.name.to_string(),
            asked,
            reading: Reading::default(),
            scroll: 0,
            sent: None,
            told: None,
        })
    }
}
