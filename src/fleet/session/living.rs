//! An agent's process that lives, told by the kernel: tmux may not show it. What is not seen on one server is not
//! gone; it may live on another one, of another folder or behind a socket that somebody else has taken.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::environment::AGENT_NAME;
use super::lock;
use crate::fleet::heartbeat;
use crate::fleet::home::{RunFile, Site};
use crate::fleet::model::{AgentName, Label, SocketName};
use crate::fleet::os::process;
use crate::fleet::roster::Agent;
use crate::fleet::tmux::{PaneRecord, server_above, socket_base, socket_path};

/// The process of an agent's pane, as its keeper or its heartbeat names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Living {
    /// The pane's own process.
    pub pid: u32,
    /// The tmux server that it runs below, and the path of that server's socket where it can be told.
    pub server: Option<(u32, Option<PathBuf>)>,
}

/// Where an agent lives that is not seen where the roster says, and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Where it lives.
    pub why: String,
    /// What helps.
    pub next: String,
    /// Whether it is the server that was asked.
    pub same_server: bool,
}

/// The agent's process, if it lives.
#[must_use]
pub fn living(site: &Site, agent: &AgentName) -> Option<Living> {
    living_below(site, agent, &mut HashMap::new())
}

/// The processes of these agents that live. What a server holds open is read once, however many live below it.
#[must_use]
pub fn living_of<'a>(site: &Site, agents: impl Iterator<Item = &'a AgentName>) -> HashMap<AgentName, Living> {
    let mut servers = HashMap::new();
    agents.filter_map(|agent| Some((*agent, living_below(site, agent, &mut servers)?))).collect()
}

/// `servers` are the sockets' paths of the servers that were looked at.
fn living_below(site: &Site, agent: &AgentName, servers: &mut HashMap<u32, Option<PathBuf>>) -> Option<Living> {
    let kept = lock::kept(&site.run_file(agent, RunFile::Lock));
    let pid = match kept.pane {
        Some((pid, start)) if process::is_alive(pid) && process::start_ticks(pid) == Some(start) => pid,
        // A pid alone comes again: its environment must name the agent.
        _ => heartbeat_pid(site, agent)
            .filter(|pid| process::environment_value(*pid, AGENT_NAME).as_deref() == Some(agent.as_str()))?,
    };
    let Some((server, pane)) = server_above(pid) else { return Some(Living { pid, server: None }) };
    let path = servers.entry(server).or_insert_with(|| socket_path(server)).clone();
    let path = path.or_else(|| kept.server.filter(|(pid, _)| *pid == server).map(|(_, path)| path));
    Some(Living { pid: pane, server: Some((server, path)) })
}

fn heartbeat_pid(site: &Site, agent: &AgentName) -> Option<u32> {
    let path = site.run_file(agent, RunFile::Heartbeat);
    let beat = heartbeat::read(&path, Timestamp::now(), site.thresholds.heartbeat_interval).ok()?;
    process::is_alive(beat.pid).then_some(beat.pid)
}

impl Living {
    /// Where it lives, when that is not where it is looked for: `panes` are those of the agent's socket, none where
    /// there is no server. What has outlived its pane or its server is hidden nowhere.
    #[must_use]
    pub fn hidden(&self, agent: &Agent, panes: &[PaneRecord]) -> Option<Hidden> {
        let (server, path) = self.server.as_ref()?;
        let pid = self.pid;
        if panes.iter().any(|pane| pane.server == *server) {
            let pane = panes.iter().find(|pane| pane.pid == pid).filter(|pane| pane.session != agent.session)?;
            return Some(Hidden {
                why: format!(
                    "its process, pid {pid}, lives in session {} and in none of its own",
                    pane.session.label()
                ),
                same_server: true,
                next: format!(
                    "`{}` gives it its name again",
                    agent.socket.command(&format!("rename-session -t '{}' {}", pane.session_id, agent.session.0))
                ),
            });
        }
        // They were listed by one socket, so any of them names its server.
        let seen = panes.first().map(|pane| pane.server);
        Some(elsewhere(pid, *server, path.as_deref(), &agent.socket, seen))
    }
}

/// Words for a server that is not the one on the agent's socket; `seen` is the pid of that one.
fn elsewhere(pid: u32, server: u32, path: Option<&Path>, socket: &SocketName, seen: Option<u32>) -> Hidden {
    let lives = format!("its process, pid {pid}, lives on tmux server pid {server}");
    let Some((path, folder)) = path.and_then(|path| Some((path, path.parent()?.parent()?))) else {
        return Hidden {
            why: format!("{lives}, which is not on socket {socket}"),
            same_server: false,
            next: "try again with the TMUX_TMPDIR that it was started with".to_owned(),
        };
    };
    let at = Label::new(&path.display().to_string());
    if !is_ours(folder) {
        return Hidden {
            why: format!("{lives}, whose socket is {at}"),
            same_server: false,
            next: match folder == Path::new("/tmp") {
                true => "`unset TMUX_TMPDIR`, as where it was started, and try again".to_owned(),
                false => format!(
                    "set TMUX_TMPDIR to {}, as where it was started, and try again",
                    Label::new(&folder.display().to_string())
                ),
            },
        };
    }
    if path.file_name() != Some(socket.file_name().as_ref()) {
        return Hidden {
            why: format!("{lives}, whose socket is {at}, and the roster says {socket}"),
            same_server: false,
            next: "`mosaic-tui fleet restart` of this agent moves it".to_owned(),
        };
    }
    let (what, gives) = match seen {
        Some(other) => {
            (format!("whose socket {at} another one (pid {other}) has taken"), ", and takes it from the other one")
        }
        None => (format!("which does not listen at {at} any more"), ", if it does not end"),
    };
    Hidden {
        why: format!("{lives}, {what}"),
        same_server: false,
        next: format!("`kill -USR1 {server}` gives it back{gives}"),
    }
}

/// Whether a folder is the one in which our own tmux clients look.
fn is_ours(folder: &Path) -> bool {
    let variable = std::env::var_os("TMUX_TMPDIR").map(PathBuf::from);
    socket_base(variable.as_deref())
        .is_ok_and(|own| own == folder || folder.canonicalize().is_ok_and(|real| real == own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_its_way_back() {
        let socket = SocketName::named("s").unwrap();
        let at = |path: &str| elsewhere(7, 5, Some(Path::new(path)), &socket, Some(6));
        let far = at("/nowhere/x/tmux-0/s");
        assert_eq!(far.next, "set TMUX_TMPDIR to /nowhere/x, as where it was started, and try again");
        assert!(far.why.contains("pid 7") && far.why.contains("pid 5") && far.why.contains("/nowhere/x/tmux-0/s"));
        assert!(elsewhere(7, 5, None, &socket, None).next.contains("TMUX_TMPDIR"));
    }
}
