//! The Watch view: one pane, full screen, and its scrollback.

use std::sync::Arc;

use crate::fleet::model::PaneScreen;

/// Scrollback of the pane in view.
#[derive(Debug, Clone)]
pub struct Scrollback {
    /// The text; `None` while it is being fetched.
    pub screen: Option<Arc<PaneScreen>>,
    /// Lines above the newest.
    pub offset: u16,
}
