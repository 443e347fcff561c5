//! The one error type of the fleet: what failed, why, and the operator's next step.
//!
//! It knows kinds, not exit codes; `app::error` maps a kind to the process's exit code.

use std::fmt;

use crate::plain::Unreadable;

/// Class of a failure; each maps to one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It was tried and failed, or could not be verified.
    Failed,
    /// A file or an argument is not valid.
    Invalid,
    /// An agent, session or roster does not exist.
    NotFound,
    /// A rule forbids it.
    Refused,
    /// A needed program is not installed.
    MissingProgram,
}

/// A failure that an operator can act on: `<what>: <why>; <next step>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which class of failure it is.
    pub kind: Kind,
    /// The thing that failed: an agent, a file with its line, a command.
    pub what: String,
    /// The cause, a lower-case fragment.
    pub why: String,
    /// What to do next, usually a command.
    pub next: String,
    /// Further lines for `-v`.
    pub details: Vec<String>,
}

impl Failure {
    /// Builds a failure of one kind.
    pub fn new(kind: Kind, what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { kind, what: what.into(), why: why.into(), next: next.into(), details: Vec::new() }
    }

    /// Shorthand for [`Kind::Failed`].
    pub fn failed(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(Kind::Failed, what, why, next)
    }

    /// Why a text could not be read.
    pub fn unreadable(what: impl Into<String>, why: &Unreadable) -> Self {
        let kind = match why {
            Unreadable::Os(_) => Kind::Failed,
            _ => Kind::Invalid,
        };
        Self::new(kind, what, why.to_string(), why.next())
    }

    /// Adds detail lines that only `-v` prints.
    #[must_use]
    pub fn with_details(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)?;
        if !self.next.is_empty() {
            write!(f, "; {}", self.next)?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// Result of every fleet operation.
pub type Result<T, E = Failure> = std::result::Result<T, E>;
