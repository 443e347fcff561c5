//! A choice between a few things, taken only when a frame showed what is marked.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::tui::effect::Effect;
use crate::app::tui::screens::parts::PopupParts;
use crate::app::tui::screens::{card, dispatch, prompt};
use crate::app::tui::state::State;
use crate::app::tui::state::confirm::{Confirm, Subject};
use crate::app::tui::state::menu::{Choice, Menu};
use crate::app::tui::state::screen::Overlay;
use crate::backlog::model::CardId;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, text: None };

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    // A fast Down and Enter would take an entry that nobody has seen marked.
    if key.code == KeyCode::Enter && !state.shows_mark() {
        return state.say("the marked line was not shown yet; look, and press it again".to_owned(), true);
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
            let Some(Overlay::Menu(Menu { mut items, card, at, .. })) = state.overlay.take() else { return };
            // The board below may have moved since.
            take(state, items.swap_remove(at).1, &card, effects);
        }
        _ => {}
    }
}

fn take(state: &mut State, choice: Choice, card: &CardId, effects: &mut Vec<Effect>) {
    match choice {
        Choice::Ask(question) => prompt::ask(state, question),
        Choice::Owner(id) => card::owners(state, id),
        // The question of the card's own key: by a menu nothing ends unasked either.
        Choice::Run { command, request, asks } => {
            let sent = state.request(command);
            match asks {
                Some(verb) => {
                    let subject =
                        Subject::Card { id: card.to_string(), owner: state.owner_of(card).map(str::to_owned) };
                    state.overlay = Some(Overlay::Confirm(Confirm::new(sent, verb, subject, *request)));
                }
                None => dispatch::send(state, sent, *request, effects),
            }
        }
    }
}
