//! Why a readiness was decided, as facts; their words are made here, and nowhere searched for.

use std::fmt;
use std::time::Duration;

use crate::fleet::model::{End, HeartbeatStatus, Label, SubState, UnitResult, age::Coarse};

/// Why a readiness was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Said so by somebody else, in these words: a runtime, its screen, another host, a note.
    Told(String),
    /// Said so by a failure: why, and what helps.
    Failed(String, String),
    /// Its process ended; how, where it is known.
    Ended(Option<End>),
    /// `/proc` no longer has its process.
    ProcessGone,
    /// Its runtime ended, and this shell stands in its pane.
    ShellOnly(&'static str),
    /// The server has no such session.
    NoSession,
    /// There is no tmux server.
    NoServer,
    /// A signal stopped its process.
    ProcessStopped,
    /// tmux could not be asked.
    TmuxUnread,
    /// Its tmux server lives, and cannot be reached.
    ServerUnreachable,
    /// Its process lives somewhere else.
    Hidden,
    /// Its host does not answer.
    HostSilent,
    /// The roster does not name it.
    NotInRoster,
    /// There is no heartbeat file.
    NoHeartbeat,
    /// Its host tells no heartbeat, and its screen is not known.
    NothingKnown,
    /// The heartbeat cannot be trusted; why.
    HeartbeatRejected(String),
    /// The last heartbeat is so old.
    HeartbeatStale(Duration),
    /// The runtime reported this, and no more.
    Reported(HeartbeatStatus),
    /// It reported that it is busy, and its composer has waited for so long.
    OutlivedReport(Duration),
    /// Nobody knows how long its pane has been silent.
    SilenceUnknown,
    /// Its pane has been silent for so long, and its screen was not read; why.
    ScreenUnread(Duration, String),
    /// Its pane has been silent for so long, and its screen shows nothing that is known.
    ScreenUnknown(Duration),
    /// Its pane has been silent for so long, and nothing tells what it waits for.
    Silent(Duration),
    /// Its pane had output so long ago.
    Output(Duration),
    /// Somebody types or chooses; what the screen shows.
    AtItsKeys(String),
    /// What somebody began was left for so long; what the screen shows.
    LeftAtItsKeys(String, Duration),
    /// systemd claims that it runs.
    ClaimedActive(Box<Reason>, SubState),
    /// systemd claims that it failed.
    ClaimedFailed(Box<Reason>, UnitResult),
    /// Its unit is being started; what the keeper says it does.
    BeingStarted(Box<Reason>, Label),
    /// systemd restarts it.
    BeingRestarted(Box<Reason>),
    /// systemd restarts it no more, after so many times.
    GivenUp(Box<Reason>, u32, UnitResult),
}

impl Reason {
    /// Whether its words say what helps, or that somebody sees to it: then no other advice follows them.
    #[must_use]
    pub fn says_what_helps(&self) -> bool {
        match self {
            Self::Failed(..) | Self::ServerUnreachable | Self::BeingStarted(..) => true,
            Self::ClaimedActive(reason, _)
            | Self::ClaimedFailed(reason, _)
            | Self::BeingRestarted(reason)
            | Self::GivenUp(reason, ..) => reason.says_what_helps(),
            _ => false,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Told(words) => f.write_str(words),
            Self::Failed(why, next) => write!(f, "{why}; {next}"),
            Self::Ended(Some(end)) => end.fmt(f),
            Self::Ended(None) => f.write_str("its process ended"),
            Self::ProcessGone => f.write_str("its process is gone"),
            Self::ShellOnly(shell) => write!(f, "its runtime ended; {shell} stands in its pane"),
            Self::NoSession => f.write_str("no session"),
            Self::NoServer => f.write_str("no tmux server"),
            Self::ProcessStopped => f.write_str("its process is stopped by a signal; `kill -CONT` continues it"),
            Self::TmuxUnread => f.write_str("tmux cannot be read"),
            Self::ServerUnreachable => {
                f.write_str("its tmux server lives and cannot be reached; `mosaic-tui fleet start` brings it back")
            }
            Self::Hidden => f.write_str("its process lives, and is not seen here"),
            Self::HostSilent => f.write_str("its host does not answer"),
            Self::NotInRoster => f.write_str("not in the roster"),
            Self::NoHeartbeat => f.write_str("no heartbeat file"),
            Self::NothingKnown => f.write_str("alive; no heartbeat from its host, and its screen is not known"),
            Self::HeartbeatRejected(why) => write!(f, "heartbeat rejected: {why}"),
            Self::HeartbeatStale(age) => write!(f, "no heartbeat for {}", Coarse::of_beat(*age)),
            Self::Reported(status) => f.write_str(match status {
                HeartbeatStatus::Waiting => "waits for input",
                HeartbeatStatus::Blocked => "reports that it is blocked",
                HeartbeatStatus::Error => "reports an error",
                HeartbeatStatus::Busy => "reports busy",
                HeartbeatStatus::Ok => "reports that it is idle",
            }),
            Self::OutlivedReport(idle) => {
                write!(f, "its composer waits for {}, though it reported busy", Coarse::of(*idle))
            }
            Self::SilenceUnknown => f.write_str("alive; its idle time is unknown"),
            Self::ScreenUnread(idle, why) => {
                write!(f, "silent for {}, and its screen was not read: {why}", Coarse::of(*idle))
            }
            Self::ScreenUnknown(idle) => {
                write!(f, "silent for {}, and its screen shows nothing that is known", Coarse::of(*idle))
            }
            Self::Silent(idle) => write!(f, "silent for {}, and nothing tells what it waits for", Coarse::of(*idle)),
            Self::Output(idle) => write!(f, "output {} ago", Coarse::of(*idle)),
            Self::AtItsKeys(screen) => write!(f, "somebody is at its keys: {screen}"),
            Self::LeftAtItsKeys(screen, idle) => write!(f, "{screen}, untouched for {}", Coarse::of(*idle)),
            Self::ClaimedActive(reason, sub) => write!(f, "{reason}, but systemd says active ({sub})"),
            Self::ClaimedFailed(reason, result) => {
                write!(f, "{reason}, but systemd says failed ({result}): nothing restarts it")
            }
            Self::BeingStarted(reason, status) => write!(f, "{reason}: {status}"),
            Self::BeingRestarted(reason) => write!(f, "{reason}; systemd restarts it"),
            Self::GivenUp(reason, restarts, result) => {
                write!(f, "{reason}; given up after {restarts} restarts ({result})")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The only test of these words: whoever changes them changes them here, and nothing else.
    #[test]
    fn the_words_of_reasons() {
        let told = || Reason::Told("exited with status 3".to_owned());
        let minute = Duration::from_secs(60);
        let all = [
            told(),
            Reason::Failed("its server hangs".to_owned(), "end it".to_owned()),
            Reason::Ended(Some(End::Exited(9))),
            Reason::Ended(None),
            Reason::ProcessGone,
            Reason::ShellOnly("bash"),
            Reason::NoSession,
            Reason::NoServer,
            Reason::ProcessStopped,
            Reason::TmuxUnread,
            Reason::ServerUnreachable,
            Reason::Hidden,
            Reason::HostSilent,
            Reason::NotInRoster,
            Reason::NoHeartbeat,
            Reason::NothingKnown,
            Reason::HeartbeatRejected("from the future".to_owned()),
            Reason::HeartbeatStale(minute),
            Reason::Reported(HeartbeatStatus::Waiting),
            Reason::Reported(HeartbeatStatus::Blocked),
            Reason::Reported(HeartbeatStatus::Error),
            Reason::Reported(HeartbeatStatus::Busy),
            Reason::Reported(HeartbeatStatus::Ok),
            Reason::OutlivedReport(minute),
            Reason::SilenceUnknown,
            Reason::ScreenUnread(minute, "no answer".to_owned()),
            Reason::ScreenUnknown(minute),
            Reason::Silent(minute),
            Reason::Output(minute),
            Reason::AtItsKeys("a draft".to_owned()),
            Reason::LeftAtItsKeys("a draft".to_owned(), minute),
            Reason::ClaimedActive(Box::new(Reason::NoSession), SubState::Running),
            Reason::ClaimedFailed(Box::new(Reason::Output(minute)), UnitResult::ExitCode),
            Reason::BeingStarted(Box::new(told()), Label::new("waits 4 s")),
            Reason::BeingRestarted(Box::new(told())),
            Reason::GivenUp(Box::new(told()), 3, UnitResult::ExitCode),
        ];
        insta::assert_snapshot!(all.map(|reason| reason.to_string()).join("\n"));
    }
}
