//! The observer: one actor owns what is known of the fleet and publishes whole snapshots.
//!
//! It reads; it never changes a session, a unit or a file. One look costs a constant number of
//! processes: one tmux client per socket, nothing per agent.

mod actor;
mod files;
mod observed;
mod units;

pub use actor::{Observer, Request, start};

use std::sync::Arc;

use super::home::Site;
use super::model::FleetSnapshot;
use super::roster::Roster;
use observed::Observed;

/// Looks at every plane once.
pub async fn once(site: &Site, roster: Roster) -> Arc<FleetSnapshot> {
    let mut observed = Observed::new(site.clone(), Ok(roster));
    let systemd = units::read_once(site);
    let tmux = observed.look_by_fork();
    let (systemd, ()) = tokio::join!(systemd, tmux);
    observed.set_systemd(systemd);
    observed.read_processes();
    observed.read_heartbeats();
    observed.join()
}
