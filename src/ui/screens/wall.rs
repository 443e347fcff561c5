//! The Wall view: tiles, each with its agent's state in the edge.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::fleet::{note, note_mark};
use super::list::{empty, filter};
use crate::ui::canvas::{Panel, Pen, pane, panel, stroke};
use crate::ui::layout::{Edges, Plan};
use crate::ui::theme::Theme;
use crate::ui::view::{Role, TileView, WallView};

/// Draws the Wall view.
pub(crate) fn draw(buffer: &mut Buffer, plan: &Plan, view: &WallView, theme: Theme) {
    filter(buffer, plan.filter, view.filter.as_ref(), theme);
    let head = Panel { title: &view.title, facts: &view.facts, ..Panel::default() };
    panel(buffer, plan.pane_title, Edges::Rule, &head, theme);
    if view.tiles.is_empty() {
        empty(buffer, plan.grid.area, &view.empty, theme);
    }
    // A terminal that shrank meanwhile has fewer places than the view has tiles.
    for (at, tile) in view.tiles.iter().take(plan.grid.page()).enumerate() {
        draw_tile(buffer, plan, at, tile, theme);
    }
}

fn draw_tile(buffer: &mut Buffer, plan: &Plan, at: usize, tile: &TileView, theme: Theme) {
    let cells = plan.grid.cells(at);
    let (frame, edges) = if plan.grid.has_edges() {
        (plan.grid.tile(at), Edges::Full)
    } else {
        (Rect { y: cells.y.saturating_sub(1), height: cells.height + 1, ..cells }, Edges::Rule)
    };
    let state = if tile.agent.managed { Role::State(tile.agent.readiness) } else { Role::Quiet };
    let tint = tile.needs.then_some(tile.what.role);
    panel(buffer, frame, edges, &Panel { focused: tile.selected, tint, ..Panel::default() }, theme);
    // Every column counts in a narrow edge: a mark, the state, and a corner where there is one.
    let right = if edges == Edges::Full { 3 } else { 1 };
    let inner = Rect { x: frame.x + 1, width: frame.width.saturating_sub(right), height: 1, ..frame };
    let mut pen = Pen::new(buffer, inner, inner.y, theme);
    note_mark(&mut pen, (tile.marked, tile.unread, tile.snoozed), theme);
    pen.put(theme.glyph(tile.agent.readiness), theme.style(state));
    pen.put(" ", theme.style(state));
    let name = theme.style(Role::Strong);
    let name = if tile.selected { name.patch(theme.style(Role::Accent)) } else { name };
    pen.put_fitted(&tile.agent.shown_name_parts(), pen.room(), name);
    pen.put("  ", theme.style(Role::Quiet));
    pen.put_fitted(&[&tile.what.text], pen.room(), theme.style(tile.what.role));
    let end = pen.x;
    if end < frame.right() {
        stroke(buffer, end, frame.y, " ", theme.style(Role::Quiet));
    }
    if tile.selected && edges == Edges::Rule {
        stroke(buffer, frame.x, frame.y, theme.selected(), theme.style(Role::Accent));
    }
    pane(buffer, cells, &tile.cut, theme);
    note(buffer, cells, &tile.cut, theme);
}
