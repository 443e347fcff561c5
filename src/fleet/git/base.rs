//! The branch that another one began at. Pure.

use std::fmt;

use serde::Serialize;

use crate::fleet::model::{Label, TreeFacts};

/// What a work tree is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// Its last commit: what is not committed yet.
    #[default]
    Commit,
    /// The commit at which its branch left another one: the whole of its work, committed or not.
    Base,
}

/// The branch that a branch began at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Base {
    /// Its name.
    pub name: Label,
    /// Commits that it does not hold.
    pub commits: u64,
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, commits } = self;
        write!(f, "{commits} commit{} since {name}", if *commits == 1 { "" } else { "s" })
    }
}

/// A branch at which another one may have begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// As git takes it.
    pub revision: String,
    /// As it is told.
    pub name: String,
}

/// The branches at which the one that is checked out may have begun, of the lines
/// that [`super::command::main_branches`] gives: the repository's main branches. Its upstream as well, unless it only holds what
/// was pushed of it: what was pushed is a branch's work all the same.
pub(super) fn candidates(facts: &TreeFacts, refs: &str) -> Vec<Candidate> {
    let own = facts.branch.as_ref().map(Label::as_str);
    let mut found: Vec<Candidate> = Vec::new();
    for line in refs.lines() {
        let (name, target) = line.split_once(' ').unwrap_or((line, ""));
        // What a remote's HEAD stands for.
        let revision = if target.is_empty() { name } else { target };
        let Some(name) = revision.strip_prefix("refs/heads/").or_else(|| revision.strip_prefix("refs/remotes/")) else {
            continue;
        };
        let is_remote = revision.starts_with("refs/remotes/");
        let branch = if is_remote { behind_remote(name) } else { name };
        if Some(branch) != own && found.iter().all(|other| other.revision != revision) {
            found.push(Candidate { revision: revision.to_owned(), name: name.to_owned() });
        }
    }
    if let Some(upstream) = &facts.upstream {
        let is_pushed = Some(behind_remote(upstream.as_str())) == own;
        let is_named = found.iter().any(|other| other.name == upstream.as_str());
        if found.is_empty() || !is_pushed && !is_named {
            found.push(Candidate { revision: "@{upstream}".to_owned(), name: upstream.to_string() });
        }
    }
    found
}

/// The branch in `origin/feat/x`.
fn behind_remote(name: &str) -> &str {
    name.split_once('/').map_or(name, |(_, branch)| branch)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLONE: &str = "refs/heads/main \nrefs/remotes/origin/HEAD refs/remotes/origin/main\n";

    fn names(branch: Option<&str>, upstream: Option<&str>, refs: &str) -> Vec<String> {
        let facts =
            TreeFacts { branch: branch.map(Label::new), upstream: upstream.map(Label::new), ..TreeFacts::default() };
        candidates(&facts, refs).into_iter().map(|candidate| candidate.revision).collect()
    }

    #[test]
    fn a_branch_began_at_the_main_branch_here_or_where_it_was_cloned_from() {
        let main = ["refs/heads/main", "refs/remotes/origin/main"];
        assert_eq!(names(Some("feat/x"), None, CLONE), main);
        assert_eq!(names(Some("feat/x"), Some("origin/feat/x"), CLONE), main, "what was pushed of it is its work");
        assert_eq!(names(Some("feat/x"), Some("origin/main"), CLONE), main, "named once");
        assert_eq!(names(Some("feat/x"), Some("dev"), CLONE), [main[0], main[1], "@{upstream}"], "or at another one");
        assert_eq!(names(None, None, CLONE), main, "a commit without a branch");
        assert_eq!(names(Some("feat/x"), None, "refs/heads/master \n"), ["refs/heads/master"]);
    }

    #[test]
    fn the_main_branch_began_at_what_it_follows_and_else_at_none() {
        assert_eq!(names(Some("main"), Some("origin/main"), CLONE), ["@{upstream}"]);
        assert_eq!(names(Some("main"), None, "refs/heads/main \n"), [""; 0]);
        assert_eq!(names(Some("trunk"), Some("origin/trunk"), ""), ["@{upstream}"]);
        assert_eq!(names(Some("trunk"), None, "nonsense\n"), [""; 0]);
    }
}
