//! What can be copied, in words.

use crate::app::tui::state::State;
use crate::app::tui::state::screen::Overlay;
use crate::fleet::model::Label;
use crate::ui::view::{Fit, Piece, Popup, Role};

/// The popup of the open list.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Copy(copy)) = &state.overlay else { return None };
    let lines = copy.items.iter().enumerate().map(|(at, item)| {
        let marked = at == copy.at;
        let role = if marked { Role::Marked } else { Role::Plain };
        let lines = item.text.lines().count();
        let shown = match lines {
            0 | 1 => Label::new(&item.text).to_string(),
            _ => format!("{lines} lines"),
        };
        vec![
            Piece::new(if marked { "> " } else { "  " }, Role::Strong),
            Piece::new(format!("{}  ", item.key), Role::Accent),
            Piece::new(item.what, role).fitted(Fit::Label),
            Piece::new(" ", Role::Quiet),
            Piece::new(shown, Role::Quiet).fitted(Fit::Rest),
        ]
    });
    Some(Popup {
        title: format!("copy of {}", Label::new(&copy.of)),
        lines: lines.collect(),
        scroll: 0,
        marked: Some(copy.at),
        least: (0, 0),
        buttons: None,
        hint: super::pressed(&[("", "a letter copies"), ("Enter", "copies the marked"), ("Esc", "leaves it")]),
    })
}
