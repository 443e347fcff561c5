//! The framework's files, the contract that is put together from them, and an update of this program.

mod identity;
mod update;
mod verify;

use serde_json::json;

use super::output::Console;

use crate::app::action::FrameworkAction;
use crate::app::action::report::Report;
use crate::fleet::contract::{self, Reader};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::Tell;
use crate::fleet::seed::{self, Entry, Seeded, State};
use crate::fleet::{roster, runtime};
use crate::plain;

/// Prints a contract.
fn contract(site: &Site, runtime: &str, class: Option<&str>, agent: Option<&str>) -> Result<Report> {
    if !runtime::is_known(runtime) {
        return Err(Failure::new(
            Kind::Invalid,
            format!("runtime {}", plain::quoted(runtime)),
            format!("is not known; expected {}", runtime::known_list()),
            "other runtimes have no contract of the framework",
        ));
    }
    let roster = agent.map(|_| roster::load(site)).transpose()?;
    let found = roster.as_ref().zip(agent).map(|(roster, name)| roster.agent(name).map(|agent| (roster, agent)));
    let found = found.transpose()?;
    let own = found.map(|(_, agent)| agent.persona.as_deref().unwrap_or(&agent.class));
    let class = class.or(own);
    let contract = contract::compose(site, &Reader { runtime, class, agent: found })?;
    let parts: Vec<_> = contract.parts.iter().map(|part| json!({ "source": part.source, "text": part.text })).collect();
    let json = json!({
        "runtime": runtime, "class": class, "agent": agent, "warnings": contract.warnings, "parts": parts,
    });
    let mut report = Report::done(contract.to_string().trim_end(), &json).in_markdown();
    report.errors = contract.warnings.iter().map(|warning| format!("warning: {warning}")).collect();
    Ok(report)
}

/// Performs an action on the framework.
///
/// # Errors
/// Whatever stops it.
pub(in crate::app) async fn perform(
    site: &Site,
    action: &FrameworkAction,
    console: Console,
    tell: Tell<'_>,
) -> Result<Report> {
    match action {
        FrameworkAction::Contract { runtime, class, agent } => {
            contract(site, runtime, class.as_deref(), agent.as_deref())
        }
        FrameworkAction::Install => {
            let done = seed::install(site)?;
            Ok(Report::done(
                seeded(site, &done).join("\n"),
                &json!({
                    "version": seed::VERSION, "written": done.written, "kept": done.kept, "removed": done.removed,
                }),
            ))
        }
        FrameworkAction::Status => status(site),
        FrameworkAction::Update => update::framework(site, tell).await,
        FrameworkAction::Verify { folder } => verify::verify(folder.as_deref()),
        FrameworkAction::Identity { given, ask } => identity::init(site, given, *ask && console.owned),
        FrameworkAction::Upgrade { apply, relaunch, reseed } => {
            let wanted = update::Wanted { apply: *apply, relaunch: *relaunch, reseed: *reseed };
            update::all(site, wanted, tell).await
        }
    }
}

/// What a seeding did, in lines.
fn seeded(site: &Site, done: &Seeded) -> Vec<String> {
    let mut lines = vec![format!(
        "framework {} in {}: {} written, {} removed",
        seed::VERSION,
        site.home.display(),
        done.written.len(),
        done.removed.len()
    )];
    lines.extend(done.kept.iter().map(|(path, aside)| format!("your {path} is kept as {aside} beside it")));
    lines
}

fn status(site: &Site) -> Result<Report> {
    let (seeded, files) = (seed::version(site)?, seed::status(site)?);
    let mut lines = compared(seeded.as_deref(), &files);
    lines.push(match files.iter().filter(|entry| entry.state != State::Current).count() {
        0 => format!("all {} files are current", files.len()),
        n => format!("{n} of {} files differ; `mosaic-tui framework update` brings them up to date", files.len()),
    });
    Ok(Report::done(lines.join("\n"), &json!({ "version": seed::VERSION, "seeded": seeded, "files": files })))
}

/// The versions, and each file that differs.
fn compared(seeded: Option<&str>, files: &[Entry]) -> Vec<String> {
    let mut lines = vec![match seeded {
        Some(version) => format!("seeded by {version}; this program brings {}", seed::VERSION),
        None => format!("not seeded; this program brings {}", seed::VERSION),
    }];
    // A home that nobody has set up would list every file of the program as missing.
    if seeded.is_none() && files.iter().all(|entry| entry.state == State::Missing) {
        lines.push(format!("none of its {} files is there yet", files.len()));
        return lines;
    }
    let others = files.iter().filter(|entry| entry.state != State::Current);
    lines.extend(others.map(|entry| format!("{:<9} {}", word(entry.state), entry.path)));
    lines
}

fn word(state: State) -> &'static str {
    match state {
        State::Current => "current",
        State::Missing => "missing",
        State::Outdated => "outdated",
        State::Changed => "changed",
        State::Obsolete => "obsolete",
    }
}
