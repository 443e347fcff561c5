//! How a message is sent.

use std::time::Duration;

/// How many times its limit a look may take while a screen is blank, is not known of a runtime that has just started, or
/// shows the conversation as it was when Enter was pressed. A program that starts, or comes to draw another screen, shows
/// nothing new meanwhile; on a loaded machine opencode takes more than ten seconds for that.
pub(super) const UNDRAWN_TIMES: u32 = 4;

/// How a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Behind a draft that somebody left.
    pub force: bool,
    /// Only to a runtime whose screen does not say that its last turn failed: work is not given to one that met a limit a
    /// moment ago.
    pub only_well: bool,
    /// Look at what became of it.
    pub verify: bool,
    /// How long to look; while the program has drawn nothing new, a few times as long.
    pub timeout: Duration,
}
