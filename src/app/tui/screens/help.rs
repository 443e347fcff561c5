//! The help: the keys that work here, narrowed by what is typed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::action::keymap::Chord;
use crate::app::tui::effect::Effect;
use crate::app::tui::screens::parts::{PopupParts, opens_again, scroll_by};
use crate::app::tui::state::State;
use crate::app::tui::state::help::Help;
use crate::app::tui::state::screen::Overlay;

/// Longest filter; more is a paste gone wrong.
const MAX_FILTER_CHARS: usize = 200;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: None, text: None };

fn press(state: &mut State, key: KeyEvent, _: &mut Vec<Effect>) {
    let again = opens_again(state, key, "app.help");
    let Some(Overlay::Help(Help { filter, scroll })) = &mut state.overlay else { return };
    match key.code {
        KeyCode::Esc if !filter.is_empty() => filter.clear(),
        KeyCode::Esc => state.overlay = None,
        // With something typed they are letters of the filter.
        KeyCode::Char('q') if filter.is_empty() => state.overlay = None,
        _ if again && (filter.is_empty() || !Chord::of(key).is_text()) => state.overlay = None,
        KeyCode::Backspace => {
            filter.pop();
            *scroll = 0;
        }
        KeyCode::Char(c) if key.modifiers.difference(KeyModifiers::SHIFT).is_empty() => {
            if filter.chars().count() < MAX_FILTER_CHARS {
                filter.push(c);
            }
            *scroll = 0;
        }
        code => scroll_by(scroll, code),
    }
}
