//! The Board view: the backlog in columns, its filter, and what was read of it.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};
use jiff::Timestamp;

use crate::app::action::{Direction, Motion};
use crate::app::tui::effect::Effect;
use crate::app::tui::present::board::{first_shown, pages};
use crate::app::tui::screens::parts::{FilterParts, ViewParts};
use crate::app::tui::state::State;
use crate::app::tui::state::board::first_column;
use crate::app::tui::state::screen::{Overlay, Screen};
use crate::app::tui::state::text_input::TextInput;
use crate::backlog::model::{Board, CardId, Column};
use crate::backlog::operations::Detail;
use crate::backlog::watch::Request;

/// What it is made of.
pub(super) const PARTS: ViewParts = ViewParts {
    filter: Some(FilterParts {
        press: press_in_filter,
        paste: |state, text| {
            let cut = state.board.filter.insert(text);
            filtered(state);
            cut
        },
    }),
    motion: |state, motion, _| step(state, motion),
    peel,
};

/// Shows the Board view alone.
pub(in crate::app::tui) fn view(state: &mut State) {
    if !state.watch_only {
        state.screen = Screen::Board;
        state.back.clear();
        state.pane.history = None;
        keep_all_in_view(state);
    }
}

fn peel(state: &mut State) -> bool {
    if !state.is_filtered() {
        let marked = !state.board.batch.is_empty();
        state.board.batch.clear();
        return marked;
    }
    state.board.filtering = false;
    state.board.filter = TextInput::default();
    filtered(state);
    true
}

/// Whether the columns are on the screen; says how to come back to them.
fn has_columns(state: &mut State) -> bool {
    let has = state.screen != Screen::Card;
    if !has {
        state.say("Esc goes back to the board first".to_owned(), false);
    }
    has
}

/// Marks the selected card, or takes its mark away, and goes on to the next.
pub(in crate::app::tui) fn mark(state: &mut State) {
    if !has_columns(state) {
        return;
    }
    let Some(id) = state.board.selected().map(|card| card.id) else {
        return state.say("mark: no card is selected".to_owned(), true);
    };
    match state.board.batch.iter().position(|marked| *marked == id) {
        Some(at) => drop(state.board.batch.remove(at)),
        None => state.board.batch.push(id),
    }
    step(state, Motion::Down);
}

/// Goes to the column beside.
pub(in crate::app::tui) fn column(state: &mut State, direction: Direction) {
    if has_columns(state) {
        let at = state.board.column.index();
        let to = if direction == Direction::Left { at.saturating_sub(1) } else { (at + 1).min(4) };
        state.board.column = Column::ALL[to];
        // The one in focus has more room and other lines than the rest.
        keep_all_in_view(state);
    }
}

/// Goes to a column, and to a card in it, by what was on the screen.
pub(in crate::app::tui) fn click(state: &mut State, lane: usize, id: Option<&str>) {
    let Some(column) = Column::ALL.get(lane).copied().filter(|_| has_columns(state)) else { return };
    state.board.column = column;
    let page = pages(state)[column.index()].max(1);
    let top = state.board.top[column.index()];
    let is_it = |at: &u64| state.board.card(column, *at).is_some_and(|card| Some(card.id.as_str()) == id);
    if let Some(at) = (top..top + page).find(is_it) {
        state.board.at[column.index()] = at;
    }
    keep_all_in_view(state);
}

/// Lets keys go into the filter.
pub(in crate::app::tui) fn filter(state: &mut State) {
    if has_columns(state) {
        state.board.filtering = true;
    }
}

/// Narrows the board to what these words say.
pub(in crate::app::tui) fn show_only(state: &mut State, words: TextInput) {
    state.board.filtering = false;
    state.board.filter = words;
    filtered(state);
}

/// Moves the cursor in its column.
fn step(state: &mut State, motion: Motion) {
    let column = state.board.column;
    let last = state.board.count(column).saturating_sub(1);
    let page = pages(state)[column.index()].max(1);
    let at = &mut state.board.at[column.index()];
    *at = match motion {
        Motion::Up => at.saturating_sub(1),
        Motion::Down => (*at + 1).min(last),
        Motion::HalfUp => at.saturating_sub(page.div_ceil(2)),
        Motion::HalfDown => (*at + page.div_ceil(2)).min(last),
        Motion::First => 0,
        Motion::Last => last,
    };
    keep_in_view(state, column);
}

/// Narrows the board as it was narrowed before.
pub(in crate::app::tui) fn restore_filter(state: &mut State, text: &str) {
    state.board.filter = TextInput::line(text);
    filtered(state);
}

/// Begins every column anew for another filter.
fn filtered(state: &mut State) {
    state.board.at = [0; 5];
    state.board.top = [0; 5];
    // A mark that nobody sees would act on a card that nobody thinks of.
    state.board.batch.clear();
    // Else the first page of the new filter would be asked for from the middle of the old one.
    state.board.query.offsets = [0; 5];
}

fn press_in_filter(state: &mut State, key: KeyEvent, _: &mut Vec<Effect>) {
    match key.code {
        KeyCode::Enter => state.board.filtering = false,
        KeyCode::Esc => {
            peel(state);
        }
        KeyCode::Down => step(state, Motion::Down),
        KeyCode::Up => step(state, Motion::Up),
        _ => {
            if state.board.filter.edits(key) {
                filtered(state);
            }
        }
    }
}

/// Takes a reading of the board.
pub(in crate::app::tui) fn take_board(state: &mut State, board: Arc<Board>, read_at: Timestamp) {
    let before = state.board.selected().map(|card| card.id).filter(|_| state.board.opened);
    state.board.board = Some(board);
    state.board.read_at = Some(read_at);
    state.board.lost = None;
    // The reading may be newer than the last tick, and a claim that was made since
    // would lie in the future.
    state.now = state.now.max(read_at);
    if !state.board.opened {
        state.board.column = state.board.board.as_deref().map(first_column).unwrap_or_default();
    }
    // The cursor stays on its card, also into another column: the next key must not hit another card.
    let selected = state.board.column;
    if let (Some(id), Some(board)) = (before, &state.board.board) {
        // Its own column first: a card is looked for in five of them each second.
        let found = std::iter::once(selected).chain(Column::ALL).find_map(|column| {
            let lane = &board.lanes[column.index()];
            let place = lane.cards.iter().position(|card| card.id == id)?;
            Some((column, lane.offset + place as u64))
        });
        if let Some((column, at)) = found {
            state.board.column = column;
            state.board.at[column.index()] = at;
        }
    }
    if let Some(board) = &state.board.board {
        // A mark is for what is still to be done to a card that is to be seen.
        let open = board.lanes.iter().enumerate().filter(|(at, _)| *at != Column::Done.index());
        let there = |id: &CardId| open.clone().any(|(_, lane)| lane.cards.iter().any(|card| card.id == *id));
        state.board.batch.retain(there);
    }
    keep_all_in_view(state);
}

/// Takes a card that was read in full.
pub(in crate::app::tui) fn take_card(state: &mut State, id: &CardId, read: Result<Arc<Detail>, String>) {
    // An answer takes its time, and by then the cursor may be on another card.
    if state.board.wanted.as_ref() != Some(id) {
        return;
    }
    match read {
        Ok(detail) => {
            if let Some(Overlay::Form(form)) = &mut state.overlay
                && form.saving.is_none()
            {
                form.meanwhile(&detail.card);
            }
            state.board.detail = Some(detail);
            state.board.detail_error = None;
        }
        Err(why) => {
            state.board.detail = None;
            state.board.detail_error = Some(why);
        }
    }
}

/// Shows another card in full from now on.
pub(in crate::app::tui) fn want(state: &mut State, id: CardId) {
    state.board.wanted = Some(id);
    state.board.detail = None;
    state.board.detail_error = None;
    state.board.scroll = 0;
}

/// Asks for what the screen shows and was not read yet.
pub(in crate::app::tui) fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    state.board.opened |= state.board.board.is_some() && state.screen == Screen::Board;
    // Elsewhere only counts and claims are shown, and those are always read.
    if matches!(state.screen, Screen::Board | Screen::Card)
        && let Some(query) = state.board.question(pages(state).into_iter().max().unwrap_or(0))
    {
        state.board.query = query.clone();
        effects.push(Effect::Backlog(Request::Board(query)));
    }
    let wanted = match state.screen {
        Screen::Board => {
            let edited = match &state.overlay {
                Some(Overlay::Form(form)) => form.editing.as_ref().map(|(id, _)| *id),
                _ => None,
            };
            // A form watches the card that it edits; behind that of a new one the selected card stays.
            edited.or_else(|| state.board.selected().map(|card| card.id))
        }
        Screen::Card => state.board.wanted,
        Screen::Fleet
        | Screen::Wall
        | Screen::Watch
        | Screen::Goals
        | Screen::Activity
        | Screen::Diff
        | Screen::Org => None,
    };
    // Esc from the owner's pane comes back to the card, which should not be read anew for it.
    let kept = matches!(state.screen, Screen::Watch) && state.back.contains(&Screen::Card);
    if wanted != state.board.wanted && !kept {
        state.board.wanted.clone_from(&wanted);
        state.board.detail_error = None;
        effects.push(Effect::Backlog(Request::Detail(wanted)));
    }
}

/// Scrolls a column so that its selection is on the screen.
fn keep_in_view(state: &mut State, column: Column) {
    let index = column.index();
    state.board.at[index] = state.board.at[index].min(state.board.count(column).saturating_sub(1));
    state.board.top[index] = first_shown(state, column);
}

/// Scrolls each of them.
pub(in crate::app::tui) fn keep_all_in_view(state: &mut State) {
    Column::ALL.into_iter().for_each(|column| keep_in_view(state, column));
}
