//! Asks tmux servers by short-lived clients, each server in a task of its own: one that hangs holds up its own
//! agents and nobody else's.

use std::collections::{HashMap, HashSet};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::rest::Rest;
use crate::fleet::model::{PaneId, ServerName, SocketName};
use crate::fleet::tmux::{Look, Peeks, Reader, Screens};

/// Answers that wait to be taken; there is at most one look and one peek of each server.
const ANSWERS: usize = 64;

/// What a server said.
#[derive(Debug)]
pub(super) enum Answer {
    /// Its panes, and the screens that it hands over behind them.
    Look(SocketName, Result<Look, String>, Option<Screens>),
    /// Screens of some of them.
    Screens(ServerName, Peeks),
}

/// What is asked of a server at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Asked {
    Look,
    Screens,
}

/// The questions that are under way.
pub(super) struct Clients {
    answers: mpsc::Sender<Answer>,
    busy: HashMap<(SocketName, Asked), JoinHandle<()>>,
    /// Looks that were asked for while one was under way, which may have begun before what happened.
    again: HashSet<SocketName>,
    /// Servers that have nothing new to say.
    rest: Rest,
}

impl Drop for Clients {
    fn drop(&mut self) {
        for task in self.busy.values() {
            task.abort();
        }
    }
}

impl Clients {
    /// None yet, and where the answers arrive.
    pub(super) fn new() -> (Self, mpsc::Receiver<Answer>) {
        let (answers, arrive) = mpsc::channel(ANSWERS);
        (Self { answers, busy: HashMap::new(), again: HashSet::new(), rest: Rest::default() }, arrive)
    }

    /// Asks for the panes; once more when that is under way already.
    pub(super) fn look(&mut self, socket: SocketName) {
        // The answer of a task that is finished waits to be taken, and says nothing of what happened since.
        if self.busy.get(&(socket, Asked::Look)).is_some_and(|task| !task.is_finished()) {
            self.again.insert(socket);
            return;
        }
        let tmux = Reader::new(socket);
        self.ask(socket, Asked::Look, async move {
            Answer::Look(socket, tmux.look().await.map_err(|failure| failure.to_string()), None)
        });
    }

    /// Asks for the panes, unless the server has not run since it was last asked anything.
    pub(super) fn look_unless_at_rest(&mut self, socket: SocketName) {
        if !self.rest.lasts(socket) {
            self.look(socket);
        }
    }

    /// Notes that a server, this process, is at rest, unless it is being asked something.
    pub(super) fn note_rest(&mut self, socket: SocketName, pid: u32) {
        if !self.busy.keys().any(|(of, _)| *of == socket) {
            self.rest.note(socket, pid);
        }
    }

    /// Asks for the panes and their screens, for the first time.
    pub(super) fn survey(&mut self, socket: SocketName) {
        self.ask(socket, Asked::Look, async move {
            let (look, screens) = Reader::new(socket).survey().await;
            Answer::Look(socket, look.map_err(|failure| failure.to_string()), screens)
        });
    }

    /// Waits for screens that a server hands over, as [`Self::peek`] does for those that are asked for.
    pub(super) fn read(&mut self, socket: SocketName, screens: Screens) {
        self.ask(
            socket,
            Asked::Screens,
            async move { Answer::Screens(ServerName::here(&socket), screens.read().await) },
        );
    }

    /// Whether screens are waited for.
    pub(super) fn are_reading(&self) -> bool {
        self.busy.keys().any(|(_, asked)| *asked == Asked::Screens)
    }

    /// Whether a question for panes has no answer yet that was taken.
    pub(super) fn are_looking(&self) -> bool {
        self.busy.keys().any(|(_, asked)| *asked == Asked::Look)
    }

    /// Asks for screens, unless that is under way, or an answer waits to be taken.
    pub(super) fn peek(&mut self, server: ServerName, panes: Vec<PaneId>) {
        if self.busy.contains_key(&(server.socket, Asked::Screens)) {
            return;
        }
        let tmux = Reader::new(server.socket);
        self.ask(server.socket, Asked::Screens, async move {
            let screens = tmux.peeks(&panes).await;
            Answer::Screens(server, screens)
        });
    }

    /// Notes that an answer was taken; what was asked for in between is asked now.
    pub(super) fn taken(&mut self, answer: &Answer) {
        match answer {
            Answer::Look(socket, ..) => {
                self.busy.remove(&(*socket, Asked::Look));
                if self.again.remove(socket) {
                    self.look(*socket);
                }
            }
            Answer::Screens(server, _) => drop(self.busy.remove(&(server.socket, Asked::Screens))),
        }
    }

    fn ask(&mut self, socket: SocketName, asked: Asked, question: impl Future<Output = Answer> + Send + 'static) {
        self.rest.ends(socket);
        self.busy.retain(|_, task| !task.is_finished());
        let answers = self.answers.clone();
        self.busy.entry((socket, asked)).or_insert_with(|| {
            tokio::spawn(async move {
                let answer = question.await;
                let _observer_ended = answers.send(answer).await;
            })
        });
    }
}
