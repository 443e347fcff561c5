//! Which view is on the screen, and which popup over it.

use super::answer::Answer;
use super::confirm::{Confirm, Reading};
use super::copy::Copy;
use super::escalations::Escalations;
use super::event::EventPopup;
use super::explain::Explain;
use super::form::Form;
use super::help::Help;
use super::menu::Menu;
use super::palette::Palette;
use super::prompt::Prompt;
use super::question::Question;
use super::running::RunningList;
use super::settings::SettingsList;
use super::sheet::Sheet;
use crate::app::action::dispatch::RequestId;
use crate::app::action::registry::Place;

/// Which view is on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Screen {
    /// The list with the selected agent beside it.
    #[default]
    Fleet,
    /// A tile of every agent.
    Wall,
    /// One pane, full screen.
    Watch,
    /// The backlog in columns.
    Board,
    /// One card, full screen.
    Card,
    /// The goals, over the board.
    Goals,
    /// What happened.
    Activity,
    /// What differs in an agent's work tree.
    Diff,
    /// The chart of seats.
    Org,
}

/// A popup over the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Overlay {
    /// Keys that work here.
    Help(Help),
    /// Why an agent's readiness is what it is.
    Explain(Explain),
    /// What waits for a person, with the ways out.
    Escalations(Escalations),
    /// An event, whole.
    Event(Box<EventPopup>),
    /// Asks before something is ended.
    Confirm(Confirm),
    /// A card being made or edited.
    Form(Box<Form>),
    /// A question with a line to type.
    Prompt(Prompt),
    /// What an agent asks.
    Question(Box<Question>),
    /// A few questions.
    Sheet(Box<Sheet>),
    /// A choice.
    Menu(Menu),
    /// A command line with what it could become.
    Palette(Palette),
    /// What can be copied.
    Copy(Copy),
    /// Every setting, with its value.
    Settings(SettingsList),
    /// The answer of an action that does not fit on one line.
    Answer(Answer),
    /// What runs in the background.
    Running(RunningList),
}

impl Screen {
    /// Its word in a condition, one of [`VIEWS`](crate::app::action::keymap::VIEWS).
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Fleet => "fleet",
            Self::Wall => "wall",
            Self::Watch => "watch",
            Self::Board => "board",
            Self::Card => "card",
            Self::Goals => "goals",
            Self::Activity => "activity",
            Self::Diff => "diff",
            Self::Org => "org",
        }
    }

    /// The place whose keys work in it.
    #[must_use]
    pub fn place(self) -> Place {
        match self {
            Self::Fleet => Place::Fleet,
            Self::Wall => Place::Wall,
            Self::Watch => Place::Watch,
            Self::Board | Self::Card => Place::Board,
            Self::Goals => Place::Goals,
            Self::Activity => Place::Activity,
            Self::Diff => Place::Diff,
            Self::Org => Place::Org,
        }
    }

    /// Whether keys act on agents in it, and not on cards.
    #[must_use]
    pub fn is_of_agents(self) -> bool {
        matches!(self.place(), Place::Fleet | Place::Wall | Place::Watch | Place::Org)
    }
}

impl Overlay {
    /// How much of it was on the screen, where it has to be read before it is answered.
    pub(in crate::app::tui) fn reading(&mut self) -> Option<&mut Reading> {
        match self {
            Self::Confirm(confirm) => Some(&mut confirm.reading),
            Self::Question(question) => Some(&mut question.reading),
            Self::Help(_)
            | Self::Explain(_)
            | Self::Escalations(_)
            | Self::Event(_)
            | Self::Form(_)
            | Self::Prompt(_)
            | Self::Sheet(_)
            | Self::Menu(_)
            | Self::Palette(_)
            | Self::Copy(_)
            | Self::Settings(_)
            | Self::Answer(_)
            | Self::Running(_) => None,
        }
    }

    /// The request that was typed here and sent, while its answer is on its way.
    #[must_use]
    pub fn sent(&self) -> Option<RequestId> {
        match self {
            Self::Form(form) => form.saving,
            Self::Prompt(prompt) => prompt.sending,
            Self::Sheet(sheet) => sheet.saving.as_ref().map(|(id, _)| *id),
            // Its answer is told in it and asked for again there, and nothing was typed.
            Self::Question(_) => None,
            Self::Help(_)
            | Self::Explain(_)
            | Self::Escalations(_)
            | Self::Event(_)
            | Self::Confirm(_)
            | Self::Menu(_)
            | Self::Palette(_)
            | Self::Copy(_)
            | Self::Settings(_)
            | Self::Answer(_)
            | Self::Running(_) => None,
        }
    }
}
