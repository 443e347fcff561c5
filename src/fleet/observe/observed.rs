//! The facts an observer holds between two looks, plane by plane.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::hosts::{HostReading, Post};
use super::screens::{Book, Moved, Readings};
use crate::fleet::error::Failure;
use crate::fleet::heartbeat::{self, Heartbeat, NoHeartbeat};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::join::{self, HostView, Planes, Reading};
use crate::fleet::lifecycle::{Installed, installed};
use crate::fleet::model::{
    AgentName, Authority, ExitFacts, FleetSnapshot, HeartbeatStatus, Label, PaneId, ServerName, SocketName, SshTarget,
    TmuxFeed, UnitsView,
};
use crate::fleet::process::{ProcessTree, ProcessWatch};
use crate::fleet::roster::Roster;
use crate::fleet::session;
use crate::fleet::tmux::{ControlClient, Look, PaneRecord, Peek, Tmux, panes_of};

/// What a plane says before its first answer.
const NOT_READ: &str = "not read yet";

/// Raw facts and when each was read.
pub(super) struct Observed {
    site: Site,
    roster: Roster,
    /// Whether a valid roster was ever read. Without one nothing is looked at: its default socket is
    /// the operator's own tmux server.
    known: bool,
    roster_error: Option<String>,
    tmux: HashMap<ServerName, Reading<Look>>,
    screens: Readings,
    moved: HashMap<ServerName, Moved>,
    book: Book,
    hosts: HashMap<SshTarget, HostView>,
    pub(super) tmux_feed: TmuxFeed,
    watch: ProcessWatch,
    processes: HashMap<u32, ProcessTree>,
    processes_at: Timestamp,
    heartbeats: HashMap<AgentName, Result<Heartbeat, NoHeartbeat>>,
    /// How each agent's last process ended, with the file's time of writing.
    exits: HashMap<AgentName, (SystemTime, ExitFacts)>,
    /// Agents that do not run although nothing is wrong, and why.
    stopped: HashMap<AgentName, Label>,
    systemd: Reading<UnitsView>,
    /// Whether this fleet's units are installed.
    installed: bool,
}

impl Observed {
    pub(super) fn new(site: Site, roster: Result<Roster, Failure>) -> Self {
        let now = Timestamp::now();
        let empty = Roster::empty(&site.roster);
        let mut observed = Self {
            site,
            roster: empty,
            known: false,
            roster_error: None,
            tmux: HashMap::new(),
            screens: HashMap::new(),
            moved: HashMap::new(),
            book: Book::default(),
            hosts: HashMap::new(),
            tmux_feed: TmuxFeed::Once,
            watch: ProcessWatch::default(),
            processes: HashMap::new(),
            processes_at: now,
            heartbeats: HashMap::new(),
            exits: HashMap::new(),
            stopped: HashMap::new(),
            systemd: Reading::new(Err(NOT_READ.to_owned()), now),
            installed: false,
        };
        observed.set_roster(roster);
        observed
    }

    pub(super) fn site(&self) -> &Site {
        &self.site
    }

    pub(super) fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Takes a newly read roster; an invalid one leaves the old one in use.
    pub(super) fn set_roster(&mut self, roster: Result<Roster, Failure>) {
        match roster {
            Ok(roster) => {
                self.roster = roster;
                self.known = true;
                self.roster_error = None;
                // The operator may have mended a file of rules as well.
                self.book = Book::default();
                let posts = self.posts();
                self.hosts.retain(|host, _| posts.iter().any(|post| post.host == *host));
                self.forget_other_servers();
            }
            Err(failure) => self.roster_error = Some(failure.to_string()),
        }
    }

    pub(super) fn set_systemd(&mut self, facts: Result<UnitsView, String>) {
        // A plane that stays unreadable is as old as its first refusal.
        let at = match (&facts, &self.systemd.facts) {
            (Err(_), Err(before)) if before != NOT_READ => self.systemd.at,
            _ => Timestamp::now(),
        };
        self.installed = installed(&self.site) == Installed::Ours;
        self.systemd = Reading::new(facts, at);
    }

    /// What is looked at on other hosts, a post each.
    pub(super) fn posts(&self) -> Vec<Post> {
        let mut posts: Vec<Post> = Vec::new();
        for agent in self.roster.agents.iter().filter(|agent| self.roster.is_remote(agent, &self.site)) {
            let Some(host) = &agent.ssh else { continue };
            match posts.iter_mut().find(|post| post.host == *host) {
                Some(post) => post.agents.push(agent.clone()),
                None => posts.push(Post { host: host.clone(), agents: vec![agent.clone()] }),
            }
        }
        posts
    }

    /// Takes what a host said.
    pub(super) fn set_host(&mut self, reading: HostReading) {
        if !self.posts().iter().any(|post| post.host == reading.host) {
            // It was on its way when the roster forgot the host.
            return;
        }
        let now = Timestamp::now();
        let before = self.hosts.remove(&reading.host);
        let view = match reading.facts {
            Ok(facts) => {
                for (server, look) in facts.servers {
                    self.tmux.insert(server, Reading::new(look, now));
                }
                self.expect_screens();
                let told = self.told_by_screen();
                for (server, pane, peek) in facts.screens {
                    if let Some((.., runtime)) = told.iter().find(|(of, one, _)| *of == server && one.id == pane) {
                        self.set_screen(&server, pane, runtime, &peek);
                    }
                }
                let rows = match facts.rows {
                    Some(rows) => Reading::new(rows, now),
                    None => before.map_or_else(|| Reading::new(Err(NOT_READ.to_owned()), now), |view| view.rows),
                };
                HostView { heard: true, link: Reading::new(Ok(()), now), rows }
            }
            Err(why) => {
                // A silence is as old as the last answer.
                let at = before.as_ref().map_or(now, |view| view.link.at);
                let heard = before.is_some_and(|view| view.heard);
                HostView { heard, link: Reading::new(Err(why), at), rows: Reading::new(Err(NOT_READ.to_owned()), now) }
            }
        };
        self.hosts.insert(reading.host, view);
    }

    /// Live panes whose screens are to tell their agents' state, with the runtimes: those whose screens are
    /// known, and for which nobody better speaks.
    fn told_by_screen(&mut self) -> Vec<(ServerName, PaneRecord, String)> {
        let mut told = Vec::new();
        for agent in &self.roster.agents {
            let server = self.roster.server(agent, &self.site);
            let here = server.ssh.is_none();
            let speaks = here && self.heartbeats.get(&agent.name).is_some_and(speaks_for_itself);
            if speaks || !self.book.knows(&self.site, &agent.runtime) {
                continue;
            }
            let Some(Ok(Look::Panes(panes))) = self.tmux.get(&server).map(|reading| &reading.facts) else { continue };
            if let Some(pane) = panes_of(panes, &agent.session, &agent.name).first().filter(|pane| !pane.dead) {
                told.push((server, (*pane).clone(), agent.runtime.clone()));
            }
        }
        told
    }

    /// Forgets screens that tell nothing any more, and says of those that are to be read that they were not.
    pub(super) fn expect_screens(&mut self) {
        let told = self.told_by_screen();
        let wanted = |server: &ServerName, pane: PaneId| told.iter().any(|(of, one, _)| of == server && one.id == pane);
        self.screens.retain(|(server, pane), _| wanted(server, *pane));
        for (server, moved) in &mut self.moved {
            moved.retain(|pane| wanted(server, pane));
        }
        for (server, pane, _) in told {
            let unread = || Reading::new(Err(NOT_READ.to_owned()), Timestamp::now());
            self.screens.entry((server, pane.id)).or_insert_with(unread);
        }
    }

    /// Takes a look at a pane's screen.
    fn set_screen(&mut self, server: &ServerName, pane: PaneId, runtime: &str, peek: &Peek) {
        if let Some(reading) = self.book.read(&self.site, runtime, peek) {
            self.screens.insert((server.clone(), pane), reading);
        }
    }

    /// Reads the screens of this host that have moved, over the control client of the fleet's own server where
    /// there is one, else by one short-lived client per server; whether there were any. One that cannot be
    /// read is tried again, and what it said before stands.
    pub(super) async fn read_screens(&mut self, control: Option<&ControlClient>) -> bool {
        let own = ServerName::here(&self.roster.socket);
        let mut due: HashMap<ServerName, Vec<(PaneRecord, String)>> = HashMap::new();
        for (server, pane, runtime) in self.told_by_screen() {
            if server.ssh.is_none() && self.moved.entry(server.clone()).or_default().is_due(&pane) {
                due.entry(server).or_default().push((pane, runtime));
            }
        }
        for (server, panes) in &due {
            let ids: Vec<PaneId> = panes.iter().map(|(pane, _)| pane.id).collect();
            let peeks: Vec<(PaneId, Peek)> = match control.filter(|_| *server == own) {
                Some(control) => {
                    let peeks = join_all(ids.iter().map(|pane| control.peek(*pane))).await;
                    ids.iter().zip(peeks).filter_map(|(pane, peek)| Some((*pane, peek?))).collect()
                }
                None => Tmux::new(server.socket.clone()).peeks(&ids).await,
            };
            for (pane, peek) in peeks {
                if let Some((record, runtime)) = panes.iter().find(|(record, _)| record.id == pane) {
                    self.moved.entry(server.clone()).or_default().note(record);
                    self.set_screen(server, pane, runtime, &peek);
                }
            }
        }
        !due.is_empty()
    }

    /// The fleet's own tmux server.
    pub(super) fn tmux_handle(&self) -> Tmux {
        Tmux::new(self.roster.socket.clone())
    }

    /// Sockets that hold agents of this host, the fleet's own first.
    fn sockets(&self) -> Vec<SocketName> {
        if !self.known {
            return Vec::new();
        }
        let mut sockets = vec![self.roster.socket.clone()];
        for agent in &self.roster.agents {
            if !sockets.contains(&agent.socket) && !self.roster.is_remote(agent, &self.site) {
                sockets.push(agent.socket.clone());
            }
        }
        sockets
    }

    /// Asks every socket with one short-lived client each.
    pub(super) async fn look_by_fork(&mut self) {
        for socket in self.sockets() {
            self.look_at(socket).await;
        }
        self.forget_other_servers();
    }

    /// Asks the sockets beside the fleet's own, which the control client does not see.
    pub(super) async fn look_at_other_sockets(&mut self) {
        for socket in self.sockets().into_iter().skip(1) {
            self.look_at(socket).await;
        }
    }

    async fn look_at(&mut self, socket: SocketName) {
        let facts = Tmux::new(socket.clone()).look().await.map_err(|failure| failure.to_string());
        self.tmux.insert(ServerName::here(&socket), Reading::new(facts, Timestamp::now()));
    }

    /// Takes the pane list that a control client gave.
    pub(super) fn set_panes(&mut self, panes: Vec<PaneRecord>) {
        let own = ServerName::here(&self.roster.socket);
        self.tmux.insert(own, Reading::new(Ok(Look::Panes(panes)), Timestamp::now()));
    }

    fn forget_other_servers(&mut self) {
        let mut servers: Vec<ServerName> = self.sockets().iter().map(ServerName::here).collect();
        servers.extend(self.roster.agents.iter().map(|agent| self.roster.server(agent, &self.site)));
        self.tmux.retain(|server, _| servers.contains(server));
        self.moved.retain(|server, _| servers.contains(server));
        let tmux = &self.tmux;
        self.screens.retain(|(server, _), _| tmux.contains_key(server));
    }

    /// Panes of the fleet's own socket, when it could be read.
    pub(super) fn panes(&self) -> Option<&[PaneRecord]> {
        match &self.tmux.get(&ServerName::here(&self.roster.socket))?.facts {
            Ok(Look::Panes(panes)) => Some(panes),
            _ => None,
        }
    }

    /// Every live pane process on any socket.
    pub(super) fn live_pids(&self) -> Vec<u32> {
        self.all_panes().filter(|pane| !pane.dead).map(|pane| pane.pid).collect()
    }

    fn all_panes(&self) -> impl Iterator<Item = &PaneRecord> {
        self.tmux
            .iter()
            .filter(|(server, _)| server.ssh.is_none())
            .filter_map(|(_, reading)| match &reading.facts {
                Ok(Look::Panes(panes)) => Some(panes),
                _ => None,
            })
            .flatten()
    }

    /// Reads the process trees of all live panes.
    pub(super) fn read_processes(&mut self) {
        let pids = self.live_pids();
        self.processes = pids.iter().map(|pid| (*pid, self.watch.look(*pid))).collect();
        self.watch.retain(&pids);
        self.processes_at = Timestamp::now();
    }

    /// Reads one pane's process tree.
    pub(super) fn read_process(&mut self, pid: u32) {
        let tree = self.watch.look(pid);
        self.processes.insert(pid, tree);
    }

    /// Reads every agent's heartbeat file.
    pub(super) fn read_heartbeats(&mut self) {
        let now = Timestamp::now();
        let interval = self.site.thresholds.heartbeat_interval;
        self.heartbeats = self
            .roster
            .agents
            .iter()
            .map(|agent| {
                let path = self.site.run_file(&agent.name, RunFile::Heartbeat);
                (agent.name.clone(), heartbeat::read(&path, now, interval))
            })
            .collect();
        self.read_ends();
    }

    /// Reads what is on record of each agent's end.
    fn read_ends(&mut self) {
        let mut exits = HashMap::new();
        self.stopped.clear();
        for agent in &self.roster.agents {
            if let Ok(why) = std::fs::read_to_string(self.site.run_file(&agent.name, RunFile::Stopped)) {
                self.stopped.insert(agent.name.clone(), Label::new(why.lines().next().unwrap_or_default()));
            }
            let path = self.site.run_file(&agent.name, RunFile::Exit);
            let Ok(written) = std::fs::metadata(path).and_then(|meta| meta.modified()) else { continue };
            let known = self.exits.remove(&agent.name).filter(|(at, _)| *at == written);
            let read = || session::last_exit(&self.site, &agent.name).map(|record| (written, record.facts()));
            if let Some(exit) = known.or_else(read) {
                exits.insert(agent.name.clone(), exit);
            }
        }
        self.exits = exits;
    }

    /// Joins what is known now.
    pub(super) fn join(&self) -> Arc<FleetSnapshot> {
        Arc::new(join::join(&Planes {
            site: &self.site,
            roster: &self.roster,
            roster_error: self.roster_error.as_deref(),
            tmux: &self.tmux,
            screens: &self.screens,
            hosts: &self.hosts,
            tmux_feed: self.tmux_feed,
            processes: &self.processes,
            processes_at: self.processes_at,
            heartbeats: &self.heartbeats,
            exits: &self.exits,
            stopped: &self.stopped,
            systemd: &self.systemd,
            installed: self.installed,
            now: Timestamp::now(),
        }))
    }
}

/// Whether a runtime says all there is to know about its state, so that nobody has to read its screen. What
/// it asks stands there only.
fn speaks_for_itself(beat: &Result<Heartbeat, NoHeartbeat>) -> bool {
    let Ok(beat) = beat else { return false };
    let asks = matches!(beat.status, HeartbeatStatus::Waiting | HeartbeatStatus::Blocked);
    let busy = beat.status == HeartbeatStatus::Busy;
    beat.by == Authority::Runtime && !asks && (busy || beat.next_seconds.is_some())
}
