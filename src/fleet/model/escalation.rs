//! What cannot go on by itself and waits for a person.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an escalation is about; agent and card beside it say of whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A seat of the floor is not staffed.
    Unstaffed,
    /// An agent ends again and again.
    Dies,
    /// An agent takes no work.
    TakesNoWork,
    /// A card cannot be given to anybody.
    CannotBeGiven,
    /// A card was given out many times, and nobody ended it.
    NeverEnds,
    /// Whoever worked on a card cannot go on.
    Blocked,
    /// The backlog is empty, and whoever was asked for more cards made none.
    NoCards,
    /// A branch does not pass the gate.
    Gate,
    /// The work tree of a card that is done cannot be taken away.
    TreeStays,
    /// The backlog, or the host that it is on, fails while cards are given out.
    Backlog,
    /// Cards wait for an agent or a class that the roster does not have, or for anyone where it has nobody for such.
    NoSuchAgent,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Unstaffed,
        Self::Dies,
        Self::TakesNoWork,
        Self::CannotBeGiven,
        Self::NeverEnds,
        Self::Blocked,
        Self::NoCards,
        Self::Gate,
        Self::TreeStays,
        Self::Backlog,
        Self::NoSuchAgent,
    ];

    /// Returns its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unstaffed => "unstaffed",
            Self::Dies => "dies",
            Self::TakesNoWork => "takes_no_work",
            Self::CannotBeGiven => "cannot_be_given",
            Self::NeverEnds => "never_ends",
            Self::Blocked => "blocked",
            Self::NoCards => "no_cards",
            Self::Gate => "gate",
            Self::TreeStays => "tree_stays",
            Self::Backlog => "backlog",
            Self::NoSuchAgent => "no_such_agent",
        }
    }
}

/// What an escalation is about: while one of a subject is open there is no second.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// What it is about.
    pub cause: Cause,
    /// The agent.
    pub agent: Option<String>,
    /// The card.
    pub card: Option<String>,
}

impl Subject {
    /// About an agent.
    #[must_use]
    pub fn agent(cause: Cause, agent: &str) -> Self {
        Self { cause, agent: Some(agent.to_owned()), card: None }
    }

    /// About a card.
    #[must_use]
    pub fn card(cause: Cause, card: &str) -> Self {
        Self { cause, agent: None, card: Some(card.to_owned()) }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let agent = self.agent.as_deref().unwrap_or("nobody");
        let card = self.card.as_deref().unwrap_or("a card");
        match self.cause {
            Cause::Unstaffed => write!(f, "the floor lacks {agent}"),
            Cause::Dies => write!(f, "{agent} ends again and again"),
            Cause::TakesNoWork => write!(f, "{agent} takes no work"),
            Cause::CannotBeGiven => write!(f, "{card} cannot be given to anybody"),
            Cause::NeverEnds => write!(f, "{card} was given out often, and nobody ended it"),
            Cause::Blocked => write!(f, "{card} is blocked"),
            Cause::NoCards => write!(f, "{agent} was asked for cards, and made none"),
            Cause::Gate => write!(f, "{card} does not pass the gate"),
            Cause::TreeStays => write!(f, "the work tree of {card} stays, which is done"),
            Cause::Backlog => f.write_str("the backlog fails, and no card is given out"),
            Cause::NoSuchAgent if self.agent.is_none() => f.write_str("cards for anyone wait, and nobody takes such"),
            Cause::NoSuchAgent => write!(f, "cards wait for {agent}, and no agent and no class is called so"),
        }
    }
}

/// Who has seen an escalation, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Who.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub at: i64,
}

/// One thing that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    /// By this it is named: `e` and a number.
    pub id: String,
    /// What it is about.
    #[serde(flatten)]
    pub subject: Subject,
    /// Since when, in milliseconds since 1970.
    pub at: i64,
    /// Whose fleet.
    pub tenant_id: String,
    /// Where.
    pub host: String,
    /// Why.
    pub why: String,
    /// What was tried.
    pub tried: String,
    /// Whether the coordinating seat was told.
    #[serde(default)]
    pub told: bool,
    /// Who has seen it; it stays until its cause is gone.
    #[serde(default)]
    pub acked: Option<Ack>,
}

impl Escalation {
    /// Whether nobody has said yet that they look after it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.acked.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_written_as_its_word_and_read_back() {
        for cause in Cause::ALL {
            let json = serde_json::to_string(&cause).unwrap();
            assert_eq!(json, format!("\"{}\"", cause.word()));
            assert_eq!(serde_json::from_str::<Cause>(&json).unwrap(), cause);
        }
    }

    #[test]
    fn an_escalation_is_one_flat_object() {
        let one = Escalation {
            id: "e1".to_owned(),
            subject: Subject::agent(Cause::Dies, "a"),
            at: 5,
            tenant_id: "me".to_owned(),
            host: "here".to_owned(),
            why: "exit 3".to_owned(),
            tried: "3 restarts".to_owned(),
            told: false,
            acked: None,
        };
        let json = serde_json::to_value(&one).unwrap();
        assert_eq!((&json["cause"], &json["agent"]), (&"dies".into(), &"a".into()));
        assert_eq!(serde_json::from_value::<Escalation>(json).unwrap(), one);
        assert_eq!(one.subject.to_string(), "a ends again and again");
    }
}
