//! What each plane says of an agent, and what follows from it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Flag, Label, PaneId, ServerName, Size};

/// What a heartbeat says of its agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeartbeatStatus {
    /// Alive, nothing special.
    Ok,
    /// Working on a turn.
    Busy,
    /// Asked for input and waits.
    Waiting,
    /// Cannot go on without help.
    Blocked,
    /// The runtime reports an error.
    Error,
}

impl HeartbeatStatus {
    /// All statuses with their spelling in the heartbeat file.
    pub const ALL: [(&'static str, Self); 5] = [
        ("ok", Self::Ok),
        ("busy", Self::Busy),
        ("waiting", Self::Waiting),
        ("blocked", Self::Blocked),
        ("error", Self::Error),
    ];

    /// Reads the spelling used in files and on the command line.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(word, _)| *word == text).map(|(_, status)| *status)
    }

    /// The spelling used in files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Busy => "busy",
            Self::Waiting => "waiting",
            Self::Blocked => "blocked",
            Self::Error => "error",
        }
    }
}

/// Who vouches for a heartbeat's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// The session keeper: the pane's process lives.
    Keeper,
    /// The runtime itself, through a report.
    Runtime,
}

/// Whether the agent answered a heartbeat in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// Answered within three intervals.
    Healthy,
    /// The last heartbeat is older than three intervals.
    Stale,
    /// There is no readable heartbeat.
    Unknown,
}

/// What the operator may expect of an agent right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Readiness {
    /// It reported that it cannot go on alone.
    Stuck,
    /// No live process in its pane.
    Dead,
    /// Alive perhaps, but its heartbeat stopped.
    Stale,
    /// Nothing proves anything.
    Unknown,
    /// Alive and idle: work can be given to it.
    Available,
    /// Alive and at work.
    Working,
}

impl Readiness {
    /// Every value, in attention order.
    pub const ALL: [Self; 6] = [Self::Stuck, Self::Dead, Self::Stale, Self::Unknown, Self::Available, Self::Working];

    /// The word shown everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stuck => "stuck",
            Self::Dead => "dead",
            Self::Stale => "stale",
            Self::Unknown => "unknown",
            Self::Available => "available",
            Self::Working => "working",
        }
    }

    /// The one of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// Whether the agent will come back after a reboot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BootEnable {
    /// Enabled and lingering, or not running under systemd's care.
    Ok,
    /// The unit is active but not enabled.
    NotEnabled,
    /// Lingering is off: the user manager ends with the last login.
    LingerOff,
    /// There is no user manager to ask.
    Unknown,
}

/// The tmux plane of one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PaneFacts {
    /// The pane's id.
    pub id: PaneId,
    /// Its first process.
    pub pid: u32,
    /// Whether that process has ended (`remain-on-exit` keeps the pane).
    pub dead: bool,
    /// Exit status of a dead pane; tmux 3.3a often leaves it empty.
    pub exit_status: Option<i32>,
    /// Name of the signal that killed its process; tmux knows it from 3.3 on.
    pub exit_signal: Option<String>,
    /// Name of the foreground process, what tmux calls `pane_current_command`.
    pub command: Label,
    /// Columns of the pane.
    pub width: u16,
    /// Rows of the pane.
    pub height: u16,
    /// Title that the program set.
    pub title: Label,
    /// Whether a delivery has pasted a text there and not pressed Enter; for longer only where it was killed.
    #[serde(skip)]
    pub drafted: bool,
}

/// How an agent's last process ended, as its keeper wrote it down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExitFacts {
    /// When (RFC 3339).
    pub at: String,
    /// Exit status, where it is known.
    pub status: Option<i32>,
    /// Name of the signal that killed it.
    pub signal: Option<String>,
    /// How it ended, in a few words.
    pub words: Label,
    /// How many runs in a row ended at once.
    #[serde(rename = "quick_ends")]
    pub quick_exits: u32,
    /// The last lines on its screen.
    pub lines: Vec<Label>,
}

/// The process plane of one agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProcessFacts {
    /// Whether the pane's first process lives (a zombie does not).
    pub alive: bool,
    /// Its `argv[0]`.
    pub argv0: Label,
    /// Share of one core over the last look, of the whole process tree.
    pub cpu_percent: f64,
    /// Resident memory of the whole process tree, in bytes.
    pub rss_bytes: u64,
    /// Number of descendants.
    pub descendants: u32,
}

/// The heartbeat plane of one agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HeartbeatFacts {
    /// Seconds since it was written.
    pub age_seconds: f64,
    /// What it says.
    pub status: HeartbeatStatus,
    /// One line in the writer's words.
    pub detail: Option<Label>,
    /// Who vouches for the status.
    pub by: Authority,
}

/// What a runtime says that it used of its model in the present session.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct UsageFacts {
    /// The model that answers.
    pub model: Option<Label>,
    /// The runtime's own name of its session.
    pub session_id: Option<Label>,
    /// Tokens sent to the model; what it keeps in its cache is counted as well.
    pub input_tokens: Option<u64>,
    /// Tokens that it answered with.
    pub output_tokens: Option<u64>,
    /// Its price in dollars, by the runtime's own estimate.
    pub cost_usd: Option<f64>,
    /// How full the model's context is.
    pub context_used_percent: Option<f64>,
    /// Limits of the account.
    pub limits: Vec<LimitFacts>,
    /// When it was said (RFC 3339).
    pub observed_at: String,
}

/// A limit of the account that a runtime works with.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LimitFacts {
    /// The time that it is counted over, such as `5h`.
    pub window: Label,
    /// How much of it is used up.
    pub used_percent: f64,
    /// When it is counted anew (RFC 3339).
    pub resets_at: Option<String>,
}

impl UsageFacts {
    /// Whether it says anything that is counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.input_tokens.is_none()
            && self.output_tokens.is_none()
            && self.cost_usd.is_none()
            && self.context_used_percent.is_none()
            && self.limits.is_empty()
    }

    /// All tokens, in and out; `None` where neither is known.
    #[must_use]
    pub fn tokens(&self) -> Option<u64> {
        match (self.input_tokens, self.output_tokens) {
            (None, None) => None,
            (sent, answered) => Some(sent.unwrap_or(0).saturating_add(answered.unwrap_or(0))),
        }
    }

    /// Bounds its numbers, which another program wrote.
    #[must_use]
    pub fn cleaned(mut self) -> Self {
        let percent = |number: f64| if number.is_finite() { number.clamp(0.0, 100.0) } else { 0.0 };
        self.context_used_percent = self.context_used_percent.map(percent);
        self.cost_usd = self.cost_usd.filter(|cost| cost.is_finite() && (0.0..=MAX_COST).contains(cost));
        self.limits.truncate(MAX_LIMITS);
        for limit in &mut self.limits {
            limit.used_percent = percent(limit.used_percent);
            limit.resets_at.take_if(|at| at.parse::<jiff::Timestamp>().is_err());
        }
        self
    }
}

/// Most limits that are kept of one account.
const MAX_LIMITS: usize = 8;

/// More dollars than this are a mistake of whoever counted them.
const MAX_COST: f64 = 1e9;

/// One plane's word on an agent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// Which plane speaks.
    pub plane: Plane,
    /// Whether the plane could be read.
    pub ok: bool,
    /// The fact, or why there is none.
    pub text: Label,
    /// Age of the fact in seconds when it was joined.
    pub age_seconds: f64,
    /// The flag that it raises, where it is about one.
    #[serde(skip)]
    pub flag: Option<Flag>,
}

impl Evidence {
    /// A plane's fact, or why there is none.
    #[must_use]
    pub fn new(plane: Plane, ok: bool, text: &str, age_seconds: f64) -> Self {
        Self { plane, ok, text: Label::new(text), age_seconds, flag: None }
    }
}

/// A source of truth about an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Plane {
    /// The roster file.
    Roster,
    /// The tmux server.
    Tmux,
    /// `/proc`.
    Process,
    /// The heartbeat file.
    Heartbeat,
    /// The systemd user manager.
    Systemd,
    /// The screen of the runtime.
    Screen,
    /// The link to another host.
    Ssh,
    /// Git, of the folder that the agent works in.
    Tree,
}

impl Plane {
    /// The word shown everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Roster => "roster",
            Self::Tmux => "tmux",
            Self::Process => "process",
            Self::Heartbeat => "heartbeat",
            Self::Systemd => "systemd",
            Self::Screen => "screen",
            Self::Ssh => "ssh",
            Self::Tree => "tree",
        }
    }
}

/// The backlog card that an agent holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClaimFacts {
    /// Card id.
    pub card: String,
    /// Its title.
    pub title: Label,
    /// Seconds until the claim expires; negative when it has.
    pub expires_in: f64,
}

/// Where a pane can be observed: ids and the geometry of its window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneTarget {
    /// Its tmux server.
    pub server: ServerName,
    /// The pane itself.
    pub pane: PaneId,
    /// `$N` of its session.
    pub session_id: String,
    /// Size of the whole window.
    pub window: Size,
    /// Size of the pane in it.
    pub size: Size,
    /// Column of the pane's left edge in the window.
    pub left: u16,
    /// Row of the pane's top edge in the window.
    pub top: u16,
    /// Status rows that tmux draws for a client of the session.
    pub status_rows: u16,
    /// Whether those rows stand above the window.
    pub status_on_top: bool,
    /// Whether a client may be attached to look: it would see the pane, and could not resize it.
    /// Otherwise only captures show it.
    pub attachable: bool,
}

impl PaneTarget {
    /// Which pane it is, whatever its shape.
    #[must_use]
    pub fn key(&self) -> PaneKey {
        PaneKey { server: self.server.clone(), session_id: self.session_id.clone(), pane: self.pane }
    }
}

/// Names one pane among all servers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PaneKey {
    /// Its tmux server.
    pub server: ServerName,
    /// `$N` of its session: pane ids begin anew with each server.
    pub session_id: String,
    /// The pane.
    pub pane: PaneId,
}

/// Of so many looks, one each `every`, at a fleet in which nothing happens one is whole, as a safety net: what happens is told
/// by the kernel, by systemd, and by how much a tmux server's process has run.
#[must_use]
pub fn looks_at_rest(every: Duration) -> u32 {
    // Whoever asked for rare looks gets no rarer ones.
    if every < Duration::from_secs(5) { 5 } else { 1 }
}

/// Durations that decide health and readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thresholds {
    /// Time between two heartbeats.
    pub heartbeat_interval: Duration,
    /// Silence after which a healthy agent counts as available.
    pub idle: Duration,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { heartbeat_interval: Duration::from_secs(15), idle: Duration::from_secs(300) }
    }
}
