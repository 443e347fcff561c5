//! The Fleet view: the list, its filter and its marks, and the pane of the selected agent.

use crate::app::tui::filter::Filter;

/// The facts of the selected agent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FactsPanel {
    /// Whether they have all of their panel that they need, instead of the pane.
    pub open: bool,
    /// First line shown.
    pub scroll: u16,
}

/// The filter line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterLine {
    /// What is typed.
    pub text: String,
    /// Whether keys go into it.
    pub editing: bool,
    /// The same, parsed.
    pub filter: Filter,
}
