//! The first look: the whole of the fleet before anything is shown, but nobody who hangs has a part in it.

use std::collections::HashSet;
use std::time::Duration;

use super::Actor;
use crate::fleet::model::SocketName;
use crate::fleet::observe::clients::Answer;
use crate::fleet::tmux::Screens;

/// Time for the first answer of servers beside the fleet's own, and for the screens.
const FIRST_ANSWERS: Duration = Duration::from_millis(500);

impl Actor {
    /// Waits for what the fleet's own server says first, and a moment for the others.
    pub(super) async fn first_answers(&mut self) {
        let sockets = self.observed.sockets();
        self.observed.open_kept();
        for socket in &sockets {
            if self.observed.keeps_most(*socket) {
                self.clients.look(*socket);
            } else {
                self.clients.survey(*socket);
            }
        }
        let mut waiting: HashSet<SocketName> = sockets.iter().copied().collect();
        // The servers are asked by then, and answer while the files are read.
        tokio::task::yield_now().await;
        self.observed.read_beats(None);
        self.observed.parse_kept();
        self.dirty.heartbeats = false;
        let late = tokio::time::sleep(FIRST_ANSWERS);
        tokio::pin!(late);
        let mut patient = true;
        while !waiting.is_empty() && (patient || sockets.first().is_some_and(|own| waiting.contains(own))) {
            tokio::select! {
                Some(answer) = self.answers.recv() => {
                    if let Answer::Look(socket, ..) = &answer {
                        waiting.remove(socket);
                    }
                    self.take(answer);
                }
                () = &mut late, if patient => patient = false,
            }
        }
    }

    /// Takes the screens that are kept of a server that has answered, or those that it hands over, and asks for the others.
    pub(super) fn begin_screens(&mut self, socket: SocketName, screens: Option<Screens>) {
        self.observed.reconcile_screens();
        match screens {
            Some(screens) => self.clients.read(socket, screens),
            None => {
                self.observed.take_kept();
                self.read_screens();
            }
        }
    }

    /// Reads process trees while the screens arrive, and waits a moment for those. Whoever waits for a state must not take
    /// the first look for the whole of it.
    pub(super) async fn first_screens(&mut self) {
        let late = tokio::time::sleep(FIRST_ANSWERS);
        tokio::pin!(late);
        // What is asked for by then is under way meanwhile.
        tokio::task::yield_now().await;
        self.observed.read_processes();
        while self.clients.are_reading() {
            tokio::select! {
                Some(answer) = self.answers.recv() => {
                    self.take(answer);
                }
                () = &mut late => return,
            }
        }
        // Of panes that no keeper marked.
        let asked = self.observed.ask_screens(|_| true);
        tokio::select! {
            peeked = asked => self.observed.take_peeks(peeked),
            () = &mut late => {}
        }
    }
}
