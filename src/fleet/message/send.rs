//! One delivery to one pane, on this host or another.

use std::time::Duration;

use tokio::time::Instant;

use super::envelope_words;
use super::receipt::{Delivery, Receipt};
use super::turn::Turn;
use super::{Envelope, check_text, shown};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::{RunFile, Site, fingerprint};
use crate::fleet::lockfile;
use crate::fleet::model::{Label, PaneId, ServerName};
use crate::fleet::process::{self, ProcessWatch};
use crate::fleet::roster::Agent;
use crate::fleet::screen::{self, Rules, ScreenFacts, Showing};
use crate::fleet::ssh::{Links, processes};
use crate::fleet::tmux::{Change, Look, Peek, Tmux, panes_of};

/// Time for another sender to be done.
const LOCK_WITHIN: Duration = Duration::from_secs(60);

/// Time for a screen to show something that is known of it.
const SCREEN_WITHIN: Duration = Duration::from_secs(2);

/// Time for a pasted text to show as a draft.
const DRAFT_WITHIN: Duration = Duration::from_secs(5);

/// More of it for a long text, which a runtime takes in character by character.
const PER_KILOBYTE: Duration = Duration::from_millis(20);

/// Pause between two looks at the screen.
const LOOK_AGAIN: Duration = Duration::from_millis(60);

/// How a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Behind a draft that somebody left.
    pub force: bool,
    /// Look at what became of it.
    pub verify: bool,
    /// How long to look.
    pub timeout: Duration,
}

/// What is delivered.
#[derive(Debug, Clone, Copy)]
enum What<'a> {
    /// A text with its frame; the conversation shows it afterwards.
    Message(&'a str),
    /// A command of the runtime; its screen is another one afterwards.
    Command(&'a str),
    /// The answer to a question: this choice, if the question still is the one that was meant.
    Answer(usize, Option<&'a str>),
}

impl What<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Message(text) | Self::Command(text) => text,
            Self::Answer(..) => "",
        }
    }
}

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
            word.map_or(Ok(()), |word| envelope_words(what, word)).map_err(invalid)?;
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
        };
        let rules = screen::rules_for(self.site, &agent.runtime)?;
        // Senders of this host stand in line here, and meet those of others at the pane.
        let path = self.site.run_file(&agent.name, RunFile::Send);
        let file = lockfile::open(&path)?;
        if !lockfile::exclusive_within(&path, &file, LOCK_WITHIN).await? {
            return Ok(receipt(lock_busy()));
        }
        let tmux = Tmux::at(server, &self.links);
        let pane = match own_pane(&tmux, agent).await {
            Ok(Some(pane)) => pane,
            Ok(None) => return Ok(receipt((Delivery::Dead, "it has no live pane".to_owned()))),
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
            what,
            options,
        };
        match delivering.run(&id, &mut phase).await {
            Ok(outcome) => Ok(receipt(outcome)),
            Err(failure) if failure.kind == Kind::Failed => Ok(receipt(phase.told(&failure))),
            Err(failure) => Err(failure),
        }
    }
}

/// The agent's own live pane and its process, whichever pane of the window is active.
async fn own_pane(tmux: &Tmux, agent: &Agent) -> Result<Option<(PaneId, u32)>> {
    let Look::Panes(panes) = tmux.look().await? else { return Ok(None) };
    Ok(panes_of(&panes, &agent.session, &agent.name).first().filter(|pane| !pane.dead).map(|pane| (pane.id, pane.pid)))
}

/// How far a delivery is; what a failure means depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing was typed.
    Looking,
    /// The text may stand in the composer.
    Typing,
    /// Enter, or the answer, may have been pressed.
    Submitting,
}

impl Phase {
    /// What is told when the screen or the link is lost now.
    fn told(self, failure: &Failure) -> Outcome {
        match self {
            Self::Looking => (Delivery::Blank, format!("{failure}; nothing was typed")),
            Self::Typing => {
                (Delivery::Unverified, format!("{failure}; it may stand in the composer, and was not submitted"))
            }
            Self::Submitting => (Delivery::Unverified, format!("{failure}; it may have been submitted")),
        }
    }
}

struct Delivering<'a> {
    tmux: &'a Tmux,
    links: &'a Links,
    server: &'a ServerName,
    pane: PaneId,
    pid: u32,
    rules: Option<&'a Rules>,
    what: What<'a>,
    options: Options,
}

type Outcome = (Delivery, String);

impl Delivering<'_> {
    async fn run(&self, id: &str, phase: &mut Phase) -> Result<Outcome> {
        let Some(mut turn) = Turn::take(self.tmux, self.pane, id, LOCK_WITHIN).await? else { return Ok(lock_busy()) };
        let outcome = self.in_turn(&mut turn, phase).await;
        turn.end().await;
        outcome
    }

    async fn in_turn(&self, turn: &mut Turn<'_>, phase: &mut Phase) -> Result<Outcome> {
        let Some(peek) = self.tmux.peek(self.pane).await? else { return Ok(gone()) };
        if peek.in_mode {
            // Keys would go to copy mode, which somebody left open.
            self.tmux.change(&[Change::LeaveMode(self.pane)]).await?;
        }
        let Some(rules) = self.rules else { return self.blindly(turn, phase).await };
        // A screen that is just being drawn anew is looked at again.
        let known = |facts: &ScreenFacts| facts.composer.is_some() || facts.showing != Showing::Unknown;
        let before = match self.until(turn, SCREEN_WITHIN, rules, known).await? {
            Seen::Yes(facts) | Seen::No(facts) => facts,
            Seen::Gone => return Ok(gone()),
            Seen::Lost => return Ok(lost_turn()),
        };
        if let What::Answer(choice, question) = self.what {
            return self.press_answer(turn, phase, (rules, &before), choice, question).await;
        }
        if let Some(refusal) = self.refusal(rules, &before).await? {
            return Ok(refusal);
        }
        let was = before.composer.as_ref().map(|composer| composer.text.clone()).unwrap_or_default();
        *phase = Phase::Typing;
        if !self.paste(turn, id_of(turn)).await? {
            return Ok(lost_turn());
        }
        let extra = PER_KILOBYTE * u32::try_from(self.what.text().len() >> 10).unwrap_or(u32::MAX);
        let drafted = self.until(turn, DRAFT_WITHIN + extra, rules, |facts| self.shows_draft(facts, &was)).await?;
        let facts = match drafted {
            Seen::Yes(facts) => facts,
            Seen::No(facts) => return Ok(not_drafted(&facts)),
            Seen::Gone => return Ok(gone()),
            Seen::Lost => return Ok(lost_turn()),
        };
        *phase = Phase::Submitting;
        // Pressed only while the draft is still to be seen: a dialog may open at any moment.
        let draft = facts.composer.as_ref().map(|composer| composer.text.lines().last().unwrap_or_default().to_owned());
        let enter = Change::Keys(self.pane, vec!["Enter".to_owned()]);
        if !turn.change(draft.into_iter().collect(), &[enter]).await? {
            return Ok((Delivery::Draft, "the screen changed before it was submitted".to_owned()));
        }
        if !self.options.verify {
            return Ok((Delivery::Sent, "nobody looked".to_owned()));
        }
        let taken =
            self.until(turn, self.options.timeout + extra, rules, |now| self.was_taken(now, &facts, &before)).await?;
        Ok(self.told(taken))
    }

    /// Nothing is known of this runtime's screen.
    async fn blindly(&self, turn: &mut Turn<'_>, phase: &mut Phase) -> Result<Outcome> {
        if self.options.verify || matches!(self.what, What::Answer(..)) {
            return Ok((
                Delivery::Blank,
                "nothing is known of this runtime's screen; `--no-verify` sends blindly".to_owned(),
            ));
        }
        *phase = Phase::Typing;
        if !self.paste(turn, id_of(turn)).await? {
            return Ok(lost_turn());
        }
        *phase = Phase::Submitting;
        let enter = Change::Keys(self.pane, vec!["Enter".to_owned()]);
        let pressed = turn.change(Vec::new(), &[enter]).await?;
        Ok(if pressed { (Delivery::Sent, "nobody looked".to_owned()) } else { lost_turn() })
    }

    /// Answers the question that is on the screen, if it is still there when the keys are pressed.
    async fn press_answer(
        &self,
        turn: &mut Turn<'_>,
        phase: &mut Phase,
        (rules, before): (&Rules, &ScreenFacts),
        choice: usize,
        question: Option<&str>,
    ) -> Result<Outcome> {
        let refused = |word: &str, why: String| Ok((Delivery::Refused, format!("{word}: {why}")));
        if before.showing != Showing::Dialog || before.question.is_empty() {
            return refused("no_question", format!("nothing is asked: {}", before.reason));
        }
        let asked = before.asked();
        if question.is_some_and(|meant| Label::new(meant) != Label::new(&asked)) {
            return refused("another_question", format!("it asks by now: {asked}"));
        }
        let Some(keys) = choice.checked_sub(1).and_then(|at| rules.answers.get(at)) else {
            return refused("no_choice", format!("choice {choice} is not one of {}", rules.answers.len()));
        };
        *phase = Phase::Submitting;
        if !turn.change(before.question.clone(), &[Change::Keys(self.pane, keys.clone())]).await? {
            return refused("another_question", "the screen changed before the answer".to_owned());
        }
        let answered = |facts: &ScreenFacts| facts.question != before.question;
        Ok(match self.until(turn, self.options.timeout, rules, answered).await? {
            Seen::Yes(_) => (Delivery::Accepted, format!("answered with choice {choice}: {asked}")),
            Seen::Gone => (Delivery::Unverified, "its pane ended right after the answer".to_owned()),
            Seen::No(_) | Seen::Lost => {
                (Delivery::Unverified, format!("the question is still there after choice {choice}: {asked}"))
            }
        })
    }

    fn told(&self, taken: Seen) -> Outcome {
        let accepted = match self.what {
            What::Message(_) => "the composer is empty and the conversation shows it",
            What::Command(_) | What::Answer(..) => "the composer is empty and the screen is another one",
        };
        match taken {
            Seen::Gone => (Delivery::Unverified, "its pane ended right after it was submitted".to_owned()),
            Seen::Lost => (Delivery::Unverified, "submitted; then another sender had the turn".to_owned()),
            Seen::Yes(facts) if facts.showing == Showing::Queued => (Delivery::Queued, facts.reason),
            Seen::Yes(_) => (Delivery::Accepted, accepted.to_owned()),
            Seen::No(facts) => match &facts.composer {
                Some(composer) if !composer.text.is_empty() => {
                    (Delivery::Draft, "it stands in the composer and was not taken".to_owned())
                }
                _ => (
                    Delivery::Unverified,
                    format!("no sign of it within {} s: {}", self.options.timeout.as_secs(), facts.reason),
                ),
            },
        }
    }

    /// Why nothing may be pasted now.
    async fn refusal(&self, rules: &Rules, facts: &ScreenFacts) -> Result<Option<Outcome>> {
        let refused = |word: &str, why: &str| Ok(Some((Delivery::Refused, format!("{word}: {why}"))));
        match facts.showing {
            Showing::Dialog => return refused("blocked_by_prompt", &facts.reason),
            Showing::Login => return refused("login_needed", &facts.reason),
            _ => {}
        }
        let Some(composer) = &facts.composer else {
            return Ok(Some((Delivery::Blank, format!("its composer is not to be seen: {}", facts.reason))));
        };
        if !composer.text.is_empty() && !self.options.force {
            return refused("draft_present", "somebody left a draft in its composer");
        }
        if matches!(facts.showing, Showing::Busy | Showing::Queued) {
            if matches!(self.what, What::Command(_)) {
                return refused("busy", "it works, and a command of the runtime would disturb that");
            }
            let argv = self.command_lines().await?;
            if argv.iter().all(|argv| rules.busy_enter.interrupts(argv)) {
                return refused("busy", "it works, and a message would end its turn");
            }
        }
        Ok(None)
    }

    /// Command lines of the pane's process tree. None is known of one that cannot be read.
    async fn command_lines(&self) -> Result<Vec<Vec<String>>> {
        match &self.server.ssh {
            None => Ok(ProcessWatch::default().look(self.pid).processes.into_iter().map(|one| one.argv).collect()),
            Some(target) => processes(&self.links.to(target), self.pid).await,
        }
    }

    async fn paste(&self, turn: &Turn<'_>, buffer: String) -> Result<bool> {
        self.tmux.load_buffer(&buffer, self.what.text()).await?;
        turn.change(Vec::new(), &[Change::PasteBuffer { buffer, pane: self.pane }]).await
    }

    fn shows_draft(&self, facts: &ScreenFacts, was: &str) -> bool {
        facts.composer.as_ref().is_some_and(|composer| match self.what {
            // A list of commands may stand around it.
            What::Command(command) => composer.text.lines().any(|line| line.trim() == command),
            _ => composer.pasted || shown::is_draft(&composer.text, &format!("{was}{}", self.what.text())),
        })
    }

    /// Whether it was taken. `draft` is the screen with the draft, `before` the one before it.
    fn was_taken(&self, now: &ScreenFacts, draft: &ScreenFacts, before: &ScreenFacts) -> bool {
        let empty = now.composer.as_ref().is_some_and(|composer| composer.text.is_empty());
        match self.what {
            What::Message(text) => empty && shown::count(&now.above, text) > shown::count(&draft.above, text),
            What::Command(_) | What::Answer(..) => {
                empty && (now.above != before.above || now.showing != before.showing)
            }
        }
    }

    /// Looks until the screen is as wanted, as long as the turn is held.
    async fn until(
        &self,
        turn: &mut Turn<'_>,
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
            if !turn.keep().await? {
                return Ok(Seen::Lost);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }
}

enum Seen {
    Yes(ScreenFacts),
    No(ScreenFacts),
    Gone,
    /// Somebody else has the turn: we were asleep for too long.
    Lost,
}

/// What is told when the pasted text did not show as a draft. Enter was not pressed.
fn not_drafted(facts: &ScreenFacts) -> Outcome {
    match &facts.composer {
        Some(composer) if !composer.text.is_empty() => {
            (Delivery::Draft, "its composer shows something else than the message; it was not submitted".to_owned())
        }
        Some(_) => (Delivery::Blank, "the pasted text does not show; it was not submitted".to_owned()),
        None => (Delivery::Blank, format!("its composer vanished: {}; it was not submitted", facts.reason)),
    }
}

fn id_of(turn: &Turn<'_>) -> String {
    format!("mosaic-{}", turn.id())
}

fn gone() -> Outcome {
    (Delivery::Dead, "its pane ended".to_owned())
}

fn lock_busy() -> Outcome {
    (Delivery::Refused, "lock_busy: another message is being delivered".to_owned())
}

fn lost_turn() -> Outcome {
    (Delivery::Draft, "it took too long, and another sender had the turn; it was not submitted".to_owned())
}

fn read(rules: &Rules, peek: &Peek) -> ScreenFacts {
    screen::read(rules, &peek.rows, peek.cursor, &peek.title)
}
