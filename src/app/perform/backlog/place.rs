//! Which backlog this process works with, and in whose name.

use std::path::Path;

use crate::backlog::place::Location;
use crate::backlog::store::Who;
use crate::fleet::error::Result;
use crate::fleet::home::{Site, variable};
use crate::fleet::session;

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

/// In whose name this process works.
pub(in crate::app) struct Me {
    /// The name: the agent's inside its pane, else the user's.
    pub(in crate::app) who: Who,
    /// Whether it is an agent's.
    pub(in crate::app) is_agent: bool,
}

/// In whose name; found out anew each time, by the processes that this one runs below.
pub(in crate::app) fn me(site: &Site) -> Me {
    let agent = session::own_agent(site);
    Me {
        is_agent: agent.is_some(),
        who: Who {
            actor: agent.unwrap_or_else(|| site.tenant_id.clone()),
            tenant_id: site.tenant_id.clone(),
            host: site.host.clone(),
        },
    }
}

/// The name alone.
pub(in crate::app) fn who(site: &Site) -> Who {
    me(site).who
}
