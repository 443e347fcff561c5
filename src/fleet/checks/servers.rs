//! Whether each of the fleet's tmux servers can be reached, and is the only one of its socket.

use std::path::Path;

use super::Check;
use crate::fleet::home::Site;
use crate::fleet::model::SocketName;
use crate::fleet::roster::Roster;
use crate::fleet::tmux::{Look, Query, REACHED_BY, Tmux, servers_on};

/// Checks the server of each socket that has agents of this host.
pub(super) async fn servers(site: &Site, roster: &Roster) -> Vec<Check> {
    let mut sockets = vec![&roster.socket];
    for agent in roster.agents.iter().filter(|agent| !roster.is_remote(agent, site)) {
        if !sockets.contains(&&agent.socket) {
            sockets.push(&agent.socket);
        }
    }
    let mut checks = Vec::new();
    for socket in sockets {
        checks.push(server(socket).await);
    }
    checks
}

async fn server(socket: &SocketName) -> Check {
    let (subject, tmux) = (format!("tmux server on {socket}"), Tmux::new(socket.clone()));
    let sessions = match tmux.look().await {
        // One that is ending names whom it waits for.
        Err(failure) => return Check::failed(subject, failure.why, failure.next),
        Ok(Look::NoServer) => return Check::ok(subject, "none runs now"),
        Ok(Look::Unreachable(server)) => return Check::failed(subject, server.to_string(), REACHED_BY),
        Ok(Look::Panes(panes)) => {
            panes.iter().map(|pane| &pane.session).collect::<std::collections::HashSet<_>>().len()
        }
    };
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
