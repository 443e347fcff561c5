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
            _ => false,
        }
    };
    state.selected_row().filter(|row| !hidden(row))
}

/// All that keys act on: an agent with its question, or a card.
pub(in crate::app::tui) fn all(state: &State) -> (Option<RowKey>, Option<Label>, Option<CardId>) {
    if !state.screen.is_of_agents() {
        return (None, None, state.card_in_hand());
    }
    let row = row(state);
    (row.map(|row| row.key), row.and_then(|row| row.question.clone()), None)
}
