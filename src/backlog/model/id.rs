//! The name of a card.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Maximum length of an id, in bytes.
const MAX_BYTES: usize = 128;

/// A card's id: `^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$`, so that it is never an option, a path or two words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CardId(String);

impl CardId {
    /// Checks an id.
    ///
    /// # Errors
    /// Returns the reason in words if it is not an id.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
        let good = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(rest);
        if good && text.len() <= MAX_BYTES {
            return Ok(Self(text.to_owned()));
        }
        Err(format!(
            "card id {} must begin with a letter or digit, and hold up to {MAX_BYTES} letters, digits and _.:-",
            crate::plain::quoted(text)
        ))
    }

    /// Returns the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for CardId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<CardId> for String {
    fn from(id: CardId) -> Self {
        id.0
    }
}

impl fmt::Display for CardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_ids() {
        for good in ["A4", "fleet-001", "a", "0", "a.b:c_d-e", &"x".repeat(128)] {
            assert!(CardId::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "-x", "a b", ".a", "a/b", "é", "a\n", "a\u{1b}[31m", &"x".repeat(129)] {
            assert!(CardId::parse(bad).is_err(), "{bad:?}");
        }
        assert!(!CardId::parse("\u{1b}[31m").unwrap_err().contains('\u{1b}'));
    }
}
