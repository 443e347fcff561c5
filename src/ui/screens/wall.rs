//! The Wall view: tiles, each with its agent's state in the edge.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::fleet::{note, note_mark};
use super::list::{empty, filter};
use crate::ui::canvas::{Panel, Pen, pane, panel, stroke};
use crate::ui::layout::{Edges, Plan};
use crate::ui::text;
use crate::ui::theme::{Theme, role};
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
    draw_folded(buffer, plan, view, theme);
}

/// Draws the lines of folded tiles, under their rule.
fn draw_folded(buffer: &mut Buffer, plan: &Plan, view: &WallView, theme: Theme) {
    let strip = plan.grid.strip;
    if strip.is_empty() {
        return;
    }
    let rule = Rect { y: strip.y.saturating_sub(1), height: 1, ..strip };
    let [title, facts] = &view.fold;
    panel(buffer, rule, Edges::Rule, &Panel { title, facts, ..Panel::default() }, theme);
    for (at, line) in view.folded.iter().take(plan.grid.lines()).enumerate() {
        let place = plan.grid.line(at);
        let shown = line.agent.shown();
        if line.selected {
            buffer.set_style(place, theme.band());
            stroke(buffer, place.x, place.y, theme.selected(), theme.style(Role::Accent));
        }
        // A blank column between two lines.
        let inner = Rect { x: place.x + 1, width: place.width.saturating_sub(2), ..place };
        let mut pen = Pen::new(buffer, inner, inner.y, theme);
        note_mark(&mut pen, (line.marked, line.unread, line.snoozed), theme);
        pen.put(theme.glyph(shown), theme.style(role(shown)));
        pen.put(" ", theme.style(Role::Quiet));
        let name = theme.style(if line.selected { Role::Accent } else { Role::Plain });
        pen.put_fitted(&line.agent.shown_name_parts(), pen.room(), name);
        pen.put("  ", theme.style(Role::Quiet));
        pen.put_fitted(&[&line.what.text], pen.room(), theme.style(line.what.role));
    }
}

fn draw_tile(buffer: &mut Buffer, plan: &Plan, at: usize, tile: &TileView, theme: Theme) {
    let cells = plan.grid.cells(at);
    let (frame, edges) = if plan.grid.has_edges() {
        (plan.grid.tile(at), Edges::Full)
    } else {
        (Rect { y: cells.y.saturating_sub(1), height: cells.height + 1, ..cells }, Edges::Rule)
    };
    let shown = tile.agent.shown();
    let state = role(shown);
    let tint = tile.needs.then_some(tile.what.role);
    panel(buffer, frame, edges, &Panel { focused: tile.selected, tint, ..Panel::default() }, theme);
    if edges == Edges::Rule {
        // A rule of the pane's own, such as a composer's, would be taken for the edge of the next tile.
        buffer.set_style(Rect { height: 1, ..frame }, theme.band());
    }
    // Every column counts in a narrow edge: a mark, the state, and a corner where there is one.
    let right = if edges == Edges::Full { 3 } else { 1 };
    let inner = Rect { x: frame.x + 1, width: frame.width.saturating_sub(right), height: 1, ..frame };
    let mut pen = Pen::new(buffer, inner, inner.y, theme);
    note_mark(&mut pen, (tile.marked, tile.unread, tile.snoozed), theme);
    pen.put(theme.glyph(shown), theme.style(state));
    pen.put(" ", theme.style(state));
    let name = theme.style(Role::Strong);
    let name = if tile.selected { name.patch(theme.style(Role::Accent)) } else { name };
    pen.put_fitted(&tile.agent.shown_name_parts(), pen.room(), name);
    pen.put("  ", theme.style(Role::Quiet));
    let is_cut = text::width_within(&tile.what.text, pen.room()).is_none();
    pen.put_fitted(&[&tile.what.text], pen.room(), theme.style(tile.what.role));
    let end = pen.x;
    if end < frame.right() {
        stroke(buffer, end, frame.y, " ", theme.style(Role::Quiet));
    }
    if tile.selected && edges == Edges::Rule {
        stroke(buffer, frame.x, frame.y, theme.selected(), theme.style(Role::Accent));
    }
    pane(buffer, cells, &tile.cut, theme);
    if is_cut {
        asks(buffer, cells, tile, theme);
    }
    note(buffer, cells, &tile.cut, theme);
}

/// Writes what an agent wants over the rows of its pane that are empty; where the pane is cut at its side, so that it cannot be
/// read there either, over as many as it takes.
fn asks(buffer: &mut Buffer, cells: Rect, tile: &TileView, theme: Theme) {
    let is_blank = |buffer: &Buffer, y: u16| {
        (cells.x..cells.right()).all(|x| buffer.cell((x, y)).is_none_or(|cell| cell.symbol().trim().is_empty()))
    };
    let blank = (cells.y..cells.bottom()).take_while(|y| is_blank(buffer, *y)).count();
    let cropped = tile.cut.screen.as_ref().is_some_and(|screen| screen.size.width > cells.width);
    // A row of the pane is left, which shows whether it moves, or how it ended; without a pane what stands in its middle.
    let most = match (cropped, &tile.cut.screen, &tile.cut.note) {
        (true, ..) => usize::from(cells.height.saturating_sub(1)),
        (false, Some(_), None) => blank,
        (false, Some(_), Some(_)) => blank.min(usize::from(cells.height.saturating_sub(1))),
        (false, None, _) => usize::from(cells.height / 2),
    };
    let width = usize::from(cells.width);
    let style = theme.raised().patch(theme.style(tile.what.role));
    let mut free = (cells.y..cells.bottom()).take(most).peekable();
    for row in &tile.asks {
        let shown = theme.text(row);
        let mut rest: &str = &shown;
        // Cut and not wrapped: a frame copies no text.
        while let Some(y) = free.next() {
            let (line, behind) = text::words_within(rest, width);
            // What has no room at all is missing behind the last line that has.
            let is_cut = free.peek().is_none() && !behind.is_empty();
            let (line, _) = text::head(line, if is_cut { width.saturating_sub(1) } else { width });
            let place = Rect { y, height: 1, ..cells };
            Clear.render(place, buffer);
            buffer.set_style(place, style);
            let mut pen = Pen::new(buffer, place, y, theme);
            pen.put(line, style);
            pen.put(if is_cut { theme.ellipsis() } else { "" }, style);
            // A character that is wider than the tile would be tried for ever.
            if behind.is_empty() || line.is_empty() {
                break;
            }
            rest = behind;
        }
    }
}
