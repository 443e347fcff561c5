//! Where a text comes from that is too long for a word of a command line.

use std::path::PathBuf;

/// A text, or where it is read when the action is performed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Text {
    /// The text itself.
    Given(String),
    /// A file.
    File(PathBuf),
    /// Standard input.
    Input,
}

impl Text {
    /// The file of a path, where `-` is standard input.
    #[must_use]
    pub fn at(path: String) -> Self {
        if path == "-" { Self::Input } else { Self::File(path.into()) }
    }

    /// A text, or a path behind `@`.
    #[must_use]
    pub fn given_or_at(text: String) -> Self {
        match text.strip_prefix('@') {
            Some(path) => Self::at(path.to_owned()),
            None => Self::Given(text),
        }
    }
}
