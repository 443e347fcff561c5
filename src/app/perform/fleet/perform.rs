//! Performs what is asked of the fleet as a whole.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;

use super::change::{add, edit, remove};
use super::made::{init, provision};
use super::{escalated, look, pause, print, probe};
use crate::app::action::error;
use crate::app::action::fleet::{FleetAction, Targets};
use crate::app::action::report::{Changed, Report, Stopped};
use crate::app::perform::activity::digest;
use crate::app::perform::look::look as look_at_all;
use crate::fleet::checks;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::{self, Lifecycle, Outcome, Tell};
use crate::fleet::model::{ActiveState, AgentName, AgentRow, Flag, FleetSnapshot, Plane, Readiness, UnitFacts};
use crate::fleet::os::process;
use crate::fleet::roster::{self, Agent, Roster};
use crate::fleet::tmux::Tmux;

/// Agents worked on at the same time: enough to hide waiting, too few to storm the machine.
const MAX_CONCURRENT_OPERATIONS: usize = 4;

/// Time between the two looks that must agree before anything is done about a dead agent.
const SECOND_LOOK: Duration = Duration::from_millis(300);

/// A recovery stops after this many failures: something is wrong that restarts do not mend.
const MAX_FAILURES: usize = 3;

/// A check that fails is looked at again until it fails for this long: a start is several steps.
const VERIFY_WITHIN: Duration = Duration::from_secs(3);

/// Performs an action on the fleet's life.
///
/// # Errors
/// Whatever stops it.
pub(in crate::app) async fn perform(site: &Site, action: &FleetAction, tell: Tell<'_>) -> Result<Report> {
    match action {
        FleetAction::Ps(rows) => look::ps(site, rows).await,
        FleetAction::Probe(names) => probe::perform(site, names).await,
        FleetAction::Check(file) => look::check(site, file.as_deref()),
        FleetAction::Schema => Ok(Report::done(roster::SCHEMA.trim_end(), &json!(null))),
        FleetAction::Start(targets) => operate(site, targets, Verb::Start, tell).await,
        FleetAction::Stop(targets) => operate(site, targets, Verb::Stop, tell).await,
        FleetAction::Restart(targets) => operate(site, targets, Verb::Restart, tell).await,
        FleetAction::Init { profile, runtime, write, force } => {
            init(site, profile, runtime.as_deref(), *write, *force).await
        }
        FleetAction::Provision { system_type, runtime, write, force } => {
            provision(site, system_type, runtime.as_deref(), *write, *force).await
        }
        FleetAction::Install { dry_run } => install(site, *dry_run, tell).await,
        FleetAction::Uninstall { dry_run } => uninstall(site, *dry_run, tell).await,
        FleetAction::Status => Ok(print::status(&*look_at_all(site).await?)),
        FleetAction::Verify => verify(site).await,
        FleetAction::Recover { apply } => recover(site, *apply, tell).await,
        FleetAction::Add { name, fields } => add(site, name, fields, tell).await,
        FleetAction::Edit { name, fields } => edit(site, name, fields).await,
        FleetAction::Remove(name) => remove(site, name, tell).await,
        FleetAction::Pause { reason, until } => pause::begin(site, reason.as_deref(), until.as_ref()),
        FleetAction::Resume => pause::end(site),
        FleetAction::Escalations => escalated::list(site),
        FleetAction::Digest(since) => digest(site, since.as_ref()).await,
        FleetAction::Ack(id) => escalated::ack(site, id).await,
        FleetAction::Doctor => {
            let checks = checks::doctor(site, &roster::load(site)).await;
            Ok(print::checks("doctor", site, &checks))
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verb {
    Start,
    Stop,
    Restart,
}

/// The agents of this host that are meant.
pub(super) fn chosen<'a>(site: &Site, roster: &'a Roster, targets: &Targets) -> Result<Vec<&'a Agent>> {
    let of_class = |agent: &&Agent| targets.class.as_ref().is_none_or(|class| agent.class == *class);
    let agents: Vec<&Agent> = if targets.agents.is_empty() {
        roster.agents.iter().filter(|agent| !roster.is_remote(agent, site)).filter(of_class).collect()
    } else {
        let named: Result<Vec<&Agent>> = targets.agents.iter().map(|name| roster.local(site, name)).collect();
        named?.into_iter().filter(of_class).collect()
    };
    if agents.is_empty()
        && let Some(class) = &targets.class
    {
        return Err(Failure::new(
            Kind::NotFound,
            format!("class {}", crate::fleet::model::Label::new(class)),
            "no agent of this host has it",
            "`mosaic-tui agent roster` lists all",
        ));
    }
    Ok(agents)
}

async fn operate(site: &Site, targets: &Targets, verb: Verb, tell: Tell<'_>) -> Result<Report> {
    // Before anything is waited for: whoever restarts an agent from here on has done this command's work.
    let since = process::since_boot();
    let roster = roster::load(site)?;
    // Before the roster is asked, which only says that it knows no such agent.
    if verb == Verb::Stop
        && let [name] = targets.agents.as_slice()
        && roster.agent(name).is_err()
        && let Some(report) = stop_stray(site, &roster, name).await?
    {
        return Ok(report);
    }
    let agents = chosen(site, &roster, targets)?;
    let life = Lifecycle::choose(site, &roster, targets.supervisor).await?;
    let whole_fleet = targets.agents.is_empty() && targets.class.is_none();
    let mut supervised = None;
    if verb == Verb::Stop && whole_fleet {
        // Before its agents: it would bring them back.
        supervised = life.stop_supervisor().await?;
    }
    if verb != Verb::Stop {
        life.prepare(&agents).await?;
    }
    let results = for_each(&life, agents, verb, targets.stagger, since, tell).await;
    let mut report = outcomes(life.supervisor().word(), &results);
    if let Some(note) = &life.note {
        report.errors.push(format!("warning: {note}"));
    }
    if verb == Verb::Start && whole_fleet {
        supervised = life.start_supervisor().await?;
    }
    if let Some(outcome) = supervised {
        report.text.push_str(&format!("\nsupervisor: {}", outcome.word()));
    }
    if verb == Verb::Stop && whole_fleet {
        // The agents are stopped by now: what cannot be told of their server fails nothing.
        let end = end_of_server(life.supervisor(), &roster).await.unwrap_or_else(|failure| failure.to_string());
        report.text.push_str(&format!("\n{end}"));
    }
    Ok(report)
}

/// Stops an agent that the roster no longer names, when one of that name still runs.
async fn stop_stray(site: &Site, roster: &Roster, name: &str) -> Result<Option<Report>> {
    let Ok(name) = AgentName::parse(name) else { return Ok(None) };
    Ok(lifecycle::stop_stray(site, roster, &name).await?.map(|outcome| {
        Report::done(
            format!("{name}: {}; it was not in the roster any more", outcome.word()),
            &json!([{ "name": name, "tenant_id": site.tenant_id, "host": site.host, "outcome": outcome.word(), "error": null }]),
        )
    }))
}

/// How the fleet's tmux server is ended once its agents are stopped: only as long as nothing else lives on it.
async fn end_of_server(supervisor: lifecycle::Supervisor, roster: &Roster) -> Result<String> {
    let Some(panes) = Tmux::new(roster.socket).reach().await? else {
        return Ok("the fleet's tmux server has ended as well".to_owned());
    };
    let mut others: Vec<String> = panes
        .iter()
        .filter(|pane| pane.session != roster.holder)
        .map(|pane| pane.session.label().to_string())
        .collect();
    others.dedup();
    let stays = "the fleet's tmux server stays for the next start";
    Ok(match (others.as_slice(), supervisor) {
        ([], lifecycle::Supervisor::Systemd) => format!("{stays}; `systemctl --user stop mosaic-tmux-holder` ends it"),
        ([], lifecycle::Supervisor::Direct) => format!("{stays}; `{}` ends it", roster.socket.command("kill-server")),
        (others, _) => format!("{stays}; other sessions live on it: {}", others.join(", ")),
    })
}

/// Works on several agents, a few at a time, each at least `stagger` after the one before.
async fn for_each<'a>(
    life: &Lifecycle<'_>,
    agents: Vec<&'a Agent>,
    verb: Verb,
    stagger: Duration,
    since: Duration,
    tell: Tell<'_>,
) -> Vec<(&'a Agent, Result<Outcome>)> {
    let (turns, next) = (Semaphore::new(MAX_CONCURRENT_OPERATIONS), Mutex::new(Instant::now()));
    let done = AtomicUsize::new(0);
    let all = agents.len();
    let mut works = Vec::with_capacity(all);
    let (turns, next, done) = (&turns, &next, &done);
    for agent in agents {
        works.push(async move {
            // Whoever comes first goes first, and waits in line for the pause after the one before.
            let _turn = turns.acquire().await;
            {
                let mut at = next.lock().await;
                tokio::time::sleep_until(*at).await;
                *at = Instant::now() + stagger;
            }
            let outcome = match verb {
                Verb::Start => life.start(agent).await,
                Verb::Stop => life.stop(agent).await,
                Verb::Restart => life.restart(agent, since).await,
            };
            let count = done.fetch_add(1, Ordering::Relaxed) + 1;
            if all > 1 {
                let word = outcome.as_ref().map_or("failed", |outcome| outcome.word());
                tell(&format!("{count} of {all}: {} {word}", agent.name));
            }
            (agent, outcome)
        });
    }
    join_all(works).await
}

/// Starts several agents by the direct supervisor, for a demo.
pub(in crate::app) async fn start_all<'a>(
    site: &Site,
    roster: &Roster,
    agents: Vec<&'a Agent>,
) -> Result<Vec<(&'a Agent, Result<Outcome>)>> {
    let life = Lifecycle::choose(site, roster, Some(lifecycle::Supervisor::Direct)).await?;
    life.prepare(&agents).await?;
    Ok(for_each(&life, agents, Verb::Start, Duration::ZERO, process::since_boot(), &|_| {}).await)
}

/// One line per agent; the exit code is that of the first failure.
pub(super) fn outcomes(supervisor: &str, results: &[(&Agent, Result<Outcome>)]) -> Report {
    let (mut lines, mut errors) = (Vec::new(), Vec::new());
    let (mut rows, mut stopped) = (Vec::new(), Vec::new());
    let mut code = error::DONE;
    for (agent, result) in results {
        let (outcome, failure) = match result {
            Ok(outcome) => {
                if *outcome == Outcome::Stopped {
                    stopped.push(Stopped {
                        name: agent.name.to_string(),
                        tenant_id: agent.tenant_id.clone(),
                        host: agent.host.clone(),
                    });
                }
                lines.push(format!("{}: {}", agent.name, outcome.word()));
                (outcome.word(), None)
            }
            Err(failure) => {
                if code == error::DONE {
                    code = error::exit_code(failure.kind);
                }
                errors.push(failure.to_string());
                ("failed", Some(failure.to_string()))
            }
        };
        rows.push(json!({
            "name": agent.name, "tenant_id": agent.tenant_id, "host": agent.host, "supervisor": supervisor,
            "outcome": outcome, "error": failure,
        }));
    }
    if results.is_empty() {
        lines.push("the roster names no agents of this host".to_owned());
    }
    let changed = if stopped.is_empty() { Changed::Asked } else { Changed::Stopped(stopped) };
    Report { errors, changed, ..Report::done(lines.join("\n"), &rows).with_code(code) }
}

async fn install(site: &Site, dry_run: bool, tell: Tell<'_>) -> Result<Report> {
    // Whoever takes agents in or out meanwhile would be planned for as before.
    let _lock = if dry_run { None } else { roster::lock_unchanged(site).await? };
    let roster = roster::load(site)?;
    let mut plan = lifecycle::plan_install(site, &roster).await?;
    if dry_run {
        return Ok(print::plan("install", &plan, &plan.notes));
    }
    lifecycle::sweep(site);
    let told = lifecycle::carry_out(site, &plan, tell).await?;
    plan.notes.extend(told);
    Ok(print::carried_out(
        "install",
        "; next: `mosaic-tui fleet start` starts or takes over the agents",
        &plan,
        &plan.notes,
    ))
}

async fn uninstall(site: &Site, dry_run: bool, tell: Tell<'_>) -> Result<Report> {
    let _lock = if dry_run { None } else { roster::lock_unchanged(site).await? };
    if !dry_run {
        // Also where nothing is on record: the first word of it may have been cut short.
        lifecycle::sweep(site);
    }
    let mut plan = lifecycle::plan_uninstall(site).await?;
    if dry_run {
        return Ok(print::plan("uninstall", &plan, &plan.notes));
    }
    let told = lifecycle::carry_out(site, &plan, tell).await?;
    plan.notes.extend(told);
    Ok(print::carried_out("uninstall", "; the fleet was stopped, its roster stays", &plan, &plan.notes))
}

async fn verify(site: &Site) -> Result<Report> {
    let roster = roster::load(site)?;
    let deadline = Instant::now() + VERIFY_WITHIN;
    loop {
        let snapshot = look_at_all(site).await?;
        let checks = checks::verify(site, &roster, &snapshot).await;
        let report = print::checks("verify", site, &checks);
        if report.code == error::DONE || Instant::now() > deadline {
            return Ok(report);
        }
        tokio::time::sleep(SECOND_LOOK).await;
    }
}

/// Agents that are down: dead in both looks, not on purpose, and not about to be restarted by systemd.
pub(super) fn down(before: &FleetSnapshot, after: &FleetSnapshot) -> Vec<String> {
    let dead = |snapshot: &FleetSnapshot| -> Vec<String> {
        snapshot
            .agents
            .iter()
            .filter(|row| row.managed && row.readiness == Readiness::Dead && !row.has(Flag::Stopped))
            // Whoever lives on another host is brought back there.
            .filter(|row| !row.has(Flag::Remote))
            .filter(|row| row.systemd.as_ref().is_none_or(|unit| unit.active != ActiveState::Activating))
            .map(|row| row.name.to_string())
            .collect()
    };
    let again = dead(after);
    // In both looks: in one alone it may be the instant between two processes of a restart.
    dead(before).into_iter().filter(|name| again.contains(name)).collect()
}

async fn recover(site: &Site, apply: bool, tell: Tell<'_>) -> Result<Report> {
    // Before the looks: whom somebody else has restarted since is left alone.
    let seen = process::since_boot();
    if apply {
        let roster = roster::load(site)?;
        // A server that lives behind a lost socket makes it anew; all of its agents would look dead otherwise.
        Tmux::new(roster.socket).reach().await?;
    }
    let before = look_at_all(site).await?;
    tokio::time::sleep(SECOND_LOOK).await;
    let after = look_at_all(site).await?;
    let down = down(&before, &after);
    let why = |name: &str| {
        after.agents.iter().find(|row| row.name.as_str() == name).map(|row| row.reason.to_string()).unwrap_or_default()
    };
    let rows = |outcomes: &[(String, String)]| {
        json!({
            "applied": apply, "tenant_id": site.tenant_id, "host": site.host,
            "down": down.iter().map(|name| json!({ "name": name, "reason": why(name) })).collect::<Vec<_>>(),
            "outcomes": outcomes.iter().map(|(name, outcome)| json!({ "name": name, "outcome": outcome })).collect::<Vec<_>>(),
        })
    };
    if down.is_empty() {
        // "Nobody is down" may only be said by somebody who has seen them all.
        let unread = after.planes.iter().find(|state| state.plane == Plane::Tmux && !state.ok);
        let unseen = |row: &&Arc<AgentRow>| row.evidence.iter().any(|said| said.plane == Plane::Tmux && !said.ok);
        let unseen: Vec<_> = after.agents.iter().filter(unseen).collect();
        let mut lines = vec![match unread {
            None if unseen.is_empty() => "nobody is down".to_owned(),
            None => "nobody is known to be down".to_owned(),
            Some(state) => format!("nobody is known to be down; tmux: {}", state.text),
        }];
        lines.extend(unseen.iter().map(|row| format!("{}: {}", row.name, row.reason)));
        lines.extend(after.agents.iter().filter(|row| checks::lacks_keeper(site, row)).map(|row| {
            let name = &row.name;
            format!("{name}: lives, and its keeper is gone; `mosaic-tui fleet start {name}` gives it another, and stops nothing")
        }));
        let restarting = |unit: &UnitFacts| unit.active == ActiveState::Activating;
        let rows_of = after.agents.iter().filter(|row| row.readiness == Readiness::Dead);
        lines.extend(
            rows_of
                .filter(|row| row.systemd.as_ref().is_some_and(restarting))
                .map(|row| format!("{}: systemd is restarting it: {}", row.name, row.reason)),
        );
        let report = Report::done(lines.join("\n"), &rows(&[]));
        let all_seen = unread.is_none() && unseen.is_empty();
        return Ok(if all_seen { report } else { report.with_code(error::FAILED) });
    }
    if !apply {
        let mut lines: Vec<String> = down.iter().map(|name| format!("would restart {name}: {}", why(name))).collect();
        lines.push("`mosaic-tui fleet recover --apply` does it".to_owned());
        return Ok(Report::done(lines.join("\n"), &rows(&[])));
    }
    let roster = roster::load(site)?;
    let life = Lifecycle::choose(site, &roster, None).await?;
    // Whom the roster has lost since the look is not brought back.
    let agents: Vec<&Agent> = down.iter().filter_map(|name| roster.local(site, name).ok()).collect();
    life.prepare(&agents).await?;
    let (mut outcomes, mut errors) = (Vec::new(), Vec::new());
    for (at, agent) in agents.iter().enumerate() {
        if errors.len() >= MAX_FAILURES {
            errors.push(format!("stopped after {MAX_FAILURES} failures; {} agents were not tried", agents.len() - at));
            break;
        }
        if at > 0 {
            tokio::time::sleep(jitter()).await;
        }
        match life.revive(agent, seen).await {
            Ok(outcome) => outcomes.push((agent.name.to_string(), outcome.word().to_owned())),
            Err(failure) => {
                outcomes.push((agent.name.to_string(), "failed".to_owned()));
                errors.push(failure.to_string());
            }
        }
        tell(&format!("{} of {}: {}", at + 1, agents.len(), agent.name));
    }
    let lines: Vec<String> = outcomes.iter().map(|(name, outcome)| format!("{name}: {outcome}")).collect();
    let code = if errors.is_empty() { error::DONE } else { error::FAILED };
    Ok(Report { errors, ..Report::done(lines.join("\n"), &rows(&outcomes)).with_code(code) })
}

/// Between a fifth of a second and one: several recoveries at once must not move in step.
fn jitter() -> Duration {
    // The nanoseconds of a clock are random enough here, and need no source of their own.
    let spread = process::since_boot().subsec_nanos() % 800;
    Duration::from_millis(200 + u64::from(spread))
}
