//! The systemd plane: the fleet's units as the user manager knows them, over D-Bus. Reads only.
//!
//! Through the user's message bus; the manager's private socket would do without one, but its
//! replies carry a sender that the D-Bus specification forbids. See org.freedesktop.systemd1(5).

mod client;

pub use client::{UnitNotice, UnitWatch};

/// Name pattern of the agents' units.
pub const AGENT_UNIT_PATTERN: &str = "mosaic-agent@*.service";

/// The agent that a unit belongs to.
#[must_use]
pub fn agent_of_unit(unit: &str) -> Option<&str> {
    unit.strip_prefix("mosaic-agent@")?.strip_suffix(".service")
}

#[cfg(test)]
mod tests {
    #[test]
    fn units_name_their_agent() {
        assert_eq!(super::agent_of_unit("mosaic-agent@code0.service"), Some("code0"));
        assert_eq!(super::agent_of_unit("ssh.service"), None);
    }
}
