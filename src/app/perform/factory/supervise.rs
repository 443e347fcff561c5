//! The supervisor: looks, decides, does, one tick after the other; on events, and at least every interval.
//!
//! Whatever takes its time is a future of its own, and all of them are polled beside the signals: the look at the backlog,
//! each decision that is carried out, the sweep of work trees. So what hangs, with one agent or with the backlog, holds up
//! nothing else. One look is under way at a time, and what is decided is decided between two awaits, by all that is known
//! then: ticks never overlap. What a tick decides is pure (`app::factory`); what happened is told in one line a decision
//! and kept in the activity history.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use super::desk::Desk;
use super::doing::{Doing, Done};
use super::in_use::InUse;
use super::kept::Kept;
use super::looking::{self, Ask, Found, Looked};
use super::remembered::remember;
use super::steps::{Ended, paused};
use super::telling;
use super::troubles::{At, Troubles};
use super::{others, trees, witness};
use crate::app::action::error::DONE;
use crate::app::action::supervise::Supervise;
use crate::app::factory::{Asked, Decision, Memory, Seat, Situation, tick};
use crate::app::perform::activity::record;
use crate::app::perform::output;
use crate::backlog::model::{CardId, Column};
use crate::backlog::place::Intent;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::escalations;
use crate::fleet::home::Site;
use crate::fleet::model::{AgentName, Cause, Escalation, FleetSnapshot};
use crate::fleet::observe;
use crate::fleet::os::process;
use crate::fleet::session;
use crate::fleet::supervision::{self, Held, SupervisorLock};

/// How often it is asked whether the backlog changed: one cheap question.
const ASK_BACKLOG: Duration = Duration::from_millis(400);

/// A backlog that says nothing for so long is left out: agents are looked after without it.
// Of a store that answers at all the slowest looks take less, and whoever is dead waits no longer than that.
const SILENT_AFTER: Duration = Duration::from_secs(5);

/// Time between the two looks of a single tick.
// Longer than what two looks have to lie apart, so that these two can agree.
const SECOND_LOOK: Duration = Duration::from_millis(300);

/// How often a full disk is tried again at the start.
const ASK_FOR_ROOM: Duration = Duration::from_secs(1);

/// What is under way when it is told to go is waited for.
// Below the 45 s after which systemd kills its unit.
const FINISHES_WITHIN: Duration = Duration::from_secs(35);

/// What was seen within so long of an agent's start or end may be from before it: while anything happens all
/// planes are looked at each second.
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

/// Something that was under way has ended.
enum News {
    /// The look at the backlog.
    Looked(Looked),
    /// A decision.
    Done(Done),
    /// The sweep of work trees.
    Swept(trees::Swept),
}

type Work<'a> = FuturesUnordered<Pin<Box<dyn Future<Output = News> + 'a>>>;

struct Supervisor<'a> {
    site: &'a Site,
    wanted: &'a Supervise,
    desk: Desk,
    used: InUse,
    memory: Memory,
    kept: Kept,
    /// Agents with which something is under way.
    busy: BTreeSet<AgentName>,
    /// The same at any moment since the look at the backlog began: what it says of their cards may be from before.
    touched: BTreeSet<AgentName>,
    /// Agents that were started or ended just now, and when.
    settling: BTreeMap<AgentName, Instant>,
    /// Agents that hold a card.
    holding: BTreeSet<AgentName>,
    /// Words of the backlog and the list of escalations that are under way.
    beside: BTreeSet<String>,
    looks: u64,
    /// Since when the backlog is looked at.
    looking: Option<Instant>,
    /// For whom it was looked at last.
    assignees: BTreeSet<String>,
    /// Whether something ended that the last look may not have seen.
    news: bool,
    /// What the last tick saw.
    last: Option<Seen>,
    /// When a tick is due whether or not anything changed.
    due: Instant,
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
            used,
            memory,
            kept,
            busy: BTreeSet::new(),
            touched: BTreeSet::new(),
            settling: BTreeMap::new(),
            holding: BTreeSet::new(),
            beside: BTreeSet::new(),
            looks: 0,
            looking: None,
            assignees: BTreeSet::new(),
            news: false,
            last: None,
            due: Instant::now(),
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
        let situation = self.looked_at(&first).await;
        self.memory.look(&situation);
        tokio::time::sleep(SECOND_LOOK).await;
        let second = observe::once(self.site, (*self.used.roster).clone()).await;
        let situation = self.looked_at(&second).await;
        self.memory.look(&situation);
        let decisions = tick(&situation, &self.memory);
        if self.wanted.dry_run {
            if decisions.is_empty() && !self.wanted.json {
                output::print("nothing to do\n")?;
            }
            for decision in &decisions {
                telling::print(self.site, self.wanted, decision, None);
            }
            return Ok(if self.troubles.is_empty() { DONE } else { crate::app::action::error::FAILED });
        }
        self.memory.decided(&decisions);
        let mut work = Work::new();
        for decision in decisions {
            self.begin(decision, &situation, &mut work);
        }
        while let Some(news) = work.next().await {
            if let News::Done(done) = news {
                self.finish(&done);
            }
        }
        self.save();
        // Whoever runs it once reads the code, and not what it prints.
        Ok(if self.troubles.is_empty() && !self.failed { DONE } else { crate::app::action::error::FAILED })
    }

    /// The situation of a tick by itself: nothing else is under way, and the backlog is waited for.
    async fn looked_at(&mut self, snapshot: &FleetSnapshot) -> Situation {
        let seats = self.seats(snapshot);
        let ask = self.ask(&seats, None);
        self.assignees.clone_from(&ask.assignees);
        let found = looking::look(self.site, &self.desk, ask).await.found;
        self.situation(seats, found)
    }

    /// One tick after the other, until it is told to go.
    async fn live(mut self, mut lock: SupervisorLock, mut terminate: Signal, mut interrupt: Signal) -> Result<u8> {
        let mut observer = observe::start(self.site.clone())?;
        let seen_by_all = witness::start(self.site);
        let mut work = Work::new();
        session::tell_service_manager("READY=1\nSTATUS=supervises");
        while self.heard {
            let mut looked = None;
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                Some(news) = work.next() => match news {
                    News::Looked(found) => looked = Some(found),
                    News::Swept(swept) => self.sweeping.ends(swept),
                    News::Done(done) => {
                        let occupied = done.decision.occupies().is_some();
                        self.finish(&done);
                        if occupied {
                            self.news = true;
                            // Its answer is the next snapshot; with a full queue one comes anyway.
                            let _asked_already = observer.requests.try_send(observe::Request::Refresh);
                        }
                    }
                },
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
            self.goes_on(&snapshot, looked, &mut work);
        }
        self.desk.leave();
        let finished = async {
            // Only these: what the backlog or a list has not said until now the next supervisor asks again.
            while !self.busy.is_empty() || self.sweeping.is_under_way() {
                match work.next().await {
                    Some(News::Done(done)) => self.finish(&done),
                    Some(News::Swept(swept)) => self.sweeping.ends(swept),
                    Some(News::Looked(_)) => {}
                    None => break,
                }
            }
        };
        if tokio::time::timeout(FINISHES_WITHIN, finished).await.is_err() {
            tracing::warn!("what was under way is left: its lease ends by itself");
        }
        others::part(self.site, &self.desk).await;
        self.save();
        seen_by_all.end().await;
        Ok(DONE)
    }

    /// Goes on behind an event: decides by what the backlog has answered, or asks it what there is to decide.
    fn goes_on(&mut self, snapshot: &FleetSnapshot, looked: Option<Looked>, work: &mut Work<'a>) {
        let seats = self.seats(snapshot);
        let same = |last: &Seen| last.seats == seats && last.paused == paused(self.site);
        let is_as_it_was = !self.memory.doubts() && Instant::now() < self.due && self.last.as_ref().is_some_and(same);
        if let Some(Looked { revision, found }) = looked {
            self.looking = None;
            if let Some(found) = found {
                // The roster has others by now, of whose cards nothing was asked.
                self.news |= looking::assignees(&seats) != self.assignees;
                self.tick(seats, revision, Some(found), work);
            }
            // What ended meanwhile was not seen; all else waits for the next event.
            if !self.news {
                return;
            }
        } else if let Some(since) = self.looking {
            if since.elapsed() >= SILENT_AFTER && !is_as_it_was {
                self.tick(seats, String::new(), None, work);
            }
            return;
        }
        let seats = self.seats(snapshot);
        let last = self.last.as_ref().filter(|_| is_as_it_was && !self.news);
        let ask = self.ask(&seats, last.map(|last| last.revision.clone()));
        (self.looking, self.news) = (Some(Instant::now()), false);
        self.assignees.clone_from(&ask.assignees);
        self.touched.clone_from(&self.busy);
        let (site, desk) = (self.site, self.desk.clone());
        work.push(Box::pin(async move { News::Looked(looking::look(site, &desk, ask).await) }));
    }

    /// One tick: what was found is decided by, and what was decided is begun.
    fn tick(&mut self, seats: Vec<Seat>, revision: String, found: Option<Found>, work: &mut Work<'a>) {
        self.last = Some(Seen { seats: seats.clone(), revision, paused: paused(self.site) });
        let situation = self.situation(seats, found);
        self.memory.look(&situation);
        let decisions = tick(&situation, &self.memory);
        // What takes its time only begins here, and runs once it is polled: the memory is written down before.
        self.memory.decided(&decisions);
        for decision in decisions {
            self.begin(decision, &situation, work);
        }
        let done = situation.cards.as_ref().map(|cards| cards.counts.of(Column::Done));
        if done.is_some_and(|done| self.sweeping.begins(done)) {
            let (site, desk, roster) = (self.site, self.desk.clone(), Arc::clone(&self.used.roster));
            work.push(Box::pin(async move { News::Swept(trees::sweep(site, &roster, &desk).await) }));
        }
        self.save();
        self.due = Instant::now() + self.pause(situation.now);
    }

    /// It looks at least so often.
    fn interval(&self) -> Duration {
        self.wanted.interval.unwrap_or(self.used.roster.supervise.interval)
    }

    /// How long nothing has to be looked at when nothing happens.
    fn pause(&self, now: Duration) -> Duration {
        let interval = self.interval();
        let backoff = self.memory.next_due(now).map_or(interval, |until| until.saturating_sub(now));
        // Right behind the end of a pause, not right before it.
        interval.min(backoff + Duration::from_millis(50))
    }

    /// The roster and the pipeline as they are now.
    fn reload(&mut self) {
        let invalid = self.used.renew(self.site).err();
        self.troubles.take(At::Roster, &invalid.map(|failure| failure.to_string()).unwrap_or_default());
    }

    /// What the backlog is asked for, unless it still is what it was.
    fn ask(&self, seats: &[Seat], unless: Option<String>) -> Ask {
        Ask {
            assignees: looking::assignees(seats),
            // Where the list cannot be read none of it is settled.
            asked: escalations::read(self.site).map(|open| at_the_gate(&open)).unwrap_or_default(),
            line: self.memory.line,
            pipeline: self.used.pipeline.clone(),
            takers: others::takers(seats),
            // One that looks a single time is gone before the others could go by it.
            says: (!self.wanted.dry_run && !self.wanted.once).then(|| others::holds(self.interval())),
            moves_on: !self.wanted.dry_run,
            unless,
        }
    }

    /// What a tick decides by; without what was found the backlog has said nothing yet.
    fn situation(&mut self, seats: Vec<Seat>, found: Option<Found>) -> Situation {
        self.looks += 1;
        let was_asked = found.is_some();
        let silent = || Failure::failed("backlog", "says nothing", "check it with `mosaic-tui backlog stats`");
        let Found { moved, cards } = found.unwrap_or_else(|| Found { moved: Ok(()), cards: Err(silent()) });
        if let Ok(cards) = &cards {
            let held = cards.held.iter().filter(|held| held.here);
            self.holding = held.filter_map(|held| AgentName::parse(&held.owner).ok()).collect();
        }
        let (open, goals) = (escalations::read(self.site), looking::goals(self.site));
        let failures =
            [moved.err(), cards.as_ref().err().cloned(), open.as_ref().err().cloned(), goals.as_ref().err().cloned()];
        let troubles: Vec<String> = failures.iter().flatten().map(ToString::to_string).collect();
        self.troubles.take(At::Look, &troubles.join("; "));
        let is_here = |one: &Escalation| one.host == self.site.host && one.tenant_id == self.site.tenant_id;
        let here: Option<Vec<Escalation>> = open.ok().map(|open| open.into_iter().filter(is_here).collect());
        let untold = here.iter().flatten().filter(|one| !one.told && one.is_open());
        Situation {
            now: process::since_boot(),
            look: self.looks,
            paused: paused(self.site),
            // What the backlog says of their cards may be from before what was done with them.
            seats: seats
                .into_iter()
                .map(|seat| Seat {
                    busy: seat.busy || self.touched.contains(&seat.name),
                    unasked: was_asked && looking::is_unasked(&seat, &self.assignees),
                    ..seat
                })
                .collect(),
            cards: cards.ok(),
            goals: goals.ok(),
            untold: untold.map(|one| (one.id.clone(), one.subject.clone())).collect(),
            escalated: here.map(|here| here.into_iter().map(|one| one.subject).collect()),
            trees: self.sweeping.stay.clone(),
            settings: looking::settings(self.site, &self.used.roster),
        }
    }

    fn seats(&self, snapshot: &FleetSnapshot) -> Vec<Seat> {
        let is_busy = |name| self.busy.contains(&name) || self.settling.contains_key(&name);
        looking::seats(self.site, &self.used.roster, snapshot, &is_busy, &|name| self.memory.asks_for_age(name))
    }

    /// Begins what was decided; it goes on by itself.
    fn begin(&mut self, decision: Decision, situation: &Situation, work: &mut Work<'a>) {
        let holds = match decision.occupies() {
            Some(name) => {
                self.busy.insert(name);
                self.touched.insert(name);
                self.holding.contains(&name)
            }
            // The same word once more says nothing while the first is not out.
            None if !self.beside.insert(word(&decision)) => return,
            None => false,
        };
        let doing = Doing {
            site: self.site,
            desk: self.desk.clone(),
            used: self.used.clone(),
            lease_seconds: self.wanted.lease_seconds,
            ttl_seconds: self.wanted.ttl_seconds.unwrap_or(self.used.roster.supervise.ttl_seconds),
            holds,
            goals: situation.goals.as_ref().is_some_and(|goals| !goals.is_empty()),
            mark: situation.mark(),
        };
        work.push(Box::pin(async move { News::Done(doing.carry_out(decision).await) }));
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
    fn finish(&mut self, done: &Done) {
        let now = process::since_boot();
        self.failed |= done.ended.good() == Some(false);
        let Some(agent) = done.decision.occupies() else {
            self.beside.remove(&word(&done.decision));
            if self.is_news(&done.decision, &done.ended) {
                self.told(done);
            }
            return;
        };
        self.busy.remove(&agent);
        if !matches!(
            done.decision,
            Decision::Dispatch { .. } | Decision::Replan { .. } | Decision::Tell { .. } | Decision::Review { .. }
        ) {
            self.settling.insert(agent, Instant::now());
        }
        remember(&mut self.memory, &done.decision, &done.ended, now);
        if let (Decision::Replan { agent, .. }, Some(mark)) = (&done.decision, &done.mark) {
            // Of behind the delivery: what changed while it was on its way is no reason to ask again.
            self.memory.asked = Some(Asked { agent: *agent, mark: mark.clone(), at: now });
        }
        self.told(done);
        self.save();
    }

    /// Tells what was decided, and how it ended, in one line, and keeps it.
    fn told(&mut self, done: &Done) {
        record::keep_decision(self.site, &done.decision, done.ended.words(), done.ended.good(), done.begun);
        self.heard &= telling::print(self.site, self.wanted, &done.decision, Some(&done.ended));
    }

    /// Writes down what the next supervisor has to know.
    fn save(&mut self) {
        if !self.wanted.dry_run {
            let failed = self.kept.save(&self.memory).err();
            self.troubles.take(At::State, &failed.unwrap_or_default());
        }
    }
}

/// Tells one word with the backlog or the list of escalations from the next.
fn word(decision: &Decision) -> String {
    match decision {
        // All that are over at once, whichever they were.
        Decision::Reclaim { .. } => decision.word().to_owned(),
        _ => decision.what(),
    }
}

/// The cards that wait for a person since the gate refuses them.
fn at_the_gate(open: &[Escalation]) -> BTreeSet<CardId> {
    let at_gate = open.iter().filter(|one| one.subject.cause == Cause::Gate);
    at_gate.filter_map(|one| CardId::parse(one.subject.card.as_deref()?).ok()).collect()
}
