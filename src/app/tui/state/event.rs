//! One event, whole.

use crate::fleet::activity::Event;

/// An open event.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPopup {
    /// The event.
    pub event: Event,
    /// First line shown.
    pub scroll: u16,
}

impl Eq for EventPopup {}
