//! An agent's life as a whole: installed, started, stopped, restarted, recovered.
//!
//! Two supervisors keep the same keeper: systemd, whose units run it, and direct, which leaves it
//! running by itself. Stopping an agent always ends all of it and nothing of any other.

mod direct;
mod install;
mod installed;
mod lock;
mod note;
mod plan;
mod refresh;
mod seen;
mod stopped;
mod supervised;
mod supervisor;
mod units;

pub use install::{carry_out, dismiss, enroll, forget, plan_install, plan_uninstall, sweep};
pub use installed::{Installed, installed};
pub use note::Note;
pub use plan::{Plan, Step};
pub use refresh::{Refresh, is_current, plan_refresh};
pub use stopped::{Stop, note_stopped, stays_stopped};
pub use supervisor::{Lifecycle, Retired, end_for_unit, restart_broken_off, stop_stray};

/// Takes word of what is being done.
pub type Tell<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// Who keeps the keepers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supervisor {
    /// Units of the systemd user manager.
    Systemd,
    /// Detached keepers.
    Direct,
}

impl Supervisor {
    /// The word on command lines and screens.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Systemd => "systemd",
            Self::Direct => "direct",
        }
    }
}

/// What an operation did to one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was started now.
    Started,
    /// It was running, and another supervisor keeps it now.
    Adopted,
    /// It was running already.
    AlreadyRunning,
    /// It was stopped now.
    Stopped,
    /// There was nothing to stop.
    NotRunning,
    /// It was stopped and started again.
    Restarted,
    /// Another command restarted it in the meantime.
    RestartedByAnother,
    /// Somebody stopped it on purpose in the meantime, and so it stays.
    StaysStopped,
}

impl Outcome {
    /// The word shown to the operator.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Adopted => "adopted, still running",
            Self::AlreadyRunning => "already running",
            Self::Stopped => "stopped",
            Self::NotRunning => "not running",
            Self::Restarted => "restarted",
            Self::RestartedByAnother => "restarted by another command just now",
            Self::StaysStopped => "was stopped on purpose meanwhile",
        }
    }
}
