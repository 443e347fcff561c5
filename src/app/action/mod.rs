//! Typed intents: what the operator, a script or an agent wants done.
//!
//! A key and a command line build the same [`Action`] through the same function of the registry, and [`dispatch`] says
//! who performs it.

pub mod cli;
pub mod concern;
pub mod dispatch;
mod effect;
pub mod error;
#[cfg(test)]
mod hints;
pub mod inputs;
pub mod keymap;
mod old;
pub mod registry;
pub mod report;
#[cfg(test)]
pub(crate) mod samples;
pub mod scripts;
pub mod text;

pub use registry::agent::AgentAction;
pub use registry::backlog::BacklogAction;
pub use registry::fleet::FleetAction;
pub use registry::framework::FrameworkAction;
pub use registry::gate::GateAction;
pub use registry::library::LibraryAction;
pub use registry::north_star::NorthStarAction;
pub use registry::program::TerminalAction;
pub use registry::screen::{Direction, Motion, ScreenAction};
pub use registry::session::SessionAction;
pub use registry::{activity, agent, backlog, fleet, framework, gate, library, north_star, program, supervise};

/// One intent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Moves or changes the screen only.
    Screen(ScreenAction),
    /// Needs the terminal, or this whole process, to itself.
    Terminal(TerminalAction),
    /// Works on the fleet.
    Fleet(FleetAction),
    /// Works on single agents.
    Agent(AgentAction),
    /// Works with the framework's files.
    Framework(FrameworkAction),
    /// Works with personas and system types.
    Library(LibraryAction),
    /// Works with the north star.
    NorthStar(NorthStarAction),
    /// Works for a session.
    Session(SessionAction),
    /// Works with cards.
    Backlog(BacklogAction),
    /// Works at the gate of a repository.
    Gate(GateAction),
}
