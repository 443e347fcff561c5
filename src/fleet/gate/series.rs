//! The series: every condition in its order, and the merge behind the last one. Everything that it decides is in values;
//! what is said of it, the caller says.

use std::borrow::Cow;
use std::time::{Duration, Instant};

use super::authors::{Authors, Identity};
use super::card::Card;
use super::change;
use super::ci::{self, About};
use super::commit::{Commit, Main, Merged, Tip};
use super::landing::{self, Landing};
use super::message::Message;
use super::people;
use super::queue::{self, Held, Ticket};
use super::refusal::Refusal;
use super::repository::Repository;
use super::review::{self, Review, Standing};
use super::settings::{self, Settings};
use super::worktree;
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::Site;

/// How often a change is tested anew because the main branch moved.
// Each try may take as long as CI does; where the main branch moves five times meanwhile, somebody
// pushes past the gate.
const TRIES: u32 = 5;

/// Older commits of a branch whose reviews are named in a refusal.
// Each is one folder to read; what lies further back helps nobody who reads a refusal.
const OLDER: usize = 20;

/// What is to be merged.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The branch.
    pub branch: &'a str,
    /// Its card.
    pub card: Option<&'a Card>,
    /// Who merges, in words and for git.
    pub who: &'a str,
    /// As whom the merge is committed.
    pub committer: Identity,
    /// Longest wait for the turn.
    pub wait: Duration,
}

/// What happens on the way, for whoever watches and for the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<'a> {
    /// Others are before it; who has the turn.
    Waits(String, usize),
    /// CI begins on what the branch would become.
    Testing {
        /// That commit.
        commit: &'a str,
        /// The main branch's commit below it.
        onto: &'a str,
    },
    /// CI ended.
    Tested {
        /// The commit.
        commit: &'a str,
        /// The main branch's commit below it.
        onto: &'a str,
        /// Why it is no success.
        red: Option<&'a Refusal>,
        /// How long it took.
        lasted: Duration,
    },
    /// The main branch moved; it is tested again.
    Moved {
        /// Its commit before.
        from: String,
    },
}

/// What a gate asks its caller.
pub trait Desk {
    /// Why the fleet is paused; `None` where it is not.
    ///
    /// # Errors
    /// When that is not known.
    fn paused(&self) -> Result<Option<String>>;
    /// Takes word of a step.
    fn tell(&self, step: &Step<'_>);
}

/// A merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// The branch and its commit.
    pub tip: Tip,
    /// The main branch.
    pub main: Main,
    /// What the branch has become on it.
    pub commit: String,
    /// Who approved it; `None` where it was merged before.
    pub review: Option<Review>,
    /// How often it was tested.
    pub tested: u32,
}

/// One gate.
pub struct Gate<'a> {
    pub(super) site: &'a Site,
    pub(super) repository: &'a Repository,
    settings: Option<Settings>,
    desk: &'a (dyn Desk + Sync),
}

/// A branch with all that is known of it.
pub(super) struct Known {
    pub(super) tip: Tip,
    commits: Vec<Commit>,
    authors: Authors,
}

impl<'a> Gate<'a> {
    /// The gate of a repository, as the fleet's `gate.yaml` says.
    ///
    /// # Errors
    /// When that file is not valid.
    pub fn open(site: &'a Site, repository: &'a Repository, desk: &'a (dyn Desk + Sync)) -> Result<Self> {
        Ok(Self { site, repository, settings: settings::load(site)?, desk })
    }

    pub(super) fn settings(&self) -> Option<&Settings> {
        self.settings.as_ref()
    }

    /// Draws a ticket and waits for the turn.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn turn(&self, ticket: &Ticket, limit: Duration) -> Result<Result<Held, Refusal>> {
        let folder = self.repository.gate_folder();
        let held = queue::draw(&folder, ticket).await?;
        let named = |ticket: &Ticket| match ticket.branch.as_str() {
            "" => format!("{} ({})", ticket.who, ticket.purpose),
            branch => format!("{branch} ({}, {})", ticket.purpose, ticket.who),
        };
        let tell = |before: &[Ticket]| {
            if let Some(first) = before.first() {
                self.desk.tell(&Step::Waits(named(first), before.len()));
            }
        };
        if held.turn(limit, &tell).await? {
            return Ok(Ok(held));
        }
        let turn = queue::line(&folder).await?.first().map(named).unwrap_or_default();
        Ok(Err(Refusal::Waited { limit, turn }))
    }

    pub(super) fn not_paused(&self) -> Result<Result<(), Refusal>> {
        Ok(self.desk.paused()?.map_or(Ok(()), |why| Err(Refusal::Paused(why))))
    }

    pub(super) async fn known(&self, wanted: &Wanted<'_>, tip: Tip, main: &Main) -> Result<Known> {
        let commits = self.repository.commits(&tip, main).await?;
        let authors = people::authors(&commits, wanted.card);
        Ok(Known { tip, commits, authors })
    }

    pub(super) async fn reviewed(&self, known: &Known, main: &Main) -> Result<Result<Review, Refusal>> {
        let reviews = review::of(self.site, &known.tip.commit)?;
        let mut authors = known.authors.clone();
        self.repository.join(&mut authors, &reviews, main).await?;
        let without = match review::standing(reviews, &authors) {
            Standing::Approved(review) => return Ok(Ok(review)),
            Standing::Rejected(review) => return Ok(Err(Refusal::Rejected(Box::new(review)))),
            Standing::Missing(without) => without,
        };
        // An approval of an older commit counts for nothing, yet whoever gave it should be told
        // what happened to it.
        let before = known.commits.iter().rev().filter(|commit| commit.oid != known.tip.commit).take(OLDER);
        let mut older = None;
        for commit in before {
            older = review::of(self.site, &commit.oid)?.pop().map(Box::new);
            if older.is_some() {
                break;
            }
        }
        Ok(Err(Refusal::Unreviewed { commit: known.tip.commit.clone(), without, older }))
    }

    pub(super) async fn merged(
        &self,
        wanted: &Wanted<'_>,
        known: &Known,
        reviewer: &str,
        main: &Main,
    ) -> Result<Result<Merged, Refusal>> {
        let first = known.commits.last().map(|commit| commit.message.lines().next().unwrap_or_default());
        // The card's title before the commit's: what was asked for says more in a year than
        // what was typed last.
        let subject = match (wanted.card, first) {
            (Some(card), _) => Cow::Owned(format!("{}: {}", card.id, card.title)),
            (None, Some(first)) => Cow::Borrowed(first),
            (None, None) => Cow::Borrowed(known.tip.branch.as_str()),
        };
        let nobody = Identity::default();
        let message = Message {
            subject: &subject,
            card: wanted.card.map(|card| card.id.as_str()),
            reviewer,
            author: known.commits.last().map_or(&nobody, |commit| &commit.author),
            committer: &wanted.committer,
            commits: &known.commits,
            authors: &known.authors,
        };
        self.repository.merge(&known.tip, main, &message).await
    }

    pub(super) async fn clean(&self, wanted: &Wanted<'_>, merged: &Merged) -> Result<Result<usize, Refusal>> {
        let touched = self.repository.touched(merged).await?;
        let paths = wanted.card.map(|card| card.paths.as_slice()).unwrap_or_default();
        let mut findings = change::outside(&touched, paths);
        if let Some(settings) = self.settings() {
            findings.extend(self.repository.file_faults(&touched, settings).await?);
        }
        Ok(if findings.is_empty() { Ok(touched.len()) } else { Err(Refusal::Unclean(findings)) })
    }

    /// Asks CI: the command on the merged result, then the forge's word on the branch.
    pub(super) async fn tested(
        &self,
        wanted: &Wanted<'_>,
        tip: &Tip,
        main: &Main,
        merged: &Merged,
    ) -> Result<Result<(), Refusal>> {
        let Some(settings) = self.settings() else {
            return Ok(Err(Refusal::NoCi(settings::path(self.site).display().to_string())));
        };
        let (commit, onto) = (merged.commit.as_str(), merged.onto.as_str());
        self.desk.tell(&Step::Testing { commit, onto });
        let begun = Instant::now();
        let asked = self.ask_ci(wanted, settings, tip, main, merged).await?;
        let lasted = begun.elapsed();
        let answer = asked.map_err(Refusal::Red);
        self.desk.tell(&Step::Tested { commit, onto, red: answer.as_ref().err(), lasted });
        Ok(answer)
    }

    async fn ask_ci(
        &self,
        wanted: &Wanted<'_>,
        settings: &Settings,
        tip: &Tip,
        main: &Main,
        merged: &Merged,
    ) -> Result<Result<(), Box<super::refusal::Red>>> {
        let card = wanted.card.map(|card| card.id.as_str());
        if let Some(command) = &settings.ci.command {
            let checkout = worktree::make(self.site, self.repository, &merged.commit).await?;
            let about = About { branch: &tip.branch, commit: &merged.commit, base: &main.branch, card };
            let ran = ci::run(self.site, "ci", command, &checkout, &about, settings.ci.limit).await;
            // Before the answer is looked at: a red CI leaves its checkout and its processes
            // as a good one does.
            worktree::sweep(self.repository).await?;
            if let Err(red) = ran? {
                return Ok(Err(red));
            }
        }
        if let Some(command) = &settings.ci.status {
            // The branch's own commit, as a forge has never seen the merged one.
            let about = About { branch: &tip.branch, commit: &tip.commit, base: &main.branch, card };
            let folder = &self.repository.folder;
            return ci::run(self.site, "status", command, folder, &about, settings.ci.limit).await;
        }
        Ok(Ok(()))
    }

    /// Makes it the main branch, by our own hand or by a forge's.
    async fn land(&self, wanted: &Wanted<'_>, known: &Known, main: &Main, merged: &Merged) -> Result<Landing> {
        let Some((settings, command)) = self.settings().and_then(|all| Some((all, all.merge.as_ref()?))) else {
            return landing::land(self.repository, self.settings(), main, merged).await;
        };
        let card = wanted.card.map(|card| card.id.as_str());
        let about = About { branch: &known.tip.branch, commit: &known.tip.commit, base: &main.branch, card };
        // The forge knows no compare and swap; what it merges onto is looked at once more, and what it made afterwards.
        if self.repository.main(Some(settings)).await?.commit != merged.onto {
            return Ok(Landing::Moved);
        }
        let folder = &self.repository.folder;
        let ran = ci::run(self.site, "merge", command, folder, &about, settings.ci.limit).await?;
        let now = self.repository.main(Some(settings)).await?;
        match ran {
            Err(red) if now.commit == merged.onto => Ok(Landing::Refused(Refusal::NotMerged(red))),
            // A wrapper that failed after the main branch moved counts as landed: what it made is compared
            // with what was tested.
            _ => Ok(Landing::Landed),
        }
    }

    /// What the main branch has after a forge's wrapper said that it merged.
    async fn made_by_forge(&self, merged: &Merged) -> Result<String> {
        let main = self.repository.main(self.settings()).await?;
        let what = format!("branch {}", main.branch);
        if main.commit == merged.onto {
            return Err(Failure::failed(
                what,
                "is as it was, although the forge's wrapper says that it merged",
                "see what `merge` in gate.yaml runs",
            ));
        }
        // By its files, since the forge makes a commit of its own, with another message and time.
        if self.repository.tree_of(&main.commit).await? != merged.tree {
            return Err(Failure::failed(
                what,
                "holds something else than was tested: somebody merged past the gate meanwhile",
                "run CI on it now, and keep others from pushing to it",
            ));
        }
        Ok(main.commit)
    }

    /// Merges a branch, if every condition is met.
    ///
    /// # Errors
    /// When something is not known: then nothing is merged, or it is said that it may be.
    pub async fn merge(&self, wanted: &Wanted<'_>) -> Result<Result<Done, Refusal>> {
        let ticket = Ticket {
            pid: std::process::id(),
            who: wanted.who.to_owned(),
            purpose: "merge".to_owned(),
            branch: wanted.branch.to_owned(),
        };
        // Whoever may not merge does not make others wait.
        if let Err(refusal) = self.not_paused()? {
            return Ok(Err(refusal));
        }
        if let Some(early) = wanted.card.and_then(|card| card.early.clone()) {
            return Ok(Err(early));
        }
        let _turn = match self.turn(&ticket, wanted.wait).await? {
            Ok(held) => held,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // What a killed gate left goes first: its CI may still run in the checkout that is made now.
        worktree::sweep(self.repository).await?;
        let done = self.in_turn(wanted).await;
        // Also behind what failed; its own failure is told first.
        let swept = worktree::sweep(self.repository).await;
        let done = done?;
        swept.map(|()| done)
    }

    async fn in_turn(&self, wanted: &Wanted<'_>) -> Result<Result<Done, Refusal>> {
        for tested in 1..=TRIES {
            match self.attempt(wanted, tested).await? {
                Attempt::Done(done) => return Ok(Ok(*done)),
                Attempt::Refused(refusal) => return Ok(Err(refusal)),
                Attempt::Moved(from) => self.desk.tell(&Step::Moved { from }),
            }
        }
        Ok(Err(Refusal::Moved(TRIES)))
    }

    async fn attempt(&self, wanted: &Wanted<'_>, tested: u32) -> Result<Attempt> {
        macro_rules! met {
            ($condition:expr) => {
                match $condition {
                    Ok(met) => met,
                    Err(refusal) => return Ok(Attempt::Refused(refusal)),
                }
            };
        }
        // Asked again behind the line: a pause may have come while others had the turn.
        met!(self.not_paused()?);
        let main = self.repository.main(self.settings()).await?;
        // Read in each try: a push to the branch while CI ran needs a review of its own.
        let tip = met!(self.repository.tip(wanted.branch, &main).await?);
        // Before the reviews: what is merged already only completes its card, whatever
        // is said of it by now.
        if let Some(before) = self.repository.merged_before(&tip, &main).await? {
            let commit = met!(before);
            return Ok(Attempt::Done(Box::new(Done { tip, main, commit, review: None, tested: 0 })));
        }
        let known = self.known(wanted, tip, &main).await?;
        // Reviews before the merge and CI last, as each costs more than the one before it.
        let review = met!(self.reviewed(&known, &main).await?);
        let merged = met!(self.merged(wanted, &known, &review.by, &main).await?);
        met!(self.clean(wanted, &merged).await?);
        met!(self.tested(wanted, &known.tip, &main, &merged).await?);
        // CI may have taken an hour: a pause or a rejection that came meanwhile counts.
        met!(self.not_paused()?);
        met!(self.reviewed(&known, &main).await?);
        match self.land(wanted, &known, &main, &merged).await? {
            Landing::Moved => Ok(Attempt::Moved(main.commit)),
            Landing::Refused(refusal) => Ok(Attempt::Refused(refusal)),
            Landing::Landed => {
                let by_forge = self.settings().is_some_and(|settings| settings.merge.is_some());
                let mut landed = merged;
                if by_forge {
                    landed.commit = self.made_by_forge(&landed).await?;
                }
                // What the push was answered is not what the branch holds: somebody who pushes past the gate
                // may have taken it back.
                landing::verify(self.repository, self.settings(), &landed).await?;
                let (Known { tip, .. }, Merged { commit, .. }) = (known, landed);
                Ok(Attempt::Done(Box::new(Done { tip, main, commit, review: Some(review), tested })))
            }
        }
    }

    /// Takes away what a gate left that was told to end; for whoever was interrupted.
    ///
    /// # Errors
    /// What git or the file system says.
    pub async fn sweep(&self) -> Result<()> {
        let ticket = Ticket { pid: std::process::id(), purpose: "sweep".to_owned(), ..Ticket::default() };
        // Where somebody else has the turn by now, they sweep.
        // Without a wait: whoever was interrupted wants to leave.
        match self.turn(&ticket, Duration::ZERO).await? {
            Ok(_turn) => worktree::sweep(self.repository).await,
            Err(_) => Ok(()),
        }
    }
}

/// What came of one attempt.
enum Attempt {
    Done(Box<Done>),
    Refused(Refusal),
    Moved(String),
}
