//! Why an agent's readiness is what it is.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Overlay, PopupParts, scroll_by};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::state::State;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, text: None, draw: present::explain::popup };

/// The explanation of the selected agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explain {
    /// First line shown.
    pub scroll: u16,
}

fn press(state: &mut State, key: KeyEvent, _: &mut Vec<Effect>) {
    let Some(Overlay::Explain(explain)) = &mut state.overlay else { return };
    match key.code {
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | 'e') => state.overlay = None,
        code => scroll_by(&mut explain.scroll, code),
    }
}
