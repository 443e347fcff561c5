//! Why the user manager did not do what it was asked for.

use std::fmt;

/// Why the user manager did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BusError {
    /// This user has no message bus, so there is no manager to ask.
    NoBus,
    /// There is a bus, and the manager behind it is silent; why.
    Silent(String),
    /// The unit is not loaded, in systemd's words.
    NotLoaded(String),
    /// It refused, or its answer could not be used; why.
    Refused(String),
}

impl fmt::Display for BusError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoBus => f.write_str("no user manager here (no message bus of this user)"),
            Self::Silent(why) => write!(f, "does not answer: {why}"),
            Self::NotLoaded(why) | Self::Refused(why) => f.write_str(why),
        }
    }
}

impl From<String> for BusError {
    fn from(why: String) -> Self {
        Self::Refused(why)
    }
}

impl From<BusError> for String {
    fn from(error: BusError) -> Self {
        error.to_string()
    }
}
