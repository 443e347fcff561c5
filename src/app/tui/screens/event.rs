//! One event, whole.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::tui::effect::Effect;
use crate::app::tui::screens::activity;
use crate::app::tui::screens::parts::{PopupParts, scroll_by};
use crate::app::tui::state::State;
use crate::app::tui::state::screen::Overlay;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: None, text: None };

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let Some(Overlay::Event(open)) = &mut state.overlay else { return };
    match key.code {
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => state.overlay = None,
        KeyCode::Char('o') => {
            state.overlay = None;
            activity::jump(state, effects);
        }
        code => scroll_by(&mut open.scroll, code),
    }
}
