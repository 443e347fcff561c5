//! What can go wrong with the backlog, in words that an operator can act on.

use std::fmt;

/// Class of an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// It was tried and failed: the store is locked, full, gone or not writable.
    Failed,
    /// What was given is not valid, or the store's file is not one.
    Invalid,
    /// A card does not exist.
    NotFound,
    /// A rule forbids it: a lost claim, a cycle, a newer version.
    Refused,
    /// Two writers met in a way that the engine resolves by ending one; it may be tried again.
    Collision,
    /// The connection to a server ended between two questions of one moment; what was read may be read again.
    Lost,
}

/// An error: `<what>: <why>; <next step>`. It never holds a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Its class.
    pub kind: ErrorKind,
    /// The card, the file or the server.
    pub what: String,
    /// The cause.
    pub why: String,
    /// What to do next.
    pub next: String,
}

impl Error {
    /// Creates an error.
    pub fn new(kind: ErrorKind, what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { kind, what: what.into(), why: why.into(), next: next.into() }
    }

    /// Creates an error about a value that is not valid.
    pub fn invalid(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, what, why, next)
    }

    /// Creates an error about something that a rule forbids.
    pub fn refused(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self::new(ErrorKind::Refused, what, why, next)
    }

    /// Creates an error about a backlog that was there, and is no more.
    pub fn gone(place: &impl fmt::Display) -> Self {
        Self::new(
            ErrorKind::Failed,
            format!("backlog {place}"),
            "was here and is gone",
            "put it back, or mount what it lies on; a card that is made now begins another one",
        )
    }

    /// Creates an error about a card that does not exist.
    #[must_use]
    pub fn no_card(id: &impl fmt::Display) -> Self {
        Self::new(
            ErrorKind::NotFound,
            format!("card {id}"),
            "does not exist",
            "`mosaic-tui backlog list` lists the cards",
        )
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)?;
        if !self.next.is_empty() {
            write!(f, "; {}", self.next)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Result of every operation on the backlog.
pub type Result<T, E = Error> = std::result::Result<T, E>;
