//! Reviews: who said what of which commit. Each is a file of its own in the Mosaic home, written whole; the newest of a
//! reviewer counts. What they come to for one commit is decided here, and nothing else is.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::authors::{Authors, Identity, Reviewer};
use crate::fleet::error::{Failure, Result};
use crate::fleet::file::{self, Keep};
use crate::fleet::home::{Site, fingerprint};
use crate::fleet::os::folder::make_private;
use crate::plain;

/// Most bytes of one record.
// A note of the longest kind is 8,000 characters, at most 32 kB; the rest of a record is short.
const MAX_BYTES: usize = 64 << 10;

/// Most characters of a note.
pub const MAX_NOTE: usize = 8000;

/// What a reviewer decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It may be merged.
    Approve,
    /// It may not.
    Reject,
}

impl Verdict {
    /// What was done, in a word.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
        }
    }
}

/// One review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// Name of the agent, or the operator's.
    pub by: String,
    /// Whether it is an agent.
    pub is_agent: bool,
    /// Tenant of whoever reviewed.
    pub tenant_id: String,
    /// Host where it was written down.
    pub host: String,
    /// As what git knows the reviewer.
    pub git: Identity,
    /// The branch, as it was called.
    pub branch: String,
    /// The commit; it holds for no other.
    pub commit: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub note: String,
    /// The card, where it was named.
    pub card: Option<String>,
    /// When.
    #[serde(with = "moment")]
    pub at: Timestamp,
}

/// A time as text in a record.
pub(super) mod moment {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::fleet::gate) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(at)
    }

    pub(in crate::fleet::gate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        String::deserialize(from)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Folder of the reviews of one commit.
fn folder(site: &Site, commit: &str) -> PathBuf {
    site.home.join("fleet/reviews").join(commit)
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(path.display().to_string(), error.to_string(), "check the folder's rights and space")
}

/// Writes a review down; it takes the place of an earlier one by the same reviewer.
///
/// # Errors
/// What the file system says; an earlier one then still counts.
pub fn record(site: &Site, review: &Review) -> Result<PathBuf> {
    let folder = folder(site, &review.commit);
    let who = format!("{}\n{}\n{}", review.tenant_id, review.is_agent, review.by);
    // One file for each reviewer, also where an agent and the operator are called the same.
    let path = folder.join(format!("{}.json", fingerprint(who.as_bytes())));
    let bytes = serde_json::to_vec_pretty(review).map_err(|error| failed(&path, &error.into()))?;
    make_private(&folder)
        .and_then(|()| file::write_private(&path, &bytes, Keep::Durable))
        .map_err(|error| failed(&path, &error))?;
    Ok(path)
}

/// Every review of a commit, oldest first.
///
/// # Errors
/// When one cannot be read: what it says may be a rejection.
pub fn of(site: &Site, commit: &str) -> Result<Vec<Review>> {
    let folder = folder(site, commit);
    let mut reviews: Vec<Review> = Vec::new();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(reviews),
        Err(error) => return Err(failed(&folder, &error)),
    };
    for entry in entries {
        let path = entry.map_err(|error| failed(&folder, &error))?.path();
        // A write that was broken off leaves its temporary file beside the records.
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let what = || path.display().to_string();
        let text = plain::read(&path, MAX_BYTES).map_err(|why| Failure::unreadable(what(), &why))?;
        let review: Review = serde_json::from_str(&text).map_err(|error| {
            let why = plain::plain_words(&error.to_string(), plain::Notation::Json);
            Failure::failed(what(), why, "remove it, and have the commit reviewed again")
        })?;
        // Somebody may have copied it from another commit's folder.
        if review.commit == commit {
            reviews.push(review);
        }
    }
    // The folder's own order is none, and the newest word is the one that is shown.
    reviews.sort_by_key(|review| review.at);
    Ok(reviews)
}

/// What the reviews of a commit come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Somebody who is no author approved it, and nobody rejects it.
    Approved(Review),
    /// Somebody rejects it.
    Rejected(Review),
    /// Nobody who is no author has looked at it; each review that does not count, and why.
    Missing(Vec<(Review, String)>),
}

/// Decides. A rejection counts whoever wrote it: an author who says that it is not ready is right.
#[must_use]
pub fn standing(mut reviews: Vec<Review>, authors: &Authors) -> Standing {
    // Rejections come before approvals, whoever was later: a second reviewer does
    // not outvote the first.
    if let Some(at) = reviews.iter().rposition(|review| review.verdict == Verdict::Reject) {
        return Standing::Rejected(reviews.swap_remove(at));
    }
    let mut without = Vec::new();
    for review in reviews.into_iter().rev() {
        match authors.claim_on(&review.reviewer()) {
            None => return Standing::Approved(review),
            Some(why) => without.push((review, why)),
        }
    }
    Standing::Missing(without)
}

impl Review {
    /// Who reviewed.
    #[must_use]
    pub fn reviewer(&self) -> Reviewer<'_> {
        Reviewer { name: &self.by, is_agent: self.is_agent, git: &self.git }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review(by: &str, verdict: Verdict, second: i64) -> Review {
        Review {
            by: by.to_owned(),
            is_agent: true,
            tenant_id: "me".to_owned(),
            host: "here".to_owned(),
            git: Identity::parse(&format!("{by} <{by}@example.com>")),
            branch: "code/A1".to_owned(),
            commit: "abc".to_owned(),
            verdict,
            note: "why\nand where".to_owned(),
            card: Some("A1".to_owned()),
            at: Timestamp::from_second(second).unwrap(),
        }
    }

    #[test]
    fn the_newest_review_of_each_reviewer_is_kept_for_its_commit() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        assert_eq!(of(&site, "abc").unwrap(), []);
        record(&site, &review("a", Verdict::Reject, 1)).unwrap();
        record(&site, &review("b", Verdict::Approve, 2)).unwrap();
        let path = record(&site, &review("a", Verdict::Approve, 3)).unwrap();
        let kept = of(&site, "abc").unwrap();
        assert_eq!(
            kept.iter().map(|review| (review.by.as_str(), review.verdict)).collect::<Vec<_>>(),
            [("b", Verdict::Approve), ("a", Verdict::Approve)]
        );
        assert_eq!(kept[1], review("a", Verdict::Approve, 3));
        // One of another commit counts for nothing here; what cannot be read is no silence.
        fs::create_dir_all(site.home.join("fleet/reviews/def")).unwrap();
        fs::copy(&path, site.home.join("fleet/reviews/def/x.json")).unwrap();
        assert_eq!(of(&site, "def").unwrap(), []);
        fs::write(site.home.join("fleet/reviews/def/y.json"), "{}").unwrap();
        assert!(of(&site, "def").unwrap_err().to_string().contains("y.json"));
    }

    #[test]
    fn an_approval_counts_from_others_and_a_rejection_from_anybody() {
        let mut authors = Authors::default();
        authors.add(&Identity::parse("code0 <code0@example.com>"), &Identity::default(), "");
        let (own, other) = (review("code0", Verdict::Approve, 1), review("r", Verdict::Approve, 2));
        assert_eq!(standing(Vec::new(), &authors), Standing::Missing(Vec::new()));
        assert!(
            matches!(standing(vec![own.clone()], &authors), Standing::Missing(without) if without[0].1.contains("code0"))
        );
        assert_eq!(standing(vec![own, other.clone()], &authors), Standing::Approved(other.clone()));
        let rejected = review("code0", Verdict::Reject, 0);
        assert_eq!(standing(vec![rejected.clone(), other], &authors), Standing::Rejected(rejected));
    }
}
