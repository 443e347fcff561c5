//! Joins the planes into rows. Pure: raw facts in, one snapshot out.
//!
//! A plane that could not be read leaves its part of a row empty and its reason in the evidence; it
//! never hides what the other planes say.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::heartbeat::{Heartbeat, NoHeartbeat};
use super::home::Site;
use super::model::{
    AgentName, AgentRow, BootEnable, Evidence, ExitFacts, FleetSnapshot, HeartbeatFacts, Label, PaneFacts, Plane,
    PlaneState, Readiness, RowKey, SocketName, TmuxFeed, UnitFacts, UnitsView,
};
use super::process::ProcessTree;
use super::readiness::{self, PaneState, Pulse, Signs};
use super::roster::{Agent, Roster, is_viewer_name};
use super::runtime;
use super::tmux::{Look, PaneRecord, panes_of};

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

/// Raw facts of all planes at one moment.
#[derive(Debug)]
pub struct Planes<'a> {
    /// The observer's site.
    pub site: &'a Site,
    /// The roster in use.
    pub roster: &'a Roster,
    /// Why a newer roster file is not in use.
    pub roster_error: Option<&'a str>,
    /// tmux, per socket.
    pub tmux: &'a HashMap<SocketName, Reading<Look>>,
    /// How the fleet's socket is read.
    pub tmux_feed: TmuxFeed,
    /// Process trees by the pane's pid.
    pub processes: &'a HashMap<u32, ProcessTree>,
    /// When they were read.
    pub processes_at: Timestamp,
    /// Heartbeats by agent.
    pub heartbeats: &'a HashMap<AgentName, Result<Heartbeat, NoHeartbeat>>,
    /// How each agent's last process ended.
    pub exits: &'a HashMap<AgentName, (SystemTime, ExitFacts)>,
    /// Agents that do not run although nothing is wrong, and why.
    pub stopped: &'a HashMap<AgentName, Label>,
    /// systemd.
    pub systemd: &'a Reading<UnitsView>,
    /// Whether this fleet's units are installed.
    pub installed: bool,
    /// The moment of the join.
    pub now: Timestamp,
}

/// Joins all planes.
#[must_use]
pub fn join(planes: &Planes<'_>) -> FleetSnapshot {
    let mut rows: Vec<AgentRow> = planes.roster.agents.iter().map(|agent| agent_row(planes, agent)).collect();
    rows.extend(unmanaged_rows(planes));
    rows.sort_by(|a, b| a.attention().cmp(&b.attention()).then_with(|| a.name.cmp(&b.name)));
    let mut warnings: Vec<Label> = planes.roster.warnings.iter().map(|text| Label::new(text)).collect();
    if let Some(error) = planes.roster_error {
        let what = if planes.roster.agents.is_empty() { "not usable" } else { "not reloaded" };
        warnings.insert(0, Label::new(&format!("roster {what}: {}", without_folder(error, &planes.roster.path))));
    }
    FleetSnapshot {
        tenant_id: planes.site.tenant_id.clone(),
        host: planes.site.host.clone(),
        socket: planes.roster.socket.clone(),
        supervisor: supervisor(planes, &rows),
        observed_at: planes.now.to_string(),
        agents: rows.into_iter().map(Arc::new).collect(),
        planes: plane_states(planes),
        warnings,
        tmux_feed: planes.tmux_feed,
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
fn supervisor(planes: &Planes<'_>, rows: &[AgentRow]) -> &'static str {
    let living = rows.iter().filter(|row| row.managed && row.pane.as_ref().is_some_and(|pane| !pane.dead));
    let by_unit = |row: &AgentRow| row.systemd.as_ref().is_some_and(|unit| unit.active == "active");
    let (kept, alone): (Vec<_>, Vec<_>) = living.partition(|row| by_unit(row));
    match (kept.is_empty(), alone.is_empty()) {
        // Nobody can say while the manager is silent.
        _ if planes.installed && planes.systemd.facts.is_err() => "systemd",
        (false, false) => "mixed",
        (false, true) => "systemd",
        (true, false) => "direct",
        (true, true) if planes.installed => "systemd",
        (true, true) => "direct",
    }
}

fn plane_states(planes: &Planes<'_>) -> Vec<PlaneState> {
    let tmux = match planes.tmux.get(&planes.roster.socket).map(|reading| &reading.facts) {
        Some(Ok(Look::Panes(panes))) => (true, format!("{} panes", panes.len())),
        Some(Ok(Look::NoServer)) => (false, format!("no server on socket {}", planes.roster.socket)),
        Some(Err(why)) => (false, why.clone()),
        None => (false, "not looked at without a roster".to_owned()),
    };
    let systemd = match &planes.systemd.facts {
        Ok(view) => (true, format!("{} units", view.units.len())),
        Err(why) => (false, why.clone()),
    };
    [(Plane::Tmux, tmux), (Plane::Systemd, systemd)]
        .into_iter()
        .map(|(plane, (ok, text))| PlaneState { plane, ok, text: Label::new(&text) })
        .collect()
}

fn agent_row(planes: &Planes<'_>, agent: &Agent) -> AgentRow {
    let remote = planes.roster.is_remote(agent, planes.site);
    let mut evidence = vec![Evidence {
        plane: Plane::Roster,
        ok: planes.roster_error.is_none(),
        text: Label::new(&format!("{} as {} in {}", agent.runtime, agent.class, planes.roster.path.display())),
        age_seconds: 0.0,
    }];
    let pane = if remote { None } else { tmux_plane(planes, agent, &mut evidence) };
    let record = pane.as_ref().and_then(|found| found.record);
    let tree = record.and_then(|record| planes.processes.get(&record.pid));
    let pane_state = match &pane {
        None => PaneState::Elsewhere,
        Some(found) => found.state(tree),
    };
    process_evidence(planes, record, tree, &mut evidence);
    let heartbeat = if remote {
        Err(NoHeartbeat::Absent)
    } else {
        trusted_heartbeat(
            planes,
            agent,
            tree.filter(|_| record.is_some_and(|record| !record.dead)),
            pane_state == PaneState::Unreadable,
        )
    };
    heartbeat_evidence(planes, &heartbeat, &mut evidence);
    let systemd = if remote { None } else { systemd_plane(planes, agent, &mut evidence) };

    let idle = record.and_then(|record| idle(record, planes.now));
    let pulse = heartbeat.as_ref().map_err(Clone::clone).map(|beat| pulse(beat, record, planes.now));
    let decision = readiness::decide(&Signs { pane: pane_state, pulse, idle }, &planes.site.thresholds);
    let drift = pane_state == PaneState::Live
        && tree
            .is_some_and(|tree| !tree.processes.iter().any(|process| runtime::matches(&agent.runtime, &process.argv)));
    let boot_enable = boot_enable(systemd.as_ref(), planes);
    // A unit that is about to start it, or has given it up, says that it is not meant to be stopped.
    let at_rest = systemd.as_ref().is_none_or(|unit| unit.active == "inactive");
    let stopped = planes.stopped.get(&agent.name).filter(|_| decision.readiness == Readiness::Dead && at_rest);
    let last_exit = planes.exits.get(&agent.name).map(|(_, exit)| exit.clone());
    let verdict = units::compare(&decision, systemd.as_ref(), stopped.map(Label::as_str), last_exit.as_ref());
    let panes_in_session = pane.as_ref().map_or(0, |found| found.panes_in_session);
    let mut flags = Vec::new();
    for (flag, raised) in [
        ("drift", drift),
        ("boot", matches!(boot_enable, BootEnable::NotEnabled | BootEnable::LingerOff)),
        ("copy_mode", record.is_some_and(|record| record.in_mode)),
        ("extra_panes", panes_in_session > 1),
        ("remote", remote),
        ("stopped", stopped.is_some()),
        ("disagree", verdict.disagrees),
    ] {
        if raised {
            flags.push(flag);
        }
    }
    if drift {
        let seen = tree.map(describe_tree).unwrap_or_default();
        evidence.push(Evidence {
            plane: Plane::Process,
            ok: true,
            text: Label::new(&format!("drift: the roster says {}, the pane runs {seen}", agent.runtime)),
            age_seconds: age(planes.processes_at, planes.now),
        });
    }
    AgentRow {
        key: RowKey::of_agent(&agent.name),
        name: Label::new(agent.name.as_str()),
        alias: agent.alias.clone(),
        session: agent.session.label(),
        tenant_id: agent.tenant_id.clone(),
        host: agent.host.clone(),
        socket: agent.socket.clone(),
        class: Some(agent.class.clone()),
        runtime: Some(agent.runtime.clone()),
        model_hint: agent.model_hint.as_deref().map(Label::new),
        managed: true,
        systemd,
        pane: record.map(|record| pane_facts(record, tree)),
        process: tree.map(|tree| tree.facts.clone()),
        idle_seconds: idle.map(|idle| idle.as_secs()),
        heartbeat: heartbeat.ok().map(|beat| heartbeat_facts(&beat, planes.now)),
        health: decision.health,
        readiness: decision.readiness,
        reason: Label::new(&verdict.reason),
        drift,
        boot_enable,
        flags,
        evidence,
        claim: None,
        last_exit,
        observed_at: planes.now.to_string(),
        rule: decision.rule,
        would_change: decision.would_change,
        target: record.map(|record| record.target(&agent.socket)),
    }
}

/// What tmux says of one agent.
struct TmuxFinding<'a> {
    record: Option<&'a PaneRecord>,
    missing: PaneState,
    panes_in_session: usize,
}

impl TmuxFinding<'_> {
    fn state(&self, tree: Option<&ProcessTree>) -> PaneState {
        match self.record {
            None => self.missing,
            Some(record) if record.dead => PaneState::Ended(record.dead_status),
            Some(_) if tree.is_some_and(|tree| !tree.facts.alive) => PaneState::ProcessGone,
            Some(_) => PaneState::Live,
        }
    }
}

fn tmux_plane<'a>(planes: &Planes<'a>, agent: &Agent, evidence: &mut Vec<Evidence>) -> Option<TmuxFinding<'a>> {
    let reading = planes.tmux.get(&agent.socket);
    let age_seconds = reading.map_or(0.0, |reading| age(reading.at, planes.now));
    let (finding, ok, text) = match reading.map(|reading| &reading.facts) {
        Some(Ok(Look::Panes(panes))) => {
            let own = panes_of(panes, &agent.session, &agent.name);
            let (record, panes_in_session) = (own.first().copied(), own.len());
            let text = match record {
                None => format!("no session {} on socket {}", agent.session.label(), agent.socket),
                Some(pane) if pane.dead => format!("pane {} is dead{}", pane.id, exit_words(pane.dead_status)),
                Some(pane) => format!("pane {} of {}, pid {}", pane.id, pane.size, pane.pid),
            };
            (TmuxFinding { record, missing: PaneState::NoSession, panes_in_session }, true, text)
        }
        Some(Ok(Look::NoServer)) => (
            TmuxFinding { record: None, missing: PaneState::NoServer, panes_in_session: 0 },
            true,
            format!("no server on socket {}", agent.socket),
        ),
        Some(Err(why)) => {
            (TmuxFinding { record: None, missing: PaneState::Unreadable, panes_in_session: 0 }, false, why.clone())
        }
        None => (
            TmuxFinding { record: None, missing: PaneState::Unreadable, panes_in_session: 0 },
            false,
            "not read yet".to_owned(),
        ),
    };
    evidence.push(Evidence { plane: Plane::Tmux, ok, text: Label::new(&text), age_seconds });
    Some(finding)
}

fn exit_words(status: Option<i32>) -> String {
    status.map(|status| format!(", exit status {status}")).unwrap_or_default()
}

fn process_evidence(
    planes: &Planes<'_>,
    record: Option<&PaneRecord>,
    tree: Option<&ProcessTree>,
    evidence: &mut Vec<Evidence>,
) {
    let (ok, text) = match (record, tree) {
        (Some(record), Some(tree)) if !tree.facts.alive => (true, format!("pid {} is gone", record.pid)),
        (Some(record), Some(tree)) => (true, format!("pid {} runs {}", record.pid, describe_tree(tree))),
        (Some(record), None) if record.dead => (true, format!("pid {} has ended", record.pid)),
        (Some(record), None) => (false, format!("pid {} was not read", record.pid)),
        (None, _) => (false, "no pane, so no process to read".to_owned()),
    };
    evidence.push(Evidence {
        plane: Plane::Process,
        ok,
        text: Label::new(&text),
        age_seconds: age(planes.processes_at, planes.now),
    });
}

/// The programs of a process tree, shortest useful form.
fn describe_tree(tree: &ProcessTree) -> String {
    let names: Vec<String> = tree
        .processes
        .iter()
        .take(4)
        .map(|process| {
            let words: Vec<&str> =
                process.argv.iter().take(2).map(|word| word.rsplit('/').next().unwrap_or(word)).collect();
            words.join(" ")
        })
        .collect();
    let more = tree.processes.len().saturating_sub(4);
    if more > 0 { format!("{} and {more} more", names.join(", ")) } else { names.join(", ") }
}

/// The agent's heartbeat, unless its pid has nothing to do with the pane.
fn trusted_heartbeat(
    planes: &Planes<'_>,
    agent: &Agent,
    tree: Option<&ProcessTree>,
    remote_or_unread: bool,
) -> Result<Heartbeat, NoHeartbeat> {
    let beat = planes.heartbeats.get(&agent.name).cloned().unwrap_or(Err(NoHeartbeat::Absent))?;
    if !remote_or_unread && !tree.is_some_and(|tree| tree.facts.alive) {
        return Err(NoHeartbeat::Rejected("the process it speaks for is gone".to_owned()));
    }
    match tree {
        Some(tree) if tree.facts.alive && !tree.contains(beat.pid) => {
            Err(NoHeartbeat::Rejected(format!("its pid {} is not in the pane's process tree", beat.pid)))
        }
        _ => Ok(beat),
    }
}

fn heartbeat_evidence(planes: &Planes<'_>, heartbeat: &Result<Heartbeat, NoHeartbeat>, evidence: &mut Vec<Evidence>) {
    let (ok, text, age_seconds) = match heartbeat {
        Ok(beat) => {
            let by = match beat.by {
                super::model::Authority::Keeper => "keeper",
                super::model::Authority::Runtime => "runtime",
            };
            let detail = beat.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
            (true, format!("{} by {by}{detail}", beat.status.word()), age(beat.ts, planes.now))
        }
        Err(NoHeartbeat::Absent) => (false, "no heartbeat file".to_owned(), 0.0),
        Err(NoHeartbeat::Rejected(why)) => (false, format!("rejected: {why}"), 0.0),
    };
    evidence.push(Evidence { plane: Plane::Heartbeat, ok, text: Label::new(&text), age_seconds });
}

fn systemd_plane(planes: &Planes<'_>, agent: &Agent, evidence: &mut Vec<Evidence>) -> Option<UnitFacts> {
    let (unit, ok, text) = match &planes.systemd.facts {
        Err(why) => (None, false, why.clone()),
        Ok(view) => match view.units.get(agent.name.as_str()) {
            None => (None, true, format!("mosaic-agent@{}.service is not loaded", agent.name)),
            Some(unit) => (Some(unit.clone()), true, units::describe(unit)),
        },
    };
    evidence.push(Evidence {
        plane: Plane::Systemd,
        ok,
        text: Label::new(&text),
        age_seconds: age(planes.systemd.at, planes.now),
    });
    unit
}

fn boot_enable(unit: Option<&UnitFacts>, planes: &Planes<'_>) -> BootEnable {
    let Ok(view) = &planes.systemd.facts else { return BootEnable::Unknown };
    match unit {
        Some(unit) if unit.active == "active" => {
            if !unit.unit_file_state.starts_with("enabled") {
                BootEnable::NotEnabled
            } else if view.linger == Some(false) {
                BootEnable::LingerOff
            } else {
                BootEnable::Ok
            }
        }
        _ => BootEnable::Ok,
    }
}

/// Time since the pane's last output; a clock that stepped back counts as no time.
fn idle(record: &PaneRecord, now: Timestamp) -> Option<Duration> {
    let activity = i64::try_from(record.activity?).ok()?;
    Some(Duration::from_secs(u64::try_from((now.as_second() - activity).max(0)).unwrap_or(0)))
}

fn pulse(beat: &Heartbeat, record: Option<&PaneRecord>, now: Timestamp) -> Pulse {
    let output_after_report = match (beat.next_seconds, beat.since, record.and_then(|record| record.activity)) {
        // A runtime that keeps reporting speaks for itself; only a one-off report can be outdated.
        (None, Some(since), Some(activity)) => i64::try_from(activity)
            .ok()
            .and_then(|activity| u64::try_from(activity - since.as_second()).ok())
            .map(Duration::from_secs),
        _ => None,
    };
    Pulse {
        age: Duration::from_secs_f64(age(beat.ts, now)),
        status: beat.status,
        detail: beat.detail.as_ref().map(ToString::to_string),
        by: beat.by,
        output_after_report,
    }
}

fn heartbeat_facts(beat: &Heartbeat, now: Timestamp) -> HeartbeatFacts {
    HeartbeatFacts {
        age_seconds: (age(beat.ts, now) * 10.0).round() / 10.0,
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
        exit_status: record.dead_status,
        command: tree.map(|tree| tree.foreground.clone()).unwrap_or_default(),
        width: record.size.width,
        height: record.size.height,
        title: record.title.clone(),
    }
}

/// Seconds between two moments, never negative.
fn age(then: Timestamp, now: Timestamp) -> f64 {
    now.duration_since(then).as_secs_f64().max(0.0)
}

/// One row per session of the fleet's socket that the roster does not know.
fn unmanaged_rows(planes: &Planes<'_>) -> Vec<AgentRow> {
    let Some(reading) = planes.tmux.get(&planes.roster.socket) else { return Vec::new() };
    let Ok(Look::Panes(panes)) = &reading.facts else { return Vec::new() };
    let mut known: HashSet<&str> = planes
        .roster
        .agents
        .iter()
        .filter(|agent| agent.socket == planes.roster.socket && !planes.roster.is_remote(agent, planes.site))
        .map(|agent| agent.session.0.as_str())
        .collect();
    known.insert(planes.roster.holder.0.as_str());
    let mut rows = Vec::new();
    let mut sorted: Vec<&PaneRecord> = panes.iter().collect();
    sorted.sort_by_key(|pane| pane.id);
    for pane in sorted {
        let name = pane.session.0.as_str();
        if is_viewer_name(name) || !known.insert(name) {
            continue;
        }
        rows.push(unmanaged_row(planes, pane, age(reading.at, planes.now)));
    }
    rows
}

fn unmanaged_row(planes: &Planes<'_>, pane: &PaneRecord, age_seconds: f64) -> AgentRow {
    let tree = planes.processes.get(&pane.pid);
    let state = TmuxFinding { record: Some(pane), missing: PaneState::NoSession, panes_in_session: 1 }.state(tree);
    let idle = idle(pane, planes.now);
    let decision =
        readiness::decide(&Signs { pane: state, pulse: Err(NoHeartbeat::Absent), idle }, &planes.site.thresholds);
    let mut evidence = vec![
        Evidence { plane: Plane::Roster, ok: true, text: Label::new("not in the roster"), age_seconds: 0.0 },
        Evidence {
            plane: Plane::Tmux,
            ok: true,
            text: Label::new(&format!("pane {} of {}, pid {}", pane.id, pane.size, pane.pid)),
            age_seconds,
        },
    ];
    process_evidence(planes, Some(pane), tree, &mut evidence);
    AgentRow {
        key: RowKey::of_session(&pane.session_id),
        name: pane.session.label(),
        alias: None,
        session: pane.session.label(),
        tenant_id: planes.site.tenant_id.clone(),
        host: planes.site.host.clone(),
        socket: planes.roster.socket.clone(),
        class: None,
        runtime: None,
        model_hint: None,
        managed: false,
        systemd: None,
        pane: Some(pane_facts(pane, tree)),
        process: tree.map(|tree| tree.facts.clone()),
        idle_seconds: idle.map(|idle| idle.as_secs()),
        heartbeat: None,
        health: decision.health,
        readiness: decision.readiness,
        reason: Label::new("not in the roster"),
        drift: false,
        boot_enable: BootEnable::Unknown,
        flags: vec!["unmanaged"],
        evidence,
        claim: None,
        last_exit: None,
        observed_at: planes.now.to_string(),
        rule: decision.rule,
        would_change: decision.would_change,
        target: Some(pane.target(&planes.roster.socket)),
    }
}

mod units;

#[cfg(test)]
mod tests;
