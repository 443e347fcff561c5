//! The one place that changes [`State`]: an event in, effects out. No I/O, no clocks.

mod keys;
mod screen;

use std::sync::Arc;

use jiff::ToSpan;

use super::effect::Effect;
use super::event::Event;
use super::report::Report;
use super::state::{Overlay, Screen, State, Toast};
use crate::fleet::model::{FleetSnapshot, PaneTarget};

/// How long a message stays at the bottom.
const TOAST_SECONDS: i64 = 6;

/// Takes one event.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    let mut effects = Vec::new();
    match event {
        Event::Key(key) => keys::press(state, key, &mut effects),
        Event::Paste(text) => keys::paste(state, &text),
        Event::Resize(size) => state.size = size,
        Event::Snapshot(snapshot) => take_snapshot(state, snapshot),
        Event::Pane(picture) => {
            state.pane.screen = Some(picture);
            state.pane.lost = None;
        }
        Event::PaneLost(why) => state.pane.lost = Some(why),
        Event::History(fetched) => take_history(state, fetched),
        Event::Done { command, report } => take_report(state, command, report),
        Event::Tick(now) => {
            state.now = now;
            if state.toast.as_ref().is_some_and(|toast| toast.until <= now) {
                state.toast = None;
            }
        }
        Event::WatchAgent(name) => {
            state.selected = Some(name);
            state.screen = Screen::Watch;
            state.watch_only = true;
        }
    }
    follow_selection(state, &mut effects);
    effects
}

fn take_snapshot(state: &mut State, snapshot: Arc<FleetSnapshot>) {
    for row in &snapshot.agents {
        // What is there at the first look is nothing new.
        state.seen.entry(row.name.clone()).or_insert(row.readiness);
    }
    state.snapshot = Some(snapshot);
    let rows = state.rows();
    let gone = state.selected_row().is_none();
    if gone && !(state.watch_only && state.selected.is_some()) {
        state.selected = rows.first().map(|row| row.name.clone());
    }
    mark_seen(state);
    screen::keep_in_view(state);
}

/// What is selected is being looked at.
fn mark_seen(state: &mut State) {
    if let Some(row) = state.selected_row().cloned() {
        state.seen.insert(row.name.clone(), row.readiness);
    }
}

fn take_history(state: &mut State, fetched: Result<Arc<crate::fleet::model::PaneScreen>, String>) {
    match fetched {
        Ok(picture) => {
            if let Some(history) = &mut state.pane.history {
                history.offset = history.offset.min(picture.size.height);
                history.screen = Some(picture);
            }
        }
        Err(why) => {
            state.pane.history = None;
            toast(state, why, true);
        }
    }
}

fn take_report(state: &mut State, command: String, report: Report) {
    if report.code == super::error::DONE {
        toast(state, report.text, false);
    } else {
        state.overlay = Some(Overlay::Failure { command, text: report.text });
    }
}

fn toast(state: &mut State, text: String, failed: bool) {
    let until = state.now.checked_add(TOAST_SECONDS.seconds()).unwrap_or(state.now);
    state.toast = Some(Toast { text, failed, until });
}

/// Asks for the selected pane's view when it is another one, or has another shape.
fn follow_selection(state: &mut State, effects: &mut Vec<Effect>) {
    let wanted: Option<(crate::fleet::model::SocketName, PaneTarget)> = if screen::shows_pane(state) {
        state.selected_row().and_then(|row| Some((row.socket.clone(), row.target.clone()?)))
    } else {
        None
    };
    let target = wanted.as_ref().map(|(_, target)| target.clone());
    if target == state.pane.target {
        return;
    }
    let same_pane = match (&target, &state.pane.target) {
        (Some(new), Some(old)) => new.pane == old.pane && new.session_id == old.session_id,
        _ => false,
    };
    state.pane.target = target;
    if !same_pane {
        state.pane.screen = None;
        state.pane.history = None;
        state.pane.pan = None;
    }
    state.pane.lost = None;
    effects.push(Effect::View(wanted));
}

#[cfg(test)]
mod tests;
