//! Why a tmux client did not do what it was told, told from its words and its status.

use super::lost::LostServer;
use crate::fleet::error::Failure;
use crate::fleet::model::Label;
use crate::fleet::os::exec::{self, ExecError};

/// What a shell exits with when there is no such program.
const SHELL_FOUND_NO_PROGRAM: i32 = 127;

/// What `timeout` exits with when it had to end what it ran. tmux itself exits with 1.
const TIMED_OUT: i32 = 124;

/// Why a client did not do what it was told.
#[derive(Debug)]
pub(super) enum Refusal {
    Exec(ExecError),
    Link(Failure),
    /// The remote shell has no tmux.
    Missing,
    NoServer(String),
    /// A server lives, and its socket's file is gone.
    Unreachable(LostServer),
    /// The server is ending.
    Ending(String),
    /// There is no such pane.
    NoPane(String),
    /// The path of its socket is longer than the kernel takes.
    LongPath(String),
    /// Whatever else tmux says.
    Tmux(String),
}

impl Refusal {
    /// What a client printed, or why it failed.
    pub(super) fn in_answer(output: &exec::Output) -> Result<String, Self> {
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        if output.status.code() == Some(SHELL_FOUND_NO_PROGRAM) {
            return Err(Self::Missing);
        }
        if output.status.code() == Some(TIMED_OUT) {
            return Err(Self::Tmux("its server hangs: no answer within 3 s".to_owned()));
        }
        let message = Label::new(&output.stderr).to_string();
        // tmux exits with 1 whatever is wrong, so only its words tell.
        Err(match message.as_str() {
            text if is_no_server(text) => Self::NoServer(message),
            text if is_ending(text) => Self::Ending(message),
            text if text.contains("can't find pane") => Self::NoPane(message),
            text if text.ends_with("(File name too long)") => Self::LongPath(message),
            _ => Self::Tmux(message),
        })
    }
}

/// tmux's two wordings for "nobody listens there".
fn is_no_server(message: &str) -> bool {
    message.starts_with("no server running on")
        || (message.starts_with("error connecting to")
            // Refused: the file is there, left by a server that was killed, and nobody listens behind it.
            && (message.contains("No such file or directory") || message.contains("Connection refused")))
}

/// tmux's wordings for a server that takes no commands any more.
fn is_ending(message: &str) -> bool {
    message.starts_with("server exited") || message.starts_with("lost server")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_server_is_told_from_a_forbidden_one() {
        assert!(is_no_server("no server running on /tmp/tmux-0/x"));
        assert!(is_no_server("error connecting to /tmp/tmux-0/x (No such file or directory)"));
        assert!(!is_no_server("error connecting to /tmp/tmux-0/x (Permission denied)"));
        assert!(!is_no_server("can't find session: x"));
        assert!(is_ending("server exited unexpectedly") && !is_ending("no server running on /x"));
    }
}
