//! A shell that is kept open on another host, and commands run in it one after the other.
//!
//! ssh's own exit status 255 may mean many things, so the remote host prints a mark behind each answer: an
//! answer without its mark is none, and the link is dropped.

use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::command::Client;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::model::{Label, SshTarget};
use crate::fleet::os::exec::{self, Output};

/// Time for a login: ssh's own limit on connecting, and the user's start-up files.
const OPEN_LIMIT: Duration = Duration::from_secs(10);

/// A host that could not be reached is not tried again for this long.
const REST: Duration = Duration::from_secs(2);

/// Time for ssh to say why it ended.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Most bytes of one answer.
const MAX_ANSWER: usize = 16 << 20;

/// The links of one process, one per host.
#[derive(Debug)]
pub struct Links {
    home: PathBuf,
    open: std::sync::Mutex<HashMap<SshTarget, Link>>,
}

impl Links {
    /// No link yet, of the fleet in this Mosaic home.
    #[must_use]
    pub fn new(home: &Path) -> Self {
        Self { home: home.to_owned(), open: std::sync::Mutex::default() }
    }

    /// The link to a host; it connects when something is asked.
    #[must_use]
    pub fn to(&self, target: &SshTarget) -> Link {
        // The lock guards a map that every insertion leaves whole.
        let mut open = self.open.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        open.entry(target.clone()).or_insert_with(|| Link::new(Client::new(&self.home, target.clone()))).clone()
    }
}

/// A handle of the shell on one host; clones share it.
#[derive(Debug, Clone)]
pub struct Link {
    client: Client,
    shell: Arc<Mutex<State>>,
}

#[derive(Debug)]
enum State {
    Closed,
    Open(Box<Shell>),
    /// Not to be tried again before then, for this reason.
    Down(Instant, String),
}

impl Link {
    fn new(client: Client) -> Self {
        Self { client, shell: Arc::new(Mutex::new(State::Closed)) }
    }

    /// How the host is reached, for what needs a connection of its own.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Why the host cannot be asked right now, when that is so.
    pub async fn lost(&self) -> Option<String> {
        match &*self.shell.lock().await {
            State::Down(until, why) if Instant::now() < *until => Some(self.failure(why).to_string()),
            _ => None,
        }
    }

    /// Runs a script in the remote shell, with nothing on its standard input.
    ///
    /// # Errors
    /// When ssh is missing, or the host does not answer in time. Whether the script ran is not known then.
    pub async fn run(&self, script: &str, limit: Duration) -> Result<Output> {
        let mut state = self.shell.lock().await;
        // Taken out: whoever gives up in between leaves no half-read answer for the next.
        let mut shell = match std::mem::replace(&mut *state, State::Closed) {
            State::Open(shell) => shell,
            State::Down(until, why) if Instant::now() < until => {
                let failure = self.failure(&why);
                *state = State::Down(until, why);
                return Err(failure);
            }
            // Under the lock: all who ask meanwhile share this login, and make none of their own.
            State::Closed | State::Down(..) => match self.open().await {
                Ok(shell) => Box::new(shell),
                Err(why) => return Err(self.rest(&mut state, why)),
            },
        };
        let answered = tokio::time::timeout(limit, shell.ask(script)).await;
        match answered {
            Ok(Ok(output)) => {
                *state = State::Open(shell);
                Ok(output)
            }
            Ok(Err(why)) => Err(self.rest(&mut state, Why::Lost(why))),
            Err(_) => Err(self.rest(&mut state, Why::Lost(format!("no answer within {} s", limit.as_secs())))),
        }
    }

    async fn open(&self) -> Result<Shell, Why> {
        let path = std::env::var("PATH").unwrap_or_default();
        let program = exec::find_in_path("ssh", &path).ok_or(Why::NoSsh)?;
        let opened = tokio::time::timeout(OPEN_LIMIT, Shell::open(&program, &self.client)).await;
        opened.unwrap_or_else(|_| Err(format!("no login within {} s", OPEN_LIMIT.as_secs()))).map_err(Why::Lost)
    }

    fn rest(&self, state: &mut State, why: Why) -> Failure {
        match why {
            Why::NoSsh => exec::explain("ssh", &exec::ExecError::Missing),
            Why::Lost(why) => {
                let failure = self.failure(&why);
                *state = State::Down(Instant::now() + REST, why);
                failure
            }
        }
    }

    fn failure(&self, why: &str) -> Failure {
        let target = self.client.target();
        let next = format!("`ssh -o BatchMode=yes {target} true` must work by itself");
        Failure::new(Kind::Failed, format!("host {target}"), Label::new(why).to_string(), next)
    }
}

enum Why {
    NoSsh,
    Lost(String),
}

/// An open shell.
#[derive(Debug)]
struct Shell {
    stdin: ChildStdin,
    stdout: Stream<ChildStdout>,
    stderr: Stream<ChildStderr>,
    /// Nothing that a pane shows can look like this.
    mark: String,
    asked: u64,
    _ends_with_us: Child,
}

impl Shell {
    async fn open(program: &Path, client: &Client) -> Result<Self, String> {
        // Whatever shell the user logs in with, what is said from here on is for a POSIX one.
        let mut child = exec::converse(program, &client.plain_args("exec sh"), Stdio::piped())
            .map_err(|error| exec::explain("ssh", &error).to_string())?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else { return Err("ssh has no pipes".to_owned()) };
        let mut random = [0_u8; 16];
        rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty())
            .map_err(|error| error.to_string())?;
        let mark = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut shell = Self {
            stdin,
            stdout: Stream::new(stdout),
            stderr: Stream::new(stderr),
            mark,
            asked: 0,
            _ends_with_us: child,
        };
        // What the user's start-up files print ends here.
        shell.ask("umask 077").await?;
        Ok(shell)
    }

    async fn ask(&mut self, script: &str) -> Result<Output, String> {
        // A number of its own for each: what is left of an earlier answer is never taken for this one.
        self.asked += 1;
        let mark = format!("{}-{}", self.mark, self.asked);
        // Without `/dev/null` a command that reads its input would swallow the scripts that follow.
        let line = format!("{{\n{script}\n}} </dev/null; printf '\\n{mark} %d\\n' $?; printf '\\n{mark} 0\\n' >&2\n");
        let Self { stdin, stdout, stderr, .. } = self;
        let feed = async { stdin.write_all(line.as_bytes()).await.map_err(|error| error.to_string()) };
        // All at once: a long script and a long answer must not wait for each other.
        let talk = async { tokio::join!(feed, stdout.until(&mark)) };
        let listen = stderr.until(&mark);
        tokio::pin!(talk, listen);
        let mut heard = None;
        let (fed, answered) = loop {
            tokio::select! {
                talked = &mut talk => break talked,
                errors = &mut listen, if heard.is_none() => heard = Some(errors),
            }
        };
        let errors = match heard {
            Some(errors) => errors,
            // A shared connection may hold this pipe open beyond our client's end.
            None => tokio::time::timeout(LAST_WORDS, listen).await.unwrap_or(Err(None)),
        };
        match (fed, answered, errors) {
            (Ok(()), Ok((text, code)), Ok((errors, _))) => Ok(Output {
                // The form that wait(2) has for an exit status.
                status: ExitStatus::from_raw(code << 8),
                stdout: text,
                stderr: String::from_utf8_lossy(&errors).into_owned(),
            }),
            // ssh says on its way out why it ends.
            (_, _, Err(Some(words))) => Err(words),
            (Err(why), ..) => Err(why),
            _ => Err("the connection ended".to_owned()),
        }
    }
}

/// What was read of a stream and not yet used.
#[derive(Debug)]
struct Stream<R> {
    from: R,
    buffer: Vec<u8>,
}

impl<R: AsyncReadExt + Unpin> Stream<R> {
    fn new(from: R) -> Self {
        Self { from, buffer: Vec::new() }
    }

    /// Reads up to a mark: what stands before it, and the number behind it. At the end of the stream the last
    /// words on it, if there are any.
    async fn until(&mut self, mark: &str) -> Result<(Vec<u8>, i32), Option<String>> {
        let wanted = format!("\n{mark} ").into_bytes();
        let mut searched = 0;
        loop {
            let found = find(&self.buffer[searched..], &wanted).map(|at| at + searched);
            if let Some(at) = found {
                let behind = at + wanted.len();
                if let Some(end) = self.buffer[behind..].iter().position(|byte| *byte == b'\n') {
                    let code = String::from_utf8_lossy(&self.buffer[behind..behind + end]).parse().unwrap_or(1);
                    let rest = self.buffer.split_off(behind + end + 1);
                    let mut text = std::mem::replace(&mut self.buffer, rest);
                    text.truncate(at);
                    return Ok((text, code));
                }
            }
            // A mark whose line is not whole yet is found again; else its first bytes may stand at the end.
            searched = found.unwrap_or_else(|| self.buffer.len().saturating_sub(wanted.len()));
            let read = self.from.read_buf(&mut self.buffer).await;
            if !matches!(read, Ok(count) if count > 0) || self.buffer.len() > MAX_ANSWER {
                let text = String::from_utf8_lossy(&self.buffer).into_owned();
                return Err(text.lines().rev().find(|line| !line.trim().is_empty()).map(str::to_owned));
            }
        }
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_answer_ends_at_its_mark_and_not_before() {
        let text = b"motd\n\nm-1 0\nout\nm-2 7\n\n\nm-2 3\nrest".as_slice();
        let mut stream = Stream::new(text);
        assert_eq!(stream.until("m-1").await, Ok((b"motd\n".to_vec(), 0)));
        assert_eq!(stream.until("m-2").await, Ok((b"out".to_vec(), 7)));
        let mut cut = Stream::new(b"some\nhost unreachable\n".as_slice());
        assert_eq!(cut.until("m-1").await, Err(Some("host unreachable".to_owned())));
        assert_eq!(Stream::new(b"".as_slice()).until("m").await, Err(None));
    }

    /// Hands out so many bytes at a time.
    struct Dripping(Vec<u8>, usize);

    impl tokio::io::AsyncRead for Dripping {
        fn poll_read(
            mut self: std::pin::Pin<&mut Self>,
            _: &mut std::task::Context<'_>,
            into: &mut tokio::io::ReadBuf<'_>,
        ) -> std::task::Poll<std::io::Result<()>> {
            let count = self.1.min(self.0.len()).min(into.remaining());
            let drops: Vec<u8> = self.0.drain(..count).collect();
            into.put_slice(&drops);
            std::task::Poll::Ready(Ok(()))
        }
    }

    #[tokio::test]
    async fn an_answer_of_any_length_is_seen_however_it_arrives() {
        for step in [1, 2, 7, 31, usize::MAX] {
            // Buffers fill at 64, 128, 256 ... bytes, in the middle of a mark or of its line.
            for length in (0..300).chain([475, 987, 2011, 4059, 8155, 16347]) {
                let mut text = vec![b'x'; length];
                text.extend(format!("\n{}-12 0\nnext\n{0}-13 3\n", "ab".repeat(16)).into_bytes());
                let mut stream = Stream::new(Dripping(text, step));
                let first = stream.until(&format!("{}-12", "ab".repeat(16))).await;
                assert_eq!(first.map(|(text, code)| (text.len(), code)), Ok((length, 0)), "{length} by {step}");
                let second = stream.until(&format!("{}-13", "ab".repeat(16))).await;
                assert_eq!(second, Ok((b"next".to_vec(), 3)), "{length} by {step}");
            }
        }
    }
}
