//! The supervisor: looks, decides, does, one tick after the other; on events, and at least every interval.
//!
//! What is under way with one agent never holds up the others: each works by itself, and the next tick leaves its agent
//! alone. What a tick decides is pure (`app::factory`); what happened is told in one line a decision and kept in the
//! activity history.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use serde_json::json;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use super::desk::Desk;
use super::give::Giving;
use super::in_use::InUse;
use super::kept::Kept;
use super::looking::{self, Known};
use super::remembered::remember;
use super::steps::{self, Ended, paused};
use super::troubles::{At, Troubles};
use super::{trees, witness};
use crate::app::action::error::DONE;
use crate::app::action::supervise::Supervise;
use crate::app::factory::{Asked, Cards, Decision, Memory, Seat, Settings, Situation, tick};
use crate::app::perform::activity::record;
use crate::app::perform::backlog::pipeline;
use crate::app::perform::output::{self, Printed};
use crate::backlog::model::{CardId, Column};
use crate::backlog::place::Intent;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::escalations;
use crate::fleet::home::{Site, fingerprint};
use crate::fleet::model::{AgentName, Cause, Escalation, FleetSnapshot, Label};
use crate::fleet::north_star;
use crate::fleet::observe;
use crate::fleet::os::process;
use crate::fleet::session;
use crate::fleet::supervision::{self, Held, SupervisorLock};

/// How often it is asked whether the backlog changed: one cheap question.
const ASK_BACKLOG: Duration = Duration::from_millis(400);

/// Time between the two looks of a single tick.
// Longer than what two looks have to lie apart, so that these two can agree.
const SECOND_LOOK: Duration = Duration::from_millis(300);

/// How often a full disk is tried again at the start.
const ASK_FOR_ROOM: Duration = Duration::from_secs(1);

/// What is under way when it is told to go is waited for.
// Below the 45 s after which systemd kills its unit.
const FINISHES_WITHIN: Duration = Duration::from_secs(35);

/// What was seen within so long of an agent's start or end may be from before it: all planes are looked at each second.
const SETTLES_AFTER: Duration = Duration::from_millis(1500);

/// Supervises until it is told to go, or once; the exit code.
///
/// # Errors
/// When another supervises already, or the fleet cannot be looked at.
pub(in crate::app) async fn supervise(site: &Site, wanted: &Supervise) -> Result<u8> {
    let used = InUse::load(site)?;
    if wanted.dry_run {
        return Supervisor::new(site, wanted, used, Intent::Read)?.once().await;
    }
    if wanted.once {
        let _lock = supervision::hold(site).await?.taken()?;
        return Supervisor::new(site, wanted, used, Intent::Write)?.once().await;
    }
    // Before anybody can see that it supervises: from then on it can be told to go.
    let io = |error: std::io::Error| Failure::failed("supervisor", error.to_string(), "try again");
    let mut terminate = signal(SignalKind::terminate()).map_err(io)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(io)?;
    let Some(lock) = seat(site, &mut terminate, &mut interrupt).await? else { return Ok(DONE) };
    Supervisor::new(site, wanted, used, Intent::Write)?.live(lock, terminate, interrupt).await
}

/// Becomes the supervisor, once there is room for its lock; `None` when it is told to go before.
async fn seat(site: &Site, terminate: &mut Signal, interrupt: &mut Signal) -> Result<Option<SupervisorLock>> {
    let mut troubles = Troubles::default();
    loop {
        match supervision::hold(site).await? {
            Held::Taken(lock) => return Ok(Some(lock)),
            // Whoever started it may not look again, and the disk may have room in a minute.
            Held::NoRoom(failure) => {
                troubles.take(At::State, &format!("{failure}; it begins once there is room"));
                session::tell_service_manager("READY=1\nSTATUS=waits for room on the disk");
            }
        }
        tokio::select! {
            _ = terminate.recv() => return Ok(None),
            _ = interrupt.recv() => return Ok(None),
            () = tokio::time::sleep(ASK_FOR_ROOM) => {}
        }
    }
}

/// A decision that was carried out, and how that ended.
struct Done {
    decision: Decision,
    ended: Ended,
    begun: Timestamp,
}

type Work<'a> = FuturesUnordered<Pin<Box<dyn Future<Output = Done> + 'a>>>;

struct Supervisor<'a> {
    site: &'a Site,
    wanted: &'a Supervise,
    desk: Desk,
    known: Arc<Mutex<Known>>,
    used: InUse,
    memory: Memory,
    kept: Kept,
    /// Agents with which something is under way.
    busy: BTreeSet<AgentName>,
    /// Agents that were started or ended just now, and when.
    settling: BTreeMap<AgentName, Instant>,
    /// Agents that hold a card.
    holding: BTreeSet<AgentName>,
    looks: u64,
    /// Work trees of cards that are done.
    sweeping: trees::Sweeping,
    troubles: Troubles,
    /// What is tried at each tick and fails, and why, so that it is told once.
    failing: BTreeMap<String, String>,
    /// Whether anybody still reads what is printed.
    heard: bool,
    /// Whether something that was decided failed.
    failed: bool,
}

/// What the last tick saw: while all of it stays the same there is nothing new to decide.
#[derive(PartialEq)]
struct Seen {
    seats: Vec<Seat>,
    revision: String,
    paused: Option<String>,
}

impl<'a> Supervisor<'a> {
    fn new(site: &'a Site, wanted: &'a Supervise, used: InUse, intent: Intent) -> Result<Self> {
        let (kept, memory) = Kept::load(site);
        Ok(Self {
            site,
            wanted,
            desk: Desk::start(site, intent)?,
            known: Arc::default(),
            used,
            memory,
            kept,
            busy: BTreeSet::new(),
            settling: BTreeMap::new(),
            holding: BTreeSet::new(),
            looks: 0,
            sweeping: trees::Sweeping::new(),
            troubles: Troubles::default(),
            failing: BTreeMap::new(),
            heard: true,
            failed: false,
        })
    }

    /// One tick on two looks that have to agree.
    async fn once(mut self) -> Result<u8> {
        let first = observe::once(self.site, (*self.used.roster).clone()).await;
        let situation = self.situation(&first).await;
        self.memory.look(&situation);
        tokio::time::sleep(SECOND_LOOK).await;
        let second = observe::once(self.site, (*self.used.roster).clone()).await;
        let situation = self.situation(&second).await;
        self.memory.look(&situation);
        let decisions = tick(&situation, &self.memory);
        if self.wanted.dry_run {
            if decisions.is_empty() && !self.wanted.json {
                output::print("nothing to do\n")?;
            }
            for decision in &decisions {
                self.print(decision, None);
            }
            return Ok(if self.troubles.is_empty() { DONE } else { crate::app::action::error::FAILED });
        }
        self.memory.decided(&decisions);
        let mut work = Work::new();
        for decision in decisions {
            self.begin(decision, &mut work).await;
        }
        while let Some(done) = work.next().await {
            self.finish(done).await;
        }
        self.save();
        // Whoever runs it once reads the code, and not what it prints.
        Ok(if self.troubles.is_empty() && !self.failed { DONE } else { crate::app::action::error::FAILED })
    }

    /// One tick after the other, until it is told to go.
    async fn live(mut self, mut lock: SupervisorLock, mut terminate: Signal, mut interrupt: Signal) -> Result<u8> {
        let mut observer = observe::start(self.site.clone())?;
        let seen_by_all = witness::start(self.site);
        let mut work = Work::new();
        let mut last: Option<Seen> = None;
        let mut due = Instant::now();
        session::tell_service_manager("READY=1\nSTATUS=supervises");
        while self.heard {
            let mut news = false;
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                Some(done) = work.next() => {
                    self.finish(done).await;
                    news = true;
                    // Its answer is the next snapshot; with a full queue one comes anyway.
                    let _asked_already = observer.requests.try_send(observe::Request::Refresh);
                }
                changed = observer.snapshots.changed() => {
                    if changed.is_err() {
                        return Err(Failure::failed("supervisor", "its observer ended", "start it again"));
                    }
                }
                () = tokio::time::sleep(ASK_BACKLOG) => {}
            }
            let newest = observer.snapshots.borrow_and_update().clone();
            let Some(snapshot) = newest else { continue };
            seen_by_all.see(&snapshot);
            self.reload();
            match lock.keep(self.site).await {
                Ok(()) => self.troubles.take(At::Lock, ""),
                // What this one has under way ends by its short leases, and the other one goes on.
                Err(failure) if failure.kind == Kind::Refused => return Err(failure),
                Err(failure) => self.troubles.take(At::Lock, &failure.to_string()),
            }
            self.settling.retain(|_, ended| ended.elapsed() < SETTLES_AFTER);
            let seen = Seen {
                seats: self.seats(&snapshot),
                // A backlog that cannot be asked looks the same each time, and is read again when
                // the interval is over.
                revision: self.desk.with(|backlog| backlog.store().revision()).await.unwrap_or_default(),
                paused: paused(self.site),
            };
            if !news && !self.memory.doubts() && Instant::now() < due && last.as_ref() == Some(&seen) {
                continue;
            }
            last = Some(seen);
            let situation = self.situation(&snapshot).await;
            self.memory.look(&situation);
            let decisions = tick(&situation, &self.memory);
            // What takes its time only begins here, and runs once it is polled above: the memory is
            // written down before.
            self.memory.decided(&decisions);
            for decision in decisions {
                self.begin(decision, &mut work).await;
            }
            let done = situation.cards.as_ref().map(|cards| cards.counts.of(Column::Done));
            self.sweeping.sweep(self.site, &self.used.roster, &self.desk, done).await;
            self.save();
            due = Instant::now() + self.pause(situation.now);
        }
        let finished = async {
            while let Some(done) = work.next().await {
                self.finish(done).await;
            }
        };
        if tokio::time::timeout(FINISHES_WITHIN, finished).await.is_err() {
            tracing::warn!("what was under way is left: its lease ends by itself");
        }
        self.save();
        seen_by_all.end().await;
        Ok(DONE)
    }

    /// How long nothing has to be looked at when nothing happens.
    fn pause(&self, now: Duration) -> Duration {
        let interval = self.wanted.interval.unwrap_or(self.used.roster.supervise.interval);
        let backoff = self.memory.next_due(now).map_or(interval, |until| until.saturating_sub(now));
        // Right behind the end of a pause, not right before it.
        interval.min(backoff + Duration::from_millis(50))
    }

    /// The roster and the pipeline as they are now.
    fn reload(&mut self) {
        let invalid = self.used.renew(self.site).err();
        self.troubles.take(At::Roster, &invalid.map(|failure| failure.to_string()).unwrap_or_default());
    }

    async fn situation(&mut self, snapshot: &FleetSnapshot) -> Situation {
        self.looks += 1;
        let seats = self.seats(snapshot);
        let moved = self.move_on().await;
        let open = escalations::read(self.site);
        let cards = self.cards(&seats, at_the_gate(open.as_deref().unwrap_or_default())).await;
        let held = cards.iter().flat_map(|cards| &cards.held);
        self.holding = held.filter(|held| held.here).filter_map(|held| AgentName::parse(&held.owner).ok()).collect();
        let mut troubles: Vec<String> = moved.err().iter().map(ToString::to_string).collect();
        troubles.extend(cards.as_ref().err().map(ToString::to_string));
        troubles.extend(open.as_ref().err().map(ToString::to_string));
        self.troubles.take(At::Look, &troubles.join("; "));
        // A list that cannot be read is an empty one here: `raise` looks for the subject in the file
        // itself, so nothing is escalated twice for it.
        let mut here = open.unwrap_or_default();
        here.retain(|one| one.host == self.site.host && one.tenant_id == self.site.tenant_id);
        let untold = here.iter().filter(|one| !one.told && one.is_open());
        Situation {
            now: process::since_boot(),
            look: self.looks,
            paused: paused(self.site),
            seats,
            cards: cards.ok(),
            goals: self.goals(),
            untold: untold.map(|one| (one.id.clone(), one.subject.clone())).collect(),
            escalated: here.into_iter().map(|one| one.subject).collect(),
            trees: self.sweeping.stay.clone(),
            settings: Settings {
                linger: self.used.roster.supervise.linger,
                concurrency: self.used.roster.supervise.concurrency.clone(),
                elsewhere: looking::elsewhere(self.site, &self.used.roster),
            },
        }
    }

    fn seats(&self, snapshot: &FleetSnapshot) -> Vec<Seat> {
        let is_busy = |name| self.busy.contains(&name) || self.settling.contains_key(&name);
        looking::seats(self.site, &self.used.roster, snapshot, &is_busy, &|name| self.memory.asks_for_age(name))
    }

    /// Brings every card as far as the pipeline has it go by itself; that is in the history of each.
    async fn move_on(&self) -> Result<()> {
        let Some(pipeline) = self.used.pipeline.clone().filter(|_| !self.wanted.dry_run) else { return Ok(()) };
        // A card that moves on ends somebody's work and begins another's, and a pause holds up both.
        if paused(self.site).is_some() {
            return Ok(());
        }
        let site = self.site.clone();
        self.desk.with(move |backlog| Ok(pipeline::advance(&site, &pipeline, backlog))).await?
    }

    async fn cards(&self, seats: &[Seat], asked: BTreeSet<CardId>) -> Result<Cards> {
        let (assignees, host) = (looking::assignees(seats), self.site.host.clone());
        let (known, line) = (Arc::clone(&self.known), self.memory.line);
        let pipeline = self.used.pipeline.clone();
        self.desk
            .with(move |backlog| {
                // What it guards is whole between any two statements.
                let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
                looking::cards(backlog, &assignees, &host, &mut known, (line, pipeline.as_deref(), &asked))
            })
            .await
    }

    /// Tells one set of goals from the next; empty without any.
    fn goals(&self) -> String {
        // Never a plain read: a pipe of that name would hold up every tick.
        let text = crate::plain::read(&north_star::file::path(self.site), north_star::file::MAX_BYTES);
        text.map(|text| fingerprint(text.as_bytes())).unwrap_or_default()
    }

    /// Begins what was decided: what takes its time goes on by itself.
    async fn begin(&mut self, decision: Decision, work: &mut Work<'a>) {
        let begun = Timestamp::now();
        let Some(name) = decision.occupies() else {
            let ended = self.at_once(&decision).await;
            self.failed |= ended.good() == Some(false);
            if self.is_news(&decision, &ended) {
                self.told(&Done { decision, ended, begun });
            }
            return;
        };
        let (site, desk, InUse { roster, pipeline }) = (self.site, self.desk.clone(), self.used.clone());
        let ttl_seconds = self.wanted.ttl_seconds.unwrap_or(roster.supervise.ttl_seconds);
        let lease_seconds = self.wanted.lease_seconds;
        let goals = !self.goals().is_empty();
        let holds = self.holding.contains(&name);
        self.busy.insert(name);
        work.push(Box::pin(async move {
            let ended = match roster.local(site, name.as_str()) {
                Err(failure) => Ended::Failed(failure.to_string()),
                Ok(agent) => match &decision {
                    Decision::Dispatch { card, .. } => {
                        let (desk, roster, pipeline) = (&desk, &roster, pipeline.as_deref());
                        let giving = Giving { site, desk, roster, pipeline, lease_seconds, ttl_seconds };
                        giving.give(card, agent).await
                    }
                    Decision::Replan { .. } => {
                        steps::say(site, &roster, agent, "replan", &steps::request_for_cards(goals)).await
                    }
                    Decision::Review { card, .. } => steps::look_back(site, &roster, &desk, agent, card).await,
                    Decision::Tell { id, .. } => match told_of(site, id) {
                        Some(text) => steps::say(site, &roster, agent, "escalation", &text).await,
                        None => Ended::Moot("it is settled".to_owned()),
                    },
                    Decision::Clear { .. } => steps::clear(site, &roster, agent, holds).await,
                    life => steps::live(site, &roster, life, agent).await,
                },
            };
            Done { decision, ended, begun }
        }));
    }

    /// Does what takes no time.
    async fn at_once(&mut self, decision: &Decision) -> Ended {
        let done: Result<String> = match decision {
            Decision::Reclaim { .. } => self.desk.with(|backlog| backlog.reclaim(None)).await.map(|cards| {
                let ids: Vec<String> = cards.iter().map(|card| card.id.to_string()).collect();
                if ids.is_empty() { "somebody else did".to_owned() } else { ids.join(", ") }
            }),
            Decision::Release { card, agent, why } => {
                let (card, agent, why) = (*card, *agent, why.to_string());
                self.desk
                    .with(move |backlog| {
                        let held = backlog.store().card(&card)?.and_then(|card| card.claim);
                        match held.filter(|claim| claim.owner == agent.as_str()) {
                            // By the token that was read here: a claim that somebody makes in
                            // between is not taken away.
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

    /// Whether it is worth a line how something ended that takes no time: what fails is tried again at each tick.
    fn is_news(&mut self, decision: &Decision, ended: &Ended) -> bool {
        match ended {
            Ended::Failed(why) => self.failing.insert(decision.what(), why.clone()).as_ref() != Some(why),
            _ => {
                self.failing.remove(&decision.what());
                true
            }
        }
    }

    /// Takes in how something ended.
    async fn finish(&mut self, done: Done) {
        let now = process::since_boot();
        if let Some(agent) = done.decision.occupies() {
            self.busy.remove(&agent);
            if !matches!(
                done.decision,
                Decision::Dispatch { .. } | Decision::Replan { .. } | Decision::Tell { .. } | Decision::Review { .. }
            ) {
                self.settling.insert(agent, Instant::now());
            }
        }
        self.failed |= done.ended.good() == Some(false);
        remember(&mut self.memory, &done.decision, &done.ended, now);
        match (&done.decision, &done.ended) {
            (Decision::Replan { agent, .. }, Ended::Well(_)) => {
                // Read behind the delivery: what changed while it was on its way is no reason to ask again.
                let mark = self.mark().await;
                self.memory.asked = mark.map(|mark| Asked { agent: *agent, mark, at: now });
            }
            (Decision::Tell { id, .. }, Ended::Well(_)) => {
                if let Err(failure) = escalations::told(self.site, id).await {
                    self.memory.could_not_tell(id, &failure.to_string(), now);
                }
            }
            _ => {}
        }
        self.told(&done);
        self.save();
    }

    /// What the backlog and the goals are now.
    async fn mark(&mut self) -> Option<String> {
        let cards = self.cards(&[], BTreeSet::new()).await.ok()?;
        let situation = Situation {
            now: Duration::ZERO,
            look: 0,
            paused: None,
            seats: Vec::new(),
            cards: Some(cards),
            goals: self.goals(),
            escalated: BTreeSet::new(),
            untold: Vec::new(),
            trees: None,
            settings: Settings::default(),
        };
        Some(situation.mark())
    }

    /// Tells what was decided, and how it ended, in one line, and keeps it.
    fn told(&mut self, done: &Done) {
        record::keep_decision(self.site, &done.decision, done.ended.words(), done.ended.good(), done.begun);
        self.print(&done.decision, Some(&done.ended));
    }

    fn print(&mut self, decision: &Decision, ended: Option<&Ended>) {
        let outcome = ended.map(Ended::words).filter(|words| !words.is_empty());
        let now = Timestamp::now();
        let line = if self.wanted.json {
            output::json_line(&json!({
                "ts": now.to_string(), "tenant_id": self.site.tenant_id, "host": self.site.host,
                "decision": decision.word(), "agent": decision.agent(), "card": decision.card(),
                "what": decision.what(), "why": decision.why(),
                "outcome": outcome, "good": ended.and_then(Ended::good),
            }))
        } else {
            let time = now.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string();
            let outcome = outcome.map(|outcome| format!(" -> {outcome}")).unwrap_or_default();
            let would = if self.wanted.dry_run { "would: " } else { "" };
            let line = format!("{time}  {would}{} ({}){outcome}", decision.what(), decision.why());
            Label::new(&line).to_string()
        };
        match output::print(&format!("{line}\n")) {
            Ok(Printed::Whole) => {}
            Ok(Printed::Closed) => self.heard = false,
            Err(failure) => tracing::warn!(%failure, "a decision was not printed"),
        }
    }

    /// Writes down what the next supervisor has to know.
    fn save(&mut self) {
        if !self.wanted.dry_run {
            let failed = self.kept.save(&self.memory).err();
            self.troubles.take(At::State, &failed.unwrap_or_default());
        }
    }
}

/// The cards that wait for a person since the gate refuses them.
fn at_the_gate(open: &[Escalation]) -> BTreeSet<CardId> {
    let at_gate = open.iter().filter(|one| one.subject.cause == Cause::Gate);
    at_gate.filter_map(|one| CardId::parse(one.subject.card.as_deref()?).ok()).collect()
}

/// What the coordinating seat is told of an escalation; `None` when it is settled.
fn told_of(site: &Site, id: &str) -> Option<String> {
    let one = escalations::read(site).ok()?.into_iter().find(|one| one.id == id)?;
    Some(format!(
        "Escalation {id}: {}. Why: {}. Tried: {}. `mosaic-tui fleet escalations` lists all; once you look after it, \
         `mosaic-tui fleet ack {id}`.",
        one.subject, one.why, one.tried
    ))
}
