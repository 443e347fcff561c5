//! What an agent's work tree holds and another state does not: read-only, scrolled, searched.

use std::sync::Arc;

use crate::app::tui::state::text_input::TextInput;
use crate::fleet::git::{Against, Diff};

/// A line of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// The head of a file.
    File(usize),
    /// A line of a file.
    Line(usize, usize),
    /// What is not kept of a file.
    More(usize),
    /// What git said beyond what is kept.
    Cut,
    /// The head of the names that git does not know.
    New,
    /// One of them.
    Name(usize),
    /// Those that are only counted.
    MoreNames,
    /// Nothing.
    Blank,
}

/// A diff on the screen.
#[derive(Debug, Clone, Default)]
pub struct DiffState {
    /// The agent.
    pub name: String,
    /// What it is to be compared with.
    pub against: Against,
    /// Whether the operator chose that. Else it is the commit, and where everything is committed the branch.
    pub chosen: bool,
    /// The number of the last question to git, and whether that one is not answered yet.
    pub number: u64,
    /// See `number`.
    pub reading: bool,
    /// Whether it is to be read again behind that.
    pub again: bool,
    /// What differs from the commit, while the branch is read in its place.
    pub instead_of: Option<Arc<Diff>>,
    /// What was read; `None` while it is being read.
    pub read: Option<Result<Arc<Diff>, String>>,
    /// Its lines.
    pub rows: Arc<Vec<Row>>,
    /// Which of them are the heads of files, and of the names that git does not know.
    pub heads: Arc<Vec<usize>>,
    /// First line shown.
    pub top: usize,
    /// First column shown of the lines.
    pub side: usize,
    /// What is searched.
    pub search: TextInput,
    /// Whether keys go into it.
    pub searching: bool,
}

impl DiffState {
    /// The diff, once it was read.
    #[must_use]
    pub fn diff(&self) -> Option<&Arc<Diff>> {
        self.read.as_ref()?.as_ref().ok()
    }

    /// The text of a line, as far as it can be searched.
    #[must_use]
    pub fn text(&self, row: Row) -> &str {
        let Some(diff) = self.diff() else { return "" };
        match row {
            Row::File(at) => diff.files[at].path.as_str(),
            Row::Line(file, at) => &diff.files[file].lines[at].text,
            Row::Name(at) => diff.untracked[at].as_str(),
            Row::More(_) | Row::Cut | Row::New | Row::MoreNames | Row::Blank => "",
        }
    }

    /// Whether a line holds what is searched. A capital letter means only itself.
    #[must_use]
    pub fn is_found(&self, row: Row) -> bool {
        let wanted = self.search.text.as_str();
        if wanted.is_empty() {
            return false;
        }
        let text = self.text(row);
        if wanted.chars().any(char::is_uppercase) {
            text.contains(wanted)
        } else {
            text.to_lowercase().contains(wanted)
        }
    }
}
