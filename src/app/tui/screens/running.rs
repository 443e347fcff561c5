//! The list of what runs in the background: closing it changes nothing about that.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::tui::effect::Effect;
use crate::app::tui::screens::parts::{PopupParts, opens_again, scroll_by};
use crate::app::tui::state::State;
use crate::app::tui::state::running::RunningList;
use crate::app::tui::state::screen::Overlay;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: None, text: None };

/// Opens the list.
pub(in crate::app::tui) fn open(state: &mut State) {
    state.overlay = Some(Overlay::Running(RunningList::default()));
}

fn press(state: &mut State, key: KeyEvent, _: &mut Vec<Effect>) {
    let again = opens_again(state, key, "app.running");
    let Some(Overlay::Running(list)) = &mut state.overlay else { return };
    match key.code {
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => state.overlay = None,
        _ if again => state.overlay = None,
        code => scroll_by(&mut list.scroll, code),
    }
}
