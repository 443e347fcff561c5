//! What takes the keys of a view and of a popup, as values.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::action::Motion;
use crate::app::action::keymap::Chord;
use crate::app::tui::effect::Effect;
use crate::app::tui::state::State;
use crate::app::tui::state::text_input::TextInput;
use crate::ui::hit::Typed;

/// What a view is made of.
pub(in crate::app::tui) struct ViewParts {
    /// The line that narrows what it shows, where it has one.
    pub filter: Option<FilterParts>,
    /// Moves its cursor.
    pub motion: fn(&mut State, Motion, &mut Vec<Effect>),
    /// Takes its topmost layer away; `false` when there is none.
    pub peel: fn(&mut State) -> bool,
}

/// The filter of a view.
pub(in crate::app::tui) struct FilterParts {
    /// Takes a key.
    pub press: fn(&mut State, KeyEvent, &mut Vec<Effect>),
    /// Takes pasted text; how many characters there was no room for.
    pub paste: fn(&mut State, &str) -> usize,
}

/// Takes a click on a line of a popup, and where in typed text that was.
pub(in crate::app::tui) type ClickOn = fn(&mut State, usize, Option<Typed>);

/// What a popup is made of.
pub(in crate::app::tui) struct PopupParts {
    /// Takes a key.
    pub press: fn(&mut State, KeyEvent, &mut Vec<Effect>),
    /// What a click on one of its lines does beside the keys: it goes to a field, a choice, or a place in a text.
    pub click: Option<ClickOn>,
    /// The text that a paste goes into; a popup that has one takes keys with Ctrl and Alt as well.
    pub text: Option<fn(&mut State) -> Option<&mut TextInput>>,
}

/// Whether a key is, for this operator, the one of the action that opened a popup: it closes it, too.
pub(in crate::app::tui) fn opens_again(state: &State, key: KeyEvent, action: &str) -> bool {
    state.keys.lookup(&state.standing(), Chord::of(key)).is_some_and(|spec| spec.id == action)
}

/// Scrolls the text of a popup.
pub(in crate::app::tui) fn scroll_by(scroll: &mut u16, code: KeyCode) {
    *scroll = match code {
        KeyCode::Down | KeyCode::Char('j') => scroll.saturating_add(1),
        KeyCode::Up | KeyCode::Char('k') => scroll.saturating_sub(1),
        KeyCode::PageDown => scroll.saturating_add(10),
        KeyCode::PageUp => scroll.saturating_sub(10),
        KeyCode::Home => 0,
        _ => *scroll,
    };
}
