//! Clients of a tmux server as processes: a server that was told to end waits for every one of them.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::process::getuid;

use super::lost::socket_base;
use crate::fleet::model::SocketName;
use crate::fleet::os::process;

/// Name of a tmux client's process, as the kernel has it.
const CLIENT_NAME: &str = "tmux: client";

/// tmux's own options whose value stands behind them or is the next word (tmux(1)).
const VALUED: &str = "cfLST";

/// Pids of this user's clients on a socket of our `TMUX_TMPDIR`.
pub fn clients_on(socket: &SocketName) -> Vec<u32> {
    let Some(path) = path_of(socket.name(), std::env::var("TMUX_TMPDIR").ok().as_deref()) else {
        return Vec::new();
    };
    let here = |pid: &u32| {
        let argv = process::argv(*pid)?;
        Some(real(&server_of(&argv, |name| process::environment_value(*pid, name))?) == path)
    };
    process::all_pids().into_iter().filter(|pid| is_client(*pid) && here(pid) == Some(true)).collect()
}

/// The path of a socket by its name, where a process with this `TMUX_TMPDIR` looks for it.
fn path_of(name: Option<&str>, folder: Option<&str>) -> Option<PathBuf> {
    let base = socket_base(folder.map(Path::new)).ok()?;
    Some(base.join(format!("tmux-{}", getuid().as_raw())).join(name.unwrap_or("default")))
}

/// A path as the server gave it: through no link. The socket itself may be gone.
fn real(path: &Path) -> PathBuf {
    let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
    folder.zip(path.file_name()).map_or_else(|| path.to_owned(), |(folder, name)| folder.join(name))
}

fn is_client(pid: u32) -> bool {
    let folder = PathBuf::from(format!("/proc/{pid}"));
    // Arguments and environment of others' processes may not be read.
    fs::metadata(&folder).is_ok_and(|meta| meta.uid() == getuid().as_raw())
        && fs::read_to_string(folder.join("comm")).is_ok_and(|name| name.trim_end() == CLIENT_NAME)
}

/// The socket that a client talks to, by its words and its environment: `-S PATH`, `-L NAME`, the server in whose pane it
/// was started, or the default one. Pure, but for where folders lead.
fn server_of(argv: &[String], variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let (mut name, mut path) = (None, None);
    let mut words = argv.iter().skip(1);
    while let Some(options) = words.next().and_then(|word| word.strip_prefix('-')) {
        // Behind these the command begins, and tmux's own options are over.
        if options.is_empty() || options == "-" {
            break;
        }
        let Some(at) = options.find(|option| VALUED.contains(option)) else { continue };
        let (option, value) = options[at..].split_at(1);
        let value = if value.is_empty() { words.next()?.as_str() } else { value };
        match option {
            "L" => name = Some(value),
            "S" => path = Some(value),
            _ => {}
        }
    }
    if let Some(path) = path {
        return Some(path.into());
    }
    // In a pane of some server, which tmux names there as PATH,PID,SESSION.
    let around = variable("TMUX").filter(|around| name.is_none() && !around.is_empty() && !around.starts_with(','));
    match around {
        Some(around) => Some(around.split(',').next()?.into()),
        None => path_of(name, variable("TMUX_TMPDIR").as_deref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_client_is_told_by_its_own_words() {
        let folder = format!("/tmp/tmux-{}", getuid().as_raw());
        for (line, around, want) in [
            ("tmux -u -N -L s -C attach-session", "", "s"),
            ("tmux -Ls attach", "", "s"),
            ("tmux -L other attach", "", "other"),
            ("tmux attach -t -L", "", "default"),
            ("tmux -u", "", "default"),
            ("tmux -f /dev/null -L s attach", "", "s"),
            ("tmux -f/dev/null -2uLs attach", "", "s"),
            ("tmux -uL s attach", "", "s"),
            ("tmux -T RGB -c sh -L s", "", "s"),
            ("tmux -- -L s", "", "default"),
            ("tmux -S /x/y -L s attach", "", "/x/y"),
            ("tmux -L s -S/x/y attach", "", "/x/y"),
            ("tmux wait-for x", "/a/b,42,0", "/a/b"),
            ("tmux -L s wait-for x", "/a/b,42,0", "s"),
            ("tmux wait-for x", ",", "default"),
        ] {
            let variable = |name: &str| (name == "TMUX").then(|| around.to_owned());
            let want = if want.starts_with('/') { want.to_owned() } else { format!("{folder}/{want}") };
            assert_eq!(server_of(&argv(line), variable), Some(want.into()), "{line}");
        }
        let elsewhere = |name: &str| (name == "TMUX_TMPDIR").then(|| "/usr/../usr".to_owned());
        let want = format!("/usr/tmux-{}/s", getuid().as_raw());
        assert_eq!(server_of(&argv("tmux -L s"), elsewhere), Some(want.into()));
        assert_eq!(server_of(&argv("tmux -L"), |_| None), None);
    }
}
