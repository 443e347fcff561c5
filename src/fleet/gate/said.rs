//! The last word on a card at a stage: what a review or the gate said of it, and in which round. One small file a card, so
//! that it is known to whoever comes next, also after a kill.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::review::moment;
use crate::fleet::error::{Failure, Result};
use crate::fleet::file::{self, Keep};
use crate::fleet::home::Site;
use crate::fleet::os::folder::make_private;
use crate::plain;

/// Most bytes of a file.
const MAX_BYTES: usize = 64 << 10;

/// What was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// A review approved it.
    Approved,
    /// A review rejected it.
    Rejected,
    /// The gate did not let it through, for a reason that its author can mend.
    Refused,
    /// The gate merged it.
    Merged,
}

/// A word on a card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The card.
    pub card: String,
    /// The stage in which it was then.
    pub stage: String,
    /// How often it had been sent back then.
    pub round: i64,
    /// The word.
    pub word: Word,
    /// Who said it.
    pub by: String,
    /// The commit that it is about.
    pub commit: String,
    /// Why.
    pub note: String,
    /// When.
    #[serde(with = "moment")]
    pub at: Timestamp,
}

fn path(site: &Site, card: &str) -> PathBuf {
    site.home.join("fleet/reviews/of-cards").join(format!("{card}.json"))
}

/// Writes a word down, in the place of an earlier one.
///
/// # Errors
/// What the file system says.
pub fn say(site: &Site, said: &Said) -> Result<()> {
    let path = path(site, &said.card);
    let failed = |error: std::io::Error| {
        Failure::failed(path.display().to_string(), error.to_string(), "check the folder's rights and space")
    };
    let bytes = serde_json::to_vec_pretty(said).map_err(|error| failed(error.into()))?;
    path.parent().map_or(Ok(()), make_private).map_err(failed)?;
    // Durable, as the card moves on by this file alone: a verdict that a power cut takes away would
    // be asked for again.
    file::write_private(&path, &bytes, Keep::Durable).map_err(failed)
}

/// The last word on a card.
///
/// # Errors
/// When there is one that cannot be read.
pub fn said_of(site: &Site, card: &str) -> Result<Option<Said>> {
    let path = path(site, card);
    let text = match plain::read(&path, MAX_BYTES) {
        Ok(text) => text,
        Err(why) if why.is_missing() => return Ok(None),
        Err(why) => return Err(Failure::unreadable(path.display().to_string(), &why)),
    };
    serde_json::from_str(&text).map(Some).map_err(|error| {
        let why = plain::plain_words(&error.to_string(), plain::Notation::Json);
        Failure::failed(path.display().to_string(), why, "remove it, and have the card reviewed again")
    })
}
