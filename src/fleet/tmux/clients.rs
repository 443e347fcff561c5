//! Clients of a tmux server as processes: those that nobody talks to any more, and those that an ending server
//! waits for.
//!
//! tmux 3.3a never drops a control client whose pipes both broke before it was attached, and a server that was told
//! to end waits for every client. So a client of ours whose program was killed would keep the server from ending.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rustix::process::{Pid, Signal, getuid, kill_process};

use crate::fleet::model::SocketName;
use crate::fleet::process;

/// How our control clients attach. Nobody else has all of these words in this order.
pub(super) const CONTROL: [&str; 6] = ["-C", "attach-session", "-E", "-f", "ignore-size,no-output,read-only", "-t"];

/// Name of a tmux client's process, as the kernel has it.
const CLIENT_NAME: &str = "tmux: client";

/// This program's own name, as the kernel has it.
const OWN_NAME: &str = "mosaic-tui";

/// Pids of this user's clients on a socket, of the same `TMUX_TMPDIR` as ours.
pub fn clients_on(socket: &SocketName) -> Vec<u32> {
    let folder = std::env::var("TMUX_TMPDIR").unwrap_or_default();
    let here = |pid: &u32| process::environment_value(*pid, "TMUX_TMPDIR").unwrap_or_default() == folder;
    let of_socket = |pid: &u32| process::argv(*pid).is_some_and(|argv| is_on(&argv, socket));
    process::all_pids().into_iter().filter(|pid| is_client(*pid) && of_socket(pid) && here(pid)).collect()
}

/// Ends our control clients on a socket whose program is gone; how many there were.
pub(super) fn end_orphans(socket: &SocketName) -> usize {
    let mut ended = 0;
    for pid in clients_on(socket) {
        let ours = process::argv(pid).is_some_and(|argv| is_ours(&argv));
        if ours && process::parent(pid).is_none_or(|parent| !is_this_program(parent)) {
            tracing::warn!(pid, %socket, "a control client whose program is gone is ended");
            if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
                // It may have ended between the look and the signal, which is what is wanted.
                let _gone = kill_process(pid, Signal::KILL);
            }
            ended += 1;
        }
    }
    ended
}

fn is_client(pid: u32) -> bool {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    fs::metadata(&folder).is_ok_and(|meta| meta.uid() == getuid().as_raw())
        && fs::read_to_string(folder.join("comm")).is_ok_and(|name| name.trim_end() == CLIENT_NAME)
}

fn is_this_program(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == OWN_NAME)
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

/// Whether a command line is that of a control client of ours. Pure.
fn is_ours(argv: &[String]) -> bool {
    argv.windows(CONTROL.len()).any(|words| words.iter().eq(CONTROL.iter()))
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
        assert!(is_ours(&argv("tmux -u -N -L s -C attach-session -E -f ignore-size,no-output,read-only -t $0")));
        assert!(!is_ours(&argv("tmux -u -C attach-session -t x")));
    }
}
