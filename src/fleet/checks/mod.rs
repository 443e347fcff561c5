//! What can be checked of a fleet: `verify` asks whether to trust it now, `doctor` what it needs.

mod doctor;
mod servers;
mod verify;

use serde::Serialize;

pub use doctor::doctor;
pub use verify::verify;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Ok,
    /// Works, but the operator should know.
    Warning,
    /// Does not work.
    Failed,
}

impl Verdict {
    /// The word on the screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "FAILED",
        }
    }
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What was checked: an agent, a server, a folder.
    pub subject: String,
    /// How it ended.
    pub verdict: Verdict,
    /// The fact.
    pub text: String,
    /// The next step; empty when there is none.
    pub next: String,
}

impl Check {
    pub(super) fn ok(subject: impl Into<String>, text: impl Into<String>) -> Self {
        Self { subject: subject.into(), verdict: Verdict::Ok, text: text.into(), next: String::new() }
    }

    pub(super) fn warning(subject: impl Into<String>, text: impl Into<String>, next: impl Into<String>) -> Self {
        Self { subject: subject.into(), verdict: Verdict::Warning, text: text.into(), next: next.into() }
    }

    pub(super) fn failed(subject: impl Into<String>, text: impl Into<String>, next: impl Into<String>) -> Self {
        Self { subject: subject.into(), verdict: Verdict::Failed, text: text.into(), next: next.into() }
    }
}
