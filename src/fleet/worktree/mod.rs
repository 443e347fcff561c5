//! A work tree and a branch of its own for each card of an agent whose roster entry asks for it: made when the card is
//! given, taken away once it is done. Through git alone; nothing is forced, so what is not committed is never lost.

mod listed;
mod removed;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::error::{Failure, Kind, Result};
use super::gate;
use super::git_locks;
use super::home::{Site, fingerprint};
use super::os::lockfile;
use super::roster::{Agent, Worktree};
use listed::{Tree, common, forget_gone, git, has_index, trees, unlock};

pub use removed::{OfCard, Removed, of_cards, remove};

/// A checkout of a large repository takes its time.
const LIMIT: Duration = Duration::from_secs(120);

/// How often git is asked to make a work tree.
const TRIES: u32 = 4;

/// Pause between two looks at a git that somebody else has started.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Where an agent works on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The work tree.
    pub folder: PathBuf,
    /// Its branch.
    pub branch: String,
}

/// The folder of all work trees of agents.
#[must_use]
pub fn root(site: &Site) -> PathBuf {
    let folder = site.home.join("worktrees");
    // Git names every folder without the links on the way to it, and what it names is compared with this.
    std::fs::canonicalize(&folder)
        .or_else(|_| std::fs::canonicalize(&site.home).map(|home| home.join("worktrees")))
        .unwrap_or(folder)
}

/// Makes sure of the work tree of a card, on the branch that the card names, else one of its own. One of an agent that did
/// not finish goes to the next as it is, with what is not committed.
///
/// # Errors
/// When git refuses, or another work tree has that branch checked out and somebody is at work in it.
pub async fn prepare(site: &Site, wanted: &Worktree, agent: &Agent, card: &str, branch: &str) -> Result<Place> {
    let branch = if branch.is_empty() { format!("{}/{}", agent.class, branch_part(card)) } else { branch.to_owned() };
    let repo = &common(&wanted.repo).await?;
    if let Some(why) = unfit(site, repo, &wanted.base, &branch).await {
        let next = format!("`mosaic-tui backlog edit {card} --branch NAME` gives the card another one");
        return Err(refused(card, format!("{branch} {why}"), &next));
    }
    let folder = root(site).join(agent.name.as_str()).join(card);
    let _line = line(site, repo).await?;
    made(card, &folder).await?;
    mend(site, repo).await?;
    for tree in trees(repo).await? {
        if tree.branch.as_deref() == Some(branch.as_str()) {
            let folder = handed_over(site, repo, &tree, (card, &branch), folder).await?;
            return Ok(Place { folder, branch });
        }
    }
    let at = shown(&folder);
    let reference = format!("refs/heads/{branch}");
    let mut tries = 1;
    loop {
        let exists = git(repo, &["show-ref", "--verify", "--quiet", &reference]).await.is_ok();
        let begun: &[&str] = &["worktree", "add", "--quiet"];
        let rest: &[&str] = if exists { &[&at, &branch] } else { &["-b", &branch, &at, &wanted.base] };
        let Err(failure) = git(repo, &[begun, rest].concat()).await else { return Ok(Place { folder, branch }) };
        // A hook of the repository's that fails comes behind it, and changes nothing about it.
        let is_made = |tree: &Tree| tree.folder == folder && !tree.is_left_locked() && has_index(&folder);
        if trees(repo).await?.iter().any(is_made) {
            tracing::warn!(%failure, "a work tree is made all the same");
            return Ok(Place { folder, branch });
        }
        if tries == TRIES {
            return Err(failure);
        }
        // Git reads all other work trees first, and stops at one that a worker or the gate has just begun.
        tracing::info!(%failure, "tried again");
        tries += 1;
        tokio::time::sleep(LOOK_AGAIN * tries).await;
    }
}

/// Why no card may be worked on in a branch.
async fn unfit(site: &Site, repo: &Path, base: &str, branch: &str) -> Option<&'static str> {
    let reference = format!("refs/heads/{branch}");
    let is_name = git(repo, &["check-ref-format", &reference]).await.is_ok();
    if !is_name || branch == "HEAD" || branch.starts_with("refs/") {
        return Some("is no name of a branch");
    }
    // What is finished goes there through the gate alone, and no work tree of it may ever take it away.
    let mut kept: Vec<String> = vec![base.to_owned(), format!("refs/remotes/{base}")];
    kept.extend(gate::load(site).ok().flatten().and_then(|settings| settings.base));
    let asked = git(repo, &["for-each-ref", "--format=%(symref)", "refs/remotes/*/HEAD"]).await;
    kept.extend(asked.unwrap_or_default().lines().map(str::to_owned));
    // One that somebody has checked out is told as that; a bare repository's is nobody's.
    if git(repo, &["rev-parse", "--is-bare-repository"]).await.is_ok_and(|said| said.trim() == "true") {
        let head = git(repo, &["symbolic-ref", "--quiet", "HEAD"]).await;
        kept.extend(head.map(|head| head.trim().to_owned()));
    }
    let plain = |name: &str| -> String {
        let of_remote = || name.strip_prefix("refs/remotes/")?.split_once('/').map(|(_remote, rest)| rest);
        name.strip_prefix("refs/heads/").or_else(of_remote).unwrap_or(name).to_owned()
    };
    kept.iter().any(|kept| plain(kept) == branch).then_some("is where finished work goes")
}

/// The work tree that has a card's branch already: as it is, or brought to the agent who gets the card now.
async fn handed_over(
    site: &Site,
    repo: &Path,
    tree: &Tree,
    (card, branch): (&str, &str),
    folder: PathBuf,
) -> Result<PathBuf> {
    let at_work = || git_locks::used_below(&tree.folder);
    let is_there = tree.folder == folder;
    if !is_there && !tree.folder.starts_with(root(site)) {
        let why = format!("{branch} is checked out in {}", tree.folder.display());
        return Err(refused(card, why, "check another branch out there"));
    }
    if !is_there && tree.folder.file_name() != folder.file_name() {
        // An agent is seldom seen in its work tree: its program stands elsewhere, and only its commands go there.
        let why = format!("{branch} is checked out for another card in {}", tree.folder.display());
        return Err(refused(card, why, "wait until that card is done, or give this one a branch of its own"));
    }
    if !is_there && let Some(pid) = at_work() {
        let why = format!("process {pid} is at work in {}", tree.folder.display());
        return Err(refused(card, why, "end it, or wait until it is through"));
    }
    if at_work().is_none() {
        unlock(&tree.folder, branch).await?;
    }
    // Git moves none that has repositories of its own in it.
    if is_there || listed::own_file(&tree.folder, "modules").await?.exists() {
        return Ok(tree.folder.clone());
    }
    make_parent(&folder)?;
    git(repo, &["worktree", "move", &shown(&tree.folder), &shown(&folder)]).await?;
    Ok(folder)
}

/// Stands in line for the work trees of a repository: two gits that make one each at the same moment break each other's.
async fn line(site: &Site, repo: &Path) -> Result<File> {
    let folder = root(site);
    std::fs::create_dir_all(&folder).map_err(|error| failed(&folder, &error))?;
    // Names that begin so are no agents'.
    let path = folder.join(format!("_{}.lock", &fingerprint(repo.as_os_str().as_encoded_bytes())[..16]));
    lockfile::hold(&path, LIMIT, lockfile::open).await?.ok_or_else(|| {
        let why = format!("is held for over {} s", LIMIT.as_secs());
        Failure::failed(format!("lock {}", path.display()), why, "`fuser` names who holds it")
    })
}

/// Waits for a git that makes this very work tree: it may have outlived the supervisor that asked for it.
async fn made(card: &str, folder: &Path) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    while let Some(pid) = git_locks::making(folder) {
        if Instant::now() > deadline {
            let why = format!("process {pid} is still making {}", folder.display());
            return Err(refused(card, why, "end it, or wait until it is through"));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(())
}

/// Undoes what a git that was killed left half done: a work tree that was moved and not written down, or begun and not made.
async fn mend(site: &Site, repo: &Path) -> Result<()> {
    let ours: Vec<PathBuf> = of_cards(site).into_iter().map(|tree| tree.folder).collect();
    let known = trees(repo).await?;
    for astray in ours.iter().filter(|folder| !known.iter().any(|tree| tree.folder == **folder)) {
        // It may be another repository's, whose business it is then.
        let _not_ours = git(repo, &["worktree", "repair", &shown(astray)]).await;
    }
    let of_ours = |trees: &[Tree], wanted: fn(&Tree) -> bool| -> Vec<PathBuf> {
        let ours = trees.iter().filter(|tree| wanted(tree) && tree.folder.starts_with(root(site)));
        // Another card's may be in the making at this moment.
        ours.filter(|tree| git_locks::making(&tree.folder).is_none()).map(|tree| tree.folder.clone()).collect()
    };
    let mut begun = of_ours(&known, Tree::is_begun);
    if !begun.is_empty() {
        // It may have been finished between the look at git's list and the one at what runs.
        let still = of_ours(&trees(repo).await?, Tree::is_begun);
        begun.retain(|folder| still.contains(folder));
    }
    for folder in of_ours(&known, Tree::is_left_locked).iter().chain(&begun) {
        // Its git may have come to its last step meanwhile.
        let _unlocked = git(repo, &["worktree", "unlock", &shown(folder)]).await;
    }
    for folder in begun {
        // Nobody was ever told of it, so nothing in it is anybody's.
        if let Err(error) = std::fs::remove_dir_all(&folder)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            return Err(failed(&folder, &error));
        }
    }
    forget_gone(repo, &root(site)).map_err(|error| failed(repo, &error))
}

fn make_parent(folder: &Path) -> Result<()> {
    let made = folder.parent().map_or(Ok(()), std::fs::create_dir_all);
    made.map_err(|error| failed(folder, &error))
}

fn failed(folder: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(folder.display().to_string(), error.to_string(), "check the folder's rights and space")
}

fn shown(folder: &Path) -> String {
    folder.to_string_lossy().into_owned()
}

/// A card's name as a part of a branch's: a card may be called `a:b`, which git takes for none.
#[must_use]
fn branch_part(card: &str) -> String {
    // What git-check-ref-format(1) forbids in the middle or at the end of a name.
    let plain: String = card.chars().map(|c| if c == ':' { '-' } else { c }).collect();
    let plain = plain.replace("..", "--");
    let plain = match plain.strip_suffix('.') {
        Some(rest) => format!("{rest}-"),
        None => plain,
    };
    match plain.strip_suffix(".lock") {
        Some(rest) => format!("{rest}-lock"),
        None => plain,
    }
}

fn refused(card: &str, why: String, next: &str) -> Failure {
    Failure::new(Kind::Refused, format!("work tree of {card}"), why, next)
}

#[cfg(test)]
mod tests;
