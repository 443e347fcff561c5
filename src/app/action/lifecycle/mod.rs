//! Typed requests about the fleet's lifecycle.

pub(in crate::app) mod build;

use std::time::Duration;

use crate::fleet::lifecycle::Supervisor;
use crate::fleet::model::AgentName;
use crate::fleet::roster::Field;

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LifecycleAction {
    /// Starts agents.
    Start(Targets),
    /// Stops agents.
    Stop(Targets),
    /// Stops agents and starts them again.
    Restart(Targets),
    /// Makes a roster from an example.
    Init {
        /// Which example.
        profile: String,
        /// One runtime for all.
        runtime: Option<String>,
        /// Written, not only printed.
        write: bool,
        /// Over an existing one, which is kept as a backup.
        force: bool,
    },
    /// Installs the units.
    Install {
        /// Only tells what it would do.
        dry_run: bool,
    },
    /// Takes the installation back.
    Uninstall {
        /// Only tells what it would do.
        dry_run: bool,
    },
    /// One line per agent and unit.
    Status,
    /// Whether the fleet can be trusted now.
    Verify,
    /// Restarts what is down.
    Recover {
        /// Does it; otherwise it only tells.
        apply: bool,
    },
    /// A new agent.
    Add {
        /// Its name.
        name: AgentName,
        /// Its fields.
        fields: Vec<Field>,
    },
    /// Other fields of an agent.
    Edit {
        /// The agent.
        name: AgentName,
        /// What is set or taken out.
        fields: Vec<Field>,
    },
    /// Takes an agent out, for good.
    Remove(AgentName),
    /// What the fleet needs of its machine.
    Doctor,
}

/// Which agents, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Targets {
    /// By name; none means all of this host.
    pub agents: Vec<String>,
    /// Of this class only.
    pub class: Option<String>,
    /// Least time between two of them.
    pub stagger: Duration,
    /// The supervisor asked for.
    pub supervisor: Option<Supervisor>,
}
