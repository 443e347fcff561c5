//! The gate's own checkout, in which CI runs: one a repository, made for each run and always taken away again. What a
//! killed gate left of it the next one sweeps, its CI included.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::git::{Git, Reach};
use super::refusal::Refusal;
use super::repository::Repository;
use crate::fleet::error::{Failure, Result};
use crate::fleet::file::{self, Keep};
use crate::fleet::home::{Site, fingerprint};
use crate::fleet::os::folder::make_private;
use crate::fleet::os::process;

/// Name of the checkout; git keeps its record under it.
const NAME: &str = "mosaic-gate";

/// Says where the checkout is.
const CHECKOUT: &str = "checkout.json";

/// The variable that everything has which runs in the checkout, whichever group or session it puts itself into.
pub(super) const MARK: &str = "MOSAIC_GATE_CHECKOUT";

/// How often those are looked for: one that is ended may have started another just before.
// A process that forks faster than it is ended, as a bomb does, would else keep the
// gate here for ever.
const LOOKS: u32 = 20;

/// How long another git may be at work in a work tree that follows the main branch.
const LOCKED_WITHIN: Duration = Duration::from_secs(3);

/// Pause between two looks for its lock.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Says which work trees are being brought to a new main branch.
const SETTLING: &str = "settling.json";

/// Where the checkout is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Checkout {
    folder: PathBuf,
}

/// Work trees that have the main branch checked out, while it moves.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Settling {
    branch: String,
    folders: Vec<PathBuf>,
    old: String,
    new: String,
}

fn failed(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(path.display().to_string(), error.to_string(), "check the folder's rights and space")
}

/// Where a repository's checkout goes.
fn checkout_folder(site: &Site, repository: &Repository) -> PathBuf {
    use std::os::unix::ffi::OsStrExt;
    // Two repositories may have folders of one name, and the whole path may be too long for one.
    let tag = &fingerprint(repository.common.as_os_str().as_bytes())[..8];
    site.home.join("worktrees/_gate").join(tag).join(NAME)
}

/// Makes the checkout of a commit.
///
/// # Errors
/// What git or the file system says.
pub(super) async fn make(site: &Site, repository: &Repository, commit: &str) -> Result<PathBuf> {
    let folder = checkout_folder(site, repository);
    // Written before it is made: killed in between, the next gate knows what to take away.
    write(repository, CHECKOUT, &Checkout { folder: folder.clone() })?;
    if let Some(above) = folder.parent() {
        make_private(above).map_err(|error| failed(above, &error))?;
    }
    let shown = folder.to_string_lossy().into_owned();
    // Forced, as git refuses a path for which it still has the record of a checkout that is gone.
    repository.git.files(&["worktree", "add", "--quiet", "--force", "--detach", &shown, commit]).await?;
    Ok(folder)
}

fn write(repository: &Repository, name: &str, value: &impl Serialize) -> Result<()> {
    let path = repository.gate_folder().join(name);
    let bytes = serde_json::to_vec(value).map_err(|error| failed(&path, &error.into()))?;
    file::write_private(&path, &bytes, Keep::Durable).map_err(|error| failed(&path, &error))
}

fn read<T: serde::de::DeserializeOwned>(repository: &Repository, name: &str) -> Option<T> {
    // It is written whole or not at all, so what cannot be read here is no note of a gate.
    serde_json::from_slice(&fs::read(repository.gate_folder().join(name)).ok()?).ok()
}

fn forget(repository: &Repository, name: &str) -> Result<()> {
    let path = repository.gate_folder().join(name);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(&path, &error)),
        _ => Ok(()),
    }
}

/// Takes away what this gate or a killed one made. Only who has the turn may.
///
/// # Errors
/// What git or the file system says; the next gate tries again.
pub(super) async fn sweep(repository: &Repository) -> Result<()> {
    file::sweep(&repository.gate_folder());
    if let Some(Checkout { folder }) = read(repository, CHECKOUT) {
        // Before the folder goes: what still runs in it would write it anew.
        end_all(&folder);
        remove(repository, &folder).await?;
    }
    // Behind the removal, so that a sweep that is broken off is done again from its beginning.
    forget(repository, CHECKOUT)?;
    if let Some(settling) = read::<Settling>(repository, SETTLING) {
        settle(repository, &settling).await;
    }
    forget(repository, SETTLING)
}

/// Ends what still runs in a checkout: what CI left behind, or all of it where its gate was killed.
fn end_all(checkout: &Path) {
    let wanted = checkout.to_string_lossy();
    for _ in 0..LOOKS {
        let left = process::all_pids().into_iter().filter(|pid| {
            process::is_alive(*pid) && process::environment_value(*pid, MARK).is_some_and(|found| found == wanted)
        });
        let mut found = false;
        for pid in left.filter_map(|pid| rustix::process::Pid::from_raw(i32::try_from(pid).ok()?)) {
            found = true;
            // It may have ended by itself since it was found.
            let _gone = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
        if !found {
            return;
        }
    }
}

/// Takes the checkout away, and git's record of it.
async fn remove(repository: &Repository, checkout: &Path) -> Result<()> {
    // The folder was read from a file: whatever that says, nothing is removed that is not the
    // gate's by its name.
    if !checkout.ends_with(NAME) {
        return Ok(());
    }
    let shown = checkout.to_string_lossy().into_owned();
    if let Err(error) = fs::remove_dir_all(checkout) {
        if error.kind() == std::io::ErrorKind::PermissionDenied {
            // Some builds leave folders that nobody may write to.
            open_up(checkout);
            fs::remove_dir_all(checkout).map_err(|error| failed(checkout, &error))?;
        } else if error.kind() != std::io::ErrorKind::NotFound {
            return Err(failed(checkout, &error));
        }
    }
    // Git may know nothing of it: killed before it was told, or half told. What is left of that has our name.
    let _unknown = repository.git.text(&["worktree", "remove", "--force", "--force", &shown]).await;
    for entry in fs::read_dir(repository.common.join("worktrees")).into_iter().flatten().flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(NAME);
        let of = fs::read_to_string(entry.path().join("gitdir")).unwrap_or_default();
        let leads_nowhere = of.trim().is_empty() || Path::new(of.trim()).parent() == Some(checkout);
        if is_ours && leads_nowhere {
            fs::remove_dir_all(entry.path()).map_err(|error| failed(&entry.path(), &error))?;
        }
    }
    if let Some(above) = checkout.parent() {
        // Only an empty folder goes this way.
        let _in_use = fs::remove_dir(above);
    }
    Ok(())
}

fn open_up(folder: &Path) {
    // What belongs to another user stays, and the removal behind this says so.
    let _not_ours = fs::set_permissions(folder, Permissions::from_mode(0o700));
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open_up(&entry.path());
        }
    }
}

/// Work trees that have a branch checked out.
///
/// # Errors
/// What git says.
pub(super) async fn having(repository: &Repository, branch: &str) -> Result<Vec<PathBuf>> {
    let listed = repository.git.text(&["worktree", "list", "--porcelain", "-z"]).await?;
    let wanted = format!("branch refs/heads/{branch}");
    let of = |record: &str| {
        let mut lines = record.split('\0');
        let folder = lines.find_map(|line| line.strip_prefix("worktree "))?;
        lines.any(|line| line == wanted).then(|| PathBuf::from(folder))
    };
    // Git lists a work tree whose folder somebody removed until it is pruned; there is nothing
    // in it to bring along.
    Ok(listed.split("\0\0").filter_map(of).filter(|folder| folder.is_dir()).collect())
}

/// Why a work tree cannot be brought to another commit: it would lose something, or another git is at work in it.
///
/// # Errors
/// What git says.
pub(super) async fn unready(
    repository: &Repository,
    folders: &[PathBuf],
    old: &str,
    new: &str,
) -> Result<Option<Refusal>> {
    for folder in folders {
        let git = repository.git.at(folder);
        let shown = folder.display().to_string();
        if let Some(lock) = locked(&git).await? {
            return Ok(Some(Refusal::Locked { folder: shown, lock: lock.display().to_string() }));
        }
        // Without renames each entry is two letters, a space and one path.
        let status = git.files(&["status", "--porcelain", "-z", "--untracked-files=no", "--no-renames"]).await?;
        let files: Vec<String> =
            paths(&status).into_iter().filter_map(|line| Some(line.get(3..)?.to_owned())).collect();
        if !files.is_empty() {
            return Ok(Some(Refusal::Uncommitted { folder: shown, files }));
        }
        // A dry run also sees a file of the user's own that is in the way.
        if let Err(failure) = bring(&git, &["-n"], old, new).await {
            let added = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", "--diff-filter=A", old, new];
            let mut files = paths(&git.bytes(&added, &[]).await?);
            files.retain(|file| folder.join(file).symlink_metadata().is_ok());
            if files.is_empty() {
                files.push(failure.why);
            }
            return Ok(Some(Refusal::InTheWay { folder: shown, files }));
        }
    }
    Ok(None)
}

fn paths(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// The lock by which another git is at work in a work tree, if it does not go within a moment. It is never taken away: an
/// editor for a commit's message holds it for as long as somebody types.
async fn locked(git: &Git) -> Result<Option<PathBuf>> {
    let lock = git.lock_of("index").await?;
    let deadline = Instant::now() + LOCKED_WITHIN;
    while lock.exists() {
        if Instant::now() >= deadline {
            return Ok(Some(lock));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(None)
}

/// Brings the files of a work tree from one commit to another.
async fn bring(git: &Git, options: &[&str], old: &str, new: &str) -> Result<()> {
    let args = [&["read-tree", "-m", "-u"], options, &[old, new]].concat();
    if git.files(&args).await.is_ok() {
        return Ok(());
    }
    // It goes by the times of files alone, and a file that was only touched is as it was. What differs really, this says
    // by its status, and the second try says it better.
    let _differs = git.run(Reach::Files, &["update-index", "-q", "--refresh"], &[], &[]).await?;
    git.files(&args).await.map(drop)
}

/// Writes down that work trees follow the main branch, before it moves.
///
/// # Errors
/// What the file system says.
pub(super) fn note_settling(
    repository: &Repository,
    branch: &str,
    folders: &[PathBuf],
    old: &str,
    new: &str,
) -> Result<()> {
    let (branch, old, new) = (branch.to_owned(), old.to_owned(), new.to_owned());
    write(repository, SETTLING, &Settling { branch, folders: folders.to_vec(), old, new })
}

/// Brings work trees to a main branch that has moved below them. One in which somebody has begun to work meanwhile is
/// left alone.
async fn settle(repository: &Repository, settling: &Settling) {
    let Settling { branch, folders, old, new } = settling;
    let now = repository.git.ask(&["rev-parse", "--verify", "--quiet", &format!("refs/heads/{branch}")]).await;
    // A gate that was killed before it moved the branch wrote this note too, and then
    // nothing may follow.
    if !matches!(now, Ok(Some(now)) if now == *new) {
        return;
    }
    for folder in folders {
        let git = repository.git.at(folder);
        // The index is still the old commit's where nobody touched it; where somebody staged
        // something, it is theirs.
        let of_old = git.ask(&["diff-index", "--quiet", "--cached", old, "--"]).await;
        if !matches!(of_old, Ok(Some(_))) {
            continue;
        }
        // Where another git stays at work, the attempt itself says so.
        let _lock = locked(&git).await;
        if let Err(failure) = bring(&git, &[], old, new).await {
            tracing::warn!(%failure, folder = %folder.display(), "a work tree does not follow the main branch");
        }
    }
}
