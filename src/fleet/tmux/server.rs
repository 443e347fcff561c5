//! A tmux server on one socket, reached by short-lived clients.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command::{Change, Query, as_argument, quote};
use super::panes::{PaneRecord, parse_list};
use crate::fleet::error::{Failure, Result};
use crate::fleet::exec::{self, ExecError};
use crate::fleet::model::{Label, PaneId, SessionName, Size, SocketName};

/// A healthy server answers in milliseconds; one that does not in this time counts as hung.
const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// What a look at the server found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The server answered.
    Panes(Vec<PaneRecord>),
    /// There is no server on the socket: a fact, not a fault.
    NoServer,
}

/// One pane at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peek {
    /// Whether it is in copy mode or another.
    pub in_mode: bool,
    /// Column and row of the cursor, shown or not.
    pub cursor: (u16, u16),
    /// Its size.
    pub size: Size,
    /// Its title.
    pub title: String,
    /// Its screen with colours.
    pub text: String,
}

impl Peek {
    fn parse(pane: PaneId, text: &str) -> Option<Self> {
        let (state, screen) = text.split_once('\n')?;
        let mut fields = state.splitn(8, ' ');
        let mut next = || fields.next();
        let (id, dead, mode) = (next()?, next()?, next()?);
        let numbers: Vec<u16> = (0..4).filter_map(|_| next()?.parse().ok()).collect();
        let [x, y, width, height] = numbers[..] else { return None };
        (id == pane.to_string() && dead != "1").then(|| Self {
            in_mode: mode != "0",
            cursor: (x, y),
            size: Size { width, height },
            title: next().unwrap_or_default().to_owned(),
            text: screen.to_owned(),
        })
    }
}

/// Handle of a tmux server that may or may not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tmux {
    program: PathBuf,
    socket: SocketName,
}

impl Tmux {
    /// A handle; nothing is started.
    #[must_use]
    pub fn new(socket: SocketName) -> Self {
        Self { program: PathBuf::from("tmux"), socket }
    }

    /// Its socket name.
    #[must_use]
    pub fn socket(&self) -> &SocketName {
        &self.socket
    }

    /// The program to run.
    pub(super) fn program(&self) -> &Path {
        &self.program
    }

    /// Arguments before the command. `-u` keeps tmux from replacing what is not ASCII when the
    /// locale is C.
    fn client_args(&self, may_start_server: bool) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["-u".into()];
        if may_start_server {
            // The fleet's server is ours: the user's ~/.tmux.conf must not shape it.
            args.extend(["-f".into(), "/dev/null".into()]);
        } else {
            args.push("-N".into());
        }
        if let Some(name) = &self.socket.0 {
            args.extend(["-L".into(), name.into()]);
        }
        args
    }

    /// Arguments of a control client attached to a session (`$N` or `=NAME`): it never sets a size,
    /// receives no pane output, and cannot type. `-E` leaves the session's environment alone.
    pub(super) fn control_args(&self, session: &str) -> Vec<OsString> {
        let mut args = self.client_args(false);
        args.extend(
            ["-C", "attach-session", "-E", "-f", "ignore-size,no-output,read-only", "-t", session].map(OsString::from),
        );
        args
    }

    /// Arguments of a read-only client that draws a session in true colour.
    #[must_use]
    pub fn viewer_args(&self, session_id: &str) -> Vec<OsString> {
        let mut args = self.client_args(false);
        args.extend(
            ["-2", "-T", "256,RGB", "attach-session", "-E", "-f", "ignore-size,read-only", "-t", session_id]
                .map(OsString::from),
        );
        args
    }

    async fn run(&self, commands: &[Vec<String>]) -> Result<String, Refusal> {
        self.run_program(&self.program, self.client_args(false), &[], commands).await
    }

    async fn run_program(
        &self,
        program: &Path,
        mut args: Vec<OsString>,
        env: &[(&str, OsString)],
        commands: &[Vec<String>],
    ) -> Result<String, Refusal> {
        for (at, words) in commands.iter().enumerate() {
            if at > 0 {
                args.push(";".into());
            }
            args.extend(words.iter().map(|word| OsString::from(as_argument(word))));
        }
        Self::answer(&exec::run(program, &args, env, ANSWER_LIMIT).await.map_err(Refusal::Exec)?)
    }

    fn answer(output: &exec::Output) -> Result<String, Refusal> {
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let message = Label::new(&output.stderr).to_string();
        if is_no_server(&message) { Err(Refusal::NoServer(message)) } else { Err(Refusal::Tmux(message)) }
    }

    /// All panes of the server, by one short-lived client.
    ///
    /// # Errors
    /// When tmux is missing, hangs, or may not be asked.
    pub async fn look(&self) -> Result<Look> {
        match self.run(&[Query::ListPanes.words()]).await {
            Ok(text) => parse_list(&text)
                .map(Look::Panes)
                .map_err(|why| Failure::failed(self.name(), why, "report this with your tmux version (`tmux -V`)")),
            Err(Refusal::NoServer(_)) => Ok(Look::NoServer),
            Err(refusal) => Err(self.explain(refusal)),
        }
    }

    /// Runs a query and returns its text.
    ///
    /// # Errors
    /// When tmux is missing, hangs or refuses.
    pub async fn query(&self, query: &Query) -> Result<String> {
        self.run(&[query.words()]).await.map_err(|refusal| self.explain(refusal))
    }

    /// Runs changes in one client, in order, stopping at the first that fails. Never starts a server.
    ///
    /// # Errors
    /// When tmux is missing, hangs or refuses.
    pub async fn change(&self, changes: &[Change]) -> Result<()> {
        let commands: Vec<_> = changes.iter().map(Change::words).collect();
        let ran = if changes.iter().any(Change::holds_secrets) {
            self.run_hidden(&commands).await
        } else {
            self.run(&commands).await
        };
        ran.map(drop).map_err(|refusal| self.explain(refusal))
    }

    /// Runs commands that go to the client over its standard input, where no other user can read them, and
    /// where tmux's limit on the length of a command line does not count.
    async fn run_hidden(&self, commands: &[Vec<String>]) -> Result<String, Refusal> {
        let mut args = self.client_args(false);
        args.extend(["source-file", "-"].map(OsString::from));
        let lines: Vec<String> = commands.iter().map(|words| quote(words)).collect();
        // One line: the server looks at its children only after the whole of it.
        let input = format!("{}\n", lines.join(" ; "));
        let ran = exec::run_with_input(&self.program, &args, &[], input.as_bytes(), ANSWER_LIMIT).await;
        Self::answer(&ran.map_err(Refusal::Exec)?)
    }

    /// Runs changes, starting the server when there is none. Only the holder is made this way: the
    /// process that starts the server owns every pane in it, unless it starts in a `scope` of the user
    /// manager. The server keeps `env`, so that what is typed into a session made by hand sees the fleet
    /// as well.
    ///
    /// # Errors
    /// When tmux is missing, hangs or refuses.
    pub async fn change_starting_server(
        &self,
        changes: &[Change],
        env: &[(&str, OsString)],
        scope: Option<&str>,
    ) -> Result<()> {
        let commands: Vec<_> = changes.iter().map(Change::words).collect();
        let (program, args) = match scope {
            None => (self.program.clone(), self.client_args(true)),
            Some(scope) => {
                let unit = format!("--unit={scope}");
                let mut args: Vec<OsString> =
                    ["--user", "--scope", "--quiet", "--collect", &unit, "--"].map(OsString::from).to_vec();
                args.push(self.program.clone().into());
                args.extend(self.client_args(true));
                (PathBuf::from("systemd-run"), args)
            }
        };
        let ran = self.run_program(&program, args, env, &commands).await;
        ran.map(drop).map_err(|refusal| self.explain(refusal))
    }

    /// Becomes a client that types: returns only when that failed. A window of fixed size keeps it, so
    /// nobody's view is resized by this terminal.
    #[must_use]
    pub fn attach(&self, session: &SessionName) -> ExecError {
        let mut args = self.client_args(false);
        let target = format!("={}", session.0);
        args.extend(["attach-session", "-E", "-t", &target].map(OsString::from));
        exec::replace(&self.program, &args)
    }

    /// Looks at one pane: its state and its screen, by one client. `None` when there is no such pane, or
    /// its process ended.
    ///
    /// # Errors
    /// When tmux is missing, hangs or may not be asked.
    pub async fn peek(&self, pane: PaneId) -> Result<Option<Peek>> {
        let queries = [Query::PaneState(pane).words(), Query::Capture { pane, history: 0 }.words()];
        match self.run(&queries).await {
            Ok(text) => Ok(Peek::parse(pane, &text)),
            Err(Refusal::NoServer(_)) => Ok(None),
            Err(Refusal::Tmux(message)) if message.contains("can't find pane") => Ok(None),
            Err(refusal) => Err(self.explain(refusal)),
        }
    }

    /// Fills a paste buffer; the text goes over standard input, whatever it holds and however long it is.
    ///
    /// # Errors
    /// When tmux is missing, hangs or refuses.
    pub async fn load_buffer(&self, buffer: &str, text: &[u8]) -> Result<()> {
        let mut args = self.client_args(false);
        args.extend(["load-buffer", "-b", buffer, "-"].map(OsString::from));
        let ran = exec::run_with_input(&self.program, &args, &[], text, ANSWER_LIMIT).await.map_err(Refusal::Exec);
        ran.and_then(|output| Self::answer(&output)).map(drop).map_err(|refusal| self.explain(refusal))
    }

    fn name(&self) -> String {
        format!("tmux socket {}", self.socket)
    }

    fn explain(&self, refusal: Refusal) -> Failure {
        match refusal {
            Refusal::Exec(error) => exec::explain("tmux", &error),
            Refusal::NoServer(message) => {
                Failure::failed(self.name(), message, "`mosaic-tui fleet start` starts the fleet")
            }
            Refusal::Tmux(message) => Failure::failed(self.name(), message, self.hand_check()),
        }
    }

    fn hand_check(&self) -> String {
        match &self.socket.0 {
            Some(name) => format!("look with `tmux -L {name} list-sessions`"),
            None => "look with `tmux list-sessions`".to_owned(),
        }
    }
}

/// Why a client did not do what it was told.
#[derive(Debug)]
enum Refusal {
    Exec(ExecError),
    NoServer(String),
    Tmux(String),
}

/// tmux's two wordings for "nobody listens there".
fn is_no_server(message: &str) -> bool {
    message.starts_with("no server running on")
        || (message.starts_with("error connecting to")
            && (message.contains("No such file or directory") || message.contains("Connection refused")))
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
    }

    #[test]
    fn the_default_socket_is_named_by_no_option_at_all() {
        let args = Tmux::new(SocketName(None)).client_args(false);
        assert_eq!(args, ["-u", "-N"]);
        let args = Tmux::new(SocketName(Some("f".into()))).client_args(true);
        assert_eq!(args, ["-u", "-f", "/dev/null", "-L", "f"]);
    }
}
