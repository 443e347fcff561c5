//! Why an agent's readiness is what it is.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::tui::effect::Effect;
use crate::app::tui::screens::parts::{PopupParts, opens_again, scroll_by};
use crate::app::tui::state::State;
use crate::app::tui::state::screen::Overlay;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: None, text: None };

fn press(state: &mut State, key: KeyEvent, _: &mut Vec<Effect>) {
    let again = opens_again(state, key, "agent.explain");
    let Some(Overlay::Explain(explain)) = &mut state.overlay else { return };
    match key.code {
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => state.overlay = None,
        _ if again => state.overlay = None,
        code => scroll_by(&mut explain.scroll, code),
    }
}
