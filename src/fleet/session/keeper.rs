//! The keeper's life: lock, session, heartbeats, and the record of the end.

use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};

use super::create::{self, Origin};
use super::exit::{self, ExitRecord};
use super::living::{Hidden, living};
use super::own_state::OwnStateFile;
use super::told::Told;
use super::{holder, kickstart, lock, pace, service};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::file;
use crate::fleet::heartbeat::{self, Heartbeat};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::model::{Authority, End, HeartbeatStatus, Label, PaneId};
use crate::fleet::os::bell::Bell;
use crate::fleet::os::clock::at;
use crate::fleet::os::death::{DeathWatch, Unwatchable};
use crate::fleet::os::folder;
use crate::fleet::os::process::{self, ProcessWatch};
use crate::fleet::roster::{self, Agent, Roster};
use crate::fleet::runtime::OwnState;
use crate::fleet::systemd::{GIVEN_UP, Manager};
use crate::fleet::tmux::{Change, PaneRecord, Query, Tmux};

/// tmux lists a dead process as dead within milliseconds; longer means that the session is gone.
const DEATH_LISTED_WITHIN: Duration = Duration::from_secs(2);

/// tmux scrolls a dead pane up by one line to make room for its own notice.
const SCROLLED_AWAY: u32 = 1;

/// A runtime that lives this long has started: most that cannot run have ended by then, and their unit
/// was never active.
const SETTLE: Duration = Duration::from_millis(300);

/// Pause between two looks for the file in which a runtime tells its own state.
const LOOK_FOR_STATE: Duration = Duration::from_secs(1);

/// A runtime that tells its own state does so from this time on after its start.
const STARTS_WITHIN: Duration = Duration::from_secs(120);

/// Time for a killed tmux server to be started again by its unit.
const SERVER_WITHIN: Duration = Duration::from_secs(10);

/// Pause before a keeper that could not begin is started again: rarer than the unit's start limit allows.
const REFUSED_PAUSE: Duration = Duration::from_secs(20);

/// Time that a start may take beside the pause before it.
const EXTENSION: Duration = Duration::from_secs(60);

/// Status of a keeper whose pane's process ended in a way tmux did not tell.
const UNKNOWN_STATUS: i32 = 1;

/// Keeps one agent until its process ends or the keeper is told to go; returns the exit status.
///
/// A keeper that is told to go (SIGTERM, SIGINT) leaves the session alone: the next one adopts it.
///
/// # Errors
/// When the agent is unknown, kept already, or its session cannot be made.
pub async fn run(site: &Site, roster: &Roster, name: &str) -> Result<i32> {
    let agent = roster.agent(name)?;
    folder::make_private(&site.run_dir).map_err(|error| {
        Failure::failed(
            format!("run folder {}", site.run_dir.display()),
            error.to_string(),
            "check its rights and space",
        )
    })?;
    // A writer that was killed cannot take its temporary file along, and nobody else comes by here at
    // every start.
    for folder in [Some(site.run_dir.as_path()), site.run_file(&agent.name, RunFile::Report).parent()] {
        folder.into_iter().for_each(file::sweep);
    }
    let mut lock = lock::take(site, agent)?;
    // A roster that cannot be read at this moment takes nobody out: the one that was handed in holds.
    if let Ok(now) = roster::load(site) {
        // Whoever takes it out looks for its keeper only after the roster says so.
        now.agent(name)?;
    }
    if agent.socket != roster.socket {
        // The holder's unit owns the fleet's server only.
        holder::ensure_own_server(site, roster, agent).await?;
    }
    let tmux = Tmux::new(agent.socket);
    let quick_exits = exit::last_exit(site, &agent.name).map_or(0, |exit| exit.quick_exits);
    // A server that does not answer says nothing about this agent.
    let made = match adopt(agent, &tmux).await? {
        Some(pane) => Ok((pane, Origin::Adopted)),
        None => {
            pause(site, quick_exits).await;
            // Behind the pause, not before it: what is seen a minute early says nothing about now.
            alone(site, agent, &tmux).await?;
            create::create(site, agent, &tmux).await.map(|pane| (pane, Origin::Created))
        }
    };
    let (pane, origin) = match made {
        Ok(made) => made,
        Err(failure) => return not_made(site, agent, quick_exits, failure),
    };
    tracing::info!(agent = %agent.name, pane = %pane.id, pid = pane.pid, ?origin, "keeping");
    // Before anything that may fail: if this process dies, the next finds in the lock which pane may still
    // live.
    lock.keeps(&pane)?;
    // Only now that a process runs: a start that failed leaves it said that the agent was stopped. Mostly
    // there is no such note.
    let _none = std::fs::remove_file(site.run_file(&agent.name, RunFile::Stopped));
    // Of the process and not of this keeper: one that only was restarted would call a long life a quick
    // exit.
    let age = process::age(pane.pid).unwrap_or_default();
    let first_words = (origin == Origin::Created).then(|| kickstart::after_start(site, agent));
    let told = Told::of(site, agent);
    if origin == Origin::Created {
        told.started(pane.pid, quick_exits);
    }
    let (pid, began) = (pane.pid, Instant::now());
    let keeper = Keeper { site, agent, tmux, told, pane: pane.id, pid, quick_exits, began, age };
    match first_words {
        // It ends with the keeper: what was not said by then is of no use to the next process.
        Some(said) => tokio::select! { biased; kept = keeper.keep() => kept, never = said => match never {} },
        None => keeper.keep().await,
    }
}

/// The agent's live session. Under systemd the server may be coming back at this very moment.
async fn adopt(agent: &Agent, tmux: &Tmux) -> Result<Option<PaneRecord>> {
    let deadline = Instant::now() + SERVER_WITHIN;
    loop {
        match create::adopt(agent, tmux).await {
            Err(_) if service::is_managed() && Instant::now() < deadline => {
                // Nothing tells when the holder's unit has made its server again.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            adopted => return adopted,
        }
    }
}

/// Refuses to make a second process of an agent whose first one lives, wherever that is.
async fn alone(site: &Site, agent: &Agent, tmux: &Tmux) -> Result<()> {
    let Some(living) = living(site, &agent.name) else { return Ok(()) };
    let panes = tmux.reach().await?.unwrap_or_default();
    let hidden = living.hidden(agent, &panes).unwrap_or_else(|| Hidden {
        why: format!("its process, pid {}, has outlived its session and still runs", living.pid),
        next: format!("`mosaic-tui fleet restart {}` ends it first", agent.name),
        same_server: true,
    });
    Err(Failure::new(Kind::Refused, format!("agent {}", agent.name), hidden.why, hidden.next))
}

/// What a keeper does that could not even begin: under systemd it does not come again for an agent that
/// the roster does not know, and only after a while for anything else: an unusable roster, a server that
/// does not answer, another keeper.
///
/// # Errors
/// The failure itself.
pub async fn refused(failure: Failure) -> Result<i32> {
    // A shell wants its answer at once; only a unit would come again at once.
    if !service::is_managed() {
        return Err(failure);
    }
    if failure.kind == Kind::NotFound {
        tracing::error!(%failure, "given up");
        return Ok(GIVEN_UP);
    }
    service::tell(&format!("STATUS={}", Label::new(&failure.to_string())));
    tokio::time::sleep(REFUSED_PAUSE).await;
    Err(failure)
}

/// Waits before a runtime is started again that ended at once; a supervisor is told why.
async fn pause(site: &Site, quick_exits: u32) {
    let delay = pace::delay(quick_exits, &site.pace);
    if delay.is_zero() {
        return;
    }
    let seconds = delay.as_secs_f64();
    let times = if quick_exits == 1 {
        "ended at once".to_owned()
    } else {
        format!("ended at once {quick_exits} times in a row")
    };
    tracing::info!(quick_exits, seconds, "waiting before the next start");
    // The unit's own start limit counts from the last word that was heard.
    let extend = delay.saturating_add(EXTENSION).as_micros();
    service::tell(&format!("EXTEND_TIMEOUT_USEC={extend}\nSTATUS={times}; waits {seconds:.0} s before the next start"));
    tokio::time::sleep(delay).await;
}

/// A session that could not be made counts like one that ended at once.
fn not_made(site: &Site, agent: &Agent, quick_exits: u32, failure: Failure) -> Result<i32> {
    let quick_exits = quick_exits.saturating_add(1);
    let record = ExitRecord { failure: Some(failure.to_string()), ..ExitRecord::of(agent, 0, quick_exits) };
    Told::of(site, agent).ended(&record, quick_exits >= pace::MAX_QUICK_EXITS);
    if let Err(error) = exit::write(site, &agent.name, record) {
        tracing::error!(%error, "exit record not written");
    }
    if quick_exits >= pace::MAX_QUICK_EXITS {
        tracing::error!(%failure, quick_exits, "given up");
        return Ok(GIVEN_UP);
    }
    if service::is_managed() {
        // The next one waits before it tries.
        tracing::error!(%failure, quick_exits, "the session could not be made");
        return Ok(UNKNOWN_STATUS);
    }
    Err(failure)
}

struct Keeper<'a> {
    site: &'a Site,
    agent: &'a Agent,
    tmux: Tmux,
    told: Told<'a>,
    pane: PaneId,
    pid: u32,
    /// Runs in a row before this one that ended at once.
    quick_exits: u32,
    began: Instant,
    /// Age of the pane's process when the keeper began.
    age: Duration,
}

impl Keeper<'_> {
    async fn keep(&self) -> Result<i32> {
        let what = || format!("keeper of {}", self.agent.name);
        let io = |error: std::io::Error| Failure::failed(what(), error.to_string(), "try again");
        let death = match DeathWatch::of(self.pid) {
            Ok(death) => death,
            Err(Unwatchable::Gone) => return self.ended().await,
            Err(Unwatchable::Failed(error)) => return Err(io(error)),
        };
        // Room for one notice: what it says is only that something is to be read.
        let (reported, mut reports) = mpsc::channel(1);
        let file = |kind| self.site.run_file(&self.agent.name, kind);
        let bell = Bell::hang(&file(RunFile::Bell))
            .inspect_err(|error| tracing::warn!(%error, "no bell; reports wait for the next heartbeat"))
            .ok();
        let mut own = OwnStateFile::find(&self.agent.runtime, self.pid, &reported);
        let looks = OwnStateFile::is_written_by(&self.agent.runtime);
        let mut look = tokio::time::interval(LOOK_FOR_STATE);
        look.set_missed_tick_behavior(MissedTickBehavior::Skip);
        // Before the first wait: until a handler is in place the signal ends the process where it stands.
        let mut terminate = signal(SignalKind::terminate()).map_err(io)?;
        let mut interrupt = signal(SignalKind::interrupt()).map_err(io)?;
        let mut beat = tokio::time::interval(self.site.thresholds.heartbeat_interval);
        // Beats that were missed while the machine slept are not made up for: one says as much as many.
        beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut watchdog = service::watchdog_interval().map(tokio::time::interval);
        let mut ready_at = Some(Instant::now() + SETTLE);
        loop {
            tokio::select! {
                // In this order: no heartbeat vouches for a process whose death can be known by now.
                biased;
                ended = death.wait() => {
                    ended.map_err(io)?;
                    return self.ended().await;
                }
                _ = terminate.recv() => return Ok(0),
                _ = interrupt.recv() => return Ok(0),
                () = at(ready_at) => {
                    ready_at = None;
                    service::tell(&format!("READY=1\nSTATUS=keeps pane {}, pid {}", self.pane, self.pid));
                    continue;
                }
                () = next(&mut watchdog) => {
                    service::tell("WATCHDOG=1");
                    continue;
                }
                Some(()) = reports.recv() => {}
                () = rung(bell.as_ref()) => {}
                _ = beat.tick() => {}
                // A runtime writes its state once it has started, in a folder that may not be there before.
                _ = look.tick(), if looks && own.is_none() && self.began.elapsed() < STARTS_WITHIN => {
                    own = OwnStateFile::find(&self.agent.runtime, self.pid, &reported);
                    if own.is_none() {
                        continue;
                    }
                }
            }
            // A command of the roster may start its runtime again in the same pane, and each process writes a file
            // of its own.
            if own.as_ref().is_none_or(OwnStateFile::is_over) {
                own = OwnStateFile::find(&self.agent.runtime, self.pid, &reported);
            }
            beat.reset_after(self.beat(own.as_mut().and_then(OwnStateFile::read)));
        }
    }

    /// Writes the heartbeat: the runtime's word while it holds, else the keeper's own. Returns when the next one is due.
    fn beat(&self, own: Option<&OwnState>) -> Duration {
        let now = Timestamp::now();
        let interval = self.site.thresholds.heartbeat_interval;
        let report = heartbeat::read(&self.site.run_file(&self.agent.name, RunFile::Report), now, interval)
            .ok()
            // A report outlives its process, and anybody with the agent's variables can leave one.
            .filter(|report| ProcessWatch::default().look(self.pid).contains(report.pid));
        let next = report.as_ref().and_then(|report| report.next_seconds).map(|next| Duration::from_secs(next.into()));
        let promised = own.is_none() && next.is_some_and(|next| next <= interval);
        // Its report is the next heartbeat: one of the keeper beside it would say the same, and wake whoever watches.
        let due = if promised { interval + interval / 2 } else { interval };
        let beat = match own {
            Some(own) => Some(told_by_itself(own, report, now, interval)),
            None => next_beat(report, self.pid, now, interval),
        };
        let Some(beat) = beat else {
            // The runtime broke its promise to report: it hangs, and that must show as stale.
            return due;
        };
        self.told.reported(&beat);
        let path = self.site.run_file(&self.agent.name, RunFile::Heartbeat);
        // No reason to end: without a heartbeat the row becomes stale by itself, and the agent works on.
        if let Err(error) = heartbeat::write(&path, &beat) {
            tracing::error!(%error, path = %path.display(), "heartbeat not written");
        }
        due
    }

    /// Records how the process ended; the keeper's own status becomes the process's.
    async fn ended(&self) -> Result<i32> {
        let mut end = None;
        let listed = async {
            loop {
                match self.tmux.reach().await {
                    Ok(Some(panes)) => match panes.into_iter().find(|pane| pane.id == self.pane) {
                        Some(pane) if pane.dead => return Some(pane),
                        // The kernel tells of a death before tmux has taken notice of it.
                        Some(_) => {}
                        None => return None,
                    },
                    _ => return None,
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let mut dead = tokio::time::timeout(DEATH_LISTED_WITHIN, listed).await.ok().flatten();
        if dead.as_ref().is_some_and(|pane| pane.end.is_none()) {
            // tmux 3.3a often fills the status in only when another child of the server ends.
            let nudged = self.tmux.change(&[Change::Nudge]).await.is_ok();
            if nudged && let Ok(again) = create::own_pane(self.agent, &self.tmux).await {
                // By now an operator may have made another pane the session's first.
                dead = again.filter(|pane| pane.id == self.pane).or(dead);
            }
        }
        let mut screen = String::new();
        if let Some(pane) = &dead {
            end = pane.end;
            screen =
                self.tmux.query(&Query::Capture { pane: self.pane, history: SCROLLED_AWAY }).await.unwrap_or_default();
        }
        let quick_exits = self.count_quick_exits().await;
        let record = ExitRecord {
            exit_status: end.and_then(End::status),
            exit_signal: end.and_then(End::signal),
            screen,
            ..ExitRecord::of(self.agent, self.pid, quick_exits)
        };
        self.told.ended(&record, quick_exits >= pace::MAX_QUICK_EXITS);
        if let Err(error) = exit::write(self.site, &self.agent.name, record) {
            tracing::error!(%error, "exit record not written");
        }
        tracing::info!(agent = %self.agent.name, ?end, quick_exits, "the pane's process ended");
        if quick_exits >= pace::MAX_QUICK_EXITS {
            tracing::error!(quick_exits, "it ends at once every time; given up");
            return Ok(GIVEN_UP);
        }
        // A process may happen to end with the very status by which a keeper tells its unit not to come again.
        Ok(end.map(End::code).filter(|status| *status != GIVEN_UP).unwrap_or(UNKNOWN_STATUS))
    }

    /// Runs in a row that ended at once, now that this one is over.
    async fn count_quick_exits(&self) -> u32 {
        if self.age + self.began.elapsed() >= pace::QUICK {
            return 0;
        }
        // Without its server no runtime lives, and at a shutdown everything ends; neither says anything
        // about this one.
        match self.tmux.reach().await {
            Ok(Some(_)) if !shutting_down().await => self.quick_exits.saturating_add(1),
            _ => self.quick_exits,
        }
    }
}

/// Whether the user manager that keeps this keeper is ending, or has ended already.
async fn shutting_down() -> bool {
    if !service::is_managed() {
        return false;
    }
    match Manager::connect().await {
        Ok(manager) => manager.is_stopping().await,
        // What keeps this keeper and does not answer any more is on its way out.
        Err(_) => true,
    }
}

/// Waits for the next tick, or for ever.
async fn next(ticks: &mut Option<tokio::time::Interval>) {
    match ticks {
        Some(ticks) => drop(ticks.tick().await),
        None => std::future::pending().await,
    }
}

/// Waits until a report was left or a heartbeat is asked for, or for ever.
async fn rung(bell: Option<&Bell>) {
    let failed = match bell {
        Some(bell) => bell.rung().await.err(),
        None => return std::future::pending().await,
    };
    if let Some(error) = failed {
        tracing::warn!(%error, "its bell is broken; reports wait for the next heartbeat");
        std::future::pending::<()>().await;
    }
}

/// The heartbeat of a runtime that writes each change of its state into a file of its own. A report of its hooks adds
/// its words where both say the same, and the message that was taken.
fn told_by_itself(own: &OwnState, report: Option<Heartbeat>, now: Timestamp, interval: Duration) -> Heartbeat {
    let (words, msg) = report.map_or((None, None), |report| {
        (report.detail.filter(|_| report.status == own.said.status && report.ts >= own.since), report.msg)
    });
    Heartbeat {
        ts: now,
        pid: own.pid,
        status: own.said.status,
        detail: words.or_else(|| own.said.detail.as_deref().map(Label::new)),
        by: Authority::Runtime,
        since: Some(own.since),
        next_seconds: Some(u32::try_from(interval.as_secs()).unwrap_or(u32::MAX).max(1)),
        msg,
    }
}

/// The heartbeat to write now; `None` while a runtime is overdue with a promised report.
fn next_beat(report: Option<Heartbeat>, pane_pid: u32, now: Timestamp, interval: Duration) -> Option<Heartbeat> {
    let Some(report) = report else {
        return Some(Heartbeat {
            ts: now,
            pid: pane_pid,
            status: HeartbeatStatus::Ok,
            detail: None,
            by: Authority::Keeper,
            since: None,
            next_seconds: None,
            msg: None,
        });
    };
    if let Some(next) = report.next_seconds {
        // One interval of grace: a busy machine is not a hung runtime.
        let allowed = f64::from(next) + interval.as_secs_f64();
        if now.duration_since(report.ts).as_secs_f64() > allowed {
            return None;
        }
    }
    Some(Heartbeat { since: Some(report.ts), ts: now, by: Authority::Runtime, ..report })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::runtime::Said;

    const INTERVAL: Duration = Duration::from_secs(15);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn report(next_seconds: Option<u32>) -> Heartbeat {
        Heartbeat {
            ts: at(0),
            pid: 7,
            status: HeartbeatStatus::Waiting,
            detail: None,
            by: Authority::Runtime,
            since: None,
            next_seconds,
            msg: None,
        }
    }

    #[test]
    fn what_the_runtime_wrote_itself_outranks_its_hooks() {
        use HeartbeatStatus::{Busy, Ok, Waiting};
        let own = |status, seconds| OwnState {
            pid: 9,
            started: 0,
            since: at(seconds),
            said: Said { status, detail: None, prompt: None },
        };
        // No hook tells of a turn that was broken off: the report of busy, or of a question, is outlived.
        for reported in [Busy, Waiting] {
            let hook = Heartbeat { status: reported, msg: Some(Label::new("m1")), ..report(None) };
            let beat = told_by_itself(&own(Ok, 5), Some(hook), at(6), INTERVAL);
            assert_eq!((beat.status, beat.pid, beat.since, beat.ts), (Ok, 9, Some(at(5)), at(6)));
            assert_eq!(beat.msg, Some(Label::new("m1")));
        }
        let said = Heartbeat { detail: Some(Label::new("needs permission to use Bash")), ..report(None) };
        let words = |since| told_by_itself(&own(Waiting, since), Some(said.clone()), at(6), INTERVAL).detail;
        assert_eq!(words(0), said.detail);
        assert_eq!(words(3), None, "the words were of an earlier question");
        assert!(told_by_itself(&own(Busy, 0), None, at(6), INTERVAL).next_seconds.is_some());
    }

    #[test]
    fn without_a_report_the_keeper_vouches() {
        let beat = next_beat(None, 42, at(5), INTERVAL).unwrap();
        assert_eq!((beat.pid, beat.by, beat.status, beat.ts), (42, Authority::Keeper, HeartbeatStatus::Ok, at(5)));
    }

    #[test]
    fn a_report_is_carried_on_with_a_fresh_stamp() {
        let beat = next_beat(Some(report(None)), 42, at(900), INTERVAL).unwrap();
        assert_eq!((beat.pid, beat.by, beat.ts, beat.since), (7, Authority::Runtime, at(900), Some(at(0))));
        assert_eq!(beat.status, HeartbeatStatus::Waiting);
    }

    #[test]
    fn a_runtime_that_breaks_its_promise_gets_no_heartbeat() {
        assert!(next_beat(Some(report(Some(15))), 42, at(30), INTERVAL).is_some());
        assert!(next_beat(Some(report(Some(15))), 42, at(31), INTERVAL).is_none());
    }
}
