//! Locks that a git leaves behind which was killed. Git itself never takes one away that it did not make, so until somebody
//! does every later one stops there.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::os::process;

/// A process that works in a folder or below it, if any does.
#[must_use]
pub fn used_below(folder: &Path) -> Option<u32> {
    let works_there =
        |pid: &u32| std::fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
    process::all_pids().into_iter().find(works_there)
}

/// A git that makes a work tree there, if one does: it names the folder, or has its child fill it.
#[must_use]
pub fn making(folder: &Path) -> Option<u32> {
    let folder = folder.to_string_lossy();
    let fills = format!("GIT_WORK_TREE={folder}");
    let makes = |pid: &u32| {
        let named = process::argv(*pid)
            .is_some_and(|argv| argv.iter().any(|word| word == "worktree") && argv.iter().any(|word| *word == folder));
        let environ = || std::fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        named || environ().split(|byte| *byte == 0).any(|entry| entry == fills.as_bytes())
    };
    process::all_pids().into_iter().find(makes)
}

/// Takes a lock away that nobody holds: one that is at least so old, and that no process has open. Whether it did. Git
/// closes a lock for the instant before it puts it in its place, so an age of nothing is for where no git can be.
pub fn clear(lock: &Path, age: Duration) -> bool {
    let is_old = |lock: &Path| {
        let modified = std::fs::metadata(lock).ok()?.modified().ok()?;
        Some(SystemTime::now().duration_since(modified).unwrap_or_default() >= age)
    };
    if is_old(lock) != Some(true) || is_open(lock) {
        return false;
    }
    // Somebody else may have been here first.
    let gone = std::fs::remove_file(lock).is_ok();
    if gone {
        tracing::info!(lock = %lock.display(), "a lock that a killed git left is taken away");
    }
    gone
}

fn is_open(file: &Path) -> bool {
    process::all_pids().into_iter().any(|pid| {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.into_iter().any(|fd| std::fs::read_link(fd.path()).is_ok_and(|target| target == file))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_old_lock_that_nobody_has_open_is_taken_away() {
        let folder = tempfile::tempdir().unwrap();
        let lock = std::fs::canonicalize(folder.path()).unwrap().join("index.lock");
        assert!(!clear(&lock, Duration::ZERO), "there is none");
        let held = std::fs::File::create(&lock).unwrap();
        assert!(!clear(&lock, Duration::ZERO), "it is open");
        drop(held);
        assert!(!clear(&lock, Duration::from_secs(3600)) && lock.exists(), "it is new");
        assert!(clear(&lock, Duration::ZERO) && !lock.exists());
    }
}
