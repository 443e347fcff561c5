//! What changes a tmux server. Nothing that only looks has a [`Tmux`]: a [`Reader`] cannot change anything.

use std::ffi::OsString;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use super::command::{Change, Query, quote};
use super::guard::{Guard, LEFT, MADE};
use super::lost;
use super::mark::{mark, marked};
use super::panes::PaneRecord;
use super::reader::{ANSWER_LIMIT, REMOTE_ANSWER_LIMIT, Reader, SSH, TMUX, arguments};
use super::refusal::Refusal;
use crate::fleet::error::{Failure, Result};
use crate::fleet::model::{PaneId, ServerName, SessionName, SocketName};
use crate::fleet::os::exec::{self, ExecError};
use crate::fleet::ssh::{Link, Links};
use crate::plain::shell_quote;

/// A server makes its socket anew within milliseconds of the signal.
const SOCKET_WITHIN: Duration = Duration::from_secs(3);

/// Pause between two looks for it.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Seconds for which a change that was sent to another host is still meant.
const STILL_NOW: i64 = 4;

/// A tmux server that may be changed, whether it runs or not.
#[derive(Debug, Clone)]
pub struct Tmux(Reader);

impl Deref for Tmux {
    type Target = Reader;

    fn deref(&self) -> &Reader {
        &self.0
    }
}

impl Tmux {
    /// A handle of a server on this host; nothing is started.
    #[must_use]
    pub fn new(socket: SocketName) -> Self {
        Self(Reader::new(socket))
    }

    /// A handle of any server.
    #[must_use]
    pub fn at(server: &ServerName, links: &Links) -> Self {
        Self(Reader::at(server, links))
    }

    /// Looks on behalf of a change: a server of this host that lives and is not reached makes its socket anew first,
    /// so that nothing is made beside it, and one that is ending only waits for clients that somebody uses. `None`
    /// where there is no server.
    ///
    /// # Errors
    /// As for [`Reader::panes`], when the server does not come back, or does not end.
    pub async fn reach(&self) -> Result<Option<Vec<PaneRecord>>> {
        let mut deadline = None;
        let gives_up = Instant::now() + SOCKET_WITHIN;
        loop {
            let server = match self.run(&[Query::ListPanes.words()]).await {
                // A server that nobody keeps from ending ends within milliseconds.
                Err(Refusal::Ending(_)) if Instant::now() < gives_up => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                    continue;
                }
                Err(Refusal::NoServer(_)) => return Ok(None),
                Err(Refusal::Unreachable(server)) => server,
                Err(refusal) => return Err(self.explain(refusal)),
                Ok(text) => return self.parsed(&text).map(Some),
            };
            match (deadline, server.pid) {
                // Once: a second signal makes it come no sooner.
                (None, Some(pid)) => {
                    tracing::warn!(%server, "it is asked to make its socket anew");
                    lost::ask_for_socket(pid, &server.path).map_err(|error| {
                        Failure::failed(self.name(), format!("{server}: {error}"), "make its folder, and start again")
                    })?;
                    deadline = Some(Instant::now() + SOCKET_WITHIN);
                }
                (Some(deadline), _) if Instant::now() < deadline => tokio::time::sleep(LOOK_AGAIN).await,
                // One that is just making its socket anew shows in a moment whose it is.
                (None, None) if self.host.is_none() && Instant::now() < gives_up => {
                    tokio::time::sleep(LOOK_AGAIN).await;
                }
                _ => return Err(self.explain(Refusal::Unreachable(server))),
            }
        }
    }

    /// Runs changes in one client, in order, stopping at the first that fails. Never starts a server.
    ///
    /// # Errors
    /// When tmux is missing, hangs or refuses.
    pub async fn change(&self, changes: &[Change<'_>]) -> Result<()> {
        let commands: Vec<_> = changes.iter().map(Change::words).collect();
        // A client's arguments are everybody's to read in `/proc`.
        let ran = if changes.iter().any(Change::holds_secrets) {
            self.run_lines(&commands).await.and_then(|output| Refusal::in_answer(&output))
        } else {
            self.run(&commands).await
        };
        self.told_from_lost(ran).await.map(drop).map_err(|refusal| self.explain(refusal))
    }

    /// Makes changes only while the guard's condition holds, within one command of the server; whether they
    /// were made. On another host they are made now or not at all: a link that was frozen delivers nothing
    /// that was meant for an earlier moment.
    ///
    /// # Errors
    /// When tmux is missing, hangs or refuses, or the host does not answer; whether they were made is not
    /// known then.
    pub async fn guarded(&self, pane: PaneId, guard: &Guard<'_>, changes: &[Change<'_>]) -> Result<bool> {
        let line = format!("{}\n", quote(&guard.words(pane, changes)));
        // Over standard input: with the rows of a long draft in it the condition is longer than tmux takes as
        // arguments.
        let ran = match &self.host {
            None => self.with_input(&["source-file", "-"], &line).await,
            Some(host) => self.feed_now(host, &line).await,
        };
        let output = ran.map_err(|refusal| self.explain(refusal))?;
        // The mark tells, whatever a hook did to the client's status.
        match marked(&String::from_utf8_lossy(&output.stdout), mark()) {
            Some(MADE) => return Ok(true),
            Some(LEFT) => return Ok(false),
            _ => {}
        }
        match self.told_from_lost(Refusal::in_answer(&output)).await {
            Ok(_) => Err(Failure::failed(self.name(), "did not say whether it was done", self.hand_check())),
            Err(refusal) => Err(self.explain(refusal)),
        }
    }

    async fn feed_now(&self, host: &Link, line: &str) -> Result<exec::Output, Refusal> {
        // By that host's clock alone: two hosts need not agree on the time.
        let clock = host.run("date +%s", REMOTE_ANSWER_LIMIT).await.map_err(Refusal::Link)?;
        // A clock that cannot be read makes the condition false: nothing is done then.
        let now: i64 = String::from_utf8_lossy(&clock.stdout).trim().parse().unwrap_or_default();
        let tmux = self.script(&[["source-file", "-"].map(str::to_owned).to_vec()]);
        let feed = format!("printf %s {} | {tmux}", shell_quote(line));
        let script = format!("if [ \"$(date +%s)\" -le {} ]; then {feed}; fi", now.saturating_add(STILL_NOW));
        host.run(&script, REMOTE_ANSWER_LIMIT).await.map_err(Refusal::Link)
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
        changes: &[Change<'_>],
        env: &[(&str, OsString)],
        scope: Option<&str>,
    ) -> Result<()> {
        let commands: Vec<_> = changes.iter().map(Change::words).collect();
        let (program, args) = match scope {
            None => (PathBuf::from(TMUX), self.client_args(true)),
            Some(scope) => {
                let unit = format!("--unit={scope}");
                // With `--collect` a scope that failed is forgotten, and its name is free for the next server.
                let mut args: Vec<OsString> =
                    ["--user", "--scope", "--quiet", "--collect", &unit, "--"].map(OsString::from).to_vec();
                args.push(TMUX.into());
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
        let target = format!("={}", session.0);
        let words = ["attach-session", "-E", "-t", &target].map(str::to_owned);
        match &self.host {
            None => {
                let mut args = self.client_args(false);
                args.extend(words.map(OsString::from));
                exec::replace(Path::new(TMUX), &args, &[])
            }
            Some(host) => {
                let args = host.client().person_args(&format!("exec {}", self.far_client(&[words.to_vec()])));
                exec::replace(Path::new(SSH), &args, &[])
            }
        }
    }

    /// Fills a paste buffer; the text goes over standard input, whatever it holds and however long it is.
    ///
    /// # Errors
    /// When tmux is missing, hangs or refuses.
    pub async fn load_buffer(&self, buffer: &str, text: &str) -> Result<()> {
        let ran = self.with_input(&["load-buffer", "-b", buffer, "-"], text).await;
        let ran = self.told_from_lost(ran.and_then(|output| Refusal::in_answer(&output))).await;
        ran.map(drop).map_err(|refusal| self.explain(refusal))
    }

    async fn run_program(
        &self,
        program: &Path,
        mut args: Vec<OsString>,
        env: &[(&str, OsString)],
        commands: &[Vec<String>],
    ) -> Result<String, Refusal> {
        args.extend(arguments(commands).map(OsString::from));
        let ran = exec::run(program, &args, env, ANSWER_LIMIT).await.map_err(Refusal::Exec);
        ran.and_then(|output| Refusal::in_answer(&output))
    }
}
