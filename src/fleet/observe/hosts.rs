//! Feeds what other hosts say, a task for each, so that a slow one holds nothing else up.
//!
//! Everything goes over one link per host. tmux tells the panes and their screens; where this program is
//! installed as well, its own rows say more.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::screens::ScreenPoll;
use crate::fleet::join::RemoteRows;
use crate::fleet::model::{PaneId, ServerName, SocketName, SshTarget};
use crate::fleet::roster::Agent;
use crate::fleet::ssh::{Link, Links, REMOTE_PATH};
use crate::fleet::tmux::{Look, PaneRecord, Peek, Reader, panes_of};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(2);

/// The remote host's own rows cost it more: they are asked for this rarely, and more rarely after a failure.
const OWN_ROWS_EVERY: Duration = Duration::from_secs(6);
const OWN_ROWS_AFTER_FAILURE: Duration = Duration::from_secs(60);

/// Time for the remote host's own rows, and for its clock; the command itself gives up before that.
const OWN_ROWS_LIMIT: Duration = Duration::from_secs(6);

/// Time for everything when somebody waits for one look.
const ONCE_LIMIT: Duration = Duration::from_secs(8);

/// Prints the rows of that host alone, where the program is there.
const OWN_ROWS: &str = "timeout 4 mosaic-tui fleet ps --local --json";

/// One look at one host.
#[derive(Debug)]
pub(super) struct HostReading {
    /// Which.
    pub host: SshTarget,
    /// What it said, or why it did not.
    pub facts: Result<HostFacts, String>,
}

/// What a host said.
#[derive(Debug)]
pub(super) struct HostFacts {
    /// Its tmux servers; times are in this host's clock.
    pub servers: Vec<(ServerName, Result<Look, String>)>,
    /// Screens that were read anew.
    pub screens: Vec<(ServerName, PaneId, Peek)>,
    /// Its own rows, when they were asked for this time; none where the program is not installed.
    pub rows: Option<Result<RemoteRows, String>>,
}

/// The agents that are looked at on one other host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemoteAgents {
    pub host: SshTarget,
    pub agents: Vec<Agent>,
}

impl RemoteAgents {
    fn sockets(&self) -> Vec<&SocketName> {
        let mut sockets: Vec<&SocketName> = Vec::new();
        for agent in &self.agents {
            if !sockets.contains(&&agent.socket) {
                sockets.push(&agent.socket);
            }
        }
        sockets
    }
}

/// A host that is being looked at.
struct Looking {
    remote: RemoteAgents,
    links: Arc<Links>,
    link: Link,
    polls: Vec<(ServerName, ScreenPoll)>,
    rows_at: Instant,
}

impl Looking {
    fn new(remote: RemoteAgents, links: Arc<Links>) -> Self {
        let link = links.to(&remote.host);
        let polls = remote
            .sockets()
            .into_iter()
            .map(|socket| (ServerName { ssh: Some(remote.host.clone()), socket: *socket }, ScreenPoll::default()))
            .collect();
        Self { remote, links, link, polls, rows_at: Instant::now() }
    }

    async fn look(&mut self) -> Result<HostFacts, String> {
        // Before all else: a host that does not answer costs one wait here, and not one for each of its servers.
        let skew = self.skew().await?;
        let mut facts = HostFacts { servers: Vec::new(), screens: Vec::new(), rows: None };
        for (server, poll) in &mut self.polls {
            let tmux = Reader::at(server, &self.links);
            let mut look = tmux.look().await.map_err(|failure| failure.to_string());
            // A server that does not answer costs its own rows; a link that is gone costs those of all.
            if let (Err(_), Some(why)) = (&look, self.link.lost().await) {
                return Err(why);
            }
            if let Ok(Look::Panes(panes)) = &mut look {
                // What the poll compares it with is read from this host's clock.
                for pane in panes.iter_mut() {
                    pane.activity = pane.activity.and_then(|second| second.checked_add_signed(skew));
                }
                poll.retain(|id| panes.iter().any(|pane| pane.id == id && !pane.dead));
                let due = due(&self.remote, server, panes, poll);
                let peeks = tmux.peeks(&due.iter().map(|pane| pane.id).collect::<Vec<_>>()).await;
                for (pane, peek) in peeks.screens {
                    if let Some(record) = due.iter().find(|record| record.id == pane) {
                        poll.mark_read(record, peeks.asked);
                    }
                    facts.screens.push((server.clone(), pane, peek));
                }
            }
            facts.servers.push((server.clone(), look));
        }
        if self.rows_at <= Instant::now() {
            let rows = self.own_rows().await;
            // A remote host that is slow about them is left in peace for a while.
            self.rows_at = Instant::now() + if rows.is_ok() { OWN_ROWS_EVERY } else { OWN_ROWS_AFTER_FAILURE };
            facts.rows = Some(rows);
        }
        Ok(facts)
    }

    /// Seconds by which this host's clock is ahead of that one's.
    async fn skew(&self) -> Result<i64, String> {
        let answer = self.link.run("date +%s", OWN_ROWS_LIMIT).await.map_err(|failure| failure.to_string())?;
        let there = String::from_utf8_lossy(&answer.stdout).trim().parse::<i64>().ok();
        there
            .and_then(|there| Timestamp::now().as_second().checked_sub(there))
            .ok_or_else(|| "its clock cannot be read with `date +%s`".to_owned())
    }

    async fn own_rows(&self) -> Result<RemoteRows, String> {
        let script = format!("{REMOTE_PATH} {OWN_ROWS}");
        let answer = self.link.run(&script, OWN_ROWS_LIMIT).await.map_err(|failure| failure.to_string())?;
        // Where there are none, tmux alone speaks.
        Ok(RemoteRows::read(&answer.stdout))
    }
}

/// Panes of agents whose screens have moved.
fn due(remote: &RemoteAgents, server: &ServerName, panes: &[PaneRecord], poll: &ScreenPoll) -> Vec<PaneRecord> {
    let mut due = Vec::new();
    for agent in remote.agents.iter().filter(|agent| agent.socket == server.socket) {
        if let Some(pane) = panes_of(panes, &agent.session, &agent.name).first()
            && !pane.dead
            && poll.needs_read(pane)
        {
            due.push((*pane).clone());
        }
    }
    due
}

/// Looks again and again, until the receiver is gone.
pub(super) async fn feed(remote: RemoteAgents, links: Arc<Links>, readings: mpsc::Sender<HostReading>) {
    let host = remote.host.clone();
    let mut looking = Looking::new(remote, links);
    loop {
        // Without a limit on the whole: each command over the link has one, and nobody waits for this task.
        let facts = looking.look().await;
        if facts.is_err() {
            // After a gap the first look reads every screen; the remote host's own rows wait for their turn.
            let rows_at = looking.rows_at;
            looking = Looking { rows_at, ..Looking::new(looking.remote, looking.links) };
        }
        if readings.send(HostReading { host: host.clone(), facts }).await.is_err() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Looks once.
pub(super) async fn once(remote: RemoteAgents, links: Arc<Links>) -> HostReading {
    let host = remote.host.clone();
    let mut looking = Looking::new(remote, links);
    let facts = tokio::time::timeout(ONCE_LIMIT, looking.look())
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", ONCE_LIMIT.as_secs())));
    HostReading { host, facts }
}
