//! A pause of the fleet: who, why, since when, until when.

use jiff::Timestamp;
use serde::Serialize;

use super::Label;

/// A pause that is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pause {
    /// Who paused: the name that was given, else the owner of the file.
    pub by: Label,
    /// Why; empty when nobody said.
    pub reason: Label,
    /// Since when.
    #[serde(serialize_with = "moment")]
    pub since: Option<Timestamp>,
    /// When it ends by itself.
    #[serde(serialize_with = "moment")]
    pub until: Option<Timestamp>,
}

fn moment<S: serde::Serializer>(at: &Option<Timestamp>, to: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(to)
}

impl Pause {
    /// Returns it in a few words, for a refusal or a banner.
    #[must_use]
    pub fn words(&self) -> String {
        format!("paused {}", self.details())
    }

    /// Returns by whom, why and until when.
    #[must_use]
    pub fn details(&self) -> String {
        let mut out = format!("by {}", self.by);
        if !self.reason.is_empty() {
            out.push_str(&format!(": {}", self.reason));
        }
        if let Some(until) = self.until {
            out.push_str(&format!(" (until {})", until.strftime("%Y-%m-%dT%H:%MZ")));
        }
        out
    }
}
