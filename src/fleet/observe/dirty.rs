//! What a refresh has to read.

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
