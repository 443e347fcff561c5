//! From the terminal parser's screen to plain cells.

use std::cell::Cell;
use std::num::NonZeroU16;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::fleet::model::{self, CellColor, CellStyle, PaneScreen, Size};

/// The parser keeps invariants only from two rows and columns on.
const SMALLEST: u16 = 2;

/// A parser for a screen of this size without scrollback of its own.
pub(super) fn parser(size: Size) -> vt100::Parser {
    vt100::Parser::new(dimension(size.height), dimension(size.width), 0)
}

thread_local! {
    /// Set while a panic of the parser would be caught and mended.
    static REPAIRING: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic on this thread, now, is mended where it happens.
#[must_use]
pub fn is_repairing() -> bool {
    REPAIRING.get()
}

/// Feeds the parser. One bad escape sequence may cost the picture, never the program.
pub(super) fn process(parser: &mut vt100::Parser, bytes: &[u8]) {
    REPAIRING.set(true);
    let result = catch_unwind(AssertUnwindSafe(|| parser.process(bytes)));
    REPAIRING.set(false);
    if result.is_err() {
        let (rows, columns) = parser.screen().size();
        *parser = vt100::Parser::new(rows, columns, 0);
    }
}

pub(super) fn dimension(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells.max(SMALLEST)).unwrap_or(NonZeroU16::MIN)
}

/// Part of a screen to copy.
#[derive(Debug, Clone, Copy)]
pub(super) struct Region {
    /// First column.
    pub left: u16,
    /// First row.
    pub top: u16,
    /// Size.
    pub size: Size,
}

/// Copies a region of the parser's screen.
pub(super) fn copy(screen: &vt100::Screen, region: Region) -> PaneScreen {
    let Region { left, top, size } = region;
    let mut cells = Vec::with_capacity(usize::from(size.width) * usize::from(size.height));
    for row in 0..size.height {
        for column in 0..size.width {
            cells.push(screen.cell(top + row, left + column).map(cell).unwrap_or_default());
        }
    }
    let (row, column) = screen.cursor_position();
    let cursor = (!screen.hide_cursor())
        .then(|| Some((column.checked_sub(left)?, row.checked_sub(top)?)))
        .flatten()
        .filter(|(column, row)| *column < size.width && *row < size.height);
    PaneScreen { size, cells, cursor }
}

fn cell(from: &vt100::Cell) -> model::Cell {
    model::Cell {
        text: from.contents().to_owned(),
        continuation: from.is_wide_continuation(),
        style: CellStyle {
            fg: color(from.fgcolor()),
            bg: color(from.bgcolor()),
            bold: from.bold(),
            dim: from.dim(),
            italic: from.italic(),
            underline: from.underline(),
            inverse: from.inverse(),
        },
    }
}

fn color(from: vt100::Color) -> CellColor {
    match from {
        vt100::Color::Default => CellColor::Default,
        vt100::Color::Idx(index) => CellColor::Indexed(index),
        vt100::Color::Rgb(red, green, blue) => CellColor::Rgb(red, green, blue),
    }
}

/// A picture made of captured lines (`capture-pane -e`), as wide as the pane and as high as the
/// text, at most `max_rows` of its end.
#[must_use]
pub fn still(text: &str, width: u16, max_rows: u16) -> PaneScreen {
    let lines: Vec<&str> = text.strip_suffix('\n').unwrap_or(text).split('\n').collect();
    let lines = &lines[lines.len().saturating_sub(usize::from(max_rows))..];
    let height = u16::try_from(lines.len()).unwrap_or(max_rows);
    let size = Size { width, height };
    let mut parser = parser(size);
    // Each line is placed by itself: a full one would wrap and push the rest down.
    for (row, line) in lines.iter().enumerate() {
        process(&mut parser, format!("\x1b[{};1H", row + 1).as_bytes());
        process(&mut parser, line.as_bytes());
    }
    process(&mut parser, b"\x1b[?25l");
    copy(parser.screen(), Region { left: 0, top: 0, size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_becomes_cells_with_colours() {
        let screen = still("plain\n\x1b[1;31mred\x1b[0m \x1b[38;2;1;2;3mtrue\n日本\n", 10, 100);
        assert_eq!(screen.size, Size { width: 10, height: 3 });
        assert_eq!(screen.row_text(1), "red true");
        let red = screen.cell(0, 1).unwrap();
        assert_eq!((red.style.bold, red.style.fg), (true, CellColor::Indexed(1)));
        assert_eq!(screen.cell(4, 1).unwrap().style.fg, CellColor::Rgb(1, 2, 3));
        assert!(screen.cell(1, 2).unwrap().continuation);
        assert_eq!(screen.row_text(2), "日本");
    }

    #[test]
    fn only_the_end_of_a_long_capture_is_kept_and_full_lines_do_not_wrap() {
        let text: String = (0..50).map(|n| format!("{n:04}\n")).collect();
        let screen = still(&text, 4, 20);
        assert_eq!((screen.size.height, screen.row_text(0), screen.row_text(19)), (20, "0030".into(), "0049".into()));
    }

    #[test]
    fn tiny_sizes_do_not_panic() {
        for (width, height) in [(0, 0), (1, 1), (2, 1)] {
            let parser = parser(Size { width, height });
            let screen = copy(parser.screen(), Region { left: 0, top: 0, size: Size { width, height } });
            assert_eq!(screen.cells.len(), usize::from(width) * usize::from(height));
        }
    }
}
