//! The work trees of a repository, as git lists and records them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{LIMIT, LOOK_AGAIN, TRIES};
use crate::fleet::error::{Failure, Result};
use crate::fleet::git_locks;
use crate::fleet::model::Label;
use crate::fleet::os::exec::{self, Errand};

/// What git writes into the lock of a work tree that it has not finished.
const UNFINISHED: &str = "initializing";

/// A work tree as git lists it.
pub(super) struct Tree {
    pub folder: PathBuf,
    /// `None` where a commit is checked out, or none yet.
    pub branch: Option<String>,
    /// Why it may neither be moved nor taken away.
    locked: Option<String>,
}

impl Tree {
    /// Whether a git began it and never got as far as to fill it: the index is written last.
    pub(super) fn is_begun(&self) -> bool {
        self.locked.is_some() && !has_index(&self.folder)
    }

    /// Whether the git that made it was killed between its last two steps.
    pub(super) fn is_left_locked(&self) -> bool {
        self.locked.as_deref() == Some(UNFINISHED) && has_index(&self.folder)
    }
}

/// Every work tree of a repository.
pub(super) async fn trees(repo: &Path) -> Result<Vec<Tree>> {
    let mut tries = 1;
    let listed = loop {
        match git(repo, &["worktree", "list", "--porcelain"]).await {
            Ok(listed) => break listed,
            Err(failure) if tries == TRIES => return Err(failure),
            // Git reads the record of each, and stops at one that somebody has just begun.
            Err(failure) => tracing::info!(%failure, "tried again"),
        }
        tries += 1;
        tokio::time::sleep(LOOK_AGAIN * tries).await;
    };
    let mut all: Vec<Tree> = Vec::new();
    for line in listed.lines() {
        if let Some(path) = line.strip_prefix("worktree ") {
            all.push(Tree { folder: PathBuf::from(path), branch: None, locked: None });
        } else if let Some(tree) = all.last_mut() {
            if let Some(branch) = line.strip_prefix("branch refs/heads/") {
                tree.branch = Some(branch.to_owned());
            }
            if let Some(why) = line.strip_prefix("locked") {
                tree.locked = Some(why.trim_start().to_owned());
            }
        }
    }
    Ok(all)
}

/// Whether git has filled a work tree.
pub(super) fn has_index(folder: &Path) -> bool {
    let record = std::fs::read_to_string(folder.join(".git")).unwrap_or_default();
    record.trim_end().strip_prefix("gitdir: ").is_some_and(|record| folder.join(record).join("index").exists())
}

/// The folder that all work trees of a repository share, by whichever of them it is asked.
pub(super) async fn common(folder: &Path) -> Result<PathBuf> {
    let said = git(folder, &["rev-parse", "--path-format=absolute", "--git-common-dir"]).await?;
    Ok(PathBuf::from(said.trim_end_matches('\n')))
}

/// Where git keeps a file of its own for a work tree.
pub(super) async fn own_file(folder: &Path, name: &str) -> Result<PathBuf> {
    let said = git(folder, &["rev-parse", "--path-format=absolute", "--git-path", name]).await?;
    Ok(PathBuf::from(said.trim_end_matches('\n')))
}

/// Takes git's records away of work trees below a folder that are gone. Those elsewhere may lie on a drive that is not
/// there at this moment: `git worktree prune` would take their index and staged changes with it.
pub(super) fn forget_gone(common: &Path, below: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten() {
        let of = std::fs::read_to_string(entry.path().join("gitdir")).unwrap_or_default();
        let of = Path::new(of.trim());
        // A git that is at this moment making one has locked it.
        if of.starts_with(below) && !of.exists() && !entry.path().join("locked").exists() {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// The commit of a name, where there is one.
pub(super) async fn found(repo: &Path, name: &str) -> Option<String> {
    let said = git(repo, &["rev-parse", "--verify", "--quiet", name]).await.ok()?;
    Some(said.trim().to_owned())
}

/// Takes away the locks that a git left behind which was killed in a work tree. Nobody works there.
pub(super) async fn unlock(folder: &Path, branch: &str) -> Result<()> {
    for name in ["index.lock", "HEAD.lock", &format!("refs/heads/{branch}.lock")] {
        git_locks::clear(&own_file(folder, name).await?, std::time::Duration::ZERO);
    }
    Ok(())
}

pub(super) async fn git(repo: &Path, args: &[&str]) -> Result<String> {
    let args: Vec<OsString> = args.iter().map(OsString::from).collect();
    // A variable of the caller's may mean another repository.
    let inherits: fn(&str) -> bool = |name| !name.starts_with("GIT_");
    // In another language git would word also what it writes into its own files.
    let env = [("LC_ALL", OsString::from("C")), ("LANGUAGE", OsString::new())];
    let errand = Errand { program: Path::new("git"), args: &args, folder: repo, inherits, env: &env };
    let output = errand.run(&[], LIMIT).await.map_err(|error| exec::explain("git", &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let why = output.stderr.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it gave no reason");
    let words: Vec<String> = args.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let command = format!("git {} in {}", words.join(" "), repo.display());
    Err(Failure::failed(Label::new(&command).to_string(), Label::new(why).to_string(), "run it by hand"))
}
