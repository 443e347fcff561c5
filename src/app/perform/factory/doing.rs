//! What was decided is done: each decision by itself, so that none holds up another.

use jiff::Timestamp;

use super::desk::Desk;
use super::give::Giving;
use super::in_use::InUse;
use super::looking;
use super::steps::{self, Ended};
use crate::app::factory::{Decision, mark, named};
use crate::backlog::model::{BoardQuery, CardId, Column};
use crate::fleet::error::Result;
use crate::fleet::escalations;
use crate::fleet::home::Site;
use crate::fleet::roster::Agent;

/// A decision that was carried out, and how that ended.
pub(super) struct Done {
    pub decision: Decision,
    pub ended: Ended,
    pub begun: Timestamp,
    /// Behind a request for cards: what the backlog and the goals were once it had arrived.
    pub mark: Option<String>,
}

/// What a decision is carried out with.
pub(super) struct Doing<'a> {
    pub site: &'a Site,
    pub desk: Desk,
    pub used: InUse,
    /// Seconds for which a card is claimed while its brief is delivered.
    pub lease_seconds: i64,
    /// Seconds for which it is claimed then.
    pub ttl_seconds: i64,
    /// Whether the agent holds a card.
    pub holds: bool,
    /// Whether there are goals.
    pub goals: bool,
    /// What the backlog and the goals were when it was decided.
    pub mark: Option<String>,
}

impl Doing<'_> {
    /// Does what was decided.
    pub(super) async fn carry_out(self, decision: Decision) -> Done {
        let begun = Timestamp::now();
        let ended = match decision.occupies() {
            Some(name) => match self.used.roster.local(self.site, name.as_str()) {
                Ok(agent) => self.with_agent(agent, &decision).await,
                Err(failure) => Ended::Failed(failure.to_string()),
            },
            None => self.beside_agents(&decision).await,
        };
        let mark = match (&decision, &ended) {
            (Decision::Replan { .. }, Ended::Well(_)) => self.mark_behind().await.or(self.mark),
            _ => None,
        };
        Done { decision, ended, begun, mark }
    }

    async fn with_agent(&self, agent: &Agent, decision: &Decision) -> Ended {
        let (site, desk, InUse { roster, pipeline }) = (self.site, &self.desk, &self.used);
        match decision {
            Decision::Dispatch { card, .. } => {
                let (lease_seconds, ttl_seconds) = (self.lease_seconds, self.ttl_seconds);
                let giving = Giving { site, desk, roster, pipeline: pipeline.as_deref(), lease_seconds, ttl_seconds };
                giving.give(card, agent).await
            }
            Decision::Replan { .. } => {
                steps::say(site, roster, agent, "replan", &steps::request_for_cards(self.goals)).await
            }
            Decision::Review { card, .. } => steps::look_back(site, roster, desk, agent, card).await,
            Decision::Tell { id, .. } => self.tell(agent, id).await,
            Decision::Clear { .. } => steps::clear(site, roster, agent, self.holds).await,
            life => steps::live(site, roster, life, agent).await,
        }
    }

    /// Tells the coordinating seat of an escalation, and notes that.
    async fn tell(&self, agent: &Agent, id: &str) -> Ended {
        let text = match told_of(self.site, id) {
            Ok(Some(text)) => text,
            Ok(None) => return Ended::Moot("it is settled".to_owned()),
            // Nobody knows then whether it is.
            Err(failure) => return Ended::Failed(failure.to_string()),
        };
        let ended = steps::say(self.site, &self.used.roster, agent, "escalation", &text).await;
        if let Ended::Well(_) = ended
            && let Err(failure) = escalations::told(self.site, id).await
        {
            return Ended::Failed(format!("it was told, and that could not be noted: {failure}"));
        }
        ended
    }

    /// Does what no agent has a part in: a word with the backlog or a file.
    async fn beside_agents(&self, decision: &Decision) -> Ended {
        let done: Result<String> = match decision {
            Decision::Reclaim { .. } => self.desk.with(|backlog| backlog.reclaim(None)).await.map(|cards| {
                let ids: Vec<CardId> = cards.iter().map(|card| card.id).collect();
                if ids.is_empty() { "somebody else did".to_owned() } else { named(&ids) }
            }),
            Decision::Release { card, agent, since, why } => {
                let (card, agent, since, why) = (*card, *agent, *since, why.to_string());
                self.desk
                    .with(move |backlog| {
                        let held = backlog.store().card(&card)?.and_then(|card| card.claim);
                        // A claim that was made since is another one, and not taken away.
                        match held.filter(|claim| claim.owner == agent.as_str() && claim.since == since) {
                            Some(claim) => backlog.release(&card, claim.token, &why).map(|_| "released".to_owned()),
                            None => Ok("it is not held any more".to_owned()),
                        }
                    })
                    .await
            }
            Decision::Escalate { subject, why, tried } => {
                let at = Timestamp::now().as_millisecond();
                escalations::raise(self.site, subject, &why.to_string(), tried, at).await.map(|new| match new {
                    Some(new) => new.id,
                    None => "it waits for a person already".to_owned(),
                })
            }
            Decision::Settle { subject, .. } => {
                escalations::settle(self.site, subject).await.map(|_| "settled".to_owned())
            }
            _ => Ok(String::new()),
        };
        done.map_or_else(|failure| Ended::Failed(failure.to_string()), Ended::Well)
    }

    /// What the backlog and the goals are now, where both can be read.
    async fn mark_behind(&self) -> Option<String> {
        // One card, for its counts: they are kept, and all other figures counted.
        let board = self.desk.with(|backlog| backlog.store().board(&BoardQuery { limit: 1, ..BoardQuery::default() }));
        let done = board.await.ok()?.counts.of(Column::Done);
        Some(mark(done, &looking::goals(self.site).ok()?))
    }
}

/// What the coordinating seat is told of an escalation; `None` when it is settled.
fn told_of(site: &Site, id: &str) -> Result<Option<String>> {
    let one = escalations::read(site)?.into_iter().find(|one| one.id == id);
    Ok(one.map(|one| {
        format!(
            "Escalation {id}: {}. Why: {}. Tried: {}. `mosaic-tui fleet escalations` lists all; once you look after it, \
             `mosaic-tui fleet ack {id}`.",
            one.subject, one.why, one.tried
        )
    }))
}
