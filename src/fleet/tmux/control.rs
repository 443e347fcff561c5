//! A control-mode client: queries without forks, and a notice when anything changes.
//!
//! It attaches to a session that already exists and adds none of its own. It is a process of this program, since tmux's
//! own client can crash the server (see [`super::handshake`]), and may be killed at any moment. A wedged client is cut
//! off by a time limit on each query; the caller then falls back to polling.

use std::collections::VecDeque;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot};

use super::command::{Query, quote};
use super::handshake::door;
use super::mark::mark;
use super::panes::{PaneRecord, parse_list};
use super::peek::Peek;
use super::protocol::{Reader, Spoken};
use super::server::Tmux;
use crate::fleet::error::{Failure, Result};
use crate::fleet::exec;
use crate::fleet::model::PaneId;

/// Queries waiting for an answer; one observer asks a handful at a time.
const MAX_PENDING: usize = 64;

/// The command of this program that is a control client.
pub(super) const CONTROL: [&str; 2] = ["session", "control"];

/// A control client answers in well under a millisecond; after this it counts as wedged.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// What a control client tells unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// Something about the server's sessions, windows or panes changed.
    Changed,
    /// The client ended, with tmux's reason.
    Gone(String),
}

/// A connected control client; dropping it ends it.
#[derive(Debug)]
pub struct ControlClient {
    ask: mpsc::Sender<Asked>,
    /// The socket by which it came, and its number then.
    door: (PathBuf, Option<u64>),
}

#[derive(Debug)]
struct Asked {
    line: String,
    answer: oneshot::Sender<Result<String, String>>,
}

/// The number of the file at a path.
fn number_of(path: &Path) -> Option<u64> {
    std::fs::metadata(path).ok().map(|meta| meta.ino())
}

impl ControlClient {
    /// Attaches to a session and subscribes to changes of the whole server.
    ///
    /// Notices arrive on `notices`; a full channel drops repeats, since one notice says it all.
    ///
    /// # Errors
    /// When the client cannot be started or does not answer in time.
    pub async fn connect(tmux: &Tmux, session: &str, notices: mpsc::Sender<Notice>) -> Result<Self> {
        let door = door(&tmux.query(&Query::VersionAndPath).await?).map_err(|why| {
            Failure::failed("tmux control client", why, "nothing is to be done; changes are seen later")
        })?;
        let words = ["--".into(), door.as_os_str().to_owned(), session.into()];
        let number = number_of(&door);
        let mut child = exec::converse_with_self(CONTROL, &words, Stdio::null())
            .map_err(|error| exec::explain("tmux control client", &error))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Failure::failed("tmux control client", "has no pipes", "try again"));
        };
        let (ask, asked) = mpsc::channel(MAX_PENDING);
        tokio::spawn(serve(child, stdin, stdout, asked, notices));
        let client = Self { ask, door: (door, number) };
        client.query(&Query::SubscribeAll).await?;
        Ok(client)
    }

    /// Whether who comes now reaches the same server: its socket's file may be gone, or another server have taken its path.
    #[must_use]
    pub fn is_where_others_come(&self) -> bool {
        number_of(&self.door.0) == self.door.1
    }

    /// Asks the server over the open connection.
    ///
    /// # Errors
    /// When the client is gone, wedged, or tmux refuses.
    pub async fn query(&self, query: &Query) -> Result<String> {
        let failed = |why: String| Failure::failed("tmux control client", why, "falling back to polling");
        let (answer, answered) = oneshot::channel();
        let asked = Asked { line: quote(&query.words()), answer };
        match tokio::time::timeout(ANSWER_LIMIT, async {
            self.ask.send(asked).await.map_err(|_| "is gone".to_owned())?;
            answered.await.map_err(|_| "ended before it answered".to_owned())?
        })
        .await
        {
            Ok(result) => result.map_err(failed),
            Err(_) => Err(failed(format!("gave no answer within {} s", ANSWER_LIMIT.as_secs()))),
        }
    }

    /// One pane's state and screen; `None` when it is gone.
    pub async fn peek(&self, pane: PaneId) -> Option<Peek> {
        let (state, text) = (Query::PaneState(pane), Query::Text(pane));
        let (state, text) = tokio::join!(self.query(&state), self.query(&text));
        let both = format!("{}\n{}\n", state.ok()?.trim_end_matches('\n'), text.ok()?);
        Peek::parse(pane, &both, mark()).0
    }

    /// All panes of the server.
    ///
    /// # Errors
    /// As for [`Self::query`].
    pub async fn panes(&self) -> Result<Vec<PaneRecord>> {
        let text = self.query(&Query::ListPanes).await?;
        parse_list(&text).map_err(|why| Failure::failed("tmux control client", why, "falling back to polling"))
    }
}

/// Owns the client's pipes until either side closes.
async fn serve(
    child: Child,
    mut stdin: ChildStdin,
    stdout: ChildStdout,
    mut asked: mpsc::Receiver<Asked>,
    notices: mpsc::Sender<Notice>,
) {
    let _ends_with_us = child;
    let mut lines = BufReader::new(stdout).split(b'\n');
    let mut reader = Reader::default();
    let mut waiting: VecDeque<oneshot::Sender<Result<String, String>>> = VecDeque::new();
    // A command that arrives before the client is attached is refused: "no current client".
    let mut attached = false;
    let mut held: VecDeque<Asked> = VecDeque::new();
    let why = 'talk: loop {
        while attached && let Some(request) = held.pop_front() {
            let line = request.line + "\n";
            if let Err(error) = stdin.write_all(line.as_bytes()).await {
                break 'talk error.to_string();
            }
            waiting.push_back(request.answer);
        }
        tokio::select! {
            request = asked.recv() => {
                let Some(request) = request else { return };
                held.push_back(request);
            }
            line = lines.next_segment() => {
                let bytes = match line {
                    Ok(Some(bytes)) => bytes,
                    Ok(None) => break "closed its output".to_owned(),
                    Err(error) => break error.to_string(),
                };
                match reader.line(&String::from_utf8_lossy(&bytes)) {
                    Ok(None) => {}
                    Ok(Some(Spoken::Reply { ok, text })) => {
                        if let Some(answer) = waiting.pop_front() {
                            // The asker may have given up already.
                            let _unheard = answer.send(if ok { Ok(text) } else { Err(text) });
                        }
                    }
                    Ok(Some(Spoken::Attached)) if !attached => attached = true,
                    Ok(Some(Spoken::Attached | Spoken::Changed)) => {
                        let _repeat = notices.try_send(Notice::Changed);
                    }
                    Ok(Some(Spoken::Exit(why))) => {
                        break if why.is_empty() { "ended".to_owned() } else { why };
                    }
                    Err(why) => break why,
                }
            }
        }
    };
    // The last word must arrive even when repeats fill the channel.
    let _observer_ended = notices.send(Notice::Gone(why)).await;
}
