//! The screens of agents: which of them tell something, and what they say.

use std::collections::HashMap;

use futures_util::future::join_all;
use jiff::Timestamp;

use super::super::kept::{Kept, Standing};
use super::super::printed::Rows;
use super::{NOT_READ, Observed};
use crate::fleet::join::Reading;
use crate::fleet::model::{PaneId, ServerName, SocketName};
use crate::fleet::screen::Summary;
use crate::fleet::tmux::{Look, PaneRecord, Peek, Peeks, Reader, Screens, panes_of};

/// What a server said of its panes, and the screens that it hands over behind them.
pub(in crate::fleet::observe) type Looked = (SocketName, Result<Look, String>, Option<Screens>);

/// What a server said of screens.
pub(in crate::fleet::observe) type Peeked = (ServerName, Peeks);

/// A screen, and what was read on it.
struct ReadScreen {
    id: PaneId,
    peek: Peek,
    rows: Rows,
    reading: Reading<Summary>,
}

impl Observed {
    /// Opens what is kept of each server of this host, before the first look.
    pub(in crate::fleet::observe) fn open_kept(&mut self) {
        let open = |socket| (ServerName::here(&socket), Kept::open(&self.site, &socket));
        self.kept = self.sockets().into_iter().map(open).collect();
    }

    /// Whether most of a server's screens are kept, so that it is asked for the others only.
    pub(in crate::fleet::observe) fn keeps_most(&self, socket: SocketName) -> bool {
        self.kept.get(&ServerName::here(&socket)).is_some_and(Kept::holds_most)
    }

    /// Takes what is kept apart, while servers are waited for.
    pub(in crate::fleet::observe) fn parse_kept(&mut self) {
        let now = Timestamp::now();
        self.kept.values_mut().for_each(|kept| kept.parse(now));
    }

    /// Takes what is kept of panes that have stood since; their screens are not due then.
    pub(in crate::fleet::observe) fn take_kept(&mut self) {
        for (key, (pane, runtime)) in &self.told {
            let Some(kept) = self.kept.get(&key.0).filter(|kept| kept.holds_most()) else { continue };
            let Some(rules) = self.rules.mark(&self.site, runtime) else { continue };
            let Some(Standing { asked, rows, summary }) = kept.of(pane, rules) else { continue };
            self.polls.entry(key.0.clone()).or_default().mark_read(pane, asked);
            self.printed.take(&key.0, key.1, rows);
            self.screens.insert(key.clone(), Reading::new(Ok(summary), Timestamp::now()));
        }
    }

    /// Keeps what was read for the next program that looks. One that may not write goes without.
    pub(in crate::fleet::observe) fn keep_screens(&mut self) {
        for (server, kept) in std::mem::take(&mut self.kept) {
            // A server that says nothing may say later that all stands as it was.
            let looked = self.tmux.get(&server).map(|reading| &reading.facts);
            let answered = matches!(looked, Some(Ok(Look::Panes(_) | Look::NoServer)));
            // Whoever only looks at a folder that is not there does not make it.
            if self.site.read_only || !answered || !self.site.run_dir.is_dir() {
                continue;
            }
            let of_server = self.told.iter().filter(|((of, _), _)| *of == server);
            let panes: Vec<&PaneRecord> = of_server.map(|(_, (pane, _))| pane).collect();
            if let Err(error) = kept.write(&panes) {
                tracing::debug!("the screens of tmux socket {} are not kept: {error}", server.socket);
            }
        }
    }

    /// Asks every socket for the first time, with one short-lived client each, all at the same time; [`Self::take_look`]
    /// takes what each says.
    pub(in crate::fleet::observe) fn ask_servers(&self) -> impl Future<Output = Vec<Looked>> + use<> {
        let ask = |socket: SocketName| {
            let keeps_most = self.keeps_most(socket);
            async move {
                let reader = Reader::new(socket);
                let (look, screens) = if keeps_most { (reader.look().await, None) } else { reader.survey().await };
                (socket, look.map_err(|failure| failure.to_string()), screens)
            }
        };
        join_all(self.sockets().into_iter().map(ask))
    }

    /// Live panes whose screens are to tell their agents' state, with the runtimes: those whose screens are
    /// known, whether they report for themselves or not: a question outranks a report.
    fn panes_read_by_screen(&mut self) -> HashMap<(ServerName, PaneId), (PaneRecord, String)> {
        let mut told = HashMap::new();
        // Grouped once, or each agent would walk all panes.
        let mut sessions: HashMap<(&ServerName, &str), Vec<&PaneRecord>> = HashMap::new();
        for (server, reading) in &self.tmux {
            if let Ok(Look::Panes(panes)) = &reading.facts {
                for pane in panes {
                    sessions.entry((server, &pane.session.0)).or_default().push(pane);
                }
            }
        }
        for agent in &self.roster.agents {
            let server = self.roster.server(agent, &self.site);
            if !self.rules.knows(&self.site, &agent.runtime) {
                continue;
            }
            let Some(panes) = sessions.get(&(&server, agent.session.0.as_str())) else { continue };
            let own = panes_of(panes.iter().copied(), &agent.session, &agent.name);
            if let Some(pane) = own.first().filter(|pane| !pane.dead) {
                told.insert((server, pane.id), ((*pane).clone(), agent.runtime.clone()));
            }
        }
        told
    }

    /// Says which screens tell something now: forgets the others, and says of those that are to be read that they
    /// were not.
    pub(in crate::fleet::observe) fn reconcile_screens(&mut self) {
        self.told = self.panes_read_by_screen();
        let told = &self.told;
        self.screens.retain(|key, _| told.contains_key(key));
        self.printed.retain(|server, pane| told.contains_key(&(server.clone(), pane)));
        for (server, poll) in &mut self.polls {
            poll.retain(|pane| told.contains_key(&(server.clone(), pane)));
        }
        for key in told.keys() {
            let unread = || Reading::new(Err(NOT_READ.to_owned()), Timestamp::now());
            self.screens.entry(key.clone()).or_insert_with(unread);
        }
    }

    /// Panes of this host whose screens have moved, by server.
    pub(in crate::fleet::observe) fn due_screens(&mut self) -> HashMap<ServerName, Vec<PaneId>> {
        let mut due: HashMap<ServerName, Vec<PaneId>> = HashMap::new();
        for ((server, _), (pane, _)) in self.told.iter().filter(|((server, _), _)| server.ssh.is_none()) {
            if self.polls.entry(server.clone()).or_default().needs_read(pane) {
                due.entry(server.clone()).or_default().push(pane.id);
            }
        }
        due
    }

    /// Takes screens that were read. Those that could not be are due again, and what they said before stands.
    pub(in crate::fleet::observe) fn take_screens(&mut self, server: &ServerName, peeks: Peeks) {
        for (id, peek) in peeks.screens {
            if let Some(screen) = self.read_screen(server, id, peek) {
                self.take_screen(server, peeks.asked, screen);
            }
        }
    }

    /// Takes screens that servers hand over. Those of one alone, which is the common case, are each read while the next are
    /// on their way; of several none waits for another.
    pub(in crate::fleet::observe) async fn take_handed_over(&mut self, handed_over: Vec<(ServerName, Screens)>) {
        let [(server, screens)] = match <[_; 1]>::try_from(handed_over) {
            Ok(one) => one,
            Err(several) => {
                let read = |(server, screens): (ServerName, Screens)| async { (server, screens.read().await) };
                return self.take_peeks(join_all(several.into_iter().map(read)).await);
            }
        };
        let (asked, mut read) = (screens.asked, Vec::new());
        if screens.each(|id, peek| read.extend(self.read_screen(&server, id, peek))).await {
            read.into_iter().for_each(|screen| self.take_screen(&server, asked, screen));
        }
    }

    /// Reads a screen by its runtime's rules; `None` where it tells nothing.
    fn read_screen(&mut self, server: &ServerName, id: PaneId, peek: Peek) -> Option<ReadScreen> {
        let (_, runtime) = self.told.get(&(server.clone(), id))?;
        let reading = self.rules.read(&self.site, runtime, &peek)?;
        Some(ReadScreen { id, rows: Rows::of(&peek), peek, reading })
    }

    fn take_screen(&mut self, server: &ServerName, asked: Timestamp, screen: ReadScreen) {
        let ReadScreen { id, peek, rows, reading } = screen;
        let key = (server.clone(), id);
        let Some((pane, runtime)) = self.told.get(&key) else { return };
        self.polls.entry(server.clone()).or_default().mark_read(pane, asked);
        if let (Some(kept), Ok(summary)) = (self.kept.get_mut(server), &reading.facts)
            && let Some(rules) = self.rules.mark(&self.site, runtime)
        {
            kept.take(pane, rules, &peek, Standing { asked, rows: rows.clone(), summary: summary.clone() });
        }
        self.printed.take(server, id, rows);
        self.screens.insert(key, reading);
    }

    /// Asks for the screens of these servers that are due, all at the same time; [`Self::take_peeks`] takes what they say.
    pub(in crate::fleet::observe) fn ask_screens<F: Fn(&ServerName) -> bool>(
        &mut self,
        of: F,
    ) -> impl Future<Output = Vec<Peeked>> + use<F> {
        let ask = |(server, panes): (ServerName, Vec<PaneId>)| async move {
            let peeks = Reader::new(server.socket).peeks(&panes).await;
            (server, peeks)
        };
        join_all(self.due_screens().into_iter().filter(|(server, _)| of(server)).map(ask))
    }

    /// Takes what servers said of screens.
    pub(in crate::fleet::observe) fn take_peeks(&mut self, peeked: Vec<Peeked>) {
        for (server, peeks) in peeked {
            self.take_screens(&server, peeks);
        }
    }
}
