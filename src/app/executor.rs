//! Performs actions that reach outside: the same function for a key and for a command line.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::oneshot;

use super::action::Action;
use super::backlog::Look;
use super::headless;
use super::present;
use super::report::Report;
use crate::backlog::model::BoardQuery;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::{self, Outcome};
use crate::fleet::model::{AgentRow, FleetSnapshot, Label};
use crate::fleet::observe;
use crate::fleet::roster::{self, Agent, Roster};
use crate::fleet::session;

/// Agents started at the same time: enough to hide waiting, too few to storm the machine.
const STARTED_TOGETHER: usize = 4;

/// Performs an action and answers.
///
/// # Errors
/// Whatever stops it, with its exit code's kind.
pub(super) async fn perform(site: &Site, action: &Action) -> Result<Report> {
    match action {
        Action::FleetPs => {
            let snapshot = look(site).await?;
            let report = Report::done(headless::table(&snapshot, None, false), &snapshot.agents);
            // What could not be verified is no success, however complete the table looks.
            Ok(if headless::tmux_was_read(&snapshot) { report } else { report.with_code(super::error::FAILED) })
        }
        Action::FleetCheck(file) => check(site, file.as_deref()),
        Action::FleetSchema => Ok(Report::done(roster::SCHEMA.trim_end(), &json!(null))),
        Action::FleetStart(names) => start(site, names).await,
        Action::FleetStop(names) => stop(site, names).await,
        Action::AgentRoster => {
            let roster = roster::load(site)?;
            Ok(Report::done(headless::roster(&roster), &headless::roster_json(&roster)))
        }
        Action::AgentStatus(None) => {
            let snapshot = look(site).await?;
            let managed: Vec<_> = snapshot.agents.iter().filter(|row| row.managed).collect();
            Ok(Report::done(headless::table(&snapshot, None, true), &managed))
        }
        Action::AgentStatus(Some(name)) => {
            let (snapshot, row) = look_at(site, name).await?;
            Ok(Report::done(headless::table(&snapshot, Some(row.name.as_str()), false), &row))
        }
        Action::AgentExplain(name) => {
            let (_, row) = look_at(site, name).await?;
            let lines = present::explain(&row);
            let text: Vec<String> = lines.iter().map(|(label, text)| format!("{label:<13} {text}")).collect();
            Ok(Report::done(
                text.join("\n"),
                &json!({ "rule": row.rule, "would_change": row.would_change, "agent": row }),
            ))
        }
        Action::SessionReport { status, detail, agent } => report(site, *status, detail.as_deref(), agent.as_ref()),
        Action::Backlog(action) => {
            let (site, action) = (site.clone(), action.clone());
            let (answer, done) = oneshot::channel();
            // It waits for locks and servers; the event loop must not, nor the end of the program.
            std::thread::spawn(move || drop(answer.send(super::backlog::perform(&site, &action))));
            done.await.unwrap_or_else(|_| Err(Failure::failed("backlog", "gave no answer", "try again")))
        }
        other => Err(Failure::new(Kind::Invalid, format!("{other:?}"), "does not run here", "run it from a shell")),
    }
}

async fn look(site: &Site) -> Result<Arc<FleetSnapshot>> {
    let roster = roster::load(site)?;
    let look = Look::begin(site, BoardQuery::default());
    let snapshot = observe::once(site, roster).await;
    let snapshot = headless::joined(&snapshot, &look.end().await.map(|seen| seen.board));
    // A missing tmux is no fact about the fleet: nothing can be said at all.
    if crate::fleet::exec::find_in_path("tmux", &std::env::var("PATH").unwrap_or_default()).is_none() {
        return Err(crate::fleet::exec::explain("tmux", &crate::fleet::exec::ExecError::Missing));
    }
    Ok(snapshot)
}

/// One row; a session that the roster does not know can be looked at too.
async fn look_at(site: &Site, name: &str) -> Result<(Arc<FleetSnapshot>, Arc<AgentRow>)> {
    let snapshot = look(site).await?;
    let row = snapshot.agents.iter().find(|row| row.name.as_str() == name).cloned();
    match row {
        Some(row) => Ok((snapshot, row)),
        None => Err(roster::load(site)?
            .agent(name)
            .err()
            .unwrap_or_else(|| Failure::new(Kind::NotFound, format!("agent {name}"), "has no row", "try again"))),
    }
}

fn check(site: &Site, file: Option<&std::path::Path>) -> Result<Report> {
    let mut site = site.clone();
    if let Some(file) = file {
        site.roster = file.to_owned();
    }
    let path = site.roster.display().to_string();
    match roster::load(&site) {
        Ok(roster) => {
            let mut text = format!("{path}: valid, {} agents", roster.agents.len());
            let warnings: Vec<String> = roster.warnings.iter().cloned().chain(surroundings(&site, &roster)).collect();
            for warning in &warnings {
                text.push_str(&format!("\n{path}: warning: {warning}"));
            }
            Ok(Report::done(
                text,
                &json!({ "file": path, "valid": true, "agents": roster.agents.len(), "problems": [], "warnings": warnings }),
            ))
        }
        Err(failure) if failure.kind == Kind::Invalid && !failure.details.is_empty() => {
            let report = Report::done(
                failure.details.join("\n"),
                &json!({ "file": path, "valid": false, "problems": failure.details, "warnings": [] }),
            );
            Ok(report.with_code(super::error::exit_code(Kind::Invalid)))
        }
        Err(failure) => Err(failure),
    }
}

/// What a valid roster needs and this machine lacks.
fn surroundings(site: &Site, roster: &Roster) -> Vec<String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut missing = Vec::new();
    for agent in roster.agents.iter().filter(|agent| !roster.is_remote(agent, site)) {
        let folder = &agent.working_directory;
        if !folder.is_dir() {
            missing.push(format!(
                "{}: {} does not exist and will be made at its start",
                agent.name,
                Label::new(&folder.display().to_string())
            ));
        }
        let program = agent.command.as_deref().and_then(|command| command.split_whitespace().next());
        if let Some(program) =
            program.filter(|program| program.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c)))
            && !program.starts_with('.')
            && crate::fleet::exec::find_in_path(program, &path).is_none()
        {
            missing.push(format!("{}: {program} is not on PATH", agent.name));
        }
    }
    missing
}

/// The named agents of this host, or all of them.
fn chosen<'a>(site: &Site, roster: &'a Roster, names: &[String]) -> Result<Vec<&'a Agent>> {
    if names.is_empty() {
        return Ok(roster.agents.iter().filter(|agent| !roster.is_remote(agent, site)).collect());
    }
    names
        .iter()
        .map(|name| {
            let agent = roster.agent(name)?;
            if roster.is_remote(agent, site) {
                return Err(Failure::new(
                    Kind::Refused,
                    format!("agent {name}"),
                    format!("lives on {}", agent.host),
                    "run this command there",
                ));
            }
            Ok(agent)
        })
        .collect()
}

async fn start(site: &Site, names: &[String]) -> Result<Report> {
    let roster = roster::load(site)?;
    let agents = chosen(site, &roster, names)?;
    lifecycle::ensure_servers(site, &roster, &agents).await?;
    Ok(outcomes(&start_all(site, agents).await))
}

/// Starts several agents, a few at a time.
pub(super) async fn start_all<'a>(site: &Site, agents: Vec<&'a Agent>) -> Vec<(&'a Agent, Result<Outcome>)> {
    let mut results = Vec::with_capacity(agents.len());
    for together in agents.chunks(STARTED_TOGETHER) {
        let outcomes = join_all(together.iter().map(|agent| lifecycle::start(site, agent))).await;
        results.extend(together.iter().copied().zip(outcomes));
    }
    results
}

async fn stop(site: &Site, names: &[String]) -> Result<Report> {
    let roster = roster::load(site)?;
    let mut results = Vec::new();
    for agent in chosen(site, &roster, names)? {
        results.push((agent, lifecycle::stop(site, agent).await));
    }
    let mut report = outcomes(&results);
    if names.is_empty() {
        let end = match &roster.socket.0 {
            Some(name) => format!("tmux -L {name} kill-server"),
            None => "tmux kill-server".to_owned(),
        };
        report.text.push_str(&format!("\nthe fleet's tmux server stays for the next start; `{end}` ends it"));
    }
    Ok(report)
}

/// One line per agent; the exit code is that of the first failure.
fn outcomes(results: &[(&Agent, Result<Outcome>)]) -> Report {
    let (mut lines, mut errors) = (Vec::new(), Vec::new());
    let mut rows = Vec::new();
    let mut code = super::error::DONE;
    for (agent, result) in results {
        match result {
            Ok(outcome) => {
                lines.push(format!("{}: {}", agent.name, outcome.word()));
                rows.push(json!({
                    "name": agent.name, "tenant_id": agent.tenant_id, "host": agent.host, "outcome": outcome.word(), "error": null,
                }));
            }
            Err(failure) => {
                if code == super::error::DONE {
                    code = super::error::exit_code(failure.kind);
                }
                errors.push(failure.to_string());
                rows.push(json!({
                    "name": agent.name, "tenant_id": agent.tenant_id, "host": agent.host, "outcome": "failed",
                    "error": failure.to_string(),
                }));
            }
        }
    }
    if results.is_empty() {
        lines.push("the roster names no agents of this host".to_owned());
    }
    Report { errors, ..Report::done(lines.join("\n"), &rows).with_code(code) }
}

fn report(
    site: &Site,
    status: crate::fleet::model::HeartbeatStatus,
    detail: Option<&str>,
    agent: Option<&crate::fleet::model::AgentName>,
) -> Result<Report> {
    let agent = match agent {
        Some(agent) => agent.clone(),
        None => own_name()?,
    };
    let pid = session::own_pane_process(site, &agent).ok_or_else(|| {
        Failure::new(
            Kind::Refused,
            format!("report of {agent}"),
            "this process does not run in that agent's pane, or the agent has no keeper",
            "runtimes run this from their hooks, inside the pane",
        )
    })?;
    session::report(
        site,
        &session::Report {
            agent: agent.clone(),
            // A hook's process is gone in a moment; what the keeper watches stays.
            pid,
            status,
            detail: detail.map(str::to_owned),
            next_seconds: None,
            msg: None,
        },
    )?;
    Ok(Report::done(format!("{agent}: reported {}", status.word()), &json!({ "agent": agent, "status": status })))
}

fn own_name() -> Result<crate::fleet::model::AgentName> {
    std::env::var("MOSAIC_AGENT_NAME")
        .ok()
        .and_then(|name| crate::fleet::model::AgentName::parse(&name).ok())
        .ok_or_else(|| {
            Failure::new(
                Kind::Invalid,
                "session report",
                "MOSAIC_AGENT_NAME is not set, so it is not known whose state this is",
                "run it inside an agent's pane, or give --agent",
            )
        })
}
