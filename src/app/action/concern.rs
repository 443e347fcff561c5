//! What a request changes: by it requests stand in line.

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
        // Whom a class comes to is known only when it is performed, so it stands in line with all of them.
        let agents = if names.is_empty() || narrowed { Agents::All } else { Agents::Of(names.to_vec()) };
        Self { agents, ..Self::default() }
    }
}
