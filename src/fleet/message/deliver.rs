//! The steps of one delivery: the lease, the look, the paste, the draft, the key, the evidence.

use std::borrow::Cow;
use std::time::Duration;

use tokio::time::Instant;

use super::lease::{CLAIM_WITHIN, PaneLease};
use super::options::{Options, UNDRAWN_TIMES};
use super::phase::{Phase, gone, lock_busy, lost_lease};
use super::receipt::{Delivery, Outcome, Refusal};
use super::shown;
use crate::fleet::error::Result;
use crate::fleet::model::{AgentName, HeartbeatStatus, PaneId, ServerName};
use crate::fleet::os::process::{self, ProcessWatch};
use crate::fleet::runtime;
use crate::fleet::screen::{self, Composer, Rules, ScreenFacts, ScreenState};
use crate::fleet::ssh::{Links, processes};
use crate::fleet::tmux::{Change, Guard, Peek, Query, Tmux};

/// Time for a screen to show something that is known of it.
pub(super) const SCREEN_WITHIN: Duration = Duration::from_secs(2);

/// A program that runs longer has drawn its first screen, on the slowest of machines.
const STARTS_WITHIN: Duration = Duration::from_secs(120);

/// Time for a pasted text to show as a draft.
const DRAFT_WITHIN: Duration = Duration::from_secs(5);

/// More of it for a long text, which a runtime takes in character by character.
const PER_KILOBYTE: Duration = Duration::from_millis(20);

/// Pause between two looks at the screen.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(60);

/// What is delivered.
#[derive(Debug, Clone, Copy)]
pub(super) enum What<'a> {
    /// A text with its frame; the conversation shows it afterwards.
    Message(&'a str),
    /// A command of the runtime; its screen is another one afterwards.
    Command(&'a str),
    /// The answer to a question: this choice, if the question still is the one that was meant.
    Answer(usize, Option<&'a str>),
    /// Nothing: what a killed delivery left in the composer is taken away.
    Nothing,
}

impl What<'_> {
    /// What is pasted: the text, and a blank behind a word that would open a list of files, skills or commands, or behind
    /// a backslash, which would turn Enter into a new line.
    pub(super) fn pasted(&self) -> Cow<'_, str> {
        let opens = |word: &str| word.ends_with('\\') || word.contains(['@', '$', '/', '#']);
        match self {
            Self::Message(text) if text.rsplit(char::is_whitespace).next().is_some_and(opens) => {
                Cow::Owned(format!("{text} "))
            }
            other => Cow::Borrowed(other.text()),
        }
    }

    /// What arrives.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Message(text) | Self::Command(text) => text,
            Self::Answer(..) | Self::Nothing => "",
        }
    }
}

/// One delivery to one pane.
pub(super) struct Delivering<'a> {
    pub tmux: &'a Tmux,
    pub links: &'a Links,
    pub server: &'a ServerName,
    pub pane: PaneId,
    pub pid: u32,
    pub rules: Option<&'a Rules>,
    /// Tells what the runtime itself reported last, while that holds.
    pub report: &'a (dyn Fn() -> Option<HeartbeatStatus> + Sync),
    /// Tells whether the runtime itself named this message as one that it took.
    pub took: &'a (dyn Fn() -> bool + Sync),
    pub agent: &'a AgentName,
    pub runtime: &'a str,
    pub what: What<'a>,
    pub options: Options,
}

impl Delivering<'_> {
    /// Delivers; `phase` tells how far that came, also when it failed.
    pub(super) async fn run(&self, id: &str, phase: &mut Phase) -> Result<Outcome> {
        // A long text takes its time over a slow link; nobody waits for the lease meanwhile.
        let buffer = match self.what {
            What::Answer(..) | What::Nothing => None,
            _ => Some(format!("mosaic-{id}")),
        };
        if let Some(buffer) = &buffer {
            self.tmux.load_buffer(buffer, &self.what.pasted()).await?;
        }
        let outcome = self.with_lease(id, buffer.as_deref(), phase).await;
        if let (Some(buffer), false) = (buffer, matches!(phase, Phase::Typed | Phase::Submitting)) {
            // It was not pasted, which would have deleted it. Without a link there is nobody to tell.
            if let Err(failure) = self.tmux.change(&[Change::DeleteBuffer(buffer)]).await {
                tracing::debug!(%failure, "a buffer stays behind");
            }
        }
        outcome
    }

    async fn with_lease(&self, id: &str, buffer: Option<&str>, phase: &mut Phase) -> Result<Outcome> {
        let Some(mut lease) = PaneLease::claim(self.tmux, self.pane, id, CLAIM_WITHIN).await? else {
            return Ok(lock_busy());
        };
        let outcome = self.under_lease(&mut lease, buffer.unwrap_or_default(), phase).await;
        // What a killed sender left stays to be found by the next.
        if !(lease.is_drafted() && matches!(phase, Phase::Looking | Phase::LeftBehind)) {
            lease.release().await;
        }
        outcome
    }

    async fn under_lease(&self, lease: &mut PaneLease<'_>, buffer: &str, phase: &mut Phase) -> Result<Outcome> {
        let Some(peek) = self.tmux.peek(self.pane).await? else { return Ok(gone(*phase)) };
        if let Some(shell) = self.shell_in_its_place().await? {
            return Ok(shell);
        }
        if peek.in_mode {
            // Keys would go to copy mode, which somebody left open.
            self.tmux.change(&[Change::LeaveMode(self.pane)]).await?;
        }
        let Some(rules) = self.rules else { return self.blindly(lease, buffer, phase).await };
        // A screen that is just being drawn anew is looked at again.
        let known = |facts: &ScreenFacts| facts.composer.is_some() || facts.state != ScreenState::Unknown;
        // One that has just started can say that it is idle before its first screen is drawn. Meanwhile its pane shows what
        // stood there, such as warnings of its launch.
        let is_new = self.server.ssh.is_none() && process::age(self.pid).is_some_and(|age| age < STARTS_WITHIN);
        let starts = |facts: &ScreenFacts| facts.is_blank() || is_new && (self.report)() == Some(HeartbeatStatus::Ok);
        let before = match self.until_drawn(lease, SCREEN_WITHIN, rules, known, starts).await? {
            Seen::Yes(facts) | Seen::No(facts) => facts,
            Seen::Gone => return Ok(gone(*phase)),
            Seen::Lost => return Ok(lost_lease(*phase)),
        };
        if let What::Answer(choice, question) = self.what {
            return self.press_answer(lease, phase, (rules, &before), choice, question).await;
        }
        let before = match self.without_left_behind(lease, rules, before, phase).await? {
            Ok(before) => before,
            Err(outcome) => return Ok(outcome),
        };
        if matches!(self.what, What::Nothing) {
            return Ok(Outcome::new(Delivery::Accepted, "no text of a delivery stands in its composer".to_owned()));
        }
        if let Some(refusal) = self.refusal(rules, &before).await? {
            return Ok(refusal);
        }
        let was = before.composer.as_ref().map_or("", |composer| composer.text.as_str());
        if !was.is_empty()
            && let Some(refusal) = self.no_place_behind_draft(rules, &before).await?
        {
            return Ok(refusal);
        }
        if let Some(not_pasted) = self.paste(lease, buffer, phase).await? {
            return Ok(not_pasted);
        }
        let extra = PER_KILOBYTE * u32::try_from(self.what.text().len() >> 10).unwrap_or(u32::MAX);
        let draft = match self.press_enter(lease, phase, rules, was, DRAFT_WITHIN + extra).await? {
            Pressed::On(draft) => *draft,
            Pressed::Not => return self.not_drafted(lease, rules, was, *phase).await,
            Pressed::WouldInterrupt => return self.would_interrupt(lease, rules, was).await,
        };
        if !self.options.verify {
            return Ok(Outcome::new(Delivery::Sent, "nobody looked".to_owned()));
        }
        let limit = self.options.timeout + extra;
        let is_taken = |now: &ScreenFacts| self.was_taken(now, &draft, &before);
        let is_old = |now: &ScreenFacts| now.is_blank() || now.undecided || now.above == draft.above;
        let since = Instant::now();
        let taken = self.until_drawn(lease, limit, rules, is_taken, is_old).await?;
        Ok(self.told(taken, since.elapsed()))
    }

    /// Waits for the draft and presses Enter on it: only while the very rows of it are still on the screen, the
    /// cursor is where it was, and no dialog is open, since one may open at any moment. The screen with the
    /// draft, when Enter was pressed.
    async fn press_enter(
        &self,
        lease: &mut PaneLease<'_>,
        phase: &mut Phase,
        rules: &Rules,
        was: &str,
        limit: Duration,
    ) -> Result<Pressed> {
        let deadline = Instant::now() + limit;
        let (no_title, no_row) = rules.dialogs_beside_a_composer();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Seen::Yes(facts) = self.until(lease, left, rules, |facts| self.shows_draft(facts, was)).await? else {
                return Ok(Pressed::Not);
            };
            // Some show a turn in progress only once something is typed.
            if self.enter_interrupts(rules, &facts).await? {
                return Ok(Pressed::WouldInterrupt);
            }
            let guard = Guard {
                shows: facts.composer.as_ref().map(|composer| composer.rows.as_slice()).unwrap_or_default(),
                cursor: Some(facts.cursor),
                no_row: &no_row,
                no_title: &no_title,
                ..Guard::default()
            };
            // The guard sees whether it still stands there afterwards.
            tokio::time::sleep(Duration::from_millis(rules.settles_ms)).await;
            *phase = Phase::Submitting;
            let enter = ["Enter".to_owned()];
            if lease.change_draft(guard, Change::Keys(self.pane, &enter), false).await? {
                return Ok(Pressed::On(Box::new(facts)));
            }
            // Something moved between the look and the key; it was not pressed.
            *phase = Phase::Typed;
            if Instant::now() > deadline || !lease.renew_if_due().await? {
                return Ok(Pressed::Not);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Nothing is known of this runtime's screen.
    async fn blindly(&self, lease: &mut PaneLease<'_>, buffer: &str, phase: &mut Phase) -> Result<Outcome> {
        if self.options.verify || matches!(self.what, What::Answer(..) | What::Nothing) {
            return Ok(Outcome::new(
                Delivery::Blank,
                "nothing is known of this runtime's screen; `--no-verify` sends on its own report's word".to_owned(),
            ));
        }
        if let Some((refusal, why)) = self.may_ask() {
            return Ok(Outcome::refused(refusal, why));
        }
        if let Some(not_pasted) = self.paste(lease, buffer, phase).await? {
            return Ok(not_pasted);
        }
        if let Some((refusal, why)) = self.may_ask() {
            return Ok(Outcome::new(
                Delivery::Draft,
                format!("{}: {why}; it was typed, and not submitted", refusal.word()),
            ));
        }
        *phase = Phase::Submitting;
        let keys = ["Enter".to_owned()];
        let enter = Change::Keys(self.pane, &keys);
        let pressed = lease.change_draft(Guard::default(), enter, false).await?;
        Ok(if pressed { Outcome::new(Delivery::Sent, "nobody looked".to_owned()) } else { lost_lease(Phase::Typed) })
    }

    /// Why a question may be open, which Enter would answer. Without a screen that is understood only the runtime itself
    /// knows; a keeper that vouches for the process does not.
    pub(super) fn may_ask(&self) -> Option<(Refusal, String)> {
        let attach = format!("`mosaic-tui agent attach {}` shows it", self.agent);
        match (self.report)() {
            Some(HeartbeatStatus::Ok) => None,
            // In the middle of a turn it may ask at any moment, and its report of that comes late.
            Some(HeartbeatStatus::Busy) => {
                Some((Refusal::Busy, format!("it works, and may ask something at any moment; {attach}")))
            }
            Some(status) => Some((Refusal::BlockedByPrompt, format!("it reports {}; {attach}", status.word()))),
            None => Some((
                Refusal::NoReport,
                format!(
                    "nothing tells whether a question is open, which Enter would answer; {attach}, and the hooks below \
                     runtime/{} in the Mosaic home let it report",
                    self.runtime
                ),
            )),
        }
    }

    pub(super) fn told(&self, taken: Seen, looked: Duration) -> Outcome {
        let accepted = match self.what {
            What::Message(_) if (self.took)() => "the runtime reports that it took it",
            What::Message(_) => "the composer is empty and the conversation shows it",
            What::Command(_) | What::Answer(..) | What::Nothing => {
                "the composer is empty and the screen is another one"
            }
        };
        match taken {
            Seen::Gone => gone(Phase::Submitting),
            Seen::Lost => lost_lease(Phase::Submitting),
            Seen::Yes(facts) if facts.queued => Outcome::new(Delivery::Queued, facts.reason),
            Seen::Yes(_) => Outcome::new(Delivery::Accepted, accepted.to_owned()),
            Seen::No(facts) => match &facts.composer {
                Some(composer) if !composer.text.is_empty() => {
                    // Enter was pressed: a runtime that is frozen now may take it yet.
                    Outcome::new(Delivery::Unverified, "submitted, and its composer is not empty".to_owned())
                }
                _ => {
                    let why = format!("no sign of it within {} s: {}", looked.as_secs(), facts.reason);
                    Outcome::new(Delivery::Unverified, why)
                }
            },
        }
    }

    /// Why nothing may be pasted now.
    pub(super) async fn refusal(&self, rules: &Rules, facts: &ScreenFacts) -> Result<Option<Outcome>> {
        let refused = |refusal, why: &str| Ok(Some(Outcome::refused(refusal, why)));
        match facts.state {
            ScreenState::Dialog => {
                let why = format!(
                    "{}; `mosaic-tui agent approve {}` answers it, `mosaic-tui agent attach {}` shows it",
                    facts.reason, self.agent, self.agent
                );
                return refused(Refusal::BlockedByPrompt, &why);
            }
            // With a composer it is what became of the last turn; somebody may have logged in since.
            ScreenState::Login if facts.composer.is_none() => return refused(Refusal::LoginNeeded, &facts.reason),
            ScreenState::Occupied => {
                let why = format!("{}; `mosaic-tui agent attach {}` shows it", facts.reason, self.agent);
                return refused(Refusal::ComposerOccupied, &why);
            }
            _ => {}
        }
        let failing = match facts.state {
            ScreenState::Login => Some(Refusal::Login),
            ScreenState::Limit => Some(Refusal::Limit),
            ScreenState::Failing => Some(Refusal::Failing),
            _ => None,
        };
        if let Some(failing) = failing.filter(|_| self.options.only_well) {
            return refused(failing, &facts.reason);
        }
        let Some(composer) = &facts.composer else {
            return Ok(Some(Outcome::new(
                Delivery::Blank,
                format!("its composer is not to be seen: {}", facts.reason),
            )));
        };
        if !composer.is_empty() && !self.options.force {
            return refused(Refusal::DraftPresent, "somebody left a draft in its composer");
        }
        if matches!(facts.state, ScreenState::Busy | ScreenState::Queued) {
            if matches!(self.what, What::Command(_)) {
                return refused(Refusal::Busy, "it works, and a command of the runtime would disturb that");
            }
            if self.enter_interrupts(rules, facts).await? {
                return refused(Refusal::Busy, INTERRUPTS);
            }
        }
        Ok(None)
    }

    /// Whether Enter would end the turn that this screen shows to be in progress.
    async fn enter_interrupts(&self, rules: &Rules, facts: &ScreenFacts) -> Result<bool> {
        let works = matches!(facts.state, ScreenState::Busy | ScreenState::Queued);
        // One whose command line is not known is taken for the careless kind.
        if !works || !rules.busy_enter.interrupts(&[]) {
            return Ok(false);
        }
        let (argv, _) = self.command_lines().await?;
        let mut of_runtime = argv.iter().filter(|argv| runtime::matches(self.runtime, argv));
        Ok(of_runtime.all(|argv| rules.busy_enter.interrupts(argv)))
    }

    /// Command lines of the pane's process tree; none is known of one that cannot be read. And the shell that is in
    /// front there and reads the keys, if it is one.
    async fn command_lines(&self) -> Result<(Vec<Vec<String>>, Option<&'static str>)> {
        Ok(match &self.server.ssh {
            None => {
                let all = ProcessWatch::default().look(self.pid).processes;
                (all.into_iter().map(|one| one.argv).collect(), runtime::shell_in_front(self.pid))
            }
            Some(target) => {
                let tree = processes(&self.links.to(target), self.pid).await?;
                let shell = tree.in_front.as_deref().and_then(runtime::idle_shell);
                (tree.all, shell)
            }
        })
    }

    /// What is told when the runtime ended and a shell reads the keys, which would run what is typed.
    async fn shell_in_its_place(&self) -> Result<Option<Outcome>> {
        // A runtime that was sent to the background is still among the processes, and reads no keys.
        let (argv, in_front) = self.command_lines().await?;
        let shell = runtime::shell_in_its_place(self.runtime, argv.iter().map(Vec::as_slice)).or(in_front);
        let told = |shell| {
            Outcome::new(
                Delivery::Dead,
                format!("its runtime ended or is in the background, and {shell} stands there; nothing was typed"),
            )
        };
        Ok(shell.map(told))
    }

    /// Pastes, if what reads the pane's keys is the runtime: its processes are looked at, and the command that pastes
    /// compares the name of the foreground process with the one of that look. Why it was not pasted, when it was not.
    async fn paste(&self, lease: &mut PaneLease<'_>, buffer: &str, phase: &mut Phase) -> Result<Option<Outcome>> {
        let foreground = self.tmux.query(&Query::Foreground(self.pane)).await?;
        if let Some(shell) = self.shell_in_its_place().await? {
            return Ok(Some(shell));
        }
        *phase = Phase::Typing;
        let paste = Change::PasteBuffer { buffer: buffer.to_owned(), pane: self.pane };
        let guard = Guard { foreground: Some(&foreground), ..Guard::default() };
        if lease.change_draft(guard, paste, true).await? {
            *phase = Phase::Typed;
            return Ok(None);
        }
        *phase = Phase::Looking;
        let now = self.tmux.query(&Query::Foreground(self.pane)).await?;
        if now != foreground {
            let why = format!("another program came to the front of its pane, {now}; nothing was typed");
            return Ok(Some(Outcome::new(Delivery::Blank, why)));
        }
        Ok(Some(lost_lease(*phase)))
    }

    pub(super) fn shows_draft(&self, facts: &ScreenFacts, was: &str) -> bool {
        // Enter would choose from a list that the text has opened; a command of the runtime is one of such a list.
        let listed = facts.state == ScreenState::Occupied && !matches!(self.what, What::Command(_));
        !listed && facts.composer.as_ref().is_some_and(|composer| self.shows_draft_text(composer, was))
    }

    pub(super) fn shows_draft_text(&self, composer: &Composer, was: &str) -> bool {
        match self.what {
            // A list of commands may stand around it.
            What::Command(command) => composer.text.lines().any(|line| line.trim() == command),
            _ => {
                let whole = format!("{was}{}", self.what.text());
                (composer.pasted && shown::begins_as(&composer.before_paste, &whole))
                    || shown::is_draft(&composer.text, &whole)
            }
        }
    }

    /// Whether it was taken. `draft` is the screen with the draft, `before` the one before it.
    pub(super) fn was_taken(&self, now: &ScreenFacts, draft: &ScreenFacts, before: &ScreenFacts) -> bool {
        let empty = now.composer.as_ref().is_some_and(|composer| composer.text.is_empty());
        match self.what {
            // A person may be typing the next line by now; the message itself must be out of the composer.
            // Its own hook hands the message over while other hooks may still refuse it.
            What::Message(_) if now.undecided => false,
            What::Message(text) => {
                let left = match &now.composer {
                    Some(composer) => !self.shows_draft_text(composer, ""),
                    // It may ask something about it at once.
                    None => now.state == ScreenState::Dialog,
                };
                if left && (self.took)() {
                    return true;
                }
                // Behind a model that fails nothing arrives before its turn ends.
                let held = draft.state == ScreenState::Failing && now.state == ScreenState::Failing && !now.queued;
                let queued = now.queued && shown::queued(&draft.above, &now.above, text);
                left && !held && (queued || shown::came(&draft.above, &now.above, text))
            }
            What::Command(_) | What::Answer(..) | What::Nothing => {
                empty && (now.above != before.above || now.state != before.state)
            }
        }
    }

    /// The same as [`Self::until`], and longer while a screen `is_old`: its program did not come to another one yet.
    async fn until_drawn(
        &self,
        lease: &mut PaneLease<'_>,
        limit: Duration,
        rules: &Rules,
        wanted: impl Fn(&ScreenFacts) -> bool,
        is_old: impl Fn(&ScreenFacts) -> bool,
    ) -> Result<Seen> {
        let seen = self.until(lease, limit, rules, &wanted).await?;
        let types = matches!(self.what, What::Message(_) | What::Command(_));
        if types && matches!(&seen, Seen::No(facts) if is_old(facts)) {
            return self.until(lease, self.options.timeout * (UNDRAWN_TIMES - 1), rules, &wanted).await;
        }
        Ok(seen)
    }

    /// Looks until the screen is as wanted, as long as the lease is held.
    pub(super) async fn until(
        &self,
        lease: &mut PaneLease<'_>,
        limit: Duration,
        rules: &Rules,
        wanted: impl Fn(&ScreenFacts) -> bool,
    ) -> Result<Seen> {
        let deadline = Instant::now() + limit;
        loop {
            let Some(peek) = self.tmux.peek(self.pane).await? else { return Ok(Seen::Gone) };
            let facts = read(rules, &peek);
            if wanted(&facts) {
                return Ok(Seen::Yes(facts));
            }
            if Instant::now() > deadline {
                return Ok(Seen::No(facts));
            }
            if !lease.renew_if_due().await? {
                return Ok(Seen::Lost);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

/// Why a message is not submitted to a runtime at work that would not wait for the end of its turn.
pub(super) const INTERRUPTS: &str = "it works, and a message would end its turn";

/// What became of Enter.
enum Pressed {
    /// It was pressed on this screen.
    On(Box<ScreenFacts>),
    /// The draft did not show, or not long enough.
    Not,
    /// It would have ended a turn in progress.
    WouldInterrupt,
}

/// What a look showed.
pub(super) enum Seen {
    Yes(ScreenFacts),
    No(ScreenFacts),
    Gone,
    /// Somebody else holds the lease: we were asleep for too long.
    Lost,
}

pub(super) fn read(rules: &Rules, peek: &Peek) -> ScreenFacts {
    screen::read(rules, &peek.rows, peek.cursor, &peek.title)
}
