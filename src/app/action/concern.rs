//! What a request changes: by it requests stand in line.

use super::dispatch::Request;

/// What a request changes; two that change the same thing stand in line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Concern {
    /// The backlog.
    pub cards: bool,
    /// The roster's file.
    pub roster: bool,
    /// Agents.
    pub agents: Agents,
}

/// Which agents an action changes, or types to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Agents {
    /// None of them.
    #[default]
    None,
    /// These.
    Of(Vec<String>),
    /// Any of them.
    All,
}

impl Concern {
    /// These agents; those that a condition narrows, or nobody names, may be any.
    #[must_use]
    pub fn of_agents(names: &[String], narrowed: bool) -> Self {
        let agents = if names.is_empty() || narrowed { Agents::All } else { Agents::Of(names.to_vec()) };
        Self { agents, ..Self::default() }
    }
}

impl Request {
    /// What it changes.
    #[must_use]
    pub fn concern(&self) -> Concern {
        match self {
            Self::Fleet(action) => action.concern(),
            Self::Agent(action) => action.concern(),
            Self::Session(_) => Concern::default(),
            Self::Framework(action) => action.concern(),
            // Agents read personas when they start.
            Self::Library(_) => Concern::default(),
            Self::NorthStar(action) => action.concern(),
            Self::Backlog(_) => Concern { cards: true, ..Concern::default() },
            Self::Gate(action) => action.concern(),
        }
    }
}
