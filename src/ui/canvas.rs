//! Small strokes on the buffer: pieces of text, rules, and a pane's cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::text;
use super::theme::Theme;
use super::view::{PaneCut, Piece, Role};
use crate::fleet::model::{Cell, CellColor, acts_on_terminal};

/// Writes text at a place, cut at the area's right edge; returns the columns used.
pub(super) fn put(buffer: &mut Buffer, area: Rect, x: u16, y: u16, what: &str, style: Style) -> u16 {
    if y >= area.bottom() || x >= area.right() {
        return 0;
    }
    let room = usize::from(area.right() - x);
    let (end, _) = buffer.set_stringn(x, y, what, room, style);
    end - x
}

/// Writes pieces one after the other, cut with an ellipsis where they end early.
pub(super) fn pieces(buffer: &mut Buffer, area: Rect, y: u16, list: &[Piece], theme: Theme) -> u16 {
    let mut x = area.x;
    for piece in list {
        let room = usize::from(area.right().saturating_sub(x));
        if room == 0 {
            break;
        }
        let shown = theme.fit(&piece.text, room);
        x += put(buffer, area, x, y, &shown, theme.style(piece.role));
    }
    x
}

/// A horizontal line with pieces set into it.
pub(super) fn titled_rule(buffer: &mut Buffer, area: Rect, list: &[Piece], theme: Theme) {
    if area.is_empty() {
        return;
    }
    let rule = |buffer: &mut Buffer, from: u16, to: u16| {
        let line = theme.rule().repeat(usize::from(to.saturating_sub(from)));
        put(buffer, area, from, area.y, &line, theme.style(Role::Quiet));
    };
    if list.is_empty() || area.width < 6 {
        return rule(buffer, area.x, area.right());
    }
    rule(buffer, area.x, area.x + 1);
    let inner = Rect { x: area.x + 2, width: area.width - 3, ..area };
    let end = pieces(buffer, inner, area.y, list, theme);
    rule(buffer, end + 1, area.right());
}

/// Draws a pane's cut-out, one cell to one cell.
pub(super) fn pane(buffer: &mut Buffer, area: Rect, cut: &PaneCut, theme: Theme) {
    let Some(screen) = &cut.screen else { return };
    let (left, top) = cut.origin;
    for y in 0..area.height.min(screen.size.height.saturating_sub(top)) {
        for x in 0..area.width.min(screen.size.width.saturating_sub(left)) {
            let Some(cell) = screen.cell(left + x, top + y) else { continue };
            let Some(target) = buffer.cell_mut((area.x + x, area.y + y)) else { continue };
            let wide = text::width(&cell.text) > 1;
            let cut_off = wide && x + 1 >= area.width;
            if cell.text.is_empty() || cell.continuation || cut_off || is_unsafe(&cell.text) {
                target.set_symbol(" ");
            } else if theme.unicode {
                target.set_symbol(&cell.text);
            } else {
                target.set_symbol(&theme.text(&cell.text));
            }
            target.set_style(style_of(cell, theme));
        }
    }
    let Some((column, row)) = screen.cursor else { return };
    if column >= left
        && row >= top
        && column - left < area.width
        && row - top < area.height
        && let Some(target) = buffer.cell_mut((area.x + column - left, area.y + row - top))
    {
        target.modifier.toggle(Modifier::REVERSED);
    }
}

/// Whether a cell's text could act on the terminal. tmux strips most of it; this is the last gate.
fn is_unsafe(text: &str) -> bool {
    text.chars().any(acts_on_terminal)
}

/// A cell's style, in the terminal's own terms.
pub(super) fn style_of(cell: &Cell, theme: Theme) -> Style {
    let from = cell.style;
    let mut style = Style::reset();
    if theme.color {
        style = style.fg(color(from.fg)).bg(color(from.bg));
    }
    for (set, modifier) in [
        (from.bold, Modifier::BOLD),
        (from.dim, Modifier::DIM),
        (from.italic, Modifier::ITALIC),
        (from.underline, Modifier::UNDERLINED),
        (from.inverse, Modifier::REVERSED),
    ] {
        if set {
            style = style.add_modifier(modifier);
        }
    }
    style
}

fn color(from: CellColor) -> Color {
    match from {
        CellColor::Default => Color::Reset,
        CellColor::Indexed(index) => Color::Indexed(index),
        CellColor::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}
