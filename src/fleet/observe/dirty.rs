//! What a refresh has to read.

use std::time::Duration;

use crate::fleet::model::looks_at_rest;

/// A fleet is at rest once nothing has happened for so many ticks: until then all is looked at and joined at each of them,
/// for those who tell what stands for a while from what comes and goes.
pub(super) const CALM_TICKS: u32 = 5;

/// What has to be read again.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one switch a plane")]
pub(super) struct Dirty {
    pub tmux: bool,
    pub processes: bool,
    pub heartbeats: bool,
    pub roster: bool,
    /// Panes that have appeared have no process tree yet.
    pub panes: bool,
    /// Nothing to read, but to join and publish.
    pub joined: bool,
}

impl Dirty {
    /// Whether anything has to.
    pub(super) fn any(self) -> bool {
        self.tmux || self.processes || self.heartbeats || self.roster || self.panes || self.joined
    }

    /// What either of them wants.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            tmux: self.tmux || other.tmux,
            processes: self.processes || other.processes,
            heartbeats: self.heartbeats || other.heartbeats,
            roster: self.roster || other.roster,
            panes: self.panes || other.panes,
            joined: self.joined || other.joined,
        }
    }
}

/// Whether processes are looked at in this tick: at rest half as often, since the kernel tells of each death, and of what lives
/// only the figures change.
pub(super) fn processes_are_due(ticks: u32, calm: u32, every: Duration) -> bool {
    let rarer = if calm > CALM_TICKS { 2 } else { 1 };
    ticks.is_multiple_of(looks_at_rest(every) * rarer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_are_looked_at_half_as_often_at_rest() {
        let due = |calm: u32, every: u64| -> Vec<u32> {
            (1..=20).filter(|tick| processes_are_due(*tick, calm, Duration::from_secs(every))).collect()
        };
        assert_eq!(due(0, 1), [5, 10, 15, 20]);
        assert_eq!(due(CALM_TICKS, 1), [5, 10, 15, 20]);
        assert_eq!(due(CALM_TICKS + 1, 1), [10, 20]);
        assert_eq!(due(0, 10).len(), 20);
    }
}
