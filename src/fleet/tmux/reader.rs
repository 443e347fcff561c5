//! A tmux server on one socket, read by short-lived clients.

use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::clients;
use super::command::{Query, as_argument, quote};
use super::lost::{self, LostServer, REACHED_BY};
use super::mark::{mark, marked};
use super::panes::{PaneRecord, parse_list};
use super::peek::{Peek, Peeks};
use super::refusal::Refusal;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::model::{PaneId, ServerName, SocketName};
use crate::fleet::os::exec;
use crate::fleet::ssh::{self, Link, Links};
use crate::plain::shell_quote;

/// A healthy server answers in milliseconds; one that does not in this time counts as hung.
pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(3);

/// Time for an answer over a link, which may be slow.
pub(super) const REMOTE_ANSWER_LIMIT: Duration = Duration::from_secs(6);

/// Stands before a client on another host: gives it as long as one here has, where that host can count.
const FAR_GUARD: &str = "$(command -v timeout >/dev/null && echo timeout 3)";

/// More of it for each 64 kB of a text.
const PER_BLOCK: Duration = Duration::from_secs(2);

/// The program that reaches other hosts.
pub(super) const SSH: &str = "ssh";

/// What a look at the server found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The server answered.
    Panes(Vec<PaneRecord>),
    /// There is no server on the socket: a fact, not a fault.
    NoServer,
    /// A server lives, and nobody reaches it: what it holds is not known.
    Unreachable(LostServer),
}

/// The program.
pub(super) const TMUX: &str = "tmux";

/// A tmux server that is only read, whether it runs or not.
#[derive(Debug, Clone)]
pub struct Reader {
    /// The other host that it runs on; `None` is this one.
    pub(super) host: Option<Link>,
    socket: SocketName,
}

impl Reader {
    /// A handle of a server on this host; nothing is started.
    #[must_use]
    pub fn new(socket: SocketName) -> Self {
        Self { host: None, socket }
    }

    /// A handle of any server.
    #[must_use]
    pub fn at(server: &ServerName, links: &Links) -> Self {
        Self { host: server.ssh.as_ref().map(|target| links.to(target)), socket: server.socket }
    }

    /// Its socket name.
    #[must_use]
    pub fn socket(&self) -> &SocketName {
        &self.socket
    }

    /// Arguments before the command. `-u` keeps tmux from replacing what is not ASCII when the
    /// locale is C.
    pub(super) fn client_args(&self, may_start_server: bool) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["-u".into()];
        if may_start_server {
            // The fleet's server is ours: the user's ~/.tmux.conf must not shape it.
            args.extend(["-f".into(), "/dev/null".into()]);
        } else {
            // Else tmux would start a server for whoever only looks, who would own every pane made in it.
            args.push("-N".into());
        }
        if let Some(name) = self.socket.name() {
            args.extend(["-L".into(), name.into()]);
        }
        args
    }

    /// Program and arguments of a read-only client that draws a session in true colour.
    #[must_use]
    pub fn viewer(&self, session_id: &str) -> (&'static str, Vec<OsString>) {
        let mut args = self.client_args(false);
        args.extend(
            // `-E` leaves the session's environment alone, which tmux would otherwise take over from this client.
            ["-2", "-T", "256,RGB", "attach-session", "-E", "-f", "ignore-size,read-only", "-t", session_id]
                .map(OsString::from),
        );
        match &self.host {
            None => (TMUX, args),
            Some(host) => {
                let mut all = vec![TMUX.to_owned()];
                all.extend(args.into_iter().map(|arg| arg.to_string_lossy().into_owned()));
                (SSH, host.client().terminal_args(&format!("exec {}", ssh::words(&all))))
            }
        }
    }

    pub(super) async fn run(&self, commands: &[Vec<String>]) -> Result<String, Refusal> {
        let ran = self.answer_of(commands).await.and_then(|output| Refusal::in_answer(&output));
        self.told_from_lost(ran).await
    }

    /// Tells "nobody listens there" from a server that lives behind a socket without a file.
    pub(super) async fn told_from_lost<T>(&self, ran: Result<T, Refusal>) -> Result<T, Refusal> {
        let Err(Refusal::NoServer(message)) = &ran else { return ran };
        let Some(path) = lost::path_in(message) else { return ran };
        let pid = match &self.host {
            // Its owner may be in another pid namespace, as one of another host is.
            None => lost::is_listened_on(&path).then(|| lost::servers_on(&path).first().copied()),
            Some(host) => match host.run(&format!("cat {}", lost::UNIX_SOCKETS), REMOTE_ANSWER_LIMIT).await {
                Ok(output) if lost::listening(&String::from_utf8_lossy(&output.stdout), &path).is_empty() => None,
                Ok(_) => Some(None),
                Err(failure) => return Err(Refusal::Link(failure)),
            },
        };
        match pid {
            Some(pid) => Err(Refusal::Unreachable(LostServer { pid, path })),
            None => ran,
        }
    }

    async fn answer_of(&self, commands: &[Vec<String>]) -> Result<exec::Output, Refusal> {
        match &self.host {
            None => {
                let mut args = self.client_args(false);
                args.extend(arguments(commands).map(OsString::from));
                exec::run(Path::new(TMUX), &args, &[], ANSWER_LIMIT).await.map_err(Refusal::Exec)
            }
            Some(host) => host.run(&self.script(commands), REMOTE_ANSWER_LIMIT).await.map_err(Refusal::Link),
        }
    }

    /// Starts a client whose answer is read piece by piece; `None` for a server of another host, whose answers come whole.
    pub(super) fn begin(&self, commands: &[Vec<String>]) -> Option<Result<exec::Running, Refusal>> {
        if self.host.is_some() {
            return None;
        }
        let mut args = self.client_args(false);
        args.extend(arguments(commands).map(OsString::from));
        Some(exec::begin(Path::new(TMUX), &args).map_err(Refusal::Exec))
    }

    /// A client's command line for a shell on the server's host. One server there that hangs must not take the link with
    /// it, over which all the others are asked.
    pub(super) fn script(&self, commands: &[Vec<String>]) -> String {
        format!("{FAR_GUARD} {}", self.far_client(commands))
    }

    /// The bare client, for whoever stays: nobody but its person ends it.
    pub(super) fn far_client(&self, commands: &[Vec<String>]) -> String {
        let mut all = vec![TMUX.to_owned()];
        all.extend(self.client_args(false).into_iter().map(|arg| arg.to_string_lossy().into_owned()));
        all.extend(arguments(commands));
        ssh::words(&all)
    }

    /// All panes of the server, by one short-lived client.
    ///
    /// # Errors
    /// When tmux is missing, hangs, or may not be asked.
    pub async fn look(&self) -> Result<Look> {
        let ran = self.run(&[Query::ListPanes.words()]).await;
        self.looked(ran)
    }

    /// What a look's client found.
    pub(super) fn looked(&self, ran: Result<String, Refusal>) -> Result<Look> {
        match ran {
            Ok(text) => self.parsed(&text).map(Look::Panes),
            Err(Refusal::NoServer(_)) => Ok(Look::NoServer),
            Err(Refusal::Unreachable(server)) => Ok(Look::Unreachable(server)),
            Err(refusal) => Err(self.explain(refusal)),
        }
    }

    pub(super) fn parsed(&self, list: &str) -> Result<Vec<PaneRecord>> {
        let next = "report this with your tmux version (`tmux -V`)";
        parse_list(list).map_err(|why| Failure::failed(self.name(), why, next))
    }

    /// All panes of the server; none where there is no server.
    ///
    /// # Errors
    /// When tmux is missing, hangs, may not be asked, or its server lives and is not reached.
    pub async fn panes(&self) -> Result<Vec<PaneRecord>> {
        match self.look().await? {
            Look::Panes(panes) => Ok(panes),
            Look::NoServer => Ok(Vec::new()),
            Look::Unreachable(server) => Err(self.explain(Refusal::Unreachable(server))),
        }
    }

    /// Runs a query and returns its text.
    ///
    /// # Errors
    /// When tmux is missing, hangs or refuses.
    pub async fn query(&self, query: &Query) -> Result<String> {
        let text = self.run(&[query.words()]).await.map_err(|refusal| self.explain(refusal))?;
        self.answer_in(query, text)
    }

    /// The answer among what was printed.
    fn answer_in(&self, query: &Query, text: String) -> Result<String> {
        if !query.is_marked() {
            return Ok(text);
        }
        let found = marked(&text, mark()).map(str::to_owned);
        found.ok_or_else(|| Failure::failed(self.name(), "gave no answer", self.hand_check()))
    }

    /// Runs commands that go to the client over its standard input, where no other user can read them, and
    /// where tmux's limit on the length of a command line does not count.
    pub(super) async fn run_lines(&self, commands: &[Vec<String>]) -> Result<exec::Output, Refusal> {
        let lines: Vec<String> = commands.iter().map(|words| quote(words)).collect();
        // One line: the server looks at its children only after the whole of it.
        self.with_input(&["source-file", "-"], &format!("{}\n", lines.join(" ; "))).await
    }

    /// Runs one command with a text on the client's standard input.
    pub(super) async fn with_input(&self, words: &[&str], input: &str) -> Result<exec::Output, Refusal> {
        match &self.host {
            None => {
                let mut args = self.client_args(false);
                args.extend(words.iter().map(OsString::from));
                let ran = exec::run_with_input(Path::new(TMUX), &args, &[], input.as_bytes(), ANSWER_LIMIT).await;
                ran.map_err(Refusal::Exec)
            }
            Some(host) => {
                // printf is a part of the shell, which knows no limit on its words.
                let tmux = self.script(&[words.iter().map(|word| (*word).to_owned()).collect()]);
                let script = format!("printf %s {} | {tmux}", shell_quote(input));
                let limit = REMOTE_ANSWER_LIMIT + PER_BLOCK * u32::try_from(input.len() >> 16).unwrap_or(0);
                host.run(&script, limit).await.map_err(Refusal::Link)
            }
        }
    }

    /// Looks at one pane: its state and its screen, by one client. `None` when there is no such pane, or
    /// its process ended.
    ///
    /// # Errors
    /// When tmux is missing, hangs or may not be asked.
    pub async fn peek(&self, pane: PaneId) -> Result<Option<Peek>> {
        match self.run(&Peek::queries(pane)).await {
            Ok(text) => Ok(Peek::parse(pane, &text, mark()).0),
            Err(Refusal::NoServer(_) | Refusal::NoPane(_)) => Ok(None),
            Err(refusal) => Err(self.explain(refusal)),
        }
    }

    /// Looks at several panes by one client; those behind one that is just gone are left out.
    pub async fn peeks(&self, panes: &[PaneId]) -> Peeks {
        let mut seen = Peeks::from_now_on();
        let queries: Vec<_> = panes.iter().flat_map(|pane| Peek::queries(*pane)).collect();
        if queries.is_empty() {
            return seen;
        }
        // What was printed before a refusal is still a look.
        let Ok(output) = self.run_lines(&queries).await else { return seen };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut rest = text.as_str();
        for pane in panes {
            let (peek, behind) = Peek::parse(*pane, rest, mark());
            rest = behind;
            seen.screens.extend(peek.map(|peek| (*pane, peek)));
        }
        seen
    }

    pub(super) fn name(&self) -> String {
        match &self.host {
            None => format!("tmux socket {}", self.socket),
            Some(host) => format!("tmux socket {} on {}", self.socket, host.client().target()),
        }
    }

    pub(super) fn explain(&self, refusal: Refusal) -> Failure {
        match refusal {
            Refusal::Exec(error) => exec::explain(TMUX, &error),
            Refusal::Link(failure) => failure,
            Refusal::Missing => Failure::new(
                Kind::MissingProgram,
                self.name(),
                "tmux is not installed there, or not on PATH",
                "install it on that host",
            ),
            Refusal::NoServer(message) => {
                Failure::failed(self.name(), message, "`mosaic-tui fleet start` starts the fleet")
            }
            Refusal::Ending(message) => self.ending(&message),
            Refusal::Unreachable(server) => Failure::failed(self.name(), server.to_string(), REACHED_BY),
            // Looking by hand would only meet it again.
            Refusal::LongPath(message) => Failure::failed(
                self.name(),
                message,
                "set TMUX_TMPDIR to a shorter folder, or shorten `tmux.socket_name`",
            ),
            Refusal::NoPane(message) | Refusal::Tmux(message) => {
                Failure::failed(self.name(), message, self.hand_check())
            }
        }
    }

    /// A server that was told to end and waits for clients, which are named.
    fn ending(&self, message: &str) -> Failure {
        // Processes of another host are not seen from here.
        let clients = if self.host.is_none() { clients::clients_on(&self.socket) } else { Vec::new() };
        let clients: Vec<String> = clients.iter().map(u32::to_string).collect();
        if clients.is_empty() {
            return Failure::failed(self.name(), format!("{message}: it is just ending"), "try again in a moment");
        }
        Failure::failed(
            self.name(),
            format!("was told to end, and waits for its clients: pid {}", clients.join(", ")),
            format!("detach or end them (`kill {}`), and start again", clients.join(" ")),
        )
    }

    pub(super) fn hand_check(&self) -> String {
        let there = self.host.as_ref().map(|host| format!("ssh {} ", host.client().target())).unwrap_or_default();
        format!("look with `{there}{}`", self.socket.command("list-sessions"))
    }
}

/// Commands as one client's arguments.
pub(super) fn arguments(commands: &[Vec<String>]) -> impl Iterator<Item = String> {
    commands.iter().enumerate().flat_map(|(at, words)| {
        let separator = (at > 0).then(|| ";".to_owned());
        separator.into_iter().chain(words.iter().map(|word| as_argument(word)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_socket_is_named_by_no_option_at_all() {
        let args = Reader::new(SocketName::DEFAULT).client_args(false);
        assert_eq!(args, ["-u", "-N"]);
        let args = Reader::new(SocketName::named("f").unwrap()).client_args(true);
        assert_eq!(args, ["-u", "-f", "/dev/null", "-L", "f"]);
    }
}
