//! Which change of a state is news, whoever saw it. Pure.
//!
//! Several processes see the same change: an agent's keeper hears it from the runtime, and each open dashboard reads it
//! from all planes, a moment earlier or later. None of them asks the others. What is written down is a sequence of
//! states per agent, and a change belongs into it where it makes a difference: not into the state that the agent is in
//! already, and not into the one that it enters a moment later, which is the same change seen by somebody slower.

use crate::fleet::model::Readiness;

/// Two sightings of one change lie at most so far apart, in milliseconds: what happens is told at once or by the next
/// look, and a heartbeat may come a little late.
const SAME_CHANGE: i64 = 5_000;

/// What is known of an agent around a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Neighbours {
    /// Its state before.
    pub before: Option<Readiness>,
    /// The next change behind it, and when.
    pub after: Option<(Readiness, i64)>,
}

/// Whether a change into a state, seen at a moment, belongs into what is known.
#[must_use]
pub(super) fn is_news(state: Readiness, at: i64, around: &Neighbours) -> bool {
    // A slower witness writes behind a faster one, and its line lies a moment before in time.
    let same_change = around.after.is_some_and(|(next, when)| next == state && when - at <= SAME_CHANGE);
    around.before != Some(state) && !same_change
}

#[cfg(test)]
mod tests {
    use super::*;
    use Readiness::{Available, Stuck, Working};

    #[test]
    fn a_change_is_told_once_in_whatever_order_it_is_heard() {
        for (before, after, news) in [
            (None, None, true),
            (Some(Available), None, true),
            (Some(Working), None, false),
            (Some(Available), Some((Working, 1_200)), false),
            (Some(Available), Some((Working, 60_000)), true),
            (Some(Available), Some((Stuck, 1_200)), true),
        ] {
            assert_eq!(is_news(Working, 1_000, &Neighbours { before, after }), news, "{before:?} {after:?}");
        }
    }
}
