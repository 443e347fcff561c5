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

use self::command::Side;
use self::place::Place;
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
        Place::Repository => read(folder).await.map(|(facts, _)| Some(facts)),
    }
}

/// Reads what the work tree that a folder lies in holds and another state does not, line by line.
///
/// # Errors
/// Where there is no work tree, or git cannot read it, or knows no branch that the present one began at.
pub async fn diff(folder: &Path, on_network: bool, against: Against) -> Result<Diff> {
    let what = || format!("work tree {}", Label::new(&folder.display().to_string()));
    let unread = |why: String| Failure::failed(what(), why, format!("`git -C {} status` says more", shown(folder)));
    if place::of(folder, on_network).await.map_err(unread)? == Place::NoRepository {
        let next = "`git init` makes one there";
        return Err(Failure::new(Kind::NotFound, what(), "lies in no git repository", next));
    }
    let (facts, untracked) = read(folder).await.map_err(unread)?;
    let (found, patch) = match against {
        Against::Commit => {
            // Nothing is compared with the base: whatever is wrong with that, and however long it takes.
            let (found, patch) = join(base_of(folder, &facts), uncommitted(folder, &facts)).await;
            (found.unwrap_or(None), patch)
        }
        Against::Base => {
            let Some((reference, base)) = base_of(folder, &facts).await.map_err(unread)? else {
                let next = format!("`git -C {} branch --set-upstream-to BRANCH` names one", shown(folder));
                let why = format!("{} began at no branch that git knows", facts.head());
                return Err(Failure::new(Kind::NotFound, what(), why, next));
            };
            let Some(fork) = command::fork(folder, &reference).await.map_err(unread)? else {
                let next = "a clone without its whole history has it behind `git fetch --unshallow`";
                return Err(Failure::failed(what(), format!("has no commit in common with {}", base.name), next));
            };
            let patch = command::patch(folder, Side::Commit(&fork)).await;
            (Some((reference, base)), patch)
        }
    };
    let patch = patch.map_err(unread)?;
    let base = found.map(|(_, base)| base);
    Ok(Diff { against, base, ..diff::read(&patch.text, patch.is_cut).beside(folder, facts, &untracked) })
}

/// What differs from the last commit, of files that git knows.
async fn uncommitted(folder: &Path, facts: &TreeFacts) -> Result<command::Answer, String> {
    match (facts.changed, &facts.commit) {
        // A tree without changes is the usual case, and costs no process for them.
        (0, _) => Ok(command::Answer::default()),
        (_, None) => command::patch(folder, Side::Nothing).await,
        (_, Some(_)) => command::patch(folder, Side::Head).await,
    }
}

/// The branch that the present one began at, as git takes it and as it is told: of several the one that holds the most
/// of it.
async fn base_of(folder: &Path, facts: &TreeFacts) -> Result<Option<(String, Base)>, String> {
    if facts.commit.is_none() {
        return Ok(None);
    }
    let own = facts.branch.as_ref().map(Label::as_str);
    let candidates = base::candidates(own, &command::branches(folder, own).await?.text);
    let counted = join_all(candidates.iter().map(|one| command::commits_since(folder, &one.reference))).await;
    let mut nearest: Option<(String, Base)> = None;
    let mut failed = None;
    for (one, commits) in candidates.into_iter().zip(counted) {
        match commits {
            Ok(0) if one.may_be_copy && nearest.is_some() => {}
            Ok(commits) if nearest.as_ref().is_none_or(|(_, base)| commits < base.commits) => {
                nearest = Some((one.reference, Base { name: one.name, commits }));
            }
            Ok(_) => {}
            // What a branch follows may be deleted where it was pushed to.
            Err(why) => failed = Some(why),
        }
    }
    match (nearest, failed) {
        (None, Some(why)) => Err(why),
        (nearest, _) => Ok(nearest),
    }
}

/// The folder as a shell takes it.
fn shown(folder: &Path) -> String {
    super::model::shell_word(&folder.to_string_lossy())
}

/// Reads facts and the names of what git does not know.
async fn read(folder: &Path) -> Result<(TreeFacts, Vec<String>), String> {
    let answer = command::status(folder).await?;
    let (mut facts, untracked) = status::read(&answer.text);
    if facts.changed > 0 {
        // What cannot be counted hides nothing that is known.
        let counted = command::numbers(folder, facts.commit.is_some()).await;
        if let Some((added, removed)) = counted.ok().and_then(|answer| status::lines(&answer.text)) {
            (facts.added, facts.removed) = (Some(added), Some(removed));
        }
    } else {
        (facts.added, facts.removed) = (Some(0), Some(0));
    }
    Ok((facts, untracked))
}
