//! The palette: a command line inside the dashboard, with a list of what it could become.

use super::Line;

/// Most commands remembered.
const MAX_HISTORY: usize = 100;

/// The open palette.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Palette {
    /// What is typed.
    pub line: Line,
    /// Which entry of the list is marked.
    pub at: usize,
    /// What is wrong with the line.
    pub notice: Option<String>,
    /// How far back in the history the line came from; 0 is none of it.
    pub back: usize,
}

/// Lines that were entered, oldest first: commands of the palette, texts to agents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    lines: Vec<String>,
}

impl History {
    /// Remembers a line; the same one twice in a row counts once.
    pub fn push(&mut self, line: &str) {
        if self.lines.last().is_none_or(|last| last != line) {
            self.lines.push(line.to_owned());
        }
        let over = self.lines.len().saturating_sub(MAX_HISTORY);
        self.lines.drain(..over);
    }

    /// The line that was run this many commands ago, from 1.
    #[must_use]
    pub fn back(&self, steps: usize) -> Option<&str> {
        self.lines.len().checked_sub(steps).and_then(|at| self.lines.get(at)).map(String::as_str)
    }
}
