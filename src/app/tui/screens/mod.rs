//! The screens: each view and each popup is one module here, with its state, its keys and its steps, and one of the
//! same name in `present`, which says what there is to draw of it. Who is asked is one match for views and one for
//! popups, below; nothing else lists them all.

pub mod activity;
pub mod answer;
pub mod board;
pub mod card;
pub mod confirm;
pub mod copy;
pub mod diff;
pub mod escalations;
pub mod event;
pub mod explain;
pub mod fleet;
pub mod form;
pub mod goals;
pub mod help;
pub mod menu;
pub mod org;
pub mod palette;
pub mod prompt;
pub mod question;
pub mod settings;
pub mod sheet;
pub mod wall;
pub mod watch;

use crossterm::event::{KeyCode, KeyEvent};

use self::answer::Answer;
use self::confirm::{Confirm, Reading};
use self::copy::Copy;
use self::escalations::Escalations;
use self::event::EventPopup;
use self::explain::Explain;
use self::form::Form;
use self::help::Help;
use self::menu::Menu;
use self::palette::Palette;
use self::prompt::Prompt;
use self::question::Question;
use self::settings::SettingsList;
use self::sheet::Sheet;
use super::effect::Effect;
use super::state::{State, TextInput};
use crate::app::action::Motion;
use crate::app::action::dispatch::RequestId;
use crate::app::action::registry::Place;
use crate::ui::layout::{Plan, ViewKind};
use crate::ui::view::{Body, Popup};

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
}

impl Screen {
    /// The one match of views: what this one is made of.
    pub(in crate::app::tui) fn parts(self) -> &'static ViewParts {
        match self {
            Self::Fleet => &fleet::PARTS,
            Self::Wall => &wall::PARTS,
            Self::Watch => &watch::PARTS,
            Self::Board => &board::PARTS,
            Self::Card => &card::PARTS,
            Self::Goals => &goals::PARTS,
            Self::Activity => &activity::PARTS,
            Self::Diff => &diff::PARTS,
            Self::Org => &org::PARTS,
        }
    }

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
        self.parts().place
    }

    /// Whether keys act on agents in it, and not on cards.
    #[must_use]
    pub fn is_of_agents(self) -> bool {
        matches!(self.place(), Place::Fleet | Place::Wall | Place::Watch | Place::Org)
    }
}

impl Overlay {
    /// The one match of popups: what this one is made of.
    pub(in crate::app::tui) fn parts(&self) -> &'static PopupParts {
        match self {
            Self::Help(_) => &help::PARTS,
            Self::Explain(_) => &explain::PARTS,
            Self::Escalations(_) => &escalations::PARTS,
            Self::Event(_) => &event::PARTS,
            Self::Confirm(_) => &confirm::PARTS,
            Self::Form(_) => &form::PARTS,
            Self::Prompt(_) => &prompt::PARTS,
            Self::Question(_) => &question::PARTS,
            Self::Sheet(_) => &sheet::PARTS,
            Self::Menu(_) => &menu::PARTS,
            Self::Palette(_) => &palette::PARTS,
            Self::Copy(_) => &copy::PARTS,
            Self::Settings(_) => &settings::PARTS,
            Self::Answer(_) => &answer::PARTS,
        }
    }

    /// What is marked in it: what Enter would take.
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        match self {
            Self::Menu(menu) => Some(Mark(menu.title.clone(), menu.at)),
            Self::Copy(copy) => Some(Mark("copy".to_owned(), copy.at)),
            Self::Escalations(list) => Some(Mark(list.marked.clone(), list.at)),
            Self::Palette(palette) => Some(Mark(palette.line.text.clone(), palette.at)),
            _ => None,
        }
    }

    /// How much of it was on the screen, where it has to be read before it is answered.
    pub(in crate::app::tui) fn reading(&mut self) -> Option<&mut Reading> {
        match self {
            Self::Confirm(confirm) => Some(&mut confirm.reading),
            Self::Question(question) => Some(&mut question.reading),
            _ => None,
        }
    }

    /// The request that was typed here and sent, while its answer is on its way.
    #[must_use]
    pub fn sent(&self) -> Option<RequestId> {
        match self {
            Self::Form(form) => form.saving,
            Self::Prompt(prompt) => prompt.sending,
            Self::Sheet(sheet) => sheet.saving.as_ref().map(|(id, _)| *id),
            _ => None,
        }
    }
}

/// An entry of a list that Enter takes: what decides the list, and its place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(String, usize);

/// What a view is made of.
pub(in crate::app::tui) struct ViewParts {
    /// The place whose keys work in it.
    pub place: Place,
    /// Above its keys in the help.
    pub help: &'static str,
    /// The line that narrows what it shows, where it has one.
    pub filter: Option<FilterParts>,
    /// Moves its cursor.
    pub motion: fn(&mut State, Motion, &mut Vec<Effect>),
    /// Takes its topmost layer away; `false` when there is none.
    pub peel: fn(&mut State) -> bool,
    /// What decides how its room is divided.
    pub plan: fn(&State) -> ViewKind,
    /// What there is to draw of it.
    pub draw: fn(&State, &Plan) -> Body,
}

/// The filter of a view.
pub(in crate::app::tui) struct FilterParts {
    /// Whether keys go into it.
    pub is_open: fn(&State) -> bool,
    /// Whether it is open, or narrows the view.
    pub is_shown: fn(&State) -> bool,
    /// Takes a key.
    pub press: fn(&mut State, KeyEvent, &mut Vec<Effect>),
    /// Takes pasted text; how many characters there was no room for.
    pub paste: fn(&mut State, &str) -> usize,
}

/// What a popup is made of.
pub(in crate::app::tui) struct PopupParts {
    /// Takes a key.
    pub press: fn(&mut State, KeyEvent, &mut Vec<Effect>),
    /// The text that a paste goes into; a popup that has one takes keys with Ctrl and Alt as well.
    pub text: Option<fn(&mut State) -> Option<&mut TextInput>>,
    /// What there is to draw of it.
    pub draw: fn(&State) -> Option<Popup>,
}

/// Scrolls the text of a popup.
fn scroll_by(scroll: &mut u16, code: KeyCode) {
    *scroll = match code {
        KeyCode::Down | KeyCode::Char('j') => scroll.saturating_add(1),
        KeyCode::Up | KeyCode::Char('k') => scroll.saturating_sub(1),
        KeyCode::PageDown => scroll.saturating_add(10),
        KeyCode::PageUp => scroll.saturating_sub(10),
        KeyCode::Home => 0,
        _ => *scroll,
    };
}
