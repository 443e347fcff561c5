//! From the terminal parser's screen to plain cells.

use std::cell::Cell;
use std::num::NonZeroU16;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::fleet::model::{self, CellColor, CellStyle, PaneScreen, Size, first_row_that_matters};
use crate::fleet::tmux::Shot;

/// The parser keeps invariants only from two rows and columns on.
const MIN_SIZE: u16 = 2;

/// A parser for a screen of this size without scrollback of its own.
pub(super) fn parser(size: Size) -> vt100::Parser {
    vt100::Parser::new(dimension(size.height), dimension(size.width), 0)
}

/// What a client says first: that it draws on the second of its terminal's two screens.
const SECOND_SCREEN: &[u8] = b"\x1b[?1049h";

/// What a client says first, without that. Nobody ever sees the first screen of a private terminal, and of cells it takes as
/// much memory as the second.
pub(super) fn on_one_screen(first: &[u8]) -> &[u8] {
    first.strip_prefix(SECOND_SCREEN).unwrap_or(first)
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
    // The hook for panics leaves alone what is mended here: it would tear the screen down and write a
    // report.
    REPAIRING.set(true);
    // After a panic the parser is thrown away, so nobody sees it half changed.
    let result = catch_unwind(AssertUnwindSafe(|| parser.process(bytes)));
    REPAIRING.set(false);
    if result.is_err() {
        let (rows, columns) = parser.screen().size();
        *parser = vt100::Parser::new(rows, columns, 0);
    }
}

pub(super) fn dimension(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells.max(MIN_SIZE)).unwrap_or(NonZeroU16::MIN)
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
        text: from.contents().into(),
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
    let parser = placed(lines.iter().copied(), size);
    PaneScreen { cursor: None, ..copy(parser.screen(), Region { left: 0, top: 0, size }) }
}

/// A screen made of captured lines. Each is placed by itself: a full one would wrap and push the rest down.
fn placed<'a>(lines: impl Iterator<Item = &'a str>, size: Size) -> vt100::Parser {
    let mut parser = parser(size);
    for (row, line) in lines.enumerate() {
        process(&mut parser, format!("\x1b[{};1H", row + 1).as_bytes());
        process(&mut parser, line.as_bytes());
    }
    parser
}

/// Most cells of a window whose picture is made: any program in a pane may make its window as large as it likes.
const MAX_CELLS: u32 = 1_000_000;

/// The part of a captured screen that matters, as large as there is room: its left edge, and the rows of the cursor or
/// of the last text. One to one, never squeezed.
pub(super) fn cut(shot: &Shot, room: Size) -> PaneScreen {
    let Size { width, height } = shot.size;
    if u32::from(width) * u32::from(height) > MAX_CELLS {
        let words = format!("too large to show here: {width}x{height}");
        let size = Size { width: room.width.max(1), height: room.height.max(1) };
        let screen = placed(std::iter::once(words.as_str()), size);
        return PaneScreen { cursor: None, ..copy(screen.screen(), Region { left: 0, top: 0, size }) };
    }
    let parser = placed(shot.text.lines().take(usize::from(height)), shot.size);
    let screen = parser.screen();
    let is_blank = |row: u16| {
        (0..width).all(|column| screen.cell(row, column).is_none_or(|cell| matches!(cell.contents(), "" | " ")))
    };
    // tmux writes its own notice into the last line of a dead pane; what the program said matters.
    let last_line = (0..height.saturating_sub(u16::from(shot.dead))).rev().find(|row| !is_blank(*row)).unwrap_or(0);
    let top = first_row_that_matters(height, last_line, shot.cursor.map(|(_, row)| row), room.height);
    let size = Size { width: room.width.min(width), height: room.height.min(height) };
    // Sixty cursors on one screen would all say: type here.
    PaneScreen { cursor: None, ..copy(screen, Region { left: 0, top, size }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::model::PaneId;

    fn shot(text: &str, cursor: Option<(u16, u16)>, dead: bool) -> Shot {
        let height = u16::try_from(text.lines().count()).unwrap();
        let size = Size { width: 10, height };
        Shot { pane: PaneId(0), stamp: None, size, cursor, dead, text: text.to_owned() }
    }

    #[test]
    fn a_cut_out_holds_what_matters_one_to_one() {
        let rows = |shot: &Shot, width, height| {
            let screen = cut(shot, Size { width, height });
            (0..screen.size.height).map(|row| screen.row_text(row)).collect::<Vec<_>>().join("|")
        };
        let log = "one\ntwo\nthree\n\n\n";
        assert_eq!(rows(&shot(log, None, false), 3, 2), "two|thr");
        assert_eq!(rows(&shot(log, Some((0, 3)), false), 9, 2), "three|");
        assert_eq!(rows(&shot(log, Some((9, 0)), false), 9, 9), "one|two|three||");
        assert_eq!(rows(&shot("last words\n\nPane died\n", None, true), 20, 1), "last words");
        assert_eq!(rows(&shot("\n\n", None, false), 4, 4), "|");
    }

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
    fn a_client_draws_on_the_only_screen_there_is() {
        let mut parser = parser(Size { width: 20, height: 4 });
        process(&mut parser, on_one_screen(b"\x1b[?1049h\x1b[22;0;0t\x1b[H\x1b[2Jdrawn"));
        assert!(!parser.screen().alternate_screen() && parser.screen().contents() == "drawn");
        assert_eq!(on_one_screen(b"\x1b[?1049l"), b"\x1b[?1049l");
    }

    #[test]
    fn tiny_sizes_do_not_panic() {
        for (width, height) in [(0, 0), (1, 1), (2, 1)] {
            let parser = parser(Size { width, height });
            let screen = copy(parser.screen(), Region { left: 0, top: 0, size: Size { width, height } });
            assert_eq!(screen.cells.len(), usize::from(width) * usize::from(height));
        }
    }

    #[test]
    fn a_window_that_is_too_large_costs_no_more_than_its_tile() {
        let shot = Shot { size: Size { width: 10_000, height: 10_000 }, ..shot("x", None, false) };
        let screen = cut(&shot, Size { width: 40, height: 6 });
        assert_eq!((screen.cells.len(), screen.row_text(0).as_str()), (240, "too large to show here: 10000x10000"));
    }
}
