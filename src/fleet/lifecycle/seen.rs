//! Whether an agent is where its roster says. One that lives elsewhere is neither started nor ended from here: a second
//! one would be made beside it, or the first be taken for gone.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::model::SocketName;
use crate::fleet::roster::{Agent, Roster};
use crate::fleet::session::{self, Hidden};
use crate::fleet::tmux::{PaneRecord, Tmux};

/// A server that was told to end takes its agents along within this time.
const ENDS_WITHIN: Duration = Duration::from_secs(2);

/// Pause between two looks at one.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Refuses what would be done to an agent that lives on a server that is not seen. One whose session only bears another
/// name is reached by its process.
///
/// # Errors
/// Where it lives and how it is reached; when tmux cannot be asked.
pub(super) async fn ensure_seen(site: &Site, agent: &Agent) -> Result<()> {
    ensure(site, agent, &mut HashMap::new()).await
}

/// Refuses to make a server, or to use the one that is there, while an agent of this host lives on another one.
///
/// # Errors
/// As for [`ensure_seen`].
pub(super) async fn ensure_one_server(site: &Site, roster: &Roster, sockets: &[&SocketName]) -> Result<()> {
    let mut asked = HashMap::new();
    let agents = roster.agents.iter().filter(|agent| !roster.is_remote(agent, site));
    for agent in agents.filter(|agent| sockets.contains(&&agent.socket)) {
        ensure(site, agent, &mut asked).await?;
    }
    Ok(())
}

async fn ensure(site: &Site, agent: &Agent, asked: &mut HashMap<SocketName, Vec<PaneRecord>>) -> Result<()> {
    let gives_up = Instant::now() + ENDS_WITHIN;
    loop {
        let Some(hidden) = hidden(site, agent, asked).await?.filter(|hidden| !hidden.same_server) else {
            return Ok(());
        };
        if Instant::now() > gives_up {
            return Err(Failure::new(Kind::Refused, format!("agent {}", agent.name), hidden.why, hidden.next));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
        asked.clear();
    }
}

async fn hidden(
    site: &Site,
    agent: &Agent,
    asked: &mut HashMap<SocketName, Vec<PaneRecord>>,
) -> Result<Option<Hidden>> {
    let Some(living) = session::living(site, &agent.name) else { return Ok(None) };
    // The roster may have named another socket when it was started; a stop looks there as well.
    let former = session::last_socket(&site.run_file(&agent.name, RunFile::Lock));
    for socket in [Some(&agent.socket), former.as_ref()].into_iter().flatten() {
        if !asked.contains_key(socket) {
            let panes = Tmux::new(*socket).reach().await?.unwrap_or_default();
            asked.insert(*socket, panes);
        }
        if asked[socket].iter().any(|pane| pane.session == agent.session && pane.pid == living.pid) {
            return Ok(None);
        }
    }
    Ok(living.hidden(agent, &asked[&agent.socket]))
}
