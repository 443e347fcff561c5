//! The joined row of one agent, and the snapshot of all.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use super::{
    BootEnable, ClaimFacts, Escalation, Evidence, ExitFacts, Flag, Health, HeartbeatFacts, Label, PaneFacts,
    PaneTarget, Pause, Plane, ProcessFacts, Readiness, RowKey, SessionName, Shown, SocketName, TreeFacts, UnitFacts,
    UsageFacts, Warning,
};

/// A moment as it is written in JSON (RFC 3339).
fn in_words<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(at)
}

/// One agent or unmanaged session, all planes joined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgentRow {
    /// Names the row on the screen.
    #[serde(skip)]
    pub key: RowKey,
    /// Agent name, or the session's name made safe to show when the roster does not know it.
    pub name: Label,
    /// Display name from the roster.
    pub alias: Option<Label>,
    /// tmux session, as tmux's own commands take it.
    pub session: SessionName,
    /// The session's name, made safe to show.
    pub session_label: Label,
    /// Whose fleet it belongs to.
    pub tenant_id: String,
    /// Where it runs.
    pub host: String,
    /// tmux socket; `null` is tmux's default socket.
    pub socket: SocketName,
    /// Role.
    pub class: Option<String>,
    /// Program that should run in the pane.
    pub runtime: Option<String>,
    /// Model asked for.
    pub model_hint: Option<Label>,
    /// Agent that it reports to.
    pub reports_to: Option<Label>,
    /// The persona that it keeps: that of its class, or another one.
    pub persona: Option<String>,
    /// Whether the roster names it.
    pub managed: bool,
    /// systemd plane; `null` with its reason in `evidence`.
    pub systemd: Option<UnitFacts>,
    /// tmux plane.
    pub pane: Option<PaneFacts>,
    /// Process plane.
    pub process: Option<ProcessFacts>,
    /// Seconds without output.
    pub idle_seconds: Option<u64>,
    /// Rows of text that its pane printed since the observer first looked at its screen.
    #[serde(skip)]
    pub printed: Option<u64>,
    /// Heartbeat plane.
    pub heartbeat: Option<HeartbeatFacts>,
    /// What its runtime says that it used.
    pub usage: Option<UsageFacts>,
    /// Whether it answered in time.
    pub health: Health,
    /// What to expect of it.
    pub readiness: Readiness,
    /// Why, in a few words.
    pub reason: Label,
    /// Whether these words say what helps.
    #[serde(skip)]
    pub advised: bool,
    /// The question that its screen asks, on one line.
    pub question: Option<Label>,
    /// Whether the pane runs another runtime than the roster says.
    pub drift: bool,
    /// Whether it survives a reboot.
    pub boot_enable: BootEnable,
    /// Short machine-readable remarks.
    pub flags: Vec<Flag>,
    /// What each plane said.
    pub evidence: Vec<Evidence>,
    /// The work tree of its folder; `null` outside of a repository, where it was not read, and on other hosts.
    pub tree: Option<TreeFacts>,
    /// The card it holds.
    pub claim: Option<ClaimFacts>,
    /// What its launch told the operator.
    pub notes: Vec<Label>,
    /// How its last process ended, when that is on record.
    pub last_exit: Option<ExitFacts>,
    /// When the planes were joined.
    #[serde(serialize_with = "in_words")]
    pub observed_at: Timestamp,
    /// Rule that decided the readiness.
    #[serde(skip)]
    pub rule: &'static str,
    /// What would change it.
    #[serde(skip)]
    pub would_change: &'static str,
    /// How to observe its pane.
    #[serde(skip)]
    pub target: Option<PaneTarget>,
}

impl AgentRow {
    /// Whether the flag is raised.
    #[must_use]
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// Its name as lists show it: with its host when that is another one.
    #[must_use]
    pub fn shown_name(&self) -> String {
        self.shown_name_parts().concat()
    }

    /// The parts of its name as lists show it.
    #[must_use]
    pub fn shown_name_parts(&self) -> [&str; 3] {
        let name = self.name.as_str();
        if self.has(Flag::Remote) { [name, "@", &self.host] } else { [name, "", ""] }
    }

    /// Whether the operator has to look at it.
    #[must_use]
    pub fn needs_operator(&self) -> bool {
        self.has(Flag::Escalated) || self.attention() <= Attention::Unknown
    }

    /// Compares two rows by the attention order, and by name. While work waits, an idle agent wants the operator more
    /// than a busy one.
    #[must_use]
    pub fn compare_attention(&self, other: &Self, work_waits: bool) -> Ordering {
        let place = |row: &Self| {
            let (attention, later) = match row.attention() {
                Attention::Available if work_waits => (Attention::Unknown, 1),
                attention => (attention, 0),
            };
            // What was escalated did not help itself any more.
            (!row.has(Flag::Escalated), attention, later)
        };
        place(self).cmp(&place(other)).then_with(|| self.name.cmp(&other.name))
    }

    /// What it wants of the operator.
    #[must_use]
    pub fn attention(&self) -> Attention {
        if !self.managed {
            // A session outside the roster is shown, but nobody promised that it works.
            return Attention::Unmanaged;
        }
        match self.readiness {
            Readiness::Stuck => Attention::Stuck,
            // Who was stopped on purpose is where the operator wants it.
            Readiness::Dead if self.has(Flag::Stopped) => Attention::Stopped,
            Readiness::Dead => Attention::Dead,
            Readiness::Stale => Attention::Stale,
            // Before the states of one that works: it does, and not as the roster says.
            _ if self.drift
                || self.has(Flag::Disagree)
                || matches!(self.boot_enable, BootEnable::NotEnabled | BootEnable::LingerOff) =>
            {
                Attention::Warning
            }
            Readiness::Unknown => Attention::Unknown,
            Readiness::Working => Attention::Working,
            Readiness::Available => Attention::Available,
        }
    }
}

/// Attention order: who needs the operator most comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Attention {
    /// Waits for a person.
    Stuck,
    /// No process.
    Dead,
    /// Heartbeat stopped.
    Stale,
    /// Drift, or it will not come back after a reboot.
    Warning,
    /// No proof of anything.
    Unknown,
    /// At work.
    Working,
    /// Idle.
    Available,
    /// Stopped on purpose.
    Stopped,
    /// Not in the roster.
    Unmanaged,
}

/// State of one plane for the whole fleet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaneState {
    /// Which plane.
    pub plane: Plane,
    /// Whether the last look succeeded.
    pub ok: bool,
    /// Why not, or how it is read.
    pub text: Label,
}

/// Which supervisor keeps the agents of a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FleetSupervisor {
    /// Units of the systemd user manager.
    Systemd,
    /// Detached keepers.
    Direct,
    /// Some the one, some the other.
    Mixed,
}

impl fmt::Display for FleetSupervisor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Systemd => "systemd",
            Self::Direct => "direct",
            Self::Mixed => "mixed",
        })
    }
}

/// One joined observation of the whole fleet; cheap to share, never changed after it is published.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FleetSnapshot {
    /// Tenant of the observer.
    pub tenant_id: String,
    /// Host of the observer.
    pub host: String,
    /// The fleet's socket.
    pub socket: SocketName,
    /// Which supervisor keeps the agents.
    pub supervisor: FleetSupervisor,
    /// When it was joined.
    #[serde(serialize_with = "in_words")]
    pub observed_at: Timestamp,
    /// All rows in attention order.
    pub agents: Vec<Arc<AgentRow>>,
    /// State of the planes.
    pub planes: Vec<PlaneState>,
    /// Warnings about the fleet as a whole: the floor, an invalid roster still in use.
    #[serde(serialize_with = "super::warning::as_labels")]
    pub warnings: Vec<Warning>,
    /// What holds up dispatch, merges and agents' claims.
    pub paused: Option<Pause>,
    /// What waits for a person, the oldest first.
    pub escalations: Vec<Escalation>,
    /// Whether somebody gives out cards.
    pub supervision: Supervision,
}

/// Whether a supervisor gives out a fleet's cards on this host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Supervision {
    /// Whether one belongs to the fleet.
    pub enabled: bool,
    /// The process of the one that runs.
    pub pid: Option<u32>,
}

impl FleetSnapshot {
    /// Number of managed rows that are shown as this.
    #[must_use]
    pub fn count(&self, shown: impl Into<Shown>) -> usize {
        let shown = shown.into();
        self.agents.iter().filter(|row| row.managed && row.shown() == shown).count()
    }

    /// The row that somebody means by a name: an agent's or a session's own one, or else the label under which only one
    /// row is shown.
    #[must_use]
    pub fn named(&self, given: &str) -> Option<&Arc<AgentRow>> {
        let own = |row: &AgentRow| if row.managed { row.name.as_str() == given } else { row.session.0 == given };
        let mut shown = self.agents.iter().filter(|row| row.name.as_str() == given);
        // A label that two rows share names neither: an action would reach the wrong one.
        let one = || shown.next().filter(|_| shown.next().is_none());
        self.agents.iter().find(|row| own(row)).or_else(one)
    }

    /// Escalations that nobody looks after yet, the oldest first.
    pub fn unattended(&self) -> impl Iterator<Item = &Escalation> {
        self.escalations.iter().filter(|one| one.is_open())
    }

    /// Whether somebody has to come: an agent needs the operator, or something cannot go on by itself.
    #[must_use]
    pub fn needs_somebody(&self) -> bool {
        self.needing().next().is_some() || self.unattended().next().is_some()
    }

    /// Rows that need the operator, most urgent first.
    pub fn needing(&self) -> impl Iterator<Item = &Arc<AgentRow>> {
        self.agents.iter().filter(|row| row.needs_operator())
    }
}
