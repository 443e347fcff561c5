//! Giving a card to an agent: a short lease first, then the brief, and the card's whole time only once the brief arrived.
//!
//! Killed at any instant a half-made dispatch ends by its short lease: nothing is written down about it. What did not
//! arrive is given back at once, with the reason.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::desk::Desk;
use super::steps::{Ended, options, paused, restart};
use crate::app::perform::agent::reset_command;
use crate::app::perform::backlog::{Terms, brief};
use crate::backlog::model::{Card, CardId, Patch, Status};
use crate::backlog::store::ClaimRequest;
use crate::fleet::activity::{self, Behind, Door};
use crate::fleet::comms::{self, SUPERVISOR};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::message::{Delivery, Envelope, Messenger, Receipt, Refusal};
use crate::fleet::model::{AgentName, Label};
use crate::fleet::pipeline::Pipeline;
use crate::fleet::roster::{Agent, Roster};
use crate::fleet::session;
use crate::fleet::worktree::{self, Place as Tree};

/// Longest reason that the history of a card keeps, in characters.
// The history shows a line for each; a runtime's whole screen does not belong there.
const MAX_REASON: usize = 400;

/// What a card is given with.
pub(super) struct Giving<'a> {
    pub site: &'a Site,
    pub desk: &'a Desk,
    pub roster: &'a Roster,
    /// What cards go through; `None` where the roster names none.
    pub pipeline: Option<&'a Pipeline>,
    /// Seconds for which the card is claimed while its brief is delivered.
    pub lease_seconds: i64,
    /// Seconds for which it is claimed once that arrived.
    pub ttl_seconds: i64,
}

/// Why a brief did not arrive.
enum Not {
    /// The agent does not take it.
    Agent(String),
    /// It is the card that cannot be told.
    Card(String),
    /// It is the agent's entry or the card.
    Either(String),
    /// The backlog or this host failed.
    Desk(String),
    /// A delivery that was broken off left its text in the agent's composer.
    LeftBehind(String),
    /// The agent ended meanwhile: whoever brings it back keeps count of that.
    Ended(String),
    /// The agent works on something else meanwhile.
    Free(String),
    /// The lease was lost meanwhile.
    Lost(String),
}

impl Not {
    /// What a failure of the backlog under a lease means.
    fn of_backlog(failure: &Failure) -> Self {
        match failure.kind {
            Kind::Failed => Self::Desk(failure.to_string()),
            _ => Self::Lost(failure.to_string()),
        }
    }
}

/// A lease under which a brief is delivered.
#[derive(Clone, Copy)]
struct Lease {
    id: CardId,
    owner: AgentName,
    token: i64,
}

impl Giving<'_> {
    /// Gives a card to an agent.
    pub(super) async fn give(&self, id: &CardId, agent: &Agent) -> Ended {
        if let Some(why) = paused(self.site) {
            return Ended::Moot(format!("{why} meanwhile"));
        }
        let request = ClaimRequest {
            owner: agent.name.to_string(),
            ttl_seconds: Some(self.lease_seconds),
            id: Some(*id),
            phase: None,
            assignee: Some(agent.class.clone()),
        };
        let card = match self.desk.with(move |backlog| backlog.claim(&request)).await {
            Ok(Some(card)) => card,
            Ok(None) => return Ended::Moot("it cannot be claimed any more".to_owned()),
            Err(failure) => {
                return match failure.kind {
                    Kind::Failed | Kind::MissingProgram => Ended::Desk(failure.to_string()),
                    // Somebody took it away, or changed what it waits for.
                    Kind::Refused | Kind::NotFound => Ended::Moot(failure.to_string()),
                    Kind::Invalid => Ended::Failed(failure.to_string()),
                };
            }
        };
        let Some(token) = card.claim.as_ref().map(|claim| claim.token) else {
            return Ended::Failed("it was claimed without a token".to_owned());
        };
        let lease = Lease { id: *id, owner: agent.name, token };
        let briefed = self.under(&lease, self.brief(&lease, agent)).await;
        match briefed {
            Ok(receipt) => self.keep(&lease, &card, receipt.delivery.word(), receipt.began).await,
            Err(Not::Lost(why)) => Ended::Moot(why),
            // Who is to blame decides who waits: the agent, the card, or nobody.
            Err(Not::Agent(why)) => self.back(&lease, why, Ended::Agent).await,
            Err(Not::Card(why)) => self.back(&lease, why, Ended::Card).await,
            Err(Not::Either(why)) => self.back(&lease, why, Ended::Either).await,
            Err(Not::Desk(why)) => self.back(&lease, why, Ended::Desk).await,
            Err(Not::Ended(why) | Not::Free(why)) => self.back(&lease, why, Ended::Moot).await,
            Err(Not::LeftBehind(why)) => {
                let ended = self.back(&lease, why, Ended::Moot).await;
                match restart(self.site, self.roster, agent).await {
                    Ok(_) => ended,
                    Err(failure) => Ended::Agent(failure.to_string()),
                }
            }
        }
    }

    /// Keeps the short lease while something is done under it.
    async fn under<T>(&self, lease: &Lease, work: impl Future<Output = T>) -> T {
        // A pane may be another sender's for a minute.
        // A third: one renewal may be late or fail, and the next still comes in time.
        let every = Duration::from_secs(self.lease_seconds.unsigned_abs()) / 3;
        let mut due = interval_at(Instant::now() + every, every);
        // A store that hung must not be asked three times at once when it is back.
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // Beside the work, not between two steps of it: a text that waits for its Enter must not wait for the backlog.
        let kept = async {
            loop {
                due.tick().await;
                if let Err(failure) = self.renew(lease, self.lease_seconds).await {
                    // The delivery goes on: `keep` asks once more at its end, and finds out
                    // whether the card was lost.
                    tracing::warn!(%failure, card = %lease.id, "the lease of a card was not renewed");
                }
            }
        };
        tokio::select! {
            done = work => done,
            never = kept => never,
        }
    }

    /// Seconds for which a card is the agent's: its own, else what is given with all.
    fn ttl(&self, card: &Card) -> i64 {
        card.ttl_seconds.unwrap_or(self.ttl_seconds)
    }

    async fn renew(&self, lease: &Lease, ttl_seconds: i64) -> Result<()> {
        let Lease { id, owner, token } = *lease;
        self.desk.with(move |backlog| backlog.renew(&id, owner.as_str(), token, Some(ttl_seconds)).map(drop)).await
    }

    /// Clears the agent's conversation where the roster says so, and delivers the brief.
    async fn brief(&self, lease: &Lease, agent: &Agent) -> std::result::Result<Receipt, Not> {
        if agent.reset_between_tasks {
            // Before the brief is sent: what clears a conversation would clear the brief too.
            self.reset(agent).await?;
        }
        let id = lease.id;
        // Read again under the lease, as the card may have been edited between the look and the claim.
        let detail = self.desk.with(move |backlog| backlog.detail(&id)).await;
        let detail = detail.map_err(|failure| Not::of_backlog(&failure))?;
        let tree = self.tree(&detail.card, agent).await?;
        let claim = detail.card.claim.as_ref();
        let terms = Terms {
            // The claim lasts for the card's whole time once this has arrived.
            expires: claim.map(|claim| claim.at.plus_seconds(self.ttl(&detail.card))),
            folder: Some(tree.as_ref().map_or(&agent.working_directory, |tree| &tree.folder)),
            branch: tree.as_ref().map(|tree| tree.branch.as_str()),
            ..Terms::of(&detail.card)
        };
        // What it can fail at is the template, which is every card's.
        let text = brief(self.site, &detail, &terms, self.pipeline);
        let mut text = text.map_err(|failure| Not::Desk(failure.to_string()))?;
        if let Some(template) = &agent.kickstart {
            let first = session::kickstart_text(self.site, agent, template).map_err(Not::Agent)?;
            // A command of the runtime is none within a message.
            if !first.starts_with('/') {
                text = format!("{}\n\n{text}", first.trim_end());
            }
        }
        // Two briefs end alike, and by its end a runtime is seen to have taken one.
        text.push_str(&format!("\n\nThis was the brief of {}, token {}.", lease.id, lease.token));
        // What was done until now took its time: a pause that began meanwhile is in force, and a lease that is over must not
        // be briefed.
        if let Some(why) = paused(self.site) {
            return Err(Not::Free(format!("{why} meanwhile")));
        }
        self.renew(lease, self.lease_seconds).await.map_err(|failure| Not::of_backlog(&failure))?;
        let envelope = Envelope {
            source: format!("{}:{SUPERVISOR}", self.site.host),
            via: None,
            target: comms::address(agent),
            class: Some("brief".to_owned()),
        };
        let server = self.roster.server(agent, self.site);
        let sent = Messenger::new(self.site).send((agent, &server), &envelope, &text, options()).await;
        // A text that cannot be sent at all is the card's fault.
        let receipt = sent.map_err(|failure| Not::Card(failure.to_string()))?;
        let behind = Behind { sender: &envelope.source, door: Door::Supervisor };
        let _logged = activity::note(self.site, &activity::sent(self.site, behind, &envelope, &receipt, &text));
        arrived(receipt)
    }

    /// The work tree of a card, where the agent's entry asks for one.
    async fn tree(&self, card: &Card, agent: &Agent) -> std::result::Result<Option<Tree>, Not> {
        let Some(wanted) = &agent.worktree else { return Ok(None) };
        let made = worktree::prepare(self.site, wanted, agent, card.id.as_str(), &card.branch).await;
        let tree = made.map_err(|failure| match failure.kind {
            // The branch that the card names is in use, or is none.
            Kind::Refused | Kind::Invalid => Not::Card(failure.to_string()),
            // Without git no card of any agent gets a work tree.
            Kind::MissingProgram => Not::Desk(failure.to_string()),
            // Git names no culprit: the entry's repository, its base, the disk, or what the card calls its branch.
            Kind::Failed | Kind::NotFound => Not::Either(failure.to_string()),
        })?;
        if card.branch != tree.branch {
            // By this the gate finds its work.
            let (id, patch) = (card.id, Patch { branch: Some(tree.branch.clone()), ..Patch::default() });
            // Written down before the brief is sent: an agent that is fast may be at the gate
            // before it would be.
            let noted = self.desk.with(move |backlog| backlog.edit(&id, &patch, None).map(drop)).await;
            noted.map_err(|failure| Not::of_backlog(&failure))?;
        }
        Ok(Some(tree))
    }

    async fn reset(&self, agent: &Agent) -> std::result::Result<(), Not> {
        let Some(command) = reset_command(agent) else {
            return Err(Not::Agent(format!("it is not known how {} begins a new conversation", agent.runtime)));
        };
        let server = self.roster.server(agent, self.site);
        let sent = Messenger::new(self.site).command((agent, &server), command, options()).await;
        let receipt = sent.map_err(|failure| Not::Agent(failure.to_string()))?;
        let sender = format!("{}:{SUPERVISOR}", self.site.host);
        let behind = Behind { sender: &sender, door: Door::Supervisor };
        let event = activity::delivery(self.site, activity::Kind::Reset, behind, &comms::address(agent), &receipt);
        let _logged = activity::note(self.site, &event);
        arrived(receipt).map(drop)
    }

    /// The brief arrived at a process that began then: the card is the agent's for its whole time.
    async fn keep(&self, lease: &Lease, card: &Card, word: &str, began: Option<Duration>) -> Ended {
        let desk = self.desk.patient();
        let patient = Giving { desk: &desk, ..*self };
        let Err(failure) = patient.renew(lease, self.ttl(card)).await else {
            return Ended::Taken { how: word.to_owned(), attempts: card.attempts, began };
        };
        let id = lease.id;
        let now = patient.desk.with(move |backlog| backlog.store().card(&id)).await.ok().flatten();
        match now {
            // A fast worker has finished before.
            // Its token only grows, so an equal one says that nobody else has had the card since.
            Some(card) if card.last_claim_token == lease.token && card.status != Status::Ready => Ended::Taken {
                how: format!("{word}, and {} already", card.column().word()),
                attempts: card.attempts,
                began,
            },
            _ if failure.kind == Kind::Failed => Ended::Desk(format!("{word}, and its claim was not kept: {failure}")),
            // Whoever has it now got it by the rules; the agent has done what it was asked to.
            _ => Ended::Moot(format!("{word}, and its claim was lost meanwhile: {failure}")),
        }
    }

    /// Gives the lease back with its reason.
    async fn back(&self, lease: &Lease, why: String, ended: fn(String) -> Ended) -> Ended {
        let (id, token) = (lease.id, lease.token);
        // The reason may quote the runtime's screen, with whatever stands there.
        let reason: String = Label::new(&why).as_str().chars().take(MAX_REASON).collect();
        match self.desk.with(move |backlog| backlog.release(&id, token, &reason)).await {
            Ok(_) => ended(why),
            // It ends by itself within a minute.
            Err(failure) => ended(format!("{why}; its lease was not given back: {failure}")),
        }
    }
}

fn arrived(receipt: Receipt) -> std::result::Result<Receipt, Not> {
    let why = format!("{}: {}", receipt.delivery.word(), receipt.reason);
    match receipt.delivery.arrived() {
        true => Ok(receipt),
        // Before the other two: a text that stays in the composer would be sent with the next message,
        // whatever else is true.
        false if receipt.left_behind() => Err(Not::LeftBehind(why)),
        false if receipt.ended || receipt.delivery == Delivery::Dead => Err(Not::Ended(why)),
        // Somebody else's message came first, such as its kickstart: it takes work again once it is through. A message that
        // is on its way for as long as a delivery waits for its turn hangs, and so does whoever it is for.
        false if receipt.refusal == Some(Refusal::Busy) => Err(Not::Free(why)),
        false => Err(Not::Agent(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::factory::{Decision, Memory, Reason};
    use crate::app::perform::factory::desk::hung;
    use crate::app::perform::factory::remembered::remember;
    use crate::backlog::model::NewCard;
    use crate::backlog::place::Intent;

    #[test]
    fn only_an_agent_that_could_have_taken_it_is_blamed() {
        let roster = crate::fleet::roster::parse(
            "version: 1\ntmux: {socket_name: s}\ndefaults: {runtime: stub}\nagents: [{name: a, class: code}]\n",
            std::path::Path::new("r"),
            &Site::for_tests("/h"),
        )
        .unwrap();
        let failure = Failure::failed("h", "no route", "");
        let refused = |refusal| Receipt {
            delivery: Delivery::Refused,
            refusal: Some(refusal),
            ..Receipt::not_tried(&roster.agents[0], &failure)
        };
        assert!(matches!(arrived(refused(Refusal::Busy)), Err(Not::Free(_))));
        assert!(matches!(arrived(refused(Refusal::DraftLeft)), Err(Not::LeftBehind(_))));
        for refusal in [Refusal::DraftPresent, Refusal::LockBusy] {
            assert!(matches!(arrived(refused(refusal)), Err(Not::Agent(_))), "{refusal:?}");
        }
        let ended = Receipt { ended: true, ..refused(Refusal::Busy) };
        assert!(matches!(arrived(ended), Err(Not::Ended(_))));
    }

    fn request(owner: &str, id: CardId) -> ClaimRequest {
        ClaimRequest { owner: owner.to_owned(), ttl_seconds: Some(60), id: Some(id), phase: None, assignee: None }
    }

    fn no_agents(site: &Site) -> Roster {
        std::fs::create_dir_all(site.roster.parent().unwrap()).unwrap();
        std::fs::write(&site.roster, "version: 1\nagents: []\n").unwrap();
        crate::fleet::roster::load(site).unwrap()
    }

    #[tokio::test]
    async fn a_backlog_that_hangs_holds_up_no_delivery() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let (desk, go_on) = hung(&site).await;
        let roster = no_agents(&site);
        let giving =
            Giving { site: &site, desk: &desk, roster: &roster, pipeline: None, lease_seconds: 1, ttl_seconds: 9 };
        let lease = Lease { id: CardId::parse("A1").unwrap(), owner: AgentName::parse("a").unwrap(), token: 1 };
        let begun = Instant::now();
        // It goes on once a renewal waits for the backlog.
        let delivery = async {
            while desk.waiting() == 0 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        giving.under(&lease, delivery).await;
        assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
        drop(go_on);
    }

    #[tokio::test]
    async fn whose_lease_ended_while_the_brief_was_on_its_way_is_not_to_blame() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let desk = Desk::start(&site, Intent::Write).unwrap();
        let id = CardId::parse("A1").unwrap();
        let new = NewCard { id, title: "t".into(), fields: Patch::default(), idempotency_key: None, blocked: false };
        let (card, token) = desk
            .with(move |backlog| {
                backlog.create(&new)?;
                let card = backlog.claim(&request("a", id))?.unwrap();
                let token = card.claim.as_ref().unwrap().token;
                backlog.release(&id, token, "its time was over")?;
                backlog.claim(&request("b", id))?;
                Ok((card, token))
            })
            .await
            .unwrap();
        let (roster, owner) = (no_agents(&site), AgentName::parse("a").unwrap());
        let giving =
            Giving { site: &site, desk: &desk, roster: &roster, pipeline: None, lease_seconds: 60, ttl_seconds: 9 };
        let ended = giving.keep(&Lease { id, owner, token }, &card, "accepted", None).await;
        assert!(ended.words().contains("lost meanwhile"), "{ended:?}");
        let mut memory = Memory::default();
        let decision = Decision::Dispatch { card: id, agent: owner, why: Reason::ForAgent };
        remember(&mut memory, &decision, &ended, Duration::from_secs(1));
        assert_eq!(memory, Memory::default(), "nobody waits for it");
        assert_eq!(ended.good(), None);
    }

    #[tokio::test]
    async fn a_pause_that_began_since_the_claim_holds_up_the_brief() {
        let folder = tempfile::tempdir().unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let desk = Desk::start(&site, Intent::Write).unwrap();
        let id = CardId::parse("A1").unwrap();
        let new = NewCard { id, title: "t".into(), fields: Patch::default(), idempotency_key: None, blocked: false };
        let token = desk
            .with(move |backlog| {
                backlog.create(&new)?;
                Ok(backlog.claim(&request("a", id))?.unwrap().last_claim_token)
            })
            .await
            .unwrap();
        let roster = crate::fleet::roster::parse(
            "version: 1\ntmux: {socket_name: s}\ndefaults: {runtime: stub}\nagents: [{name: a, class: code}]\n",
            std::path::Path::new("r"),
            &site,
        )
        .unwrap();
        let giving =
            Giving { site: &site, desk: &desk, roster: &roster, pipeline: None, lease_seconds: 60, ttl_seconds: 9 };
        let paused = crate::fleet::pause::path(&site.home);
        std::fs::create_dir_all(paused.parent().unwrap()).unwrap();
        std::fs::write(&paused, "").unwrap();
        let lease = Lease { id, owner: roster.agents[0].name, token };
        let Err(Not::Free(why)) = giving.brief(&lease, &roster.agents[0]).await else { panic!("it was sent") };
        assert!(why.ends_with("meanwhile"), "{why}");
    }
}
