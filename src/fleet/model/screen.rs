//! The cells of a pane.

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

/// One cell of a pane; a wide character is followed by a cell with empty text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cell {
    /// The character with its combining marks; empty in a blank cell and behind a wide character.
    pub text: String,
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
