//! What the rules of a roster need: the collector of problems, each with its place in the file.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use super::locate::Index;
use super::problem::Problem;

/// Applies the rules and collects what breaks them.
pub(super) struct Checker<'a> {
    pub(super) path: &'a Path,
    text: &'a str,
    /// Made for the first problem: a roster that has none, which every command reads, needs no places.
    index: OnceCell<Index>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Checker<'a> {
    /// Nothing is known yet against this text of a file.
    pub(super) fn of(path: &'a Path, text: &'a str) -> Self {
        Self { path, text, index: OnceCell::new(), problems: Vec::new() }
    }

    /// The places of what the text holds.
    pub(super) fn index(&self) -> &Index {
        self.index.get_or_init(|| Index::of(self.text))
    }

    pub(super) fn problem(&mut self, key: &str, message: impl Into<String>) {
        let place = self.index().find(key);
        self.problems.push(Problem {
            path: self.path.to_owned(),
            line: place.line,
            column: place.column,
            key: key.to_owned(),
            message: message.into(),
        });
    }
}

/// Resolves a leading `~`; a relative path counts from the user's home.
pub(super) fn expand_home(text: &str, home: &Path) -> PathBuf {
    match text.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None if text == "~" => home.to_owned(),
        None => home.join(text),
    }
}
