//! What keys act on: only what the screen shows. Pure.

use std::sync::Arc;

use crate::app::tui::present;
use crate::app::tui::state::State;
use crate::app::tui::state::screen::Screen;
use crate::backlog::model::CardId;
use crate::fleet::model::{AgentRow, Label, RowKey};

/// The row that keys act on: the selected one, where the screen shows it.
pub(in crate::app::tui) fn row(state: &State) -> Option<&Arc<AgentRow>> {
    let hidden = |row: &AgentRow| {
        let filtered = !state.filter.filter.accepts(row);
        match state.screen {
            // With the pane beside the list a hidden row is still seen, as its pane is.
            Screen::Fleet => filtered && !present::layout_of(state).shows_pane,
            Screen::Wall => filtered,
            // Who leads somebody that matches is shown as well.
            Screen::Org => present::org::cursor(state, &present::org::seats(state)).is_none(),
            // One is shown in full, or none at all.
            Screen::Watch | Screen::Diff | Screen::Board | Screen::Card | Screen::Goals | Screen::Activity => false,
        }
    };
    state.selected_row().filter(|row| !hidden(row))
}

/// Why something is not done to several, and the way out.
pub(in crate::app::tui) fn one_at_a_time(title: &str, what: &str, marked: usize) -> String {
    format!("{title}: takes one {what} at a time, and {marked} are marked; Esc takes the marks away")
}

/// The agent of the roster that something acts on which takes one: the marked one, else the selected one.
///
/// # Errors
/// Why there is none: several are marked, or none is selected.
pub(in crate::app::tui) fn agent<'a>(state: &'a State, title: &str) -> Result<&'a Arc<AgentRow>, String> {
    let none = || format!("{title}: no agent of the roster is selected");
    match state.batch_names().as_slice() {
        [] => row(state).filter(|row| row.managed).ok_or_else(none),
        [only] => state.row_named(only).ok_or_else(none),
        marked => Err(one_at_a_time(title, "agent", marked.len())),
    }
}

/// The card that something acts on which takes one: the marked one, else the one in hand.
///
/// # Errors
/// Why there is none: several are marked, or none is selected.
pub(in crate::app::tui) fn card(state: &State, title: &str) -> Result<CardId, String> {
    match state.marked_cards() {
        [] => state.card_in_hand().ok_or_else(|| "no card is selected".to_owned()),
        [only] => Ok(*only),
        marked => Err(one_at_a_time(title, "card", marked.len())),
    }
}

/// The cards that something acts on which takes any number: the marked ones, else the one in hand.
pub(in crate::app::tui) fn cards(state: &State) -> Vec<CardId> {
    match state.marked_cards() {
        [] => state.card_in_hand().into_iter().collect(),
        marked => marked.to_vec(),
    }
}

/// All that keys act on: an agent with its question, or a card.
pub(in crate::app::tui) fn all(state: &State) -> (Option<RowKey>, Option<Label>, Option<CardId>) {
    let (agent, card) = target(state);
    (agent, agent.and_then(|_| row(state)?.question.clone()), card)
}

/// The agent or the card that keys act on.
pub(in crate::app::tui) fn target(state: &State) -> (Option<RowKey>, Option<CardId>) {
    match state.screen.is_of_agents() {
        true => (row(state).map(|row| row.key), None),
        false => (None, state.card_in_hand()),
    }
}

/// The same in words.
pub(in crate::app::tui) fn target_words(state: &State) -> Option<String> {
    match target(state) {
        (Some(_), _) => row(state).map(|row| row.name.to_string()),
        (None, card) => card.map(|id| id.to_string()),
    }
}
