//! The tmux server and its holder session, which keeps it alive when no agent runs.

use std::path::Path;

use super::service;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::model::Size;
use crate::fleet::os::process;
use crate::fleet::roster::{Agent, Roster};
use crate::fleet::systemd::Manager;
use crate::fleet::tmux::{Change, PaneRecord, Query, Tmux};

/// Makes sure that a tmux server with the holder session runs on each socket of these agents.
///
/// # Errors
/// When tmux is missing or refuses.
pub async fn ensure_servers(site: &Site, roster: &Roster, agents: &[&Agent]) -> Result<()> {
    for socket in roster.sockets(agents.iter().copied()) {
        ensure_server(site, roster, &Tmux::new(*socket), None).await?;
    }
    Ok(())
}

/// Makes sure of the server of an agent with a socket of its own, on behalf of its keeper. Under systemd
/// that server gets a scope: in the unit of the agent that came first it would end with that agent.
///
/// # Errors
/// When tmux is missing or refuses.
pub(super) async fn ensure_own_server(site: &Site, roster: &Roster, agent: &Agent) -> Result<()> {
    let scope = service::is_managed().then(|| format!("mosaic-tmux-{}-{}.scope", site.tag(), std::process::id()));
    ensure_server(site, roster, &Tmux::new(agent.socket), scope.as_deref()).await
}

async fn ensure_server(site: &Site, roster: &Roster, tmux: &Tmux, scope: Option<&str>) -> Result<()> {
    let holder = Change::NewSession {
        session: &roster.holder,
        size: Size { width: 80, height: 24 },
        directory: Path::new("/"),
        env: Vec::new(),
        argv: vec!["sleep".to_owned(), "infinity".to_owned()],
    };
    let made = match tmux.reach().await? {
        None => {
            // In the same command as the session: a server whose only session ended before that would be gone.
            let changes = [holder, Change::GlobalOption("exit-empty", "off")];
            tmux.change_starting_server(&changes, &site.variables(), scope).await
        }
        Some(panes) if holds(&panes, roster) => return Ok(()),
        Some(_) => tmux.change(&[holder]).await,
    };
    match made {
        // Two starts at once: the other one made it.
        Err(_) if matches!(tmux.reach().await?, Some(panes) if holds(&panes, roster)) => Ok(()),
        made => made,
    }
}

fn holds(panes: &[PaneRecord], roster: &Roster) -> bool {
    panes.iter().any(|pane| pane.session == roster.holder)
}

/// Makes sure of the fleet's own server on behalf of the holder's unit, which then owns it: a server
/// that was there already, started without systemd, is moved into the unit with all that it runs.
///
/// # Errors
/// When tmux refuses, or the server cannot be moved.
pub async fn hold(site: &Site, roster: &Roster) -> Result<()> {
    let tmux = Tmux::new(roster.socket);
    ensure_server(site, roster, &tmux, None).await?;
    let text = tmux.query(&Query::ServerPid).await?;
    let what = || format!("tmux server on socket {}", roster.socket);
    let pid: u32 = text.trim().parse().map_err(|_| {
        Failure::failed(
            what(),
            format!("gave {} as its pid", crate::plain::quoted(text.trim())),
            format!("look with `{}`", roster.socket.command("list-sessions")),
        )
    })?;
    // Without systemd there is no unit that could own the server.
    let unit = process::control_group(std::process::id());
    if unit.is_none() || process::control_group(pid) == unit {
        return Ok(());
    }
    let moved = match Manager::connect().await {
        Ok(manager) => manager.adopt(&[pid]).await,
        Err(why) => Err(why),
    };
    moved.map_err(|why| {
        Failure::failed(
            what(),
            format!("runs already, outside of systemd, and cannot be moved: {why}"),
            "`mosaic-tui fleet stop --supervisor direct` ends its agents, and says how its server is ended; then start again",
        )
    })
}
