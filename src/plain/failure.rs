//! The one error type: what failed, why, and the operator's next step.
//!
//! It knows kinds, not exit codes; `app::action::error` maps a kind to the process's exit code.

use std::fmt;

use super::Unreadable;

/// Class of a failure; each maps to one exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It was tried and failed, or could not be verified.
    Failed,
    /// A file or an argument is not valid.
    Invalid,
    /// An agent, session, roster or card does not exist.
    NotFound,
    /// A rule forbids it.
    Refused,
    /// A needed program is not installed.
    MissingProgram,
}

/// Why the same is worth another try at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Two writers met in a way that a database resolves by ending one.
    Collision,
    /// The connection to a server ended between two questions of one moment.
    Lost,
}

/// A failure that an operator can act on: `<what>: <why>; <next step>`. It never holds a password.
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
    /// Whether the same is worth another try at once.
    pub again: Option<Again>,
}

impl Failure {
    /// Builds a failure of one kind.
    pub fn new(kind: Kind, what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { kind, what: what.into(), why: why.into(), next: next.into(), details: Vec::new(), again: None }
    }

    /// Shorthand for [`Kind::Failed`].
    pub fn failed(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(Kind::Failed, what, why, next)
    }

    /// Shorthand for [`Kind::Invalid`].
    pub fn invalid(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, what, why, next)
    }

    /// Shorthand for [`Kind::Refused`].
    pub fn refused(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(Kind::Refused, what, why, next)
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

/// Result of whatever can fail so.
pub type Result<T, E = Failure> = std::result::Result<T, E>;
