//! The user manager of systemd: what the fleet's units do, jobs on them, and their files.
//!
//! Through the user's message bus; the manager's private socket would do without one, but its
//! replies carry a sender that the D-Bus specification forbids. See org.freedesktop.systemd1(5).

mod bus;
mod error;
mod jobs;
mod journal;
pub mod linger;
mod template;
mod watch;

pub use error::BusError;
pub use jobs::Manager;
pub use template::{owner, unit_files};
pub use watch::{UnitNotice, UnitWatch};

use super::model::AgentName;

/// The unit that owns the fleet's tmux server.
pub const HOLDER_UNIT: &str = "mosaic-tmux-holder.service";

/// The unit of the fleet's supervisor.
pub const SUPERVISOR_UNIT: &str = "mosaic-supervisor.service";

/// File of the agents' units.
pub const AGENT_TEMPLATE: &str = "mosaic-agent@.service";

/// Name pattern of the agents' units.
pub const AGENT_UNIT_PATTERN: &str = "mosaic-agent@*.service";

/// Slice of the panes' scopes.
pub const AGENTS_SLICE: &str = "mosaic-agents.slice";

/// The slice that systemd makes around it, by its name.
pub const PARENT_SLICE: &str = "mosaic.slice";

/// First part of the name of a pane's scope: `mosaic-pane-<fleet's tag>-<agent>-<keeper's pid>.scope`.
pub const PANE_SCOPE: &str = "mosaic-pane-";

/// Exit status of a keeper that has given up its runtime: systemd does not restart it then. Outside
/// what sysexits.h and shells use; a runtime that happens to end with it is reported as failed.
pub const GIVEN_UP: i32 = 118;

/// The unit of an agent.
#[must_use]
pub fn agent_unit(agent: &AgentName) -> String {
    format!("mosaic-agent@{agent}.service")
}

/// The agent that a unit belongs to.
#[must_use]
pub fn agent_of_unit(unit: &str) -> Option<&str> {
    unit.strip_prefix("mosaic-agent@")?.strip_suffix(".service")
}

/// The fleet's tag and the agent whose pane a scope was made for.
#[must_use]
pub fn agent_of_scope(scope: &str) -> Option<(&str, &str)> {
    let (tag, rest) = scope.strip_prefix(PANE_SCOPE)?.strip_suffix(".scope")?.split_once('-')?;
    let (agent, keeper) = rest.rsplit_once('-')?;
    keeper.chars().all(|c| c.is_ascii_digit()).then_some((tag, agent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_and_scopes_name_their_agent() {
        assert_eq!(agent_of_unit("mosaic-agent@code0.service"), Some("code0"));
        assert_eq!(agent_of_unit("ssh.service"), None);
        assert_eq!(agent_of_scope("mosaic-pane-f00-a-b-12.scope"), Some(("f00", "a-b")));
        assert_eq!(agent_of_scope("mosaic-pane-f00-a-12.scope"), Some(("f00", "a")));
        assert_eq!(agent_of_scope("mosaic-pane-f00-a-b.scope"), None);
    }
}
