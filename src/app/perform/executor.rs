//! Performs actions that reach outside: the same function for a key and for a command line.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::json;
use tokio::sync::oneshot;

use super::headless;
use super::look::{look, look_here};
use super::output::Console;
use crate::app::action::Action;
use crate::app::action::report::Report;
use crate::app::tui::present;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::Tell;
use crate::fleet::model::{AgentRow, FleetSnapshot, Label};
use crate::fleet::roster::{self, CommandSource, Roster};
use crate::fleet::session;

/// Version of what one host tells another of its agents. Whoever reads it takes the rows that it knows.
const ROWS_SCHEMA: u32 = 2;

/// Performs an action for whoever waits at this console; `tell` takes word of what is being done meanwhile. It reads
/// files and waits for them as it goes, so nothing else may depend on its thread.
///
/// # Errors
/// Whatever stops it, with its exit code's kind.
pub(in crate::app) async fn perform(site: &Site, action: &Action, console: Console, tell: Tell<'_>) -> Result<Report> {
    match action {
        Action::FleetPs { local } => {
            let snapshot = if *local { look_here(site).await? } else { look(site).await? };
            let text = headless::table(&snapshot, None, false);
            let report = if *local {
                // Other hosts ask for this, with versions of their own.
                Report::done(text, &json!({ "schema": ROWS_SCHEMA, "rows": snapshot.agents }))
            } else {
                Report::done(text, &snapshot.agents)
            };
            // What could not be verified is no success, however complete the table looks.
            Ok(if headless::tmux_was_read(&snapshot) {
                report
            } else {
                report.with_code(crate::app::action::error::FAILED)
            })
        }
        Action::FleetCheck(file) => check(site, file.as_deref()),
        Action::FleetSchema => Ok(Report::done(roster::SCHEMA.trim_end(), &json!(null))),
        Action::Steering(action) => super::agent::perform(site, action, console, tell).await,
        Action::Lifecycle(action) => super::fleet::perform(site, action, tell).await,
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
            let mut lines = present::explain(&row);
            let command = command_of(site, name);
            lines.extend(
                command.as_ref().map(|(words, source)| ("command".to_owned(), format!("{words} ({})", source.words()))),
            );
            let text: Vec<String> = lines.iter().map(|(label, text)| format!("{label:<13} {text}")).collect();
            Ok(Report::done(
                text.join("\n"),
                &json!({ "rule": row.rule, "would_change": row.would_change, "agent": row,
                    "command": command.map(|(words, source)| json!({ "line": words, "source": source.words() })) }),
            ))
        }
        Action::Contract { runtime, class, agent } => {
            super::framework::contract(site, runtime, class.as_deref(), agent.as_deref())
        }
        Action::Framework(action) => super::framework::perform(site, *action),
        Action::SessionReport { status, detail, hook, agent } => {
            super::hooks::report(site, *status, detail.as_deref(), hook.as_ref(), agent.as_ref())
        }
        Action::Backlog(action) => {
            let (site, action) = (site.clone(), action.clone());
            let (answer, done) = oneshot::channel();
            // It waits for locks and servers; the event loop must not, nor the end of the program.
            std::thread::spawn(move || {
                drop(answer.send(super::backlog::perform(&site, &action, console)));
            });
            done.await.unwrap_or_else(|_| Err(Failure::failed("backlog", "gave no answer", "try again")))
        }
        Action::Screen(_)
        | Action::Dashboard
        | Action::Once(_)
        | Action::AgentWatch(_)
        | Action::SessionRun { .. }
        | Action::SessionHold
        | Action::SessionEnd(_)
        | Action::Tether { .. }
        | Action::Launch(_)
        | Action::StubAgent(_)
        | Action::Demo { .. } => Err(Failure::new(
            Kind::Invalid,
            own_process(action),
            "needs a terminal or a process of its own",
            "run it in a shell",
        )),
    }
}

/// The command of an action that is no answer to anybody who waits.
fn own_process(action: &Action) -> &'static str {
    match action {
        Action::Once(_) => "--once",
        Action::AgentWatch(_) => "agent watch",
        Action::SessionRun { .. } => "session run",
        Action::SessionHold => "session hold",
        Action::SessionEnd(_) => "session end",
        Action::Tether { .. } => "session tether",
        Action::Launch(_) => "launch",
        Action::StubAgent(_) => "stub-agent",
        Action::Demo { .. } => "demo",
        _ => "the dashboard",
    }
}

/// How an agent of this host is started, and what decides that.
fn command_of(site: &Site, name: &str) -> Option<(String, CommandSource)> {
    let roster = roster::load(site).ok()?;
    let agent = roster.agent(name).ok().filter(|agent| !roster.is_remote(agent, site))?;
    Some((session::command(site, agent).join(" "), agent.command_source))
}

/// One row; a session that the roster does not know can be looked at too.
async fn look_at(site: &Site, name: &str) -> Result<(Arc<FleetSnapshot>, Arc<AgentRow>)> {
    let snapshot = look(site).await?;
    let row = snapshot.named(name).cloned();
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
            let warnings: Vec<String> =
                roster.warnings.iter().map(ToString::to_string).chain(surroundings(&site, &roster)).collect();
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
            Ok(report.with_code(crate::app::action::error::exit_code(Kind::Invalid)))
        }
        Err(failure) => Err(failure),
    }
}

/// What a valid roster needs and this machine lacks.
fn surroundings(site: &Site, roster: &Roster) -> Vec<String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut missing = Vec::new();
    let mut folders: BTreeMap<&PathBuf, Vec<String>> = BTreeMap::new();
    for agent in roster.agents.iter().filter(|agent| !roster.is_remote(agent, site)) {
        let folder = &agent.working_directory;
        if !folder.is_dir() {
            folders.entry(folder).or_default().push(agent.name.to_string());
        }
        let program = agent.command.as_deref().and_then(|command| command.split_whitespace().next());
        if let Some(program) =
            program.filter(|program| program.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c)))
            && !program.starts_with('.')
            && !crate::fleet::session::is_shell_word(program)
            && crate::fleet::os::exec::find_in_path(program, &path).is_none()
        {
            missing.push(format!("{}: {program} is not on PATH", agent.name));
        }
    }
    missing.extend(folders.into_iter().map(|(folder, names)| {
        let folder = Label::new(&folder.display().to_string());
        format!("{}: {folder} does not exist and will be made at the start", names.join(", "))
    }));
    missing
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::action::DemoMode;

    #[tokio::test]
    async fn what_does_not_run_beneath_a_screen_is_named_by_its_command() {
        let site = Site::for_tests("/nowhere");
        let console = Console { width: 80, owned: false };
        for (action, command) in [
            (Action::Demo { agents: 3, mode: DemoMode::Interactive }, "demo"),
            (Action::SessionRun { agent: "a".to_owned(), detach: false }, "session run"),
            (Action::Tether { parent: None, words: vec!["x".to_owned()] }, "session tether"),
            (Action::Dashboard, "the dashboard"),
        ] {
            let refused = perform(&site, &action, console, &|_| {}).await.unwrap_err();
            assert_eq!(refused.what, command);
        }
    }
}
