//! What tells one state of the roster's files from another without reading them.

use std::ffi::OsString;
use std::path::Path;

use crate::fleet::home::Site;

/// Inode, length and modification time of a file.
type Stamp = (u64, u64, i64, i64);

fn stamp_of(path: &Path) -> Option<Stamp> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|meta| (meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
}

/// The roster's stamp, and the one of each environment file beside it.
pub(super) type RosterStamp = (Option<Stamp>, Vec<(OsString, Stamp)>);

pub(super) fn roster_stamp_of(site: &Site) -> RosterStamp {
    let files = std::fs::read_dir(site.agents_dir()).into_iter().flatten().flatten();
    let mut files: Vec<_> = files.filter_map(|entry| Some((entry.file_name(), stamp_of(&entry.path())?))).collect();
    files.sort();
    (stamp_of(&site.roster), files)
}
