//! What differs between runtimes, in one record for each: how it is recognised, read, launched and cleared.

mod events;
mod launch;
mod own_state;
mod processes;
mod record;
mod usage;

pub use events::{EventRule, Said, read_event};
pub use launch::{ConfigFile, FirstQuestions, KeyQuestion, Launch, LaunchOptions, Model, Start};
pub use own_state::{OwnState, OwnStateRules};
pub use processes::{idle_shell, matches, shell_in_front, shell_in_its_place};
pub use record::{Runtime, all, find, preferred};
pub use usage::{UsagePaths, read_usage};

/// The known names as a sentence fragment.
#[must_use]
pub fn known_list() -> String {
    all().map(|runtime| runtime.name).collect::<Vec<_>>().join(", ")
}

/// Whether a roster may name the runtime without a command of its own.
#[must_use]
pub fn is_known(name: &str) -> bool {
    find(name).is_some()
}

/// Whether the runtime asks before it acts, so that an unattended launch (`--yolo`) means something to it.
#[must_use]
pub fn asks_before_acting(name: &str) -> bool {
    find(name).is_none_or(Runtime::asks_before_acting)
}

/// Whether the runtime is a command of this program.
#[must_use]
pub fn is_built_in(name: &str) -> bool {
    find(name).is_some_and(|runtime| runtime.subcommand().is_some())
}

/// How a missing runtime is installed.
#[must_use]
pub fn install_hint(name: &str) -> String {
    find(name)
        .and_then(Runtime::install_hint)
        .unwrap_or_else(|| format!("install {name}, or give its agents a `command`"))
}
