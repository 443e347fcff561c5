//! Small strokes on the buffer: pieces of text, rules, and a pane's cells.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write;
use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::text;
use super::theme::Theme;
use super::view::{Fit, PaneCut, Piece, Role};
use crate::fleet::model::{Cell, CellColor, acts_on_terminal};
use crate::plain::marks_direction;

/// Writes text at a place, cut at the area's right edge; returns the columns used.
pub(super) fn put(buffer: &mut Buffer, area: Rect, x: u16, y: u16, what: &str, style: Style) -> u16 {
    if y >= area.bottom() || x >= area.right() {
        return 0;
    }
    let room = usize::from(area.right() - x);
    let (end, _) = buffer.set_stringn(x, y, what, room, style);
    end - x
}

/// Blanks to fill a column with.
const BLANKS: &str = "                                                                ";

/// Something short, as text on the stack.
pub(super) struct Brief {
    bytes: [u8; 24],
    length: usize,
}

impl Brief {
    /// Formats it; what does not fit is left out.
    pub(super) fn new(what: impl Display) -> Self {
        let mut bytes = [0; 24];
        let mut rest = &mut bytes[..];
        // Fails only when it is full.
        let _full = write!(rest, "{what}");
        let length = 24 - rest.len();
        Self { bytes, length }
    }

    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.length]).unwrap_or_default()
    }
}

/// Writes one line from left to right, without a copy of what it writes.
pub(super) struct Pen<'a> {
    buffer: &'a mut Buffer,
    area: Rect,
    /// Where the next text begins.
    pub(super) x: u16,
    y: u16,
    theme: Theme,
}

impl<'a> Pen<'a> {
    /// Creates a pen at the left edge of an area, on one of its rows.
    pub(super) fn new(buffer: &'a mut Buffer, area: Rect, y: u16, theme: Theme) -> Self {
        Self { buffer, area, x: area.x, y, theme }
    }

    /// Returns the columns up to the area's right edge.
    pub(super) fn room(&self) -> usize {
        usize::from(self.area.right().saturating_sub(self.x))
    }

    /// Writes a text, cut at the area's right edge.
    pub(super) fn put(&mut self, what: &str, style: Style) {
        let shown = self.theme.text(what);
        self.x += put(self.buffer, self.area, self.x, self.y, &shown, style);
    }

    /// Writes parts of one text into at most `columns`, with an ellipsis where something is missing.
    pub(super) fn put_fitted(&mut self, parts: &[&str], columns: usize, style: Style) {
        let theme = self.theme;
        let whole = parts.iter().try_fold(columns, |room, part| {
            let shown = text::beginning(part, room);
            let wide = (shown.len() == part.len()).then(|| text::width(&theme.text(shown)))?;
            room.checked_sub(wide)
        });
        if whole.is_some() {
            parts.iter().for_each(|part| self.put(part, style));
            return;
        }
        let Some(mut room) = columns.checked_sub(1) else { return };
        for part in parts {
            let shown = theme.text(text::beginning(part, columns));
            let (kept, wide) = text::head(&shown, room);
            self.put(kept, style);
            room -= wide;
            if kept.len() < shown.len() {
                break;
            }
        }
        self.put(theme.ellipsis(), style);
    }

    /// Writes parts of one text into exactly `columns`.
    pub(super) fn put_column(&mut self, parts: &[&str], columns: usize, style: Style) {
        let from = self.x;
        self.put_fitted(parts, columns, style);
        let mut missing = columns.saturating_sub(usize::from(self.x - from)).min(self.room());
        while missing > 0 {
            let blanks = &BLANKS[..missing.min(BLANKS.len())];
            self.put(blanks, style);
            missing -= blanks.len();
        }
    }
}

/// Returns the columns of a piece that stands in a column of its own.
fn columns_of(fit: Fit) -> Option<usize> {
    match fit {
        Fit::Name => Some(12),
        Fit::Label => Some(14),
        Fit::Keys => Some(18),
        Fit::Title => Some(17),
        Fit::Command => Some(22),
        Fit::Key => Some(7),
        Fit::Text | Fit::Rest | Fit::BeforeCursor | Fit::Typed => None,
    }
}

/// Returns the columns that a piece takes where there is room for all of it.
pub(super) fn width_of(piece: &Piece) -> usize {
    columns_of(piece.fit).unwrap_or_else(|| text::width(&piece.text))
}

/// Writes pieces one after the other, cut with an ellipsis where they end early.
pub(super) fn pieces(buffer: &mut Buffer, area: Rect, y: u16, list: &[Piece], theme: Theme) -> u16 {
    let mut pen = Pen::new(buffer, area, y, theme);
    for piece in list {
        let room = pen.room();
        if room == 0 {
            break;
        }
        let style = theme.style(piece.role);
        match columns_of(piece.fit) {
            Some(columns) => pen.put_column(&[&piece.text], columns, style),
            None => pen.put_fitted(&[&piece.text], room, style),
        }
    }
    pen.x
}

/// Draws a horizontal line from one column up to another.
pub(super) fn rule(buffer: &mut Buffer, area: Rect, y: u16, columns: Range<u16>, theme: Theme) {
    for x in columns {
        put(buffer, area, x, y, theme.rule(), theme.style(Role::Quiet));
    }
}

/// Draws a horizontal line with pieces set into it.
pub(super) fn titled_rule(buffer: &mut Buffer, area: Rect, list: &[Piece], theme: Theme) {
    if area.is_empty() {
        return;
    }
    if list.is_empty() || area.width < 6 {
        return rule(buffer, area, area.y, area.x..area.right(), theme);
    }
    rule(buffer, area, area.y, area.x..area.x + 1, theme);
    let inner = Rect { x: area.x + 2, width: area.width - 3, ..area };
    let end = pieces(buffer, inner, area.y, list, theme);
    rule(buffer, area, area.y, end + 1..area.right(), theme);
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
            let shown = without_marks(&cell.text);
            if shown.is_empty() || cell.continuation || cut_off || is_unsafe(&shown) {
                target.set_symbol(" ");
            } else {
                target.set_symbol(theme.symbol(&shown, &mut [0; 4]));
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

/// A cell's text without marks of direction: tmux keeps them behind the letter before, and a grid of cells needs none.
fn without_marks(text: &str) -> Cow<'_, str> {
    if text.contains(marks_direction) { Cow::Owned(text.replace(marks_direction, "")) } else { Cow::Borrowed(text) }
}

/// Returns whether a cell's text could act on the terminal. tmux strips most of it; this is the last gate.
fn is_unsafe(text: &str) -> bool {
    text.chars().any(acts_on_terminal)
}

/// Returns a cell's style, in the terminal's own terms.
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
