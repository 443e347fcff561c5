//! The Wall view: a tile of every agent, each with its live pane. It owns the order of the tiles and their pictures.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::fleet::model::{PaneKey, PaneScreen, PaneTarget, RowKey, ServerName, Size};
use crate::fleet::pane::Tile;

/// Tiles change places only when no key was pressed for so long: nothing jumps below an operator's finger.
pub(in crate::app::tui) const REST: Duration = Duration::from_secs(3);

/// The wall.
#[derive(Debug, Clone, Default)]
pub struct WallState {
    /// The rows in the order of their tiles, those that are folded last.
    pub order: Vec<RowKey>,
    /// How many of them are folded to a line.
    pub folded: usize,
    /// Whether none is to be, however little room there is.
    pub whole: bool,
    /// Where each row's pane was seen last: a server that does not answer has not lost it.
    pub targets: HashMap<RowKey, PaneTarget>,
    /// The newest picture of each pane, cut to its tile.
    pub pictures: HashMap<PaneKey, Arc<PaneScreen>>,
    /// When each server was looked at last.
    pub looked: HashMap<ServerName, Timestamp>,
    /// Why a server cannot be looked at.
    pub lost: HashMap<ServerName, String>,
    /// Since when the pictures hold still.
    pub frozen: Option<Timestamp>,
    /// Whether the cursor goes along to what moves.
    pub follows: bool,
    /// When a key was pressed last.
    pub(in crate::app::tui) touched: Option<Timestamp>,
    /// What the tiles were put in order for: the filter, the size of the terminal, and whether all are shown whole.
    pub(in crate::app::tui) arranged_for: Option<(String, Size, bool)>,
    /// What pictures were asked for.
    pub(in crate::app::tui) asked: Vec<Tile>,
}

impl WallState {
    /// Place of the selected row's tile among all of them.
    #[must_use]
    pub fn at(&self, selected: Option<&RowKey>) -> Option<usize> {
        self.order.iter().position(|key| Some(key) == selected)
    }

    /// How many tiles are not folded.
    #[must_use]
    pub fn open(&self) -> usize {
        self.order.len().saturating_sub(self.folded)
    }

    /// Whether no key was pressed for a while.
    pub(in crate::app::tui) fn rests(&self, now: Timestamp) -> bool {
        let since = |then: Timestamp| Duration::try_from(now.duration_since(then)).unwrap_or_default();
        self.touched.is_none_or(|touched| since(touched) >= REST)
    }
}
