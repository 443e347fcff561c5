//! What a row is shown as: its readiness, or what makes that nobody's trouble.

use super::{AgentRow, Attention, Readiness};

/// What stands where a row's state is shown and counted. The JSON holds the readiness itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// Its readiness.
    Is(Readiness),
    /// Nothing runs, as somebody wants it.
    Stopped,
    /// Whatever it is, it is none of the fleet's.
    Unmanaged(Readiness),
}

impl Shown {
    /// The states that are counted, in the order of attention.
    pub const COUNTED: [Self; 7] = [
        Self::Is(Readiness::Stuck),
        Self::Is(Readiness::Dead),
        Self::Is(Readiness::Stale),
        Self::Is(Readiness::Unknown),
        Self::Is(Readiness::Available),
        Self::Is(Readiness::Working),
        Self::Stopped,
    ];

    /// The word shown everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Is(readiness) => readiness.word(),
            Self::Stopped => "stopped",
            Self::Unmanaged(_) => "unmanaged",
        }
    }

    /// The one of that word, among those that are counted.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::COUNTED.into_iter().find(|shown| shown.word() == word)
    }
}

impl From<Readiness> for Shown {
    fn from(readiness: Readiness) -> Self {
        Self::Is(readiness)
    }
}

impl AgentRow {
    /// What it is shown as.
    #[must_use]
    pub fn shown(&self) -> Shown {
        match self.attention() {
            Attention::Unmanaged => Shown::Unmanaged(self.readiness),
            Attention::Stopped => Shown::Stopped,
            _ => Shown::Is(self.readiness),
        }
    }

    /// Whether it is in a state: the one that it is shown in, or its readiness.
    #[must_use]
    pub fn is_in(&self, state: Shown) -> bool {
        // One that was stopped on purpose is dead as well, as its JSON says: whoever waits for its end waits for either.
        self.shown() == state || state == Shown::Is(self.readiness)
    }
}
