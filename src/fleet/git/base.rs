//! The branch that another one began at. Pure.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

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
    /// As git takes it: the bytes that it said, however they look.
    pub reference: OsString,
    /// As it is told.
    pub name: Label,
    /// Whether it may be a copy of the branch itself under another name, which then holds all of it.
    pub may_be_copy: bool,
}

impl Candidate {
    fn of(reference: &[u8], may_be_copy: bool) -> Self {
        let name = reference.strip_prefix(b"refs/heads/").or_else(|| reference.strip_prefix(b"refs/remotes/"));
        let name = Label::new(&String::from_utf8_lossy(name.unwrap_or(reference)));
        Self { reference: OsStr::from_bytes(reference).to_owned(), name, may_be_copy }
    }
}

/// Patterns of the main branches of a repository: here, and of those that it was cloned from.
pub(super) const MAIN_BRANCHES: [&str; 3] = ["refs/heads/main", "refs/heads/master", "refs/remotes/*/HEAD"];

/// How git tells of a branch: what it is called, what it stands for, what it follows, and how that is called there.
pub(super) const FORM: &str = "%(refname)%09%(symref)%09%(upstream)%09%(upstream:remoteref)";

/// The branches at which `own` may have begun, of lines in [`FORM`]: the repository's main branches, and the one that it
/// follows. A main branch began at none but what it follows. They are in the order of their names, those that are here
/// before those that are elsewhere, and the one that is followed last.
pub(super) fn candidates(own: Option<&OsStr>, lines: &[u8]) -> Vec<Candidate> {
    let own = own.map(OsStr::as_bytes);
    let is_own = |reference: &[u8]| own.is_some() && reference.strip_prefix(b"refs/heads/") == own;
    let (mut mains, mut follows, mut is_main) = (Vec::new(), None, false);
    for line in lines.split(|byte| *byte == b'\n') {
        // No name of a branch holds a tab.
        let mut fields = line.split(|byte| *byte == b'\t');
        let mut next = || fields.next().unwrap_or_default();
        let (name, target, upstream, there) = (next(), next(), next(), next());
        if is_own(name) && !upstream.is_empty() {
            let is_remote = upstream.starts_with(b"refs/remotes/");
            // What was pushed of a branch is its own work all the same.
            follows = Some((upstream, is_remote, is_remote && is_own(there)));
        }
        if let Some(remote) = name.strip_suffix(b"/HEAD").filter(|_| !target.is_empty()) {
            // What a remote's HEAD stands for.
            is_main |= target
                .strip_prefix(remote)
                .and_then(|branch| branch.strip_prefix(b"/"))
                .is_some_and(|b| Some(b) == own);
            mains.push(target);
        } else if MAIN_BRANCHES.iter().any(|main| main.as_bytes() == name) {
            // A pattern also finds what lies below a branch's name.
            is_main |= is_own(name);
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
        let found = candidates(own.map(OsStr::new), lines.as_bytes()).into_iter();
        found.map(|candidate| candidate.reference.into_string().unwrap()).collect()
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
        let lines = line("x", "refs/remotes/origin/agent/x", "refs/heads/agent/x");
        let copy = candidates(Some("x".as_ref()), lines.as_bytes());
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
