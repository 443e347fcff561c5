//! What is delivered to whom, on this host or another, and the receipt for it.

use jiff::Timestamp;

use super::deliver::{Delivering, Options, Outcome, Phase, What, lock_busy};
use super::frame::check_word;
use super::lease::CLAIM_WITHIN;
use super::receipt::{Delivery, Receipt};
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

/// The agents of one process's deliveries: the links to other hosts stay open between them.
#[derive(Debug)]
pub struct Post<'a> {
    site: &'a Site,
    links: Links,
}

impl<'a> Post<'a> {
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
        for (what, word) in [("source", Some(&envelope.source)), ("class", envelope.class.as_ref())] {
            word.map_or(Ok(()), |word| check_word(what, word)).map_err(invalid)?;
        }
        let message = envelope.framed(&text);
        self.deliver((agent, server), What::Message(&message), options).await
    }

    /// Sends a command of the runtime, without a frame.
    ///
    /// # Errors
    /// As for [`Self::send`].
    pub async fn command(&self, to: (&Agent, &ServerName), command: &str, options: Options) -> Result<Receipt> {
        self.deliver(to, What::Command(command), options).await
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
        self.deliver(to, What::Answer(choice, question), options).await
    }

    async fn deliver(
        &self,
        (agent, server): (&Agent, &ServerName),
        what: What<'_>,
        options: Options,
    ) -> Result<Receipt> {
        // Unique among all hosts: it stands on the pane while the delivery lasts.
        let id = format!(
            "m{:x}-{}-{}",
            process::since_boot().as_nanos(),
            std::process::id(),
            &fingerprint(self.site.host.as_bytes())[..6]
        );
        let receipt = |(delivery, reason): Outcome| Receipt {
            delivery,
            reason,
            agent: agent.name.to_string(),
            tenant_id: agent.tenant_id.clone(),
            host: agent.host.clone(),
            message_id: id.clone(),
            bytes: what.text().len(),
            typed: false,
        };
        let rules = screen::rules_for(self.site, &agent.runtime)?;
        // Senders of this host stand in line here, and meet those of others at the pane.
        let path = self.site.run_file(&agent.name, RunFile::Send);
        let Some(_line) = lockfile::hold(&path, CLAIM_WITHIN, lockfile::open).await? else {
            return Ok(receipt(lock_busy()));
        };
        let tmux = Tmux::at(server, &self.links);
        let pane = match own_pane(&tmux, agent).await {
            Ok(Some(pane)) => pane,
            Ok(None) => {
                return Ok(receipt((
                    Delivery::Dead,
                    "it has no live pane; `mosaic-tui fleet start` makes one".to_owned(),
                )));
            }
            Err(failure) if failure.kind == Kind::Failed => return Ok(receipt(Phase::Looking.told(&failure))),
            Err(failure) => return Err(failure),
        };
        let mut phase = Phase::Looking;
        let delivering = Delivering {
            tmux: &tmux,
            links: &self.links,
            server,
            pane: pane.0,
            pid: pane.1,
            rules: rules.as_ref(),
            report: &|| self.report(agent, server),
            agent: &agent.name,
            runtime: &agent.runtime,
            what,
            options,
        };
        let outcome = match delivering.run(&id, &mut phase).await {
            Ok(outcome) => outcome,
            Err(failure) if failure.kind == Kind::Failed => phase.told(&failure),
            Err(failure) => return Err(failure),
        };
        Ok(Receipt { typed: phase != Phase::Looking, ..receipt(outcome) })
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
