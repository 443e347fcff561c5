//! What an installation leaves to the operator.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use crate::fleet::systemd::linger;

/// Something that an installation or its end leaves to the operator; the JSON holds it in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// Nobody can tell whether the user manager outlives the login.
    NoLogind,
    /// These agents live on other hosts.
    OnOtherHosts(Vec<String>),
    /// A file was changed since it was written, so it stays.
    FileStays(PathBuf),
    /// A file that the user had changed was written anew; their version is kept.
    FileKept {
        /// Which one.
        path: PathBuf,
        /// Name of their version, beside it.
        aside: String,
    },
    /// Lingering could not be turned on or off; why.
    LingerUnchanged {
        /// What was asked for.
        on: bool,
        /// Why it was not done.
        why: String,
    },
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLogind => {
                f.write_str("there is no logind here, so nobody can say whether your user manager outlives your login")
            }
            Self::OnOtherHosts(agents) => write!(f, "on other hosts, to be installed there: {}", agents.join(", ")),
            Self::FileKept { path, aside } => {
                write!(f, "your {} is kept beside the new one, as {aside}", path.display())
            }
            Self::FileStays(path) => write!(f, "{} was changed since; it stays", path.display()),
            Self::LingerUnchanged { on, why } => {
                write!(f, "lingering could not be changed ({why}); run: {}", linger::command(*on))
            }
        }
    }
}

impl Serialize for Note {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
