//! Git work trees, read through the real git: what an agent's folder holds that its commit does not, or the branch that
//! its own began at. It only reads: no lock is taken, no index is written, and nothing is run that a
//! repository or its owner set up beside git, but the filters of a file's content: without them a file of git-lfs would
//! always differ.

mod base;
mod command;
mod diff;
mod place;
mod status;

pub use base::{Against, Base};
pub use diff::{Change, Diff, DiffLine, FileDiff, LineKind};

use std::path::Path;

use futures_util::future::{join, join_all};

use self::base::Candidate;
use self::command::{Side, Tips, Unread};
use self::place::Place;
use self::status::Status;
use super::error::{Failure, Kind, Result};
use super::model::{Label, TreeFacts};

/// Reads the work tree that a folder lies in; `None` where it lies in none. Costs at most two processes, one after the
/// other, and none outside of a repository.
///
/// # Errors
/// Why it cannot be read, in a few words for the agent's facts.
pub async fn tree(folder: &Path, on_network: bool) -> Result<Option<TreeFacts>, String> {
    match place::of(folder, on_network).await? {
        Place::NoRepository => Ok(None),
        Place::Repository => read(folder).await.map(|status| Some(status.facts)).map_err(|why| why.to_string()),
    }
}

/// Reads what the work tree that a folder lies in holds and another state does not, line by line.
///
/// # Errors
/// Where there is no work tree, or git cannot read it, or knows no branch that the present one began at.
pub async fn diff(folder: &Path, on_network: bool, against: Against) -> Result<Diff> {
    let what = || format!("work tree {}", Label::new(&folder.display().to_string()));
    let unread = |why: Unread| match &why {
        Unread::NoGit => Failure::new(Kind::MissingProgram, what(), why.to_string(), "install git and try again"),
        Unread::Why(why) => Failure::failed(what(), why, format!("`git -C {} status` says more", shown(folder))),
    };
    if place::of(folder, on_network).await.map_err(|why| unread(why.into()))? == Place::NoRepository {
        let next = "`git init` makes one there";
        return Err(Failure::new(Kind::NotFound, what(), "lies in no git repository", next));
    }
    let status = read(folder).await.map_err(unread)?;
    let (found, patch) = match against {
        Against::Commit => {
            // Nothing is compared with the base: whatever is wrong with that, and however long it takes.
            let (found, patch) = join(began(folder, &status), uncommitted(folder, &status.facts)).await;
            (found.unwrap_or(None), patch)
        }
        Against::Base => {
            let Some(began) = began(folder, &status).await.map_err(unread)? else {
                let next = format!("`git -C {} branch --set-upstream-to BRANCH` names one", shown(folder));
                let why = format!("{} began at no branch that git knows", status.facts.head());
                return Err(Failure::new(Kind::NotFound, what(), why, next));
            };
            let Some(fork) = command::fork(folder, &began.at.reference, &began.tips).await.map_err(unread)? else {
                let next = "a clone without its whole history has it behind `git fetch --unshallow`";
                return Err(Failure::failed(what(), format!("has no commit in common with {}", began.at.name), next));
            };
            let patch = command::patch(folder, Side::Commit(&fork)).await;
            (Some(began), patch)
        }
    };
    let patch = patch.map_err(unread)?;
    let base = found.map(|began| Base { name: began.at.name, commits: began.commits });
    let files = diff::read(&patch.text(), patch.is_cut, &status.undecided);
    Ok(Diff { against, base, ..files.beside(folder, status.facts, &status.untracked) })
}

/// What differs from the last commit, of files that git knows.
async fn uncommitted(folder: &Path, facts: &TreeFacts) -> Result<command::Answer, Unread> {
    match (facts.changed, &facts.commit) {
        // A tree without changes is the usual case, and costs no process for them.
        (0, _) => Ok(command::Answer::default()),
        (_, None) => command::patch(folder, Side::Nothing).await,
        (_, Some(_)) => command::patch(folder, Side::Head).await,
    }
}

/// Where a branch began.
struct Began {
    at: Candidate,
    /// Commits that it does not hold.
    commits: u64,
    tips: Tips,
}

/// The branch that the present one began at: of several the one that holds the most of it. Commits are counted as far as
/// [`base::MOST_COMMITS`]; of branches that all lack so many it is the one that was left last, and where that is
/// the same commit, or cannot be told, the first of them as [`base::candidates`] has them.
async fn began(folder: &Path, status: &Status) -> Result<Option<Began>, Unread> {
    if status.facts.commit.is_none() {
        return Ok(None);
    }
    let own = status.branch.as_deref();
    let (branches, tips) = join(command::branches(folder, own), command::tips(folder)).await;
    let (candidates, tips) = (base::candidates(own, &branches?.bytes), tips?);
    let counted = join_all(candidates.iter().map(|one| command::commits_since(folder, &one.reference, &tips))).await;
    let mut nearest: Vec<(Candidate, u64)> = Vec::new();
    let mut failed = None;
    for (one, commits) in candidates.into_iter().zip(counted) {
        let least = nearest.first().map(|(_, least)| *least);
        match commits {
            Ok(0) if one.may_be_copy && least.is_some() => {}
            Ok(commits) if least == Some(commits) => nearest.push((one, commits)),
            Ok(commits) if least.is_none_or(|least| commits < least) => nearest = vec![(one, commits)],
            Ok(_) => {}
            // What a branch follows may be deleted where it was pushed to.
            Err(why) => failed = Some(why),
        }
    }
    let at = match nearest.first() {
        None => return failed.map_or(Ok(None), Err),
        Some((_, commits)) if *commits >= base::MOST_COMMITS => left_last(folder, &nearest, &tips).await,
        Some(_) => 0,
    };
    let (at, commits) = nearest.swap_remove(at);
    Ok(Some(Began { at, commits, tips }))
}

/// Which of several branches was left last.
async fn left_last(folder: &Path, branches: &[(Candidate, u64)], tips: &Tips) -> usize {
    if branches.len() < 2 {
        return 0;
    }
    let forks = join_all(branches.iter().map(|(one, _)| command::fork(folder, &one.reference, tips))).await;
    let mut last: Option<(usize, String)> = None;
    for (at, fork) in forks.into_iter().enumerate() {
        let Ok(Some(fork)) = fork else { continue };
        let is_later = match &last {
            Some((_, before)) if *before == fork => false,
            Some((_, before)) => command::holds(folder, &fork, before).await.unwrap_or(false),
            None => true,
        };
        if is_later {
            last = Some((at, fork));
        }
    }
    last.map_or(0, |(at, _)| at)
}

/// The folder as a shell takes it.
fn shown(folder: &Path) -> String {
    super::model::shell_word(&folder.to_string_lossy())
}

/// Reads the state of the tree, and how many lines differ.
async fn read(folder: &Path) -> Result<Status, Unread> {
    let answer = command::status(folder).await?;
    let mut status = status::read(&answer.bytes);
    let facts = &mut status.facts;
    if facts.changed > 0 {
        // What cannot be counted hides nothing that is known.
        let counted = command::numbers(folder, facts.commit.is_some()).await;
        if let Some((added, removed)) = counted.ok().and_then(|answer| status::lines(&answer.text())) {
            (facts.added, facts.removed) = (Some(added), Some(removed));
        }
    } else {
        (facts.added, facts.removed) = (Some(0), Some(0));
    }
    Ok(status)
}

#[cfg(test)]
mod tests;
