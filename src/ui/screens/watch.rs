//! The Watch view: one pane as large as the terminal allows, read-only.

use ratatui::buffer::Buffer;

use super::fleet::pane_cut;
use crate::ui::canvas::{Panel, panel, rule, stroke};
use crate::ui::layout::{Edges, Plan};
use crate::ui::theme::Theme;
use crate::ui::view::PaneCut;

/// Draws the Watch view.
pub(crate) fn draw(buffer: &mut Buffer, plan: &Plan, cut: &PaneCut, theme: Theme) {
    let edge = Panel { title: &cut.title, facts: &cut.facts, focused: true, ..Panel::default() };
    panel(buffer, plan.pane_title, Edges::Rule, &edge, theme);
    pane_cut(buffer, plan, cut, theme);
    // Where the terminal is larger than the pane, its edges are drawn, so that emptiness outside
    // is not taken for emptiness inside.
    let Some(screen) = &cut.screen else { return };
    let right = plan.pane.x + screen.size.width.saturating_sub(cut.origin.0);
    let bottom = plan.pane.y + screen.size.height.saturating_sub(cut.origin.1);
    if right < plan.pane.right() {
        for y in plan.pane.y..bottom.min(plan.pane.bottom()) {
            stroke(buffer, right, y, theme.bar(), theme.edge(false));
        }
    }
    if bottom < plan.pane.bottom() {
        rule(buffer, bottom, plan.pane.x..right.min(plan.pane.right()), theme, false);
        if right < plan.pane.right() {
            let [.., corner] = theme.frame().corners;
            stroke(buffer, right, bottom, corner, theme.edge(false));
        }
    }
}
