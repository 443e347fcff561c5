//! The answer of an action that does not fit on one line: it is scrolled and searched like a page.

use std::ops::Range;

use crate::ui::prose::{self, Block};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it ended.
    pub title: String,
    /// The command line.
    pub command: String,
    /// What it answered.
    pub text: String,
    /// The same line by line, as it is shown: a paragraph of Markdown is one.
    pub lines: Vec<Block>,
    /// Whether it failed.
    pub failed: bool,
    /// First line shown.
    pub scroll: u16,
    /// What is searched in it.
    pub search: Search,
}

impl Answer {
    /// An answer from its beginning.
    #[must_use]
    pub fn new(title: String, command: String, text: String, failed: bool) -> Self {
        let lines = text.lines().map(Block::in_columns).collect();
        Self { title, command, text, lines, failed, scroll: 0, search: Search::default() }
    }

    /// The same answer, of whose text these lines are Markdown.
    #[must_use]
    pub fn in_markdown(self, of: Range<usize>) -> Self {
        let all: Vec<&str> = self.text.lines().collect();
        let end = of.end.min(all.len());
        let start = of.start.min(end);
        let as_is = |lines: &[&str]| lines.iter().map(|line| Block::in_columns(line)).collect::<Vec<_>>();
        let mut lines = as_is(&all[..start]);
        lines.extend(prose::blocks(all[start..end].iter().map(|line| (*line).to_owned())));
        lines.extend(as_is(&all[end..]));
        Self { lines, ..self }
    }

    /// The lines of its text that hold what is searched; a capital letter means only itself.
    #[must_use]
    pub fn found(&self) -> Vec<usize> {
        let wanted = &self.search.text;
        // Whoever types a capital letter means it, as in less and vim.
        let exact = wanted.chars().any(char::is_uppercase);
        let holds = |line: &str| if exact { line.contains(wanted) } else { line.to_lowercase().contains(wanted) };
        match wanted.is_empty() {
            true => Vec::new(),
            false => (0..self.lines.len()).filter(|at| holds(&self.lines[*at].whole())).collect(),
        }
    }

    /// Goes to the next line that was found, or the one before, round the end.
    pub(in crate::app::tui) fn go(&mut self, forward: bool) {
        let found = self.found();
        let from = self.search.at;
        let next = match (forward, from) {
            (_, None) => found.first(),
            (true, Some(at)) => found.iter().find(|line| **line > at).or(found.first()),
            (false, Some(at)) => found.iter().rfind(|line| **line < at).or(found.last()),
        };
        self.search.at = next.copied();
        if self.search.at.is_some() {
            // The line that was found decides what is shown.
            self.scroll = 0;
        }
    }
}

/// What is searched in an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// The text.
    pub text: String,
    /// Whether keys go into it.
    pub typing: bool,
    /// The line that was found last.
    pub at: Option<usize>,
}
