//! What tmux, `/proc`, the heartbeat and systemd say of one agent, each with its evidence.

use std::borrow::Cow;

use super::{Planes, seconds_since, units};
use crate::fleet::heartbeat::{Heartbeat, NoHeartbeat};
use crate::fleet::model::{ActiveState, Authority, BootEnable, End, Evidence, Plane, ServerName, UnitFacts};
use crate::fleet::os::process::{Process, ProcessTree};
use crate::fleet::readiness::PaneState;
use crate::fleet::roster::Agent;
use crate::fleet::runtime;
use crate::fleet::session::Hidden;
use crate::fleet::tmux::{Look, PaneRecord, panes_of};

/// What tmux says of one agent.
pub(super) struct TmuxFinding<'a> {
    pub record: Option<&'a PaneRecord>,
    pub missing: PaneState,
    pub panes_in_session: usize,
    /// Where it lives instead, when its process lives.
    pub hidden: Option<Hidden>,
}

impl TmuxFinding<'_> {
    pub(super) fn state(&self, tree: Option<&ProcessTree>, runtime: Option<&str>) -> PaneState {
        match self.record {
            None => self.missing,
            Some(record) if record.dead => PaneState::Ended(record.end),
            Some(_) if tree.is_some_and(|tree| !tree.facts.alive) => PaneState::ProcessGone,
            Some(_) => tree.zip(runtime).map_or(PaneState::Live, |(tree, runtime)| of_living(tree, runtime)),
        }
    }
}

/// What the kernel says of a pane whose process lives.
fn of_living(tree: &ProcessTree, runtime: &str) -> PaneState {
    if let Some(shell) = runtime::shell_in_its_place(runtime, tree.processes.iter().map(|process| &process.argv[..])) {
        return PaneState::ShellOnly(shell);
    }
    // A job that somebody stopped below it does not stop the runtime.
    let root = tree.processes.first().is_some_and(|process| process.stopped);
    let its_own = |process: &Process| process.stopped && runtime::matches(runtime, &process.argv);
    if root || tree.processes.iter().any(its_own) { PaneState::Stopped } else { PaneState::Live }
}

pub(super) fn tmux_plane<'a>(
    planes: &Planes<'a>,
    agent: &Agent,
    server: &ServerName,
    evidence: &mut Vec<Evidence>,
) -> TmuxFinding<'a> {
    let reading = planes.tmux.get(server);
    let nowhere = |missing| TmuxFinding { record: None, missing, panes_in_session: 0, hidden: None };
    if let Some(target) = &server.ssh
        && planes.hosts.get(target).is_none_or(|view| view.link.facts.is_err())
    {
        // Said by the link already; what tmux said before the silence proves nothing now.
        return nowhere(PaneState::Elsewhere);
    }
    let age_seconds = reading.map_or(0.0, |reading| seconds_since(reading.at, planes.now));
    let hidden = |panes: &[PaneRecord]| planes.living.get(&agent.name).and_then(|living| living.hidden(agent, panes));
    let (finding, ok, text) = match reading.map(|reading| &reading.facts) {
        Some(Ok(Look::Panes(panes))) => {
            let own = panes_of(panes, &agent.session, &agent.name);
            let (record, panes_in_session) = (own.first().copied(), own.len());
            let hidden = if record.is_none() { hidden(panes) } else { None };
            let missing = if hidden.is_some() { PaneState::Hidden } else { PaneState::NoSession };
            let text = match record {
                None => missing_words(
                    format!("no session {} on socket {}", agent.session.label(), agent.socket),
                    hidden.as_ref(),
                ),
                Some(pane) if pane.dead => format!("pane {} is dead{}", pane.id, exit_words(pane.end)),
                Some(pane) => format!("pane {} of {}, pid {}", pane.id, pane.size, pane.pid),
            };
            let seen = hidden.as_ref().is_none_or(|hidden| hidden.same_server);
            (TmuxFinding { record, missing, panes_in_session, hidden }, seen, text.into())
        }
        Some(Ok(Look::NoServer)) => {
            let hidden = hidden(&[]);
            let missing = if hidden.is_some() { PaneState::Hidden } else { PaneState::NoServer };
            let text = missing_words(format!("no server on socket {}", agent.socket), hidden.as_ref());
            let seen = hidden.is_none();
            (TmuxFinding { hidden, ..nowhere(missing) }, seen, text.into())
        }
        Some(Ok(Look::Unreachable(server))) => (nowhere(PaneState::Unreachable), false, server.to_string().into()),
        Some(Err(why)) => (nowhere(PaneState::Unreadable), false, Cow::Borrowed(why.as_str())),
        None => (nowhere(PaneState::Unreadable), false, "not read yet".into()),
    };
    evidence.push(Evidence::new(Plane::Tmux, ok, &text, age_seconds));
    finding
}

/// What is missing, and where its process lives instead.
fn missing_words(mut missing: String, hidden: Option<&Hidden>) -> String {
    if let Some(hidden) = hidden {
        missing.push_str(&format!(": {}", hidden.why));
    }
    missing
}

fn exit_words(end: Option<End>) -> String {
    end.map(|end| format!(": {end}")).unwrap_or_default()
}

pub(super) fn process_evidence(
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
    evidence.push(Evidence::new(Plane::Process, ok, &text, seconds_since(planes.processes_at, planes.now)));
}

/// The programs of a process tree, shortest useful form.
pub(super) fn describe_tree(tree: &ProcessTree) -> String {
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
pub(super) fn trusted_heartbeat<'a>(
    planes: &Planes<'a>,
    agent: &Agent,
    tree: Option<&ProcessTree>,
    remote_or_unread: bool,
) -> Result<&'a Heartbeat, NoHeartbeat> {
    let beat = match planes.heartbeats.get(&agent.name) {
        None => return Err(NoHeartbeat::Absent),
        Some(Err(why)) => return Err(why.clone()),
        Some(Ok(beat)) => beat,
    };
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

pub(super) fn heartbeat_evidence(
    planes: &Planes<'_>,
    heartbeat: &Result<&Heartbeat, NoHeartbeat>,
    evidence: &mut Vec<Evidence>,
) {
    let (ok, text, age_seconds) = match heartbeat {
        Ok(beat) => {
            let by = match beat.by {
                Authority::Keeper => "keeper",
                Authority::Runtime => "runtime",
            };
            let detail = beat.detail.as_ref().map(|detail| format!(": {detail}")).unwrap_or_default();
            (true, format!("{} by {by}{detail}", beat.status.word()), seconds_since(beat.ts, planes.now))
        }
        Err(NoHeartbeat::Absent | NoHeartbeat::Elsewhere) => (false, "no heartbeat file".to_owned(), 0.0),
        Err(NoHeartbeat::Rejected(why)) => (false, format!("rejected: {why}"), 0.0),
    };
    evidence.push(Evidence::new(Plane::Heartbeat, ok, &text, age_seconds));
}

pub(super) fn systemd_plane<'a>(
    planes: &Planes<'a>,
    agent: &Agent,
    evidence: &mut Vec<Evidence>,
) -> Option<&'a UnitFacts> {
    let (unit, ok, text) = match &planes.systemd.facts {
        Err(why) => (None, false, Cow::Borrowed(why.as_str())),
        Ok(view) => match view.units.get(agent.name.as_str()) {
            None => (None, true, format!("mosaic-agent@{}.service is not loaded", agent.name).into()),
            Some(unit) => (Some(unit), true, units::describe(unit).into()),
        },
    };
    evidence.push(Evidence::new(Plane::Systemd, ok, &text, seconds_since(planes.systemd.at, planes.now)));
    unit
}

pub(super) fn boot_enable(unit: Option<&UnitFacts>, planes: &Planes<'_>) -> BootEnable {
    let Ok(view) = &planes.systemd.facts else { return BootEnable::Unknown };
    match unit {
        // One that does not run is not expected to come back.
        Some(unit) if unit.active == ActiveState::Active => {
            if !unit.unit_file_state.is_enabled() {
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
