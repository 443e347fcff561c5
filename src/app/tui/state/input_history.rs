//! Lines that were entered before, to be brought back.

/// Most lines remembered.
// A message may be a megabyte, and the commands are written to a file.
const MAX_LINES: usize = 100;

/// Lines that were entered, oldest first: commands of the palette, texts to agents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputHistory {
    lines: Vec<String>,
}

impl InputHistory {
    /// Remembers a line; the same one twice in a row counts once.
    pub fn push(&mut self, line: &str) {
        if self.lines.last().is_none_or(|last| last != line) {
            self.lines.push(line.to_owned());
        }
        let over = self.lines.len().saturating_sub(MAX_LINES);
        self.lines.drain(..over);
    }

    /// All of them, the oldest first.
    #[must_use]
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// The line that was run this many commands ago, from 1.
    #[must_use]
    pub fn back(&self, steps: usize) -> Option<&str> {
        self.lines.len().checked_sub(steps).and_then(|at| self.lines.get(at)).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lines_are_kept_each_once_in_a_row() {
        let mut history = InputHistory::default();
        assert_eq!(history.back(1), None);
        for line in ["one", "two", "two"] {
            history.push(line);
        }
        assert_eq!((history.back(1), history.back(2), history.back(3)), (Some("two"), Some("one"), None));
        assert_eq!(history.back(0), None, "0 is what is typed now");
        for at in 0..200 {
            history.push(&at.to_string());
        }
        assert_eq!((history.back(1), history.back(MAX_LINES)), (Some("199"), Some("100")));
        assert_eq!(history.back(MAX_LINES + 1), None);
    }
}
