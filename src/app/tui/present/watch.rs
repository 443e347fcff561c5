//! The Watch view in words: one pane, and its scrollback.

use super::pane;
use crate::app::tui::state::State;
use crate::ui::layout::{Plan, ViewKind};
use crate::ui::theme::{glyph, role};
use crate::ui::view::{Body, PaneCut, Piece, Role};

/// What decides how its room is divided.
pub(in crate::app::tui) fn plan(_: &State) -> ViewKind {
    ViewKind::Watch
}

/// What there is to draw of it.
pub(in crate::app::tui) fn body(state: &State, plan: &Plan) -> Body {
    Body::Watch(watch(state, plan))
}

fn watch(state: &State, plan: &Plan) -> PaneCut {
    let mut cut = pane::cut(state, plan);
    let name = state.selected_name();
    let mut title = vec![Piece::new(format!("{name}  "), Role::Strong)];
    if let Some(row) = state.selected_row() {
        let shown = row.shown();
        title.push(Piece::new(format!("{} {}  ", glyph(shown), shown.word()), role(shown)));
    } else if state.snapshot.is_some() {
        cut.note = Some(Piece::new("no such agent or session", Role::Warning));
    }
    if let Some(history) = &state.pane.history {
        title.push(Piece::new(format!("SCROLLBACK -{} ", history.offset), Role::Warning));
        match &history.screen {
            None => cut.note = Some(Piece::new("fetching the scrollback\u{2026}", Role::Warning)),
            Some(text) => {
                let top = text.size.height.saturating_sub(plan.pane.height).saturating_sub(history.offset);
                let column = state.pane.pan.map_or(0, |(column, _)| column);
                cut.origin = (column.min(text.size.width), top);
                cut.screen = Some(text.clone());
                cut.note = None;
            }
        }
    }
    title.append(&mut cut.title);
    cut.title = title;
    // It needs nobody, and the edge in which it stands has the colour of what is selected.
    cut.facts = vec![Piece::new("READ-ONLY", Role::Strong), Piece::new("  q leaves", Role::Quiet)];
    cut
}
