//! The answer of an action that does not fit on one line.

use crossterm::event::{KeyCode, KeyEvent};

use super::{Overlay, PopupParts, scroll_by};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::state::State;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, text: None, draw: present::answer::popup };

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub title: String,
    /// The command line.
    pub command: String,
    /// What it answered.
    pub text: String,
    /// Whether it failed.
    pub failed: bool,
    /// First line shown.
    pub scroll: u16,
}

fn press(state: &mut State, key: KeyEvent, _: &mut Vec<Effect>) {
    let Some(Overlay::Answer(answer)) = &mut state.overlay else { return };
    match key.code {
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => state.overlay = None,
        code => scroll_by(&mut answer.scroll, code),
    }
}
