//! The work tree of an agent's folder, as git tells it.

use std::fmt;

use serde::Serialize;

use super::Label;

/// The work tree that an agent's folder lies in.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct TreeFacts {
    /// Its branch; `null` where a commit is checked out without one.
    pub branch: Option<Label>,
    /// The beginning of the commit's name; `null` before the first.
    pub commit: Option<String>,
    /// The branch that it follows.
    pub upstream: Option<Label>,
    /// Commits that it has and its upstream has not.
    pub ahead: Option<u64>,
    /// Commits that its upstream has and it has not.
    pub behind: Option<u64>,
    /// Files that differ from the commit.
    pub changed: u64,
    /// Those among them that a merge left undecided.
    pub conflicts: u64,
    /// Files and folders that git does not know.
    pub untracked: u64,
    /// Lines added; `null` where they could not be counted.
    pub added: Option<u64>,
    /// Lines removed.
    pub removed: Option<u64>,
    /// Seconds since git was asked.
    pub age_seconds: f64,
}

impl TreeFacts {
    /// Whether nothing in it differs from its commit.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.changed == 0 && self.untracked == 0
    }

    /// The branch, or what is checked out instead.
    #[must_use]
    pub fn head(&self) -> String {
        match (&self.branch, &self.commit) {
            (Some(branch), Some(_)) => branch.to_string(),
            (Some(branch), None) => format!("{branch} (no commit yet)"),
            (None, Some(commit)) => format!("detached at {commit}"),
            (None, None) => "no commit yet".to_owned(),
        }
    }
}

impl fmt::Display for TreeFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head())?;
        if let (Some(added), Some(removed), true) = (self.added, self.removed, self.changed > 0) {
            write!(f, " +{added} -{removed}")?;
        }
        let parts = [
            (self.conflicts, "in conflict"),
            (self.untracked, "new"),
            (self.changed, "changed"),
            (self.ahead.unwrap_or(0), "ahead"),
            (self.behind.unwrap_or(0), "behind"),
        ];
        for (count, word) in parts.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, " \u{b7} {count} {word}")?;
        }
        if self.is_clean() {
            f.write_str(" \u{b7} clean")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_tree_leave_out_what_is_nothing() {
        let branch = TreeFacts {
            branch: Some(Label::new("feat/sessions")),
            commit: Some("0123456".to_owned()),
            ..TreeFacts::default()
        };
        assert_eq!(branch.to_string(), "feat/sessions \u{b7} clean");
        let changed = TreeFacts { changed: 5, untracked: 3, added: Some(120), removed: Some(14), ..branch.clone() };
        assert_eq!(changed.to_string(), "feat/sessions +120 -14 \u{b7} 3 new \u{b7} 5 changed");
        let merging = TreeFacts { conflicts: 1, changed: 1, ahead: Some(2), behind: Some(4), ..branch.clone() };
        assert_eq!(
            merging.to_string(),
            "feat/sessions \u{b7} 1 in conflict \u{b7} 1 changed \u{b7} 2 ahead \u{b7} 4 behind",
            "lines that could not be counted are not said"
        );
        let detached = TreeFacts { branch: None, ..branch.clone() };
        assert_eq!(detached.to_string(), "detached at 0123456 \u{b7} clean");
        assert_eq!(TreeFacts { commit: None, ..branch }.head(), "feat/sessions (no commit yet)");
    }
}
