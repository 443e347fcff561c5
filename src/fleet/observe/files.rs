//! Watches the run folder and the roster for changes (inotify), and says which agents' files they are.
//!
//! A roster may be reached through links, of itself or of a folder on the way. Each of them and what it leads to
//! is watched, in its own folder: an editor or a tool that renames a file into place changes the folder.

use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, OsStr, OsString};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;
use tokio::io::unix::AsyncFd;

use crate::fleet::escalations::ESCALATIONS;
use crate::fleet::os::readable;
use crate::fleet::pause::PAUSED;

/// The kernel follows no more links than that either.
const MAX_LINKS: usize = 40;

/// Room for some dozens of events, which are read by one call.
const EVENTS_BYTES: usize = 8192;

/// What is told of a folder: files that have their content, and names that come and go. Not each write on the way there:
/// every heartbeat is one file made, written, closed and renamed, and each event wakes whoever listens.
const NAMES: WatchFlags = WatchFlags::CLOSE_WRITE
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

/// Beside that on the way to the roster: a link is whole once it is made, and rights may come back.
const LINKS: WatchFlags = WatchFlags::CREATE.union(WatchFlags::ATTRIB);

/// What has changed since it was last asked.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Changed {
    /// The roster, or a link on the way to it.
    pub roster: bool,
    /// Names of agents whose files changed.
    pub agents: HashSet<String>,
    /// What stands in files of the whole fleet: the pause, or what waits for a person.
    pub whole: bool,
    /// Nobody knows what: the kernel dropped events.
    pub all: bool,
}

/// An event of the kernel.
struct Told {
    watch: i32,
    flags: ReadFlags,
    name: Option<OsString>,
}

/// Holds the watches; dropping it ends them.
pub(super) struct FileWatch {
    inotify: Option<AsyncFd<OwnedFd>>,
    /// Folders that are watched, by the kernel's number.
    watched: HashMap<i32, PathBuf>,
    /// Files that lead to the roster, the roster itself included.
    steps: HashSet<PathBuf>,
    run_dir: PathBuf,
    roster: PathBuf,
}

impl FileWatch {
    /// Starts watching; what cannot be watched yet is tried again by [`Self::retry`].
    pub(super) fn new(run_dir: &Path, roster: &Path) -> Self {
        let made = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).map_err(std::io::Error::from);
        let inotify = made
            .and_then(readable::registered)
            .inspect_err(|error| tracing::warn!(%error, "no inotify; files are polled"))
            .ok();
        // Events name whole paths, with which it is compared.
        let roster = std::path::absolute(roster).unwrap_or_else(|_| roster.to_owned());
        let (watched, steps) = (HashMap::new(), HashSet::new());
        let mut watch = Self { inotify, watched, steps, run_dir: run_dir.to_owned(), roster };
        watch.retry();
        watch
    }

    /// Waits for changes and takes them.
    pub(super) async fn changed(&mut self) -> Changed {
        loop {
            let Some(inotify) = &self.inotify else { return std::future::pending().await };
            let read = match inotify.readable().await {
                Ok(mut ready) => match ready.try_io(|fd| read_all(fd.get_ref())) {
                    Ok(read) => read,
                    // Somebody was woken for nothing.
                    Err(_) => continue,
                },
                Err(error) => Err(error),
            };
            let mut changed = Changed::default();
            match read {
                Ok(events) => events.into_iter().for_each(|event| self.take(event, &mut changed)),
                Err(error) => {
                    tracing::warn!(%error, "inotify is gone; files are polled");
                    self.inotify = None;
                    changed.all = true;
                }
            }
            if changed != Changed::default() {
                return changed;
            }
        }
    }

    /// Watches folders that have appeared since, or again, and those to which links lead now; whether the run
    /// folder was not watched before.
    pub(super) fn retry(&mut self) -> bool {
        let steps = steps_to(&self.roster);
        let mut wanted: Vec<(PathBuf, WatchFlags)> =
            steps.iter().filter_map(|step| Some((step.parent()?.to_owned(), NAMES | LINKS))).collect();
        // Last: where it is a folder of the roster by another name, the name by which the roster is compared stays.
        wanted.push((self.run_dir.clone(), NAMES));
        self.steps = steps.into_iter().collect();
        let Some(inotify) = &self.inotify else { return true };
        // The kernel has dropped the watch of a folder that was removed.
        self.watched.retain(|number, folder| {
            let keep = wanted.iter().any(|(wanted, _)| wanted == folder) && folder.exists();
            if !keep {
                // It is gone already where the folder is.
                let _gone = inotify::remove_watch(inotify, *number);
            }
            keep
        });
        let missed = !self.watched.values().any(|folder| *folder == self.run_dir);
        for (folder, flags) in wanted {
            if self.watched.values().all(|watched| *watched != folder)
                && let Ok(number) = inotify::add_watch(inotify, &folder, flags | WatchFlags::MASK_ADD)
            {
                self.watched.entry(number).or_insert(folder);
            }
        }
        missed
    }

    /// Takes an event of the kernel.
    fn take(&mut self, event: Told, changed: &mut Changed) {
        if event.flags.contains(ReadFlags::QUEUE_OVERFLOW) {
            changed.all = true;
            return;
        }
        // Its watch is of the folder, whatever has its name by now.
        if event.flags.intersects(ReadFlags::DELETE_SELF | ReadFlags::MOVE_SELF | ReadFlags::IGNORED) {
            if self.watched.remove(&event.watch).is_some() {
                changed.all = true;
                if let Some(inotify) = &self.inotify {
                    // The kernel did it by itself where the folder was removed.
                    let _gone = inotify::remove_watch(inotify, event.watch);
                }
            }
            return;
        }
        let (Some(folder), Some(name)) = (self.watched.get(&event.watch), event.name) else { return };
        let path = folder.join(name);
        if let Some(agent) = agent_of(&path) {
            changed.agents.insert(agent);
        } else if path.file_name().is_some_and(|name| name == PAUSED || name == ESCALATIONS) {
            changed.whole = true;
        } else if self.steps.contains(&path) {
            changed.roster = true;
        }
    }
}

/// Reads what the kernel has to tell.
fn read_all(fd: &OwnedFd) -> std::io::Result<Vec<Told>> {
    let mut buffer = [MaybeUninit::uninit(); EVENTS_BYTES];
    let mut reader = inotify::Reader::new(fd, &mut buffer);
    let mut events = Vec::new();
    loop {
        match reader.next() {
            Ok(event) => events.push(Told {
                watch: event.wd(),
                flags: event.events(),
                name: event.file_name().map(|name: &CStr| OsStr::from_bytes(name.to_bytes()).to_owned()),
            }),
            // All of it is read; the event loop is to wait again only when nothing was.
            Err(Errno::WOULDBLOCK) if !events.is_empty() => return Ok(events),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
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

    async fn roster_change(watch: &mut FileWatch, what: &str) {
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
        roster_change(&mut watch, "the target is rewritten").await;
        fs::write(root.join("real/r.yaml"), "version: 1\n\n").unwrap();
        roster_change(&mut watch, "the target is written in place").await;
        // A folder on the way is a link, which is turned to another folder: how a mounted configuration changes.
        symlink("data-1", root.join("data")).unwrap();
        fs::remove_file(root.join("first")).unwrap();
        symlink("data/r.yaml", root.join("first")).unwrap();
        roster_change(&mut watch, "a link is made anew").await;
        watch.retry();
        symlink("data-2", root.join("other")).unwrap();
        fs::rename(root.join("other"), root.join("data")).unwrap();
        roster_change(&mut watch, "a folder's link is turned").await;
        watch.retry();
        rewrite(&root.join("data-2/r.yaml"));
        roster_change(&mut watch, "the new target is rewritten").await;
    }

    #[tokio::test]
    async fn an_agents_file_names_its_agent() {
        let root = tempfile::tempdir().unwrap();
        let mut watch = FileWatch::new(root.path(), &root.path().join("roster.yaml"));
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
