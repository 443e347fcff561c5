//! The Watch view: one pane as large as the terminal allows, read-only.

use ratatui::buffer::Buffer;

use super::fleet::pane_cut;
use crate::ui::canvas::{put, rule};
use crate::ui::layout::Plan;
use crate::ui::theme::Theme;
use crate::ui::view::{PaneCut, Role};

/// Draws the Watch view.
pub(crate) fn draw(buffer: &mut Buffer, plan: &Plan, cut: &PaneCut, theme: Theme) {
    pane_cut(buffer, plan, cut, theme);
    // Where the terminal is larger than the pane, its edges are drawn, so that emptiness outside
    // is not taken for emptiness inside.
    let Some(screen) = &cut.screen else { return };
    let right = plan.pane.x + screen.size.width.saturating_sub(cut.origin.0);
    let bottom = plan.pane.y + screen.size.height.saturating_sub(cut.origin.1);
    let quiet = theme.style(Role::Quiet);
    if right < plan.pane.right() {
        for y in plan.pane.y..bottom.min(plan.pane.bottom()) {
            put(buffer, plan.pane, right, y, theme.bar(), quiet);
        }
    }
    if bottom < plan.pane.bottom() {
        rule(buffer, plan.pane, bottom, plan.pane.x..right.min(plan.pane.right()), theme);
    }
}
