//! Watches the run folder and the roster for changes (inotify), and says which agents' files they are.
//!
//! A roster may be reached through links, of itself or of a folder on the way. Each of them and what it leads to
//! is watched, in its own folder: an editor or a tool that renames a file into place changes the folder.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use notify::event::ModifyKind;
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::Notify;

use crate::fleet::pause::PAUSED;

/// The kernel follows no more links than that either.
const MAX_LINKS: usize = 40;

/// What has changed since it was last asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// The roster, or a link on the way to it.
    pub roster: bool,
    /// Names of agents whose files changed.
    pub agents: HashSet<String>,
    /// The pause began or ended.
    pub pause: bool,
    /// Nobody knows what: the kernel dropped events.
    pub all: bool,
}

/// What the watching thread and the observer share.
#[derive(Debug, Default)]
struct Shared {
    changed: Mutex<Changed>,
    /// Files that lead to the roster, the roster itself included.
    roster: Mutex<HashSet<PathBuf>>,
    /// Folders that are watched. Held for a moment only: the thread that watches waits for it as well.
    watched: Mutex<HashSet<PathBuf>>,
    wake: Notify,
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    // What they guard is whole between any two statements.
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Holds the watches; dropping it ends them.
pub(super) struct FileWatch {
    watcher: Option<RecommendedWatcher>,
    shared: Arc<Shared>,
    run_dir: PathBuf,
    roster: PathBuf,
}

impl FileWatch {
    /// Starts watching; what cannot be watched yet is tried again by [`Self::retry`].
    pub(super) fn new(run_dir: &Path, roster: &Path) -> Self {
        let shared = Arc::new(Shared::default());
        let told = Arc::clone(&shared);
        let watcher = notify::recommended_watcher(move |event| told.take(event))
            .inspect_err(|error| tracing::warn!(%error, "no inotify; files are polled"))
            .ok();
        // Events name whole paths, with which it is compared.
        let roster = std::path::absolute(roster).unwrap_or_else(|_| roster.to_owned());
        let mut watch = Self { watcher, shared, run_dir: run_dir.to_owned(), roster };
        watch.retry();
        watch
    }

    /// Waits for changes and takes them.
    pub(super) async fn changed(&self) -> Changed {
        loop {
            self.shared.wake.notified().await;
            let changed = std::mem::take(&mut *lock(&self.shared.changed));
            // A wake-up may be left over from changes that were taken already.
            if changed != Changed::default() {
                return changed;
            }
        }
    }

    /// Watches folders that have appeared since, or again, and those to which links lead now; whether the run
    /// folder was not watched before.
    pub(super) fn retry(&mut self) -> bool {
        let steps = steps_to(&self.roster);
        let mut wanted: HashSet<PathBuf> = steps.iter().filter_map(|step| step.parent()).map(Path::to_owned).collect();
        wanted.insert(self.run_dir.clone());
        // Before the folders are watched: an event may come at once.
        *lock(&self.shared.roster) = steps.into_iter().collect();
        let Some(watcher) = &mut self.watcher else { return true };
        // The kernel has dropped the watch of a folder that was removed.
        let stale = |folder: &PathBuf| !wanted.contains(folder) || !folder.exists();
        let dropped: Vec<PathBuf> = lock(&self.shared.watched).extract_if(stale).collect();
        for folder in dropped {
            // It is gone already where the folder is.
            let _gone = watcher.unwatch(&folder);
        }
        let missed = !lock(&self.shared.watched).contains(&self.run_dir);
        for folder in wanted {
            // Before it is watched: that it is gone again may be told at once.
            let is_new = lock(&self.shared.watched).insert(folder.clone());
            if is_new && watcher.watch(&folder, RecursiveMode::NonRecursive).is_err() {
                lock(&self.shared.watched).remove(&folder);
            }
        }
        missed
    }
}

impl Shared {
    /// Takes an event of the kernel.
    fn take(&self, event: notify::Result<notify::Event>) {
        let mut changed = lock(&self.changed);
        match event {
            Ok(event) if event.need_rescan() => changed.all = true,
            // Reading is an access as well: ours would ask for the next reading, for ever.
            Ok(event) if !matches!(event.kind, EventKind::Access(_)) => {
                for path in &event.paths {
                    // Its watch went with it, whatever has its name by now.
                    let goes = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
                    if goes && lock(&self.watched).remove(path) {
                        changed.all = true;
                    }
                    if let Some(agent) = agent_of(path) {
                        changed.agents.insert(agent);
                    } else if path.file_name().is_some_and(|name| name == PAUSED) {
                        changed.pause = true;
                    } else if lock(&self.roster).contains(path) {
                        changed.roster = true;
                    }
                }
            }
            Ok(_) => return,
            Err(_) => changed.all = true,
        }
        if *changed != Changed::default() {
            self.wake.notify_one();
        }
    }
}

/// The agent whose heartbeat, record of an end or notes of a launch this is.
fn agent_of(path: &Path) -> Option<String> {
    let kind = path.extension()?;
    // The temporary names under which files are written end otherwise, and are nobody's news.
    if kind != "hb" && kind != "exit" && kind != "notes" {
        return None;
    }
    Some(path.file_stem()?.to_str()?.to_owned())
}

/// The files that lead to one, in the folders where they really lie: each link on the way, and the last file.
fn steps_to(path: &Path) -> Vec<PathBuf> {
    let mut steps = Vec::new();
    let mut real = PathBuf::from("/");
    // The parts that are still to be walked, the next one last.
    let mut left: Vec<OsString> = parts(path);
    let mut links = 0;
    while let Some(part) = left.pop() {
        if part == ".." {
            real.pop();
            continue;
        }
        let step = real.join(&part);
        match std::fs::read_link(&step) {
            // Links that lead in a circle come to an end here.
            Ok(target) if links < MAX_LINKS => {
                links += 1;
                steps.push(step);
                if target.is_absolute() {
                    real = PathBuf::from("/");
                }
                left.extend(parts(&target));
            }
            _ if left.is_empty() => steps.push(step),
            _ => real = step,
        }
    }
    steps
}

fn parts(path: &Path) -> Vec<OsString> {
    let named = path.components().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    named.rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    async fn roster_change(watch: &FileWatch, what: &str) {
        let wait = async { while !watch.changed().await.roster {} };
        assert!(tokio::time::timeout(Duration::from_secs(2), wait).await.is_ok(), "not told: {what}");
    }

    /// Rewritten as editors do it, by a rename into place.
    fn rewrite(path: &Path) {
        let beside = path.with_extension("new");
        fs::write(&beside, "version: 1\n").unwrap();
        fs::rename(&beside, path).unwrap();
    }

    #[tokio::test]
    async fn a_roster_behind_links_is_watched_where_it_lies() {
        let root = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(root.path()).unwrap();
        for folder in ["run", "config", "real", "data-1", "data-2"] {
            fs::create_dir(root.join(folder)).unwrap();
        }
        for folder in ["real", "data-1", "data-2"] {
            fs::write(root.join(folder).join("r.yaml"), "version: 1\n").unwrap();
        }
        // A link to a link to a file, one of them relative.
        let roster = root.join("config/roster.yaml");
        symlink("../first", &roster).unwrap();
        symlink(root.join("real/r.yaml"), root.join("first")).unwrap();
        let mut watch = FileWatch::new(&root.join("run"), &roster);
        rewrite(&root.join("real/r.yaml"));
        roster_change(&watch, "the target is rewritten").await;
        fs::write(root.join("real/r.yaml"), "version: 1\n\n").unwrap();
        roster_change(&watch, "the target is written in place").await;
        // A folder on the way is a link, which is turned to another folder: how a mounted configuration changes.
        symlink("data-1", root.join("data")).unwrap();
        fs::remove_file(root.join("first")).unwrap();
        symlink("data/r.yaml", root.join("first")).unwrap();
        roster_change(&watch, "a link is made anew").await;
        watch.retry();
        symlink("data-2", root.join("other")).unwrap();
        fs::rename(root.join("other"), root.join("data")).unwrap();
        roster_change(&watch, "a folder's link is turned").await;
        watch.retry();
        rewrite(&root.join("data-2/r.yaml"));
        roster_change(&watch, "the new target is rewritten").await;
    }

    #[tokio::test]
    async fn an_agents_file_names_its_agent() {
        let root = tempfile::tempdir().unwrap();
        let watch = FileWatch::new(root.path(), &root.path().join("roster.yaml"));
        fs::write(root.path().join("a.b.hb"), "x").unwrap();
        fs::write(root.path().join("c.exit"), "x").unwrap();
        fs::write(root.path().join("d.log"), "x").unwrap();
        let mut seen = HashSet::new();
        let wait = async {
            while seen.len() < 2 {
                let changed = watch.changed().await;
                assert!(!changed.roster && !changed.all, "{changed:?}");
                seen.extend(changed.agents);
            }
        };
        assert!(tokio::time::timeout(Duration::from_secs(2), wait).await.is_ok(), "{seen:?}");
        assert_eq!(seen, HashSet::from(["a.b".to_owned(), "c".to_owned()]));
    }

    #[tokio::test]
    async fn a_folder_that_was_made_anew_between_two_looks_is_watched_again() {
        let root = tempfile::tempdir().unwrap();
        let run = root.path().join("run");
        fs::create_dir(&run).unwrap();
        let mut watch = FileWatch::new(&run, &root.path().join("roster.yaml"));
        for anew in ["removed", "moved away"] {
            if anew == "removed" {
                fs::remove_dir_all(&run).unwrap();
            } else {
                fs::rename(&run, root.path().join("old")).unwrap();
            }
            fs::create_dir(&run).unwrap();
            let seen = async {
                loop {
                    watch.retry();
                    fs::write(run.join("a.hb"), "x").unwrap();
                    let told = tokio::time::timeout(Duration::from_millis(50), watch.changed()).await;
                    if told.is_ok_and(|changed| changed.agents.contains("a")) {
                        break;
                    }
                }
            };
            assert!(tokio::time::timeout(Duration::from_secs(5), seen).await.is_ok(), "not told: {anew}");
        }
    }

    #[test]
    fn links_in_a_circle_end() {
        let root = tempfile::tempdir().unwrap();
        symlink("b", root.path().join("a")).unwrap();
        symlink("a", root.path().join("b")).unwrap();
        assert!(steps_to(&root.path().join("a")).len() <= MAX_LINKS + 2);
    }
}
