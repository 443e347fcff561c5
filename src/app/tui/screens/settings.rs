//! The list of settings.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Overlay, PopupParts, scroll_by};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::state::State;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, text: None, draw: present::settings::popup };

/// Every setting, with its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingsList {
    /// First line shown.
    pub scroll: u16,
}

fn press(state: &mut State, key: KeyEvent, _: &mut Vec<Effect>) {
    let Some(Overlay::Settings(SettingsList { scroll })) = &mut state.overlay else { return };
    match key.code {
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | ',') => state.overlay = None,
        code => scroll_by(scroll, code),
    }
}
