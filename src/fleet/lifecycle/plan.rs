//! An installation as data: the steps that make it or take it back.

use std::path::{Path, PathBuf};

use super::Note;
use crate::fleet::error::{Failure, Kind};
use crate::fleet::model::AgentName;

/// One step of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Makes a folder.
    Folder(PathBuf),
    /// Moves a file aside that the user changed.
    Keep(PathBuf, PathBuf),
    /// Moves one back, unless something else has taken its place.
    GiveBack(PathBuf, PathBuf),
    /// Remembers the variables that the agents' environment files get.
    Remember(Vec<(String, String)>),
    /// Writes a file; for the owner only when it may hold secrets.
    Write {
        /// Where.
        path: PathBuf,
        /// What.
        text: String,
        /// Readable by nobody else.
        private: bool,
    },
    /// Brings the framework's files in the Mosaic home up to date.
    Seed,
    /// Takes those files back that are as they were seeded.
    Unseed,
    /// Removes a file.
    Delete(PathBuf),
    /// Puts the rest of a file back that holds lines of the user.
    Restore(PathBuf, String),
    /// Removes what keepers and commands wrote about an agent.
    Forget(AgentName),
    /// Removes a folder if nothing is in it.
    Empty(PathBuf),
    /// Has the manager read the unit files again.
    Reload,
    /// Enables units for the next boot.
    Enable(Vec<String>),
    /// Disables units.
    Disable(Vec<String>),
    /// Stops a unit and waits for its end.
    Stop(String),
    /// Turns lingering on or off.
    Linger(bool),
}

impl Step {
    /// The step in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Folder(path) => format!("make folder {}", path.display()),
            Self::Keep(path, aside) => format!("keep your {} as {}", path.display(), aside.display()),
            Self::GiveBack(path, aside) => format!("put {} back as {}", aside.display(), path.display()),
            Self::Remember(variables) => {
                let names: Vec<&str> = variables.iter().map(|(name, _)| name.as_str()).collect();
                format!("hand {} of this shell on to the agents", names.join(", "))
            }
            Self::Write { path, .. } => format!("write {}", path.display()),
            Self::Seed => "bring the framework's files in the Mosaic home up to date".to_owned(),
            Self::Unseed => "remove the framework's files that are as they were seeded".to_owned(),
            Self::Delete(path) => format!("remove {}", path.display()),
            Self::Restore(path, _) => format!("take the generated lines out of {}", path.display()),
            Self::Forget(agent) => format!("remove what was written down about {agent} while it ran"),
            Self::Empty(path) => format!("remove folder {} if it is empty", path.display()),
            Self::Reload => "have the user manager read its unit files again".to_owned(),
            Self::Enable(units) => format!("enable {}", units.join(" ")),
            Self::Disable(units) => format!("disable {}", units.join(" ")),
            Self::Stop(unit) => format!("stop {unit}"),
            Self::Linger(true) => "turn lingering on, so that the fleet runs without a login".to_owned(),
            Self::Linger(false) => "turn lingering off again".to_owned(),
        }
    }
}

/// What was or would be done, and what is left to the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The steps in order.
    pub steps: Vec<Step>,
    /// What the operator has to know or do.
    pub notes: Vec<Note>,
}

pub(super) fn own_lines(path: &Path, why: String) -> Failure {
    Failure::new(Kind::Invalid, path.display().to_string(), why, "put that line back below the generated ones")
}
