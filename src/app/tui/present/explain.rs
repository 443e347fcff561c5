//! The explanation of an agent in words.

use super::detail;
use crate::app::tui::state::State;
use crate::app::tui::state::explain::Explain;
use crate::app::tui::state::screen::Overlay;
use crate::ui::view::{Fit, Piece, Popup, Role};

/// The popup of an open explanation.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Explain(Explain { scroll })) = &state.overlay else { return None };
    let lines = match state.selected_row() {
        None => vec![vec![Piece::new("no agent is selected", Role::Plain)]],
        Some(row) => detail::explanation(row, state.now)
            .into_iter()
            .map(|(label, text)| vec![Piece::new(label, Role::Quiet).fitted(Fit::Label), Piece::new(text, Role::Plain)])
            .collect(),
    };
    let name = state.selected_name();
    Some(Popup {
        title: format!("why {name} is what it is"),
        lines,
        scroll: *scroll,
        marked: None,
        least: (0, 0),
        buttons: None,
        hint: super::pressed(&[
            ("Esc", "closes"),
            ("", &format!("the same: {}mosaic-tui agent explain {name}", state.prefix)),
        ]),
    })
}
