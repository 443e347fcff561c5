//! Joins the planes into rows. Pure: raw facts in, one snapshot out.
//!
//! A plane that could not be read leaves its part of a row empty and its reason in the evidence; it
//! never hides what the other planes say.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::error::{Failure, Kind};
use super::heartbeat::{Heartbeat, NoHeartbeat};
use super::home::Site;
use super::model::{
    ActiveState, AgentName, AgentRow, BootEnable, End, Evidence, ExitFacts, Flag, FleetSnapshot, FleetSupervisor,
    HeartbeatFacts, Label, PaneFacts, PaneId, Pause, Plane, PlaneState, Readiness, RowKey, ServerName, SshTarget,
    Supervision, TreeFacts, UnitsView, Warning, signal_name,
};
use super::os::process::ProcessTree;
use super::readiness::{self, HeartbeatInput, Inputs, PaneState, Reason, ScreenInput};
use super::roster::{Agent, Roster};
use super::runtime;
use super::screen::Summary;
use super::session::Living;
use super::tmux::{Look, PaneRecord};
use super::usage::Usage;

/// A plane's answer with the moment it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading<T> {
    /// The facts, or why there are none.
    pub facts: Result<T, String>,
    /// When they were read.
    pub at: Timestamp,
}

impl<T> Reading<T> {
    /// Facts read at this moment.
    pub fn new(facts: Result<T, String>, at: Timestamp) -> Self {
        Self { facts, at }
    }
}

/// What git said of each folder; nothing where it lies in no repository.
pub(in crate::fleet) type Trees = HashMap<PathBuf, Reading<Option<TreeFacts>>>;

/// Raw facts of all planes at one moment.
#[derive(Debug)]
pub struct Planes<'a> {
    /// The observer's site.
    pub site: &'a Site,
    /// The roster in use.
    pub roster: &'a Roster,
    /// Why a newer roster file is not in use.
    pub roster_error: Option<&'a Failure>,
    /// tmux, per server, those of other hosts included.
    pub tmux: &'a HashMap<ServerName, Reading<Look>>,
    /// What agents' screens show.
    pub screens: &'a HashMap<(ServerName, PaneId), Reading<Summary>>,
    /// The other hosts.
    pub hosts: &'a HashMap<SshTarget, HostView>,
    /// Process trees by the pane's pid.
    pub processes: &'a HashMap<u32, ProcessTree>,
    /// When they were read.
    pub processes_at: Timestamp,
    /// Heartbeats by agent.
    pub heartbeats: &'a HashMap<AgentName, Result<Heartbeat, NoHeartbeat>>,
    /// What runtimes say that they used.
    pub usage: &'a HashMap<AgentName, Usage>,
    /// What launches told.
    pub notes: &'a HashMap<AgentName, Vec<Label>>,
    /// Processes of agents that are not where their tmux server was looked at.
    pub living: &'a HashMap<AgentName, Living>,
    /// How each agent's last process ended.
    pub exits: &'a HashMap<AgentName, (SystemTime, ExitFacts)>,
    /// Agents that do not run although nothing is wrong, and why.
    pub stopped: &'a HashMap<AgentName, Label>,
    /// systemd.
    pub systemd: &'a Reading<UnitsView>,
    /// Whether this fleet's units are installed.
    pub installed: bool,
    /// The work trees of agents' folders, where git was asked.
    pub trees: Option<&'a Trees>,
    /// The pause that is in force.
    pub paused: Option<Pause>,
    /// The moment of the join.
    pub now: Timestamp,
}

/// Joins all planes.
#[must_use]
pub fn join(planes: &Planes<'_>) -> FleetSnapshot {
    let mut rows: Vec<AgentRow> = planes.roster.agents.iter().map(|agent| agent_row(planes, agent)).collect();
    rows.extend(unmanaged_rows(planes));
    // Whether work waits is known to whoever shows the rows, who sorts them again then.
    rows.sort_by(|a, b| a.compare_attention(b, false));
    let mut warnings = planes.roster.warnings.clone();
    warnings.extend(hosts::warnings(planes));
    if let Some(error) = planes.roster_error {
        let older_in_use = !planes.roster.agents.is_empty();
        let warning = match error.kind {
            // A home that is empty is a home that nobody has begun with.
            Kind::NotFound if !older_in_use => Warning::NoRoster,
            _ => {
                let why = without_folder(&error.to_string(), &planes.roster.path);
                Warning::RosterNotUsed { older_in_use, why }
            }
        };
        // First, because all that follows is about a roster that is not the one on the disk.
        warnings.insert(0, warning);
    }
    FleetSnapshot {
        tenant_id: planes.site.tenant_id.clone(),
        host: planes.site.host.clone(),
        socket: planes.roster.socket,
        supervisor: supervisor(planes, &rows),
        observed_at: planes.now,
        agents: rows.into_iter().map(Arc::new).collect(),
        planes: plane_states(planes),
        warnings,
        paused: planes.paused.clone(),
        escalations: Vec::new(),
        supervision: Supervision::default(),
    }
}

/// An error about the roster without the folder, which would push the cause off a narrow screen.
fn without_folder(error: &str, path: &std::path::Path) -> String {
    match path.parent() {
        Some(folder) => error.replace(&format!("{}/", folder.display()), ""),
        None => error.to_owned(),
    }
}

/// Which supervisor keeps the fleet: whoever keeps the agents that live, and the one that would start
/// them when none does.
fn supervisor(planes: &Planes<'_>, rows: &[AgentRow]) -> FleetSupervisor {
    let living = rows
        .iter()
        .filter(|row| row.managed && !row.has(Flag::Remote) && row.pane.as_ref().is_some_and(|pane| !pane.dead));
    let by_unit = |row: &AgentRow| row.systemd.as_ref().is_some_and(|unit| unit.active == ActiveState::Active);
    let (kept, alone): (Vec<_>, Vec<_>) = living.partition(|row| by_unit(row));
    match (kept.is_empty(), alone.is_empty()) {
        // Nobody can say while the manager is silent.
        _ if planes.installed && planes.systemd.facts.is_err() => FleetSupervisor::Systemd,
        (false, false) => FleetSupervisor::Mixed,
        (false, true) => FleetSupervisor::Systemd,
        (true, false) => FleetSupervisor::Direct,
        (true, true) if planes.installed => FleetSupervisor::Systemd,
        (true, true) => FleetSupervisor::Direct,
    }
}

fn plane_states(planes: &Planes<'_>) -> Vec<PlaneState> {
    let tmux = match planes.tmux.get(&ServerName::here(&planes.roster.socket)).map(|reading| &reading.facts) {
        Some(Ok(Look::Panes(panes))) => (true, Cow::Owned(format!("{} panes", panes.len()))),
        Some(Ok(Look::NoServer)) => (false, Cow::Owned(format!("no server on socket {}", planes.roster.socket))),
        Some(Ok(Look::Unreachable(server))) => (false, Cow::Owned(server.to_string())),
        Some(Err(why)) => (false, Cow::Borrowed(why.as_str())),
        None => (false, Cow::Borrowed("not looked at without a roster")),
    };
    let systemd = match &planes.systemd.facts {
        Ok(view) => (true, Cow::Owned(format!("{} units", view.units.len()))),
        Err(why) => (false, Cow::Borrowed(why.as_str())),
    };
    [(Plane::Tmux, tmux), (Plane::Systemd, systemd)]
        .into_iter()
        .map(|(plane, (ok, text))| PlaneState { plane, ok, text: Label::new(&text) })
        .chain(hosts::plane_states(planes))
        .collect()
}

fn agent_row(planes: &Planes<'_>, agent: &Agent) -> AgentRow {
    let remote = planes.roster.is_remote(agent, planes.site);
    let mut evidence = vec![Evidence::new(
        Plane::Roster,
        planes.roster_error.is_none(),
        &format!("{} as {} in {}", agent.runtime, agent.class, planes.roster.path.display()),
        0.0,
    )];
    let server = planes.roster.server(agent, planes.site);
    let work_tree = if remote {
        hosts::evidence(planes, agent, &mut evidence);
        None
    } else {
        trees::facts(planes, agent, &mut evidence)
    };
    let pane = tmux_plane(planes, agent, &server, &mut evidence);
    let record = pane.record;
    // A pid of another host is somebody else's here.
    let tree = record.filter(|_| !remote).and_then(|record| planes.processes.get(&record.pid));
    let pane_state = pane.state(tree, Some(&agent.runtime));
    let remote_row = record.filter(|_| remote).and_then(|record| hosts::own_row(planes, agent, record));
    let heartbeat = if remote {
        Err(NoHeartbeat::Elsewhere)
    } else {
        process_evidence(planes, record, tree, &mut evidence);
        let alive = tree.filter(|_| record.is_some_and(|record| !record.dead));
        trusted_heartbeat(
            planes,
            agent,
            alive,
            matches!(pane_state, PaneState::Unreadable | PaneState::Unreachable | PaneState::Hidden),
        )
    };
    let systemd = match remote_row {
        Some((row, age_seconds)) => {
            let text = format!("{} says {}: {}", agent.host, row.readiness.word(), row.reason);
            evidence.push(Evidence::new(Plane::Ssh, true, &text, age_seconds));
            row.systemd.as_ref()
        }
        None if remote => None,
        None => {
            heartbeat_evidence(planes, &heartbeat, &mut evidence);
            systemd_plane(planes, agent, &mut evidence)
        }
    };
    let live = record.filter(|record| !record.dead);
    let screen = live.map_or(ScreenInput::NotAsked, |record| screens::input(planes, &server, record.id, &mut evidence));
    if remote {
        trees::elsewhere(planes, &mut evidence);
    }
    let question = live.and_then(|record| screens::question(planes, &server, record.id));

    let idle = record.and_then(|record| idle(record, planes.now));
    let input = heartbeat.as_ref().map_err(Clone::clone).map(|beat| heartbeat_input(beat, record, planes.now));
    let inputs = Inputs { pane: pane_state, heartbeat: input, idle, screen };
    let decision = match remote_row {
        // A pane that is seen dead from here is dead, whatever was said a moment ago.
        Some((row, _)) if pane_state == PaneState::Live => hosts::decision(row),
        _ => readiness::decide(&inputs, &planes.site.thresholds),
    };
    let drift = matches!(pane_state, PaneState::Live | PaneState::Stopped)
        && match remote_row {
            Some((row, _)) => row.drift,
            None => tree.is_some_and(|tree| {
                !tree.processes.iter().any(|process| runtime::matches(&agent.runtime, &process.argv))
            }),
        };
    let boot_enable = match remote_row {
        Some((row, _)) => row.boot_enable,
        None if remote => BootEnable::Unknown,
        None => boot_enable(systemd, planes),
    };
    // A unit that is about to start it, or has given it up, says that it is not meant to be stopped.
    let at_rest = systemd.is_none_or(|unit| unit.active == ActiveState::Inactive);
    let stopped = planes.stopped.get(&agent.name).filter(|_| decision.readiness == Readiness::Dead && at_rest);
    let last_exit = planes.exits.get(&agent.name).map(|(_, exit)| exit);
    // What another host made of its unit is a part of its own decision.
    let unit = systemd.filter(|_| !remote);
    let mut verdict = units::compare((decision.readiness, decision.reason), unit, stopped, last_exit);
    if pane_state == PaneState::Elsewhere {
        verdict.reason = Reason::Told(hosts::unanswered(planes, agent));
    }
    if let Some(hidden) = &pane.hidden {
        verdict.reason = Reason::Failed(hidden.why.to_string(), hidden.next.to_string());
    }
    let panes_in_session = pane.panes_in_session;
    let mut flags = Vec::new();
    for (flag, raised) in [
        (Flag::Drift, drift),
        (Flag::Boot, matches!(boot_enable, BootEnable::NotEnabled | BootEnable::LingerOff)),
        (Flag::CopyMode, record.is_some_and(|record| record.in_mode)),
        (Flag::ExtraPanes, panes_in_session > 1),
        (Flag::Remote, remote),
        (Flag::Unreachable, pane_state == PaneState::Elsewhere),
        (Flag::Stopped, stopped.is_some()),
        (Flag::Disagree, verdict.disagrees),
    ] {
        if raised {
            flags.push(flag);
        }
    }
    if drift && !remote {
        let seen = tree.map(describe_tree).unwrap_or_default();
        let text = format!("the roster says {}, the pane runs {seen}", agent.runtime);
        let said = Evidence::new(Plane::Process, true, &text, seconds_since(planes.processes_at, planes.now));
        evidence.push(Evidence { flag: Some(Flag::Drift), ..said });
    }
    AgentRow {
        key: RowKey::of_agent(agent.name),
        name: Label::new(agent.name.as_str()),
        alias: agent.alias.clone(),
        session: agent.session.clone(),
        session_label: agent.session.label(),
        tenant_id: agent.tenant_id.clone(),
        host: agent.host.clone(),
        socket: agent.socket,
        class: Some(agent.class.clone()),
        runtime: Some(agent.runtime.clone()),
        model_hint: agent.model_hint.as_deref().map(Label::new),
        reports_to: agent.reports_to.as_deref().map(Label::new),
        persona: Some(agent.persona.as_ref().unwrap_or(&agent.class).clone()),
        managed: true,
        systemd: systemd.cloned(),
        pane: record.map(|record| pane_facts(record, tree)),
        process: match remote_row {
            Some((row, _)) => row.process.clone(),
            None => tree.map(|tree| tree.facts.clone()),
        },
        idle_seconds: idle.map(|idle| idle.as_secs()),
        printed: None,
        heartbeat: match remote_row {
            Some((row, _)) => row.heartbeat.clone(),
            None => heartbeat.ok().map(|beat| heartbeat_facts(beat, planes.now)),
        },
        usage: match remote_row {
            Some((row, _)) => row.usage.clone(),
            // What an earlier process used, or one of another pane, is not this one's.
            None => {
                let used =
                    planes.usage.get(&agent.name).filter(|used| tree.is_some_and(|tree| tree.contains(used.pid)));
                used.map(|used| used.facts.clone()).filter(|facts| !facts.is_empty())
            }
        },
        health: decision.health,
        readiness: decision.readiness,
        reason: Label::new(&verdict.reason.to_string()),
        advised: verdict.reason.says_what_helps(),
        question,
        drift,
        boot_enable,
        flags,
        evidence,
        tree: work_tree,
        claim: None,
        notes: match remote_row {
            Some((row, _)) => row.notes.clone(),
            None => planes.notes.get(&agent.name).cloned().unwrap_or_default(),
        },
        last_exit: last_exit.cloned(),
        observed_at: planes.now,
        rule: decision.rule,
        would_change: decision.would_change,
        target: record.map(|record| record.target(&server)),
    }
}

/// Time since the pane's last output; a clock that stepped back counts as no time.
fn idle(record: &PaneRecord, now: Timestamp) -> Option<Duration> {
    let activity = i64::try_from(record.activity?).ok()?;
    Some(Duration::from_secs(u64::try_from((now.as_second() - activity).max(0)).unwrap_or(0)))
}

fn heartbeat_input(beat: &Heartbeat, record: Option<&PaneRecord>, now: Timestamp) -> HeartbeatInput {
    let output_after_report = match (beat.next_seconds, beat.since, record.and_then(|record| record.activity)) {
        // A runtime that keeps reporting speaks for itself; only a one-off report can be outdated.
        (None, Some(since), Some(activity)) => i64::try_from(activity)
            .ok()
            .and_then(|activity| u64::try_from(activity - since.as_second()).ok())
            .map(Duration::from_secs),
        _ => None,
    };
    HeartbeatInput {
        age: Duration::from_secs_f64(seconds_since(beat.ts, now)),
        status: beat.status,
        detail: beat.detail.as_ref().map(ToString::to_string),
        by: beat.by,
        output_after_report,
        keeps_telling: beat.next_seconds.is_some(),
    }
}

fn heartbeat_facts(beat: &Heartbeat, now: Timestamp) -> HeartbeatFacts {
    HeartbeatFacts {
        age_seconds: (seconds_since(beat.ts, now) * 10.0).round() / 10.0,
        status: beat.status,
        detail: beat.detail.clone(),
        by: beat.by,
    }
}

fn pane_facts(record: &PaneRecord, tree: Option<&ProcessTree>) -> PaneFacts {
    PaneFacts {
        id: record.id,
        pid: record.pid,
        dead: record.dead,
        exit_status: record.end.and_then(End::status),
        exit_signal: record.end.and_then(End::signal).map(signal_name),
        command: tree.map(|tree| tree.foreground.clone()).unwrap_or_default(),
        width: record.size.width,
        height: record.size.height,
        title: record.title.clone(),
        drafted: record.drafted,
    }
}

/// Seconds between two moments, never negative.
fn seconds_since(then: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(then).as_secs_f64().max(0.0)
}

mod evidence;
mod hosts;
mod screens;
mod trees;
mod units;
mod unmanaged;

use evidence::{
    boot_enable, describe_tree, heartbeat_evidence, process_evidence, systemd_plane, tmux_plane, trusted_heartbeat,
};
pub use hosts::{HostView, RemotePane, RemoteRow, RemoteRows};
use unmanaged::unmanaged_rows;

#[cfg(test)]
mod tests;
