//! Rows of agents on other hosts: what is seen over the link, and what that host's own rows add.

use serde::Deserialize;

use super::{Planes, Reading, age};
use crate::fleet::model::{
    BootEnable, Evidence, Health, HeartbeatFacts, Label, Plane, PlaneState, ProcessFacts, Readiness, SshTarget,
    UnitFacts,
};
use crate::fleet::readiness::{Decision, words};
use crate::fleet::roster::Agent;

/// A row as the far side's own `fleet ps --json` prints it; what is not used here is left out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct FarRow {
    /// Agent name there.
    pub name: Label,
    /// Whether that roster names it.
    pub managed: bool,
    /// systemd plane.
    pub systemd: Option<UnitFacts>,
    /// Process plane.
    pub process: Option<ProcessFacts>,
    /// Heartbeat plane.
    pub heartbeat: Option<HeartbeatFacts>,
    /// Whether it answered in time.
    pub health: Health,
    /// What to expect of it.
    pub readiness: Readiness,
    /// Why.
    pub reason: Label,
    /// Whether its pane runs another runtime.
    pub drift: bool,
    /// Whether it survives a reboot.
    pub boot_enable: BootEnable,
}

/// What another host said of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct HostView {
    /// Whether it answers at all, or why not; as old as the first refusal.
    pub link: Reading<()>,
    /// Its own rows.
    pub rows: Reading<Vec<FarRow>>,
}

/// State of each link, for the whole fleet.
pub(super) fn plane_states<'a>(planes: &'a Planes<'_>) -> impl Iterator<Item = PlaneState> + 'a {
    let mut hosts: Vec<(&SshTarget, &HostView)> = planes.hosts.iter().collect();
    hosts.sort_by_key(|(target, _)| *target);
    hosts.into_iter().map(|(target, view)| {
        let text = match &view.link.facts {
            Ok(()) => format!("{target} answers"),
            Err(why) => format!("{target}: {}, for {}", without_target(why, target), silence(view, planes)),
        };
        PlaneState { plane: Plane::Ssh, ok: view.link.facts.is_ok(), text: Label::new(&text) }
    })
}

fn silence(view: &HostView, planes: &Planes<'_>) -> String {
    words(std::time::Duration::from_secs_f64(age(view.link.at, planes.now)))
}

/// The cause without the name of the host, which stands before it, and without the next step, for which a
/// line of a screen has no room.
fn without_target(why: &str, target: &SshTarget) -> String {
    let cause = why.strip_prefix(&format!("host {target}: ")).unwrap_or(why);
    cause.split("; ").next().unwrap_or(cause).to_owned()
}

/// What the link to an agent's host says.
pub(super) fn evidence(planes: &Planes<'_>, agent: &Agent, evidence: &mut Vec<Evidence>) {
    let Some(target) = &agent.ssh else { return };
    let (ok, text, age_seconds) = match planes.hosts.get(target) {
        None => (false, format!("{target} was not asked yet"), 0.0),
        Some(view) => match &view.link.facts {
            Ok(()) => (true, format!("{target} answers"), age(view.link.at, planes.now)),
            Err(why) => (false, format!("{target}: {}", without_target(why, target)), age(view.link.at, planes.now)),
        },
    };
    evidence.push(Evidence { plane: Plane::Ssh, ok, text: Label::new(&text), age_seconds });
}

/// Why nothing is known of an agent whose host does not answer.
pub(super) fn unanswered(planes: &Planes<'_>, agent: &Agent) -> String {
    let Some(target) = &agent.ssh else { return format!("on {}, and no `ssh` says how to get there", agent.host) };
    match planes.hosts.get(target) {
        Some(view) if view.link.facts.is_err() => {
            format!("{} does not answer, for {}", agent.host, silence(view, planes))
        }
        _ => format!("{} was not asked yet", agent.host),
    }
}

/// The far side's own row of an agent, while it is to be believed.
pub(super) fn own_row<'a>(planes: &'a Planes<'_>, agent: &Agent) -> Option<(&'a FarRow, f64)> {
    let view = planes.hosts.get(agent.ssh.as_ref()?)?;
    view.link.facts.as_ref().ok()?;
    let rows = view.rows.facts.as_ref().ok()?;
    let row = rows.iter().find(|row| row.managed && row.name.as_str() == agent.name.as_str())?;
    Some((row, age(view.rows.at, planes.now)))
}

/// The decision that the far side made with all of its planes.
pub(super) fn decision(row: &FarRow) -> Decision {
    Decision {
        health: row.health,
        readiness: row.readiness,
        reason: row.reason.to_string(),
        rule: "its own host decided, with all of its planes",
        would_change: "another decision there: `agent explain` on that host says more",
    }
}
