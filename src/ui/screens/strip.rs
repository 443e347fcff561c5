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

/// A cell of what was printed: a step higher for twice as many rows, so that a line now and then shows beside a flood.
pub(super) fn output_cell(rows: u64, theme: Theme) -> &'static str {
    let step = rows.checked_ilog2().map_or(0, |twice| usize::try_from(twice).unwrap_or(0) + 1);
    // A full cell would run into the row above it.
    bars(theme)[step.min(7)]
}

/// A cell of a strip: as high as it was busy; what needed somebody keeps its mark.
pub(super) fn strip_cell(cell: StripCell, theme: Theme) -> (&'static str, Role) {
    let steps = bars(theme);
    match cell.state {
        // Hardly to be seen: a fleet that has just begun has more of them than of all others.
        None => (if theme.unicode { "\u{b7}" } else { " " }, Role::Faint),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::theme::Depth;

    #[test]
    fn one_row_shows_and_a_flood_fills_no_cell() {
        let of = |unicode: bool| {
            let theme = Theme::new("dark", Depth::Full, unicode);
            [0, 1, 2, 3, 4, 60, 64, 5_000, u64::MAX].map(|rows| output_cell(rows, theme)).concat()
        };
        assert_eq!(of(true), " \u{2581}\u{2582}\u{2582}\u{2583}\u{2586}\u{2587}\u{2587}\u{2587}");
        assert_eq!(of(false), " ...:=###");
    }
}
