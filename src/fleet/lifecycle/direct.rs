//! Without systemd: detached keepers, and the end of an agent whoever kept it.

use std::time::Duration;

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use crate::fleet::error::{Failure, Result};
use crate::fleet::heartbeat;
use crate::fleet::home::{RunFile, Site};
use crate::fleet::logfile;
use crate::fleet::model::{AgentName, SessionName, SocketName};
use crate::fleet::os::folder;
use crate::fleet::os::process::{self, ProcessWatch};
use crate::fleet::roster::Agent;
use crate::fleet::session;
use crate::fleet::systemd::PANE_SCOPE;
use crate::fleet::tmux::{Change, PaneRecord, Tmux};

use super::Outcome;

/// A keeper makes its session within milliseconds; a loaded machine gets this long.
const START_LIMIT: Duration = Duration::from_secs(15);

/// Starts that may stand before one at the gate: those of this command and of one more.
const QUEUE: u32 = 8;

/// Time for a process to end by itself once its terminal is gone.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// Pause between two looks at something that another process does.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Rounds through a control group whose processes fork while they are ended.
const SWEEPS: usize = 5;

/// Starts one agent's keeper and waits until it vouches for a live session.
///
/// # Errors
/// When the keeper ends or does not get its session up in time.
pub(super) async fn start(site: &Site, agent: &Agent) -> Result<Outcome> {
    let lock = site.run_file(&agent.name, RunFile::Lock);
    if session::keeper_pid(&lock).is_some() {
        return Ok(Outcome::AlreadyRunning);
    }
    let what = format!("agent {}", agent.name);
    let log_path = site.run_file(&agent.name, RunFile::Log);
    let log = folder::make_private(&site.run_dir).and_then(|()| logfile::open(&log_path)).map_err(|error| {
        Failure::failed(log_path.display().to_string(), error.to_string(), "check the folder's rights and space")
    })?;
    // Its first heartbeat is the sign of success; an old one would be a lie.
    let beat = site.run_file(&agent.name, RunFile::Heartbeat);
    let begun = Timestamp::now();
    let fresh = || heartbeat::read(&beat, Timestamp::now(), START_LIMIT).is_ok_and(|beat| beat.ts >= begun);
    let args = [
        "--roster".as_ref(),
        site.roster.as_os_str(),
        "session".as_ref(),
        "run".as_ref(),
        "--detach".as_ref(),
        agent.name.as_str().as_ref(),
    ];
    let mut keeper = crate::fleet::os::exec::detach(&site.program, &args, &site.variables(), &log)
        .map_err(|error| crate::fleet::os::exec::explain("mosaic-tui", &error))?;
    // Others may stand before it at the gate of starts.
    let limit = START_LIMIT + site.pace.spacing * QUEUE;
    let deadline = Instant::now() + limit;
    while !fresh() {
        if let Ok(Some(status)) = keeper.try_wait() {
            if session::keeper_pid(&lock).is_some() {
                // Somebody else started it in the same moment.
                return Ok(Outcome::AlreadyRunning);
            }
            if let Some(words) = session::last_words(site, &agent.name) {
                let next = format!("look at `mosaic-tui agent watch {}`, mend its command in the roster", agent.name);
                return Err(Failure::failed(what, words, next));
            }
            return Err(Failure::failed(
                what,
                format!("its keeper ended at once ({status}): {}", last_line(&log_path)),
                format!("see {}", log_path.display()),
            ));
        }
        if Instant::now() > deadline {
            return Err(Failure::failed(
                what,
                format!("no heartbeat within {} s of its start", limit.as_secs()),
                format!("see {}", log_path.display()),
            ));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(Outcome::Started)
}

fn last_line(path: &std::path::Path) -> String {
    // Best effort: this only adds words to a failure that is told either way.
    let text = std::fs::read_to_string(path).unwrap_or_default();
    crate::fleet::model::Label::new(text.lines().last().unwrap_or("no message")).to_string()
}

/// What must be known of an agent to end it; a roster that cannot be read any more must not keep it alive.
#[derive(Debug, Clone)]
pub(super) struct Whom {
    /// Its name.
    pub name: AgentName,
    /// Its session.
    pub session: SessionName,
    /// Socket of its server.
    pub socket: SocketName,
}

impl From<&Agent> for Whom {
    fn from(agent: &Agent) -> Self {
        Self { name: agent.name, session: agent.session.clone(), socket: agent.socket }
    }
}

/// Pid of the agent's keeper, if one runs.
pub(super) fn keeper(site: &Site, agent: &AgentName) -> Option<u32> {
    session::keeper_pid(&site.run_file(agent, RunFile::Lock)).filter(|pid| is_keeper(*pid, agent))
}

/// Ends the agent's keeper and leaves its session alone: the next keeper adopts it.
pub(super) async fn dismiss(pid: u32) {
    end(&[identify(pid)], Signal::TERM).await;
}

/// Stops one agent: its keeper, its session, and whatever of its process tree is left then.
///
/// # Errors
/// When tmux refuses or a process does not go.
pub(super) async fn stop(site: &Site, agent: &Whom) -> Result<Outcome> {
    let tmux = Tmux::new(agent.socket);
    let keeper = keeper(site, &agent.name);
    let looked = tmux.reach().await;
    if let (Err(_), Some(pid)) = (&looked, keeper) {
        // Whatever happens to its session, nobody keeps it any more.
        dismiss(pid).await;
    }
    let panes: Vec<PaneRecord> =
        looked?.unwrap_or_default().into_iter().filter(|pane| pane.session == agent.session).collect();
    // What has outlived its pane, or lives in one that is not seen from here, is of the agent as well.
    let living = session::living(site, &agent.name).map(|living| living.pid);
    let living = living.filter(|pid| panes.iter().all(|pane| pane.pid != *pid));
    if keeper.is_none() && panes.is_empty() && living.is_none() {
        return Ok(Outcome::NotRunning);
    }
    // Before the session: to its keeper the stop would be a death, with a record and an event of its own.
    if let Some(pid) = keeper {
        dismiss(pid).await;
    }
    let mut watch = ProcessWatch::default();
    let roots: Vec<u32> = panes.iter().filter(|pane| !pane.dead).map(|pane| pane.pid).chain(living).collect();
    // Listed while it lives: once the pane's process is gone nothing says whose its children were.
    let mut tree: Vec<Identity> =
        roots.iter().flat_map(|pid| watch.look(*pid).processes).map(|process| identify(process.pid)).collect();
    // Where the pane has a scope of its own, what daemonised is in there still.
    let scopes: Vec<String> = roots
        .iter()
        .filter_map(|pid| process::control_group(*pid))
        .filter(|group| group.contains(PANE_SCOPE))
        .collect();
    for pid in scopes.iter().flat_map(|group| process::members(group)) {
        if !tree.iter().any(|one| one.pid == pid) {
            tree.push(identify(pid));
        }
    }
    if !panes.is_empty() {
        tmux.change(&[Change::KillSession(&agent.session)]).await?;
    }
    // The signal that comes from a terminal's end: what is prepared for it ends in order.
    end(&tree, Signal::HUP).await;
    // What was forked meanwhile is in there as well.
    for _ in 0..SWEEPS {
        let left: Vec<Identity> = scopes.iter().flat_map(|group| process::members(group)).map(identify).collect();
        if left.is_empty() {
            break;
        }
        end(&left, Signal::KILL).await;
        tree.extend(left);
    }
    // An old heartbeat would vouch for nobody until it is stale.
    for kind in [RunFile::Heartbeat, RunFile::Report] {
        let _none = std::fs::remove_file(site.run_file(&agent.name, kind));
    }
    let left: Vec<String> = tree.iter().filter(|one| one.lives()).map(|one| one.pid.to_string()).collect();
    if left.is_empty() {
        return Ok(Outcome::Stopped);
    }
    Err(Failure::failed(
        format!("agent {}", agent.name),
        format!("processes {} did not end", left.join(", ")),
        "look at them with `ps -fp`",
    ))
}

/// Whether a pid is this agent's keeper: a lock file may outlive its writer, and pids come again.
fn is_keeper(pid: u32, agent: &AgentName) -> bool {
    process::argv(pid).is_some_and(|argv| {
        // In any order and among others: options of this program may stand between them.
        ["session", "run", agent.as_str()].iter().all(|word| argv.iter().any(|argument| argument == word))
    })
}

/// A process that cannot be confused with a later one of the same pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    pid: u32,
    start: Option<u64>,
}

fn identify(pid: u32) -> Identity {
    Identity { pid, start: process::start_ticks(pid) }
}

impl Identity {
    fn lives(self) -> bool {
        self.start.is_some() && process::start_ticks(self.pid) == self.start && process::is_alive(self.pid)
    }

    fn signal(self, signal: Signal) {
        if let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw)
            && self.lives()
        {
            // It may end between the look and the signal, which is what is wanted.
            let _gone = kill_process(pid, signal);
        }
    }
}

/// Asks processes to end, waits, then kills what is left.
async fn end(processes: &[Identity], first: Signal) {
    for (signal, grace) in [(first, STOP_GRACE), (Signal::KILL, STOP_GRACE)] {
        for process in processes {
            process.signal(signal);
        }
        // Watched and not waited for: most of them are nobody's children here.
        let deadline = Instant::now() + grace;
        while processes.iter().any(|process| process.lives()) && Instant::now() < deadline {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}
