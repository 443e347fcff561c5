//! The branch that another one began at. Pure.

use std::fmt;

use serde::Serialize;

use crate::fleet::model::Label;

/// So many commits are counted: more say no more, and a long history takes seconds.
pub(super) const MOST_COMMITS: u64 = 1000;

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
    /// Commits that it does not hold; more than a thousand are not counted.
    pub commits: u64,
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, commits } = self;
        let more = if *commits >= MOST_COMMITS { "+" } else { "" };
        write!(f, "{commits}{more} commit{} since {name}", if *commits == 1 { "" } else { "s" })
    }
}

/// A branch at which another one may have begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// As git takes it.
    pub reference: String,
    /// As it is told.
    pub name: Label,
    /// Whether it may be a copy of the branch itself under another name, which then holds all of it.
    pub may_be_copy: bool,
}

impl Candidate {
    fn of(reference: &str, may_be_copy: bool) -> Self {
        let name = reference.strip_prefix("refs/heads/").or_else(|| reference.strip_prefix("refs/remotes/"));
        Self { reference: reference.to_owned(), name: Label::new(name.unwrap_or(reference)), may_be_copy }
    }
}

/// Patterns of the main branches of a repository: here, and of those that it was cloned from.
pub(super) const MAIN_BRANCHES: [&str; 3] = ["refs/heads/main", "refs/heads/master", "refs/remotes/*/HEAD"];

/// How git tells of a branch: what it is called, what it stands for, what it follows, and how that is called there.
pub(super) const FORM: &str = "%(refname)%09%(symref)%09%(upstream)%09%(upstream:remoteref)";

/// The branches at which `own` may have begun, of lines in [`FORM`]: the repository's main branches, and the one that it
/// follows. A main branch began at none but what it follows.
pub(super) fn candidates(own: Option<&str>, lines: &str) -> Vec<Candidate> {
    let own_reference = own.map(|name| format!("refs/heads/{name}"));
    let (mut mains, mut follows, mut is_main) = (Vec::new(), None, false);
    for line in lines.lines() {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap_or_default();
        let (name, target, upstream, there) = (next(), next(), next(), next());
        let is_own = Some(name) == own_reference.as_deref();
        if is_own && !upstream.is_empty() {
            let is_remote = upstream.starts_with("refs/remotes/");
            // What was pushed of a branch is its own work all the same.
            follows = Some((upstream, is_remote, is_remote && Some(there) == own_reference.as_deref()));
        }
        if let Some(remote) = name.strip_suffix("/HEAD").filter(|_| !target.is_empty()) {
            // What a remote's HEAD stands for.
            is_main |=
                target.strip_prefix(remote).and_then(|branch| branch.strip_prefix('/')).is_some_and(|b| Some(b) == own);
            mains.push(target);
        } else if MAIN_BRANCHES.contains(&name) {
            // A pattern also finds what lies below a branch's name.
            is_main |= is_own;
            mains.push(name);
        }
    }
    let mains = if is_main { Vec::new() } else { mains };
    let mut found: Vec<Candidate> = mains.iter().map(|main| Candidate::of(main, false)).collect();
    if let Some((upstream, is_remote, is_pushed)) = follows
        && (mains.is_empty() || !is_pushed && !mains.contains(&upstream))
    {
        found.push(Candidate::of(upstream, is_remote && !mains.is_empty()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLONE: &str = "refs/heads/main\t\trefs/remotes/origin/main\trefs/heads/main\n\
                         refs/remotes/origin/HEAD\trefs/remotes/origin/main\t\t\n";

    fn names(own: Option<&str>, lines: &str) -> Vec<String> {
        candidates(own, lines).into_iter().map(|candidate| candidate.reference).collect()
    }

    /// The line of a branch that follows another one.
    fn line(name: &str, upstream: &str, there: &str) -> String {
        format!("{CLONE}refs/heads/{name}\t\t{upstream}\t{there}\n")
    }

    #[test]
    fn a_branch_began_at_the_main_branch_here_or_where_it_was_cloned_from() {
        let main = ["refs/heads/main", "refs/remotes/origin/main"];
        assert_eq!(names(Some("feat/x"), CLONE), main);
        let pushed = line("feat/x", "refs/remotes/origin/feat/x", "refs/heads/feat/x");
        assert_eq!(names(Some("feat/x"), &pushed), main, "what was pushed of it is its work");
        let slashed = line("feat/x", "refs/remotes/team/up/feat/x", "refs/heads/feat/x");
        assert_eq!(names(Some("feat/x"), &slashed), main, "whatever the remote is called");
        assert_eq!(names(Some("x"), &line("x", "refs/remotes/origin/main", "refs/heads/main")), main, "named once");
        assert_eq!(names(Some("x"), &CLONE.replace("origin", "up")), ["refs/heads/main", "refs/remotes/up/main"]);
        assert_eq!(names(None, CLONE), main, "a commit without a branch");
        assert_eq!(names(Some("x"), "refs/heads/master\t\t\t\nrefs/heads/master/old\t\t\t\n"), ["refs/heads/master"]);
    }

    #[test]
    fn a_branch_may_have_begun_at_the_one_that_it_follows() {
        let dev = ["refs/heads/main", "refs/remotes/origin/main", "refs/remotes/origin/dev"];
        assert_eq!(names(Some("x"), &line("x", dev[2], "refs/heads/dev")), dev);
        let parent = ["refs/heads/main", "refs/remotes/origin/main", "refs/heads/feat/x"];
        assert_eq!(names(Some("x"), &line("x", parent[2], parent[2])), parent, "one that is here");
        let copy = candidates(Some("x"), &line("x", "refs/remotes/origin/agent/x", "refs/heads/agent/x"));
        assert!(copy[2].may_be_copy && !copy[0].may_be_copy, "{copy:?}");
        let alone = "refs/heads/trunk\t\trefs/remotes/up/trunk\trefs/heads/trunk\n";
        assert_eq!(names(Some("trunk"), alone), ["refs/remotes/up/trunk"], "where nothing else is known");
    }

    #[test]
    fn the_main_branch_began_at_what_it_follows_and_else_at_none() {
        assert_eq!(names(Some("main"), CLONE), ["refs/remotes/origin/main"]);
        let left_over = format!("{CLONE}refs/heads/master\t\t\t\n");
        assert_eq!(names(Some("main"), &left_over), ["refs/remotes/origin/main"], "an older main branch is no base");
        assert_eq!(names(Some("main"), "refs/heads/main\t\t\t\n"), [""; 0]);
        let trunk = "refs/remotes/origin/HEAD\trefs/remotes/origin/trunk\t\t\nrefs/heads/main\t\t\t\n";
        assert_eq!(names(Some("trunk"), trunk), [""; 0], "the other host says which one is");
        assert_eq!(names(Some("trunk"), "nonsense\n"), [""; 0]);
    }
}
