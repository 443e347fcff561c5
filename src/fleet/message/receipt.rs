//! What became of a message.

use serde::Serialize;

use crate::fleet::error::Failure;
use crate::fleet::roster::Agent;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// The runtime took it: its composer is empty again and its conversation shows the text.
    Accepted,
    /// The runtime is busy and shows it as queued.
    Queued,
    /// Typed, not submitted.
    Draft,
    /// Submitted, and nothing shows whether it arrived.
    Unverified,
    /// The screen cannot be read.
    Blank,
    /// There is no live pane.
    Dead,
    /// A rule forbids it now.
    Refused,
    /// Submitted without a look at what became of it, as asked for.
    Sent,
}

impl Delivery {
    /// The word shown everywhere.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Queued => "queued",
            Self::Draft => "draft",
            Self::Unverified => "unverified",
            Self::Blank => "blank",
            Self::Dead => "dead",
            Self::Refused => "refused",
            Self::Sent => "sent",
        }
    }

    /// Whether it arrived, as far as anybody asked.
    #[must_use]
    pub fn arrived(self) -> bool {
        matches!(self, Self::Accepted | Self::Queued | Self::Sent)
    }
}

/// Which rule forbids a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// It works, and would be disturbed.
    Busy,
    /// A question is open, which Enter would answer.
    BlockedByPrompt,
    /// It waits for a login.
    LoginNeeded,
    /// Its last turn failed for want of a login.
    Login,
    /// Its last turn met a limit of use.
    Limit,
    /// Its last turn failed.
    Failing,
    /// Something else stands where its composer is, such as a list.
    ComposerOccupied,
    /// Somebody's text stands in its composer.
    DraftPresent,
    /// A text of a delivery that was broken off stands in its composer.
    DraftLeft,
    /// Its composer did not show the message whole.
    NotShown,
    /// Nothing tells whether a question is open.
    NoReport,
    /// Another message is being delivered to it.
    LockBusy,
    /// Nothing is asked.
    NoQuestion,
    /// The beginning of the question is not on the screen.
    QuestionNotWhole,
    /// It asks something else than what is answered.
    AnotherQuestion,
    /// The question has no such choice.
    NoChoice,
    /// The mark is not on the first choice, from where keys count.
    MarkMoved,
}

impl Refusal {
    /// The word for scripts, which stands in front of the reason.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::BlockedByPrompt => "blocked_by_prompt",
            Self::LoginNeeded => "login_needed",
            Self::Login => "login",
            Self::Limit => "limit",
            Self::Failing => "failing",
            Self::ComposerOccupied => "composer_occupied",
            Self::DraftPresent => "draft_present",
            Self::DraftLeft => "draft_left",
            Self::NotShown => "not_shown",
            Self::NoReport => "no_report",
            Self::LockBusy => "lock_busy",
            Self::NoQuestion => "no_question",
            Self::QuestionNotWhole => "question_not_whole",
            Self::AnotherQuestion => "another_question",
            Self::NoChoice => "no_choice",
            Self::MarkMoved => "mark_moved",
        }
    }
}

/// What became of one delivery, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub delivery: Delivery,
    pub refusal: Option<Refusal>,
    pub reason: String,
}

impl Outcome {
    pub(super) fn new(delivery: Delivery, reason: impl Into<String>) -> Self {
        Self { delivery, refusal: None, reason: reason.into() }
    }

    pub(super) fn refused(refusal: Refusal, why: impl std::fmt::Display) -> Self {
        let reason = format!("{}: {why}", refusal.word());
        Self { delivery: Delivery::Refused, refusal: Some(refusal), reason }
    }
}

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// What became of the message.
    pub delivery: Delivery,
    /// Which rule forbade it.
    pub refusal: Option<Refusal>,
    /// Why, in a few words; for a refusal its word first.
    pub reason: String,
    /// The agent.
    pub agent: String,
    /// Whose it is.
    pub tenant_id: String,
    /// Where it lives.
    pub host: String,
    /// The message's id.
    pub message_id: String,
    /// Bytes of the message with its frame.
    pub bytes: usize,
    /// Whether anything of it may have been typed, whatever became of that.
    #[serde(skip)]
    pub typed: bool,
    /// Whether its pane's process had ended by then, where that can be told from here.
    #[serde(skip)]
    pub ended: bool,
    /// When the pane's process began that it went to, since boot, where that can be told from here.
    #[serde(skip)]
    pub began: Option<std::time::Duration>,
}

impl Receipt {
    /// Whether it was refused for a text that a killed sender left in the composer.
    #[must_use]
    pub fn left_behind(&self) -> bool {
        self.refusal == Some(Refusal::DraftLeft)
    }

    /// Of a message that could not even be tried to deliver.
    #[must_use]
    pub fn not_tried(agent: &Agent, failure: &Failure) -> Self {
        Self::of(agent, Outcome::new(Delivery::Blank, format!("{failure}; nothing was typed")))
    }

    /// Of a message to an agent of which nothing was typed.
    pub(super) fn of(agent: &Agent, outcome: Outcome) -> Self {
        Self {
            delivery: outcome.delivery,
            refusal: outcome.refusal,
            reason: outcome.reason,
            agent: agent.name.to_string(),
            tenant_id: agent.tenant_id.clone(),
            host: agent.host.clone(),
            message_id: String::new(),
            bytes: 0,
            typed: false,
            ended: false,
            began: None,
        }
    }
}
