//! Clients of a tmux server as processes: a server that was told to end waits for every one of them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rustix::process::getuid;

use crate::fleet::model::SocketName;
use crate::fleet::os::process;

/// Name of a tmux client's process, as the kernel has it.
const CLIENT_NAME: &str = "tmux: client";

/// Pids of this user's clients on a socket, of the same `TMUX_TMPDIR` as ours.
pub fn clients_on(socket: &SocketName) -> Vec<u32> {
    let folder = std::env::var("TMUX_TMPDIR").unwrap_or_default();
    // In another folder the same name is another server's.
    let here = |pid: &u32| process::environment_value(*pid, "TMUX_TMPDIR").unwrap_or_default() == folder;
    let of_socket = |pid: &u32| process::argv(*pid).is_some_and(|argv| is_on(&argv, socket));
    process::all_pids().into_iter().filter(|pid| is_client(*pid) && of_socket(pid) && here(pid)).collect()
}

fn is_client(pid: u32) -> bool {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    // Arguments and environment of others' processes may not be read.
    fs::metadata(&folder).is_ok_and(|meta| meta.uid() == getuid().as_raw())
        && fs::read_to_string(folder.join("comm")).is_ok_and(|name| name.trim_end() == CLIENT_NAME)
}

/// Whether a client's command line names a socket: `-L NAME`, `-LNAME`, or none for the default one. Pure.
fn is_on(argv: &[String], socket: &SocketName) -> bool {
    let mut words = argv.iter().skip(1);
    while let Some(word) = words.next() {
        match word.strip_prefix("-L") {
            Some("") => return words.next() == socket.0.as_ref(),
            Some(name) => return socket.0.as_deref() == Some(name),
            // The command begins, and tmux's own options are over.
            None if !word.starts_with('-') => break,
            None => {}
        }
    }
    socket.0.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_client_is_told_by_its_own_words() {
        let (named, default) = (SocketName(Some("s".into())), SocketName(None));
        for (line, on_named, on_default) in [
            ("tmux -u -N -L s -C attach-session", true, false),
            ("tmux -Ls attach", true, false),
            ("tmux -L other attach", false, false),
            ("tmux attach -t -L", false, true),
            ("tmux -u", false, true),
        ] {
            assert_eq!((is_on(&argv(line), &named), is_on(&argv(line), &default)), (on_named, on_default), "{line}");
        }
    }
}
