//! One cell of a strip: what an agent was in a piece of time.

use serde::Serialize;

use super::Readiness;

/// A cell that was work from end to end.
pub const BUSIEST: u8 = 8;

/// What an agent was in a piece of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct StripCell {
    /// The most urgent state that lasted, else the longest; `None` where nobody looked.
    pub state: Option<Readiness>,
    /// How much of it was work, from 0 to [`BUSIEST`].
    pub busy: u8,
}
