//! Reads YAML; errors come on one line and in an operator's words.

use super::model::Label;
use crate::plain::{Notation, plain_words};

/// Reads a YAML document.
///
/// # Errors
/// What is wrong with it, on one line.
pub(super) fn read<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_yaml::from_str(text).map_err(|error| plain(&error.to_string()))
}

/// What the YAML library says, on one line and in an operator's words.
pub(super) fn plain(message: &str) -> String {
    Label::new(&plain_words(message, Notation::Yaml)).to_string()
}
