//! What single agents look like: their rows, and what decided.

use std::sync::Arc;

use serde_json::json;

use crate::app::action::report::Report;
use crate::app::perform::headless;
use crate::app::perform::look::look_with_trees;
use crate::app::tui::present;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::model::{AgentRow, FleetSnapshot};
use crate::fleet::roster::{self, CommandSource};
use crate::fleet::session;

/// The roster as the fleet understands it.
pub(super) fn roster(site: &Site) -> Result<Report> {
    let roster = roster::load(site)?;
    Ok(Report::done(headless::roster(&roster), &headless::roster_json(&roster)))
}

/// The row of one agent, or of all.
pub(super) async fn status(site: &Site, name: Option<&str>) -> Result<Report> {
    match name {
        None => {
            let snapshot = look_with_trees(site).await?;
            let managed: Vec<_> = snapshot.agents.iter().filter(|row| row.managed).collect();
            Ok(Report::done(headless::table(&snapshot, None, true), &managed))
        }
        Some(name) => {
            let (snapshot, row) = look_at(site, name).await?;
            Ok(Report::done(headless::table(&snapshot, Some(row.name.as_str()), false), &row))
        }
    }
}

/// Each plane's facts, and what decided.
pub(super) async fn explain(site: &Site, name: &str) -> Result<Report> {
    let (_, row) = look_at(site, name).await?;
    let mut lines = present::explanation(&row, jiff::Timestamp::now());
    let command = command_of(site, name);
    let line = |(words, source): &(String, CommandSource)| format!("{words} ({})", source.words());
    lines.extend(command.as_ref().map(|command| ("command".to_owned(), line(command))));
    let text: Vec<String> = lines.iter().map(|(label, text)| format!("{label:<13} {text}")).collect();
    let command = command.map(|(words, source)| json!({ "line": words, "source": source.words() }));
    let json = json!({ "rule": row.rule, "would_change": row.would_change, "agent": row, "command": command });
    Ok(Report::done(text.join("\n"), &json))
}

/// How an agent of this host is started, and what decides that.
fn command_of(site: &Site, name: &str) -> Option<(String, CommandSource)> {
    let roster = roster::load(site).ok()?;
    let agent = roster.agent(name).ok().filter(|agent| !roster.is_remote(agent, site))?;
    Some((session::command(site, agent).join(" "), agent.command_source))
}

/// One row; a session that the roster does not know can be looked at too.
async fn look_at(site: &Site, name: &str) -> Result<(Arc<FleetSnapshot>, Arc<AgentRow>)> {
    let snapshot = look_with_trees(site).await?;
    let row = snapshot.named(name).cloned();
    match row {
        Some(row) => Ok((snapshot, row)),
        // The roster's own error names who may have been meant.
        // Asked only now: a session outside of the roster has a row as well, and needs no
        // roster to be looked at.
        None => Err(roster::load(site)?
            .agent(name)
            .err()
            .unwrap_or_else(|| Failure::new(Kind::NotFound, format!("agent {name}"), "has no row", "try again"))),
    }
}
