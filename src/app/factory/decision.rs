//! What a tick decides: values, each with its reason. Words are made here, last.

use std::fmt;
use std::time::Duration;

use crate::backlog::model::{CardId, Stamp};
use crate::fleet::model::{AgentName, Subject, age};

/// Cards that a line names at most.
const NAMED: usize = 8;

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Nothing is given out from now on.
    Hold(Reason),
    /// Work is given out again.
    GoOn(Reason),
    /// Gives an agent that lives another keeper.
    Keep {
        /// The agent.
        agent: AgentName,
        /// Why.
        why: Reason,
    },
    /// Takes a text out of an agent's composer that a killed delivery left there.
    Clear {
        /// The agent.
        agent: AgentName,
        /// Why.
        why: Reason,
    },
    /// Brings back an agent that ended.
    Revive {
        /// The agent.
        agent: AgentName,
        /// Why.
        why: Reason,
    },
    /// Returns claims whose time is over to the pool.
    Reclaim {
        /// The cards.
        cards: Vec<CardId>,
        /// Why.
        why: Reason,
    },
    /// Takes a card from an agent that is gone.
    Release {
        /// The card.
        card: CardId,
        /// Who held it.
        agent: AgentName,
        /// Since when: a later claim is none of this decision.
        since: Stamp,
        /// Why.
        why: Reason,
    },
    /// Gives a card to an agent.
    Dispatch {
        /// The card.
        card: CardId,
        /// Who gets it.
        agent: AgentName,
        /// Why this one.
        why: Reason,
    },
    /// Starts an agent for the time that there is work for it.
    Start {
        /// The agent.
        agent: AgentName,
        /// Why.
        why: Reason,
    },
    /// Stops an agent for which there is no work.
    Stop {
        /// The agent.
        agent: AgentName,
        /// Why.
        why: Reason,
    },
    /// Asks for cards.
    Replan {
        /// Who is asked.
        agent: AgentName,
        /// Why.
        why: Reason,
    },
    /// Has somebody look back at a card that is over.
    Review {
        /// Who is asked.
        agent: AgentName,
        /// The card.
        card: CardId,
    },
    /// Has a person look at something.
    Escalate {
        /// What about.
        subject: Subject,
        /// Why.
        why: Reason,
        /// What was tried.
        tried: String,
    },
    /// Tells the coordinating seat of an escalation.
    Tell {
        /// Who is told.
        agent: AgentName,
        /// The escalation's id.
        id: String,
        /// What about.
        subject: Subject,
    },
    /// Ends an escalation whose cause is gone.
    Settle {
        /// What about.
        subject: Subject,
        /// Why.
        why: Reason,
    },
}

/// Why something was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The fleet is paused: by whom and why, as [`Pause::words`](crate::fleet::model::Pause::words) says it.
    Paused(String),
    /// The pause is over.
    PauseOver,
    /// Its keeper is gone.
    NoKeeper,
    /// A delivery was broken off between the paste and Enter.
    BrokenOff,
    /// It is dead in two looks that agree.
    Dead(String),
    /// The time of these claims is over.
    LeaseOver,
    /// Its session and processes are gone.
    OwnerGone,
    /// The process to which it was given is gone, and another one runs.
    AnotherProcess,
    /// The card names the agent.
    ForAgent,
    /// The card is for the agent's class.
    ForClass(String),
    /// The card is for anyone.
    ForAnyone,
    /// So many cards of its class wait for somebody.
    WorkWaits(usize),
    /// It had no card for so long.
    NoWork(Duration),
    /// No card is open.
    NothingOpen,
    /// The last of several failures, in its own words.
    Failed(String),
    /// Everybody of its class has written a part of it.
    AllAuthors,
    /// The roster has nobody for these cards; how many, and the first of them.
    ForNobody(usize, CardId),
    /// A floor seat was stopped on purpose.
    StoppedOnPurpose,
    /// A worker said so.
    Said(String),
    /// It was given out so often.
    GivenOut(i64),
    /// It went well again.
    WellAgain,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Paused(words) => write!(f, "the fleet is {words}"),
            Self::PauseOver => f.write_str("the pause is over"),
            Self::NoKeeper => f.write_str("it lives, and its keeper is gone"),
            Self::BrokenOff => f.write_str("a delivery was broken off and left its text in the composer"),
            Self::Dead(why) => write!(f, "dead in two looks: {why}"),
            Self::LeaseOver => f.write_str("the time of the claim is over"),
            Self::OwnerGone => f.write_str("its session and processes are gone in two looks"),
            Self::AnotherProcess => {
                f.write_str("the process that had it ended, and the one that runs knows nothing of it")
            }
            Self::ForAgent => f.write_str("it is free, and the card names it"),
            Self::ForClass(class) => write!(f, "it is free, and the card is for {class}"),
            Self::ForAnyone => f.write_str("it is free, and the card is for anyone"),
            Self::WorkWaits(1) => f.write_str("a card waits for its class"),
            Self::WorkWaits(cards) => write!(f, "{cards} cards wait for its class"),
            Self::NoWork(span) => write!(f, "no card for {}", age::short(*span)),
            Self::NothingOpen => f.write_str("no card is open"),
            Self::Failed(why) | Self::Said(why) => f.write_str(why),
            Self::AllAuthors => f.write_str("it waits for a review, and all who could take it have worked on it"),
            Self::ForNobody(1, card) => {
                write!(
                    f,
                    "{card} waits; `mosaic-tui backlog edit {card} --assignee NAME`, or an entry in the roster, ends it"
                )
            }
            Self::ForNobody(cards, first) => write!(
                f,
                "{cards} cards wait, {first} first; `mosaic-tui backlog edit {first} --assignee NAME`, or an entry in \
                 the roster, ends it"
            ),
            Self::StoppedOnPurpose => f.write_str("it was stopped on purpose"),
            Self::GivenOut(times) => write!(f, "claimed {times} times"),
            Self::WellAgain => f.write_str("its cause is gone"),
        }
    }
}

/// Cards by name, the first of them where they are many: after a night in which nobody supervised, all leases are over.
#[must_use]
pub fn named(cards: &[CardId]) -> String {
    let (first, rest) = cards.split_at(cards.len().min(NAMED));
    let names: Vec<&str> = first.iter().map(CardId::as_str).collect();
    match rest.len() {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

impl Decision {
    /// Its word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Hold(_) => "hold",
            Self::GoOn(_) => "go_on",
            Self::Keep { .. } => "keep",
            Self::Clear { .. } => "clear",
            Self::Revive { .. } => "revive",
            Self::Reclaim { .. } => "reclaim",
            Self::Release { .. } => "release",
            Self::Dispatch { .. } => "dispatch",
            Self::Start { .. } => "start",
            Self::Stop { .. } => "stop",
            Self::Replan { .. } => "replan",
            Self::Review { .. } => "review",
            Self::Escalate { .. } => "escalate",
            Self::Tell { .. } => "tell",
            Self::Settle { .. } => "settle",
        }
    }

    /// The agent that it is about.
    #[must_use]
    pub fn agent(&self) -> Option<&str> {
        match self {
            // These concern the fleet, and their lines in the history stand below no agent.
            Self::Hold(_) | Self::GoOn(_) | Self::Reclaim { .. } => None,
            Self::Keep { agent, .. }
            | Self::Clear { agent, .. }
            | Self::Revive { agent, .. }
            | Self::Release { agent, .. }
            | Self::Dispatch { agent, .. }
            | Self::Start { agent, .. }
            | Self::Stop { agent, .. }
            | Self::Replan { agent, .. }
            | Self::Review { agent, .. }
            | Self::Tell { agent, .. } => Some(agent.as_str()),
            Self::Escalate { subject, .. } | Self::Settle { subject, .. } => subject.agent.as_deref(),
        }
    }

    /// The card that it is about, where it is about one.
    #[must_use]
    pub fn card(&self) -> Option<&str> {
        match self {
            Self::Release { card, .. } | Self::Dispatch { card, .. } | Self::Review { card, .. } => Some(card.as_str()),
            // The history files a line under one card, and several are nobody's in particular.
            Self::Reclaim { cards, .. } => match cards.as_slice() {
                [card] => Some(card.as_str()),
                _ => None,
            },
            Self::Escalate { subject, .. } | Self::Settle { subject, .. } | Self::Tell { subject, .. } => {
                subject.card.as_deref()
            }
            _ => None,
        }
    }

    /// Why it was decided.
    #[must_use]
    pub fn why(&self) -> String {
        match self {
            Self::Hold(why) | Self::GoOn(why) => why.to_string(),
            Self::Keep { why, .. }
            | Self::Clear { why, .. }
            | Self::Revive { why, .. }
            | Self::Reclaim { why, .. }
            | Self::Release { why, .. }
            | Self::Dispatch { why, .. }
            | Self::Start { why, .. }
            | Self::Stop { why, .. }
            | Self::Replan { why, .. }
            | Self::Escalate { why, .. }
            | Self::Settle { why, .. } => why.to_string(),
            Self::Review { .. } => "it is over, and nobody has looked back at it".to_owned(),
            Self::Tell { .. } => "nobody has told it yet".to_owned(),
        }
    }

    /// What is done, in a few words.
    #[must_use]
    pub fn what(&self) -> String {
        match self {
            Self::Hold(_) => "gives out nothing".to_owned(),
            Self::GoOn(_) => "gives out work again".to_owned(),
            Self::Keep { agent, .. } => format!("gives {agent} another keeper"),
            Self::Clear { agent, .. } => format!("clears the composer of {agent}"),
            Self::Revive { agent, .. } => format!("restarts {agent}"),
            Self::Reclaim { cards, .. } => format!("returns {} to the pool", named(cards)),
            Self::Release { card, agent, .. } => format!("takes {card} from {agent}"),
            Self::Dispatch { card, agent, .. } => format!("gives {card} to {agent}"),
            Self::Start { agent, .. } => format!("starts {agent}"),
            Self::Stop { agent, .. } => format!("stops {agent}"),
            Self::Replan { agent, .. } => format!("asks {agent} for cards"),
            Self::Review { agent, card } => format!("has {agent} look back at {card}"),
            Self::Escalate { subject, .. } => format!("escalates: {subject}"),
            Self::Tell { agent, subject, .. } => format!("tells {agent}: {subject}"),
            Self::Settle { subject, .. } => format!("settles: {subject}"),
        }
    }

    /// Whether it works on an agent, and so takes its time.
    #[must_use]
    pub fn occupies(&self) -> Option<AgentName> {
        match self {
            Self::Keep { agent, .. }
            | Self::Clear { agent, .. }
            | Self::Revive { agent, .. }
            | Self::Dispatch { agent, .. }
            | Self::Start { agent, .. }
            | Self::Stop { agent, .. }
            | Self::Replan { agent, .. }
            | Self::Review { agent, .. }
            | Self::Tell { agent, .. } => Some(*agent),
            // The rest is a word with the backlog or a file, done before the next decision is begun.
            _ => None,
        }
    }
}
