//! Where things go, by the size of the terminal alone.

use ratatui::layout::Rect;

/// Minimum size of a terminal that shows anything useful.
pub const MIN_SIZE: (u16, u16) = (24, 8);

/// Below this width only the list is shown.
const LIST_ONLY_BELOW: u16 = 50;

/// Below this height only the list is shown.
const LIST_ONLY_UNDER_ROWS: u16 = 14;

/// From this width on the detail stands beside the list.
const BESIDE_FROM: u16 = 110;

/// From this width on the board's columns stand side by side.
const COLUMNS_FROM: u16 = 64;

/// From this width on the board's columns are equally wide.
const EQUAL_FROM: u16 = 110;

/// Width of a column that is not selected where they are not equally wide.
const NARROW: u16 = 11;

/// From this height on a card takes two lines.
const TWO_LINES_FROM: u16 = 18;

/// From this height on the selected card stands below the columns.
const CARD_FROM_ROWS: u16 = 16;

/// Maximum height of the selected card.
const MAX_CARD_ROWS: u16 = 18;

/// Which view is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewKind {
    /// List, facts and pane.
    Fleet {
        /// Rows in the whole list.
        rows: usize,
        /// Whether the filter line is shown.
        filter: bool,
        /// Lines of facts.
        facts: usize,
    },
    /// One pane.
    Watch,
    /// The backlog.
    Board {
        /// The selected column.
        selected: usize,
        /// Whether the filter line is shown.
        filter: bool,
        /// Whether there is anything to show.
        empty: bool,
    },
}

/// Areas of a frame; an empty one is not drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plan {
    /// Whether the terminal is too small for anything.
    pub too_small: bool,
    /// The first line.
    pub header: Rect,
    /// The filter line.
    pub filter: Rect,
    /// The list with its column titles.
    pub list: Rect,
    /// Facts of the selection, with their title line.
    pub facts: Rect,
    /// The vertical line between list and detail.
    pub divider: Rect,
    /// Title line of the pane.
    pub pane_title: Rect,
    /// The pane's cells.
    pub pane: Rect,
    /// The last line.
    pub footer: Rect,
    /// The board's columns with their title lines.
    pub columns: [Rect; 5],
    /// Lines of a card in a column.
    pub card_rows: u16,
    /// Counts of all columns, where only one is shown.
    pub tabs: Rect,
    /// The selected card below the columns.
    pub card: Rect,
    /// What stands beside it.
    pub beside: Rect,
}

impl Plan {
    /// Returns how many cards of a column the screen shows.
    #[must_use]
    pub fn board_page(&self) -> u16 {
        let tallest = self.columns.iter().map(|column| column.height).max().unwrap_or(0);
        tallest.saturating_sub(1) / self.card_rows.max(1)
    }

    /// Returns how many rows of the list the screen shows.
    #[must_use]
    pub fn list_rows(&self) -> usize {
        usize::from(self.list.height.saturating_sub(1))
    }
}

/// Lays a frame out.
#[must_use]
pub fn plan(width: u16, height: u16, kind: ViewKind) -> Plan {
    if width < MIN_SIZE.0 || height < MIN_SIZE.1 {
        return Plan { too_small: true, ..Plan::default() };
    }
    let mut plan =
        Plan { header: Rect::new(0, 0, width, 1), footer: Rect::new(0, height - 1, width, 1), ..Plan::default() };
    let body = Rect::new(0, 1, width, height - 2);
    match kind {
        ViewKind::Watch => {
            plan.pane_title = Rect { height: 1, ..body };
            plan.pane = Rect { y: body.y + 1, height: body.height - 1, ..body };
        }
        ViewKind::Fleet { rows, filter, facts } => fleet(&mut plan, body, rows, filter, facts),
        ViewKind::Board { selected, filter, empty } => board(&mut plan, body, selected, filter, empty),
    }
    plan
}

fn fleet(plan: &mut Plan, mut body: Rect, rows: usize, filter: bool, facts: usize) {
    if filter {
        plan.filter = Rect { height: 1, ..body };
        body = Rect { y: body.y + 1, height: body.height - 1, ..body };
    }
    let facts = u16::try_from(facts).unwrap_or(u16::MAX).saturating_add(1);
    if rows == 0 || body.width < LIST_ONLY_BELOW || body.height + 2 < LIST_ONLY_UNDER_ROWS {
        plan.list = body;
    } else if body.width >= BESIDE_FROM {
        let list_width = (body.width / 2).clamp(56, 96);
        plan.list = Rect { width: list_width, ..body };
        plan.divider = Rect { x: list_width, width: 1, ..body };
        let detail = Rect { x: list_width + 2, width: body.width - list_width - 2, ..body };
        below(plan, detail, facts.min(detail.height / 2));
    } else {
        let wanted = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(1);
        let list = wanted.clamp(4, (body.height * 2 / 5).max(4));
        plan.list = Rect { height: list, ..body };
        let detail = Rect { y: body.y + list, height: body.height - list, ..body };
        below(plan, detail, facts.min((detail.height / 3).max(2)));
    }
}

fn board(plan: &mut Plan, mut body: Rect, selected: usize, filter: bool, empty: bool) {
    if filter {
        plan.filter = Rect { height: 1, ..body };
        body = Rect { y: body.y + 1, height: body.height - 1, ..body };
    }
    if !empty && body.height >= CARD_FROM_ROWS {
        let height = (body.height * 2 / 5).min(MAX_CARD_ROWS);
        plan.card = Rect { y: body.bottom() - height, height, ..body };
        body.height -= height;
        if body.width >= BESIDE_FROM {
            let left = body.width / 2;
            plan.beside = Rect { x: left + 2, width: body.width - left - 2, ..plan.card };
            plan.card.width = left;
        }
    }
    if body.width < COLUMNS_FROM {
        plan.tabs = Rect { height: 1, ..body };
        plan.columns[selected] = Rect { y: body.y + 1, height: body.height - 1, ..body };
        plan.card_rows = 1;
        return;
    }
    plan.card_rows = if body.height >= TWO_LINES_FROM { 2 } else { 1 };
    // Side by side with equal widths where titles stay readable; else the selected one gets the room.
    let equal = body.width >= EQUAL_FROM;
    let mut x = body.x;
    for (at, column) in plan.columns.iter_mut().enumerate() {
        let width = match (equal, at == selected) {
            (true, _) => body.width / 5 + u16::from(u16::try_from(at).unwrap_or(5) < body.width % 5),
            (false, true) => body.width - 4 * NARROW,
            (false, false) => NARROW,
        };
        // One column of space between two.
        let gap = u16::from(at < 4);
        *column = Rect { x, width: width - gap, ..body };
        x += width;
    }
}

/// Places the facts on top and the pane below them.
fn below(plan: &mut Plan, detail: Rect, facts: u16) {
    plan.facts = Rect { height: facts, ..detail };
    plan.pane_title = Rect { y: detail.y + facts, height: 1, ..detail };
    plan.pane = Rect { y: detail.y + facts + 1, height: detail.height.saturating_sub(facts + 1), ..detail };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_area_leaves_the_terminal(width in 0_u16..300, height in 0_u16..100, rows in 0_usize..200, filter: bool, facts in 0_usize..12) {
            for kind in [ViewKind::Watch, ViewKind::Fleet { rows, filter, facts }, ViewKind::Board { selected: rows % 5, filter, empty: rows == 0 }] {
                let plan = plan(width, height, kind);
                if plan.too_small { continue }
                let whole = Rect::new(0, 0, width, height);
                for area in [plan.header, plan.filter, plan.list, plan.facts, plan.divider, plan.pane_title, plan.pane, plan.footer, plan.tabs, plan.card, plan.beside].into_iter().chain(plan.columns) {
                    prop_assert_eq!(area.intersection(whole), area);
                }
                prop_assert!(plan.pane.intersection(plan.list).is_empty());
                prop_assert!(plan.facts.intersection(plan.list).is_empty());
            }
        }
    }

    #[test]
    fn shapes_follow_the_width() {
        let fleet = ViewKind::Fleet { rows: 7, filter: false, facts: 6 };
        assert!(plan(23, 24, fleet).too_small);
        assert!(plan(40, 12, fleet).pane.is_empty());
        let stacked = plan(80, 24, fleet);
        assert!(stacked.divider.is_empty() && stacked.pane.height >= 7 && stacked.list_rows() == 7);
        let beside = plan(120, 40, fleet);
        assert!(!beside.divider.is_empty() && beside.pane.width >= 56);
    }
}
