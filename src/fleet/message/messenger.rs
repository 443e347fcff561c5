//! What is delivered to whom, on this host or another, and the receipt for it.

use jiff::Timestamp;

use super::deliver::{Delivering, What};
use super::frame::{check_word, new_id};
use super::lease::CLAIM_WITHIN;
use super::options::Options;
use super::phase::{Phase, lock_busy};
use super::receipt::{Delivery, Outcome, Receipt};
use super::{Envelope, check_text};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::heartbeat;
use crate::fleet::home::{RunFile, Site, fingerprint};
use crate::fleet::model::{Authority, HeartbeatStatus, PaneId, ServerName};
use crate::fleet::os::lockfile;
use crate::fleet::os::process;
use crate::fleet::readiness;
use crate::fleet::roster::Agent;
use crate::fleet::screen;
use crate::fleet::ssh::Links;
use crate::fleet::tmux::{Tmux, panes_of};

/// Takes the messages of one process to agents: the links to other hosts stay open between them.
#[derive(Debug)]
pub struct Messenger<'a> {
    site: &'a Site,
    links: Links,
}

impl<'a> Messenger<'a> {
    /// Nothing is connected yet.
    #[must_use]
    pub fn new(site: &'a Site) -> Self {
        Self { site, links: Links::new(&site.home) }
    }

    /// Whose deliveries.
    #[must_use]
    pub fn site(&self) -> &'a Site {
        self.site
    }

    /// Sends a text to an agent.
    ///
    /// # Errors
    /// When the text or the frame is not valid, or the rules of the agent's screen are not; what happens to
    /// the message itself is in the receipt.
    pub async fn send(
        &self,
        (agent, server): (&Agent, &ServerName),
        envelope: &Envelope,
        text: &str,
        options: Options,
    ) -> Result<Receipt> {
        let invalid =
            |why: String| Failure::new(Kind::Invalid, format!("message to {}", agent.name), why, "nothing was sent");
        let text = check_text(text).map_err(invalid)?;
        let words =
            [("source", Some(&envelope.source)), ("via", envelope.via.as_ref()), ("class", envelope.class.as_ref())];
        for (what, word) in words {
            word.map_or(Ok(()), |word| check_word(what, word)).map_err(invalid)?;
        }
        let id = new_id();
        let message = envelope.framed(&text, &id);
        self.deliver((agent, server), What::Message(&message), id, options).await
    }

    /// Sends a command of the runtime, without a frame.
    ///
    /// # Errors
    /// As for [`Self::send`].
    pub async fn command(&self, to: (&Agent, &ServerName), command: &str, options: Options) -> Result<Receipt> {
        self.deliver(to, What::Command(command), new_id(), options).await
    }

    /// Takes a text away that a killed delivery left in the composer, where one did.
    ///
    /// # Errors
    /// As for [`Self::send`].
    pub async fn clear(&self, to: (&Agent, &ServerName), options: Options) -> Result<Receipt> {
        self.deliver(to, What::Nothing, new_id(), options).await
    }

    /// Answers a question that the runtime asks, by its choice (from 1); with `question`, only that one.
    ///
    /// # Errors
    /// As for [`Self::send`].
    pub async fn answer(
        &self,
        to: (&Agent, &ServerName),
        choice: usize,
        question: Option<&str>,
        options: Options,
    ) -> Result<Receipt> {
        self.deliver(to, What::Answer(choice, question), new_id(), options).await
    }

    async fn deliver(
        &self,
        (agent, server): (&Agent, &ServerName),
        what: What<'_>,
        id: String,
        options: Options,
    ) -> Result<Receipt> {
        // Unique among all hosts, which no short id is: it stands on the pane while the delivery lasts.
        let owner = format!(
            "m{:x}-{}-{}",
            process::since_boot().as_nanos(),
            std::process::id(),
            &fingerprint(self.site.host.as_bytes())[..6]
        );
        let receipt =
            |outcome| Receipt { message_id: id.clone(), bytes: what.text().len(), ..Receipt::of(agent, outcome) };
        let rules = screen::rules_for(self.site, &agent.runtime)?;
        // Senders of this host stand in line here, and meet those of others at the pane.
        // A file lock costs nothing while it is waited for; at the pane each try is a tmux client.
        let path = self.site.run_file(&agent.name, RunFile::Send);
        let Some(_line) = lockfile::hold(&path, CLAIM_WITHIN, lockfile::open).await? else {
            return Ok(receipt(lock_busy()));
        };
        let tmux = Tmux::at(server, &self.links);
        let pane = match own_pane(&tmux, agent).await {
            Ok(Some(pane)) => pane,
            Ok(None) => {
                return Ok(receipt(Outcome::new(
                    Delivery::Dead,
                    "it has no live pane; `mosaic-tui fleet start` makes one".to_owned(),
                )));
            }
            // What fails on the way is what became of the message, and belongs into its receipt; only what is
            // wrong with the request is an error.
            Err(failure) if failure.kind == Kind::Failed => return Ok(receipt(Phase::Looking.told(&failure))),
            Err(failure) => return Err(failure),
        };
        let began = server.ssh.is_none().then(|| process::began(pane.1)).flatten();
        let mut phase = Phase::Looking;
        let delivering = Delivering {
            tmux: &tmux,
            links: &self.links,
            server,
            pane: pane.0,
            pid: pane.1,
            rules: rules.as_ref(),
            report: &|| self.report(agent, server),
            took: &|| self.took(agent, server, &id),
            agent: &agent.name,
            runtime: &agent.runtime,
            what,
            options,
        };
        let outcome = match delivering.run(&owner, &mut phase).await {
            Ok(outcome) => outcome,
            Err(failure) if failure.kind == Kind::Failed => phase.told(&failure),
            Err(failure) => return Err(failure),
        };
        let ended = server.ssh.is_none() && !process::is_alive(pane.1);
        Ok(Receipt { typed: !matches!(phase, Phase::Looking | Phase::LeftBehind), ended, began, ..receipt(outcome) })
    }

    /// Whether the runtime of an agent of this host reported that it took this message. Its hook tells that before the
    /// keeper hears of it, so its own file is read.
    fn took(&self, agent: &Agent, server: &ServerName, id: &str) -> bool {
        let path = self.site.run_file(&agent.name, RunFile::Report);
        let report = || heartbeat::read(&path, Timestamp::now(), self.site.thresholds.heartbeat_interval).ok();
        // Reports of another host lie in that host's files.
        server.ssh.is_none() && report().and_then(|report| report.msg).is_some_and(|msg| msg.as_str() == id)
    }

    /// What the runtime of an agent of this host reported last, unless that is stale.
    fn report(&self, agent: &Agent, server: &ServerName) -> Option<HeartbeatStatus> {
        if server.ssh.is_some() {
            return None;
        }
        let thresholds = &self.site.thresholds;
        let path = self.site.run_file(&agent.name, RunFile::Heartbeat);
        let beat = heartbeat::read(&path, Timestamp::now(), thresholds.heartbeat_interval).ok()?;
        let age = Timestamp::now().duration_since(beat.ts).unsigned_abs();
        (beat.by == Authority::Runtime && readiness::is_in_time(age, thresholds)).then_some(beat.status)
    }
}

/// The agent's own live pane and its process, whichever pane of the window is active.
async fn own_pane(tmux: &Tmux, agent: &Agent) -> Result<Option<(PaneId, u32)>> {
    let panes = tmux.panes().await?;
    Ok(panes_of(&panes, &agent.session, &agent.name).first().filter(|pane| !pane.dead).map(|pane| (pane.id, pane.pid)))
}
