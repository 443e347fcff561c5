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

/// A receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// What became of the message.
    pub delivery: Delivery,
    /// Why, in a few words; for a refusal a fixed word first, such as `draft_present`.
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
    /// Whether it was refused for a text that a killed sender left in the composer.
    #[serde(skip)]
    pub left_behind: bool,
    /// Whether its pane's process had ended by then, where that can be told from here.
    #[serde(skip)]
    pub ended: bool,
    /// When the pane's process began that it went to, since boot, where that can be told from here.
    #[serde(skip)]
    pub began: Option<std::time::Duration>,
}

/// The fixed word of a refusal because of work that is under way.
pub(super) const BUSY: &str = "busy";

impl Receipt {
    /// Whether it was refused because the agent works, and would be disturbed.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.delivery == Delivery::Refused && self.reason.split(':').next() == Some(BUSY)
    }

    /// Of a message that could not even be tried to deliver.
    #[must_use]
    pub fn not_tried(agent: &Agent, failure: &Failure) -> Self {
        Self::of(agent, Delivery::Blank, format!("{failure}; nothing was typed"))
    }

    /// Of a message to an agent of which nothing was typed.
    pub(super) fn of(agent: &Agent, delivery: Delivery, reason: String) -> Self {
        Self {
            delivery,
            reason,
            agent: agent.name.to_string(),
            tenant_id: agent.tenant_id.clone(),
            host: agent.host.clone(),
            message_id: String::new(),
            bytes: 0,
            typed: false,
            left_behind: false,
            ended: false,
            began: None,
        }
    }
}
