//! ssh's command line, and the words of a shell on the remote host.

use std::ffi::OsString;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::fleet::home::fingerprint;
use crate::fleet::model::SshTarget;
use crate::plain::shell_quote;

/// In front of a command of this program on another host: a shell without a login knows few folders.
pub const REMOTE_PATH: &str = "PATH=\"$PATH:$HOME/.local/bin:$HOME/.cargo/bin:/usr/local/bin\"";

/// Most bytes of a control socket's path: a Unix socket has 108, and ssh adds 17 while it makes one.
const MAX_SOCKET_PATH: usize = 90;

/// How one host is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    target: SshTarget,
    /// Socket of the connection that all clients of this host share, where there is a safe place for it.
    control: Option<PathBuf>,
    /// Whether this process may open that connection for the others. A process of an agent may not: the
    /// connection would end with the agent.
    opens: bool,
}

impl Client {
    /// A client of a host, for the fleet in this Mosaic home.
    #[must_use]
    pub fn new(home: &Path, target: SshTarget) -> Self {
        let folder = control_folder();
        // The path must fit into a socket's address, and neither a home nor a host's name has a bound.
        let name = fingerprint(format!("{}\n{target}", home.display()).as_bytes());
        let control = folder.map(|folder| folder.join(name)).filter(|path| path.as_os_str().len() <= MAX_SOCKET_PATH);
        Self { target, control, opens: std::env::var_os("MOSAIC_AGENT_NAME").is_none() }
    }

    /// Which host.
    #[must_use]
    pub fn target(&self) -> &SshTarget {
        &self.target
    }

    fn base(&self) -> Vec<String> {
        let mut options = vec![
            // A link that is cut is noticed within seconds.
            "ConnectTimeout=5".to_owned(),
            "ServerAliveInterval=2".to_owned(),
            "ServerAliveCountMax=3".to_owned(),
            // Else a notice, such as that of a new host key, could be taken for the reason why a link ended.
            "LogLevel=ERROR".to_owned(),
        ];
        if let Some(path) = &self.control {
            options.push(format!("ControlPath={}", path.display()));
            options.push(format!("ControlMaster={}", if self.opens { "auto" } else { "no" }));
            options.push("ControlPersist=60".to_owned());
        }
        options.into_iter().flat_map(|option| ["-o".to_owned(), option]).collect()
    }

    fn args(&self, own: &[&str], command: &str) -> Vec<OsString> {
        let mut args: Vec<String> = own.iter().map(|word| (*word).to_owned()).collect();
        args.extend(self.base());
        // No target, whoever wrote it into the roster, is an option of ssh.
        args.extend(["--".to_owned(), self.target.to_string(), command.to_owned()]);
        args.into_iter().map(OsString::from).collect()
    }

    /// Arguments of a client that only passes bytes, and never asks anybody anything.
    #[must_use]
    pub fn plain_args(&self, command: &str) -> Vec<OsString> {
        // A question would go to the terminal that a screen is drawn on.
        self.args(&["-T", "-o", "BatchMode=yes"], command)
    }

    /// Arguments of a client that gives the command a terminal as large as ours, and never asks.
    #[must_use]
    pub fn terminal_args(&self, command: &str) -> Vec<OsString> {
        self.args(&["-tt", "-e", "none", "-o", "BatchMode=yes"], command)
    }

    /// Arguments of a client for a person, who may be asked for a passphrase.
    #[must_use]
    pub fn person_args(&self, command: &str) -> Vec<OsString> {
        self.args(&["-t"], command)
    }
}

/// A folder of ours alone for the sockets of shared connections; `None` when there is no safe one.
fn control_folder() -> Option<PathBuf> {
    let uid = rustix::process::getuid().as_raw();
    let folder = match std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|folder| folder.is_dir()) {
        Some(runtime) => runtime.join("mosaic-ssh"),
        None => Path::new("/tmp").join(format!("mosaic-ssh-{uid}")),
    };
    // It may be there already.
    let _exists = std::fs::DirBuilder::new().mode(0o700).create(&folder);
    // In `/tmp` anybody may have made it first, to sit on our connections.
    let meta = std::fs::symlink_metadata(&folder).ok()?;
    (meta.is_dir() && meta.uid() == uid && meta.mode() & 0o077 == 0).then_some(folder)
}

/// Words for a POSIX shell.
#[must_use]
pub fn words(list: &[String]) -> String {
    list.iter().map(|word| shell_quote(word)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batch_mode_is_for_programs_only() {
        let client = Client::new(Path::new("/h"), SshTarget::new("u@h"));
        let has = |args: Vec<OsString>| args.iter().any(|arg| arg == "BatchMode=yes");
        assert!(has(client.plain_args("x")) && has(client.terminal_args("x")) && !has(client.person_args("x")));
        let args = client.plain_args("exec sh");
        assert_eq!(args[args.len() - 3..], ["--", "u@h", "exec sh"]);
    }
}
