//! Where a runtime writes its own state, and what is said there: paths and rules as data. Pure.

use serde::Deserialize;
use serde_json::Value;

use super::events::{EventRule, Said, read_event};
use super::launch::ConfigFile;

/// A JSON file that each process of the runtime writes at each change of its state. Paths are RFC 6901.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnStateRules {
    /// Where it lies; `{pid}` in its name stands for the process.
    file: ConfigFile,
    /// To the pid of the process that wrote it.
    pid: String,
    /// To the start time of that process, in clock ticks since boot, as a number or a text.
    started: String,
    /// To the time of the last change, in milliseconds since 1970.
    since_milliseconds: String,
    /// What it says; the first rule that matches decides.
    says: Vec<EventRule>,
}

/// What such a file says, and of which process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnState {
    /// The process that wrote it.
    pub pid: u32,
    /// When that process started, in clock ticks since boot.
    pub started: u64,
    /// When its state changed to this.
    pub since: jiff::Timestamp,
    /// Its state.
    pub said: Said,
}

impl OwnStateRules {
    /// The file of one process; its folder is where [`ConfigFile`] says.
    #[must_use]
    pub fn file_of(&self, pid: u32) -> ConfigFile {
        ConfigFile { file: self.file.file.replace("{pid}", &pid.to_string()), ..self.file.clone() }
    }

    /// What the file says; `None` for one that lacks a part of it, and for a state that no rule knows.
    #[must_use]
    pub fn read(&self, written: &Value) -> Option<OwnState> {
        let number = |path: &str| match written.pointer(path)? {
            Value::String(text) => text.parse::<u64>().ok(),
            other => other.as_u64(),
        };
        Some(OwnState {
            pid: u32::try_from(number(&self.pid)?).ok()?,
            started: number(&self.started)?,
            since: jiff::Timestamp::from_millisecond(i64::try_from(number(&self.since_milliseconds)?).ok()?).ok()?,
            said: read_event(&self.says, written)?,
        })
    }
}
