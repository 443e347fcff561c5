//! What a fleet leaves behind: all files of a test before and after, told apart by size, time and inode.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What is known of a file. Of a folder only that it is one: what happens in it is told by its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Trace {
    is_folder: bool,
    size: u64,
    modified: (i64, i64),
    inode: u64,
}

/// Everything below a folder, by its path there.
#[derive(Debug)]
pub(super) struct Traces(BTreeMap<PathBuf, Trace>);

impl Traces {
    pub(super) fn of(root: &Path) -> Self {
        let (mut all, mut visit) = (BTreeMap::new(), vec![root.to_owned()]);
        while let Some(folder) = visit.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                // What goes while it is looked at was temporary.
                let Ok(known) = entry.path().symlink_metadata() else { continue };
                let is_folder = known.is_dir();
                let trace = match is_folder {
                    true => Trace { is_folder, size: 0, modified: (0, 0), inode: 0 },
                    false => Trace {
                        is_folder,
                        size: known.size(),
                        modified: (known.mtime(), known.mtime_nsec()),
                        inode: known.ino(),
                    },
                };
                all.insert(entry.path().strip_prefix(root).unwrap().to_owned(), trace);
                if is_folder {
                    visit.push(entry.path());
                }
            }
        }
        Self(all)
    }

    /// What was made, changed or removed until a later look.
    fn changed(&self, later: &Self) -> Vec<PathBuf> {
        let all = self.0.keys().chain(later.0.keys());
        let mut changed: Vec<PathBuf> = all.filter(|path| self.0.get(*path) != later.0.get(*path)).cloned().collect();
        changed.sort();
        changed.dedup();
        changed
    }

    /// The changes beyond what may change: these paths and all below them, and the folders on the way to them.
    pub(super) fn changed_beyond(&self, later: &Self, may: &[&str]) -> Vec<PathBuf> {
        let is_on_the_way = |path: &Path| {
            later.0.get(path).is_some_and(|trace| trace.is_folder)
                && may.iter().any(|may| Path::new(may).starts_with(path))
        };
        let is_expected = |path: &PathBuf| may.iter().any(|may| path.starts_with(may)) || is_on_the_way(path);
        self.changed(later).into_iter().filter(|path| !is_expected(path)).collect()
    }

    /// Files and folders directly in a folder, by their names.
    pub(super) fn names_in(&self, folder: &str) -> Vec<String> {
        let below = self.0.keys().filter(|path| path.parent() == Some(Path::new(folder)));
        below.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
    }
}

#[test]
fn whatever_changes_a_file_leaves_a_trace() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["own/kept", "replaced", "gone", "touched"] {
        fs::create_dir_all(at(name).parent().unwrap()).unwrap();
        fs::write(at(name), "text").unwrap();
    }
    let before = Traces::of(folder.path());
    assert_eq!(before.changed(&Traces::of(folder.path())), Vec::<PathBuf>::new());
    fs::create_dir_all(at("state/deep")).unwrap();
    fs::write(at("state/deep/new"), "text").unwrap();
    fs::write(at("own/new"), "text").unwrap();
    // Written again with the same bytes, its time put back: the inode is another one.
    let time = at("replaced").metadata().unwrap().modified().unwrap();
    fs::write(at("other"), "text").unwrap();
    fs::File::options().write(true).open(at("other")).unwrap().set_modified(time).unwrap();
    fs::rename(at("other"), at("replaced")).unwrap();
    fs::remove_file(at("gone")).unwrap();
    let touched = fs::File::options().write(true).open(at("touched")).unwrap();
    touched.set_modified(time + std::time::Duration::from_secs(1)).unwrap();
    let after = Traces::of(folder.path());
    let beyond = |may: &[&str]| -> Vec<String> {
        before.changed_beyond(&after, may).iter().map(|path| path.display().to_string()).collect()
    };
    assert_eq!(beyond(&["state/deep", "own"]), ["gone", "replaced", "touched"]);
    // The folder on the way to what may change, and nothing else in it.
    assert_eq!(beyond(&["state/other", "own", "gone", "replaced", "touched"]), ["state/deep", "state/deep/new"]);
    assert_eq!(after.names_in("own"), ["kept", "new"]);
}
