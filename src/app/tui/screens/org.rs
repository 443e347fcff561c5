//! The Org view: the chart of seats, and the persona of the selected one beside it.

use std::sync::Arc;

use super::fleet::{self, select};
use crate::app::action::{Direction, Motion};
use crate::app::tui::chart::Seat;
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::present::org::{cursor, seats};
use crate::app::tui::screens::parts::ViewParts;
use crate::app::tui::state::State;
use crate::app::tui::state::screen::Screen;

/// What it is made of.
pub(super) const PARTS: ViewParts = ViewParts {
    filter: Some(fleet::FILTER),
    motion: |state, motion, _| step(state, motion),
    peel: |state| fleet::clear_filter(state) || std::mem::take(&mut state.org.scroll) > 0,
};

/// Shows the Org view alone.
pub(in crate::app) fn view(state: &mut State) {
    if state.watch_only || state.screen == Screen::Org {
        return;
    }
    state.screen = Screen::Org;
    state.back.clear();
    state.pane.history = None;
    // What was read before may have been edited meanwhile.
    state.org.personas.clear();
    state.org.scroll = 0;
}

/// Moves the cursor from seat to seat, over lines that nobody sits on.
fn step(state: &mut State, motion: Motion) {
    let seats = seats(state);
    let held: Vec<usize> = (0..seats.len()).filter(|at| seats[*at].row().is_some()).collect();
    let Some(last) = held.len().checked_sub(1) else { return };
    let at = cursor(state, &seats).and_then(|cursor| held.iter().position(|at| *at == cursor)).unwrap_or(0);
    let page = present::org::page(state).max(2);
    let to = match motion {
        Motion::Up => at.saturating_sub(1),
        Motion::Down => (at + 1).min(last),
        Motion::HalfUp => at.saturating_sub(page / 2),
        Motion::HalfDown => (at + page / 2).min(last),
        Motion::First => 0,
        Motion::Last => last,
    };
    if let Some(row) = seats[held[to]].row() {
        // Another seat's persona begins at its first line.
        if Some(&row.key) != state.selected.as_ref() {
            state.org.scroll = 0;
        }
        select(state, row.key);
    }
}

/// Scrolls the persona.
pub(in crate::app::tui) fn scroll(state: &mut State, direction: Direction) {
    let to = match direction {
        Direction::Up => state.org.scroll.saturating_sub(1),
        _ => state.org.scroll.saturating_add(1),
    };
    state.org.scroll = to.min(present::org::scroll_end(state));
}

/// Keeps the cursor on a seat and in sight, and asks for the persona that is shown and was not read yet.
pub(in crate::app::tui) fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    if state.screen != Screen::Org {
        return;
    }
    let seats = seats(state);
    if cursor(state, &seats).is_none()
        && let Some(row) = seats.iter().find_map(Seat::row)
    {
        state.selected = Some(row.key);
    }
    let page = present::org::page(state).max(1);
    if let Some(at) = cursor(state, &seats) {
        let top = state.org.top.min(at).max((at + 1).saturating_sub(page));
        state.org.top = top.min(seats.len().saturating_sub(page));
    }
    let wanted = state.selected_row().and_then(|row| row.persona.clone());
    if let Some(name) = wanted.filter(|name| !state.org.personas.contains_key(name)) {
        // Noted as asked for, since this is called with every event and the file is read once.
        state.org.personas.insert(name.clone(), None);
        effects.push(Effect::ReadPersona(name));
    }
}

/// Takes a persona that was read.
pub(in crate::app::tui) fn take(state: &mut State, name: String, text: Result<String, String>) {
    state.org.personas.insert(name, Some(text.map(Arc::from)));
    state.org.scroll = state.org.scroll.min(present::org::scroll_end(state));
}
