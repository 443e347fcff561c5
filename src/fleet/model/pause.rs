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

#[cfg(test)]
mod tests {
    use super::*;

    /// The only test of these words: whoever changes them changes them here, and nothing else.
    #[test]
    fn the_words_of_a_pause_say_who_why_and_until_when() {
        let at = |text: &str| Some(text.parse().unwrap());
        let bare = Pause { by: "op".into(), reason: Label::default(), since: at("2026-01-01T00:00:00Z"), until: None };
        assert_eq!(bare.words(), "paused by op");
        let all = Pause { reason: "main is red: see CI".into(), until: at("2026-01-01T06:00:00Z"), ..bare };
        assert_eq!(all.words(), "paused by op: main is red: see CI (until 2026-01-01T06:00Z)");
        assert_eq!(all.words(), format!("paused {}", all.details()));
    }
}
