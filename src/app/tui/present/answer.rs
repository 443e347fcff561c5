//! An answer in words.

use crate::app::tui::screens::Overlay;
use crate::app::tui::state::State;
use crate::ui::view::{Piece, Popup, Role};

/// The popup of an answer.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Answer(answer)) = &state.overlay else { return None };
    let role = if answer.failed { Role::Warning } else { Role::Plain };
    let mut lines = vec![vec![Piece::new(answer.command.clone(), Role::Quiet)], Vec::new()];
    lines.extend(answer.text.lines().map(|line| vec![Piece::new(line, role)]));
    Some(Popup {
        title: answer.title.clone(),
        lines,
        scroll: answer.scroll,
        marked: None,
        buttons: None,
        hint: "arrows scroll, Esc closes".to_owned(),
    })
}
