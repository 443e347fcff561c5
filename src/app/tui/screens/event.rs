//! One event, whole.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Overlay, PopupParts, activity, scroll_by};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::state::State;
use crate::fleet::activity::Event;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, text: None, draw: present::event::popup };

/// An open event.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPopup {
    /// The event.
    pub event: Event,
    /// First line shown.
    pub scroll: u16,
}

impl Eq for EventPopup {}

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
