//! What runs in the background, and the list of it.

use jiff::Timestamp;

use crate::app::action::dispatch::Sent;

/// An action that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Which.
    pub sent: Sent,
    /// Since when.
    pub since: Timestamp,
    /// How far it is, as it said last.
    pub said: Option<String>,
}

/// The open list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunningList {
    /// First line shown.
    pub scroll: u16,
}
