//! What is news in agents' files: everything but the age of a heartbeat.

use crate::fleet::heartbeat::{Heartbeat, NoHeartbeat};

/// What a reading of agents' files found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadBeats {
    /// Agents whose files were read.
    pub agents: usize,
    /// Whether anything but the age of a heartbeat is another one.
    pub news: bool,
}

/// Whether a heartbeat says what the one before it said, at another time.
pub(super) fn says_the_same(known: &Result<Heartbeat, NoHeartbeat>, read: &Result<Heartbeat, NoHeartbeat>) -> bool {
    match (known, read) {
        // Each beat has another time, and a fleet at rest would be joined and drawn anew with every one.
        (Ok(known), Ok(read)) => *known == Heartbeat { ts: known.ts, since: known.since, ..read.clone() },
        (known, read) => known == read,
    }
}
