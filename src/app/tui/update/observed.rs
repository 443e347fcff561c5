//! What was observed of the fleet: the newest rows with their claims, the selection among them, and the pane in view.

use std::collections::HashSet;
use std::sync::Arc;

use crate::app::tui::claims;
use crate::app::tui::effect::Effect;
use crate::app::tui::present::{self, layout_of};
use crate::app::tui::screens::fleet;
use crate::app::tui::state::State;
use crate::fleet::model::{FleetSnapshot, PaneKey, PaneTarget, RowKey};
use crate::ui::columns::Widest;

/// Brings the newest rows and the newest claims together.
pub(super) fn join_claims(state: &mut State) {
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
    state.batch.retain(|key| there.contains(key));
    for row in &snapshot.agents {
        // What is there at the first look is nothing new.
        state.seen.entry(row.key).or_insert(row.readiness);
    }
    state.widest = state.widest.or(Widest::of(&snapshot.agents, present::fleet::strips(state)));
    state.snapshot = Some(snapshot);
    if let Some(name) = &state.wanted {
        let found = state.snapshot.iter().flat_map(|snapshot| &snapshot.agents).find(|row| row.name == *name);
        if let Some(row) = found {
            state.selected = Some(row.key);
            state.wanted = None;
            state.touched = true;
        }
    } else if (state.selected_row().is_none() || !state.touched) && !state.watch_only {
        // It is shown whole to an operator who has pressed nothing yet.
        // Those of the snapshot are in the order of their needs, whatever the list is in.
        let mut rows = state.snapshot.iter().flat_map(|snapshot| &snapshot.agents);
        let first = rows.find(|row| state.filter.filter.accepts(row)).map(|row| row.key);
        if state.selected.is_some() && state.selected != first {
            state.rose = Some(state.now);
        }
        state.selected = first;
    }
    // What is selected is on the screen while it changes, so it is never unread.
    state.mark_seen();
    fleet::keep_in_view(state);
}

/// Measures the rows anew: what was wider before moves nothing on a screen of another size.
pub(super) fn measure(state: &mut State) {
    let rows = state.snapshot.as_ref().map_or(&[][..], |snapshot| &snapshot.agents);
    state.widest = Widest::of(rows, present::fleet::strips(state));
}

/// Asks for the selected pane's view when it is another one, or has another shape.
pub(super) fn follow_selection(state: &mut State, effects: &mut Vec<Effect>) {
    let target: Option<&PaneTarget> = if state.screen.is_of_agents() && layout_of(state).shows_pane {
        state.selected_row().and_then(|row| row.target.as_ref())
    } else {
        None
    };
    // Only another pane or another size needs another client; this is asked with every event.
    if target == state.pane.target.as_ref() {
        return;
    }
    let target = target.cloned();
    let same_pane = match (&target, &state.pane.target) {
        (Some(new), Some(old)) => new.key() == old.key(),
        _ => false,
    };
    state.pane.target.clone_from(&target);
    if !same_pane {
        // Nothing of the pane before may stand under the new one's name, not even for a frame.
        state.pane.screen = None;
        state.pane.history = None;
        state.pane.pan = None;
    }
    state.pane.lost = None;
    effects.push(Effect::View(target));
}

/// Whether this pane is the one in view.
pub(super) fn in_view(state: &State, pane: &PaneKey) -> bool {
    state.pane.target.as_ref().is_some_and(|target| target.key() == *pane)
}
