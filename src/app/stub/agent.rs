//! The stub's mind: what it does with keys, messages and time. Pure; time is handed in.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::brief;
use super::craft::Went;
use super::desk::Held;
use super::script::{Ending, Script, Step};
use crate::fleet::message::id_of;
use crate::fleet::model::{HeartbeatStatus, Label, UsageFacts};
use crate::ui::text;

/// Lines of conversation kept.
const MAX_LINES: usize = 500;

/// Messages that wait while it works.
const MAX_QUEUED: usize = 100;

/// How long it works on a message when its script does not say.
const WORK: Duration = Duration::from_secs(5);

/// How long it expects its body to work on a card.
const DELIVERY: Duration = Duration::from_secs(60);

/// Why a card is parked that its script has fail, and one that somebody interrupted.
const FAILED: &str = "two tests fail on this branch";
const INTERRUPTED: &str = "interrupted at its terminal";

/// Shortest claim of a stub that keeps its promise.
const MIN_CLAIM: Duration = Duration::from_secs(30);

/// Pause after a look at an empty backlog.
const LOOK_FOR_CARDS: Duration = Duration::from_secs(3);

/// A paste from this many lines on shows as a placeholder, as in other runtimes.
const PLACEHOLDER_LINES: usize = 4;

/// What a contract takes of a context, in tokens; a task that it works on; and the whole context. Made up, and of the
/// size that real ones have.
const CONTRACT_TOKENS: u64 = 9_000;
const TASK_TOKENS: u64 = 3_000;
const CONTEXT_TOKENS: u64 = 200_000;

/// Bytes of plain text to a token, roughly.
const BYTES_A_TOKEN: u64 = 4;

/// Columns of a draft that are ever shown: wider than any terminal.
const SHOWN_COLUMNS: usize = 1000;

/// Who the stub is.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    /// Agent name.
    pub name: String,
    /// Role.
    pub class: String,
    /// Model name to show.
    pub model: String,
}

/// What it reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Status {
    /// The state.
    pub status: HeartbeatStatus,
    /// In its words.
    pub detail: Option<String>,
    /// Id of the last message that it took.
    pub msg: Option<String>,
}

/// What only its body can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    /// Claim the next card for so many seconds; `claimed` takes the answer.
    Claim(i64),
    /// Renew the claim; `told` takes the answer of this and the next two.
    Renew(Held),
    /// Finish the card.
    Complete(Held),
    /// Park the card, for this reason.
    Park(Held, &'static str),
    /// Leave off with the card that its body works on, and park it for this reason.
    Break(Held, &'static str),
    /// End with a status.
    End(u8),
    /// Stop reacting.
    Hang,
    /// Flood the screen.
    Flood(u32),
    /// Keep a message in a file.
    Log(String, String),
    /// Work on the card of a brief; `delivered` takes how it went. Whether what it was stuck with was answered.
    Deliver(Held, bool),
}

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    /// The agent.
    Agent,
    /// Whoever types.
    User,
    /// A remark.
    Note,
}

/// What it is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Doing {
    /// Nothing.
    Idle,
    /// Nothing, until then.
    Resting(Instant),
    /// Working.
    Working {
        /// What on.
        what: String,
        /// Since when.
        from: Instant,
        /// Until when.
        until: Instant,
    },
    /// Waiting for an answer.
    Asking(String),
}

/// The stub.
#[derive(Debug)]
pub(super) struct Agent {
    pub(super) identity: Identity,
    pub(super) lines: VecDeque<(Voice, String)>,
    pub(super) draft: String,
    pub(super) doing: Doing,
    pub(super) queue: VecDeque<String>,
    pub(super) now: Instant,
    script: Script,
    /// How long it works on a message.
    pace: Duration,
    /// Where its messages are kept.
    log: Option<String>,
    /// How the card in hand, or the one that is asked for, will be worked on.
    plan: Option<(Ending, Duration)>,
    card: Option<Held>,
    /// Whether the card in hand came with a brief.
    briefed: bool,
    /// Whether its body works on a card just now.
    delivering: bool,
    /// The card that it asked a question about.
    stuck: Option<Held>,
    renew_at: Option<Instant>,
    done: u32,
    /// Id of the last message that it took.
    took: Option<String>,
    /// Characters that came and went, by which tokens are counted.
    read: u64,
    wrote: u64,
    asks: Vec<Ask>,
    dirty: bool,
}

impl Agent {
    pub(super) fn new(identity: Identity, script: Script, now: Instant) -> Self {
        let mut agent = Self {
            identity,
            lines: VecDeque::new(),
            draft: String::new(),
            doing: Doing::Idle,
            queue: VecDeque::new(),
            now,
            script,
            pace: WORK,
            log: None,
            plan: None,
            card: None,
            briefed: false,
            delivering: false,
            stuck: None,
            renew_at: None,
            done: 0,
            took: None,
            read: 0,
            wrote: 0,
            asks: Vec::new(),
            dirty: true,
        };
        agent.say(Voice::Note, "ready; type a message, or /help");
        agent
    }

    /// Lets time pass: ends what is over, begins what is next.
    pub(super) fn advance(&mut self, now: Instant) -> Vec<Ask> {
        self.now = now;
        // The bar moves with the time alone.
        self.dirty |= self.is_working();
        match std::mem::replace(&mut self.doing, Doing::Idle) {
            Doing::Working { what, until, .. } if until <= now && !self.delivering => {
                self.done += 1;
                match self.card.take() {
                    Some(held) => self.end_card(held),
                    None => self.say(Voice::Agent, &format!("done: {what}")),
                }
            }
            Doing::Resting(until) if until <= now => {}
            unfinished => self.doing = unfinished,
        }
        if let (Some(held), Some(_)) = (&self.card, self.renew_at.filter(|at| *at <= now)) {
            self.renew_at = None;
            self.asks.push(Ask::Renew(held.clone()));
        }
        // What was asked for is done first: behind an end or a hang no step may run. What is kept of a message holds up none.
        while self.doing == Doing::Idle && self.asks.iter().all(|ask| matches!(ask, Ask::Log(..))) {
            if let Some(message) = self.queue.pop_front() {
                self.accept(&message);
            } else if let Some(step) = self.script.next() {
                self.step(step);
            } else {
                break;
            }
        }
        std::mem::take(&mut self.asks)
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Work(span) => self.work(format!("task {}", self.done + 1), span),
            Step::Rest(span) => self.doing = Doing::Resting(self.now + span),
            Step::Ask(question) => {
                self.say(Voice::Agent, &question);
                self.doing = Doing::Asking(question);
                self.dirty = true;
            }
            Step::Say(text) => self.say(Voice::Agent, &text),
            Step::Die(status) => self.asks.push(Ask::End(status)),
            Step::Hang => self.asks.push(Ask::Hang),
            Step::Flood(lines) => {
                self.asks.push(Ask::Flood(lines));
                self.say(Voice::Note, &format!("flooded {lines} lines"));
            }
            Step::Card(ending, span) => {
                self.plan = Some((ending, span));
                // A late worker has promised too much: its claim is over before its work is.
                // Three times its work: a claim outlives a slow machine, and is renewed at
                // the half all the same.
                let seconds = if ending == Ending::Late { span / 3 } else { (span * 3).max(MIN_CLAIM) };
                // Where there is no card it looks again in a while, and not at once.
                self.doing = Doing::Resting(self.now + LOOK_FOR_CARDS);
                self.asks.push(Ask::Claim(i64::try_from(seconds.as_secs()).unwrap_or(i64::MAX).max(1)));
            }
            Step::Pace(span) => self.pace = span,
            Step::Log(path) => self.log = Some(path),
            // The script puts its first step in the place of this one.
            Step::Loop => {}
        }
    }

    /// Takes the answer to a claim.
    pub(super) fn claimed(&mut self, claimed: Result<Option<Held>, String>) {
        let Some((ending, span)) = self.plan else { return };
        match claimed {
            Ok(Some(held)) => {
                self.say(Voice::Agent, &format!("claimed {}: {}", held.id, held.title));
                self.work(format!("{} {}", held.id, held.title), span);
                self.renew_at = (ending != Ending::Late).then(|| self.now + span / 2);
                self.card = Some(held);
            }
            Ok(None) => self.say(Voice::Note, "no card to claim"),
            Err(why) => self.say(Voice::Note, &why),
        }
    }

    /// Takes the answer to what was done with a card.
    pub(super) fn told(&mut self, what: &str, held: &Held, answer: &Result<(), String>) {
        match answer {
            Ok(()) => self.say(Voice::Agent, &format!("{what} {}", held.id)),
            Err(why) => self.say(Voice::Note, why),
        }
    }

    fn end_card(&mut self, held: Held) {
        self.renew_at = None;
        if std::mem::take(&mut self.briefed) {
            return self.deliver(held, false);
        }
        let failed = matches!(self.plan.take(), Some((Ending::Fail, _)));
        self.asks.push(if failed { Ask::Park(held, FAILED) } else { Ask::Complete(held) });
    }

    /// Leaves off with what it is at. A card that it has in hand is parked: whoever interrupts it decides what becomes of it.
    fn interrupt(&mut self, what: &str) {
        self.say(Voice::Note, &format!("interrupted: {what}"));
        self.doing = Doing::Idle;
        self.renew_at = None;
        self.plan = None;
        self.briefed = false;
        // What its body runs holds the card too, and has to be ended before the card is given up.
        let at_work = std::mem::take(&mut self.delivering);
        if let Some(held) = self.card.take() {
            self.asks.push(if at_work { Ask::Break(held, INTERRUPTED) } else { Ask::Park(held, INTERRUPTED) });
        }
    }

    fn deliver(&mut self, held: Held, answered: bool) {
        self.delivering = true;
        self.card = Some(held.clone());
        self.work(format!("{} {}", held.id, held.title), DELIVERY);
        self.asks.push(Ask::Deliver(held, answered));
    }

    /// Takes how the work on a brief's card went.
    pub(super) fn delivered(&mut self, held: Held, went: Went) {
        self.delivering = false;
        self.card = None;
        self.doing = Doing::Idle;
        match went {
            Went::Through(said) => said.iter().for_each(|line| self.say(Voice::Agent, line)),
            Went::Stuck(question) => {
                self.say(Voice::Agent, &question);
                self.doing = Doing::Asking(question);
                self.stuck = Some(held);
            }
        }
        self.dirty = true;
    }

    fn work(&mut self, what: String, span: Duration) {
        self.doing = Doing::Working { what, from: self.now, until: self.now + span };
        self.dirty = true;
    }

    fn accept(&mut self, message: &str) {
        if let Some(path) = &self.log {
            self.asks.push(Ask::Log(path.clone(), message.to_owned()));
        }
        if let Some(held) = brief::read(message) {
            self.say(Voice::Agent, &format!("took {}: {}", held.id, held.title));
            self.work(format!("{} {}", held.id, held.title), self.pace);
            self.plan = Some((Ending::Complete, self.pace));
            self.briefed = true;
            self.renew_at = Some(self.now + self.pace / 2);
            self.card = Some(held);
            return;
        }
        self.say(Voice::Agent, &format!("accepted: {message}"));
        self.work(message.lines().next().unwrap_or_default().chars().take(60).collect(), self.pace);
    }

    /// Adds to the conversation.
    pub(super) fn say(&mut self, voice: Voice, text: &str) {
        let count = text.len() as u64;
        match voice {
            Voice::Agent => self.wrote += count,
            Voice::User => self.read += count,
            Voice::Note => {}
        }
        for line in text.lines() {
            self.lines.push_back((voice, line.to_owned()));
        }
        while self.lines.len() > MAX_LINES {
            self.lines.pop_front();
        }
        self.dirty = true;
    }

    /// Takes a key.
    pub(super) fn key(&mut self, key: KeyEvent, now: Instant) {
        self.now = now;
        self.dirty = true;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => match std::mem::replace(&mut self.doing, Doing::Idle) {
                Doing::Working { what, .. } => self.interrupt(&what),
                rest => {
                    self.doing = rest;
                    self.draft.clear();
                }
            },
            // As in a shell: with something typed it ends nothing.
            KeyCode::Char('d') if control && self.draft.is_empty() => self.asks.push(Ask::End(0)),
            KeyCode::Char('u') if control => self.draft.clear(),
            KeyCode::Char('j') if control => self.draft.push('\n'),
            KeyCode::Enter if key.modifiers.contains(KeyModifiers::ALT) => self.draft.push('\n'),
            KeyCode::Enter => self.submit(),
            KeyCode::Backspace => {
                self.draft.pop();
            }
            KeyCode::Char(c) if !control => self.draft.push(c),
            _ => {}
        }
    }

    /// Takes a paste into the draft; nothing is submitted by it.
    pub(super) fn paste(&mut self, text: &str) {
        // In a paste terminals send line ends as carriage returns.
        self.draft.push_str(&text.replace("\r\n", "\n").replace('\r', "\n"));
        self.dirty = true;
    }

    fn submit(&mut self) {
        let draft = std::mem::take(&mut self.draft);
        let message = draft.trim();
        if message.is_empty() {
            return;
        }
        // A command waits for nothing, and so needs no room.
        if self.is_working() && self.queue.len() >= MAX_QUEUED && !message.starts_with('/') {
            // What is not taken stays where it was typed.
            self.draft = draft;
            return self.say(Voice::Note, "queue full; the message stays a draft");
        }
        // Words without an id leave the last one standing: its sender may still be looking for it.
        self.took = id_of(message).map(str::to_owned).or_else(|| self.took.take());
        self.say(Voice::User, message);
        if let Some(command) = message.strip_prefix('/') {
            return self.command(command);
        }
        match &self.doing {
            Doing::Asking(_) => {
                self.say(Voice::Agent, &format!("answered: {message}"));
                self.doing = Doing::Idle;
                if let Some(held) = self.stuck.take() {
                    self.deliver(held, true);
                }
            }
            Doing::Working { .. } => {
                self.queue.push_back(message.to_owned());
                self.say(Voice::Note, &format!("queued ({} waiting)", self.queue.len()));
            }
            Doing::Idle | Doing::Resting(_) => self.accept(message),
        }
    }

    fn command(&mut self, command: &str) {
        match command {
            "clear" | "new" => {
                self.lines.clear();
                self.queue.clear();
                self.say(Voice::Note, "new conversation");
            }
            "help" => {
                for line in [
                    "/work [seconds]   works",
                    "/claim [seconds]  claims a card and completes it; /fail parks it, /late is too slow",
                    "/ask QUESTION     asks for input",
                    "/pace [seconds]   works so long on each message from now on",
                    "/log FILE         keeps every message in a file",
                    "/die [status]     ends",
                    "/hang             stops reacting",
                    "/flood [lines]    floods its screen",
                    "/clear  /new      new conversation",
                ] {
                    self.say(Voice::Note, line);
                }
            }
            other => match Step::parse(other) {
                Some(step) if step != Step::Loop => self.step(step),
                _ => self.say(Voice::Note, "unknown command; /help"),
            },
        }
    }

    /// What to report.
    pub(super) fn status(&self) -> Status {
        let (status, detail) = match &self.doing {
            Doing::Idle | Doing::Resting(_) => (HeartbeatStatus::Ok, None),
            Doing::Working { what, .. } => (HeartbeatStatus::Busy, Some(what.clone())),
            Doing::Asking(question) => (HeartbeatStatus::Waiting, Some(question.clone())),
        };
        Status { status, detail, msg: self.took.clone() }
    }

    /// What it would have used if it were a model: each answer reads the whole conversation again, as models do.
    pub(super) fn usage(&self) -> UsageFacts {
        let answers = u64::from(self.done) + 1;
        let context = CONTRACT_TOKENS + (self.read + self.wrote) / BYTES_A_TOKEN + u64::from(self.done) * TASK_TOKENS;
        UsageFacts {
            model: Some(Label::new(&self.identity.model)),
            input_tokens: Some(CONTRACT_TOKENS * answers + context),
            output_tokens: Some(self.wrote / BYTES_A_TOKEN + u64::from(self.done) * TASK_TOKENS / 8),
            context_used_percent: Some(100.0 * (context as f64 / CONTEXT_TOKENS as f64).min(1.0)),
            ..UsageFacts::default()
        }
    }

    /// The terminal title: what it is at, so that lists can show it.
    pub(super) fn title(&self) -> String {
        let doing = match &self.doing {
            Doing::Idle | Doing::Resting(_) => "idle",
            Doing::Working { .. } => "working",
            Doing::Asking(_) => "waiting for input",
        };
        format!("{}: {doing}", self.identity.name)
    }

    /// The draft as the prompt shows it.
    pub(super) fn shown_draft(&self) -> String {
        if self.draft.lines().nth(PLACEHOLDER_LINES - 1).is_some() {
            return format!("[pasted {} lines]", self.draft.lines().count());
        }
        text::ending(&self.draft, SHOWN_COLUMNS).replace('\n', "\u{23ce} ")
    }

    /// Messages that wait for the end of its work.
    pub(super) fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Whether it works.
    pub(super) fn is_working(&self) -> bool {
        matches!(self.doing, Doing::Working { .. })
    }

    /// When something happens by itself.
    pub(super) fn due(&self) -> Option<Instant> {
        match &self.doing {
            // When that is over its body says.
            Doing::Working { .. } if self.delivering => None,
            Doing::Working { until, .. } => Some(self.renew_at.map_or(*until, |at| at.min(*until))),
            Doing::Resting(until) => Some(*until),
            Doing::Idle | Doing::Asking(_) => None,
        }
    }

    pub(super) fn touch(&mut self) {
        self.dirty = true;
    }

    /// Whether something changed since it was drawn.
    pub(super) fn is_dirty(&self) -> bool {
        self.dirty
    }

    pub(super) fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }
}

#[cfg(test)]
mod tests;
