//! What systemd says of a unit, in its own words: systemd(1), org.freedesktop.systemd1(5).

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::Label;

/// Words of systemd as an enum. One that is not known here, of a newer version, stays what it is.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// Another word.
            Other(Label),
        }

        impl $name {
            /// The word, as systemd writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word.as_str(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    other => Self::Other(Label::new(other)),
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                Self::from(word.as_str())
            }
        }

        impl From<$name> for String {
            fn from(word: $name) -> Self {
                word.as_str().to_owned()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// `LoadState`: whether a unit's files could be read.
    LoadState {
        /// Read.
        Loaded = "loaded",
        /// Another name of a unit that was read.
        Merged = "merged",
        /// Not read yet.
        Stub = "stub",
        /// Kept from being started by anybody.
        Masked = "masked",
        /// There is no file.
        NotFound = "not-found",
        /// A file says what systemd does not understand.
        BadSetting = "bad-setting",
        /// A file could not be read.
        Error = "error",
    }
}

words! {
    /// `ActiveState`: whether a unit runs.
    ActiveState {
        /// It runs.
        Active = "active",
        /// It runs, and reads its settings again.
        Reloading = "reloading",
        /// It does not run.
        Inactive = "inactive",
        /// It does not run, because its last run failed.
        Failed = "failed",
        /// It is being started, or waits before a restart.
        Activating = "activating",
        /// It is being stopped.
        Deactivating = "deactivating",
    }
}

words! {
    /// `SubState`: what that means for a unit of its type.
    SubState {
        /// It does not run.
        Dead = "dead",
        /// It is being started.
        Start = "start",
        /// It runs.
        Running = "running",
        /// It waits before a restart.
        AutoRestart = "auto-restart",
        /// It failed.
        Failed = "failed",
    }
}

words! {
    /// `Result`: how a unit's last run ended.
    UnitResult {
        /// Nothing failed.
        Success = "success",
        /// Its process ended with a status.
        ExitCode = "exit-code",
        /// Its process was killed.
        Signal = "signal",
        /// Something took too long.
        Timeout = "timeout",
        /// It was started too often.
        StartLimitHit = "start-limit-hit",
    }
}

words! {
    /// `UnitFileState`: whether a unit is started at boot.
    UnitFileState {
        /// There is no unit file.
        Absent = "",
        /// Started at boot.
        Enabled = "enabled",
        /// Started until the next boot.
        EnabledRuntime = "enabled-runtime",
        /// Not started at boot.
        Disabled = "disabled",
        /// Kept from being started by anybody.
        Masked = "masked",
        /// Kept from being started until the next boot.
        MaskedRuntime = "masked-runtime",
    }
}

impl UnitFileState {
    /// Whether the unit is enabled, if only until the next boot.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        matches!(self, Self::Enabled | Self::EnabledRuntime)
    }

    /// Whether nobody may start the unit.
    #[must_use]
    pub fn is_masked(&self) -> bool {
        matches!(self, Self::Masked | Self::MaskedRuntime)
    }
}

words! {
    /// `SystemState`: what the manager itself is doing.
    SystemState {
        /// It starts its units.
        Starting = "starting",
        /// It runs.
        Running = "running",
        /// It runs, and a unit failed.
        Degraded = "degraded",
        /// It is shutting down.
        Stopping = "stopping",
    }
}

words! {
    /// How a job on a unit ended.
    #[must_use = "a job may have ended without doing what it was for"]
    JobResult {
        /// It did what it was for.
        Done = "done",
        /// Another job took its place.
        Canceled = "canceled",
        /// It took too long.
        Timeout = "timeout",
        /// It failed.
        Failed = "failed",
        /// What it needs failed.
        Dependency = "dependency",
        /// It does not apply to the unit as it is.
        Skipped = "skipped",
    }
}

/// The systemd plane of one agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitFacts {
    /// `LoadState`.
    pub load: LoadState,
    /// `ActiveState`.
    pub active: ActiveState,
    /// `SubState`.
    pub sub: SubState,
    /// `UnitFileState`.
    pub unit_file_state: UnitFileState,
    /// `MainPID`, the keeper; 0 when none runs.
    pub main_pid: u32,
    /// `NRestarts`.
    pub n_restarts: u32,
    /// `Result`: `success`, or why the unit's last run failed.
    pub result: UnitResult,
    /// `StatusText`: what the keeper says it is doing.
    pub status_text: Label,
    /// The last lines of the journal after a failure.
    pub log: Vec<Label>,
}

impl UnitFacts {
    /// Whether nothing of the unit runs or is about to.
    #[must_use]
    pub fn is_down(&self) -> bool {
        matches!(self.active, ActiveState::Inactive | ActiveState::Failed)
    }

    /// What tells one end of a unit from another.
    #[must_use]
    pub fn end(&self) -> (&UnitResult, u32) {
        (&self.result, self.n_restarts)
    }
}

/// What systemd says of the fleet's units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitsView {
    /// Loaded agent units by agent name.
    pub units: HashMap<String, UnitFacts>,
    /// The unit that owns the tmux server, when it is loaded.
    pub holder: Option<UnitFacts>,
    /// Whether the user lingers; `None` when it cannot be told.
    pub linger: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_newer_version_stays_what_it_is() {
        for word in ["active", "activating", "refreshing", ""] {
            let state = ActiveState::from(word);
            assert_eq!(state.as_str(), word);
            let json = serde_json::to_string(&state).unwrap();
            assert_eq!(json, format!("\"{word}\""));
            assert_eq!(serde_json::from_str::<ActiveState>(&json).unwrap(), state);
        }
        assert_eq!(ActiveState::from("failed"), ActiveState::Failed);
        assert_eq!(ActiveState::from("refreshing"), ActiveState::Other(Label::new("refreshing")));
        assert!(!UnitFileState::from("linked").is_enabled());
        assert!(!ActiveState::from("\u{1b}[31m").as_str().contains('\u{1b}'));
    }
}
