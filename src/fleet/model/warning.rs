//! What an operator should know about the fleet as a whole, and what stops nothing.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{AgentName, Label, SshTarget};

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
            Self::ManyLeads(leads) => write!(f, "{leads} orchestrators and no `lead`"),
            Self::NoEnhancer => f.write_str("no enhancer"),
        }
    }
}

/// A warning about a fleet; the JSON holds it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The fleet is below its floor.
    Floor(FloorGap),
    /// The program cannot launch the agent's runtime by itself.
    NeedsCommand {
        /// Whose runtime.
        agent: AgentName,
        /// Which one.
        runtime: String,
    },
    /// A key of the roster changes nothing.
    WithoutEffect {
        /// Which key.
        key: &'static str,
        /// Whether that is so because the agents have a `command`; otherwise this version does not know it.
        beside_command: bool,
        /// Who has it.
        agents: Vec<String>,
    },
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

    /// The agent that it is about.
    #[must_use]
    pub fn agent(&self) -> Option<&AgentName> {
        match self {
            Self::NeedsCommand { agent, .. } => Some(agent),
            _ => None,
        }
    }

    /// Whether the roster's file is not the one in use.
    #[must_use]
    pub fn is_about_unused_roster(&self) -> bool {
        matches!(self, Self::RosterNotUsed { .. })
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
            Self::NeedsCommand { agent, runtime } => {
                write!(f, "{agent}: {runtime} needs a `command`; this version launches only the stub by itself")
            }
            Self::WithoutEffect { key, beside_command, agents } => {
                let when = if *beside_command { "beside `command`" } else { "in this version" };
                write!(f, "`{key}` has no effect {when}: {}", agents.join(", "))
            }
            Self::RosterNotUsed { older_in_use, why } => {
                write!(f, "roster {}: {why}", if *older_in_use { "not reloaded" } else { "not usable" })
            }
            Self::HostUnread(host, why) => {
                write!(f, "host {host}: its own rows cannot be read: {why}; is it another version?")
            }
            Self::RowsUnread { host, unread, all, first: (name, why) } => write!(
                f,
                "host {host}: {unread} of its {all} own rows cannot be read, {name}: {why}; is it another version?"
            ),
            Self::Backlog(why) => f.write_str(why),
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
