//! Short texts that are copied like numbers.

use std::hash::{Hash, Hasher};

/// A short text kept in place: names are keys of every plane and copied at each look, which allocates nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Short<const MAX: usize> {
    /// Zeros behind the text: they sort before every character, as the end of a text does.
    bytes: [u8; MAX],
    length: u8,
}

impl<const MAX: usize> Short<MAX> {
    /// The empty text.
    pub const EMPTY: Self = Self { bytes: [0; MAX], length: 0 };

    /// The text, when there is room for it.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let mut short = Self::EMPTY;
        short.bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        short.length = text.len().try_into().ok()?;
        Some(short)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Only whole texts were let in.
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl<const MAX: usize> Hash for Short<MAX> {
    /// By the text alone: the zeros behind it are the same for all texts of its length.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes[..usize::from(self.length)].hash(state);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn short_texts_are_kept_whole_sorted_like_texts_and_found_again() {
        let texts = ["", "a", "a.b", "ab", "abcd", "b", "z\u{e9}"];
        let mut all: Vec<Short<4>> = texts.iter().rev().filter_map(|text| Short::of(text)).collect();
        all.sort();
        assert_eq!(all.iter().map(Short::as_str).collect::<Vec<_>>(), texts);
        assert!(Short::<4>::of("abcde").is_none(), "one character too many");
        let places: HashMap<Short<4>, usize> = all.iter().enumerate().map(|(at, text)| (*text, at)).collect();
        for (at, text) in texts.iter().enumerate() {
            assert_eq!(Short::of(text).and_then(|short| places.get(&short)), Some(&at), "{text}");
        }
    }
}
