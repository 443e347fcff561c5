//! A runtime's own word on its state, left for its keeper to carry into the heartbeat.

use jiff::Timestamp;

use super::environment::AGENT_NAME;
use crate::fleet::error::{Failure, Result};
use crate::fleet::heartbeat::{self, Heartbeat};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::model::{AgentName, Authority, HeartbeatStatus, Label};
use crate::fleet::os::bell;
use crate::fleet::os::folder;
use crate::fleet::os::process;
use crate::fleet::usage::{self, Usage};

/// What a runtime reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The reporting agent.
    pub agent: AgentName,
    /// A process of its pane.
    pub pid: u32,
    /// Its state.
    pub status: HeartbeatStatus,
    /// One line in its words.
    pub detail: Option<String>,
    /// Promise to report again within this many seconds.
    pub next_seconds: Option<u32>,
    /// Id of the message that it took by this; `None` keeps the one that is known.
    pub msg: Option<String>,
}

/// The process that the agent's keeper vouches for, if this process runs below it.
#[must_use]
pub fn own_pane_process(site: &Site, agent: &AgentName) -> Option<u32> {
    let path = site.run_file(agent, RunFile::Heartbeat);
    let beat = heartbeat::read(&path, Timestamp::now(), site.thresholds.heartbeat_interval).ok()?;
    // Variables can be copied into any shell, but no one can choose whom it descends from.
    process::ancestors(std::process::id()).contains(&beat.pid).then_some(beat.pid)
}

/// The agent in whose name this process works: the one in whose pane it runs, whatever its environment says by now, else the
/// one that its environment names; `None` for the user. Of two panes within each other the inner one counts.
#[must_use]
pub fn own_agent(site: &Site) -> Option<String> {
    let own_pane = |pid: u32| {
        let name = process::environment_value(pid, AGENT_NAME)?;
        (own_pane_process(site, &AgentName::parse(&name).ok()?)? == pid).then_some(name)
    };
    let above = process::ancestors(std::process::id());
    let named = || std::env::var(AGENT_NAME).ok().filter(|name| !name.is_empty());
    above.into_iter().find_map(own_pane).or_else(named)
}

/// Leaves what a runtime says that it used in its session.
///
/// # Errors
/// What the file system says.
pub fn report_usage(site: &Site, agent: &AgentName, usage: &Usage) -> Result<()> {
    let path = site.run_file(agent, RunFile::Usage);
    path.parent().map_or(Ok(()), folder::make_private).and_then(|()| usage::write(&path, usage)).map_err(|error| {
        let what = format!("figures of use in {}", path.display());
        Failure::failed(what, error.to_string(), "check the folder's rights and space")
    })
}

/// Leaves a report.
///
/// # Errors
/// What the file system says.
pub fn report(site: &Site, report: &Report) -> Result<()> {
    let path = site.run_file(&report.agent, RunFile::Report);
    let beat = Heartbeat {
        ts: Timestamp::now(),
        pid: report.pid,
        status: report.status,
        detail: report.detail.as_deref().map(Label::new),
        by: Authority::Runtime,
        since: None,
        next_seconds: report.next_seconds,
        msg: report.msg.as_deref().map(Label::new).or_else(|| {
            // A tool that is used right behind a prompt reports as well, and must not make a sender miss the prompt.
            let before = heartbeat::read(&path, Timestamp::now(), site.thresholds.heartbeat_interval).ok()?;
            before.msg.filter(|_| before.pid == report.pid)
        }),
    };
    path.parent().map_or(Ok(()), folder::make_private).and_then(|()| heartbeat::write(&path, &beat)).map_err(
        |error| {
            Failure::failed(
                format!("report {}", path.display()),
                error.to_string(),
                "check the folder's rights and space",
            )
        },
    )?;
    // Behind the report, which is what the keeper reads then. Without a keeper that hears it, its next beat carries it.
    if let Err(error) = bell::ring(&site.run_file(&report.agent, RunFile::Bell)) {
        tracing::debug!(%error, "the keeper's bell was not rung");
    }
    Ok(())
}
