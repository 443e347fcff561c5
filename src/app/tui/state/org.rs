//! The Org view: the chart of seats, and the persona of the selected one beside it.

use std::collections::HashMap;
use std::sync::Arc;

/// What the view knows beside the rows.
#[derive(Debug, Clone, Default)]
pub struct OrgState {
    /// First line of the chart on the screen.
    pub top: usize,
    /// First line of the persona on the screen.
    pub scroll: u16,
    /// Texts of personas, or why there is none; nothing while one is being read.
    pub personas: HashMap<String, Option<Result<Arc<str>, String>>>,
}
