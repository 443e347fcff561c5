//! Work trees of cards that are done are taken away, and nothing that only they hold.

use std::path::{Path, PathBuf};

use super::listed::{common, found, git, own_file, unlock};
use super::{branch_part, line, root, shown};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::gate::merged_line;
use crate::fleet::git_locks;
use crate::fleet::home::Site;
use crate::fleet::roster::Worktree;
use crate::plain;

/// What git keeps in a work tree's own folder while something is under way there, and its name.
const UNDER_WAY: [(&str, &str); 6] = [
    ("rebase-merge", "a rebase"),
    ("rebase-apply", "a rebase"),
    ("MERGE_HEAD", "a merge"),
    ("CHERRY_PICK_HEAD", "a cherry-pick"),
    ("REVERT_HEAD", "a revert"),
    ("BISECT_LOG", "a bisection"),
];

/// The work tree of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfCard {
    /// The agent in whose folder it lies; the roster may not know it any more.
    pub agent: String,
    /// The card.
    pub card: String,
    /// The work tree.
    pub folder: PathBuf,
}

/// What was taken away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The card's branch and its commit, where the base has all of it.
    pub branch: Option<(String, String)>,
}

/// Every folder of a card, whoever's it is.
#[must_use]
pub fn of_cards(site: &Site) -> Vec<OfCard> {
    let entries = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let name = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    // Names that begin so are no agents'.
    let owners = entries(&root(site)).filter(|owner| !name(owner).starts_with('_'));
    let of_owner = |owner: std::fs::DirEntry| {
        let agent = name(&owner);
        entries(&owner.path())
            .map(|entry| OfCard { agent: agent.clone(), card: name(&entry), folder: entry.path() })
            .collect::<Vec<_>>()
    };
    owners.flat_map(of_owner).collect()
}

/// Takes the work tree of a card away that is done, and its branch where that is named for the card and the base has all
/// of it. Killed at any instant, it can be done again. `entries` are those of the roster: they say which base a repository has.
///
/// # Errors
/// When something in it is not committed or on no branch, something is under way in it, or what git says.
pub async fn remove(site: &Site, entries: &[Worktree], tree: &OfCard, branch: &str) -> Result<Removed> {
    let folder = &tree.folder;
    let stays = |why: String, next: &str| Err(Failure::new(Kind::Refused, shown(folder), why, next));
    if !folder.join(".git").is_file() {
        // Git would answer for a repository around it.
        return stays("is no work tree".to_owned(), "move it elsewhere");
    }
    let repo = &common(folder).await?;
    let _line = line(site, repo).await?;
    if git_locks::used_below(folder).is_none() {
        unlock(folder, branch).await?;
    }
    // A setting may hide what was never added, also from git itself.
    let shows = ["-c", "status.showUntrackedFiles=all"];
    let all = ["status", "--porcelain", "--untracked-files=all", "--ignore-submodules=none"];
    let changed = git(folder, &[&shows[..], &all[..]].concat()).await?;
    if let Some(first) = changed.lines().next() {
        let why = format!("{} is not committed", plain::quoted(first.get(3..).unwrap_or(first)));
        return stays(why, "commit it, or take it away");
    }
    for (file, name) in UNDER_WAY {
        if own_file(folder, file).await?.exists() {
            return stays(format!("{name} is under way in it"), "finish or abort it there");
        }
    }
    let base = base(entries, repo).await;
    if let Some(head) = found(folder, "HEAD").await
        && git(repo, &["for-each-ref", "--count=1", "--contains", &head]).await?.is_empty()
        && !is_taken(repo, base.as_deref(), &head).await
    {
        let why = format!("its commit {head} is on no branch");
        return stays(why, &format!("`git branch NAME {head}` in its repository keeps it"));
    }
    let mut removed = Removed { branch: None };
    // The branch first: without its work tree nothing would name it any more.
    if is_named_for(branch, &tree.card)
        && base.as_deref() != Some(branch)
        && let Some(tip) = found(repo, &format!("refs/heads/{branch}")).await
        && is_taken(repo, base.as_deref(), &tip).await
    {
        git(folder, &["checkout", "--quiet", "--detach"]).await?;
        git(repo, &["update-ref", "-d", &format!("refs/heads/{branch}"), &tip]).await?;
        removed.branch = Some((branch.to_owned(), tip));
    }
    // Git takes none away that has repositories of its own in it, and their state was looked at above.
    let force: &[&str] = if own_file(folder, "modules").await?.exists() { &["--force"] } else { &[] };
    git(repo, &[&shows[..], &["worktree", "remove"], force, &[&shown(folder)]].concat()).await?;
    Ok(removed)
}

/// Whether a branch was made for a card, by whatever class: one that the card names otherwise is somebody's.
fn is_named_for(branch: &str, card: &str) -> bool {
    branch.split_once('/').is_some_and(|(_class, rest)| rest == branch_part(card))
}

/// The base that the roster names for a repository.
async fn base(entries: &[Worktree], repo: &Path) -> Option<String> {
    for entry in entries {
        if common(&entry.repo).await.is_ok_and(|common| common == repo) {
            return Some(entry.base.clone());
        }
    }
    None
}

/// Whether all of a commit is in the base, here or as the remote was seen last: by its history, or squashed by the gate.
async fn is_taken(repo: &Path, base: Option<&str>, tip: &str) -> bool {
    let Some(base) = base else { return false };
    let remotes = format!("refs/remotes/*/{base}");
    let listed = git(repo, &["for-each-ref", "--format=%(refname)", &remotes]).await.unwrap_or_default();
    for base in listed.lines().chain([base]) {
        if git(repo, &["merge-base", "--is-ancestor", tip, base]).await.is_ok() {
            return true;
        }
        let squashed = format!("--grep=^{}$", merged_line(tip));
        let range = format!("{tip}..{base}");
        let log = git(repo, &["log", "--max-count=1", "--format=%H", &squashed, &range, "--"]).await;
        if log.is_ok_and(|log| !log.trim().is_empty()) {
            return true;
        }
    }
    false
}
