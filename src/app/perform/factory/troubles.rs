//! What a supervisor meets that is no decision: each is said when it begins and when it changes, and not at every tick.

use std::collections::BTreeMap;

use crate::app::perform::output;

/// Where something fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum At {
    /// While the fleet and the backlog are looked at.
    Look,
    /// In the roster or the pipeline.
    Roster,
    /// While the supervisor's own state is written down.
    State,
    /// While it is written down who supervises.
    Lock,
}

/// What fails now.
#[derive(Debug, Default)]
pub(super) struct Troubles(BTreeMap<At, String>);

impl Troubles {
    /// Takes in what fails at one place now, empty for nothing; says it where that is news.
    pub(super) fn take(&mut self, at: At, what: &str) {
        if self.is_news(at, what) {
            output::say(&format!("mosaic-tui: {what}"));
        }
    }

    /// Whether something fails.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    // Kept by place: what fails at one is not over because another was looked at.
    fn is_news(&mut self, at: At, what: &str) -> bool {
        if what.is_empty() {
            self.0.remove(&at);
            return false;
        }
        self.0.insert(at, what.to_owned()).as_deref() != Some(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_said_once_whatever_else_is_looked_at_meanwhile() {
        let mut troubles = Troubles::default();
        let full = "no space left";
        assert!(troubles.is_news(At::State, full));
        for _ in 0..3 {
            assert!(!troubles.is_news(At::Look, ""));
            assert!(!troubles.is_news(At::State, full));
        }
        assert!(troubles.is_news(At::Look, full) && !troubles.is_empty());
        assert!(!troubles.is_news(At::State, "") && troubles.is_news(At::State, full), "again");
    }
}
