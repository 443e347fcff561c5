//! Whether each of the fleet's tmux servers can be reached, and is the only one of its socket.

use std::path::Path;

use super::Check;
use crate::fleet::home::Site;
use crate::fleet::model::SocketName;
use crate::fleet::roster::{Agent, Roster};
use crate::fleet::session;
use crate::fleet::tmux::{Look, Query, REACHED_BY, Tmux, servers_on};

/// Checks the server of each socket that has agents of this host.
pub(super) async fn servers(site: &Site, roster: &Roster) -> Vec<Check> {
    let mut checks = Vec::new();
    for socket in roster.sockets(roster.agents.iter().filter(|agent| !roster.is_remote(agent, site))) {
        let agents = roster.agents.iter().filter(|agent| agent.socket == *socket && !roster.is_remote(agent, site));
        checks.push(server(site, socket, agents).await);
    }
    checks
}

async fn server(site: &Site, socket: &SocketName, mut agents: impl Iterator<Item = &Agent>) -> Check {
    let (subject, tmux) = (format!("tmux server on {socket}"), Tmux::new(*socket));
    let panes = match tmux.look().await {
        // One that is ending names whom it waits for.
        Err(failure) => return Check::failed(subject, failure.why, failure.next),
        Ok(Look::Unreachable(server)) => return Check::failed(subject, server.to_string(), REACHED_BY),
        Ok(Look::NoServer) => None,
        Ok(Look::Panes(panes)) => Some(panes),
    };
    let seen = panes.as_deref().unwrap_or_default();
    let hidden = |agent: &Agent| session::living(site, &agent.name)?.hidden(agent, seen);
    if let Some((agent, hidden)) = agents.find_map(|agent| Some((agent, hidden(agent)?))) {
        return Check::failed(subject, format!("agent {}: {}", agent.name, hidden.why), hidden.next);
    }
    if panes.is_none() {
        return Check::ok(subject, "none runs now");
    }
    let sessions = seen.iter().map(|pane| &pane.session).collect::<std::collections::HashSet<_>>().len();
    let (pid, path) = (tmux.query(&Query::ServerPid).await, tmux.query(&Query::SocketPath).await);
    let (Some(pid), Ok(path)) = (pid.ok().and_then(|pid| pid.trim().parse::<u32>().ok()), path) else {
        return Check::failed(subject, "does not tell its pid", format!("look with `{}`", socket.command("info")));
    };
    let lost: Vec<u32> = servers_on(Path::new(path.trim())).into_iter().filter(|other| *other != pid).collect();
    match lost.first() {
        None => Check::ok(subject, format!("pid {pid}, {sessions} sessions")),
        Some(other) => Check::failed(
            subject,
            format!("pid {pid} answers, and pid {other} lives behind the same socket, reached by nobody"),
            format!(
                "`pstree -p {other}` shows what it holds; once nothing of pid {pid} is needed, `kill -USR1 {other}` gives it the socket"
            ),
        ),
    }
}
