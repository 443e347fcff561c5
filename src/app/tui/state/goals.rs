//! The goals, as a view of the board: how far each is, and the longest way that is still to go.

use std::sync::Arc;

use crate::backlog::model::{GoalLine, Goals};

/// The goals on the screen.
#[derive(Debug, Clone, Default)]
pub struct GoalsState {
    /// Newest reading; `None` before the first.
    pub read: Option<Arc<Goals>>,
    /// The selected one.
    pub at: usize,
    /// Whether they are asked for.
    pub asked: bool,
}

impl GoalsState {
    /// The selected goal.
    #[must_use]
    pub fn selected(&self) -> Option<&GoalLine> {
        self.read.as_ref()?.goals.get(self.at)
    }
}
