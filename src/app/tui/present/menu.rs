//! A choice, in words.

use crate::app::tui::state::State;
use crate::app::tui::state::screen::Overlay;
use crate::fleet::model::Label;
use crate::ui::view::{Piece, Popup, Role};

/// So many entries around the marked one.
const MENU_LINES: usize = 14;

/// The popup of an open menu.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Menu(menu)) = &state.overlay else { return None };
    let top = menu.at.saturating_sub(MENU_LINES - 1);
    let lines = menu
        .items
        .iter()
        .enumerate()
        .skip(top)
        .take(MENU_LINES)
        .map(|(at, (label, _))| {
            let marked = at == menu.at;
            let mark = if marked { "> " } else { "  " };
            let role = if marked { Role::Marked } else { Role::Plain };
            vec![Piece::new(mark, Role::Strong), Piece::new(Label::new(label).to_string(), role)]
        })
        .collect();
    Some(Popup {
        title: menu.title.clone(),
        lines,
        scroll: 0,
        marked: Some(menu.at - top),
        least: (0, 0),
        buttons: None,
        hint: super::pressed(&[("", "j and k move"), ("Enter", "chooses"), ("Esc", "leaves it")]),
    })
}
