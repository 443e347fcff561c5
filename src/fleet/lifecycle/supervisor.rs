//! Starting, stopping and restarting agents by whichever supervisor keeps them.

use std::time::Duration;

use tokio::time::Instant;

use super::direct::{self, Whom};
use super::installed::{Installed, installed};
use super::lock::OperationLock;
use super::seen::{ensure_one_server, ensure_seen};
use super::stopped::{Noted, Stop, note_stopped, stays_stopped};
use super::{Outcome, Supervisor, units};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::file;
use crate::fleet::home::{RunFile, Site};
use crate::fleet::launch;
use crate::fleet::model::{ActiveState, AgentName, JobResult};
use crate::fleet::os::process::ProcessWatch;
use crate::fleet::roster::{self, Agent, Roster};
use crate::fleet::runtime;
use crate::fleet::seed;
use crate::fleet::session;
use crate::fleet::systemd::{BusError, HOLDER_UNIT, Manager, agent_unit};
use crate::fleet::tmux::Tmux;

/// Time for a unit to settle once its keeper was told to go.
const SETTLE_LIMIT: Duration = Duration::from_secs(10);

/// Times that an agent is ended before it is started anew: behind its end a start that was broken off may still bring up
/// a session, as where its command was killed and its keeper was not.
const ENDS: usize = 3;

/// Pause between two looks at something that another process does.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Keeps a fleet's agents in one way.
#[derive(Debug)]
pub struct Lifecycle<'a> {
    pub(super) site: &'a Site,
    pub(super) roster: &'a Roster,
    pub(super) way: Way,
    /// What the operator should know about the choice.
    pub note: Option<String>,
}

#[derive(Debug)]
pub(super) enum Way {
    Systemd(Manager),
    Direct,
}

/// Whether a restart of an agent was broken off when it had ended it, and nobody has stopped it on purpose since.
#[must_use]
pub fn restart_broken_off(site: &Site, agent: &AgentName) -> bool {
    OperationLock::is_between(site, agent)
        && session::keeper_pid(&site.run_file(agent, RunFile::Lock)).is_none()
        && !stays_stopped(site, agent)
}

/// An agent that was stopped for good, and that nobody can start meanwhile.
#[derive(Debug)]
pub struct Retired {
    _lock: OperationLock,
}

impl<'a> Lifecycle<'a> {
    /// Takes the supervisor asked for; without a wish systemd where the fleet is installed and a user
    /// manager answers, and direct elsewhere.
    ///
    /// # Errors
    /// When systemd is asked for and cannot be had.
    pub async fn choose(site: &'a Site, roster: &'a Roster, wish: Option<Supervisor>) -> Result<Self> {
        let with = |way, note| Self { site, roster, way, note };
        // A demo's agents must not come into the units of the user's own fleet.
        if wish == Some(Supervisor::Direct) || site.isolated {
            return Ok(with(Way::Direct, None));
        }
        let refusal = |why: String, next: &str| Failure::new(Kind::Refused, "supervisor systemd", why, next);
        match (installed(site), wish) {
            (Installed::Ours, _) => match Manager::connect().await {
                Ok(manager) => Ok(with(Way::Systemd(manager), None)),
                // Silent, it is there and may keep the agents at this very moment: nothing is done behind its back.
                Err(why) if wish.is_some() || matches!(why, BusError::Silent(_)) => {
                    let next = why.next_step();
                    Err(Failure::failed("supervisor systemd", why, next))
                }
                Err(why) => Ok(with(Way::Direct, Some(format!("{why}; the direct supervisor is used")))),
            },
            (Installed::No, Some(_)) => {
                Err(refusal("the fleet's units are not installed".to_owned(), "`mosaic-tui fleet install` writes them"))
            }
            (Installed::Other(path) | Installed::OtherRoster(path), Some(_)) => Err(refusal(
                format!("the units of this user belong to the fleet of {}", path.display()),
                "uninstall that one first, or use `--supervisor direct`",
            )),
            (_, None) => Ok(with(Way::Direct, None)),
        }
    }

    /// Which supervisor was taken.
    #[must_use]
    pub fn supervisor(&self) -> Supervisor {
        match self.way {
            Way::Systemd(_) => Supervisor::Systemd,
            Way::Direct => Supervisor::Direct,
        }
    }

    /// Makes sure of the tmux server, before any agent.
    ///
    /// # Errors
    /// When it does not come up, or an agent of the fleet lives on another one.
    pub async fn prepare(&self, agents: &[&Agent]) -> Result<()> {
        // The first start of a runtime that needs a contract brings the files that it is made of.
        if agents.iter().any(|agent| launch::needs_contract(agent)) && seed::version(self.site)?.is_none() {
            seed::begin(self.site)?;
        }
        ensure_one_server(self.site, self.roster, &self.roster.sockets(agents.iter().copied())).await?;
        match &self.way {
            Way::Direct => session::ensure_servers(self.site, self.roster, agents).await,
            Way::Systemd(manager) => {
                // An active holder's unit does nothing for a server that lives and is not reached.
                Tmux::new(self.roster.socket).reach().await?;
                // A unit that has reached its start limit refuses an operator's start as well.
                manager.forget_failure(HOLDER_UNIT).await;
                self.job(manager, HOLDER_UNIT, None).await?;
                // Its session may have been killed while the server and the unit live.
                session::ensure_servers(self.site, self.roster, &[]).await
            }
        }
    }

    /// Starts one agent, and waits until its keeper vouches for a live session.
    ///
    /// # Errors
    /// When that does not happen.
    pub async fn start(&self, agent: &Agent) -> Result<Outcome> {
        let mut lock = OperationLock::take(self.site, &agent.name).await?;
        let outcome = self.start_locked(&self.current(agent)?).await?;
        lock.note_start();
        Ok(outcome)
    }

    /// Starts one agent, unless somebody has stopped it on purpose: for whoever decided it by an earlier look.
    ///
    /// # Errors
    /// As for [`start`](Self::start).
    pub async fn start_unless_stopped(&self, agent: &Agent) -> Result<Outcome> {
        let mut lock = OperationLock::take(self.site, &agent.name).await?;
        // Only under the lock: a stop that is under way has not written yet that it is one.
        if stays_stopped(self.site, &agent.name) {
            return Ok(Outcome::StaysStopped);
        }
        let outcome = self.start_locked(&self.current(agent)?).await?;
        lock.note_start();
        Ok(outcome)
    }

    /// The agent as the roster has it now: it may have changed while this command waited for the lock, which it holds.
    fn current(&self, agent: &Agent) -> Result<Agent> {
        match roster::load(self.site) {
            Ok(roster) => roster.local(self.site, agent.name.as_str()).cloned().inspect_err(|_| {
                // Whoever waits for the lock of an agent that is removed has made its file anew.
                OperationLock::discard(self.site, &agent.name);
            }),
            // Nobody took it out by a command: what was read is the last that is known.
            Err(_) => Ok(agent.clone()),
        }
    }

    async fn start_locked(&self, agent: &Agent) -> Result<Outcome> {
        ensure_seen(self.site, agent).await?;
        let unit = agent_unit(&agent.name);
        let keeper = direct::keeper(self.site, &agent.name);
        match &self.way {
            Way::Systemd(manager) => {
                let facts = manager.facts(&unit).await.map_err(|why| units::refused(&unit, why))?;
                let state = facts.map_or(ActiveState::Inactive, |facts| facts.active);
                if state == ActiveState::Active {
                    return Ok(Outcome::AlreadyRunning);
                }
                if state == ActiveState::Activating {
                    // It waits before a restart of its own; the operator wants it now.
                    units::stop_unit(manager, &unit).await?;
                } else if let Some(pid) = keeper {
                    // While it holds the agent's lock, the unit's keeper is refused.
                    direct::dismiss(pid).await;
                }
                self.forget(&agent.name)?;
                // The start limit counts the starts of the past, and refuses this one as well.
                manager.forget_failure(&unit).await;
                self.job(manager, &unit, Some(agent)).await?;
                Ok(if keeper.is_some() && state != ActiveState::Activating {
                    Outcome::Adopted
                } else {
                    Outcome::Started
                })
            }
            Way::Direct => {
                let by_unit = match units::behind(self.site).await? {
                    Some(manager) => release(&manager, &unit).await?,
                    None => false,
                };
                if direct::keeper(self.site, &agent.name).is_some() {
                    return Ok(Outcome::AlreadyRunning);
                }
                self.forget(&agent.name)?;
                let outcome = direct::start(self.site, agent).await?;
                Ok(if by_unit && outcome == Outcome::Started { Outcome::Adopted } else { outcome })
            }
        }
    }

    /// Stops one agent: its keeper, its session and all of its processes.
    ///
    /// # Errors
    /// When something of it stays.
    pub async fn stop(&self, agent: &Agent) -> Result<Outcome> {
        let _lock = OperationLock::take(self.site, &agent.name).await?;
        let noted = Noted::first(self.site, &agent.name, Stop::OnPurpose);
        noted.settle(self.stop_locked(agent).await)
    }

    /// Stops one agent for which there is no work; work brings it back. One that somebody has stopped meanwhile stays so.
    ///
    /// # Errors
    /// When something of it stays.
    pub async fn rest(&self, agent: &Agent) -> Result<Outcome> {
        let _lock = OperationLock::take(self.site, &agent.name).await?;
        if stays_stopped(self.site, &agent.name) {
            return Ok(Outcome::StaysStopped);
        }
        let noted = Noted::first(self.site, &agent.name, Stop::NoWork);
        noted.settle(self.stop_locked(agent).await)
    }

    /// Stops one agent that leaves the roster. Until the answer is dropped nobody can start it.
    ///
    /// # Errors
    /// When something of it stays.
    pub async fn retire(&self, agent: &Agent) -> Result<Retired> {
        let lock = OperationLock::take(self.site, &agent.name).await?;
        let noted = Noted::first(self.site, &agent.name, Stop::OnPurpose);
        noted.settle(self.stop_locked(agent).await)?;
        Ok(Retired { _lock: lock })
    }

    async fn stop_locked(&self, agent: &Agent) -> Result<Outcome> {
        if runs_below(&agent.name, self.site) {
            return Err(Failure::new(
                Kind::Refused,
                format!("agent {}", agent.name),
                "runs this very command, which would end with it",
                "run it outside of that agent's pane",
            ));
        }
        ensure_seen(self.site, agent).await?;
        let stopped = self.stop_unit(&agent_unit(&agent.name)).await?;
        // Also behind a unit that was stopped: what was started without it is not the unit's to end.
        let outcome = end(self.site, &Whom::from(agent)).await?;
        // The roster may have named another socket when it was started.
        let former = session::last_socket(&self.site.run_file(&agent.name, RunFile::Lock));
        if let Some(socket) = former.filter(|socket| *socket != agent.socket) {
            direct::stop(self.site, &Whom { socket, ..Whom::from(agent) }).await?;
        }
        Ok(if stopped { Outcome::Stopped } else { outcome })
    }

    /// Stops a unit that runs, or is about to, by whichever manager has it; whether it did.
    pub(super) async fn stop_unit(&self, unit: &str) -> Result<bool> {
        // Whoever is to keep it: a unit that is about to start it again must not.
        let behind;
        let manager = match &self.way {
            Way::Systemd(manager) => Some(manager),
            Way::Direct => {
                behind = units::behind(self.site).await?;
                behind.as_ref()
            }
        };
        let Some(manager) = manager else { return Ok(false) };
        let stopped = units::stop_if_up(manager, unit).await?;
        // A unit that failed once stays failed for systemd, also when it is stopped on purpose.
        manager.forget_failure(unit).await;
        Ok(stopped)
    }

    /// Stops one agent and starts it again once nothing of it is left. `since` is the moment the
    /// operator asked, as time since boot: whoever restarted it later has done the work already.
    ///
    /// # Errors
    /// When it does not end, or does not come up again.
    pub async fn restart(&self, agent: &Agent, since: Duration) -> Result<Outcome> {
        let mut lock = OperationLock::take(self.site, &agent.name).await?;
        // The lock was waited for, and whoever held it may have done this very work.
        if lock.restarted_since(since) {
            return Ok(Outcome::RestartedByAnother);
        }
        self.replace_locked(&self.current(agent)?, &mut lock).await
    }

    /// As [`restart`](Self::restart), unless somebody has stopped it on purpose.
    ///
    /// # Errors
    /// As for [`restart`](Self::restart).
    pub async fn restart_unless_stopped(&self, agent: &Agent, since: Duration) -> Result<Outcome> {
        let mut lock = OperationLock::take(self.site, &agent.name).await?;
        if stays_stopped(self.site, &agent.name) {
            return Ok(Outcome::StaysStopped);
        }
        if lock.restarted_since(since) {
            return Ok(Outcome::RestartedByAnother);
        }
        self.replace_locked(&self.current(agent)?, &mut lock).await
    }

    /// Restarts one agent that was seen dead, unless somebody has brought it back since, or stopped it on purpose.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn revive(&self, agent: &Agent, seen: Duration) -> Result<Outcome> {
        let mut lock = OperationLock::take(self.site, &agent.name).await?;
        // What somebody stopped is dead as well, and looks the same from outside.
        if stays_stopped(self.site, &agent.name) {
            return Ok(Outcome::StaysStopped);
        }
        if lock.restarted_since(seen) {
            return Ok(Outcome::RestartedByAnother);
        }
        if let Some(panes) = Tmux::new(agent.socket).reach().await?
            && panes.iter().any(|pane| pane.session == agent.session && !pane.dead && runs(pane.pid, agent))
        {
            return Ok(Outcome::AlreadyRunning);
        }
        self.replace_locked(&self.current(agent)?, &mut lock).await
    }

    async fn replace_locked(&self, agent: &Agent, lock: &mut OperationLock) -> Result<Outcome> {
        if let Way::Systemd(manager) = &self.way {
            // What cannot be started again is not stopped.
            units::can_start(manager, &agent_unit(&agent.name)).await?;
        }
        lock.note_end();
        for _ in 0..ENDS {
            self.stop_locked(agent).await?;
            let panes = Tmux::new(agent.socket).reach().await?.unwrap_or_default();
            if panes.iter().all(|pane| pane.session != agent.session) {
                self.start_locked(agent).await?;
                // Only now: a restart that failed spares nobody a second one.
                lock.note_restart();
                return Ok(Outcome::Restarted);
            }
        }
        Err(Failure::failed(
            format!("agent {}", agent.name),
            "its old session did not end",
            format!("`mosaic-tui fleet stop {}`, then look with `mosaic-tui fleet ps`", agent.name),
        ))
    }

    /// What was written down about the last end says nothing about a start that somebody asked for.
    fn forget(&self, agent: &AgentName) -> Result<()> {
        for kind in [RunFile::Exit, RunFile::Stopped] {
            let path = self.site.run_file(agent, kind);
            file::remove_if_there(&path).map_err(|error| {
                let why = format!("{} cannot be taken away: {error}", path.display());
                Failure::failed(format!("agent {agent}"), why, "check the folder's rights")
            })?;
        }
        Ok(())
    }

    /// Starts a unit, and says why when it did not come up.
    pub(super) async fn job(&self, manager: &Manager, unit: &str, agent: Option<&Agent>) -> Result<()> {
        let result = manager.start(unit).await.map_err(|why| units::refused(unit, why))?;
        if result == JobResult::Done {
            return Ok(());
        }
        let words = agent.and_then(|agent| session::last_words(self.site, &agent.name));
        let state = manager.facts(unit).await.ok().flatten();
        let state =
            state.map(|facts| format!("{} ({}), {}", facts.active, facts.sub, facts.result)).unwrap_or_default();
        Err(Failure::failed(
            agent.map_or_else(|| unit.to_owned(), |agent| format!("agent {}", agent.name)),
            words.unwrap_or_else(|| format!("its unit did not start: {result}; it is {state}")),
            format!("`journalctl --user -u {unit} -n 20` says more"),
        ))
    }
}

/// Whether a pane's process lives and is not just the shell that its runtime left behind.
fn runs(pid: u32, agent: &Agent) -> bool {
    let tree = ProcessWatch::default().look(pid);
    let argv = tree.processes.iter().map(|process| &process.argv[..]);
    tree.facts.alive && runtime::shell_in_its_place(&agent.runtime, argv).is_none()
}

/// Whether this process runs in the pane of that agent.
fn runs_below(agent: &AgentName, site: &Site) -> bool {
    session::own_pane_process(site, agent).is_some()
}

/// Ends whatever runs of an agent, whoever started it.
async fn end(site: &Site, whom: &Whom) -> Result<Outcome> {
    let outcome = direct::stop(site, whom).await?;
    // What is nobody's child any more lives on in the pane's scope; without a user manager there is none.
    match Manager::connect().await {
        Ok(manager) => manager
            .end_pane_scopes(&site.tag(), &whom.name)
            .await
            .map_err(|why| units::refused(&agent_unit(&whom.name), why))?,
        // The sweep before went through the scope's processes; only what left the scope could be missed.
        Err(why) => tracing::warn!(%why, agent = %whom.name, "its scope was not looked at"),
    }
    Ok(outcome)
}

/// Ends an agent on behalf of its unit, for `ExecStop=`. A unit whose keeper ended by itself has no
/// main process any more: then the dead pane stays, with its last screen.
///
/// # Errors
/// When something of it stays.
pub async fn end_for_unit(site: &Site, name: &str) -> Result<()> {
    let main = std::env::var("MAINPID").ok().and_then(|pid| pid.parse::<u32>().ok());
    if main.is_none_or(|pid| pid == 0) {
        return Ok(());
    }
    let name = AgentName::parse(name)
        .map_err(|why| Failure::new(Kind::Invalid, "agent name", why, "check the unit's name"))?;
    let socket = match crate::fleet::roster::load(site) {
        Ok(roster) => roster.agents.iter().find(|agent| agent.name == name).map(|agent| agent.socket),
        Err(_) => None,
    };
    // The roster may have been broken, or the agent taken out of it, while it ran.
    let socket = socket.or_else(|| session::last_socket(&site.run_file(&name, RunFile::Lock)));
    // No keeper has ever written down where it keeps this one, so there is nothing to end.
    let Some(socket) = socket else { return Ok(()) };
    // While a command of ours is at it, the command knows what the end is for.
    if !OperationLock::is_held(site, &name) {
        let noted = note_stopped(site, &name, Stop::OnPurpose);
        end(site, &Whom { session: name.session(), socket, name }).await?;
        return noted;
    }
    end(site, &Whom { session: name.session(), socket, name }).await.map(drop)
}

/// Stops what still runs of an agent that the roster does not name any more; `None` when there is nothing.
///
/// # Errors
/// When something of it stays.
pub async fn stop_stray(site: &Site, roster: &Roster, name: &AgentName) -> Result<Option<Outcome>> {
    let socket = session::last_socket(&site.run_file(name, RunFile::Lock)).unwrap_or(roster.socket);
    let whom = Whom { session: name.session(), socket, name: *name };
    let stopped = match units::behind(site).await? {
        Some(manager) => units::stop_if_up(&manager, &agent_unit(name)).await?,
        None => false,
    };
    // A session that only bears the name is nobody's agent, and not ours to end.
    let panes = Tmux::new(whom.socket).reach().await?.unwrap_or_default();
    let ours = panes.iter().any(|pane| pane.session == whom.session && pane.mark.is_some());
    if ours || direct::keeper(site, name).is_some() {
        return end(site, &whom).await.map(Some);
    }
    Ok(stopped.then_some(Outcome::Stopped))
}

/// Takes an agent from its unit without touching its session; whether the unit had a living one.
async fn release(manager: &Manager, unit: &str) -> Result<bool> {
    let facts = || async { manager.facts(unit).await.map_err(|why| units::refused(unit, why)) };
    let (had, pid) = match facts().await? {
        Some(facts) if facts.active == ActiveState::Active => (true, facts.main_pid),
        Some(facts) if !facts.is_down() => {
            // It waits before a start of its own, and has no session yet.
            units::stop_unit(manager, unit).await?;
            return Ok(false);
        }
        _ => return Ok(false),
    };
    direct::dismiss(pid).await;
    let deadline = Instant::now() + SETTLE_LIMIT;
    while facts().await?.is_some_and(|facts| !facts.is_down()) {
        if Instant::now() > deadline {
            return Err(Failure::failed(
                unit,
                "does not let go of its agent",
                format!("`systemctl --user status {unit}`"),
            ));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(had)
}
