//! What there is to draw: words and roles, no positions, no colours.

mod activity;

use std::sync::Arc;
use std::time::Duration;

pub use self::activity::{ActivityLine, ActivityView, Bar, EventLine, Glyph, Plots, StripLine};
use super::columns::{By, Columns, OUTPUT};
use super::layout::ViewKind;
use crate::backlog::model::Column;
use crate::fleet::model::{AgentRow, PaneScreen, Readiness, RowKey, Shown, StripCell};

/// Part a piece of text plays; the theme gives it a style.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Plain text.
    Plain,
    /// Less important.
    Quiet,
    /// Hardly to be seen: an edge, what is empty.
    Faint,
    /// A key, and what is selected.
    Accent,
    /// Stands out.
    Strong,
    /// Needs the operator.
    Alarm,
    /// A warning.
    Warning,
    /// All is well.
    Good,
    /// A line that is new.
    Added,
    /// A line that is gone.
    Removed,
    /// What was searched.
    Found,
    /// A readiness.
    State(Readiness),
    /// A column of the board.
    Lane(Column),
    /// The marked entry of a popup's list: its line stands on the ground of what is selected.
    Marked,
    /// The cursor of a line that is being edited.
    Cursor,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The text, clean.
    pub text: String,
    /// Its role.
    pub role: Role,
    /// How it is fitted into its line.
    pub fit: Fit,
}

/// How a piece is fitted into its line. How wide that is, and where it is cut, is decided where it is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// As wide as its text. In a popup the last piece of a line is broken into several lines.
    Text,
    /// In the column of names, of facts and of fields.
    Name,
    /// In the column of an explanation's labels.
    Label,
    /// In the column of keys in the help.
    Keys,
    /// In the column of titles in the help.
    Title,
    /// In the palette's column of commands.
    Command,
    /// In the palette's column of keys.
    Key,
    /// On one line, from its beginning, in what is left of the line's width.
    Rest,
    /// Not at all where not all of it has room: a part of it would say something else.
    Whole,
    /// Typed text before the cursor: its end is to be seen.
    BeforeCursor,
    /// Typed text from the cursor on, or in a line without it: its beginning is to be seen.
    Typed,
}

impl Piece {
    /// Creates a piece with a role.
    pub fn new(text: impl Into<String>, role: Role) -> Self {
        Self { text: text.into(), role, fit: Fit::Text }
    }

    /// The same piece, fitted in another way.
    #[must_use]
    pub fn fitted(self, fit: Fit) -> Self {
        Self { fit, ..self }
    }
}

/// Which part of something is on the screen: its edge shows that, where all of it has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// The first of them.
    pub first: usize,
    /// How many there is room for.
    pub room: usize,
    /// How many there are.
    pub all: usize,
}

/// A whole frame.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// What decides how the screen is divided: as it was decided for the state, so that keys and cells go by the same.
    pub kind: ViewKind,
    /// The first line.
    pub header: Header,
    /// What fills the screen.
    pub body: Body,
    /// The views with their keys, and which of them is on the screen.
    pub tabs: Vec<Tab>,
    /// Keys that matter here, with their meaning.
    pub footer: Vec<(String, String)>,
    /// A message in place of the footer's hints.
    pub message: Option<Piece>,
    /// A popup.
    pub overlay: Option<Popup>,
}

/// A view in the footer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: &'static str,
    /// Whether it is on the screen.
    pub current: bool,
}

/// The first line of a frame.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Header {
    /// Who needs the operator, what is wrong, and how many are in each state: most important first.
    pub counts: Vec<Piece>,
    /// The same in fewer and fewer columns, for where that does not fit.
    pub shorter: Vec<Vec<Piece>>,
    /// Which fleet this is.
    pub place: Vec<Piece>,
    /// The clock.
    pub clock: String,
}

/// The main part of a frame.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// List, facts and pane.
    Fleet(Box<FleetView>),
    /// Tiles.
    Wall(WallView),
    /// One pane.
    Watch(PaneCut),
    /// The backlog in columns.
    Board(BoardView),
    /// One card.
    Card(CardView),
    /// What happened.
    Activity(Box<ActivityView>),
    /// What differs in a work tree.
    Diff(Box<DiffView>),
    /// The chart of seats.
    Org(Box<OrgView>),
}

/// The Org view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgView {
    /// Lines of the chart on the screen.
    pub rows: Vec<OrgRow>,
    /// Lines that the whole chart takes.
    pub lines: usize,
    /// Which of them are on the screen.
    pub reach: Reach,
    /// How many seats are staffed.
    pub facts: Vec<Piece>,
    /// The filter line, and whether it is being edited.
    pub filter: Option<(String, bool)>,
    /// Lines that stand instead of seats when there are none.
    pub empty: Vec<String>,
    /// Whose persona stands beside it.
    pub title: Vec<Piece>,
    /// Its state.
    pub told: Vec<Piece>,
    /// Where in the persona the screen is.
    pub foot: Vec<Piece>,
    /// Lines of it on the screen.
    pub text: Vec<Vec<Piece>>,
}

/// A line of the chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgRow {
    /// Names the agent that sits there.
    pub key: Option<RowKey>,
    /// The branches in front of it.
    pub branch: String,
    /// Who sits there.
    pub name: Piece,
    /// The state of the agent that sits there.
    pub state: Option<Shown>,
    /// Whether that changed since it was looked at.
    pub unread: bool,
    /// Its class.
    pub class: String,
    /// Its runtime.
    pub runtime: String,
    /// What it does, or why nobody does.
    pub note: Piece,
    /// Whether it is selected.
    pub selected: bool,
}

impl Default for OrgRow {
    fn default() -> Self {
        Self {
            key: None,
            branch: String::new(),
            name: Piece::new("", Role::Plain),
            state: None,
            unread: false,
            class: String::new(),
            runtime: String::new(),
            note: Piece::new("", Role::Plain),
            selected: false,
        }
    }
}

/// A diff.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DiffView {
    /// Whose it is.
    pub title: Vec<Piece>,
    /// How much differs.
    pub facts: Vec<Piece>,
    /// Where in it the screen is.
    pub foot: Vec<Piece>,
    /// Lines on the screen.
    pub lines: Vec<Vec<Piece>>,
    /// Files for which the list beside the lines has room.
    pub files: Vec<FileLine>,
    /// What is missing there.
    pub files_foot: Vec<Piece>,
    /// Which of them these are.
    pub reach: Reach,
    /// What is searched, and whether it is being typed.
    pub filter: Option<(String, bool)>,
    /// Lines that stand instead when there are none.
    pub empty: Vec<String>,
}

/// A file in the list beside a diff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLine {
    /// The line of the diff at which it begins.
    pub row: usize,
    /// Whether any of it is on the screen.
    pub shown: bool,
    /// Its name.
    pub name: String,
    /// How much of it differs.
    pub facts: Vec<Piece>,
}

/// The Wall view.
#[derive(Debug, Clone, PartialEq)]
pub struct WallView {
    /// Tiles on the screen.
    pub tiles: Vec<TileView>,
    /// Folded tiles whose lines are on the screen.
    pub folded: Vec<TileLine>,
    /// What is said of them in the rule above.
    pub fold: [Vec<Piece>; 2],
    /// What is said of all of them.
    pub title: Vec<Piece>,
    /// Which of them are on the screen.
    pub facts: Vec<Piece>,
    /// The filter line, and whether it is being edited.
    pub filter: Option<(String, bool)>,
    /// Lines that stand instead of tiles when there are none.
    pub empty: Vec<String>,
}

/// A tile that is folded: its title alone.
#[derive(Debug, Clone, PartialEq)]
pub struct TileLine {
    /// The agent, or the session outside of the roster.
    pub agent: Arc<AgentRow>,
    /// Whether its state changed since it was looked at.
    pub unread: bool,
    /// Whether it is marked.
    pub marked: bool,
    /// Whether nothing is told of it for a while.
    pub snoozed: bool,
    /// Whether it is selected.
    pub selected: bool,
    /// What stands beside its name.
    pub what: Piece,
}

/// One tile.
#[derive(Debug, Clone, PartialEq)]
pub struct TileView {
    /// The agent, or the session outside of the roster.
    pub agent: Arc<AgentRow>,
    /// Whether its state changed since it was looked at.
    pub unread: bool,
    /// Whether it is marked.
    pub marked: bool,
    /// Whether nothing is told of it for a while.
    pub snoozed: bool,
    /// Whether it is selected.
    pub selected: bool,
    /// Whether it needs the operator.
    pub needs: bool,
    /// What stands beside its name.
    pub what: Piece,
    /// The whole of that, row by row, where it needs the operator: it stands over the pane's empty rows where the edge has no
    /// room for it.
    pub asks: Vec<String>,
    /// Its pane.
    pub cut: PaneCut,
}

/// The Board view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoardView {
    /// The columns, from the left.
    pub columns: Vec<ColumnView>,
    /// The selected one.
    pub selected: usize,
    /// Cards in each column.
    pub counts: [u64; 5],
    /// The filter line, and whether it is being edited.
    pub filter: Option<(String, bool)>,
    /// Lines that stand instead of cards when there are none.
    pub empty: Vec<String>,
    /// Keys that act on the selected card, with their meaning.
    pub keys: Vec<(String, String)>,
    /// The selected card below the columns.
    pub detail: Vec<Vec<Piece>>,
    /// What stands beside it where there is room: the graph around it, and its history.
    pub beside: Vec<Vec<Piece>>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnView {
    /// Its name and its count.
    pub title: [Piece; 2],
    /// What else is said of it where there is room, most important first.
    pub notes: Vec<Piece>,
    /// Cards on the screen.
    pub cards: Vec<CardCell>,
    /// Which of all its cards they are.
    pub reach: Reach,
}

/// One card in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardCell {
    /// Whether it is selected.
    pub selected: bool,
    /// Whether it is marked.
    pub marked: bool,
    /// Lines that it takes.
    pub lines: u16,
    /// What is shown of it; `None` while it is read.
    pub card: Option<CardWords>,
}

/// A card in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardWords {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The column that it is in.
    pub column: Column,
    /// What matters of it in this column.
    pub info: Vec<Piece>,
    /// Whether that matters more than the title.
    pub urgent: bool,
}

/// One card, full screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardView {
    /// Line above it.
    pub title: Vec<Piece>,
    /// Its lines, as wide as the screen.
    pub lines: Vec<Vec<Piece>>,
    /// First line shown.
    pub scroll: u16,
}

/// The Fleet view.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetView {
    /// Rows on the screen.
    pub rows: Vec<ListRow>,
    /// How their widths are divided.
    pub columns: Columns,
    /// Which of these they stand in the order of.
    pub by: By,
    /// Lines that the whole list takes.
    pub lines: usize,
    /// Which of them are on the screen.
    pub reach: Reach,
    /// How many agents there are.
    pub count: Vec<Piece>,
    /// Which of them is selected, such as `3/14`.
    pub position: Vec<Piece>,
    /// Keys that act on the selected one, with their meaning.
    pub keys: Vec<(String, String)>,
    /// Its lines, the newest last, where a list leaves the room.
    pub recent: Vec<ActivityLine>,
    /// The filter line, and whether it is being edited.
    pub filter: Option<(String, bool)>,
    /// Lines that stand instead of rows when there are none.
    pub empty: Vec<String>,
    /// Facts of the selected agent.
    pub facts: Option<Facts>,
    /// Its pane.
    pub pane: PaneCut,
}

/// One row of the list.
#[derive(Debug, Clone, PartialEq)]
pub struct ListRow {
    /// The agent, or the session outside of the roster.
    pub agent: Arc<AgentRow>,
    /// Whether its state changed since it was looked at.
    pub unread: bool,
    /// Whether it is selected.
    pub selected: bool,
    /// Whether it is marked.
    pub marked: bool,
    /// Whether nothing is told of it for a while.
    pub snoozed: bool,
    /// Lines that it takes: more than one where its reason stands below it.
    pub lines: u16,
    /// Why it is what it is, where something warns: that first.
    pub warning: Option<String>,
    /// Rows that its pane printed in each half minute of the last ones, the newest last.
    pub output: [u64; OUTPUT],
    /// What it was in the last hour, the newest cell last; empty before anything is known.
    pub strip: Vec<StripCell>,
}

impl ListRow {
    /// Why it is what it is.
    #[must_use]
    pub fn why(&self) -> &str {
        self.warning.as_deref().unwrap_or(self.agent.reason.as_str())
    }
}

/// Facts of one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Name and what it is.
    pub title: Vec<Piece>,
    /// Its state.
    pub state: Vec<Piece>,
    /// Label, text and age of each plane's word.
    pub lines: Vec<FactLine>,
    /// The first of them that is shown.
    pub scroll: usize,
    /// Whether they have all of the panel's room that they need.
    pub open: bool,
    /// Which of them are shown, where not all are.
    pub foot: Vec<Piece>,
}

/// How old a fact is, or how long it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// It was read so long ago.
    Ago(Duration),
    /// The heartbeat was written so long ago.
    Beat(Duration),
    /// It lasts for so long.
    Left(Duration),
    /// It ended so long ago.
    Expired(Duration),
}

/// One plane's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactLine {
    /// Which plane.
    pub label: String,
    /// What it says.
    pub text: String,
    /// How old that is, or how long it lasts.
    pub age: Option<Age>,
    /// Role of the text.
    pub role: Role,
}

/// A pane, cut to the room there is.
#[derive(Debug, Clone, PartialEq)]
pub struct PaneCut {
    /// Line above it, from the left.
    pub title: Vec<Piece>,
    /// The same line, at its right.
    pub facts: Vec<Piece>,
    /// Its cells.
    pub screen: Option<Arc<PaneScreen>>,
    /// Column and row of the cut-out's corner.
    pub origin: (u16, u16),
    /// A note instead of the cells, or over them.
    pub note: Option<Piece>,
}

/// A popup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Popup {
    /// Its title.
    pub title: String,
    /// Its lines.
    pub lines: Vec<Vec<Piece>>,
    /// First line shown.
    pub scroll: u16,
    /// The line that is always to be seen: the marked one, or the cursor's.
    pub marked: Option<usize>,
    /// Columns and lines that it takes at least: one whose text changes with each key stands still.
    pub least: (u16, u16),
    /// Buttons, and which is marked.
    pub buttons: Option<(Vec<String>, usize)>,
    /// Keys that act in it, with their meaning, in its lower edge; what has no key is only said.
    pub hint: Vec<(String, String)>,
}
