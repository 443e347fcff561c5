//! Why an agent's readiness is what it is.

/// The explanation of the selected agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Explain {
    /// First line shown.
    pub scroll: u16,
}
