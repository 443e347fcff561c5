//! Commits at the gate: the main branch, the branch that wants to be merged, and what it becomes.

use super::authors::Identity;

/// The main branch, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Main {
    /// Its name.
    pub branch: String,
    /// The remote that has it; `None` where this repository is the only one.
    pub remote: Option<String>,
    /// Its commit.
    pub commit: String,
}

/// A branch that wants to be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tip {
    /// Its name.
    pub branch: String,
    /// Its commit.
    pub commit: String,
}

/// One commit of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its name.
    pub oid: String,
    /// Who wrote it.
    pub author: Identity,
    /// Who committed it.
    pub committer: Identity,
    /// Its whole message.
    pub message: String,
}

/// What a branch becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Merged {
    /// The commit that would be the main branch.
    pub commit: String,
    /// Its files.
    pub tree: String,
    /// The main branch's commit before it.
    pub onto: String,
}
