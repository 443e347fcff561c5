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

/// Writes a file in its place, whatever stands there: a link is replaced, and not followed; a file keeps its mode, group
/// and owner. One that is new gets this mode.
///
/// # Errors
/// What the file system says; what had that name is then as it was.
pub fn put(path: &Path, bytes: &[u8], mode: u32, keep: Keep) -> io::Result<()> {
    let before = fs::symlink_metadata(path).ok().filter(Metadata::is_file);
    replace(path, bytes, before.as_ref(), mode, keep)
}

/// Makes a file, unless there is anything of that name, which is left as it is; whether it was made.
///
/// # Errors
/// What the file system says; nothing is made then.
pub fn create(path: &Path, bytes: &[u8], mode: u32) -> io::Result<bool> {
    if is_taken(path) {
        return Ok(false);
    }
    let made = path.with_file_name(format!(
        "{}{TEMPORARY}{}-{}",
        path.file_name().unwrap_or_default().to_string_lossy(),
        std::process::id(),
        NEXT.fetch_add(1, Ordering::Relaxed)
    ));
    replace(&made, bytes, None, mode, Keep::Durable)?;
    // Whole, or not at all, and over nothing that came in between.
    let here = rustix::fs::CWD;
    let placed = match rustix::fs::renameat_with(here, &made, here, path, rustix::fs::RenameFlags::NOREPLACE) {
        // Not every file system has such a rename; a second name, too, is refused where there is one.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::NOTSUP) => {
            fs::hard_link(&made, path)
        }
        placed => placed.map_err(io::Error::from),
    };
    let _placed_or_given_up = fs::remove_file(&made);
    match placed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Gives what has a name a second one beside it, which ends in `mark` and, where that is taken, a number; the name stays
/// until it is replaced. Where the file system knows no second names it is a copy. A folder, which can have only one, is
/// moved there.
///
/// # Errors
/// What the file system says; what has the name is then as it was.
pub fn keep_beside(path: &Path, mark: &str) -> io::Result<PathBuf> {
    let meta = fs::symlink_metadata(path)?;
    for number in 1_u32.. {
        let mut name = path.as_os_str().to_owned();
        name.push(mark);
        if number > 1 {
            name.push(format!("-{number}"));
        }
        let beside = PathBuf::from(name);
        if is_taken(&beside) {
            continue;
        }
        let kept = if meta.is_dir() {
            fs::rename(path, &beside)
        } else {
            // The bytes stay where they are, so it works on a full disk as well.
            match fs::hard_link(path, &beside) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(_) if meta.is_symlink() => std::os::unix::fs::symlink(fs::read_link(path)?, &beside),
                Err(_) if meta.is_file() => copy(path, &beside),
                done => done,
            }
        };
        return kept.map(|()| beside);
    }
    Err(io::Error::other("every name beside it is taken"))
}

/// Gives what was kept beside a name that name again.
///
/// # Errors
/// What the file system says.
pub fn give_back(beside: &Path, path: &Path) -> io::Result<()> {
    fs::rename(beside, path)
}

/// Writes a file of this program's own: whatever has that name is replaced by one that only this user may read.
///
/// # Errors
/// What the file system says; the file is then as it was.
pub fn write_private(path: &Path, bytes: &[u8], keep: Keep) -> io::Result<()> {
    replace(path, bytes, None, 0o600, keep)
}

/// Writes a value as JSON into a file of this program's own: see [`write_private`]. A value that cannot be written leaves the
/// file as it was.
///
/// # Errors
/// What the encoder or the file system says.
pub fn write_json(path: &Path, value: &impl serde::Serialize, keep: Keep) -> io::Result<()> {
    let bytes = serde_json::to_vec_pretty(value).map_err(io::Error::other)?;
    write_private(path, &bytes, keep)
}

/// Takes a file away; that there is none is well.
///
/// # Errors
/// What the file system says.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
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
        path = match path.parent() {
            Some(folder) => folder.join(next),
            None => next,
        };
    }
    path
}

/// Between the name of a file and what tells its temporary ones apart: the pid of the writer, a dash and a number.
const TEMPORARY: &str = ".tmp";

/// Removes what writers left in a folder that were killed in the middle of a write.
pub fn sweep(folder: &Path) {
    sweep_of(folder, |_| true);
}

/// Removes what writers of certain files left in a folder.
pub fn sweep_of(folder: &Path, is_meant: impl Fn(&str) -> bool) {
    let is_left = |name: &str| {
        let (mut of, pid) = writer(name)?;
        // What is made under a name of its own first has two of these ends.
        while let Some((inner, _)) = writer(of) {
            of = inner;
        }
        // A number that another process has by now keeps the file until that one ends.
        (is_meant(of) && !process::is_alive(pid)).then_some(())
    };
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().and_then(is_left).is_some() {
            let _gone = fs::remove_file(entry.path());
        }
    }
}

/// Whose temporary file has this name: the file that is written, and the pid of its writer.
fn writer(name: &str) -> Option<(&str, u32)> {
    let (of, (pid, number)) = name.rsplit_once(TEMPORARY).and_then(|(of, rest)| Some((of, rest.split_once('-')?)))?;
    let _number: u32 = number.parse().ok()?;
    Some((of, pid.parse().ok()?))
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
        // Behind the text: what is private is never open to others for an instant.
        file.set_permissions(Permissions::from_mode(like.map_or(mode, |like| kept_mode(&file, like))))?;
        if keep == Keep::Durable {
            file.sync_all()?;
        }
        Ok(())
    });
    // Closed by now: who watches the folder is woken by a file that is closed, and would be once more under the new name.
    let written = written.and_then(|()| fs::rename(&temporary, path));
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
    // The group first: once the file is another's, this process may not change it any more.
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
        // Of a file that is made, and not replaced.
        for name in ["SOUL.md.tmp4194305-0.tmp4194305-1", "other.txt.tmp4194305-0.tmp4194305-1"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        sweep_of(folder.path(), |name| name.ends_with(".md"));
        assert!(!folder.path().join("SOUL.md.tmp4194305-0.tmp4194305-1").exists());
        assert!(folder.path().join("other.txt.tmp4194305-0.tmp4194305-1").exists());
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
