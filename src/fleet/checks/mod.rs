//! What can be checked of a fleet: `verify` asks whether to trust it now, `doctor` what it needs.

mod doctor;
mod inotify;
mod servers;
mod verify;

use serde::Serialize;

use super::home::{RunFile, Site};
use super::model::{AgentName, AgentRow, Flag};
use super::roster::Roster;
use super::session;
use super::supervision;

pub use doctor::doctor;
pub use verify::verify;

/// Whether an agent of this host lives in its pane and nobody keeps it: its keeper was ended alone. Nobody vouches for it
/// then, and nobody makes its session anew; `fleet start` gives it another keeper and leaves the session as it is.
#[must_use]
pub fn lacks_keeper(site: &Site, row: &AgentRow) -> bool {
    let elsewhere = [Flag::Remote, Flag::Stopped].into_iter().any(|flag| row.has(flag));
    let kept = |name: AgentName| session::keeper_pid(&site.run_file(&name, RunFile::Lock)).is_some();
    row.managed
        && !elsewhere
        && row.pane.as_ref().is_some_and(|pane| !pane.dead)
        && AgentName::parse(row.name.as_str()).is_ok_and(|name| !kept(name))
}

/// Whether the supervisor that the roster asks for runs; `None` where it asks for none and none runs.
#[must_use]
pub fn supervisor(site: &Site, roster: &Roster) -> Option<Check> {
    match (roster.supervise.enabled, supervision::running(site)) {
        (_, Some(pid)) => Some(Check::ok("supervisor", format!("runs (pid {pid}) and gives out work"))),
        (true, None) => {
            let why = "does not run: cards reach nobody by themselves";
            Some(Check::failed("supervisor", why, "`mosaic-tui fleet start` starts it"))
        }
        (false, None) => None,
    }
}

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
