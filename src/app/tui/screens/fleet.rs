//! The Fleet view: the list, its filter and its marks, and the pane of the selected agent.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::action::{Direction, Motion};
use crate::app::tui::effect::Effect;
use crate::app::tui::filter::Filter;
use crate::app::tui::order;
use crate::app::tui::present;
use crate::app::tui::present::layout_of;
use crate::app::tui::screens::hand;
use crate::app::tui::screens::parts::{FilterParts, ViewParts};
use crate::app::tui::state::State;
use crate::app::tui::state::fleet::FactsPanel;
use crate::app::tui::state::screen::Screen;
use crate::fleet::model::{AgentRow, RowKey};
use crate::ui::columns::first_in_view;

/// Longest filter; more is a paste gone wrong.
const MAX_FILTER_CHARS: usize = 200;

/// Columns that one pan moves; rows move by half of it.
const PAN_STEP: u16 = 8;

/// What it is made of.
pub(super) const PARTS: ViewParts =
    ViewParts { filter: Some(FILTER), motion: |state, motion, _| move_cursor(state, motion), peel };

/// What narrows the list; the wall shows the same agents.
pub(super) const FILTER: FilterParts = FilterParts { press: press_in_filter, paste: paste_into_filter };

/// Shows the Fleet view alone.
pub(in crate::app::tui) fn view(state: &mut State) {
    if !state.watch_only {
        state.screen = Screen::Fleet;
        state.back.clear();
        state.pane.history = None;
        keep_in_view(state);
    }
}

/// Takes the filter away, then marks, then a moved cut-out; then back to where an agent was opened from.
pub(super) fn peel(state: &mut State) -> bool {
    if clear_filter(state) {
        return true;
    }
    if !state.batch.is_empty() {
        state.batch.clear();
        return true;
    }
    if state.screen == Screen::Fleet && state.facts.open {
        state.facts = FactsPanel::default();
        return true;
    }
    if state.pane.pan.take().is_some() {
        return true;
    }
    // An event leads to its agent and back again.
    let behind = if state.screen == Screen::Fleet { state.back.pop() } else { None };
    state.screen = behind.unwrap_or(state.screen);
    behind.is_some()
}

/// Takes the filter away; whether there was one.
pub(super) fn clear_filter(state: &mut State) -> bool {
    let narrows = state.filter.editing || !state.filter.text.is_empty();
    if narrows {
        state.filter.editing = false;
        set_filter(state, String::new());
    }
    narrows
}

/// Marks the selected agent, or takes its mark away, and goes on to the next row.
pub(in crate::app::tui) fn mark(state: &mut State) {
    let Some(row) = hand::row(state) else {
        return state.say("mark: no agent is selected".to_owned(), true);
    };
    if !row.managed {
        let why = format!("mark: {} is not in the roster; nothing here acts on it", row.name);
        return state.say(why, true);
    }
    let key = row.key;
    if !state.batch.remove(&key) {
        state.batch.insert(key);
    }
    if state.screen == Screen::Fleet {
        move_cursor(state, Motion::Down);
    }
}

fn move_cursor(state: &mut State, motion: Motion) {
    let rows = state.rows();
    if rows.is_empty() {
        return;
    }
    let page = layout_of(state).list_rows.max(1);
    // By its key and not by its place: rows change places with each look.
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
    select(state, rows[to].key);
}

/// Moves the selection to a row.
pub(in crate::app::tui) fn select(state: &mut State, key: RowKey) {
    if state.selected.as_ref() != Some(&key) {
        state.pane.pan = None;
        state.facts.scroll = 0;
    }
    state.selected = Some(key);
    state.mark_seen();
    keep_in_view(state);
}

/// Scrolls the list so that the selection is on the screen.
pub(in crate::app::tui) fn keep_in_view(state: &mut State) {
    let page = layout_of(state).list_rows;
    if page == 0 {
        // Another view: the list is found as it was left.
        return;
    }
    let rows = state.rows();
    let at = rows.iter().position(|row| Some(&row.key) == state.selected.as_ref()).unwrap_or(0);
    let heights = present::fleet::heights(state, &rows);
    state.list_top = first_in_view(&heights, page, state.list_top, at);
}

/// The next row behind the selection that needs the operator, round the end.
pub(in crate::app::tui) fn next_attention(state: &mut State) {
    let Some(snapshot) = state.snapshot.clone() else { return };
    // All of them and not only those that the filter shows: who needs somebody may be just
    // the one that it hides.
    let rows = &snapshot.agents;
    let at = rows.iter().position(|row| Some(&row.key) == state.selected.as_ref()).map_or(0, |at| at + 1);
    let next = rows.iter().skip(at).chain(rows.iter().take(at)).find(|row| row.needs_operator());
    match next {
        Some(row) => show(state, row),
        None => state.say("nobody needs you".to_owned(), false),
    }
}

/// Selects a row where it can be seen: no filter hides it, and a view of agents is open.
pub(in crate::app::tui) fn show(state: &mut State, row: &AgentRow) {
    if !state.filter.filter.accepts(row) {
        set_filter(state, String::new());
    }
    if !state.screen.is_of_agents() {
        state.screen = Screen::Fleet;
        state.back.clear();
    }
    select(state, row.key);
}

/// Gives the facts of the selected agent the room that they need, or takes it back.
pub(in crate::app::tui) fn open_facts(state: &mut State) {
    if !present::fleet::has_facts(state) {
        return state.say("there is no room for the facts here; `e` explains the agent".to_owned(), true);
    }
    state.facts = FactsPanel { open: !state.facts.open, scroll: 0 };
}

/// Scrolls them.
pub(in crate::app::tui) fn scroll_facts(state: &mut State, direction: Direction) {
    let end = present::fleet::facts_end(state);
    if end == 0 {
        return state.say("all facts of this agent are shown".to_owned(), false);
    }
    let to = match direction {
        Direction::Up => state.facts.scroll.saturating_sub(1),
        _ => state.facts.scroll.saturating_add(1),
    };
    state.facts.scroll = to.min(end);
}

/// Orders the list by another of its columns.
pub(in crate::app::tui) fn order(state: &mut State, forward: bool) {
    state.order = order::beside(state.order, present::fleet::columns(state), forward);
    keep_in_view(state);
}

/// Moves the cut-out of the pane.
pub(in crate::app::tui) fn pan(state: &mut State, direction: Direction) {
    let Some(picture) = &state.pane.screen else { return };
    let room = layout_of(state).pane;
    // From where the pane is shown now, so that the first step does not jump to its corner.
    let (mut column, mut row) = present::pane::anchor(picture, room, state.pane.pan, present::pane::is_dead(state));
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

/// Narrows the list as it was narrowed before.
pub(in crate::app::tui) fn restore_filter(state: &mut State, text: String) {
    set_filter(state, text);
}

/// Changes the filter; a selection that it hides moves to the first row that is left.
fn set_filter(state: &mut State, text: String) {
    state.filter.filter = Filter::parse(&text);
    state.filter.text = text;
    let rows = state.rows();
    let hidden = !rows.iter().any(|row| Some(&row.key) == state.selected.as_ref());
    if hidden && let Some(first) = rows.first() {
        state.selected = Some(first.key);
    }
    keep_in_view(state);
}

fn press_in_filter(state: &mut State, key: KeyEvent, _: &mut Vec<Effect>) {
    match key.code {
        KeyCode::Enter => state.filter.editing = false,
        KeyCode::Esc => {
            state.filter.editing = false;
            set_filter(state, String::new());
        }
        KeyCode::Backspace => {
            let mut text = std::mem::take(&mut state.filter.text);
            text.pop();
            set_filter(state, text);
        }
        KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => set_filter(state, String::new()),
        // Capitals come with Shift; with Ctrl or Alt a letter is a command that has no meaning here.
        KeyCode::Char(c) if key.modifiers.difference(KeyModifiers::SHIFT).is_empty() => {
            // A full filter takes no more, which is to be seen.
            let _cut = paste_into_filter(state, c.encode_utf8(&mut [0; 4]));
        }
        KeyCode::Down => move_cursor(state, Motion::Down),
        KeyCode::Up => move_cursor(state, Motion::Up),
        _ => {}
    }
}

fn paste_into_filter(state: &mut State, text: &str) -> usize {
    let room = MAX_FILTER_CHARS.saturating_sub(state.filter.text.chars().count());
    let mut typed = text.chars().filter(|c| !crate::plain::acts_on_terminal(*c));
    let more: String = typed.by_ref().take(room).collect();
    let cut = typed.count();
    set_filter(state, format!("{}{more}", state.filter.text));
    cut
}
