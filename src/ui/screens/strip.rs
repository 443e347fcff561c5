//! A cell of a strip, which tells what an agent was over a while, and the bars that it is made of.

use crate::fleet::model::{BUSIEST, Readiness, StripCell};
use crate::ui::theme::Theme;
use crate::ui::view::Role;

/// Bars of eight heights, and the same for terminals without UTF-8.
const BARS: [&str; 9] =
    [" ", "\u{2581}", "\u{2582}", "\u{2583}", "\u{2584}", "\u{2585}", "\u{2586}", "\u{2587}", "\u{2588}"];
const BARS_IN_ASCII: [&str; 9] = [" ", ".", ".", ":", ":", "=", "=", "#", "#"];

/// The bars that the terminal can show.
pub(super) fn bars(theme: Theme) -> [&'static str; 9] {
    if theme.unicode { BARS } else { BARS_IN_ASCII }
}

/// The step of a cell that was busy all the time: above half of the line, so that rows of busy agents stay apart.
const HIGHEST: usize = 5;

/// A cell of a strip: as high as it was busy; what needed somebody keeps its mark.
pub(super) fn strip_cell(cell: StripCell, theme: Theme) -> (&'static str, Role) {
    let steps = bars(theme);
    match cell.state {
        None => (if theme.unicode { "\u{b7}" } else { " " }, Role::Quiet),
        Some(state @ (Readiness::Stuck | Readiness::Dead | Readiness::Stale)) => {
            (theme.glyph(state), Role::State(state))
        }
        // A blank would mean that nothing is known of that time, and a full cell would run into the row above it.
        Some(state) => {
            let busy = usize::from(cell.busy.min(BUSIEST));
            (steps[(busy * HIGHEST).div_ceil(usize::from(BUSIEST)).max(1)], Role::State(state))
        }
    }
}
