//! A diff: one panel of lines, each in the colour of what became of it.

use ratatui::buffer::Buffer;

use super::list::{empty, filter};
use crate::ui::canvas::{Panel, panel, pieces};
use crate::ui::layout::Plan;
use crate::ui::theme::Theme;
use crate::ui::view::DiffView;

/// Draws a diff.
pub(crate) fn draw(buffer: &mut Buffer, plan: &Plan, view: &DiffView, theme: Theme) {
    filter(buffer, plan.filter, view.filter.as_ref(), theme);
    let edge = Panel { title: &view.title, facts: &view.facts, foot: &view.foot, focused: true, ..Panel::default() };
    panel(buffer, plan.list_frame, plan.edges, &edge, theme);
    if !view.empty.is_empty() {
        return empty(buffer, plan.list, &view.empty, theme);
    }
    for (y, line) in (plan.list.y..plan.list.bottom()).zip(&view.lines) {
        pieces(buffer, plan.list, y, line, theme);
    }
}
