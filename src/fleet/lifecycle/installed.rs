//! Whether a fleet's units are installed: a user has one set of them, and they name their Mosaic home.

use std::path::PathBuf;

use crate::fleet::home::Site;
use crate::fleet::systemd::{AGENT_TEMPLATE, owner};

/// Whose units this user has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Installed {
    /// None.
    No,
    /// This fleet's.
    Ours,
    /// Those of the fleet in this Mosaic home.
    Other(PathBuf),
    /// Those of another roster in the same home.
    OtherRoster(PathBuf),
}

/// Looks at the unit file on disk. Two fleets of a user may share a home and differ in their rosters.
#[must_use]
pub fn installed(site: &Site) -> Installed {
    let Ok(text) = std::fs::read_to_string(site.unit_dir.join(AGENT_TEMPLATE)) else { return Installed::No };
    match owner(&text) {
        Some((home, roster)) if home == site.home && roster == site.roster => Installed::Ours,
        Some((home, roster)) if home == site.home => Installed::OtherRoster(roster),
        Some((home, _)) => Installed::Other(home),
        // Somebody wrote one by hand: theirs to keep.
        None => Installed::No,
    }
}
