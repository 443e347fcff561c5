//! Pure values of the fleet: names, planes, rows, snapshots. No I/O, no clocks.
//!
//! Every record that leaves the program is one of these types, serialised as it stands here: field
//! names are a public interface.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

pub use super::label::Label;

/// Name of a roster agent: `^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct AgentName(String);

impl AgentName {
    /// Accepts a valid name, or says what is wrong with it.
    ///
    /// # Errors
    /// A fragment that names the broken rule.
    pub fn parse(raw: &str) -> Result<Self, String> {
        let mut chars = raw.chars();
        match chars.next() {
            None => return Err("is empty; a name has 1 to 64 characters".to_owned()),
            Some(first) if !first.is_ascii_alphanumeric() => {
                return Err("must begin with a letter or digit".to_owned());
            }
            Some(_) => {}
        }
        if let Some(bad) = chars.find(|c| !(c.is_ascii_alphanumeric() || "_.-".contains(*c))) {
            return Err(format!("holds {bad:?}; only letters, digits, `_`, `.` and `-` may stand in a name"));
        }
        if raw.len() > 64 {
            return Err(format!("has {} characters; at most 64 are allowed", raw.len()));
        }
        Ok(Self(raw.to_owned()))
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The agent's tmux session: tmux itself turns `.` and `:` in a session name into `_`.
    #[must_use]
    pub fn session(&self) -> SessionName {
        SessionName(self.0.replace(['.', ':'], "_"))
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Exact name of a tmux session, as tmux stores it. May hold anything a user typed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionName(pub String);

impl SessionName {
    /// The name made safe to show.
    #[must_use]
    pub fn label(&self) -> Label {
        Label::new(&self.0)
    }
}

/// Id of a tmux pane, unique for the life of a server; shown as `%N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaneId(pub u32);

impl PaneId {
    /// Reads `%N`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.strip_prefix('%')?.parse().ok().map(Self)
    }
}

impl fmt::Display for PaneId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "%{}", self.0)
    }
}

impl Serialize for PaneId {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// Size in character cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Size {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// A tmux server's socket name; `None` means tmux's default socket, with no `-L` at all.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct SocketName(pub Option<String>);

impl Serialize for SocketName {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(s)
    }
}

impl fmt::Display for SocketName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.as_deref().unwrap_or("default"))
    }
}

/// What a heartbeat says of its agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// The session keeper: the pane's process lives.
    Keeper,
    /// The runtime itself, through a report.
    Runtime,
}

/// Whether the agent answered a heartbeat in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
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
}

/// Whether the agent will come back after a reboot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
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

/// The systemd plane of one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitFacts {
    /// `LoadState`.
    pub load: String,
    /// `ActiveState`.
    pub active: String,
    /// `SubState`.
    pub sub: String,
    /// `UnitFileState`, empty where there is no unit file.
    pub unit_file_state: String,
    /// `MainPID`, the keeper; 0 when none runs.
    pub main_pid: u32,
    /// `NRestarts`.
    pub n_restarts: u32,
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
    /// Name of the foreground process, what tmux calls `pane_current_command`.
    pub command: Label,
    /// Columns of the pane.
    pub width: u16,
    /// Rows of the pane.
    pub height: u16,
    /// Title that the program set.
    pub title: Label,
}

/// The process plane of one agent.
#[derive(Debug, Clone, PartialEq, Serialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize)]
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
        }
    }
}

/// The backlog card that an agent holds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClaimFacts {
    /// Card id.
    pub card: String,
    /// Seconds until the claim expires; negative when it has.
    pub expires_in: f64,
}

/// Where a pane can be observed: ids and the geometry of its window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneTarget {
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
    /// Whether a client of the session sees the pane; otherwise only captures show it.
    pub visible: bool,
}

/// One agent or unmanaged session, all planes joined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgentRow {
    /// Agent name, or the session's name when the roster does not know it.
    pub name: Label,
    /// Display name from the roster.
    pub alias: Option<Label>,
    /// tmux session name.
    pub session: Label,
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
    /// Heartbeat plane.
    pub heartbeat: Option<HeartbeatFacts>,
    /// Whether it answered in time.
    pub health: Health,
    /// What to expect of it.
    pub readiness: Readiness,
    /// Why, in a few words.
    pub reason: Label,
    /// Whether the pane runs another runtime than the roster says.
    pub drift: bool,
    /// Whether it survives a reboot.
    pub boot_enable: BootEnable,
    /// Short machine-readable remarks: `drift`, `boot`, `copy_mode`, `extra_panes`, `no_keeper`, ...
    pub flags: Vec<&'static str>,
    /// What each plane said.
    pub evidence: Vec<Evidence>,
    /// The card it holds.
    pub claim: Option<ClaimFacts>,
    /// When the planes were joined (RFC 3339).
    pub observed_at: String,
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
    /// Whether the operator has to look at it.
    #[must_use]
    pub fn needs_operator(&self) -> bool {
        self.attention() <= Attention::Unknown
    }

    /// Its place in the attention order.
    #[must_use]
    pub fn attention(&self) -> Attention {
        if !self.managed {
            // A session outside the roster is shown, but nobody promised that it works.
            return Attention::Unmanaged;
        }
        match self.readiness {
            Readiness::Stuck => Attention::Stuck,
            Readiness::Dead => Attention::Dead,
            Readiness::Stale => Attention::Stale,
            _ if self.drift || matches!(self.boot_enable, BootEnable::NotEnabled | BootEnable::LingerOff) => {
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
    /// Not in the roster.
    Unmanaged,
}

/// How the facts reach the observer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TmuxFeed {
    /// Changes arrive over a control-mode client.
    Events,
    /// A slow poll, because the control client failed.
    Poll,
    /// One look and no more.
    Once,
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
    pub supervisor: &'static str,
    /// When it was joined (RFC 3339).
    pub observed_at: String,
    /// All rows in attention order.
    pub agents: Vec<Arc<AgentRow>>,
    /// State of the planes.
    pub planes: Vec<PlaneState>,
    /// Warnings about the fleet as a whole: the floor, an invalid roster still in use.
    pub warnings: Vec<Label>,
    /// How tmux is read.
    pub tmux_feed: TmuxFeed,
}

impl FleetSnapshot {
    /// Number of managed rows with this readiness.
    #[must_use]
    pub fn count(&self, readiness: Readiness) -> usize {
        self.agents.iter().filter(|row| row.managed && row.readiness == readiness).count()
    }

    /// Rows that need the operator, most urgent first.
    pub fn needing(&self) -> impl Iterator<Item = &Arc<AgentRow>> {
        self.agents.iter().filter(|row| row.needs_operator())
    }
}

/// Colour of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CellColor {
    /// The terminal's own.
    #[default]
    Default,
    /// One of 256.
    Indexed(u8),
    /// True colour.
    Rgb(u8, u8, u8),
}

/// Attributes of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "terminal attributes are independent switches")]
pub struct CellStyle {
    /// Foreground.
    pub fg: CellColor,
    /// Background.
    pub bg: CellColor,
    /// Bold.
    pub bold: bool,
    /// Faint.
    pub dim: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined.
    pub underline: bool,
    /// Foreground and background exchanged.
    pub inverse: bool,
}

/// One cell of a pane; a wide character is followed by a cell with empty text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// The character with its combining marks; empty in a blank cell and behind a wide character.
    pub text: String,
    /// Whether this cell is the right half of a wide character.
    pub continuation: bool,
    /// How it is drawn.
    pub style: CellStyle,
}

/// The cells of one pane at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneScreen {
    /// Size of the pane.
    pub size: Size,
    /// Row by row, `width * height` cells.
    pub cells: Vec<Cell>,
    /// Column and row of the cursor while the program shows it.
    pub cursor: Option<(u16, u16)>,
}

impl PaneScreen {
    /// The cell at a column and row, if it is on the screen.
    #[must_use]
    pub fn cell(&self, column: u16, row: u16) -> Option<&Cell> {
        if column >= self.size.width {
            return None;
        }
        self.cells.get(usize::from(row) * usize::from(self.size.width) + usize::from(column))
    }

    /// One row as text, trailing blanks removed.
    #[must_use]
    pub fn row_text(&self, row: u16) -> String {
        let mut text = String::new();
        for column in 0..self.size.width {
            match self.cell(column, row) {
                Some(cell) if cell.continuation => {}
                Some(cell) if !cell.text.is_empty() => text.push_str(&cell.text),
                _ => text.push(' '),
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agent_names_follow_the_pattern() {
        for good in ["a", "code0", "A.b_c-d", &"x".repeat(64)] {
            assert!(AgentName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-x", ".x", "_x", "a b", "a:b", "é", "a\n", &"x".repeat(65)] {
            assert!(AgentName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn session_names_are_what_tmux_makes_of_them() {
        assert_eq!(AgentName::parse("a.b.c").map(|n| n.session().0), Ok("a_b_c".to_owned()));
    }

    #[test]
    fn pane_ids_round_trip() {
        assert_eq!(PaneId::parse("%17"), Some(PaneId(17)));
        assert_eq!(PaneId(17).to_string(), "%17");
        assert_eq!(PaneId::parse("17"), None);
    }
}
