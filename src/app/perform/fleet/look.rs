//! What the fleet looks like: its rows, and whether its roster is valid.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use crate::app::action::error::{FAILED, exit_code};
use crate::app::action::fleet::{Rows, Sort};
use crate::app::action::report::Report;
use crate::app::perform::headless;
use crate::app::perform::look::{look, look_here};
use crate::app::tui::filter::Filter;
use crate::fleet::checks;
use crate::fleet::error::{Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::model::{AgentRow, Label};
use crate::fleet::roster::{self, Roster};

/// Version of what one host tells another of its agents. Whoever reads it takes the rows that it knows.
const ROWS_SCHEMA: u32 = 2;

/// One row per agent and session.
pub(super) async fn ps(site: &Site, wanted: &Rows) -> Result<Report> {
    let snapshot = if wanted.local { look_here(site).await? } else { look(site).await? };
    let filter = Filter::parse(wanted.filter.as_deref().unwrap_or_default());
    let mut rows: Vec<Arc<AgentRow>> = snapshot.agents.iter().filter(|row| filter.accepts(row)).cloned().collect();
    sort(&mut rows, wanted.sort);
    let report = match (wanted.json, wanted.local) {
        // Other hosts ask for this, with versions of their own.
        (true, true) => Report::done("", &json!({ "schema": ROWS_SCHEMA, "rows": rows })),
        (true, false) => Report::done("", &rows),
        // Rows as values cost more than the look itself, so nobody gets both.
        (false, local) => {
            let text = if wanted.wide { headless::wide(&rows) } else { headless::rows(&rows) };
            let text = match supervised(site).filter(|_| !local) {
                Some(supervised) => format!("{text}\n{supervised}"),
                None => text,
            };
            Report::done(text, &Value::Null)
        }
    };
    // What could not be verified is no success, however complete the table looks.
    Ok(if headless::tmux_was_read(&snapshot) { report } else { report.with_code(FAILED) })
}

/// Who gives out the work of a fleet, and the next step where nobody does.
fn supervised(site: &Site) -> Option<String> {
    let check = checks::supervisor(site, &roster::load(site).ok()?)?;
    let next = if check.next.is_empty() { String::new() } else { format!("; {}", check.next) };
    Some(format!("{}: {}{next}", check.subject, check.text))
}

/// Puts rows in order; those that are alike in it stay in the order of attention.
fn sort(rows: &mut [Arc<AgentRow>], by: Sort) {
    match by {
        // The snapshot has this order already.
        Sort::Attention => {}
        Sort::Name => rows.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str())),
        Sort::Class => rows.sort_by(|a, b| a.class.cmp(&b.class)),
        Sort::Runtime => rows.sort_by(|a, b| a.runtime.cmp(&b.runtime)),
        Sort::Host => rows.sort_by(|a, b| a.host.cmp(&b.host)),
        // Of whom nothing is known comes last.
        Sort::Idle => rows.sort_by_key(|row| std::cmp::Reverse(row.idle_seconds)),
    }
}

/// What is wrong with a roster, and what of this machine it lacks.
pub(super) fn check(site: &Site, file: Option<&Path>) -> Result<Report> {
    let mut site = site.clone();
    if let Some(file) = file {
        // A file that is not in use yet is checked as if it were, home and host included.
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
        // An invalid roster is the answer here, with all of its places, and no failure of the command.
        Err(failure) if failure.kind == Kind::Invalid && !failure.details.is_empty() => {
            let report = Report::done(
                failure.details.join("\n"),
                &json!({ "file": path, "valid": false, "problems": failure.details, "warnings": [] }),
            );
            Ok(report.with_code(exit_code(Kind::Invalid)))
        }
        Err(failure) => Err(failure),
    }
}

/// What a valid roster needs and this machine lacks.
fn surroundings(site: &Site, roster: &Roster) -> Vec<String> {
    // Where it will be started, and not in this shell, as `fleet doctor` does it.
    let path = crate::fleet::session::search_path(site);
    let mut missing = Vec::new();
    let mut folders: BTreeMap<&PathBuf, Vec<String>> = BTreeMap::new();
    for agent in roster.agents.iter().filter(|agent| !roster.is_remote(agent, site)) {
        let folder = &agent.working_directory;
        if !folder.is_dir() {
            folders.entry(folder).or_default().push(agent.name.to_string());
        }
        if let Some(Err(why)) =
            agent.kickstart.as_ref().map(|first| crate::fleet::session::kickstart_text(site, agent, first))
        {
            missing.push(format!("{}: its first message (`kickstart_template`) cannot be sent: {why}", agent.name));
        }
        let program = agent.command.as_deref().and_then(|command| command.split_whitespace().next());
        if let Some(program) =
            // Other signs are the shell's, and only it knows what they come to.
            program.filter(|program| program.chars().all(|c| c.is_ascii_alphanumeric() || "._/-".contains(c)))
            // That counts from the folder in which the agent starts.
            && !program.starts_with('.')
            // The line is run by a shell, to which its own words are no programs of a folder.
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
