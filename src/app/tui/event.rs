//! What happens to the dashboard: facts, never commands.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::memory::Memory;
use super::settings::Settings;
use crate::app::action::Motion;
use crate::app::action::dispatch::Sent;
use crate::app::action::report::Report;
use crate::app::tui::state::form::FieldName;
use crate::app::tui::state::lost::Lost;
use crate::app::tui::state::sheet::{LaunchSettings, Offer};
use crate::backlog::model::{Board, Card, CardId, Goals};
use crate::backlog::operations::Detail;
use crate::fleet::activity::{Known, Page};
use crate::fleet::git::Diff;
use crate::fleet::model::{FleetSnapshot, Label, PaneKey, PaneScreen, Size};
use crate::fleet::pane::Seen;
use crate::fleet::roster::Problem;
use crate::ui::draw::Drawn;
use crate::ui::hit::Target;

/// What is known before the first frame.
#[derive(Debug, Clone)]
pub struct Begin {
    /// The operator's time zone.
    pub zone: TimeZone,
    /// Whether a demo runs below.
    pub demo: bool,
    /// Whether nothing is changed from here.
    pub read_only: bool,
    /// What stands in front of a shown command so that another shell means the same fleet.
    pub prefix: String,
    /// What the operator set.
    pub settings: Arc<Settings>,
    /// The file of it.
    pub settings_file: String,
    /// How it was left the last time.
    pub memory: Option<Memory>,
}

/// One fact.
#[derive(Debug, Clone)]
pub enum Event {
    /// The dashboard begins.
    Begin(Box<Begin>),
    /// A key was pressed.
    Key(KeyEvent),
    /// Something that was seen was clicked.
    Click(Target),
    /// The wheel was turned, up or down.
    Wheel(Motion),
    /// Text was pasted.
    Paste(String),
    /// A paste began, and its rest does not come.
    PasteStalled,
    /// The terminal has this size now.
    Resize(Size),
    /// The state is on the screen, so far as there was room.
    Drawn(Drawn),
    /// The observer published.
    Snapshot(Arc<FleetSnapshot>),
    /// The pane in view looks like this now.
    Pane(PaneKey, Arc<PaneScreen>),
    /// The pane in view cannot be shown; why.
    PaneLost(PaneKey, String),
    /// The panes of a server were looked at.
    Seen(Seen),
    /// The scrollback that was asked for.
    History(PaneKey, Result<Arc<PaneScreen>, String>),
    /// A request that is performed says how far it is.
    Progress {
        /// Which.
        sent: Sent,
        /// What it is doing.
        text: String,
    },
    /// A request was answered.
    Done {
        /// Which.
        sent: Sent,
        /// The answer.
        report: Report,
    },
    /// What became of something that this process itself was asked to do.
    Told {
        /// What.
        text: String,
        /// Whether it failed.
        failed: bool,
    },
    /// The operator is back from an agent's pane.
    Returned {
        /// The command line of the takeover.
        command: String,
        /// How it ended.
        report: Report,
    },
    /// Time passed.
    Tick(Timestamp),
    /// The backlog was read, at this time.
    Board(Arc<Board>, Timestamp),
    /// The goals were read.
    Goals(Arc<Goals>),
    /// A card was read in full, or cannot be.
    Card(CardId, Result<Arc<Detail>, String>),
    /// A page of the history was read.
    Events(Arc<Page>),
    /// What is known of the last day was read.
    Known(Arc<Known>),
    /// The history cannot be kept or read.
    ActivityLost(Lost),
    /// The backlog cannot be read.
    BacklogLost(Lost),
    /// The operator's editor ended with this text, or failed.
    Edited {
        /// The card, as it was when the editor was opened.
        card: Box<Card>,
        /// What it says.
        text: Result<Vec<(FieldName, String)>, String>,
    },
    /// What a first fleet can be made of; `None` where there is a roster.
    Offer(Option<Box<Offer>>),
    /// How an agent is launched, or why that cannot be told.
    Launch(String, Result<Box<LaunchSettings>, String>),
    /// A persona was read, or cannot be.
    Persona(String, Result<String, String>),
    /// What differs in an agent's work tree was read, or cannot be: the answer to the question of this number.
    Diff(u64, Result<Arc<Diff>, String>),
    /// The framework in the home is of this other version.
    OtherVersion(String),
    /// The settings were read anew, or why they cannot be: each thing that is wrong, with its place.
    Settings(Result<Arc<Settings>, Vec<Problem>>),
    /// An agent's name was given on the command line.
    WatchAgent(Label),
}
