//! The roster: which agents a fleet has and how each is launched.
//!
//! `file` is the shape a user writes, `locate` finds a key's line and column, `resolve` applies
//! defaults and rules and yields the [`Roster`] that everything else reads. `edit` changes the text of one
//! and keeps the rest of it. Nothing here writes.

mod agents;
mod edit;
mod effect;
mod file;
mod floor;
mod locate;
mod nearest;
mod problem;
mod resolve;
mod tree;

use crate::fleet::model::Label;
use crate::plain::{Notation, plain_words};

pub use agents::{Agent, Roster, WindowSize};
pub use edit::{Edit, FIELDS, Field, edit, set_default};
pub use file::{AgentEntry, Connector, Defaults, RosterFile, RuntimeEntry, TmuxSettings};
pub use problem::Problem;
pub(crate) use resolve::is_viewer_name;
pub use resolve::{load, parse, read};

/// Reads a YAML document; the one door to the YAML library.
///
/// # Errors
/// What is wrong with it, on one line.
pub(crate) fn yaml<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_yaml::from_str(text).map_err(|error| words(&error))
}

/// What the YAML library says, on one line and in an operator's words.
fn words(error: &serde_yaml::Error) -> String {
    Label::new(&plain_words(&error.to_string(), Notation::Yaml)).to_string()
}

/// JSON Schema of the roster file, kept equal to [`RosterFile`] by a test.
pub const SCHEMA: &str = include_str!("../../../framework/fleet/roster.schema.json");
