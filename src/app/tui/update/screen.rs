//! Actions that move or change the screen only.

use super::{answers, board, hand};
use crate::app::action::{Direction, Motion, ScreenAction};
use crate::app::tui::effect::Effect;
use crate::app::tui::filter::Filter;
use crate::app::tui::present;
use crate::app::tui::present::layout_of;
use crate::app::tui::state::{History, Line, Overlay, Palette, Prompt, Question, Screen, State};
use crate::fleet::model::RowKey;

/// Columns that one pan moves; rows move by half of it.
const PAN_STEP: u16 = 8;

/// Leaves, unless something still runs that the operator has not been told of.
fn leave(state: &mut State, effects: &mut Vec<Effect>) {
    let refused = answers::hold_typing(state);
    if state.running.is_empty() && !refused || state.leaving > 0 {
        return effects.push(Effect::Quit);
    }
    // This press and the next one.
    state.leaving = 2;
    let text = if refused {
        "what you typed before was refused, and waits for you; again leaves, and drops it".to_owned()
    } else {
        let running: Vec<&str> = state.running.iter().map(|sent| sent.command.as_str()).collect();
        format!("still runs: {}; again leaves, once it is finished", running.join(", "))
    };
    super::toast(state, text, true);
}

/// Performs one.
pub(super) fn apply(state: &mut State, action: ScreenAction, effects: &mut Vec<Effect>) {
    match action {
        ScreenAction::Quit => leave(state, effects),
        ScreenAction::Back => {
            // A moved cut-out shows no sign of being a layer; only Esc takes it back.
            let only_panned = state.pane.pan.is_some() && !state.has_layers();
            if only_panned || !peel(state) {
                leave(state, effects);
            }
        }
        ScreenAction::Peel => {
            if state.watch_only && state.screen == Screen::Watch && state.pane.history.is_none() {
                leave(state, effects);
            } else {
                peel(state);
            }
        }
        ScreenAction::Help => state.overlay = Some(Overlay::Help { filter: String::new(), scroll: 0 }),
        ScreenAction::AskMessage => match hand::row(state).filter(|row| row.managed) {
            Some(row) => state.overlay = Some(Overlay::Prompt(Prompt::new(Question::Message(row.name.to_string())))),
            None => super::toast(state, "message: no agent of the roster is selected".to_owned(), true),
        },
        ScreenAction::AskBroadcast => {
            let shown = state.rows();
            let names: Vec<String> = shown.iter().filter(|row| row.managed).map(|row| row.name.to_string()).collect();
            if names.is_empty() {
                return super::toast(state, "broadcast: the list shows no agent".to_owned(), true);
            }
            state.overlay = Some(Overlay::Prompt(Prompt::new(Question::Broadcast(names))));
        }
        ScreenAction::Palette => state.overlay = Some(Overlay::Palette(Palette::default())),
        ScreenAction::Redraw => effects.push(Effect::Redraw),
        ScreenAction::Suspend => effects.push(Effect::Suspend),
        ScreenAction::ViewFleet => {
            if !state.watch_only {
                state.screen = Screen::Fleet;
                state.back.clear();
                state.pane.history = None;
            }
        }
        ScreenAction::Filter => state.filter.editing = true,
        ScreenAction::NextAttention => next_attention(state),
        ScreenAction::Pan(direction) => pan(state, direction),
        ScreenAction::Move(motion) => match state.screen {
            Screen::Fleet => move_cursor(state, motion),
            Screen::Board | Screen::Card => board::step(state, motion),
            Screen::Watch => scroll_history(state, motion, effects),
        },
        other => board::apply(state, other, effects),
    }
}

/// Takes the topmost layer away; `false` when only the base view is left.
fn peel(state: &mut State) -> bool {
    if state.overlay.take().is_some() || state.pane.history.take().is_some() {
        return true;
    }
    if state.screen == Screen::Watch {
        if state.watch_only {
            return false;
        }
        state.screen = state.back.pop().unwrap_or_default();
        state.pane.pan = None;
        return true;
    }
    if state.screen == Screen::Card {
        state.screen = state.back.pop().unwrap_or(Screen::Board);
        return true;
    }
    if state.screen == Screen::Board {
        if !state.is_filtered() {
            return false;
        }
        state.board.filtering = false;
        state.board.filter = Line::default();
        board::filtered(state);
        return true;
    }
    if state.filter.editing || !state.filter.text.is_empty() {
        state.filter.editing = false;
        set_filter(state, String::new());
        return true;
    }
    state.pane.pan.take().is_some()
}

/// Whether the layout has room for the selected agent's pane.
pub(super) fn shows_pane(state: &State) -> bool {
    match state.screen {
        Screen::Watch => true,
        Screen::Fleet => layout_of(state).shows_pane,
        Screen::Board | Screen::Card => false,
    }
}

fn move_cursor(state: &mut State, motion: Motion) {
    let rows = state.rows();
    if rows.is_empty() {
        return;
    }
    let page = layout_of(state).list_rows.max(1);
    let at = rows.iter().position(|row| Some(&row.key) == state.selected.as_ref()).unwrap_or(0);
    let last = rows.len() - 1;
    let to = match motion {
        Motion::Up => at.saturating_sub(1),
        Motion::Down => (at + 1).min(last),
        Motion::HalfUp => at.saturating_sub(page.div_ceil(2)),
        Motion::HalfDown => (at + page.div_ceil(2)).min(last),
        Motion::First => 0,
        Motion::Last => last,
    };
    select(state, rows[to].key.clone());
}

/// Moves the selection to a row.
pub(super) fn select(state: &mut State, key: RowKey) {
    if state.selected.as_ref() != Some(&key) {
        state.pane.pan = None;
    }
    state.selected = Some(key);
    super::mark_seen(state);
    keep_in_view(state);
}

/// Scrolls the list so that the selection is on the screen.
pub(super) fn keep_in_view(state: &mut State) {
    let rows = state.rows();
    let page = layout_of(state).list_rows.max(1);
    let at = rows.iter().position(|row| Some(&row.key) == state.selected.as_ref()).unwrap_or(0);
    let highest = rows.len().saturating_sub(page);
    state.list_top = state.list_top.min(at).max((at + 1).saturating_sub(page)).min(highest);
}

/// The next row behind the selection that needs the operator, round the end.
fn next_attention(state: &mut State) {
    let Some(snapshot) = state.snapshot.clone() else { return };
    let rows = &snapshot.agents;
    let at = rows.iter().position(|row| Some(&row.key) == state.selected.as_ref()).map_or(0, |at| at + 1);
    let next = rows.iter().skip(at).chain(rows.iter().take(at)).find(|row| row.needs_operator());
    match next {
        Some(row) => {
            if !state.filter.filter.accepts(row) {
                set_filter(state, String::new());
            }
            if matches!(state.screen, Screen::Board | Screen::Card) {
                state.screen = Screen::Fleet;
                state.back.clear();
            }
            select(state, row.key.clone());
        }
        None => super::toast(state, "nobody needs you".to_owned(), false),
    }
}

fn pan(state: &mut State, direction: Direction) {
    let Some(picture) = &state.pane.screen else { return };
    let room = layout_of(state).pane;
    let (mut column, mut row) = present::anchor(picture, room, state.pane.pan, present::is_dead(state));
    let most_column = picture.size.width.saturating_sub(room.width);
    let most_row = picture.size.height.saturating_sub(room.height);
    match direction {
        Direction::Left => column = column.saturating_sub(PAN_STEP),
        Direction::Right => column = (column + PAN_STEP).min(most_column),
        Direction::Up => row = row.saturating_sub(PAN_STEP / 2),
        Direction::Down => row = (row + PAN_STEP / 2).min(most_row),
    }
    state.pane.pan = Some((column, row));
}

/// In Watch the cursor keys look into the scrollback; the newest line is back at the live screen.
fn scroll_history(state: &mut State, motion: Motion, effects: &mut Vec<Effect>) {
    let Some(target) = state.pane.target.clone() else { return };
    let page = layout_of(state).pane.height.max(2);
    let offset = state.pane.history.as_ref().map_or(0, |history| history.offset);
    let known =
        state.pane.history.as_ref().and_then(|history| history.screen.as_ref()).map(|picture| picture.size.height);
    let most = known.map_or(u16::MAX, |height| height.saturating_sub(page));
    let to = match motion {
        Motion::Up => offset.saturating_add(1),
        Motion::HalfUp => offset.saturating_add(page / 2),
        Motion::First => u16::MAX,
        Motion::Down => offset.saturating_sub(1),
        Motion::HalfDown => offset.saturating_sub(page / 2),
        Motion::Last => 0,
    }
    .min(most);
    if to == 0 {
        state.pane.history = None;
        return;
    }
    match &mut state.pane.history {
        Some(history) => history.offset = to,
        None => {
            state.pane.history = Some(History { screen: None, offset: to });
            effects.push(Effect::History { pane: target.key(), width: target.size.width });
        }
    }
}

/// Changes the filter; a selection that it hides moves to the first row that is left.
pub(super) fn set_filter(state: &mut State, text: String) {
    state.filter.filter = Filter::parse(&text);
    state.filter.text = text;
    let rows = state.rows();
    let hidden = !rows.iter().any(|row| Some(&row.key) == state.selected.as_ref());
    if hidden && let Some(first) = rows.first() {
        state.selected = Some(first.key.clone());
    }
    keep_in_view(state);
}
