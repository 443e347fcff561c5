//! What an operator should know about the fleet as a whole, and what stops nothing.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{Label, SshTarget};

/// How a fleet is below its floor: exactly one coordinating seat, and at least one enhancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloorGap {
    /// Nobody coordinates.
    NoLead,
    /// So many agents coordinate.
    ManyLeads(usize),
    /// There is no enhancer.
    NoEnhancer,
}

impl FloorGap {
    /// How many agents it takes to close it, counting those that are too many.
    #[must_use]
    pub fn size(self) -> usize {
        match self {
            Self::NoLead | Self::NoEnhancer => 1,
            Self::ManyLeads(leads) => leads.saturating_sub(1),
        }
    }
}

impl fmt::Display for FloorGap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLead => f.write_str("no orchestrator and no `lead`"),
            Self::ManyLeads(leads) => {
                write!(f, "{leads} agents coordinate, by `lead` or as orchestrator, and a fleet has one who does")
            }
            Self::NoEnhancer => f.write_str("no enhancer"),
        }
    }
}

/// A warning about a fleet; the JSON holds it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The fleet is below its floor.
    Floor(FloorGap),
    /// A key of the roster changes nothing, since the agents have a `command`.
    WithoutEffect {
        /// Which key.
        key: &'static str,
        /// Who has it.
        agents: Vec<String>,
    },
    /// Nobody has made a roster yet, which is no fault of anything.
    NoRoster,
    /// The roster's file is not the roster that is in use; why.
    RosterNotUsed {
        /// Whether an older text of it is in use.
        older_in_use: bool,
        /// What is wrong with it.
        why: String,
    },
    /// None of another host's own rows can be read; why.
    HostUnread(SshTarget, Label),
    /// Some of another host's own rows cannot be read.
    RowsUnread {
        /// Which host.
        host: SshTarget,
        /// How many.
        unread: usize,
        /// How many there are.
        all: usize,
        /// The first of them, and why.
        first: (Label, Label),
    },
    /// The backlog cannot be read, so nobody's card is known; why.
    Backlog(String),
    /// What waits for a person cannot be read; why.
    EscalationsUnread(String),
    /// A supervisor belongs to the fleet, and none runs here.
    Unsupervised,
}

impl Warning {
    /// How the fleet is below its floor, when it is about that.
    #[must_use]
    pub fn floor_gap(&self) -> Option<FloorGap> {
        match self {
            Self::Floor(gap) => Some(*gap),
            _ => None,
        }
    }

    /// Whether the roster's file is not the one in use.
    #[must_use]
    pub fn is_about_unused_roster(&self) -> bool {
        matches!(self, Self::NoRoster | Self::RosterNotUsed { .. })
    }

    /// Whether there is no roster at all: there is no file, or it cannot be used and no older text of it is in use.
    #[must_use]
    pub fn leaves_no_roster(&self) -> bool {
        matches!(self, Self::NoRoster | Self::RosterNotUsed { older_in_use: false, .. })
    }

    /// Whether it says how the fleet was set up, which stays as it is until somebody changes the roster.
    #[must_use]
    pub fn stands(&self) -> bool {
        matches!(self, Self::Floor(_) | Self::WithoutEffect { .. })
    }

    /// Its words, as a screen shows them.
    #[must_use]
    pub fn label(&self) -> Label {
        Label::new(&self.to_string())
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Floor(gap) => write!(f, "below the floor: {gap}"),
            Self::WithoutEffect { key, agents } => {
                write!(f, "`{key}` has no effect beside `command`: {}", agents.join(", "))
            }
            Self::NoRoster => f.write_str("there is no roster yet: `mosaic-tui fleet init --write` makes one"),
            Self::RosterNotUsed { older_in_use, why } => {
                write!(f, "{}: {why}", if *older_in_use { "roster not reloaded" } else { "roster not usable" })
            }
            Self::HostUnread(host, why) => {
                write!(f, "host {host}: its own rows cannot be read: {why}; is it another version?")
            }
            Self::RowsUnread { host, unread, all, first: (name, why) } => write!(
                f,
                "host {host}: {unread} of its {all} own rows cannot be read, {name}: {why}; is it another version?"
            ),
            Self::Backlog(why) => f.write_str(why),
            Self::EscalationsUnread(why) => write!(f, "what waits for a person is not known: {why}"),
            Self::Unsupervised => f.write_str("the supervisor does not run: cards reach nobody"),
        }
    }
}

impl Serialize for Warning {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Writes warnings as a screen shows them.
pub(super) fn as_labels<S: Serializer>(warnings: &[Warning], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(warnings.iter().map(Warning::label))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The only test of these words: whoever changes them changes them here, and nothing else.
    #[test]
    fn the_words_of_warnings() {
        let host = || SshTarget::new("op@far");
        let agents = ["a", "b"].map(str::to_owned).to_vec();
        let not_used = |older_in_use| Warning::RosterNotUsed { older_in_use, why: "is empty".to_owned() };
        let all = [
            Warning::Floor(FloorGap::NoLead),
            Warning::Floor(FloorGap::ManyLeads(2)),
            Warning::Floor(FloorGap::NoEnhancer),
            Warning::WithoutEffect { key: "yolo", agents },
            not_used(true),
            not_used(false),
            Warning::NoRoster,
            Warning::HostUnread(host(), Label::new("no list")),
            Warning::RowsUnread { host: host(), unread: 1, all: 3, first: (Label::new("a"), Label::new("no name")) },
            Warning::Backlog("backlog: no answer".to_owned()),
        ];
        insta::assert_snapshot!(all.map(|warning| warning.to_string()).join("\n"));
    }

    #[test]
    fn a_screen_shows_one_line_of_bounded_length() {
        let long = Warning::Backlog("x\n".repeat(400));
        assert!(long.label().as_str().chars().count() <= 200 && !long.label().as_str().contains('\n'));
        let rows = serde_json::to_string(&[&long]).unwrap();
        assert!(rows.len() > 800, "the JSON of a roster holds all of it");
    }
}
