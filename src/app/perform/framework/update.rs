//! What a new version of this program changes: the framework's files, the units of an installed fleet, and the agents
//! that still run by the old one.

use serde_json::json;

use super::{compared, seeded};
use crate::app::action::error::{DONE, FAILED};
use crate::app::action::fleet::{FleetAction, Targets};
use crate::app::action::report::Report;
use crate::app::perform::{fleet, setup};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::lifecycle::{self, Installed, Plan, Refresh, Step, Tell};
use crate::fleet::os::process;
use crate::fleet::roster::{self, Roster, RosterLock};
use crate::fleet::seed::{self, State};
use crate::fleet::session;

/// A relaunch stops after this many failures: something is wrong that restarts do not mend.
const MAX_FAILURES: usize = 3;

/// What is asked of an update.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Does it; otherwise it only tells.
    pub(super) apply: bool,
    /// Restarts agents.
    pub(super) relaunch: bool,
    /// Writes the framework's files.
    pub(super) reseed: bool,
}

/// Brings the framework's files up to this program, and the units of an installed fleet with them.
///
/// # Errors
/// When a file cannot be written; each is old or new then.
pub(super) async fn framework(site: &Site, tell: Tell<'_>) -> Result<Report> {
    let done = seed::install(site)?;
    let mut lines = seeded(site, &done);
    let (mut steps, mut notes, mut errors) = (Vec::new(), Vec::new(), Vec::new());
    match units(site, true).await {
        Ok((_held, Refresh::Outdated(plan))) => {
            steps = words(&plan);
            match lifecycle::carry_out(site, &plan, tell).await {
                Ok(done) => {
                    notes.extend(done.iter().map(ToString::to_string));
                    lines.push("the units of the fleet were refreshed".to_owned());
                }
                // What became of the files is told in any case.
                Err(failure) => errors.push(failure.to_string()),
            }
        }
        Ok((_, Refresh::Current | Refresh::NotInstalled)) => {}
        // The files are written by now, and an operator without a user manager still wants to hear that.
        Err(failure) => notes.push(format!("the fleet's units could not be refreshed: {failure}")),
    }
    lines.extend(notes.iter().map(|note| format!("note: {note}")));
    let json = json!({
        "version": seed::VERSION, "written": done.written, "kept": done.kept, "removed": done.removed, "steps": steps,
        "notes": notes,
    });
    let code = if errors.is_empty() { DONE } else { FAILED };
    Ok(Report { errors, ..Report::done(lines.join("\n"), &json).with_code(code) })
}

fn words(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(Step::words).collect()
}

/// What is to be done about units; without a roster there is no fleet that has any. Where it is to be done, this comes
/// with what keeps others from changing the installation until it is: they rewrite the same record of it.
async fn units(site: &Site, apply: bool) -> Result<(Option<RosterLock>, Refresh)> {
    // Where nothing is installed, no lock is made to say so.
    let held =
        if apply && lifecycle::installed(site) == Installed::Ours { roster::lock_unchanged(site).await? } else { None };
    if held.is_some() {
        lifecycle::sweep(site);
    }
    match roster::load(site) {
        Ok(roster) => Ok((held, lifecycle::plan_refresh(site, &roster).await?)),
        Err(failure) if failure.kind == Kind::NotFound => Ok((held, Refresh::NotInstalled)),
        Err(failure) => Err(failure),
    }
}

/// An agent of this host that runs, or would if its restart had not been broken off.
struct Running {
    name: String,
    /// Whether another build than this program keeps it.
    other_build: bool,
    /// Whether a command that restarted it was killed, or failed, when it had ended it.
    broken_off: bool,
}

fn running(site: &Site, roster: &Roster) -> Vec<Running> {
    let local = roster.agents.iter().filter(|agent| !roster.is_remote(agent, site));
    local
        .filter_map(|agent| {
            let broken_off = lifecycle::restart_broken_off(site, &agent.name);
            let pid = session::keeper_pid(&site.run_file(&agent.name, RunFile::Lock));
            // What cannot be told is not called another build: `/proc` may hide the link.
            let other_build = pid.is_some_and(|pid| process::runs_file(pid, &site.program) == Some(false));
            let name = agent.name.to_string();
            (broken_off || pid.is_some()).then_some(Running { name, other_build, broken_off })
        })
        .collect()
}

/// Tells what this program changes, or does it.
///
/// # Errors
/// When a file cannot be written, or the fleet cannot be looked at.
pub(super) async fn all(site: &Site, wanted: Wanted, tell: Tell<'_>) -> Result<Report> {
    let (before, files) = (seed::version(site)?, seed::status(site)?);
    // An old program would put its old texts over newer ones.
    let newer = before.as_deref().filter(|seeded| setup::is_older(seed::VERSION, seeded));
    if let Some(seeded) = newer.filter(|_| wanted.apply && wanted.reseed) {
        return Err(Failure::new(
            Kind::Refused,
            "update",
            format!(
                "the home's framework is of version {seeded}, which is newer than this program ({})",
                seed::VERSION
            ),
            "update the program; `--no-reseed` leaves the framework as it is",
        ));
    }
    let mut lines = compared(before.as_deref(), &files);
    let differ = files.iter().filter(|entry| entry.state != State::Current).count();
    let mut errors = Vec::new();
    if !wanted.reseed && differ > 0 {
        lines.push("the framework's files stay as they are".to_owned());
    } else if wanted.apply && differ > 0 {
        lines = seeded(site, &seed::install(site)?);
    }
    let mut steps = Vec::new();
    match units(site, wanted.apply).await {
        Ok((_, Refresh::NotInstalled)) => lines.push("units: none of this fleet are installed".to_owned()),
        Ok((_, Refresh::Current)) => lines.push("units: current".to_owned()),
        Ok((_held, Refresh::Outdated(plan))) => {
            steps = words(&plan);
            if wanted.apply {
                match lifecycle::carry_out(site, &plan, tell).await {
                    Ok(notes) => {
                        lines.push(format!("units: refreshed, {} steps", steps.len()));
                        lines.extend(notes.iter().map(|note| format!("note: {note}")));
                    }
                    Err(failure) => errors.push(format!("the fleet's units: {failure}")),
                }
            } else {
                lines.extend(steps.iter().map(|step| format!("would {step}")));
            }
        }
        Err(failure) => errors.push(format!("the fleet's units: {failure}")),
    }
    let run = match roster::load(site) {
        Ok(roster) => running(site, &roster),
        // Told with the units above, unless there is no roster at all.
        Err(_) => Vec::new(),
    };
    let (mut outcomes, mut failures) = (Vec::new(), 0);
    if wanted.apply && wanted.relaunch {
        // One after the other, so that what is broken shows before the whole fleet runs by it.
        for Running { name, .. } in &run {
            if failures >= MAX_FAILURES {
                errors.push(format!("stopped after {MAX_FAILURES} failures; `mosaic-tui fleet status` shows who runs"));
                break;
            }
            let targets = Targets { agents: vec![name.clone()], ..Targets::default() };
            let report = match fleet::perform(site, &FleetAction::Restart(targets), tell).await {
                Ok(report) => report,
                Err(failure) => {
                    Report { errors: vec![failure.to_string()], ..Report::done("", &json!(null)).with_code(FAILED) }
                }
            };
            failures += usize::from(report.code != DONE);
            lines.push(report.text);
            errors.extend(report.errors);
            outcomes.push(json!({ "name": name, "outcome": if report.code == DONE { "restarted" } else { "failed" } }));
        }
    } else {
        lines.push(of_agents(&run));
    }
    let stays = differ == 0 || !wanted.reseed;
    if !wanted.apply {
        if !stays || !steps.is_empty() {
            lines.push("`mosaic-tui update --apply` does it".to_owned());
        } else if !run.iter().any(|one| one.broken_off) {
            lines.push("nothing to do".to_owned());
        }
    }
    let agents: Vec<_> = run
        .iter()
        .map(|one| json!({ "name": one.name, "other_build": one.other_build, "broken_off": one.broken_off }))
        .collect();
    let differing: Vec<_> = files.iter().filter(|entry| entry.state != State::Current).collect();
    let json = json!({
        "version": seed::VERSION, "seeded": before, "applied": wanted.apply, "files": differing, "steps": steps,
        "agents": agents, "outcomes": outcomes,
    });
    let code = if errors.is_empty() { DONE } else { FAILED };
    Ok(Report { errors, ..Report::done(lines.join("\n"), &json).with_code(code) })
}

fn of_agents(run: &[Running]) -> String {
    let names = |which: fn(&Running) -> bool| -> String {
        run.iter().filter(|one| which(one)).map(|one| one.name.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (others, broken_off) = (names(|one| one.other_build), names(|one| one.broken_off));
    if !broken_off.is_empty() {
        return format!(
            "agents: a restart of {broken_off} was broken off; `mosaic-tui update --apply --relaunch` goes on with it"
        );
    }
    match run.len() {
        0 => "agents: none runs here".to_owned(),
        all if others.is_empty() => format!("agents: all {all} that run are kept by this program"),
        _ => format!(
            "agents: another build of this program keeps {others}; `mosaic-tui update --apply --relaunch` restarts all \
             that run"
        ),
    }
}
