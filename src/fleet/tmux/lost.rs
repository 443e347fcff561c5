//! Servers that live although nobody reaches them: the file of their socket was removed.
//!
//! A server keeps listening when its socket's file goes, for example by a cleaner of temporary folders; its
//! sessions live on, and no client finds it. SIGUSR1 has it make the file anew (tmux(1)). To take such a server for
//! none would start everything a second time.

use std::fmt;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, getuid, kill_process};

use crate::fleet::os::process;

/// Flag of a listening socket in `/proc/net/unix` (`__SO_ACCEPTCON`).
const LISTENS: u32 = 0x0001_0000;

/// Name of a tmux server's process, as the kernel has it.
const SERVER_NAME: &str = "tmux: server";

/// A server that lives and is not reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostServer {
    /// Its pid, on this host.
    pub pid: Option<u32>,
    /// Path of the socket's file that is gone.
    pub path: PathBuf,
}

impl fmt::Display for LostServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match self.pid {
            Some(pid) => write!(f, "its server, pid {pid}, lives, but {path} is gone"),
            None => write!(f, "its server lives and is not seen from here, and {path} is gone"),
        }
    }
}

/// What brings a lost server back.
pub const REACHED_BY: &str = "`mosaic-tui fleet start` has the server make its socket anew, and stops nothing";

/// The sockets of this network namespace, also those without a file.
pub(super) const UNIX_SOCKETS: &str = "/proc/net/unix";

/// The socket's path in a client's refusal: `no server running on PATH`, `error connecting to PATH (WHY)`.
pub(super) fn path_in(refusal: &str) -> Option<PathBuf> {
    let path = match refusal.strip_prefix("no server running on ") {
        Some(path) => path,
        // From the end, since the path may hold a bracket.
        None => refusal.strip_prefix("error connecting to ")?.rsplit_once(" (")?.0,
    };
    Some(PathBuf::from(path.trim()))
}

/// Inodes of the listening sockets that were bound to a path, from the text of [`UNIX_SOCKETS`]. Pure.
pub(super) fn listening(text: &str, path: &Path) -> Vec<u64> {
    text.lines().filter_map(listener).filter(|(_, bound)| *bound == path).map(|(inode, _)| inode).collect()
}

/// Inode and path of a listening socket, from its line in [`UNIX_SOCKETS`]. Pure.
fn listener(line: &str) -> Option<(u64, &Path)> {
    // Num: RefCount Protocol Flags Type St Inode Path
    let mut fields = line.split_ascii_whitespace().skip(3);
    let flags = u32::from_str_radix(fields.next()?, 16).ok()?;
    let inode = fields.nth(2)?.parse().ok()?;
    // A path may hold blanks, so it is all of the rest and not the next field.
    let at = line.find(fields.next()?)?;
    (flags & LISTENS != 0).then_some((inode, Path::new(&line[at..])))
}

/// Whether anything listens on a path, be it a process that cannot be seen from here.
pub(super) fn is_listened_on(path: &Path) -> bool {
    fs::read_to_string(UNIX_SOCKETS).is_ok_and(|text| !listening(&text, path).is_empty())
}

/// Pids of this user's tmux servers that listen on a path, whether or not its file is there.
pub fn servers_on(path: &Path) -> Vec<u32> {
    let inodes = fs::read_to_string(UNIX_SOCKETS).map(|text| listening(&text, path)).unwrap_or_default();
    // What all processes hold open is dear to read, and seldom anybody listens.
    if inodes.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<u32> = process::all_pids().into_iter().filter(|pid| is_server(*pid)).collect();
    found.retain(|pid| {
        let open = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|entry| inode_in(&fs::read_link(entry.path()).ok()?)).any(|inode| inodes.contains(&inode))
    });
    found
}

/// Where tmux keeps its sockets, as it reads `TMUX_TMPDIR`: a folder that is not there counts as none.
///
/// # Errors
/// Why no two shells would agree on it.
pub fn socket_base(variable: Option<&Path>) -> Result<PathBuf, String> {
    let Some(folder) = variable.filter(|folder| !folder.as_os_str().is_empty()) else { return Ok("/tmp".into()) };
    if folder.is_relative() {
        return Err(format!("TMUX_TMPDIR is {}, another folder in every working directory", folder.display()));
    }
    Ok(folder.canonicalize().unwrap_or_else(|_| "/tmp".into()))
}

/// The tmux server that a process runs below, and the pane's process among those between.
#[must_use]
pub fn server_above(pid: u32) -> Option<(u32, u32)> {
    let line = process::ancestors(pid);
    line.windows(2).find(|pair| is_server(pair[1])).map(|pair| (pair[1], pair[0]))
}

/// Path of the socket on which a server listens, whether or not its file is there.
#[must_use]
pub fn socket_path(server: u32) -> Option<PathBuf> {
    let text = fs::read_to_string(UNIX_SOCKETS).ok()?;
    let open = fs::read_dir(format!("/proc/{server}/fd")).ok()?.flatten();
    let inodes: Vec<u64> = open.filter_map(|entry| inode_in(&fs::read_link(entry.path()).ok()?)).collect();
    text.lines().filter_map(listener).find(|(inode, _)| inodes.contains(inode)).map(|(_, path)| path.to_owned())
}

/// The inode in `socket:[INODE]`.
fn inode_in(target: &Path) -> Option<u64> {
    target.to_str()?.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// Whether a process is a tmux server of this user.
fn is_server(pid: u32) -> bool {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    fs::read_to_string(folder.join("comm")).is_ok_and(|name| name.trim_end() == SERVER_NAME)
        && fs::metadata(folder).is_ok_and(|meta| meta.uid() == getuid().as_raw())
}

/// Asks a server to make its socket's file anew, and makes the folder for it if that went as well.
///
/// # Errors
/// When the folder cannot be made or the process is gone.
pub(super) fn ask_for_socket(pid: u32, path: &Path) -> std::io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.exists()) {
        // tmux refuses a folder that others may enter.
        fs::DirBuilder::new().mode(0o700).create(folder)?;
    }
    let gone = || std::io::Error::from(std::io::ErrorKind::NotFound);
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or_else(gone)?;
    Ok(kill_process(pid, Signal::USR1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_read_from_both_refusals() {
        for (refusal, want) in [
            ("no server running on /tmp/tmux-0/a b", Some("/tmp/tmux-0/a b")),
            ("error connecting to /x (y)/tmux-0/s (No such file or directory)", Some("/x (y)/tmux-0/s")),
            ("can't find session: x", None),
        ] {
            assert_eq!(path_in(refusal).as_deref(), want.map(Path::new), "{refusal}");
        }
    }

    /// The only test of these words: whoever changes them changes them here, and nothing else.
    #[test]
    fn the_words_of_a_lost_server_name_its_pid_and_its_path() {
        let lost = |pid| LostServer { pid, path: PathBuf::from("/t/it") }.to_string();
        assert_eq!(lost(Some(7)), "its server, pid 7, lives, but /t/it is gone");
        assert_eq!(lost(None), "its server lives and is not seen from here, and /t/it is gone");
    }

    #[test]
    fn only_listeners_on_the_very_path_count() {
        let text = "Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 29811 /tmp/tmux-0/it\n\
            0000000000000000: 00000003 00000000 00000000 0001 03 29812 /tmp/tmux-0/it\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 29813 /tmp/tmux-0/it2\n\
            0000000000000000: 00000002 00000000 00010000 0001 01 29814 /tmp/a b/it\n\
            0000000000000000: 00000002 00000000 00010000 0005 01 29815\n";
        assert_eq!(listening(text, Path::new("/tmp/tmux-0/it")), [29811]);
        assert_eq!(listening(text, Path::new("/tmp/a b/it")), [29814]);
        assert!(listening(text, Path::new("/tmp/tmux-0/none")).is_empty());
    }
}
