//! Short texts that are copied like numbers.

/// A short text kept in place: names are keys of every plane and copied at each look, which allocates nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Short<const MOST: usize> {
    /// Zeros behind the text: they sort before every character, as the end of a text does.
    bytes: [u8; MOST],
    length: u8,
}

impl<const MOST: usize> Short<MOST> {
    /// The empty text.
    pub const EMPTY: Self = Self { bytes: [0; MOST], length: 0 };

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
