//! What cannot be read for now.

use crate::fleet::error::Failure;

/// Why something that is read all the time cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The cause alone, for where room is short.
    pub why: String,
    /// What it is, the cause, and the next step.
    pub whole: String,
}

impl From<&Failure> for Lost {
    fn from(failure: &Failure) -> Self {
        Self { why: failure.why.clone(), whole: failure.to_string() }
    }
}
