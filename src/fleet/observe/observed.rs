//! The facts an observer holds between two looks, plane by plane.

mod beats;
mod screens;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Timestamp;

use super::hosts::{HostReading, RemoteAgents};
use super::kept::Kept;
use super::printed::{Printed, Rows};
use super::screens::{Readings, RulesCache, ScreenPoll};
use super::trees::Folder;
use crate::fleet::error::Failure;
use crate::fleet::escalations;
use crate::fleet::heartbeat::{Heartbeat, NoHeartbeat};
use crate::fleet::home::Site;
use crate::fleet::join::Trees;
use crate::fleet::join::{self, HostView, Planes, Reading};
use crate::fleet::lifecycle::{Installed, installed};
use crate::fleet::model::{
    AgentName, Escalation, ExitFacts, Flag, FleetSnapshot, Label, PaneId, RowKey, ServerName, SocketName, SshTarget,
    Supervision, Thresholds, UnitsView, Warning,
};
use crate::fleet::os::process::{ProcessTree, ProcessWatch};
use crate::fleet::pause;
use crate::fleet::roster::{Agent, Roster};
use crate::fleet::session::{self, Living};
use crate::fleet::supervision;
use crate::fleet::tmux::{Look, PaneRecord};
use crate::fleet::usage::Usage;

/// What a plane says before its first answer.
const NOT_READ: &str = "not read yet";

/// Inode of a file, and when it was written: whoever writes it makes it anew.
type FileStamp = (u64, SystemTime);

/// Raw facts and when each was read.
pub(super) struct Observed {
    site: Site,
    roster: Roster,
    /// Whether a valid roster was ever read. Without one nothing is looked at: its default socket is
    /// the operator's own tmux server.
    known: bool,
    roster_error: Option<Failure>,
    tmux: HashMap<ServerName, Reading<Look>>,
    screens: Readings,
    /// What those panes print.
    printed: Printed,
    polls: HashMap<ServerName, ScreenPoll>,
    /// Panes whose screens tell something, and their runtimes.
    told: HashMap<(ServerName, PaneId), (PaneRecord, String)>,
    rules: RulesCache,
    /// What was read on screens before the first look.
    kept: HashMap<ServerName, Kept>,
    hosts: HashMap<SshTarget, HostView>,
    watch: ProcessWatch,
    processes: HashMap<u32, ProcessTree>,
    processes_at: Timestamp,
    heartbeats: HashMap<AgentName, Result<Heartbeat, NoHeartbeat>>,
    usage: HashMap<AgentName, Usage>,
    /// Of which file each of them was read, where it was looked at more than once.
    usage_of: HashMap<AgentName, FileStamp>,
    notes: HashMap<AgentName, Vec<Label>>,
    /// How each agent's last process ended, with the file's time of writing.
    exits: HashMap<AgentName, (SystemTime, ExitFacts)>,
    /// Agents that do not run although nothing is wrong, and why.
    stopped: HashMap<AgentName, Label>,
    systemd: Reading<UnitsView>,
    /// Whether it was read at least once.
    systemd_answered: bool,
    /// Whether this fleet's units are installed.
    installed: bool,
    /// The work trees of agents' folders, where git was asked.
    trees: Option<Trees>,
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
            printed: Printed::default(),
            polls: HashMap::new(),
            told: HashMap::new(),
            rules: RulesCache::default(),
            kept: HashMap::new(),
            hosts: HashMap::new(),
            watch: ProcessWatch::default(),
            processes: HashMap::new(),
            processes_at: now,
            heartbeats: HashMap::new(),
            usage: HashMap::new(),
            usage_of: HashMap::new(),
            notes: HashMap::new(),
            exits: HashMap::new(),
            stopped: HashMap::new(),
            systemd: Reading::new(Err(NOT_READ.to_owned()), now),
            systemd_answered: false,
            installed: false,
            trees: None,
        };
        observed.set_roster(roster);
        observed
    }

    /// Judges by these limits from here on.
    pub(super) fn judge_by(&mut self, thresholds: Thresholds) {
        self.site.thresholds = thresholds;
    }

    pub(super) fn site(&self) -> &Site {
        &self.site
    }

    /// Takes a newly read roster; an invalid one leaves the old one in use.
    pub(super) fn set_roster(&mut self, roster: Result<Roster, Failure>) {
        match roster {
            Ok(roster) => {
                self.roster = roster;
                self.known = true;
                self.roster_error = None;
                // The operator may have mended a file of rules as well.
                self.rules = RulesCache::default();
                let remote_agents = self.remote_agents();
                self.hosts.retain(|host, _| remote_agents.iter().any(|remote| remote.host == *host));
                self.forget_other_servers();
            }
            Err(failure) => self.roster_error = Some(failure),
        }
    }

    /// Takes what systemd said; whether that is another thing than before.
    pub(super) fn set_systemd(&mut self, facts: Result<UnitsView, String>) -> bool {
        let same = self.systemd_answered && self.systemd.facts == facts;
        // A plane that stays unreadable is as old as its first refusal.
        let at = match (&facts, &self.systemd.facts) {
            (Err(_), Err(_)) if self.systemd_answered => self.systemd.at,
            _ => Timestamp::now(),
        };
        // Whoever installs or removes units has the manager read them anew, and so a reading comes then.
        self.installed = installed(&self.site) == Installed::Ours;
        self.systemd = Reading::new(facts, at);
        self.systemd_answered = true;
        !same
    }

    /// The agents of other hosts, host by host.
    pub(super) fn remote_agents(&self) -> Vec<RemoteAgents> {
        let mut remote_agents: Vec<RemoteAgents> = Vec::new();
        for agent in self.roster.agents.iter().filter(|agent| self.roster.is_remote(agent, &self.site)) {
            let Some(host) = &agent.ssh else { continue };
            match remote_agents.iter_mut().find(|remote| remote.host == *host) {
                Some(remote) => remote.agents.push(agent.clone()),
                None => remote_agents.push(RemoteAgents { host: host.clone(), agents: vec![agent.clone()] }),
            }
        }
        remote_agents
    }

    /// Takes what a host said.
    pub(super) fn set_host(&mut self, reading: HostReading) {
        if !self.remote_agents().iter().any(|remote| remote.host == reading.host) {
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
                // A screen counts for a pane that is known, and some of those have just arrived.
                self.reconcile_screens();
                for (server, pane, peek) in facts.screens {
                    let key = (server, pane);
                    let told = self.told.get(&key);
                    let read = told.and_then(|(_, runtime)| self.rules.read(&self.site, runtime, &peek));
                    if let Some(reading) = read {
                        self.printed.take(&key.0, pane, Rows::of(&peek));
                        self.screens.insert(key, reading);
                    }
                }
                let rows = match facts.rows {
                    Some(rows) => Reading::new(rows, now),
                    // Not asked for this time: what it said before holds.
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

    /// Sockets that hold agents of this host, the fleet's own first.
    pub(super) fn sockets(&self) -> Vec<SocketName> {
        if !self.known {
            return Vec::new();
        }
        let here = self.roster.agents.iter().filter(|agent| !self.roster.is_remote(agent, &self.site));
        self.roster.sockets(here).into_iter().copied().collect()
    }

    /// Takes what a server on this host said of its panes; whether that is another thing than before.
    pub(super) fn take_look(&mut self, socket: &SocketName, look: Result<Look, String>) -> bool {
        // It was on its way when the roster forgot the socket.
        if !self.sockets().contains(socket) {
            return false;
        }
        let reading = Reading::new(look, Timestamp::now());
        let server = ServerName::here(socket);
        let same = self.tmux.get(&server).is_some_and(|before| before.facts == reading.facts);
        self.tmux.insert(server, reading);
        !same
    }

    /// Whether pause and supervisor are still what a snapshot says: nothing tells when one of them ends by itself.
    pub(super) fn stands_as(&self, snapshot: &FleetSnapshot) -> bool {
        snapshot.paused == pause::read_at(&self.site.home, Timestamp::now())
            && snapshot.supervision.pid == supervision::running(&self.site)
    }

    fn forget_other_servers(&mut self) {
        let mut servers: Vec<ServerName> = self.sockets().iter().map(ServerName::here).collect();
        servers.extend(self.roster.agents.iter().map(|agent| self.roster.server(agent, &self.site)));
        self.tmux.retain(|server, _| servers.contains(server));
        self.polls.retain(|server, _| servers.contains(server));
        let tmux = &self.tmux;
        self.screens.retain(|(server, _), _| tmux.contains_key(server));
    }

    /// Every live pane process on any socket.
    pub(super) fn live_pids(&self) -> HashSet<u32> {
        self.all_panes().filter(|pane| !pane.dead).map(|pane| pane.pid).collect()
    }

    /// The processes of the servers of this host that hold panes.
    pub(super) fn server_pids(&self) -> Vec<(SocketName, u32)> {
        let of = |(server, reading): (&ServerName, &Reading<Look>)| match &reading.facts {
            Ok(Look::Panes(panes)) if server.ssh.is_none() => Some((server.socket, panes.first()?.server)),
            _ => None,
        };
        self.tmux.iter().filter_map(of).collect()
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
        // A pid comes again: what the former process used must not count for the next.
        self.watch.retain(&pids);
        self.processes_at = Timestamp::now();
    }

    /// Reads one pane's process tree.
    pub(super) fn read_process(&mut self, pid: u32) {
        let tree = self.watch.look(pid);
        self.processes.insert(pid, tree);
    }

    /// Processes of the agents of this host whose tmux server answers without them.
    fn living(&self) -> HashMap<AgentName, Living> {
        // Only a server that answers can say that it is without an agent.
        let mut answered: HashMap<&ServerName, HashSet<&str>> = HashMap::new();
        for (server, reading) in &self.tmux {
            let sessions = match &reading.facts {
                Ok(Look::Panes(panes)) => panes.iter().map(|pane| pane.session.0.as_str()).collect(),
                Ok(Look::NoServer) => HashSet::new(),
                _ => continue,
            };
            answered.insert(server, sessions);
        }
        let is_missing = |agent: &&Agent| {
            let sessions = answered.get(&self.roster.server(agent, &self.site));
            sessions.is_some_and(|sessions| !sessions.contains(agent.session.0.as_str()))
        };
        let here = self.roster.agents.iter().filter(|agent| !self.roster.is_remote(agent, &self.site));
        session::living_of(&self.site, here.filter(is_missing).map(|agent| &agent.name))
    }

    /// The folders that agents of this host work in, each once, with the second of the last output in them.
    pub(super) fn folders(&self) -> Vec<Folder> {
        let mut output: HashMap<(&SocketName, &str), u64> = HashMap::new();
        for (server, reading) in self.tmux.iter().filter(|(server, _)| server.ssh.is_none()) {
            let Ok(Look::Panes(panes)) = &reading.facts else { continue };
            for pane in panes {
                let newest = output.entry((&server.socket, &pane.session.0)).or_default();
                *newest = (*newest).max(pane.activity.unwrap_or(0));
            }
        }
        let mut folders: Vec<Folder> = Vec::new();
        let mut places: HashMap<&PathBuf, usize> = HashMap::new();
        for agent in self.roster.agents.iter().filter(|agent| !self.roster.is_remote(agent, &self.site)) {
            let newest = output.get(&(&agent.socket, agent.session.0.as_str())).copied();
            let place = *places.entry(&agent.working_directory).or_insert(folders.len());
            match folders.get_mut(place) {
                Some((_, known)) => *known = (*known).max(newest),
                None => folders.push((agent.working_directory.clone(), newest)),
            }
        }
        folders
    }

    /// The folder of the agent that a row shows; none of another host's.
    pub(super) fn folder_of(&self, row: &RowKey) -> Option<PathBuf> {
        let here = |agent: &&Agent| !self.roster.is_remote(agent, &self.site);
        let mut agents = self.roster.agents.iter().filter(here);
        agents.find(|agent| RowKey::of_agent(agent.name) == *row).map(|agent| agent.working_directory.clone())
    }

    /// Takes what git said of folders; the others are kept.
    pub(super) fn set_trees(&mut self, trees: Trees) {
        self.trees.get_or_insert_default().extend(trees);
    }

    /// Forgets the work trees of folders that nobody works in any more.
    pub(super) fn retain_trees(&mut self, folders: &[Folder]) {
        if let Some(trees) = &mut self.trees {
            let known: HashSet<&PathBuf> = folders.iter().map(|(folder, _)| folder).collect();
            trees.retain(|folder, _| known.contains(folder));
        }
    }

    /// Joins what is known now.
    pub(super) fn join(&self) -> Arc<FleetSnapshot> {
        let now = Timestamp::now();
        let mut snapshot = join::join(&Planes {
            site: &self.site,
            roster: &self.roster,
            roster_error: self.roster_error.as_ref(),
            tmux: &self.tmux,
            screens: &self.screens,
            hosts: &self.hosts,
            processes: &self.processes,
            processes_at: self.processes_at,
            heartbeats: &self.heartbeats,
            usage: &self.usage,
            notes: &self.notes,
            living: &self.living(),
            exits: &self.exits,
            stopped: &self.stopped,
            systemd: &self.systemd,
            installed: self.installed,
            trees: self.trees.as_ref(),
            paused: pause::read_at(&self.site.home, now),
            now,
        });
        match escalations::read(&self.site) {
            Ok(open) => snapshot.escalations = open,
            Err(failure) => snapshot.warnings.insert(0, Warning::EscalationsUnread(failure.to_string())),
        }
        let supervision = Supervision { enabled: self.roster.supervise.enabled, pid: supervision::running(&self.site) };
        if supervision.enabled && supervision.pid.is_none() {
            snapshot.warnings.push(Warning::Unsupervised);
        }
        snapshot.supervision = supervision;
        for row in &mut snapshot.agents {
            let printed = row.target.as_ref().and_then(|target| self.printed.of(&target.server, target.pane));
            // The rows were made just now, and nobody else has them.
            if let Some(row) = printed.and(Arc::get_mut(row)) {
                row.printed = printed;
            }
        }
        if snapshot.escalations.iter().any(Escalation::is_open) {
            mark_escalated(&mut snapshot);
        }
        Arc::new(snapshot)
    }
}

/// Puts the agents in front about which somebody has to do something.
fn mark_escalated(snapshot: &mut FleetSnapshot) {
    let FleetSnapshot { escalations, host, agents, .. } = snapshot;
    let open = escalations.iter().filter(|one| one.is_open() && one.host == *host);
    let about: HashSet<&str> = open.filter_map(|one| one.subject.agent.as_deref()).collect();
    for row in agents.iter_mut().filter(|row| row.managed && about.contains(row.name.as_str())) {
        Arc::make_mut(row).flags.push(Flag::Escalated);
    }
    agents.sort_by(|a, b| a.compare_attention(b, false));
}
