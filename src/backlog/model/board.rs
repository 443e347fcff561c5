//! What the board reads: counts, and the cards of each column that are on the screen.

use serde::Serialize;

use super::{Card, CardId, Column, Stamp, Status};

/// Cards per column.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts(pub [u64; 5]);

impl Counts {
    /// Returns the number of cards in a column.
    #[must_use]
    pub fn of(&self, column: Column) -> u64 {
        self.0[column.index()]
    }

    /// Returns the number of all cards.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }
}

/// Conditions on a card, all of which it has to meet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms(pub Vec<Term>);

/// One condition on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The field that is compared.
    pub field: TermField,
    /// The text looked for.
    pub text: String,
    /// Whether a match excludes the card.
    pub inverted: bool,
}

/// A field that a term compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TermField {
    /// Id, title and body.
    Text,
    /// The phase, whole.
    Phase,
    /// The assignee, whole.
    Assignee,
    /// The owner of the claim, whole.
    Owner,
    /// The goal, whole.
    Goal,
    /// The stage, whole.
    Stage,
}

impl Terms {
    /// Reads words: `phase:x`, `assignee:x` (or `class:x`), `owner:x`, `goal:x`, `stage:x`, or text; `!` inverts.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let prefixes = [
            ("phase:", TermField::Phase),
            ("assignee:", TermField::Assignee),
            ("class:", TermField::Assignee),
            ("owner:", TermField::Owner),
            ("goal:", TermField::Goal),
            ("stage:", TermField::Stage),
        ];
        let terms = text.split_whitespace().filter_map(|word| {
            let (inverted, word) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
            let (field, text) = prefixes
                .iter()
                .find_map(|(prefix, field)| Some((*field, word.strip_prefix(prefix)?)))
                .unwrap_or((TermField::Text, word));
            (!text.is_empty()).then(|| Term { field, text: text.to_owned(), inverted })
        });
        Self(terms.collect())
    }
}

/// The cards that the board shows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BoardQuery {
    /// Conditions.
    pub terms: Terms,
    /// First card of each column.
    pub offsets: [u64; 5],
    /// Cards of each column.
    pub limit: u64,
}

/// One card in a column: what a line of the board shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardLine {
    /// Its name.
    pub id: CardId,
    /// Its title.
    pub title: String,
    /// Its priority.
    pub priority: i64,
    /// Its phase.
    pub phase: String,
    /// Class or agent that should take it.
    pub assignee: String,
    /// Dependencies that are open.
    pub open_dependencies: i64,
    /// Its claim.
    pub claim: Option<ClaimLine>,
    /// Why it is blocked.
    pub block_reason: String,
    /// When it changed last.
    pub updated_at: Stamp,
    /// Its version.
    pub version: i64,
    /// Goal that it is work for.
    pub goal: String,
    /// Stage of the pipeline.
    pub stage: String,
    /// Branch of its work.
    pub branch: String,
}

/// A card on its way from stage to stage: what decides where it goes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageLine {
    /// Its name.
    pub id: CardId,
    /// Its stage.
    pub stage: String,
    /// Class or agent that should take it.
    pub assignee: String,
    /// Its status.
    pub status: Status,
    /// Branch of its work.
    pub branch: String,
    /// How often it was sent back.
    pub rounds: i64,
    /// Its version.
    pub version: i64,
}

impl From<&Card> for StageLine {
    fn from(card: &Card) -> Self {
        Self {
            id: card.id,
            stage: card.stage.clone(),
            assignee: card.assignee.clone(),
            status: card.status,
            branch: card.branch.clone(),
            rounds: card.rounds,
            version: card.version,
        }
    }
}

/// A claim in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClaimLine {
    /// Who holds it.
    pub owner: String,
    /// On which host; empty where that is not known.
    pub host: String,
    /// Since when.
    pub since: Stamp,
    /// Until when.
    pub expires_at: Stamp,
}

/// A card that somebody holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldCard {
    /// Its name.
    pub id: CardId,
    /// Its title.
    pub title: String,
    /// The claim.
    pub claim: ClaimLine,
}

/// One column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lane {
    /// Cards that match in the whole column.
    pub count: u64,
    /// Whether the count stops at a bound, so that there are more.
    pub more: bool,
    /// Place of the first card of `cards` in the column.
    pub offset: u64,
    /// Cards read.
    pub cards: Vec<CardLine>,
}

/// The board as read at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Board {
    /// The store's clock at that moment.
    pub now: Stamp,
    /// Cards per column, whatever the conditions.
    pub counts: Counts,
    /// The columns.
    pub lanes: [Lane; 5],
    /// Active claims, so that rows of agents can show theirs.
    pub claims: Vec<HeldCard>,
    /// What was asked.
    pub query: BoardQuery,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_name_goals_and_stages() {
        let got: Vec<_> = Terms::parse("goal:A1 !stage:gate").0.iter().map(|t| (t.field, t.inverted)).collect();
        assert_eq!(got, [(TermField::Goal, false), (TermField::Stage, true)]);
    }

    #[test]
    fn terms_are_words_with_fields() {
        let terms = Terms::parse("!phase:m1 assignee:code  login owner: ");
        let got: Vec<_> = terms.0.iter().map(|t| (t.field, t.text.as_str(), t.inverted)).collect();
        assert_eq!(
            got,
            [(TermField::Phase, "m1", true), (TermField::Assignee, "code", false), (TermField::Text, "login", false)]
        );
    }
}
