//! What happens to the dashboard: facts, never commands.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use jiff::Timestamp;

use super::report::Report;
use crate::fleet::model::{FleetSnapshot, Label, PaneKey, PaneScreen, Size};

/// One fact.
#[derive(Debug, Clone)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has this size now.
    Resize(Size),
    /// The observer published.
    Snapshot(Arc<FleetSnapshot>),
    /// The pane in view looks like this now.
    Pane(PaneKey, Arc<PaneScreen>),
    /// The pane in view cannot be shown; why.
    PaneLost(PaneKey, String),
    /// The scrollback that was asked for.
    History(PaneKey, Result<Arc<PaneScreen>, String>),
    /// An action ended.
    Done {
        /// Its command line.
        command: String,
        /// Its result.
        report: Report,
    },
    /// Time passed.
    Tick(Timestamp),
    /// An agent's name was given on the command line.
    WatchAgent(Label),
}
