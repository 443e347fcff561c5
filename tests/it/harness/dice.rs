//! Chance that is the same each time.

/// Numbers that look random, the same ones for the same beginning.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }

    /// An index of so many.
    pub(crate) fn at(&mut self, many: usize) -> usize {
        usize::try_from(self.below(many as u64)).unwrap()
    }
}
