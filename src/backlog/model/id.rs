//! The name of a card.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::plain::Short;

/// Maximum length of an id, in bytes.
const MAX_BYTES: usize = 128;

/// A card's id: `^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$`, so that it is never an option, a path or two words.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct CardId(Short<MAX_BYTES>);

impl CardId {
    /// Checks an id.
    ///
    /// # Errors
    /// Returns the reason in words if it is not an id.
    pub fn parse(text: &str) -> Result<Self, String> {
        let rest = |c: char| c.is_ascii_alphanumeric() || "_.:-".contains(c);
        let good = text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(rest);
        Short::of(text).filter(|_| good).map(Self).ok_or_else(|| {
            format!(
                "card id {} must begin with a letter or digit, and hold up to {MAX_BYTES} letters, digits and _.:-",
                crate::plain::quoted(text)
            )
        })
    }

    /// Returns the id.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<String> for CardId {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl Serialize for CardId {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl fmt::Display for CardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for CardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CardId").field(&self.as_str()).finish()
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
