//! Which backlog this process works with, and in whose name.

use std::path::Path;

use crate::backlog::place::Location;
use crate::backlog::store::Who;
use crate::fleet::error::Result;
use crate::fleet::home::{Site, variable};

/// The backlog of this environment.
///
/// # Errors
/// When `DATABASE_URL` is no URL, or what names the backlog is no text.
pub(in crate::app) fn place(site: &Site) -> Result<Location> {
    // The cards of a demo are its own, whatever the environment names.
    if site.isolated {
        return Location::of(None, None, &site.home);
    }
    let folder = variable("MOSAIC_BACKLOG_DIR")?
        // Made absolute here: what is asked later may run in another folder.
        .map(|folder| std::path::absolute(&folder).unwrap_or_else(|_| Path::new(&folder).to_owned()));
    Location::of(variable("DATABASE_URL")?.as_deref(), folder.as_deref(), &site.home)
}

/// In whose name: the agent's inside its pane, else the user's.
pub(in crate::app) fn who(site: &Site) -> Who {
    Who {
        actor: agent().unwrap_or_else(|| site.tenant_id.clone()),
        tenant_id: site.tenant_id.clone(),
        host: site.host.clone(),
    }
}

/// Whether this runs in an agent's pane, and so in the agent's name.
pub(in crate::app) fn is_agent() -> bool {
    agent().is_some()
}

fn agent() -> Option<String> {
    // What is no text is no agent's name: only this program sets it.
    variable("MOSAIC_AGENT_NAME").ok().flatten()
}
