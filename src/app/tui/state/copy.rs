//! What can be copied of what is selected: texts as they were when the list was opened.

/// What can be copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// Of what.
    pub of: String,
    /// The entries.
    pub items: Vec<Item>,
    /// The marked one.
    pub at: usize,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its key.
    pub key: char,
    /// What it is.
    pub what: &'static str,
    /// The text.
    pub text: String,
}
