//! One line of a card's history.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{CardId, Stamp};

/// What happened to a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say all")]
pub enum EventKind {
    Created,
    Edited,
    Claimed,
    Renewed,
    Reclaimed,
    Completed,
    Blocked,
    Unblocked,
    Linked,
    Unlinked,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Created,
        Self::Edited,
        Self::Claimed,
        Self::Renewed,
        Self::Reclaimed,
        Self::Completed,
        Self::Blocked,
        Self::Unblocked,
        Self::Linked,
        Self::Unlinked,
    ];

    /// Returns its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Edited => "edited",
            Self::Claimed => "claimed",
            Self::Renewed => "renewed",
            Self::Reclaimed => "reclaimed",
            Self::Completed => "completed",
            Self::Blocked => "blocked",
            Self::Unblocked => "unblocked",
            Self::Linked => "linked",
            Self::Unlinked => "unlinked",
        }
    }

    /// Returns the kind of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// One line of a card's history; written with the change itself, never changed, never deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CardEvent {
    /// The card.
    pub card_id: CardId,
    /// When.
    pub at: Stamp,
    /// Who: an agent, or a user.
    pub actor: String,
    /// Their tenant.
    pub tenant_id: String,
    /// Their host.
    pub host: String,
    /// What happened.
    pub kind: EventKind,
    /// The card's version afterwards.
    pub version: i64,
    /// The particulars: for an edit each field with its value before and after.
    pub detail: Value,
}

impl CardEvent {
    /// Returns the event in a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        let text = |name: &str| self.detail.get(name).map(plain).filter(|text| !text.is_empty());
        match self.kind {
            EventKind::Edited => {
                let fields: Vec<Cow<'_, str>> = self.detail.as_object().map_or_else(Vec::new, |fields| {
                    fields
                        .iter()
                        .map(|(name, change)| match (change.get(0), change.get(1)) {
                            (Some(before), Some(after)) => {
                                Cow::Owned(format!("{name} {} -> {}", plain(before), plain(after)))
                            }
                            _ => Cow::Borrowed(name.as_str()),
                        })
                        .collect()
                });
                format!("edited {}", fields.join(", "))
            }
            EventKind::Claimed => {
                format!("claimed (token {})", text("token").unwrap_or_default())
            }
            EventKind::Linked | EventKind::Unlinked => {
                format!("{} {}", self.kind.word(), text("to").unwrap_or_default())
            }
            EventKind::Blocked => match text("reason") {
                Some(reason) => format!("blocked: {reason}"),
                None => "blocked".to_owned(),
            },
            EventKind::Reclaimed => {
                let owner = text("owner").map(|owner| format!(" from {owner}")).unwrap_or_default();
                let reason = text("reason").map(|reason| format!(": {reason}")).unwrap_or_default();
                format!("reclaimed{owner}{reason}")
            }
            kind => kind.word().to_owned(),
        }
    }
}

/// A line of a history as it is shown: one that somebody wrote again and again is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Folded<'a> {
    /// The newest of them.
    pub event: &'a CardEvent,
    /// How many there are.
    pub times: usize,
}

impl Folded<'_> {
    /// Returns it in a few words.
    #[must_use]
    pub fn summary(&self) -> String {
        let once = self.event.summary();
        if self.times > 1 { format!("{once} {} times", self.times) } else { once }
    }
}

/// Folds a history, oldest first: renewals of one claim that follow each other are one line, since of each of them nobody
/// wants to read.
#[must_use]
pub fn folded(history: &[CardEvent]) -> Vec<Folded<'_>> {
    let mut all: Vec<Folded<'_>> = Vec::new();
    for event in history {
        match all.last_mut().filter(|last| {
            event.kind == EventKind::Renewed && last.event.kind == event.kind && last.event.actor == event.actor
        }) {
            Some(last) => *last = Folded { event, times: last.times + 1 },
            None => all.push(Folded { event, times: 1 }),
        }
    }
    all
}

/// Returns a JSON value as a person would write it.
fn plain(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed("none"),
        Value::String(text) if text.is_empty() => Cow::Borrowed("\"\""),
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn renewals_that_follow_each_other_are_one_line() {
        let line = |at: i64, actor: &str, kind| CardEvent {
            card_id: CardId::parse("A1").unwrap(),
            at: Stamp(at),
            actor: actor.to_owned(),
            tenant_id: "me".to_owned(),
            host: "here".to_owned(),
            kind,
            version: at,
            detail: json!({ "token": 1 }),
        };
        let history = [
            line(1, "a", EventKind::Claimed),
            line(2, "a", EventKind::Renewed),
            line(3, "a", EventKind::Renewed),
            line(4, "b", EventKind::Renewed),
            line(5, "a", EventKind::Renewed),
            line(6, "a", EventKind::Completed),
            line(7, "a", EventKind::Completed),
        ];
        let shown: Vec<(i64, String)> = folded(&history).iter().map(|fold| (fold.event.at.0, fold.summary())).collect();
        let want = [
            (1, "claimed (token 1)"),
            (3, "renewed 2 times"),
            (4, "renewed"),
            (5, "renewed"),
            (6, "completed"),
            (7, "completed"),
        ];
        assert_eq!(shown, want.map(|(at, words)| (at, words.to_owned())));
    }
}
