//! What there is to draw of what happened.

use super::{Piece, Role};
use crate::fleet::model::{Shown, StripCell};
use crate::ui::activity::Pages;

/// The Activity view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityView {
    /// Which part has the screen where there is no room for both.
    pub pages: Pages,
    /// Its name.
    pub title: Vec<Piece>,
    /// Whether it follows, and what has come meanwhile.
    pub facts: Vec<Piece>,
    /// How much happened over the span, the newest bar last.
    pub day: Vec<Bar>,
    /// What is said of that.
    pub day_title: Vec<Piece>,
    /// When its first bar begins; empty before anything is known.
    pub day_began: String,
    /// Lines on the screen, the newest last.
    pub lines: Vec<ActivityLine>,
    /// The filter line, and whether it is being edited.
    pub filter: Option<(String, bool)>,
    /// Lines that stand instead of events when there are none.
    pub empty: Vec<String>,
    /// Figures, where there is room.
    pub plots: Option<Plots>,
}

/// A bar of a plot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bar {
    /// How high it is, in sixteenths.
    pub height: u8,
    /// Whether something in it needed somebody.
    pub urgent: bool,
}

/// A line of the Activity view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActivityLine {
    /// An event.
    Event(EventLine),
    /// What stands between old and new.
    Band(String),
}

/// One event on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    /// Whether it is selected.
    pub selected: bool,
    /// When.
    pub time: String,
    /// Who changed, or did it.
    pub who: String,
    /// The mark of its kind, or of the state.
    pub glyph: Glyph,
    /// Its role.
    pub role: Role,
    /// The word of its kind.
    pub kind: &'static str,
    /// What was done or changed.
    pub what: String,
    /// What became of it.
    pub outcome: Piece,
}

/// A mark in front of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyph {
    /// A readiness.
    State(Shown),
    /// A delivery.
    Delivery,
    /// A card.
    Card,
    /// Something that was asked for.
    Action,
    /// A process that began.
    Start,
    /// A process that ended.
    End,
}

/// Figures over a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plots {
    /// How long ago it began.
    pub began: String,
    /// What it is, and what a cell of it is.
    pub scale: String,
    /// Cards that were done in each cell.
    pub done: Vec<Bar>,
    /// What is said of them.
    pub done_title: Vec<Piece>,
    /// How long cards were in claim, in each cell.
    pub claims: Vec<Bar>,
    /// What is said of that.
    pub claims_title: Vec<Piece>,
    /// What each agent was.
    pub agents: Vec<StripLine>,
}

/// The states of one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StripLine {
    /// Its name.
    pub name: String,
    /// Its states, the newest last.
    pub cells: Vec<StripCell>,
}
