//! Git work trees, read through the real git: what an agent's folder holds that its commit does not. It only reads: no
//! lock is taken, no index is written, and nothing that a repository or its owner set up beside git is run.

mod command;
mod diff;
mod place;
mod status;

pub use diff::{Change, Diff, DiffLine, FileDiff, LineKind};

use std::path::Path;

use self::place::Place;
use super::error::{Failure, Kind, Result};
use super::model::TreeFacts;

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

/// Reads what differs from the commit in the work tree that a folder lies in, line by line.
///
/// # Errors
/// Where there is no work tree, or git cannot read it.
pub async fn diff(folder: &Path, on_network: bool) -> Result<Diff> {
    let what = || format!("work tree {}", super::model::Label::new(&folder.display().to_string()));
    let unread = |why: String| Failure::failed(what(), why, format!("`git -C {} status` says more", shown(folder)));
    if place::of(folder, on_network).await.map_err(unread)? == Place::NoRepository {
        let next = "`git init` makes one there";
        return Err(Failure::new(Kind::NotFound, what(), "lies in no git repository", next));
    }
    let (facts, untracked) = read(folder).await.map_err(unread)?;
    let patch = match facts.changed {
        // A tree without changes is the usual case, and costs one process so.
        0 => command::Answer::default(),
        _ => command::patch(folder, facts.commit.is_some()).await.map_err(unread)?,
    };
    Ok(diff::read(&patch.text, patch.is_cut).beside(folder, facts, &untracked))
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
