//! What the dashboard wants done outside itself: commands as data, which tests compare.

use std::sync::Arc;

use super::notices::Notice;
use super::settings::Settings;
use crate::app::action::dispatch::{Request, Sent};
use crate::backlog::model::Card;
use crate::backlog::watch;
use crate::fleet::activity::{Query, Span};
use crate::fleet::git::Against;
use crate::fleet::model::{PaneKey, PaneTarget};
use crate::fleet::pane::Tile;

/// What is asked of the history.
#[derive(Debug, Clone, PartialEq)]
pub enum ActivityAsk {
    /// Show this page from now on.
    Show(Box<Query>),
    /// Show none.
    Rest,
    /// Tell figures that go so far back.
    Span(Span),
    /// Keep that the operator has seen the events up to a time.
    Looked(i64),
}

/// One command.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Show this pane, or none.
    View(Option<PaneTarget>),
    /// Take pictures of these panes, again and again.
    Wall(Vec<Tile>),
    /// Fetch a pane's text with this many lines of scrollback.
    History {
        /// The pane.
        pane: PaneKey,
        /// Width of the pane.
        width: u16,
    },
    /// Perform a request.
    Run {
        /// By what its answer is known and shown.
        sent: Sent,
        /// The request.
        request: Request,
    },
    /// Read something of the backlog.
    Backlog(watch::Request),
    /// Ask something of the history.
    Activity(ActivityAsk),
    /// Open the operator's editor on a card.
    Editor(Box<Card>),
    /// Open the operator's editor on the persona of a class.
    EditPersona(String),
    /// Read what a first fleet can be made of.
    ReadOffer,
    /// Read how an agent is launched.
    ReadLaunch(String),
    /// Read a persona.
    ReadPersona(String),
    /// Read what an agent's work tree holds and another state does not.
    ReadDiff {
        /// The agent.
        name: String,
        /// That state.
        against: Against,
        /// The number that its answer bears.
        number: u64,
    },
    /// Tell the operator outside of the screen who began to need them.
    Notify(Vec<Notice>),
    /// Put a text where the operator can paste it.
    Copy {
        /// What it is.
        what: String,
        /// The text.
        text: String,
    },
    /// Live by these settings.
    Settings(Arc<Settings>),
    /// Hand the terminal to an agent's pane, until the operator leaves it.
    Attach(String),
    /// Draw everything again.
    Redraw,
    /// Hand the terminal back to the shell.
    Suspend,
    /// Leave.
    Quit,
}
