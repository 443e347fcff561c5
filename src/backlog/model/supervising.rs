//! Who gives cards out, where several hosts share a backlog.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// For whom a supervisor gives cards out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Takers {
    /// Names and classes of its agents.
    pub names: BTreeSet<String>,
    /// Whether one of them takes cards for anyone.
    pub anyone: bool,
}

/// A supervisor, as it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supervising {
    /// Its host.
    pub host: String,
    /// Its Mosaic home.
    pub home: String,
    /// For whom it gives cards out.
    pub takers: Takers,
}
