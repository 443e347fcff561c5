//! The observing actor: sources in, snapshots out, on a thread of its own.

mod first;
mod stamp;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, Interval, MissedTickBehavior};

use self::stamp::{RosterStamp, roster_stamp_of};
use super::clients::{Answer, Clients};
use super::dirty::{CALM_TICKS, Dirty, processes_are_due};
use super::files::FileWatch;
use super::hosts::{self, HostReading, RemoteAgents};
use super::observed::Observed;
use super::rest::PARTED_AFTER;
use super::trees::{self, TreePoll};
use super::units;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;
use crate::fleet::join::Reading;
use crate::fleet::model::{AgentRow, FleetSnapshot, PaneKey, RowKey, Thresholds, looks_at_rest};
use crate::fleet::os::clock::at;
use crate::fleet::os::death::DeathWatch;
use crate::fleet::readiness;
use crate::fleet::roster;
use crate::fleet::ssh::Links;
use crate::fleet::tmux::{Query, Reader};

/// The pace of looks, and of ages, while anything happens.
const TICK: Duration = Duration::from_secs(1);

/// Files of all agents are read again this often, as a safety net below inotify; at each tick where there is none.
const SAFETY_TICKS: u32 = 15;

/// tmux lists a death some milliseconds after the kernel told of it: asked sooner, it is asked again after this time.
const LISTED_AFTER: Duration = Duration::from_millis(2);

/// At most so often; the next tick asks anyway.
const MAX_ASKED_AGAIN: u8 = 8;

/// Changes that arrive within this time are read together.
const COALESCE: Duration = Duration::from_millis(2);

/// A fleet at work changes all the time: after a look the next waits this long, so that the cost of
/// looking has a bound. A change after a quiet moment, and a death, are seen at once.
const REST: Duration = Duration::from_millis(150);

/// Room for notices; each stands for a whole re-read, so more would say nothing new.
const NOTICES: usize = 64;

/// Something asked of the observer.
#[derive(Debug)]
pub enum Request {
    /// Text and colours of a pane with scrollback, as `capture-pane -e` gives it.
    Capture {
        /// The pane.
        pane: PaneKey,
        /// Lines of history above the screen.
        history: u32,
        /// Where the answer goes.
        answer: oneshot::Sender<Result<String>>,
    },
    /// Look at everything now.
    Refresh,
    /// The row that somebody looks at: what costs a process is read of its agent first.
    Focus(Option<RowKey>),
    /// Judge by these limits, and look so often, from here on.
    Judge {
        /// The limits.
        thresholds: Thresholds,
        /// Time between two looks.
        every: Duration,
    },
}

/// A running observer; dropping it ends the thread.
#[derive(Debug)]
pub struct Observer {
    /// The newest snapshot; `None` until the first look.
    pub snapshots: watch::Receiver<Option<Arc<FleetSnapshot>>>,
    /// Requests to it.
    pub requests: mpsc::Sender<Request>,
    /// How it reaches other hosts: one link to each, for whoever else has to ask there.
    pub links: Arc<Links>,
}

/// Starts observing.
///
/// # Errors
/// When the thread or its runtime cannot be made.
pub fn start(site: Site) -> Result<Observer> {
    let (publish, snapshots) = watch::channel(None);
    let (requests, asked) = mpsc::channel(NOTICES);
    let links = Arc::new(Links::new(&site.home));
    let shared = Arc::clone(&links);
    let failed = |error: std::io::Error| Failure::failed("observer", error.to_string(), "free some memory or threads");
    // Made here and not on the thread, so that the caller hears why it cannot be.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    std::thread::Builder::new()
        .name("observer".to_owned())
        .spawn(move || runtime.block_on(Actor::new(site, publish, shared).run(asked)))
        .map_err(failed)?;
    Ok(Observer { snapshots, requests, links })
}

struct Actor {
    observed: Observed,
    publish: watch::Sender<Option<Arc<FleetSnapshot>>>,
    deaths: mpsc::Sender<u32>,
    watched: HashMap<u32, AbortHandle>,
    dirty: Dirty,
    /// What the last tick wants read, once tmux has answered it: one snapshot for both.
    with_answer: Dirty,
    /// Processes that ended, as the kernel says, and that tmux may still list as living.
    ended: HashSet<u32>,
    /// How often tmux was asked again for them, and when it is to be.
    asked_again: u8,
    ask_again_at: Option<Instant>,
    /// Questions to tmux servers.
    clients: Clients,
    answers: mpsc::Receiver<Answer>,
    /// When the servers that have answered count as being at rest.
    at_rest_from: Option<Instant>,
    /// Questions to git.
    trees: TreePoll,
    tree_notify: mpsc::Sender<trees::Answer>,
    focus: Option<RowKey>,
    last_look: Instant,
    /// Time between two ticks, and how many there were since something happened.
    every: Duration,
    calm: u32,
    /// When what was decided last stops holding, if nothing happens.
    holds_until: Option<Instant>,
    roster_stamp: RosterStamp,
    links: Arc<Links>,
    host_notify: mpsc::Sender<HostReading>,
    /// A task for each other host.
    feeds: Vec<(RemoteAgents, AbortHandle)>,
}

impl Drop for Actor {
    fn drop(&mut self) {
        for (_, feed) in &self.feeds {
            feed.abort();
        }
    }
}

/// Ticks at this pace; those that were missed are not made up for.
fn paced(every: Duration) -> Interval {
    let mut tick = tokio::time::interval(every);
    // A machine that slept owes no ticks: each of them asks for everything.
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    tick
}

impl Actor {
    fn new(site: Site, publish: watch::Sender<Option<Arc<FleetSnapshot>>>, links: Arc<Links>) -> Self {
        let roster_stamp = roster_stamp_of(&site);
        let roster = roster::load(&site);
        let (clients, answers) = Clients::new();
        Self {
            with_answer: Dirty::default(),
            ended: HashSet::new(),
            asked_again: 0,
            ask_again_at: None,
            trees: TreePoll::default(),
            tree_notify: mpsc::channel(1).0,
            focus: None,
            clients,
            answers,
            at_rest_from: None,
            links,
            // Stands here until `run` makes the one whose other end it reads.
            host_notify: mpsc::channel(1).0,
            feeds: Vec::new(),
            observed: Observed::new(site, roster),
            publish,
            deaths: mpsc::channel(1).0,
            watched: HashMap::new(),
            // The roster was read just now, and the servers are asked by `first_answers`.
            dirty: Dirty { processes: true, heartbeats: true, panes: true, joined: true, ..Dirty::default() },
            last_look: Instant::now(),
            every: TICK,
            calm: 0,
            holds_until: None,
            roster_stamp,
        }
    }

    async fn run(mut self, mut asked: mpsc::Receiver<Request>) {
        let (deaths, mut died) = mpsc::channel(NOTICES);
        self.deaths = deaths;
        let site = self.observed.site();
        let mut file_watch = FileWatch::new(&site.run_dir, &site.roster);
        // Room for one: a second reading would be outdated by the time that the first is taken.
        let (unit_readings, mut units) = mpsc::channel(1);
        tokio::spawn(units::feed(site.clone(), unit_readings));
        let (host_readings, mut hosts) = mpsc::channel(NOTICES);
        self.host_notify = host_readings;
        self.feed_hosts();
        let (tree_answers, mut read_trees) = mpsc::channel(NOTICES);
        self.tree_notify = tree_answers;
        let mut tick = paced(TICK);
        let mut ticks: u32 = 0;
        self.first_answers().await;
        self.refresh().await;
        loop {
            let (mut urgent, mut answered) = (false, false);
            let rested = self.last_look + REST;
            tokio::select! {
                request = asked.recv() => match request {
                    // The sender lives in the `Observer`: nobody is left who could see a snapshot.
                    None => return,
                    Some(Request::Refresh) => {
                        (urgent, self.calm) = (true, 0);
                        self.dirty =
                            Dirty { tmux: true, processes: true, heartbeats: true, roster: true, panes: true, joined: true };
                    }
                    Some(Request::Focus(row)) => {
                        self.focus = row;
                        self.read_trees();
                        continue;
                    }
                    Some(Request::Judge { thresholds, every }) => {
                        (urgent, self.calm) = (true, 0);
                        self.observed.judge_by(thresholds);
                        tick = paced(every);
                        self.every = every;
                        self.dirty.joined = true;
                    }
                    Some(Request::Capture { pane, history, answer }) => {
                        self.capture(&pane, history, answer);
                        // It changes nothing that a snapshot holds.
                        continue;
                    }
                },
                Some(pid) = died.recv() => {
                    (urgent, self.calm) = (true, 0);
                    self.watched.remove(&pid);
                    self.ended.insert(pid);
                    self.asked_again = 0;
                    // The kernel's word is shown at once; tmux lists the death some milliseconds later.
                    self.observed.read_process(pid);
                    self.dirty.joined = true;
                    self.look();
                }
                Some(answer) = self.answers.recv() => {
                    urgent = self.take(answer);
                    answered = urgent;
                }
                changed = file_watch.changed() => {
                    self.dirty.heartbeats |= changed.all;
                    // Both: what came together with a pause is told of once only.
                    let said = self.read_changed(&changed.agents);
                    if said || changed.whole {
                        (self.dirty.joined, self.calm) = (true, 0);
                    }
                    if changed.roster || changed.all {
                        self.dirty.roster = true;
                        // A link may lead elsewhere now.
                        file_watch.retry();
                    }
                }
                Some((folder, facts)) = read_trees.recv() => {
                    self.trees.answered(&folder, facts.is_err(), Instant::now());
                    let reading = Reading::new(facts, jiff::Timestamp::now());
                    self.observed.set_trees(HashMap::from([(folder, reading)]));
                    self.dirty.joined = true;
                }
                Some(reading) = units.recv() => {
                    if self.observed.set_systemd(reading) {
                        (self.dirty.joined, self.calm) = (true, 0);
                    }
                }
                Some(reading) = hosts.recv() => {
                    self.observed.set_host(reading);
                    (self.dirty.joined, self.calm) = (true, 0);
                }
                _ = tick.tick() => {
                    ticks = ticks.wrapping_add(1);
                    // Until the folder is watched, its files are read at each tick.
                    self.on_tick(ticks, file_watch.retry());
                    self.read_trees();
                    // One that moved a moment before the last tick was not due then.
                    self.read_screens();
                }
                () = at(self.holds_until) => {
                    self.holds_until = None;
                    self.dirty.joined = true;
                }
                () = at(self.ask_again_at) => {
                    self.ask_again_at = None;
                    self.look();
                }
                () = at(self.at_rest_from) => {
                    self.at_rest_from = None;
                    for (socket, server) in self.observed.server_pids() {
                        self.clients.note_rest(socket, server);
                    }
                    continue;
                }
                // What changed during the rest is read at its end, also when nothing else happens then.
                () = tokio::time::sleep_until(rested), if self.dirty.any() => {}
            }
            if self.dirty.any() && (urgent || Instant::now() >= rested) {
                // The one answer that was waited for is all that comes.
                if !answered {
                    tokio::time::sleep(COALESCE).await;
                }
                self.refresh().await;
            }
        }
    }

    fn on_tick(&mut self, ticks: u32, unwatched: bool) {
        self.calm = self.calm.saturating_add(1);
        let whole = ticks.is_multiple_of(looks_at_rest(self.every));
        let each = whole || self.calm <= CALM_TICKS;
        let wanted = Dirty {
            // Ages grow without any event.
            joined: each || !self.publish.borrow().as_ref().is_some_and(|last| self.observed.stands_as(last)),
            // CPU shares need a span to be worth showing. New trees are read at once, and deaths are told by the kernel.
            processes: processes_are_due(ticks, self.calm, self.every),
            heartbeats: unwatched || ticks.is_multiple_of(SAFETY_TICKS),
            // Below inotify.
            roster: whole && self.roster_moved(),
            ..Dirty::default()
        };
        // A server that has not answered since the last tick is waited for no longer.
        let waits = !self.clients.are_looking();
        // Asked again and again: a control client would be told of changes, and can crash tmux's server with every
        // agent on it.
        for socket in self.observed.sockets() {
            if each {
                self.clients.look(socket);
            } else {
                self.clients.look_unless_at_rest(socket);
            }
        }
        if waits && self.clients.are_looking() {
            self.with_answer = self.with_answer.and(wanted);
        } else {
            self.dirty = self.dirty.and(std::mem::take(&mut self.with_answer)).and(wanted);
        }
    }

    /// Whether the roster file, or an environment file that overrides it, is another one than at the last look; of the
    /// roster inotify says so sooner, but not when its instances are used up.
    fn roster_moved(&mut self) -> bool {
        let stamp = roster_stamp_of(self.observed.site());
        let moved = stamp != self.roster_stamp;
        self.roster_stamp = stamp;
        moved
    }

    /// Reads what is dirty and publishes.
    async fn refresh(&mut self) {
        let dirty = std::mem::take(&mut self.dirty);
        self.last_look = Instant::now();
        if dirty.roster {
            let site = self.observed.site();
            let loaded = roster::load(site);
            self.observed.set_roster(loaded);
            self.feed_hosts();
        }
        if dirty.tmux || dirty.roster {
            self.look();
        }
        let is_first = self.publish.borrow().is_none();
        if is_first {
            self.first_screens().await;
            self.watch_deaths();
        } else if dirty.processes || dirty.tmux || dirty.panes {
            // A new pane needs its tree at once; the others are read at their own pace.
            if dirty.processes {
                self.observed.read_processes();
            } else {
                self.read_new_processes();
            }
            self.watch_deaths();
        }
        if dirty.heartbeats || dirty.roster {
            self.observed.read_beats(None);
        }
        self.observed.reconcile_screens();
        let snapshot = self.observed.join();
        let holds = |row: &AgentRow| {
            let beat = row.heartbeat.as_ref().map(|beat| Duration::from_secs_f64(beat.age_seconds));
            readiness::holds(row.idle_seconds.map(Duration::from_secs), beat, &self.observed.site().thresholds)
        };
        let soonest = snapshot.agents.iter().filter_map(|row| holds(row)).min();
        self.holds_until = soonest.map(|soonest| self.last_look + soonest);
        let states =
            |snapshot: &FleetSnapshot| snapshot.agents.iter().map(|row| (row.key, row.readiness)).collect::<Vec<_>>();
        if self.publish.borrow().as_ref().is_none_or(|last| states(last) != states(&snapshot)) {
            self.calm = 0;
        }
        self.publish.send_replace(Some(snapshot));
        if is_first {
            self.observed.keep_screens();
        }
        // Behind the snapshot, which waits for no screen but at the first time: what they say comes with the next.
        self.read_screens();
    }

    /// Takes what a server said; whether it cannot wait.
    fn take(&mut self, answer: Answer) -> bool {
        self.clients.taken(&answer);
        self.at_rest_from = Some(Instant::now() + PARTED_AFTER);
        self.dirty.joined = true;
        match answer {
            Answer::Look(socket, look, screens) => {
                if self.observed.take_look(&socket, look) {
                    self.calm = 0;
                }
                if screens.is_some() || self.publish.borrow().is_none() {
                    self.begin_screens(socket, screens);
                }
                self.dirty = self.dirty.and(std::mem::take(&mut self.with_answer));
                self.dirty.panes = true;
                let mourned = !self.ended.is_empty();
                self.ask_about_ended();
                // The others have a moment for theirs, but a death waits for nobody.
                mourned || !self.clients.are_looking()
            }
            Answer::Screens(server, peeks) => {
                self.calm = 0;
                self.observed.take_screens(&server, peeks);
                // In a fleet at work some screen has always moved; if each were urgent, there would be no rest.
                false
            }
        }
    }

    /// Reads the files of agents that changed; whether they say anything new. A heartbeat that says what the one before
    /// said is no news: its age is told with the next tick.
    fn read_changed(&mut self, agents: &HashSet<String>) -> bool {
        if agents.is_empty() {
            return false;
        }
        let news = self.observed.read_beats(Some(agents)).news;
        if self.observed.tells_of_others(agents) {
            // A keeper speaks of a session that is newer than the last look.
            self.look();
        }
        news
    }

    /// Has tmux asked again soon while it lists a process as living that has ended.
    fn ask_about_ended(&mut self) {
        if self.ended.is_empty() {
            return;
        }
        let listed = self.observed.live_pids();
        self.ended.retain(|pid| listed.contains(pid));
        if !self.ended.is_empty() && self.asked_again < MAX_ASKED_AGAIN {
            self.asked_again += 1;
            self.ask_again_at = Some(Instant::now() + LISTED_AFTER);
        }
    }

    /// Reads the screens of this host that have moved, by a short-lived client of each server, for which nobody waits.
    fn read_screens(&mut self) {
        for (server, panes) in self.observed.due_screens() {
            self.clients.peek(server, panes);
        }
    }

    /// Asks git about the folders that are due, by processes for which nobody waits.
    fn read_trees(&mut self) {
        let folders = self.observed.folders();
        self.observed.retain_trees(&folders);
        self.trees.focus(self.focus.as_ref().and_then(|row| self.observed.folder_of(row)));
        let second = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0);
        for folder in self.trees.due(&folders, Instant::now(), second) {
            trees::ask(folder, self.observed.site().git_on_network, self.tree_notify.clone());
        }
    }

    /// Starts a task for each other host of the roster; those whose agents are the same go on.
    fn feed_hosts(&mut self) {
        let remote_agents = self.observed.remote_agents();
        self.feeds.retain(|(remote, feed)| {
            let keep = remote_agents.contains(remote);
            if !keep {
                feed.abort();
            }
            keep
        });
        for remote in remote_agents {
            if !self.feeds.iter().any(|(fed, _)| *fed == remote) {
                let feed = hosts::feed(remote.clone(), Arc::clone(&self.links), self.host_notify.clone());
                self.feeds.push((remote, tokio::spawn(feed).abort_handle()));
            }
        }
    }

    fn read_new_processes(&mut self) {
        let new: Vec<u32> =
            self.observed.live_pids().into_iter().filter(|pid| !self.watched.contains_key(pid)).collect();
        for pid in new {
            self.observed.read_process(pid);
        }
    }

    /// Asks each server by a client for which nobody waits.
    fn look(&mut self) {
        for socket in self.observed.sockets() {
            self.clients.look(socket);
        }
    }

    /// Keeps one pidfd per live pane process, so that a death is seen when it happens.
    fn watch_deaths(&mut self) {
        let live = self.observed.live_pids();
        self.watched.retain(|pid, task| {
            let keep = live.contains(pid);
            if !keep {
                task.abort();
            }
            keep
        });
        for pid in live {
            if self.watched.contains_key(&pid) {
                continue;
            }
            // It is gone already, or no descriptor is left: the next look at the server tells as well.
            let Ok(watch) = DeathWatch::of(pid) else { continue };
            let deaths = self.deaths.clone();
            let task = tokio::spawn(async move {
                if watch.wait().await.is_ok() {
                    let _observer_ended = deaths.send(pid).await;
                }
            });
            self.watched.insert(pid, task.abort_handle());
        }
    }

    fn capture(&self, pane: &PaneKey, history: u32, answer: oneshot::Sender<Result<String>>) {
        let query = Query::Capture { pane: pane.pane, history };
        // A client may take its time; the looks must not wait for it.
        let tmux = Reader::at(&pane.server, &self.links);
        tokio::spawn(async move {
            // The asker may have moved on to another pane.
            let _unheard = answer.send(tmux.query(&query).await);
        });
    }
}
