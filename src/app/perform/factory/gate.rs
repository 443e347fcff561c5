//! Performs what is asked of the gate: reviews, looks, merges, waits. What happens on the way goes into the history.

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};

use super::gate_card::{self as card, Found};
use super::gate_print as print;
use crate::app::action::gate::{About, GateAction, Purpose};
use crate::app::action::report::Report;
use crate::app::factory::{Decision, Reason};
use crate::app::perform::activity::record;
use crate::app::perform::output::Console;
use crate::fleet::activity::{self, Event, Kind};
use crate::fleet::error::{Failure, Kind as FailureKind, Result};
use crate::fleet::escalations;
use crate::fleet::gate::{
    self, Desk, Gate, Identity, Refusal, Repository, Review, ReviewVerdict, Standing, Step, Ticket, Wanted, Word, short,
};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::Tell;
use crate::fleet::model::Label;
use crate::fleet::os::process;
use crate::fleet::pause;
use crate::fleet::roster::{self, Agent};
use crate::fleet::session::{self, AGENT_NAME};

/// Performs an action at the gate.
///
/// # Errors
/// What is refused, with its evidence; whatever else stops it.
pub(in crate::app) async fn perform(
    site: &Site,
    action: GateAction,
    console: Console,
    tell: Tell<'_>,
) -> Result<Report> {
    match action {
        GateAction::Check { about, ci, wait } => {
            let at = At::open(site, about).await?;
            let desk = Bench { site, about: &at.about, tell, keeps: false };
            let gate = Gate::open(site, &at.repository, &desk)?;
            let wanted = at.wanted(wait);
            let checked = to_its_end(&gate, console, gate.check(&wanted, ci)).await?;
            // A condition that is not met is an answer here, with an exit code of its own, and no error.
            Ok(print::checked(&at.about.branch, &at.repository, &checked))
        }
        GateAction::Review { about, verdict, note } => review(site, about, verdict, &note).await,
        GateAction::Merge { about, wait } => {
            let at = At::open(site, about).await?;
            let desk = Bench { site, about: &at.about, tell, keeps: true };
            let gate = Gate::open(site, &at.repository, &desk)?;
            let wanted = at.wanted(wait);
            let done = to_its_end(&gate, console, gate.merge(&wanted)).await?;
            match done {
                Ok(done) => behind(site, &at, &done).await,
                Err(refusal) => Err(refused(site, &at, &refusal).await),
            }
        }
        GateAction::Queue { repo, purpose, wait } => queue(site, repo, purpose, wait, tell).await,
    }
}

/// Where a request is performed, by whom, and for which card.
struct At {
    /// What was asked for, with the card that was found.
    about: About,
    repository: Repository,
    found: Option<Found>,
    who: Me,
    git: Identity,
}

/// Who works at the gate.
struct Me {
    name: String,
    is_agent: bool,
}

impl Me {
    /// The agent in whose pane this runs; else whoever sits before a terminal of their own.
    fn of(site: &Site) -> Self {
        Self::named(site, session::own_agent(site))
    }

    /// Who this says to be.
    fn said(site: &Site) -> Self {
        Self::named(site, std::env::var(AGENT_NAME).ok().filter(|name| !name.is_empty()))
    }

    fn named(site: &Site, agent: Option<String>) -> Self {
        Self { is_agent: agent.is_some(), name: agent.unwrap_or_else(|| site.tenant_id.clone()) }
    }
}

async fn repository(repo: Option<&Path>) -> Result<Repository> {
    let folder = match repo {
        Some(folder) => std::path::absolute(folder),
        None => std::env::current_dir(),
    };
    let folder = folder.map_err(|error| Failure::failed("this folder", error.to_string(), "name one with `--repo`"))?;
    Repository::open(&folder).await
}

impl At {
    async fn open(site: &Site, about: About) -> Result<Self> {
        let repository = repository(about.repo.as_deref()).await?;
        let found = card::read(site, about.card.as_ref(), &about.branch).await?;
        let id = found.as_ref().map(|found| found.card.id);
        let git = repository.identity().await?;
        Ok(Self { about: About { card: id, ..about }, repository, found, who: Me::of(site), git })
    }

    fn wanted(&self, wait: Duration) -> Wanted<'_> {
        let email =
            if self.git.email.is_empty() { format!("{}@localhost", self.who.name) } else { self.git.email.clone() };
        let committer = Identity { name: self.who.name.clone(), email };
        Wanted {
            branch: &self.about.branch,
            card: self.found.as_ref().map(|found| &found.seen),
            who: &self.who.name,
            committer,
            wait,
        }
    }
}

/// Performs something that makes a checkout; whoever interrupts it leaves none either.
async fn to_its_end<T>(gate: &Gate<'_>, console: Console, work: impl Future<Output = Result<T>>) -> Result<T> {
    // Beneath a screen signals are the screen's.
    if !console.owned {
        return work.await;
    }
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
    // A hangup as well: a merge that an SSH connection runs would else die with it and
    // leave its checkout.
    let mut signals: Vec<_> = kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect();
    if signals.is_empty() {
        return work.await;
    }
    let interrupted = futures_util::future::select_all(signals.iter_mut().map(|signal| Box::pin(signal.recv())));
    tokio::select! {
        done = work => done,
        _ = interrupted => {
            // What ran in the checkout ended with the future that waited for it.
            gate.sweep().await?;
            Err(Failure::failed("gate", "interrupted", "run it again: the main branch is the old one or the new one"))
        }
    }
}

/// What the gate asks while it works, and where its steps go.
struct Bench<'a> {
    site: &'a Site,
    about: &'a About,
    tell: Tell<'a>,
    /// Whether the history takes note: a look is nobody's news.
    keeps: bool,
}

impl Desk for Bench<'_> {
    fn paused(&self) -> Result<Option<String>> {
        Ok(paused(self.site))
    }

    fn tell(&self, step: &Step<'_>) {
        let branch = Label::new(&self.about.branch);
        match step {
            Step::Waits(turn, before) => (self.tell)(&format!("{branch}: {before} before it; {turn} has the turn")),
            Step::Moved { from } => {
                (self.tell)(&format!("{branch}: the main branch moved from {}; it is tested again", short(from)));
            }
            Step::Testing { commit, onto } => {
                (self.tell)(&format!("{branch}: CI on {}, merged onto {}", short(commit), short(onto)));
            }
            Step::Tested { commit, onto, red, lasted } => {
                (self.tell)(&format!("{branch}: CI {}", red.map_or("is good".to_owned(), Refusal::why)));
                if self.keeps {
                    self.keep_test(commit, onto, *red, *lasted);
                }
            }
        }
    }
}

impl Bench<'_> {
    fn keep_test(&self, commit: &str, onto: &str, red: Option<&Refusal>, lasted: Duration) {
        let mut event = event(self.site, self.about);
        event.what = format!("CI of {} as {}", self.about.branch, short(commit));
        event.outcome = if red.is_none() { "good".to_owned() } else { "red".to_owned() };
        event.good = Some(red.is_none());
        event.lasted = i64::try_from(lasted.as_millis()).ok();
        event.text = red.map_or_else(String::new, |refusal| {
            std::iter::once(refusal.why()).chain(refusal.details()).collect::<Vec<_>>().join("\n")
        });
        event.detail.insert("commit".to_owned(), commit.into());
        event.detail.insert("onto".to_owned(), onto.into());
        // A history that cannot be written holds up no merge; `note` has said so in the log.
        let _logged = activity::note(self.site, &event);
    }
}

/// An event of the gate.
fn event(site: &Site, about: &About) -> Event {
    let mut event = Event::new(Kind::Gate, Timestamp::now(), &site.tenant_id, &site.host);
    event.who = record::who(site);
    event.card = about.card.as_ref().map(ToString::to_string);
    event
}

/// Why the fleet is paused.
fn paused(site: &Site) -> Option<String> {
    pause::read(&site.home).map(|pause| format!("the fleet is {}", pause.words()))
}

/// Refuses a review by an agent that the roster does not have, and by one that works under another's name.
fn own_name(site: &Site, who: &Me) -> Result<()> {
    let refused = |why: String, next: &str| {
        Err(Failure::new(FailureKind::Refused, format!("review by {}", Label::new(&who.name)), why, next))
    };
    let roster = match roster::load(site) {
        Ok(roster) => Some(roster),
        // Without a fleet there is nobody but the operator.
        Err(failure) if failure.kind == FailureKind::NotFound => None,
        Err(failure) => return Err(failure),
    };
    let agents = roster.as_ref().map(|roster| roster.agents.as_slice()).unwrap_or_default();
    let own = who.is_agent.then(|| agents.iter().find(|agent| agent.name.as_str() == who.name));
    if let Some(None) = own {
        let why = "MOSAIC_AGENT_NAME says so, and the roster has no agent of that name".to_owned();
        return refused(
            why,
            "`mosaic-tui agent roster` lists the agents; a review counts from one of them, or the operator",
        );
    }
    let runs_in = |agent: &Agent| {
        // A pane that is gone leaves its number to any other process, which has no such name.
        let pid = session::own_pane_process(site, &agent.name)?;
        let name = process::environment_value(pid, AGENT_NAME)?;
        (name == agent.name.as_str()).then_some(())
    };
    if own.flatten().is_some_and(|agent| runs_in(agent).is_some()) {
        return Ok(());
    }
    // Whose name a process has anybody can choose, and nobody can choose below whom it runs.
    match agents.iter().find(|agent| runs_in(agent).is_some()) {
        Some(agent) => refused(format!("it runs in the pane of {}", agent.name), "review it there under that name"),
        None => Ok(()),
    }
}

async fn review(site: &Site, about: About, verdict: ReviewVerdict, note: &str) -> Result<Report> {
    let At { about, repository, found, who, git } = At::open(site, about).await?;
    // A verdict under another's name is refused, not put down to whoever it really is.
    own_name(site, &Me::said(site))?;
    let settings = gate::load(site)?;
    let main = repository.main(settings.as_ref()).await?;
    let tip = repository.tip(&about.branch, &main).await?.map_err(|refusal| refusal.failure(&about.branch))?;
    let commits = repository.commits(&tip, &main).await?;
    let review = Review {
        by: who.name,
        is_agent: who.is_agent,
        tenant_id: site.tenant_id.clone(),
        host: site.host.clone(),
        git,
        branch: tip.branch,
        commit: tip.commit.clone(),
        verdict,
        note: note.trim().to_owned(),
        card: about.card.as_ref().map(ToString::to_string),
        at: Timestamp::now(),
    };
    let mut authors = gate::authors(&commits, found.as_ref().map(|found| &found.seen));
    let mut reviews = gate::reviews_of(site, &tip.commit)?;
    reviews.push(review.clone());
    repository.join(&mut authors, &reviews, &main).await?;
    // An author may say that it is not ready; that it is, somebody else says.
    if let (ReviewVerdict::Approve, Some(why)) = (verdict, authors.claim_on(&review.reviewer())) {
        return Err(Failure::new(
            FailureKind::Refused,
            format!("review of {}", Label::new(&about.branch)),
            format!("an author approves nothing: {why}"),
            "somebody else reviews it",
        ));
    }
    // The review first and the card's word behind it: killed in between, the gate
    // already counts the review.
    gate::record(site, &review)?;
    let mut warnings = Vec::new();
    if commits.is_empty() {
        warnings.push("warning: the main branch has all of it already".to_owned());
    }
    // The card hears what its commit's reviews come to, and not who spoke last: at the gate a rejection by
    // another would count as well.
    let counts = match gate::standing(gate::reviews_of(site, &tip.commit)?, &authors) {
        Standing::Approved(one) => Some((Word::Approved, one)),
        Standing::Rejected(one) => Some((Word::Rejected, one)),
        Standing::Missing(_) => None,
    };
    if let Some((word, one)) = counts {
        if verdict == ReviewVerdict::Approve && word == Word::Rejected {
            let (by, branch) = (Label::new(&one.by), Label::new(&about.branch));
            warnings.push(format!(
                "warning: {by}'s rejection of this commit still counts; {by} takes it back by `mosaic-tui gate review \
                 --branch {branch} --approve`, or the author commits anew"
            ));
        }
        if let Some(found) = &found {
            card::say(site, found, word, &one.by, &one.commit, &one.note)?;
        }
    }
    Ok(print::reviewed(&review, warnings))
}

/// What is left to do when the main branch has it: its card is done, or goes on where the pipeline does not end here.
async fn behind(site: &Site, at: &At, done: &gate::Done) -> Result<Report> {
    let Some(found) = &at.found else { return Ok(print::merged(done, None)) };
    let id = found.card.id.as_str();
    // Before the card: killed in between, the same command again ends what is left of both.
    let passed = escalations::passed(site, id).await;
    match card::merged(site, found, &at.who.name, &done.commit).await {
        Ok(became) => {
            let mut report = print::merged(done, Some((id, Some(&became))));
            report.errors.extend(passed.err().map(|failure| format!("its escalation stays: {failure}")));
            Ok(report)
        }
        Err(failure) => {
            // The merge itself is done and cannot be taken back, so it is told, with the code of a
            // failure for what is left.
            let mut report = print::merged(done, Some((id, None))).with_code(crate::app::action::error::FAILED);
            report.errors.push(format!("{failure}; the same command again completes the card"));
            Ok(report)
        }
    }
}

/// A refusal as an error; where its author can mend it, the card goes back to them. One that stays where it is, and is
/// refused again and again, reaches a person.
async fn refused(site: &Site, at: &At, refusal: &Refusal) -> Failure {
    let mut failure = refusal.failure(&at.about.branch);
    let Some(found) = &at.found else { return failure };
    // The pipeline counts the rounds of what goes back, and blocks the card after the last.
    if refusal.is_for_author() && sent_back(site, at, found, refusal, &mut failure).await {
        return failure;
    }
    if !refusal.may_need_a_person() {
        return failure;
    }
    let (card, now) = (found.card.id.as_str(), Timestamp::now());
    match escalations::refused(site, card, &refusal.why(), now.as_millisecond()).await {
        Ok(Some(new)) => {
            let why = Reason::Failed(new.why.clone());
            let decision = Decision::Escalate { subject: new.subject.clone(), why, tried: new.tried.clone() };
            record::keep_decision(site, &decision, &new.id, Some(true), now);
            failure.next.push_str(&format!("; the user sees it as escalation {}", new.id));
        }
        Ok(None) => {}
        Err(why) => failure.details.push(format!("the user is not told: {why}")),
    }
    failure
}

/// Sends a card back to its author; whether it went.
async fn sent_back(site: &Site, at: &At, found: &Found, refusal: &Refusal, failure: &mut Failure) -> bool {
    let note = std::iter::once(refusal.why()).chain(refusal.details()).collect::<Vec<_>>().join("\n");
    let followed = match card::say(site, found, Word::Refused, &at.who.name, "", &note) {
        Ok(true) => card::follow(site, found).await,
        // In another stage it is not the gate's to send back.
        Ok(false) => Ok(None),
        Err(failure) => Err(failure),
    };
    match followed {
        Ok(None) => return false,
        Ok(Some(words)) => failure.next = words,
        // The refusal itself is what counts; the supervisor's next tick tries again.
        Err(why) => failure.details.push(format!("its card does not go back: {why}")),
    }
    true
}

async fn queue(site: &Site, repo: Option<PathBuf>, purpose: Purpose, wait: Duration, tell: Tell<'_>) -> Result<Report> {
    let repository = repository(repo.as_deref()).await?;
    let about = About { branch: String::new(), card: None, repo };
    let desk = Bench { site, about: &about, tell, keeps: false };
    let gate = Gate::open(site, &repository, &desk)?;
    // Waiting for a push by hand is no merge of the gate's, and a pause does not stop people.
    let paused = if purpose == Purpose::Merge { paused(site) } else { None };
    let ticket = Ticket {
        pid: std::process::id(),
        who: Me::of(site).name,
        purpose: purpose.word().to_owned(),
        branch: String::new(),
    };
    let waited = match paused {
        Some(why) => Err(Refusal::Paused(why)),
        None => gate.turn(&ticket, wait).await?.map(drop),
    };
    let line = gate::line(&repository.gate_folder()).await?;
    Ok(print::queue(&repository, &ticket.purpose, &waited, &line))
}
