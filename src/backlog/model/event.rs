//! One line of a card's history.

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
                let fields: Vec<String> = self.detail.as_object().map_or_else(Vec::new, |fields| {
                    fields
                        .iter()
                        .map(|(name, change)| match (change.get(0), change.get(1)) {
                            (Some(before), Some(after)) => format!("{name} {} -> {}", plain(before), plain(after)),
                            _ => name.clone(),
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

/// Returns a JSON value as a person would write it.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
