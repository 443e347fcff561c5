//! The goals, as a view of the board: how far each is, and the longest way that is still to go.

use std::sync::Arc;

use crate::app::action::Motion;
use crate::app::tui::effect::Effect;
use crate::app::tui::present::layout_of;
use crate::app::tui::screens::board;
use crate::app::tui::screens::parts::ViewParts;
use crate::app::tui::state::State;
use crate::app::tui::state::screen::Screen;
use crate::app::tui::state::text_input::TextInput;
use crate::backlog::model::Goals;
use crate::backlog::watch::Request;

/// What it is made of.
pub(super) const PARTS: ViewParts = ViewParts {
    filter: None,
    motion: |state, motion, _| step(state, motion),
    peel: |state| {
        state.screen = state.back.pop().unwrap_or(Screen::Board);
        true
    },
};

/// Shows the goals over the board, or goes back to its columns.
pub(in crate::app::tui) fn view(state: &mut State) {
    if state.screen == Screen::Goals {
        return board::view(state);
    }
    state.open(Screen::Goals);
}

/// Shows the cards of the selected goal on the board.
pub(in crate::app::tui) fn cards(state: &mut State) {
    let Some(filter) = state.goals.selected().map(|line| format!("goal:{}", line.goal)) else {
        return state.say("no goal is selected".to_owned(), true);
    };
    board::view(state);
    board::show_only(state, TextInput::line(&filter));
}

/// Takes a reading; the cursor stays on its goal.
pub(in crate::app::tui) fn take(state: &mut State, read: Arc<Goals>) {
    let before = state.goals.selected();
    let found = before.and_then(|before| read.goals.iter().position(|line| line.goal == before.goal));
    state.goals.at = found.unwrap_or(state.goals.at).min(read.goals.len().saturating_sub(1));
    state.goals.read = Some(read);
}

/// Asks for the goals as long as they are on the screen.
pub(in crate::app::tui) fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    let shown = state.screen == Screen::Goals;
    // They are read with each change of the backlog, which costs the store something: only
    // while somebody looks.
    if shown != state.goals.asked {
        state.goals.asked = shown;
        effects.push(Effect::Backlog(Request::Goals(shown)));
    }
}

fn step(state: &mut State, motion: Motion) {
    let last = state.goals.read.as_ref().map_or(0, |goals| goals.goals.len().saturating_sub(1));
    let page = (layout_of(state).list_rows + 1).max(2) / 2;
    let at = state.goals.at;
    state.goals.at = match motion {
        Motion::Up => at.saturating_sub(1),
        Motion::Down => at + 1,
        Motion::HalfUp => at.saturating_sub(page),
        Motion::HalfDown => at + page,
        Motion::First => 0,
        Motion::Last => last,
    }
    .min(last);
}
