//! One look at the whole fleet, for commands.

use std::sync::Arc;

use super::backlog::Look;
use super::headless;
use crate::backlog::model::BoardQuery;
use crate::fleet::error::Result;
use crate::fleet::home::Site;
use crate::fleet::model::FleetSnapshot;
use crate::fleet::observe;
use crate::fleet::os::exec;
use crate::fleet::roster;

/// Looks at everything once, claims included.
pub(in crate::app) async fn look(site: &Site) -> Result<Arc<FleetSnapshot>> {
    look_at(site, observe::once(site, roster::load(site)?)).await
}

/// The same, with the work trees of agents' folders: a process for each of them.
pub(in crate::app) async fn look_with_trees(site: &Site) -> Result<Arc<FleetSnapshot>> {
    look_at(site, observe::once_with_trees(site, roster::load(site)?)).await
}

/// Looks at the agents of this host alone: what another host asks for must not ask others in turn.
pub(in crate::app) async fn look_here(site: &Site) -> Result<Arc<FleetSnapshot>> {
    let mut roster = roster::load(site)?;
    let remote: Vec<_> =
        roster.agents.iter().filter(|agent| roster.is_remote(agent, site)).map(|agent| agent.name).collect();
    roster.agents.retain(|agent| !remote.contains(&agent.name));
    look_at(site, observe::once(site, roster)).await
}

async fn look_at(site: &Site, looking: impl Future<Output = Arc<FleetSnapshot>>) -> Result<Arc<FleetSnapshot>> {
    // A missing tmux is no fact about the fleet: nothing can be said at all.
    exec::require("tmux")?;
    let look = Look::begin(site, BoardQuery::default());
    Ok(headless::joined(&looking.await, &look.end().await.map(|seen| seen.board)))
}
