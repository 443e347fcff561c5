//! Rows of agents on other hosts: what is seen over the link, and what that host's own rows add.

use serde::Deserialize;
use serde_json::Value;

use super::{Planes, Reading, seconds_since};
use crate::fleet::model::{
    BootEnable, Evidence, Health, HeartbeatFacts, Label, Plane, PlaneState, ProcessFacts, Readiness, SshTarget,
    UnitFacts, UsageFacts, Warning, age,
};
use crate::fleet::readiness::{Decision, Reason};
use crate::fleet::roster::Agent;
use crate::fleet::tmux::PaneRecord;
use crate::plain::{Notation, plain_words};

/// A row as the remote host's own `fleet ps --json` prints it; what is not used here is left out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RemoteRow {
    /// Agent name there.
    pub name: Label,
    /// Whether that roster names it.
    pub managed: bool,
    /// Its pane, which tells it from an agent of that name on another socket.
    pub pane: Option<RemotePane>,
    /// systemd plane.
    pub systemd: Option<UnitFacts>,
    /// Process plane.
    pub process: Option<ProcessFacts>,
    /// Heartbeat plane.
    pub heartbeat: Option<HeartbeatFacts>,
    /// What its runtime says that it used; older versions say nothing of it.
    #[serde(default)]
    pub usage: Option<UsageFacts>,
    /// What its launch told the operator; older versions say nothing of it.
    #[serde(default)]
    pub notes: Vec<Label>,
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

/// A pane of a remote row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RemotePane {
    /// `%N`.
    pub id: String,
    /// Its first process.
    pub pid: u32,
}

/// The remote host's own rows, as far as they can be read here.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RemoteRows {
    /// Those that can.
    pub rows: Vec<RemoteRow>,
    /// Names of agents whose rows cannot, and why.
    pub unread: Vec<(Label, Label)>,
    /// Why none can, where the answer is no list of rows at all.
    pub broken: Option<Label>,
}

impl RemoteRows {
    /// Reads an answer row by row: a word that only a newer version knows costs the row it stands in. Both forms are
    /// read, `{schema, rows}` and the list alone that older versions print. No answer is one without rows: the
    /// program is not installed there, or has no roster.
    #[must_use]
    pub fn read(answer: &[u8]) -> Self {
        if answer.trim_ascii().is_empty() {
            return Self::default();
        }
        let words = |error: &serde_json::Error| Label::new(&plain_words(&error.to_string(), Notation::Json));
        let broken = |why| Self { broken: Some(why), ..Self::default() };
        let rows = match serde_json::from_slice(answer) {
            Ok(Value::Array(rows)) => rows,
            Ok(Value::Object(mut answer)) => match answer.remove("rows") {
                Some(Value::Array(rows)) => rows,
                _ => return broken(Label::new("the answer holds no `rows`")),
            },
            Ok(_) => return broken(Label::new("the answer is no list of rows")),
            Err(error) => return broken(words(&error)),
        };
        let mut read = Self::default();
        for row in rows {
            let name = Label::new(row["name"].as_str().unwrap_or("without a name"));
            match serde_json::from_value::<RemoteRow>(row) {
                Ok(row) => read.rows.push(row.cleaned()),
                Err(error) => read.unread.push((name, words(&error))),
            }
        }
        read
    }

    /// What an operator has to know of rows that could not be read.
    fn warning(&self, host: &SshTarget) -> Option<Warning> {
        match (&self.broken, self.unread.first()) {
            (Some(why), _) => Some(Warning::HostUnread(host.clone(), why.clone())),
            (None, Some(first)) => {
                let (unread, all) = (self.unread.len(), self.rows.len() + self.unread.len());
                Some(Warning::RowsUnread { host: host.clone(), unread, all, first: first.clone() })
            }
            (None, None) => None,
        }
    }
}

/// What is to be told of hosts whose own rows could not all be read.
pub(super) fn warnings(planes: &Planes<'_>) -> Vec<Warning> {
    let told = |(host, view): (&SshTarget, &HostView)| view.rows.facts.as_ref().ok()?.warning(host);
    let mut all: Vec<Warning> = planes.hosts.iter().filter_map(told).collect();
    // A map gives them in another order each time, and lines would change places under the reader's eyes.
    all.sort_by_cached_key(Warning::label);
    all
}

/// Longest time that a number from another host may mean, in seconds: a century.
const MAX_SECONDS: f64 = 3.2e9;

impl RemoteRow {
    /// Bounds its numbers, which another host wrote; its texts act on no terminal already.
    #[must_use]
    pub fn cleaned(mut self) -> Self {
        let bounded = |number: f64, most: f64| if number.is_finite() { number.clamp(0.0, most) } else { 0.0 };
        if let Some(heartbeat) = &mut self.heartbeat {
            heartbeat.age_seconds = bounded(heartbeat.age_seconds, MAX_SECONDS);
        }
        if let Some(process) = &mut self.process {
            process.cpu_percent = bounded(process.cpu_percent, 1e6);
        }
        if let Some(unit) = &mut self.systemd {
            // The program there bounds them as well, but it may be another version.
            unit.log.truncate(20);
        }
        self.usage = self.usage.map(UsageFacts::cleaned);
        self
    }
}

/// What another host said of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct HostView {
    /// Whether it ever answered.
    pub heard: bool,
    /// Whether it answers at all, or why not; as old as its last answer.
    pub link: Reading<()>,
    /// Its own rows.
    pub rows: Reading<RemoteRows>,
}

/// State of each link, for the whole fleet.
pub(super) fn plane_states<'a>(planes: &'a Planes<'_>) -> impl Iterator<Item = PlaneState> + 'a {
    let mut hosts: Vec<(&SshTarget, &HostView)> = planes.hosts.iter().collect();
    hosts.sort_by_key(|(target, _)| *target);
    hosts.into_iter().map(|(target, view)| {
        let text = match &view.link.facts {
            Ok(()) => format!("{target} answers"),
            Err(why) => format!("{target}: {}{}", without_target(why, target), silence(view, planes)),
        };
        PlaneState { plane: Plane::Ssh, ok: view.link.facts.is_ok(), text: Label::new(&text) }
    })
}

/// Since when, where it ever answered.
fn silence(view: &HostView, planes: &Planes<'_>) -> String {
    if !view.heard {
        return String::new();
    }
    let span = std::time::Duration::from_secs_f64(seconds_since(view.link.at, planes.now));
    format!(", last heard {} ago", age::short(span))
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
            Ok(()) => {
                let of_agent = |rows: &RemoteRows| {
                    let own = rows.unread.iter().find(|(name, _)| name.as_str() == agent.name.as_str());
                    own.map(|(_, why)| format!(", its own row cannot be read: {why}"))
                };
                let unread = view.rows.facts.as_ref().ok().and_then(of_agent).unwrap_or_default();
                (true, format!("{target} answers{unread}"), seconds_since(view.link.at, planes.now))
            }
            Err(why) => {
                (false, format!("{target}: {}", without_target(why, target)), seconds_since(view.link.at, planes.now))
            }
        },
    };
    evidence.push(Evidence::new(Plane::Ssh, ok, &text, age_seconds));
}

/// Why nothing is known of an agent whose host does not answer.
pub(super) fn unanswered(planes: &Planes<'_>, agent: &Agent) -> String {
    let Some(target) = &agent.ssh else { return format!("on {}, and no `ssh` says how to get there", agent.host) };
    match planes.hosts.get(target).map(|view| (view, &view.link.facts)) {
        Some((view, Err(why))) => {
            format!("{} does not answer{}: {}", agent.host, silence(view, planes), without_target(why, target))
        }
        _ => format!("{} was not asked yet", agent.host),
    }
}

/// The remote host's own row of the agent in this pane, while it is to be believed.
pub(super) fn own_row<'a>(planes: &'a Planes<'_>, agent: &Agent, pane: &PaneRecord) -> Option<(&'a RemoteRow, f64)> {
    let view = planes.hosts.get(agent.ssh.as_ref()?)?;
    view.link.facts.as_ref().ok()?;
    let rows = view.rows.facts.as_ref().ok()?;
    let own = |row: &&RemoteRow| {
        // By the pid as well: ids of panes begin anew with each server.
        let of_pane = |own: &RemotePane| own.id == pane.id.to_string() && own.pid == pane.pid;
        row.managed && row.name.as_str() == agent.name.as_str() && row.pane.as_ref().is_some_and(of_pane)
    };
    let row = rows.rows.iter().find(own)?;
    Some((row, seconds_since(view.rows.at, planes.now)))
}

/// The decision that the remote host made with all of its planes.
pub(super) fn decision(row: &RemoteRow) -> Decision {
    Decision {
        health: row.health,
        readiness: row.readiness,
        reason: Reason::Told(row.reason.to_string()),
        rule: "its own host decided, with all of its planes",
        would_change: "another decision there: `mosaic-tui agent explain NAME` on that host says more",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, readiness: &str) -> String {
        format!(
            r#"{{"name":"{name}","managed":true,"session":"a","pane":{{"id":"%1","pid":7}},"systemd":null,"process":null,"heartbeat":null,"health":"healthy","readiness":"{readiness}","reason":"r","drift":false,"boot_enable":"ok","of_a_newer_version":1}}"#
        )
    }

    #[test]
    fn a_word_of_a_newer_version_costs_its_row_and_is_told() {
        let host = SshTarget::new("op@far");
        let rows = format!("[{},{},{},{{}}]", row("a", "working"), row("b", "dozing"), row("c", "stuck"));
        for answer in [rows.clone(), format!(r#"{{"schema":9,"rows":{rows}}}"#)] {
            let read = RemoteRows::read(answer.as_bytes());
            let names: Vec<&str> = read.rows.iter().map(|row| row.name.as_str()).collect();
            assert_eq!(names, ["a", "c"]);
            assert_eq!(read.unread.len(), 2);
            let Some(Warning::RowsUnread { unread: 2, all: 4, first: (name, why), .. }) = read.warning(&host) else {
                panic!("{:?}", read.warning(&host));
            };
            assert!(name.as_str() == "b" && why.as_str().starts_with("`dozing` is not known here"), "{why}");
        }
        for nothing in ["", "\n"] {
            assert_eq!(RemoteRows::read(nothing.as_bytes()).warning(&host), None, "not installed there");
        }
        for broken in ["{}", "7", "[", "motd", r#"{"rows":7}"#] {
            let told = RemoteRows::read(broken.as_bytes()).warning(&host);
            assert!(matches!(told, Some(Warning::HostUnread(..))), "{told:?}");
        }
    }

    #[test]
    fn what_another_host_writes_acts_on_nothing_here() {
        let text = r#"{"name":"a","managed":true,"session":"a","pane":{"id":"%1","pid":7},"systemd":{"load":"l","active":"act\u001b]0;x\u0007","sub":"s","unit_file_state":"","main_pid":1,"n_restarts":0,"result":"r","status_text":"\u001b[31m","log":[]},"process":{"alive":true,"argv0":"x","cpu_percent":1e300,"rss_bytes":1,"descendants":0},"heartbeat":{"age_seconds":1e300,"status":"ok","detail":null,"by":"keeper"},"health":"healthy","readiness":"working","reason":"\u009b","drift":false,"boot_enable":"ok"}"#;
        let row: RemoteRow = serde_json::from_str(text).unwrap();
        let row = row.cleaned();
        let beat = row.heartbeat.clone().unwrap();
        assert!(std::time::Duration::try_from_secs_f64(beat.age_seconds).is_ok());
        let unit = row.systemd.clone().unwrap();
        assert!(
            ![unit.active.as_str(), unit.status_text.as_str(), row.reason.as_str()]
                .iter()
                .any(|text| text.contains(char::is_control))
        );
    }
}
