//! The answer of an action that does not fit on one line: it is scrolled and searched like a page.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::tui::effect::Effect;
use crate::app::tui::screens::parts::{PopupParts, scroll_by};
use crate::app::tui::state::State;
use crate::app::tui::state::answer::Search;
use crate::app::tui::state::screen::Overlay;

/// Longest text that is searched.
const MAX_SEARCH_CHARS: usize = 200;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: None, text: None };

fn press(state: &mut State, key: KeyEvent, _: &mut Vec<Effect>) {
    let Some(Overlay::Answer(answer)) = &mut state.overlay else { return };
    if answer.search.typing {
        match key.code {
            KeyCode::Enter => answer.search.typing = false,
            KeyCode::Esc => answer.search = Search::default(),
            KeyCode::Backspace => {
                answer.search.text.pop();
                // From its beginning again, since what is typed now may stand above what was found before.
                answer.search.at = None;
                answer.go(true);
            }
            KeyCode::Char(c) if answer.search.text.chars().count() < MAX_SEARCH_CHARS => {
                answer.search.text.push(c);
                answer.search.at = None;
                answer.go(true);
            }
            _ => {}
        }
        return;
    }
    match key.code {
        KeyCode::Esc if !answer.search.text.is_empty() => answer.search = Search::default(),
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => state.overlay = None,
        KeyCode::Char('/') => answer.search = Search { typing: true, ..Search::default() },
        KeyCode::Char('n') => answer.go(true),
        KeyCode::Char('N') => answer.go(false),
        KeyCode::Char('G') | KeyCode::End => {
            answer.search.at = None;
            // The frame knows how many lines there are after wrapping, and tells where it really began.
            answer.scroll = u16::MAX;
        }
        KeyCode::Char('g') => {
            answer.search.at = None;
            answer.scroll = 0;
        }
        code => {
            answer.search.at = None;
            scroll_by(&mut answer.scroll, code);
        }
    }
}
