//! The facts an observer holds between two looks, plane by plane.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;

use crate::fleet::error::Failure;
use crate::fleet::heartbeat::{self, Heartbeat, NoHeartbeat};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::join::{self, Planes, Reading};
use crate::fleet::lifecycle::{Installed, installed};
use crate::fleet::model::{AgentName, ExitFacts, FleetSnapshot, Label, SocketName, TmuxFeed, UnitsView};
use crate::fleet::process::{ProcessTree, ProcessWatch};
use crate::fleet::roster::Roster;
use crate::fleet::session;
use crate::fleet::tmux::{Look, PaneRecord, Tmux};

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
    tmux: HashMap<SocketName, Reading<Look>>,
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
        self.forget_other_sockets();
    }

    /// Asks the sockets beside the fleet's own, which the control client does not see.
    pub(super) async fn look_at_other_sockets(&mut self) {
        for socket in self.sockets().into_iter().skip(1) {
            self.look_at(socket).await;
        }
    }

    async fn look_at(&mut self, socket: SocketName) {
        let facts = Tmux::new(socket.clone()).look().await.map_err(|failure| failure.to_string());
        self.tmux.insert(socket, Reading::new(facts, Timestamp::now()));
    }

    /// Takes the pane list that a control client gave.
    pub(super) fn set_panes(&mut self, panes: Vec<PaneRecord>) {
        self.tmux.insert(self.roster.socket.clone(), Reading::new(Ok(Look::Panes(panes)), Timestamp::now()));
    }

    fn forget_other_sockets(&mut self) {
        let sockets = self.sockets();
        self.tmux.retain(|socket, _| sockets.contains(socket));
    }

    /// Panes of the fleet's own socket, when it could be read.
    pub(super) fn panes(&self) -> Option<&[PaneRecord]> {
        match &self.tmux.get(&self.roster.socket)?.facts {
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
            .values()
            .filter_map(|reading| match &reading.facts {
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
