//! The pane in view: which part of it, and what is said over it.

use crate::app::tui::state::State;
use crate::fleet::model::{AgentRow, PaneFacts, PaneScreen, Size, first_row_that_matters};
use crate::ui::layout::Plan;
use crate::ui::theme::role;
use crate::ui::view::{PaneCut, Piece, Role};

/// Corner of a pane's cut-out: where the operator panned to, else the lines that matter: the
/// cursor's, or the last that hold anything.
#[must_use]
pub(in crate::app::tui) fn anchor(screen: &PaneScreen, room: Size, pan: Option<(u16, u16)>, dead: bool) -> (u16, u16) {
    let most = (screen.size.width.saturating_sub(room.width), screen.size.height.saturating_sub(room.height));
    if let Some((column, row)) = pan {
        return (column.min(most.0), row.min(most.1));
    }
    // tmux writes its own notice into the last line of a dead pane; what the program said matters.
    let lines = screen.size.height.saturating_sub(u16::from(dead));
    let last_line = (0..lines).rev().find(|row| !screen.row_text(*row).is_empty()).unwrap_or(0);
    // A dead pane keeps its last cursor, which nothing moves any more.
    let cursor = screen.cursor.filter(|_| !dead).map(|(_, row)| row);
    (0, first_row_that_matters(screen.size.height, last_line, cursor, room.height))
}

/// The cells of the pane in view, with what is said over them.
pub(super) fn cut(state: &State, plan: &Plan) -> PaneCut {
    let mut title = Vec::new();
    let mut note = None;
    match state.selected_row() {
        None => {}
        Some(row) => {
            if let Some(pane) = &row.pane {
                title.push(Piece::new(format!("pane {} {}x{}", pane.id, pane.width, pane.height), Role::Quiet));
                title.push(Piece::new(format!("  {}", pane.title), Role::Plain));
            }
            note = note_of(state, row);
        }
    }
    let room = Size { width: plan.pane.width, height: plan.pane.height };
    let screen = state.pane.screen.clone();
    let origin = screen.as_ref().map_or((0, 0), |screen| anchor(screen, room, state.pane.pan, is_dead(state)));
    let facts = vec![Piece::new("read-only", Role::Quiet)];
    PaneCut { title, facts, screen, origin, note }
}

/// Whether the selected agent's pane outlived its process.
#[must_use]
pub(in crate::app::tui) fn is_dead(state: &State) -> bool {
    state.selected_row().and_then(|row| row.pane.as_ref()).is_some_and(|pane| pane.dead)
}

/// How the process of a dead pane ended.
pub(super) fn end_of(pane: &PaneFacts) -> String {
    match (&pane.exit_signal, pane.exit_status) {
        (Some(signal), _) => format!("dead: killed by {signal}"),
        (None, Some(status)) => format!("dead: exit status {status}"),
        (None, None) => "dead".to_owned(),
    }
}

/// The same over its cells, in the colour that it has everywhere.
pub(super) fn end_note(row: &AgentRow, pane: &PaneFacts) -> Piece {
    Piece::new(end_of(pane), role(row.shown()))
}

/// What is said over, or instead of, a pane's cells.
fn note_of(state: &State, row: &AgentRow) -> Option<Piece> {
    let note = |text: String| Some(Piece::new(text, Role::Warning));
    match (&row.pane, &state.pane.lost) {
        // Before why the view was lost: without a pane that is only what follows from it.
        (None, _) => note(format!("no pane: {}", row.reason)),
        // Its last screen stays below this: what it said before it ended is what is looked for.
        (Some(pane), _) if pane.dead => Some(end_note(row, pane)),
        (_, Some(why)) => note(why.clone()),
        (Some(_), None) if state.pane.screen.is_none() => note("opening\u{2026}".to_owned()),
        _ => None,
    }
}
