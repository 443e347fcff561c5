//! Is a folder on a network filesystem? SQLite's locks and shared memory do not work across hosts, and a server that is
//! gone holds up whoever asks it.

use std::path::Path;

/// Filesystems that other hosts may write to, as `/proc/self/mountinfo` names them (proc(5)).
const NETWORK: [&str; 16] = [
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "9p",
    "afs",
    "ceph",
    "coda",
    "glusterfs",
    "lustre",
    "gfs2",
    "ocfs2",
    "beegfs",
    "gpfs",
    "davfs",
];

/// Programs that mount a network filesystem through FUSE (`fuse.NAME`).
const NETWORK_FUSE: [&str; 8] = ["sshfs", "glusterfs", "s3fs", "rclone", "davfs2", "cephfs", "gcsfuse", "curlftpfs"];

/// Returns the network filesystem that a path lies on, if it is one. The path, or its nearest existing parent, is
/// looked at.
#[must_use]
pub fn filesystem(path: &Path) -> Option<String> {
    // Links are followed: the file lies where they lead.
    let existing = path.ancestors().find_map(|folder| std::fs::canonicalize(folder).ok())?;
    let table = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    network_type(&table, &existing)
}

/// Finds it in the text of the table: the deepest mount point above the path counts, the last of several.
fn network_type(table: &str, path: &Path) -> Option<String> {
    let mut best: Option<(usize, &str)> = None;
    for line in table.lines() {
        let (Some(point), Some((_, behind))) = (line.split(' ').nth(4), line.split_once(" - ")) else { continue };
        let point = unescape(point);
        let depth = Path::new(&point).components().count();
        if path.starts_with(&point) && best.is_none_or(|(known, _)| known <= depth) {
            best = Some((depth, behind.split(' ').next().unwrap_or_default()));
        }
    }
    let (_, kind) = best?;
    let network =
        NETWORK.contains(&kind) || kind.strip_prefix("fuse.").is_some_and(|name| NETWORK_FUSE.contains(&name));
    network.then(|| kind.to_owned())
}

/// Undoes the octal escapes of white space in a mount point.
fn unescape(text: &str) -> String {
    text.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_decides() {
        let table = "\
22 1 0:20 / / rw,relatime - ext4 /dev/vda rw
30 22 0:30 / /home rw - nfs4 server:/home rw,vers=4.2
31 30 0:31 / /home/me/local rw shared:7 - xfs /dev/vdb rw
32 22 0:32 / /mnt/a\\040b rw - fuse.sshfs me@host: rw
33 22 0:33 / /mnt/enc rw - fuse.gocryptfs enc rw
34 22 0:34 / /host rw - 9p hostshare rw
";
        for (path, want) in [
            ("/var/lib", None),
            ("/home/me/.config", Some("nfs4")),
            ("/homes", None),
            ("/home/me/local/x", None),
            ("/mnt/a b/c", Some("fuse.sshfs")),
            ("/mnt/enc", None),
            ("/host/x", Some("9p")),
        ] {
            assert_eq!(network_type(table, Path::new(path)).as_deref(), want, "{path}");
        }
    }

    #[test]
    fn this_machines_temporary_folder_is_local() {
        assert_eq!(filesystem(&std::env::temp_dir().join("not/there/yet")), None);
    }
}
