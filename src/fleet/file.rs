//! The one way a file is written: whole, by a rename, so that a reader sees the old text or the new one.
//!
//! A file that is there keeps what it is: a link stays a link, and mode, group and owner stay where this process
//! may keep them.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::os::process;

/// The kernel follows no more links than that either.
const MAX_LINKS: usize = 40;

/// Tells the temporary files of one process apart.
static NEXT: AtomicU32 = AtomicU32::new(0);

/// Whether a file must survive a power cut that follows at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It is written anew all the time.
    Fleeting,
    /// File and folder are on the disk before it counts as written.
    Durable,
}

/// Writes a file; one that is new gets this mode.
///
/// # Errors
/// What the file system says; the file is then as it was.
pub fn write(path: &Path, bytes: &[u8], mode: u32, keep: Keep) -> io::Result<()> {
    let path = target(path);
    let before = fs::metadata(&path).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        // A rename would put a file in the place of `/dev/null` itself.
        return Err(no_file());
    }
    replace(&path, bytes, before.as_ref(), mode, keep)
}

/// Writes a file of this program's own: whatever has that name is replaced by one that only this user may read.
///
/// # Errors
/// What the file system says; the file is then as it was.
pub fn write_private(path: &Path, bytes: &[u8], keep: Keep) -> io::Result<()> {
    replace(path, bytes, None, 0o600, keep)
}

/// Copies a file to another name, with its mode, group and owner.
///
/// # Errors
/// What the file system says; what had that name is then as it was.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let before = fs::metadata(from)?;
    if !before.is_file() {
        return Err(no_file());
    }
    replace(to, &fs::read(from)?, Some(&before), 0o600, Keep::Durable)
}

/// Whether there is anything of that name, be it a link that leads nowhere.
#[must_use]
pub fn is_taken(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

/// What a path leads to, also through a link that leads nowhere yet.
#[must_use]
pub fn target(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = fs::read_link(&path) else { break };
        path = path.parent().map_or_else(|| next.clone(), |folder| folder.join(&next));
    }
    path
}

/// Between the name of a file and what tells its temporary ones apart: the pid of the writer, a dash and a number.
const TEMPORARY: &str = ".tmp";

/// Removes what writers left in a folder that were killed in the middle of a write.
pub fn sweep(folder: &Path) {
    let is_left = |name: &str| {
        let (pid, _) = name.rsplit_once(TEMPORARY)?.1.split_once('-')?;
        pid.parse().ok().filter(|pid| !process::is_alive(*pid))
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().and_then(is_left).is_some() {
            let _gone = fs::remove_file(entry.path());
        }
    }
}

fn no_file() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "is not a file")
}

fn replace(path: &Path, bytes: &[u8], like: Option<&Metadata>, mode: u32, keep: Keep) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!("{TEMPORARY}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let temporary = path.with_file_name(name);
    // What a killed process of the same number left.
    let _none = fs::remove_file(&temporary);
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.set_permissions(Permissions::from_mode(like.map_or(mode, |like| kept_mode(&file, like))))?;
        if keep == Keep::Durable {
            file.sync_all()?;
        }
        fs::rename(&temporary, path)
    });
    if written.is_err() {
        let _gone = fs::remove_file(&temporary);
        return written;
    }
    match path.parent() {
        // The rename itself is a change of the folder.
        Some(folder) if keep == Keep::Durable => File::open(folder).and_then(|folder| folder.sync_all()),
        _ => Ok(()),
    }
}

/// Gives a new file the group and the owner of another where that is allowed, and says which mode it may have then:
/// what a group was allowed is for that group only.
fn kept_mode(file: &File, like: &Metadata) -> u32 {
    let own = file.metadata().ok();
    let differs = |of: fn(&Metadata) -> u32| own.as_ref().is_none_or(|own| of(own) != of(like));
    let group_kept = !differs(|meta| meta.gid()) || fchown(file, None, Some(like.gid())).is_ok();
    if differs(|meta| meta.uid()) {
        // Only root may; everybody else becomes the owner, as with any editor that renames.
        let _kept = fchown(file, Some(like.uid()), None);
    }
    let mode = like.mode() & 0o777;
    // Another group gets no more than everybody.
    if group_kept { mode } else { (mode & !0o070) | (((mode & 0o007) << 3) & mode) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn what_a_killed_writer_left_is_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let own = format!("a.hb.tmp{}-3", std::process::id());
        let stay = ["a.hb", "a.tmp", "notes.tmp1", "notes.tmpx-1", own.as_str()];
        for name in stay.into_iter().chain(["a.hb.tmp4194305-0", "r.yaml.tmp4194305-17"]) {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        sweep(folder.path());
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
        left.sort();
        let mut stay = stay.map(std::ffi::OsString::from);
        stay.sort();
        assert_eq!(left, stay);
        sweep(&folder.path().join("nowhere"));
    }

    #[test]
    fn a_file_keeps_its_mode_and_group_and_a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, Permissions::from_mode(0o664)).unwrap();
        // Any group may be given by root, one of the own by everybody else.
        let own = fs::metadata(&real).unwrap().gid();
        let groups = rustix::process::getgroups().unwrap();
        let others = groups.iter().map(|group| group.as_raw()).chain([54_321]);
        let group = others
            .filter(|group| *group != own)
            .find(|group| std::os::unix::fs::chown(&real, None, Some(*group)).is_ok());
        symlink("real", &link).unwrap();
        write(&link, b"new", 0o600, Keep::Durable).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let meta = fs::metadata(&real).unwrap();
        assert_eq!((fs::read_to_string(&real).unwrap().as_str(), meta.mode() & 0o777), ("new", 0o664));
        assert_eq!(meta.gid(), group.unwrap_or(own));
        copy(&real, &folder.path().join("copy")).unwrap();
        assert_eq!(fs::metadata(folder.path().join("copy")).unwrap().gid(), group.unwrap_or(own));
    }

    #[test]
    fn a_link_to_nothing_is_taken_and_leads_to_the_new_file() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("link");
        symlink("later", &link).unwrap();
        assert!(is_taken(&link) && !link.exists());
        write(&link, b"text", 0o640, Keep::Fleeting).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::metadata(folder.path().join("later")).unwrap().mode() & 0o777, 0o640);
        let device = folder.path().join("device");
        symlink("/dev/null", &device).unwrap();
        assert!(write(&device, b"text", 0o600, Keep::Fleeting).is_err(), "the device stays what it is");
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        fs::remove_file(&device).unwrap();
        // Nothing is left over, also when it fails.
        assert!(write(&folder.path().join("none/file"), b"", 0o600, Keep::Durable).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
