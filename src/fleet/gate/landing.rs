//! The one change of the main branch: by compare and swap, so that it is the old one or the new one at every instant.

use super::commit::{Main, Merged};
use super::git::Reach;
use super::refusal::Refusal;
use super::repository::Repository;
use super::settings::Settings;
use super::worktree;
use crate::fleet::error::{Failure, Result};

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Landing {
    /// The main branch has it.
    Landed,
    /// The main branch is another one by now.
    Moved,
    /// It is not taken.
    Refused(Refusal),
}

/// Makes a merged commit the main branch, if that is still what it was merged onto.
///
/// # Errors
/// When it is not known what became of it.
pub(super) async fn land(
    repository: &Repository,
    settings: Option<&Settings>,
    main: &Main,
    merged: &Merged,
) -> Result<Landing> {
    match &main.remote {
        Some(remote) => push(repository, settings, main, remote, merged).await,
        None => update(repository, main, merged).await,
    }
}

async fn push(
    repository: &Repository,
    settings: Option<&Settings>,
    main: &Main,
    remote: &str,
    merged: &Merged,
) -> Result<Landing> {
    let name = format!("refs/heads/{}", main.branch);
    // The server compares: it takes the commit only while its branch is the one that CI was run on.
    let lease = format!("--force-with-lease={name}:{}", merged.onto);
    let refspec = format!("{}:{name}", merged.commit);
    let args =
        // A verifying hook would be the pusher's, and submodules and tags are nobody's to push along.
        ["push", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no", &lease, remote, &refspec];
    let pushed = match repository.folder_of(remote).await? {
        // The lock of its reference is on this machine as well.
        Some(folder) => {
            let lock = repository.git.at(&folder).lock_of(&name).await?;
            repository.git.change(repository.reach(remote).await?, &lock, &args).await
        }
        None => repository.git.run(Reach::Elsewhere, &args, &[], &[]).await,
    };
    // A success needs no second look here: `verify` asks the remote again for every landing.
    if matches!(&pushed, Ok(output) if output.status.success()) {
        return Ok(Landing::Landed);
    }
    // Whatever was answered, or not: what the remote has now is what counts.
    let now = match repository.main(settings).await {
        Ok(now) => now,
        Err(failure) => return Err(pushed.err().unwrap_or(failure)),
    };
    if has(repository, &now.commit, &merged.commit).await? {
        return Ok(Landing::Landed);
    }
    // Nobody is to blame where somebody else was faster: that is tried again, and no refusal.
    if now.commit != merged.onto {
        return Ok(Landing::Moved);
    }
    let output = pushed?;
    let answer = String::from_utf8_lossy(&output.stdout).into_owned();
    let of_server = output.stderr.lines().filter_map(|line| line.strip_prefix("remote:")).map(str::trim);
    let said: Vec<String> = of_server
        .chain(answer.lines().filter(|line| line.starts_with('!')).filter_map(|line| line.rsplit('\t').next()))
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect();
    if said.is_empty() {
        return Err(repository.git.failed(&args, &output));
    }
    Ok(Landing::Refused(Refusal::NotTaken(said)))
}

async fn update(repository: &Repository, main: &Main, merged: &Merged) -> Result<Landing> {
    let folders = worktree::having(repository, &main.branch).await?;
    if let Some(refusal) = worktree::unready(repository, &folders, &merged.onto, &merged.commit).await? {
        return Ok(Landing::Refused(refusal));
    }
    // Written before the branch moves: a gate that is killed in between leaves a work tree that looks
    // as if its files had been changed back, and only by this note the next one knows better.
    worktree::note_settling(repository, &main.branch, &folders, &merged.onto, &merged.commit)?;
    let name = format!("refs/heads/{}", main.branch);
    // The old value is the third word, which makes this a compare and swap here too.
    let args = ["update-ref", "-m", "gate: merge", &name, &merged.commit, &merged.onto];
    let updated = repository.git.change(Reach::Here, &repository.git.lock_of(&name).await?, &args).await?;
    let now = repository.git.text(&["rev-parse", "--verify", &name]).await?;
    // A git that is killed after it moved the branch fails, and its work is done.
    if updated.status.success() || now == merged.commit {
        return Ok(Landing::Landed);
    }
    if now != merged.onto {
        return Ok(Landing::Moved);
    }
    Err(repository.git.failed(&args, &updated))
}

/// Makes sure that the main branch has a commit, wherever it is; and that the one of that name here follows.
///
/// # Errors
/// When it has not.
pub(super) async fn verify(repository: &Repository, settings: Option<&Settings>, merged: &Merged) -> Result<()> {
    let main = repository.main(settings).await?;
    if !has(repository, &main.commit, &merged.commit).await? {
        return Err(Failure::failed(
            format!("branch {}", main.branch),
            format!("does not hold {} after it was pushed", merged.commit),
            "somebody has taken it back; see who pushes past the gate",
        ));
    }
    if main.remote.is_some() {
        follow(repository, &main).await;
    }
    Ok(())
}

/// Whether a commit is in the history of another.
async fn has(repository: &Repository, history: &str, commit: &str) -> Result<bool> {
    Ok(repository.git.ask(&["merge-base", "--is-ancestor", commit, history]).await?.is_some())
}

/// Brings the local branch of the same name to the remote's, where nobody has it checked out and it has nothing of its
/// own. It is a convenience: the main branch is the remote's.
async fn follow(repository: &Repository, main: &Main) {
    let name = format!("refs/heads/{}", main.branch);
    let Ok(Some(old)) = repository.git.ask(&["rev-parse", "--verify", "--quiet", &name]).await else { return };
    // What the local branch has of its own stays: only a fast-forward takes nothing away.
    let is_behind = has(repository, &main.commit, &old).await.unwrap_or(false);
    let is_free = worktree::having(repository, &main.branch).await.is_ok_and(|folders| folders.is_empty());
    if is_behind && is_free && old != main.commit {
        // It is the user's own branch, and their next pull does the same.
        let _left_behind = repository.git.text(&["update-ref", &name, &main.commit, &old]).await;
    }
}
