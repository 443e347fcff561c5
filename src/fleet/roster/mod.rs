//! The roster: which agents a fleet has and how each is launched.
//!
//! `file` is the shape a user writes, `locate` finds a key's line and column, `check` collects problems, `resolve`
//! applies defaults and rules and yields the [`Roster`] that everything else reads. `edit` changes the text of one
//! and keeps the rest of it. `store` is the only writer.

mod agents;
mod check;
mod document;
mod edit;
mod effect;
mod file;
mod floor;
mod locate;
mod nearest;
mod overrides;
mod problem;
mod resolve;
mod store;
mod supervise;
mod tree;

pub use agents::{Agent, CommandSource, Overridden, Roster, WindowSize};
pub use document::{Document, meant};
pub use edit::{Edit, FIELDS, Field, edit, put_on};
pub use file::{
    AgentEntry, Connector, Defaults, Lifespan, RosterFile, RuntimeEntry, SuperviseSettings, TmuxSettings,
    WorktreeSettings,
};
pub use problem::Problem;
pub(crate) use resolve::is_viewer_name;
pub use resolve::{is_plain_word, load, parse, read};
pub use store::{Draft, LockedRoster, RosterLock, check, create, lock, lock_unchanged};
pub use supervise::{Supervise, Worktree};

/// The class whose agent coordinates a fleet without a `lead`.
pub const COORDINATING_CLASS: &str = "orchestrator";

/// The class that every fleet keeps staffed as well.
pub const ENHANCING_CLASS: &str = "enhancer";

/// JSON Schema of the roster file, kept equal to [`RosterFile`] by a test.
pub const SCHEMA: &str = include_str!("../../../framework/fleet/roster.schema.json");
