//! Health and readiness: which rule decides, and why. Pure.
//!
//! The rules stand in order; the first that matches wins. Silence alone never makes an agent stuck:
//! idle is good, it means that work can be given.

use std::time::Duration;

mod reason;

pub use reason::Reason;

use super::heartbeat::NoHeartbeat;
use super::model::{Authority, End, Health, HeartbeatStatus, Readiness, Thresholds};
use super::screen::ScreenState;

/// A heartbeat counts as in time up to this many intervals.
const HEALTHY_INTERVALS: u32 = 3;

/// Output this long after a runtime's report refutes "I am waiting": somebody has answered it.
/// tmux counts activity in whole seconds, and the report's own screen change comes with it.
const REFUTED_AFTER: Duration = Duration::from_secs(5);

/// A report of busy does not outlive a composer that waited for this long since its screen last moved.
const OUTLIVED_AFTER: Duration = Duration::from_secs(10);

/// A composer that waits counts once the pane was silent for this long.
const SETTLED_AFTER: Duration = Duration::from_secs(3);

/// State of the agent's pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaneState {
    /// Its process runs.
    Live,
    /// There is a pane, its process ended; how, where it is known.
    Ended(Option<End>),
    /// There is a pane, and `/proc` no longer has its process.
    ProcessGone,
    /// Its runtime ended, and this shell stands in the pane.
    ShellOnly(&'static str),
    /// Its process is stopped by a signal.
    Stopped,
    /// The server has no such session.
    NoSession,
    /// There is no tmux server.
    NoServer,
    /// Its tmux server lives, and cannot be reached.
    Unreachable,
    /// Its process lives, and not where tmux was asked.
    Hidden,
    /// tmux could not be asked.
    Unreadable,
    /// The agent lives on another host.
    Elsewhere,
}

/// A heartbeat's part of the decision.
#[derive(Debug, Clone, PartialEq)]
pub struct HeartbeatInput {
    /// Time since it was written.
    pub age: Duration,
    /// What it says.
    pub status: HeartbeatStatus,
    /// One line in the writer's words.
    pub detail: Option<String>,
    /// Who vouches for it.
    pub by: Authority,
    /// Time from the runtime's report to the pane's last output, if output came later.
    pub output_after_report: Option<Duration>,
    /// Whether the runtime tells each change of its state, and so its word holds at once.
    pub keeps_telling: bool,
}

/// What a screen says of its runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScreenInput {
    /// Nothing is known of such screens.
    NotAsked,
    /// It could tell, and was not read; why.
    Unread(String),
    /// It was read: the state that it shows, and that in a few words.
    Shows(ScreenState, String),
}

/// Everything a decision rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Inputs {
    /// The pane.
    pub pane: PaneState,
    /// The heartbeat, or why there is none.
    pub heartbeat: Result<HeartbeatInput, NoHeartbeat>,
    /// Time without output, where it is known.
    pub idle: Option<Duration>,
    /// What its screen shows.
    pub screen: ScreenInput,
}

/// What was decided, by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether it answered in time.
    pub health: Health,
    /// What to expect of it.
    pub readiness: Readiness,
    /// Why.
    pub reason: Reason,
    /// The rule, as a sentence.
    pub rule: &'static str,
    /// What would lead to another decision.
    pub would_change: &'static str,
}

/// Whether a heartbeat of this age is in time.
#[must_use]
pub fn health(heartbeat: &Result<HeartbeatInput, NoHeartbeat>, thresholds: &Thresholds) -> Health {
    match heartbeat {
        Ok(heartbeat) if is_in_time(heartbeat.age, thresholds) => Health::Healthy,
        Ok(_) => Health::Stale,
        Err(_) => Health::Unknown,
    }
}

/// Whether a heartbeat of this age still holds.
#[must_use]
pub fn is_in_time(age: Duration, thresholds: &Thresholds) -> bool {
    age <= thresholds.heartbeat_interval * HEALTHY_INTERVALS
}

/// A limit is passed by so much for certain, whatever an age was rounded to.
const BEHIND: Duration = Duration::from_millis(100);

/// How long a decision holds while nothing happens, by the time without output and the age of the heartbeat that it rests
/// on; `None` for good.
#[must_use]
pub fn holds(idle: Option<Duration>, heartbeat: Option<Duration>, thresholds: &Thresholds) -> Option<Duration> {
    let until = |limit: Duration, age: Duration| limit.checked_sub(age).filter(|left| !left.is_zero());
    let silence = idle.into_iter().flat_map(|idle| {
        [SETTLED_AFTER, OUTLIVED_AFTER, thresholds.idle].into_iter().filter_map(move |limit| until(limit, idle))
    });
    // At the limit itself it is still in time.
    let beat = heartbeat.filter(|age| is_in_time(*age, thresholds));
    let beat = beat.map(|age| thresholds.heartbeat_interval * HEALTHY_INTERVALS + BEHIND - age);
    silence.chain(beat).min()
}

/// Decides health and readiness.
#[must_use]
pub fn decide(inputs: &Inputs, thresholds: &Thresholds) -> Decision {
    let health = health(&inputs.heartbeat, thresholds);
    let decision = |readiness: Readiness, reason: Reason, rule: &'static str, would_change: &'static str| Decision {
        health,
        readiness,
        reason,
        rule,
        would_change,
    };
    // The pane comes before all that is said of it: what is dead answers nothing, however fresh its last
    // word is.
    if let Some((reason, would_change)) = dead_reason(inputs.pane) {
        return decision(Readiness::Dead, reason, "the pane is missing or dead, or its process is gone", would_change);
    }
    match inputs.pane {
        PaneState::Unreadable => {
            return decision(
                Readiness::Unknown,
                Reason::TmuxUnread,
                "a plane that cannot be read proves nothing",
                "an answer from the tmux server",
            );
        }
        PaneState::Stopped => {
            return decision(
                Readiness::Stuck,
                Reason::ProcessStopped,
                "a stopped process does nothing, whatever its screen shows",
                "SIGCONT to its process",
            );
        }
        PaneState::Unreachable => {
            return decision(
                Readiness::Unknown,
                Reason::ServerUnreachable,
                "what cannot be reached is not gone",
                "`mosaic-tui fleet start`, which has the server make its socket anew",
            );
        }
        PaneState::Hidden => {
            // The row's reason says where it lives.
            let (rule, change) = ("what is not seen is not gone while its process lives", "a look where it lives");
            return decision(Readiness::Unknown, Reason::Hidden, rule, change);
        }
        PaneState::Elsewhere => {
            return decision(
                Readiness::Unknown,
                Reason::HostSilent,
                "what is not observed is unknown",
                "an answer of its host over ssh",
            );
        }
        _ => {}
    }
    let heartbeat = match &inputs.heartbeat {
        Ok(heartbeat) => heartbeat,
        Err(NoHeartbeat::Elsewhere) => {
            let known = matches!(&inputs.screen, ScreenInput::Shows(state, _) if *state != ScreenState::Unknown);
            return match by_screen(&inputs.screen, inputs.idle, thresholds, &decision) {
                Some(decided) => decided,
                // The screen is known and decides nothing yet, so silence may.
                None if known => by_silence(inputs, thresholds, &decision),
                None => decision(
                    Readiness::Unknown,
                    Reason::NothingKnown,
                    "without a heartbeat and without a known screen nothing proves that it works",
                    "`mosaic-tui` on that host, which tells its heartbeats",
                ),
            };
        }
        Err(NoHeartbeat::Absent) => {
            return decision(
                Readiness::Unknown,
                Reason::NoHeartbeat,
                "without a heartbeat nothing proves that it lives",
                "a heartbeat; its keeper writes one while it runs",
            );
        }
        Err(NoHeartbeat::Rejected(why)) => {
            return decision(
                Readiness::Unknown,
                Reason::HeartbeatRejected(why.clone()),
                "a heartbeat that cannot be trusted counts as none",
                "a valid heartbeat file",
            );
        }
    };
    // Before the report is looked at: it is as old as the heartbeat that carries it.
    if health == Health::Stale {
        return decision(
            Readiness::Stale,
            Reason::HeartbeatStale(heartbeat.age),
            "the heartbeat is older than three intervals",
            "a new heartbeat; `mosaic-tui fleet start` gives an agent another keeper where that is gone",
        );
    }
    // The keeper's own word says nothing of a question, so output refutes nothing of it.
    let refuted =
        heartbeat.by == Authority::Runtime && heartbeat.output_after_report.is_some_and(|gap| gap > REFUTED_AFTER);
    match heartbeat.status {
        HeartbeatStatus::Waiting | HeartbeatStatus::Blocked | HeartbeatStatus::Error if !refuted => {
            return decision(
                Readiness::Stuck,
                reported(heartbeat),
                "the runtime reported waiting, blocked or error",
                "an answer to it; its next report or later output ends this",
            );
        }
        HeartbeatStatus::Busy => {
            // A question on the screen outranks the report, which was true when it was written.
            if let Some(stuck) = by_screen(&inputs.screen, inputs.idle, thresholds, &decision)
                .filter(|decided| decided.readiness == Readiness::Stuck)
            {
                return stuck;
            }
            if let Some(rests) = outlived(heartbeat, inputs, thresholds, &decision) {
                return rests;
            }
            return decision(Readiness::Working, reported(heartbeat), "the runtime reported busy", "its next report");
        }
        _ => {}
    }
    if let Some(decided) = by_screen(&inputs.screen, inputs.idle, thresholds, &decision) {
        return decided;
    }
    // A runtime that tells when it works is idle when it says that nothing is the matter.
    let says_idle = heartbeat.status == HeartbeatStatus::Ok && heartbeat.by == Authority::Runtime && !refuted;
    if says_idle && (heartbeat.keeps_telling || inputs.idle.is_some_and(|idle| idle >= SETTLED_AFTER)) {
        return decision(
            Readiness::Available,
            reported(heartbeat),
            "the runtime reported that it does nothing, and keeps telling its state or is silent",
            "a report of busy, or output in its pane",
        );
    }
    by_silence(inputs, thresholds, &decision)
}

/// A report of busy that its screen has outlived: no hook tells of a turn that somebody broke off.
fn outlived(
    heartbeat: &HeartbeatInput,
    inputs: &Inputs,
    thresholds: &Thresholds,
    decision: &dyn Fn(Readiness, Reason, &'static str, &'static str) -> Decision,
) -> Option<Decision> {
    if !matches!(inputs.screen, ScreenInput::Shows(ScreenState::Ready, _)) {
        return None;
    }
    // Without output since the report it may be the report that is the newer one.
    let limit = if heartbeat.output_after_report.is_some() { OUTLIVED_AFTER } else { thresholds.idle };
    let idle = inputs.idle.filter(|idle| *idle >= limit)?;
    Some(decision(
        Readiness::Available,
        Reason::OutlivedReport(idle),
        "its screen has shown a composer at rest since after the report of busy",
        "output in its pane, or its next report",
    ))
}

/// What is left to decide by: how long its pane has been silent.
fn by_silence(
    inputs: &Inputs,
    thresholds: &Thresholds,
    decision: &dyn Fn(Readiness, Reason, &'static str, &'static str) -> Decision,
) -> Decision {
    match inputs.idle {
        None => decision(
            Readiness::Working,
            Reason::SilenceUnknown,
            "without an idle time it is taken to be at work",
            "an activity time from tmux",
        ),
        Some(idle)
            if (idle >= thresholds.idle && inputs.screen != ScreenInput::NotAsked)
                || (idle >= SETTLED_AFTER && matches!(inputs.screen, ScreenInput::Shows(ScreenState::Unknown, _))) =>
        {
            decision(
                Readiness::Unknown,
                match &inputs.screen {
                    ScreenInput::Unread(why) => Reason::ScreenUnread(idle, why.clone()),
                    _ => Reason::ScreenUnknown(idle),
                },
                "a silent runtime whose screen is not understood may wait for anything",
                "a known screen; `runtime/NAME/screen.yaml` in the Mosaic home describes one",
            )
        }
        Some(idle) if idle >= thresholds.idle => decision(
            Readiness::Unknown,
            Reason::Silent(idle),
            "without a report and without a known screen nothing proves that work can be given to it",
            "a report of the runtime itself, or `runtime/NAME/screen.yaml` in the Mosaic home, which describes its screen",
        ),
        Some(idle) => decision(
            Readiness::Working,
            Reason::Output(idle),
            "alive, and it printed something within the idle threshold",
            "silence for longer than the idle threshold",
        ),
    }
}

/// What the screen alone decides, below a runtime's own word; an unknown screen decides nothing.
fn by_screen(
    screen: &ScreenInput,
    idle: Option<Duration>,
    thresholds: &Thresholds,
    decision: &dyn Fn(Readiness, Reason, &'static str, &'static str) -> Decision,
) -> Option<Decision> {
    let ScreenInput::Shows(state, reason) = screen else { return None };
    let reason = reason.clone();
    let told = Reason::Told;
    Some(match state {
        ScreenState::Dialog | ScreenState::Login | ScreenState::Limit | ScreenState::Failing => decision(
            Readiness::Stuck,
            told(reason),
            "its screen shows a question, a login, a limit or a failing model",
            "another screen, or a report of the runtime itself",
        ),
        ScreenState::Busy | ScreenState::Queued => {
            decision(Readiness::Working, told(reason), "its screen shows a turn in progress", "another screen")
        }
        ScreenState::Draft | ScreenState::Occupied if idle.is_none_or(|idle| idle < thresholds.idle) => decision(
            Readiness::Working,
            Reason::AtItsKeys(reason),
            "its screen shows what somebody types or chooses",
            "an empty composer",
        ),
        ScreenState::Draft | ScreenState::Occupied => decision(
            Readiness::Stuck,
            Reason::LeftAtItsKeys(reason, idle.unwrap_or_default()),
            "what somebody began at its keys was left for longer than the idle threshold, and no work can be given to it",
            "an empty composer: send the draft, or take it away",
        ),
        // Between a message and the first sign of work the composer is empty too.
        ScreenState::Ready if idle.is_none_or(|idle| idle < SETTLED_AFTER) => return None,
        ScreenState::Ready => decision(
            Readiness::Available,
            told(reason),
            "its screen shows a composer and no turn in progress",
            "output in its pane, or a report of the runtime itself",
        ),
        ScreenState::Unknown => return None,
    })
}

fn dead_reason(pane: PaneState) -> Option<(Reason, &'static str)> {
    let start = "a start, on its own host: `mosaic-tui fleet start NAME`";
    Some(match pane {
        PaneState::Ended(end) => (Reason::Ended(end), start),
        PaneState::ProcessGone => (Reason::ProcessGone, start),
        PaneState::ShellOnly(shell) => (Reason::ShellOnly(shell), "a restart: `mosaic-tui fleet restart NAME`"),
        PaneState::NoSession => (Reason::NoSession, start),
        PaneState::NoServer => (Reason::NoServer, start),
        PaneState::Live | PaneState::Stopped => return None,
        // None of them proves an end.
        PaneState::Hidden | PaneState::Unreachable | PaneState::Unreadable | PaneState::Elsewhere => return None,
    })
}

/// What a runtime reported, in its own words where it has any.
fn reported(heartbeat: &HeartbeatInput) -> Reason {
    heartbeat.detail.clone().map_or(Reason::Reported(heartbeat.status), Reason::Told)
}

#[cfg(test)]
mod tests;
