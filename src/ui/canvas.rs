//! Small strokes on the buffer: pieces of text, rules, and a pane's cells.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write;
use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::layout::Edges;
use super::text;
use super::theme::Theme;
use super::view::{Fit, PaneCut, Piece, Reach, Role};
use crate::fleet::model::{Cell, CellColor, acts_on_terminal};
use crate::plain::marks_direction;

/// Writes text at a place, cut at the area's right edge; returns the columns used.
pub(super) fn put(buffer: &mut Buffer, area: Rect, x: u16, y: u16, what: &str, style: Style) -> u16 {
    if y >= area.bottom() || x >= area.right() {
        return 0;
    }
    // `set_stringn` stops at the buffer's edge, and the area may end before it.
    let room = usize::from(area.right() - x);
    let (end, _) = buffer.set_stringn(x, y, what, room, style);
    end - x
}

/// Blanks to fill a column with.
// Not `" ".repeat(n)`: a frame is drawn without allocations of its own, and a list has a column to
// fill per cell.
const BLANKS: &str = "                                                                ";

/// Something short, as text on the stack.
pub(super) struct Brief {
    // Enough for the longest age: "expired" and the days of the longest duration.
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
        // Measured piece by piece, since joining the parts would copy them for each row of each frame.
        let whole = parts.iter().try_fold(columns, |room, part| {
            let shown = text::beginning(part, room);
            // What is longer than its beginning cannot fit; measuring the rest would cost what was pasted, not
            // what is shown.
            let wide = (shown.len() == part.len()).then(|| text::width(&theme.text(shown)))?;
            room.checked_sub(wide)
        });
        if whole.is_some() {
            parts.iter().for_each(|part| self.put(part, style));
            return;
        }
        // The ellipsis takes a column of its own.
        let Some(mut room) = columns.checked_sub(1) else { return };
        for part in parts {
            let shown = theme.text(text::beginning(part, columns));
            let (kept, wide) = text::head(&shown, room);
            self.put(kept, style);
            room -= wide;
            // Behind what was cut a later part would read as if it followed.
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
        // A column may be wider than the blanks that are kept.
        while missing > 0 {
            let blanks = &BLANKS[..missing.min(BLANKS.len())];
            self.put(blanks, style);
            missing -= blanks.len();
        }
    }
}

impl Pen<'_> {
    /// Writes a short text at the right of exactly `columns`.
    pub(super) fn put_right(&mut self, what: &str, columns: usize, style: Style) {
        let missing = columns.saturating_sub(text::width(what)).min(BLANKS.len());
        self.put(&BLANKS[..missing], style);
        self.put_fitted(&[what], columns, style);
    }

    /// Leaves columns blank.
    pub(super) fn skip(&mut self, columns: usize) {
        // A pen beyond the right edge would underflow the room that is left.
        self.x = self.x.saturating_add(u16::try_from(columns).unwrap_or(u16::MAX)).min(self.area.right());
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
        Fit::Text | Fit::Rest | Fit::Whole | Fit::BeforeCursor | Fit::Typed => None,
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
        if piece.fit == Fit::Whole && text::width_within(&piece.text, room).is_none() {
            continue;
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
pub(super) fn rule(buffer: &mut Buffer, y: u16, columns: Range<u16>, theme: Theme, focused: bool) {
    for x in columns {
        stroke(buffer, x, y, theme.rule(), theme.edge(focused));
    }
}

/// Writes one part of an edge.
pub(super) fn stroke(buffer: &mut Buffer, x: u16, y: u16, symbol: &str, style: Style) {
    if let Some(cell) = buffer.cell_mut((x, y)) {
        cell.set_symbol(symbol).set_style(style);
    }
}

/// A panel: what is said in its edges, and how they are drawn.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Panel<'a> {
    /// At the left of the upper edge.
    pub(super) title: &'a [Piece],
    /// At its right.
    pub(super) facts: &'a [Piece],
    /// At the right of the lower edge.
    pub(super) foot: &'a [Piece],
    /// At its left: keys that act on what the panel shows, with their meaning, as many as fit whole.
    pub(super) keys: &'a [(String, String)],
    /// Whether keys act in it.
    pub(super) focused: bool,
    /// What its edges are drawn as while no key acts in it, where they say something.
    pub(super) tint: Option<Role>,
    /// Whether its upper edge is the lower one of the panel above.
    pub(super) joined: bool,
    /// Which part of what belongs into it is on the screen.
    pub(super) reach: Reach,
}

/// Draws the edges of a panel.
pub(super) fn panel(buffer: &mut Buffer, frame: Rect, edges: Edges, panel: &Panel, theme: Theme) {
    if frame.is_empty() || edges == Edges::None {
        return;
    }
    let tint = panel.tint.filter(|_| !panel.focused);
    // Terminals draw bold lines thicker or brighter than those of the panels around.
    let style = tint.map_or(theme.edge(panel.focused), |role| theme.style(role).remove_modifier(Modifier::BOLD));
    (frame.x..frame.right()).for_each(|x| stroke(buffer, x, frame.y, theme.rule(), style));
    if edges == Edges::Full && frame.width > 1 && frame.height > 1 {
        let (right, bottom) = (frame.right() - 1, frame.bottom() - 1);
        (frame.x..frame.right()).for_each(|x| stroke(buffer, x, bottom, theme.rule(), style));
        for y in frame.y + 1..bottom {
            stroke(buffer, frame.x, y, theme.bar(), style);
            stroke(buffer, right, y, theme.bar(), style);
        }
        thumb(buffer, Rect { x: right, y: frame.y + 1, width: 1, height: bottom - frame.y - 1 }, panel, theme);
        let marks = theme.frame();
        // The edge is shared with the panel above, whose vertical lines end in it.
        let [above_left, above_right, ..] = if panel.joined { marks.joints } else { marks.corners };
        let [.., below_left, below_right] = marks.corners;
        stroke(buffer, frame.x, frame.y, above_left, style);
        stroke(buffer, right, frame.y, above_right, style);
        stroke(buffer, frame.x, bottom, below_left, style);
        stroke(buffer, right, bottom, below_right, style);
        let edge = Rect { y: bottom, height: 1, ..frame };
        titles(buffer, edge, &[], panel.foot, theme);
        keys(buffer, edge, panel, theme);
    }
    // The texts go over the finished line, so that what is cut off leaves the line and not a hole.
    titles(buffer, Rect { height: 1, ..frame }, panel.title, panel.facts, theme);
}

/// Marks on an edge which part of the whole is on the screen; nothing where that is all of it.
pub(super) fn thumb(buffer: &mut Buffer, edge: Rect, panel: &Panel, theme: Theme) {
    let style = theme.style(if panel.focused { Role::Accent } else { Role::Quiet });
    for y in thumb_rows(edge.height, panel.reach) {
        stroke(buffer, edge.x, edge.y + y, theme.thumb(), style);
    }
}

/// Returns which rows of an edge that mark takes. It touches an end of the edge only where that end of the whole is on the
/// screen.
fn thumb_rows(rows: u16, reach: Reach) -> Range<u16> {
    let Reach { first, room, all } = reach;
    let hidden = all.saturating_sub(room);
    let track = usize::from(rows);
    if hidden == 0 || track < 3 {
        return 0..0;
    }
    // At least one row at each side is left, so that there is always some way to go.
    let height = (track * room / all).clamp(1, track - 2);
    let way = track - height;
    let at = match first.min(hidden) {
        0 => 0,
        first if first == hidden => way,
        first => (way * first / hidden).clamp(1, way - 1),
    };
    let at = u16::try_from(at).unwrap_or(0);
    at..at + u16::try_from(height).unwrap_or(0)
}

/// Draws a line between two parts of a panel, with what is said in it.
pub(super) fn divider(buffer: &mut Buffer, frame: Rect, y: u16, edges: Edges, panel: &Panel, theme: Theme) {
    if y < frame.y || y >= frame.bottom() {
        return;
    }
    rule(buffer, y, frame.x..frame.right(), theme, panel.focused);
    if edges == Edges::Full {
        let [left, right, ..] = theme.frame().joints;
        stroke(buffer, frame.x, y, left, theme.edge(panel.focused));
        stroke(buffer, frame.right() - 1, y, right, theme.edge(panel.focused));
    }
    titles(buffer, Rect { y, height: 1, ..frame }, panel.title, panel.facts, theme);
}

/// Writes what is said in an edge, at its left and at its right: the right one whole where it leaves room.
fn titles(buffer: &mut Buffer, edge: Rect, left: &[Piece], right: &[Piece], theme: Theme) {
    // A corner, a stroke, and a blank around each text.
    let Some(room) = edge.width.checked_sub(6) else { return };
    let wide: usize = right.iter().map(width_of).sum();
    let facts = u16::try_from(wide).unwrap_or(u16::MAX);
    // Beyond three quarters there would be no title left to say what the facts are of.
    let facts = if facts > 0 && facts <= room / 2 + room / 4 { facts } else { 0 };
    let mut pen = Pen::new(buffer, edge, edge.y, theme);
    if left.iter().any(|piece| !piece.text.is_empty()) {
        let inner = Rect { x: edge.x + 2, width: room - if facts > 0 { facts + 3 } else { 0 }.min(room), ..edge };
        pen.x = edge.x + 1;
        // A text that touches the line runs into it.
        pen.put(" ", Style::new());
        let end = pieces(buffer, inner, edge.y, left, theme);
        put(buffer, edge, end, edge.y, " ", Style::new());
    }
    if facts > 0 {
        let x = edge.right() - 3 - facts;
        put(buffer, edge, x, edge.y, " ", Style::new());
        pieces(buffer, Rect { x: x + 1, width: facts, ..edge }, edge.y, right, theme);
        put(buffer, edge, x + 1 + facts, edge.y, " ", Style::new());
    }
}

/// Tells of each key in the lower edge of a panel, as many as fit whole: which of them, and its columns with its meaning.
// Told one by one and not listed: a frame allocates nothing for them.
pub(super) fn keys_in_edge(
    edge: Rect,
    foot: &[Piece],
    keys: &[(String, String)],
    mut tell: impl FnMut(usize, (u16, u16)),
) {
    let foot: usize = foot.iter().map(width_of).sum();
    // Corners, strokes, and a blank around each text.
    let mut room = usize::from(edge.width).saturating_sub(6 + if foot > 0 { foot + 3 } else { 0 });
    let mut x = edge.x + 2;
    for (at, (key, meaning)) in keys.iter().enumerate() {
        let wide = text::width(key) + text::width(meaning) + 1;
        let taken = wide + 1 + usize::from(at > 0);
        if taken > room {
            break;
        }
        room -= taken;
        let to = x.saturating_add(u16::try_from(wide).unwrap_or(u16::MAX));
        tell(at, (x, to));
        x = to.saturating_add(2);
    }
}

/// Writes keys in the lower edge of a panel, at its left.
fn keys(buffer: &mut Buffer, edge: Rect, panel: &Panel, theme: Theme) {
    let quiet = theme.style(Role::Quiet);
    let mut end = None;
    keys_in_edge(edge, panel.foot, panel.keys, |at, (from, to)| {
        let (key, meaning) = &panel.keys[at];
        let mut pen = Pen::new(buffer, edge, edge.y, theme);
        pen.x = if at == 0 { from - 1 } else { from - 2 };
        pen.put(if at == 0 { " " } else { "  " }, quiet);
        pen.put(key, theme.style(Role::Accent));
        pen.put(" ", quiet);
        pen.put(meaning, quiet);
        end = Some(to);
    });
    if let Some(end) = end {
        put(buffer, edge, end, edge.y, " ", quiet);
    }
}

/// Draws a pane's cut-out, one cell to one cell.
pub(super) fn pane(buffer: &mut Buffer, area: Rect, cut: &PaneCut, theme: Theme) {
    let Some(screen) = &cut.screen else { return };
    let (left, top) = cut.origin;
    // A pane may be smaller than its room: what lies outside of it stays empty.
    for y in 0..area.height.min(screen.size.height.saturating_sub(top)) {
        for x in 0..area.width.min(screen.size.width.saturating_sub(left)) {
            let Some(cell) = screen.cell(left + x, top + y) else { continue };
            let Some(target) = buffer.cell_mut((area.x + x, area.y + y)) else { continue };
            let wide = text::width(&cell.text) > 1;
            // Half of a wide character cannot be shown; its symbol would push the cells behind it, the panel's
            // edge first.
            let cut_off = wide && x + 1 >= area.width;
            let shown = without_marks(&cell.text);
            // A continuation is covered by the wide character in front of it: its blank is never written.
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
        // Toggled and not set: on a cell that is reversed already the cursor has to be seen as well. The
        // terminal's own cursor is the input's, and hidden here.
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
    // Not `Style::new`, which would leave what the buffer's cell had before.
    let mut style = Style::reset();
    if theme.has_color() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_mark_on_an_edge_says_where_one_is() {
        let at = |first, room, all| thumb_rows(10, Reach { first, room, all });
        assert_eq!(at(0, 10, 10), 0..0, "all of it is there");
        assert_eq!((at(0, 10, 20), at(10, 10, 20)), (0..5, 5..10));
        assert_eq!((at(1, 10, 20), at(9, 10, 20)), (1..6, 4..9), "neither end is in view");
        assert_eq!(at(500, 10, 1_000), 4..5);
    }

    proptest! {
        #[test]
        fn the_mark_touches_an_end_of_the_edge_where_that_end_is_in_view(rows in 3_u16..60, first in 0_usize..300, room in 1_usize..60, all in 0_usize..300) {
            let hidden = all.saturating_sub(room);
            let mark = thumb_rows(rows, Reach { first, room, all });
            prop_assert_eq!(mark.is_empty(), hidden == 0);
            if hidden > 0 {
                prop_assert_eq!(mark.start == 0, first == 0);
                prop_assert_eq!(mark.end == rows, first >= hidden);
            }
        }
    }
}
