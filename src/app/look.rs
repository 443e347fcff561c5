//! One look at the whole fleet, for commands.

use std::sync::Arc;

use super::backlog::Look;
use super::headless;
use crate::backlog::model::BoardQuery;
use crate::fleet::error::Result;
use crate::fleet::home::Site;
use crate::fleet::model::FleetSnapshot;
use crate::fleet::{observe, roster};

/// Looks at everything once, claims included.
pub(super) async fn look(site: &Site) -> Result<Arc<FleetSnapshot>> {
    let roster = roster::load(site)?;
    let look = Look::begin(site, BoardQuery::default());
    let snapshot = observe::once(site, roster).await;
    let snapshot = headless::joined(&snapshot, &look.end().await.map(|seen| seen.board));
    // A missing tmux is no fact about the fleet: nothing can be said at all.
    if crate::fleet::exec::find_in_path("tmux", &std::env::var("PATH").unwrap_or_default()).is_none() {
        return Err(crate::fleet::exec::explain("tmux", &crate::fleet::exec::ExecError::Missing));
    }
    Ok(snapshot)
}
