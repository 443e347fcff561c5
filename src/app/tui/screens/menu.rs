//! A choice between a few things, taken only when a frame showed what is marked.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::action::registry::ACTIONS;
use crate::app::tui::effect::Effect;
use crate::app::tui::screens::parts::PopupParts;
use crate::app::tui::screens::{card, dispatch, prompt, several};
use crate::app::tui::state::State;
use crate::app::tui::state::marks::UNSEEN;
use crate::app::tui::state::menu::{Choice, Menu};
use crate::app::tui::state::screen::Overlay;
use crate::backlog::model::CardId;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: None, text: None };

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    // A fast Down and Enter would take an entry that nobody has seen marked.
    if key.code == KeyCode::Enter && !state.shows_mark() {
        return state.say(UNSEEN.to_owned(), true);
    }
    let Some(Overlay::Menu(menu)) = &mut state.overlay else { return };
    let last = menu.items.len().saturating_sub(1);
    match key.code {
        KeyCode::Esc | KeyCode::Char('q') => state.overlay = None,
        KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab => menu.at = (menu.at + 1).min(last),
        KeyCode::Up | KeyCode::Char('k') | KeyCode::BackTab => menu.at = menu.at.saturating_sub(1),
        KeyCode::Home | KeyCode::Char('g') => menu.at = 0,
        KeyCode::End | KeyCode::Char('G') => menu.at = last,
        KeyCode::Enter => {
            if menu.at >= menu.items.len() {
                return;
            }
            let Some(Overlay::Menu(Menu { mut items, cards, at, .. })) = state.overlay.take() else { return };
            // The board below may have moved since.
            take(state, items.swap_remove(at).1, &cards, effects);
        }
        _ => {}
    }
}

fn take(state: &mut State, choice: Choice, cards: &[CardId], effects: &mut Vec<Effect>) {
    match choice {
        Choice::Ask(question) => prompt::ask(state, question),
        Choice::Owner(id) => card::owners(state, id),
        Choice::Run { command, request } => {
            let sent = state.request(command);
            dispatch::send(state, sent, *request, effects);
        }
        // The question of the card's own key: by a menu nothing ends unasked either.
        Choice::Do(id) => {
            if let Some(spec) = ACTIONS.iter().find(|spec| spec.id == id) {
                several::to_cards(state, spec, cards, effects);
            }
        }
    }
}
