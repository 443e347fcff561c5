//! The cells of a pane.

use std::fmt;
use std::ops::{Deref, Range};

use super::{Size, acts_on_terminal};

/// Colour of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CellColor {
    /// The terminal's own.
    #[default]
    Default,
    /// One of 256.
    Indexed(u8),
    /// True colour.
    Rgb(u8, u8, u8),
}

/// Attributes of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "terminal attributes are independent switches")]
pub struct CellStyle {
    /// Foreground.
    pub fg: CellColor,
    /// Background.
    pub bg: CellColor,
    /// Bold.
    pub bold: bool,
    /// Faint.
    pub dim: bool,
    /// Italic.
    pub italic: bool,
    /// Underlined.
    pub underline: bool,
    /// Foreground and background exchanged.
    pub inverse: bool,
}

/// Most bytes of one cell's text: what the terminal parser keeps of a character and its marks.
const MAX_GLYPH_BYTES: usize = 22;

/// A character with its combining marks, in place: a screen of thousands of cells is copied many times a second.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Glyph {
    bytes: [u8; MAX_GLYPH_BYTES],
    length: u8,
}

impl From<&str> for Glyph {
    /// Keeps whole characters; what there is no room for is left out.
    fn from(text: &str) -> Self {
        let mut glyph = Self::default();
        let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
        let length = ends.take_while(|end| *end <= MAX_GLYPH_BYTES).last().unwrap_or_default();
        glyph.bytes[..length].copy_from_slice(&text.as_bytes()[..length]);
        glyph.length = u8::try_from(length).unwrap_or_default();
        glyph
    }
}

impl Deref for Glyph {
    type Target = str;

    fn deref(&self) -> &str {
        // Only ever filled from whole characters.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Debug for Glyph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

/// One cell of a pane; a wide character is followed by a cell with empty text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cell {
    /// The character with its combining marks; empty in a blank cell and behind a wide character.
    pub text: Glyph,
    /// Whether this cell is the right half of a wide character.
    pub continuation: bool,
    /// How it is drawn.
    pub style: CellStyle,
}

/// A row of a screen, or a part of one, that is looked for again.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct ShownRow {
    /// The text.
    pub text: String,
    /// Whether the row begins with it.
    pub from_start: bool,
    /// Whether nothing but blanks stands behind it.
    pub to_end: bool,
}

/// A row of a screen: its text without the blanks at its end, and how each part of it is drawn.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaintedRow {
    /// The text.
    pub text: String,
    /// Where each part ends, in bytes of the text, and how it is drawn; in order.
    parts: Vec<(usize, CellStyle)>,
}

impl PaintedRow {
    /// Adds text that is drawn like this.
    pub fn push(&mut self, text: &str, style: CellStyle) {
        self.text.push_str(text);
        match self.parts.last_mut() {
            Some((end, last)) if *last == style => *end = self.text.len(),
            _ => self.parts.push((self.text.len(), style)),
        }
    }

    /// Takes the blanks at its end away.
    pub fn trim_end(&mut self) {
        self.cut(self.text.trim_end().len());
    }

    /// Keeps this many bytes.
    fn cut(&mut self, bytes: usize) {
        self.text.truncate(bytes);
        if let Some(last) = self.parts.iter().position(|(end, _)| *end >= bytes) {
            self.parts.truncate(last + 1);
            self.parts[last].0 = bytes;
        }
    }

    /// Its first so many characters.
    #[must_use]
    pub fn first(&self, characters: usize) -> Self {
        let mut row = self.clone();
        if let Some((bytes, _)) = row.text.char_indices().nth(characters) {
            row.cut(bytes);
            row.trim_end();
        }
        row
    }

    /// How the characters of a range of bytes are drawn, blanks left out: a style for each part that holds any.
    pub fn styles(&self, range: Range<usize>) -> impl Iterator<Item = &CellStyle> {
        let starts = std::iter::once(0).chain(self.parts.iter().map(|(end, _)| *end));
        starts.zip(&self.parts).filter_map(move |(start, (end, style))| {
            let (from, to) = (start.max(range.start), (*end).min(range.end));
            self.text.get(from..to).filter(|part| !part.trim().is_empty()).map(|_| style)
        })
    }
}

/// The cells of one pane at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaneScreen {
    /// Size of the pane.
    pub size: Size,
    /// Row by row, `width * height` cells.
    pub cells: Vec<Cell>,
    /// Column and row of the cursor while the program shows it.
    pub cursor: Option<(u16, u16)>,
}

/// A cut-out with fewer rows has none to give away.
const FEW_ROWS: u16 = 10;

/// Most rows that stand below a composer: its edge, and what the runtime says of its keys.
const FOOT_ROWS: u16 = 4;

/// First row of a cut-out of a pane that shows what matters: the cursor's row and the last one that holds anything at
/// its bottom, as of a log or of a prompt. A small one ends at the prompt, whatever stands below it, and shows the
/// cursor where that is far from the end.
#[must_use]
pub fn first_row_that_matters(height: u16, last_line: u16, cursor: Option<u16>, room: u16) -> u16 {
    let last = match cursor {
        Some(row) if room < FEW_ROWS && row < last_line => match last_line - row {
            below if below <= FOOT_ROWS => row,
            below if below < room => last_line,
            _ => row + room / 2,
        },
        Some(row) => row.max(last_line),
        None => last_line,
    };
    (last + 1).saturating_sub(room).min(height.saturating_sub(room))
}

impl PaneScreen {
    /// The cell at a column and row, if it is on the screen.
    #[must_use]
    pub fn cell(&self, column: u16, row: u16) -> Option<&Cell> {
        if column >= self.size.width {
            return None;
        }
        self.cells.get(usize::from(row) * usize::from(self.size.width) + usize::from(column))
    }

    /// One row as text that is safe to print, trailing blanks removed.
    #[must_use]
    pub fn row_text(&self, row: u16) -> String {
        let mut text = String::new();
        for column in 0..self.size.width {
            match self.cell(column, row) {
                Some(cell) if cell.continuation => {}
                Some(cell) if !cell.text.is_empty() => text.extend(cell.text.chars().filter(|c| !acts_on_terminal(*c))),
                _ => text.push(' '),
            }
        }
        text.truncate(text.trim_end().len());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glyph_holds_whole_characters() {
        for text in ["", "x", "\u{65e5}", "e\u{301}"] {
            assert_eq!(&*Glyph::from(text), text);
        }
        let long = "e".to_owned() + &"\u{301}".repeat(20);
        assert_eq!(&*Glyph::from(long.as_str()), "e".to_owned() + &"\u{301}".repeat(10));
    }

    #[test]
    fn the_cursor_or_the_last_line_decides_what_matters() {
        for (height, last_line, cursor, room, first) in [
            (50, 49, None, 6, 44),
            (50, 10, None, 6, 5),
            (50, 10, Some(20), 6, 15),
            (50, 2, Some(1), 6, 0),
            (50, 49, Some(47), 4, 44),
            (50, 49, Some(47), 12, 38),
            (50, 49, Some(44), 6, 44),
            (50, 49, Some(20), 6, 18),
            (50, 49, Some(0), 6, 0),
            (4, 3, None, 6, 0),
            (0, 0, None, 0, 0),
        ] {
            let found = first_row_that_matters(height, last_line, cursor, room);
            assert_eq!(found, first, "{height} {last_line} {cursor:?} {room}");
        }
    }
}
