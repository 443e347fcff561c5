//! The Activity view: what happened, the newest at the bottom; its filter, and how far the operator has looked.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::action::Motion;
use crate::app::tui::effect::{ActivityAsk, Effect};
use crate::app::tui::present;
use crate::app::tui::present::layout_of;
use crate::app::tui::screens::parts::{FilterParts, ViewParts};
use crate::app::tui::screens::{board, fleet};
use crate::app::tui::state::State;
use crate::app::tui::state::activity::{ActivityState, WINDOW};
use crate::app::tui::state::event::EventPopup;
use crate::app::tui::state::screen::{Overlay, Screen};
use crate::app::tui::state::text_input::TextInput;
use crate::backlog::model::CardId;
use crate::backlog::watch::Request;
use crate::fleet::activity::{Anchor, Known, Page, Query, Span};

/// What it is made of.
pub(super) const PARTS: ViewParts = ViewParts {
    filter: Some(FilterParts {
        press: press_in_filter,
        paste: |state, text| {
            let cut = state.activity.filter.insert(text);
            filtered(state);
            cut
        },
    }),
    motion: |state, motion, _| step(state, motion),
    peel,
};

/// What the view asks for.
#[must_use]
pub(in crate::app) fn query(state: &State) -> Query {
    state.activity.query()
}

/// Shows the Activity view alone.
pub(in crate::app) fn view(state: &mut State) {
    if state.watch_only || state.screen == Screen::Activity {
        return;
    }
    state.screen = Screen::Activity;
    state.back.clear();
    state.pane.history = None;
    open(state);
}

/// Begins at the newest, with a line where the operator was the last time.
fn open(state: &mut State) {
    let looked = state.activity.known.as_ref().and_then(|known| known.looked);
    // What this dashboard showed last is newer than what the history knows of the time
    // before it was opened.
    state.activity.band = state.activity.seen.or(looked);
    newest(state);
}

fn newest(state: &mut State) {
    state.activity.anchor = Anchor::Newest;
    state.activity.at = None;
    state.activity.top = 0;
}

fn peel(state: &mut State) -> bool {
    if state.is_filtered() {
        state.activity.filtering = false;
        state.activity.filter = TextInput::default();
        filtered(state);
        return true;
    }
    if state.activity.plots {
        state.activity.plots = false;
        return true;
    }
    if state.activity.at.is_some() {
        // Held still: back to what happens now.
        newest(state);
        return true;
    }
    false
}

/// Narrows the events as they were narrowed before.
pub(in crate::app::tui) fn restore_filter(state: &mut State, text: &str) {
    state.activity.filter = TextInput::line(text);
    filtered(state);
}

/// Lets keys go into the filter.
pub(in crate::app::tui) fn filter(state: &mut State) {
    state.activity.filtering = true;
    // A filter narrows events, and nobody sees what they type behind the plots.
    state.activity.plots = false;
}

/// Shows the plots, or the events again.
pub(in crate::app::tui) fn plots(state: &mut State) {
    if present::activity::shows_both(state) {
        return state.say("the figures stand beside the events here".to_owned(), false);
    }
    state.activity.plots = !state.activity.plots;
}

/// Lets figures go back a week, a month, and a day again.
pub(in crate::app::tui) fn longer(state: &mut State) {
    state.activity.span = state.activity.span.next();
    state.say(
        format!("figures of the last {}, {} a cell", state.activity.span.word(), state.activity.span.cell()),
        false,
    );
}

fn press_in_filter(state: &mut State, key: KeyEvent, _: &mut Vec<Effect>) {
    match key.code {
        KeyCode::Enter => state.activity.filtering = false,
        KeyCode::Esc => {
            peel(state);
        }
        KeyCode::Down => step(state, Motion::Down),
        KeyCode::Up => step(state, Motion::Up),
        _ => {
            if state.activity.filter.edits(key) {
                filtered(state);
            }
        }
    }
}

fn filtered(state: &mut State) {
    newest(state);
}

/// Moves the cursor; away from the newest event the view holds still.
fn step(state: &mut State, motion: Motion) {
    let page = layout_of(state).activity_rows.max(1);
    let Some(cursor) = state.activity.cursor() else { return };
    let last = state.activity.events().len() - 1;
    let older = state.activity.page.as_ref().is_some_and(|page| page.older);
    let newer = state.activity.page.as_ref().is_some_and(|page| page.newer > 0);
    let to = match motion {
        Motion::Last => return newest(state),
        Motion::First => {
            if older {
                state.activity.anchor = Anchor::Oldest;
                // The oldest page is still to be read: whatever its first event is, it is
                // not before this place.
                state.activity.at = Some((i64::MIN, 0));
                state.activity.top = 0;
                return;
            }
            0
        }
        Motion::Up => cursor.saturating_sub(1),
        Motion::HalfUp => cursor.saturating_sub(page.div_ceil(2)),
        Motion::Down => (cursor + 1).min(last),
        Motion::HalfDown => (cursor + page.div_ceil(2)).min(last),
    };
    if to == last && !newer {
        return newest(state);
    }
    let Some(shown) = state.activity.page.clone() else { return };
    let events = &shown.events;
    let place = events[to].0;
    // What is shown from now on ends where it ended: what comes moves nothing.
    if state.activity.anchor == Anchor::Newest {
        state.activity.top = (last + 1).saturating_sub(page);
        state.activity.anchor = Anchor::Upto(events[last].0);
    }
    // Asked for before the end of what was read is reached, so that a key that is
    // held down meets no gap.
    let (from_end, from_begin) = (last - to, to);
    let quarter = WINDOW as usize / 4;
    if from_begin < page.max(quarter) && older {
        let middle = events[(to + quarter * 2).min(last)].0;
        state.activity.anchor = Anchor::Upto(middle);
    } else if from_end < page && newer {
        state.activity.anchor = Anchor::From(events[to.saturating_sub(quarter * 2)].0);
    }
    state.activity.at = Some(place);
    keep_in_view(state);
}

/// Scrolls so that the cursor is on the screen.
fn keep_in_view(state: &mut State) {
    let page = layout_of(state).activity_rows.max(1);
    let Some(cursor) = state.activity.cursor() else { return };
    let count = state.activity.events().len();
    let top = state.activity.top.min(cursor).max((cursor + 1).saturating_sub(page));
    state.activity.top = top.min(count.saturating_sub(page));
}

/// Takes a page that was read.
pub(in crate::app::tui) fn take_page(state: &mut State, page: Arc<Page>) {
    state.activity.lost = None;
    if page.query == ActivityState::recent_query() {
        state.activity.recent = Some(page);
        return;
    }
    if page.query != state.activity.query() {
        // It answers an earlier question.
        return;
    }
    // The first line on the screen stays where it is.
    let first = state.activity.events().get(state.activity.top).map(|(place, _)| *place);
    state.activity.page = Some(page);
    if let Some(top) = first.and_then(|first| state.activity.events().iter().position(|(place, _)| *place == first)) {
        state.activity.top = top;
    }
    keep_in_view(state);
}

/// Takes what is known of the last day.
pub(in crate::app::tui) fn take_known(state: &mut State, known: Arc<Known>) {
    state.activity.lost = None;
    if state.activity.known.is_none() && state.screen == Screen::Activity {
        state.activity.band = known.looked;
    }
    state.activity.known = Some(known);
}

/// Asks for what the screen shows and was not read yet, and keeps how far the operator has looked.
pub(in crate::app::tui) fn follow(state: &mut State, effects: &mut Vec<Effect>) {
    if state.screen == Screen::Activity {
        // The terminal may have another size now.
        keep_in_view(state);
    }
    let wanted = match state.screen {
        Screen::Activity => Some(state.activity.query()),
        // Where there would be room for it, were the list short.
        Screen::Fleet if layout_of(state).may_tell_recent => Some(ActivityState::recent_query()),
        _ => None,
    };
    if state.activity.asked != wanted {
        let ask = wanted.clone().map_or(ActivityAsk::Rest, |query| ActivityAsk::Show(Box::new(query)));
        effects.push(Effect::Activity(ask));
        state.activity.asked = wanted;
    }
    // The other views show an hour of it.
    let span = if state.screen == Screen::Activity { state.activity.span } else { Span::Day };
    if state.activity.asked_span != span {
        effects.push(Effect::Activity(ActivityAsk::Span(span)));
        state.activity.asked_span = span;
    }
    if state.screen != Screen::Activity {
        return;
    }
    // Seen is what stands on the screen: the newest, where nothing narrows the view.
    let newest = state.activity.events().last().map(|((at, _), _)| *at);
    let shown = state.overlay.is_none() && layout_of(state).activity_rows > 0;
    let all = shown && state.activity.at.is_none() && !state.is_filtered();
    if let Some(at) = newest.filter(|at| all && state.activity.seen.is_none_or(|seen| seen < *at)) {
        state.activity.seen = Some(at);
        effects.push(Effect::Activity(ActivityAsk::Looked(at)));
    }
}

/// Goes to one of the events on the screen, counted from the top.
pub(in crate::app::tui) fn click(state: &mut State, nth: usize) {
    let events = state.activity.events();
    let rows = layout_of(state).activity_rows;
    let top = if state.activity.at.is_some() { state.activity.top } else { events.len().saturating_sub(rows) };
    if let Some((place, _)) = events.get(top + nth) {
        state.activity.at = Some(*place);
        state.activity.top = top;
        keep_in_view(state);
    }
}

/// Shows the event under the cursor whole.
pub(in crate::app::tui) fn open_event(state: &mut State) {
    let shown = layout_of(state).activity_rows > 0;
    match state.activity.selected().filter(|_| shown).cloned() {
        Some(event) => state.overlay = Some(Overlay::Event(Box::new(EventPopup { event, scroll: 0 }))),
        None => state.say("no event is selected".to_owned(), true),
    }
}

/// From an event to its agent in the Fleet view, else to its card.
pub(in crate::app::tui) fn jump(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(event) = state.activity.selected() else {
        return state.say("no event is selected".to_owned(), true);
    };
    if let Some(row) = event.agent.as_deref().and_then(|name| state.row_named(name)).cloned() {
        state.open(Screen::Fleet);
        return fleet::show(state, &row);
    }
    match event.card.as_deref().and_then(|id| CardId::parse(id).ok()) {
        Some(id) => {
            effects.push(Effect::Backlog(Request::Detail(Some(id))));
            board::want(state, id);
            state.open(Screen::Card);
        }
        None => {
            let why = event
                .agent
                .as_ref()
                .map_or("this event is of no agent".to_owned(), |name| format!("{name} has no row"));
            state.say(why, true);
        }
    }
}
