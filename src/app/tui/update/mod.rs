//! The one place that changes [`State`]: an event in, effects out. No I/O, no clocks.

mod answers;
mod board;
mod dispatch;
mod form;
mod hand;
mod keys;
mod palette;
mod screen;

use std::collections::HashSet;
use std::sync::Arc;

use jiff::ToSpan;

use super::claims;
use super::effect::Effect;
use super::event::Event;
use super::state::{Overlay, Reading, Screen, State, Toast};
use crate::app::action::dispatch::Sent;
use crate::app::action::error::DONE;
use crate::app::action::report::Report;
use crate::fleet::model::{FleetSnapshot, PaneKey, PaneTarget, RowKey};

/// How long a message stays at the bottom.
const TOAST_SECONDS: i64 = 4;

/// Takes one event.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    let mut effects = Vec::new();
    // What comes from outside between a frame and a key may bring another row or card below the operator's finger.
    let from_outside = matches!(event, Event::Snapshot(_) | Event::Board(..) | Event::Card(..));
    let before = from_outside.then(|| hand::all(state));
    match event {
        Event::Key(key) => {
            state.leaving = state.leaving.saturating_sub(1);
            keys::press(state, key, &mut effects);
        }
        Event::Paste(text) => keys::paste(state, &text),
        Event::PasteStalled => {
            toast(state, "a paste is not whole yet: keys wait for its rest, Ctrl-C gives it up".to_owned(), true);
        }
        Event::Resize(size) => {
            state.size = size;
            state.marked = None;
            if let Some(Overlay::Confirm { reading, .. }) = &mut state.overlay {
                *reading = Reading::default();
            }
        }
        Event::Drawn(drawn) => {
            state.shifted = false;
            state.came = false;
            let shown = drawn.popup.is_some_and(|lines| lines.marked);
            state.marked = state.overlay.as_ref().and_then(Overlay::mark).filter(|_| shown);
            if let (Some(Overlay::Confirm { reading, .. }), Some(lines)) = (&mut state.overlay, drawn.popup) {
                reading.show(lines);
            }
        }
        Event::Snapshot(snapshot) => {
            state.observed = Some(snapshot);
            join_claims(state);
        }
        Event::Board(read, read_at) => {
            board::take_board(state, read, read_at);
            join_claims(state);
        }
        Event::Card(id, read) => board::take_card(state, &id, read),
        Event::BacklogLost(why) => {
            let since = state.board.lost.as_ref().map_or(state.now, |(_, since)| *since);
            state.board.lost = Some((why, since));
        }
        Event::Edited { card, text } => form::edited(state, &card, text, &mut effects),
        // What comes late belongs to a pane that is no longer in view.
        Event::Pane(pane, picture) if in_view(state, &pane) => {
            state.pane.screen = Some(picture);
            state.pane.lost = None;
        }
        Event::PaneLost(pane, why) if in_view(state, &pane) => state.pane.lost = Some(why),
        Event::History(pane, fetched) if in_view(state, &pane) => take_history(state, fetched),
        Event::Pane(..) | Event::PaneLost(..) | Event::History(..) => {}
        Event::Progress { command, text } => toast(state, format!("{command}: {text}"), false),
        Event::Done { sent, report } => take_answer(state, sent, report),
        Event::Returned { command, report } => tell(state, command, report),
        Event::Tick(now) => {
            state.now = now;
            if state.toast.as_ref().is_some_and(|toast| toast.until <= now) {
                state.toast = None;
            }
        }
        Event::WatchAgent(name) => {
            state.wanted = Some(name);
            state.screen = Screen::Watch;
            state.watch_only = true;
        }
    }
    state.shifted |= before.is_some_and(|before| before != hand::all(state));
    answers::show(state);
    if !state.shows_mark() {
        // What is marked became another, or was closed: seen is only what a frame shows from here on.
        state.marked = None;
    }
    follow_selection(state, &mut effects);
    board::follow(state, &mut effects);
    for effect in &effects {
        if let Effect::Run { sent, .. } = effect {
            state.running.push(sent.clone());
        }
    }
    effects
}

/// Brings the newest rows and the newest claims together.
fn join_claims(state: &mut State) {
    let Some(observed) = state.observed.clone() else { return };
    let joined = match &state.board.board {
        Some(board) => Arc::new(claims::attached(&observed, board, state.board.clock(state.now))),
        None => observed,
    };
    take_snapshot(state, joined);
}

fn take_snapshot(state: &mut State, snapshot: Arc<FleetSnapshot>) {
    // Sessions come and go for as long as the dashboard is open.
    let there: HashSet<&RowKey> = snapshot.agents.iter().map(|row| &row.key).collect();
    state.seen.retain(|key, _| there.contains(key));
    for row in &snapshot.agents {
        // What is there at the first look is nothing new.
        state.seen.entry(row.key.clone()).or_insert(row.readiness);
    }
    state.snapshot = Some(snapshot);
    if let Some(name) = &state.wanted {
        let found = state.snapshot.iter().flat_map(|snapshot| &snapshot.agents).find(|row| row.name == *name);
        if let Some(row) = found {
            state.selected = Some(row.key.clone());
            state.wanted = None;
        }
    } else if state.selected_row().is_none() && !state.watch_only {
        state.selected = state.rows().first().map(|row| row.key.clone());
    }
    mark_seen(state);
    screen::keep_in_view(state);
}

/// What is selected is being looked at.
fn mark_seen(state: &mut State) {
    if !matches!(state.screen, Screen::Fleet | Screen::Watch) {
        return;
    }
    if let Some(row) = state.selected_row().cloned() {
        state.seen.insert(row.key.clone(), row.readiness);
    }
}

fn take_history(state: &mut State, fetched: Result<Arc<crate::fleet::model::PaneScreen>, String>) {
    match fetched {
        Ok(picture) => {
            let most = picture.size.height.saturating_sub(super::present::layout_of(state).pane.height);
            if most == 0 {
                state.pane.history = None;
                toast(state, "no scrollback above this screen".to_owned(), false);
            } else if let Some(history) = &mut state.pane.history {
                history.offset = history.offset.min(most);
                history.screen = Some(picture);
            }
        }
        Err(why) => {
            state.pane.history = None;
            toast(state, why, true);
        }
    }
}

/// Takes the answer of a request: to where it was typed, else it is told.
fn take_answer(state: &mut State, sent: Sent, mut report: Report) {
    state.running.retain(|running| running.id != sent.id);
    let undone = state.board.undoing.iter().position(|(id, _)| *id == sent.id);
    let undone = undone.map(|at| state.board.undoing.remove(at));
    let done = report.code == DONE;
    if let Some((_, undo)) = undone {
        // What an undo did is not offered again: a second U would only repeat the first change.
        report.undo = None;
        if !done && state.board.undo.is_none() {
            // It was not taken back, and may be tried again.
            state.board.undo = Some(undo);
        }
    }
    if answers::answered(state, sent.id, (!done).then(|| lines_of(&report).join("; ")).as_deref()) && !done {
        state.toast = None;
        return;
    }
    tell(state, sent.command, report);
}

/// What a report says, line by line: what failed first.
fn lines_of(report: &Report) -> Vec<&str> {
    report.errors.iter().map(String::as_str).chain(Some(report.text.as_str()).filter(|text| !text.is_empty())).collect()
}

/// Tells how something ended: at the bottom, or in a popup where that says too little.
fn tell(state: &mut State, command: String, report: Report) {
    if report.code == DONE {
        // What is done may come with a warning.
        let mut text = lines_of(&report).join("\n");
        if let Some(undo) = report.undo {
            state.board.undo = Some((text.clone(), *undo));
            text.push_str("  (U takes it back)");
        }
        match text.split_once('\n') {
            Some(_) => {
                state.toast = None;
                let title = "done".to_owned();
                answers::keep(state, Overlay::Answer { title, command, text, failed: false, scroll: 0 });
            }
            None => toast(state, text, false),
        }
        return;
    }
    state.toast = None;
    // An answer that is complete but not good, such as a status, has not failed.
    let complete = report.errors.is_empty() && report.text.contains('\n');
    let title = if complete { format!("exit {}", report.code) } else { "failed".to_owned() };
    let text = lines_of(&report).join("\n");
    answers::keep(state, Overlay::Answer { title, command, text, failed: !complete, scroll: 0 });
}

fn toast(state: &mut State, text: String, failed: bool) {
    let until = state.now.checked_add(TOAST_SECONDS.seconds()).unwrap_or(state.now);
    state.toast = Some(Toast { text, failed, until });
}

/// Asks for the selected pane's view when it is another one, or has another shape.
fn follow_selection(state: &mut State, effects: &mut Vec<Effect>) {
    let target: Option<PaneTarget> =
        if screen::shows_pane(state) { state.selected_row().and_then(|row| row.target.clone()) } else { None };
    if target == state.pane.target {
        return;
    }
    let same_pane = match (&target, &state.pane.target) {
        (Some(new), Some(old)) => new.key() == old.key(),
        _ => false,
    };
    state.pane.target.clone_from(&target);
    if !same_pane {
        state.pane.screen = None;
        state.pane.history = None;
        state.pane.pan = None;
    }
    state.pane.lost = None;
    effects.push(Effect::View(target));
}

/// Whether this pane is the one in view.
fn in_view(state: &State, pane: &PaneKey) -> bool {
    state.pane.target.as_ref().is_some_and(|target| target.key() == *pane)
}

#[cfg(test)]
mod board_tests;
#[cfg(test)]
mod tests;
