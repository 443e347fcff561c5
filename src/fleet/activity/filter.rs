//! Which events are shown: words that must all match. Pure.
//!
//! `agent:code0`, `kind:send`, `who:user`, `door:key` and `state:stuck` look at one field; anything else at all that
//! is said. A leading `!` inverts a word.

use super::event::{Door, Event, Kind};
use crate::fleet::model::Readiness;

/// A parsed filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Filter {
    pub(super) terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Term {
    pub(super) inverted: bool,
    pub(super) field: Field,
    pub(super) text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Field {
    Any,
    Agent,
    /// The agent's name and nothing else.
    ExactAgent,
    Kind,
    Who,
    Door,
    State,
}

const PREFIXES: [(&str, Field); 5] = [
    ("agent:", Field::Agent),
    ("kind:", Field::Kind),
    ("who:", Field::Who),
    ("door:", Field::Door),
    ("state:", Field::State),
];

impl Filter {
    /// Reads a filter; every text is one.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let read = |word: &str| {
            let (inverted, word) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
            let of = |(prefix, field): &(&str, Field)| Some((*field, word.strip_prefix(prefix)?));
            let (field, text) = PREFIXES.iter().find_map(of).unwrap_or((Field::Any, word));
            (!text.is_empty()).then(|| Term { inverted, field, text: text.to_lowercase() })
        };
        Self { terms: text.split_whitespace().filter_map(read).collect() }
    }

    /// One agent's events of one kind; `None` means any.
    #[must_use]
    pub fn of(agent: Option<&str>, kind: Option<&str>) -> Self {
        let term = |field, text: &str| Term { inverted: false, field, text: text.to_lowercase() };
        // Whoever names an agent on a command line means it: `code1` must not bring the lines of `code10`.
        let agent = agent.map(|agent| term(Field::ExactAgent, agent));
        Self { terms: agent.into_iter().chain(kind.map(|kind| term(Field::Kind, kind))).collect() }
    }

    /// Whether an event passes.
    #[must_use]
    pub fn accepts(&self, event: &Event) -> bool {
        self.terms.iter().all(|term| term.matches(event) != term.inverted)
    }
}

impl Term {
    fn matches(&self, event: &Event) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.text);
        let agent = event.agent.as_deref();
        match self.field {
            Field::Any => event.words().contains(&self.text),
            Field::Agent => agent.is_some_and(has),
            Field::ExactAgent => agent.is_some_and(|agent| agent.to_lowercase() == self.text),
            Field::Kind => is_of_kind(event.kind, &self.text),
            Field::Who => has(&event.who),
            Field::Door => event.door.is_some_and(|door| has(door.word())),
            Field::State => event.state.is_some_and(|state| has(state.word())),
        }
    }

    /// The same as a condition on a row, and the value that it compares with.
    pub(super) fn sql(&self, at: usize) -> (String, String) {
        // Not `LIKE`: a `%` or a `_` that somebody types means itself.
        let has = |column: &str| format!("instr(fold(coalesce({column}, '')), ?{at}) > 0");
        let mut value = self.text.clone();
        let condition = match self.field {
            Field::Any => format!("instr(words, ?{at}) > 0"),
            Field::Agent => has("agent"),
            Field::ExactAgent => format!("fold(coalesce(agent, '')) = ?{at}"),
            Field::Kind => {
                let fitting = Kind::ALL.iter().filter(|(_, kind)| is_of_kind(*kind, &self.text));
                // With blanks around, so that only whole words are found in it.
                value = fitting.map(|(word, _)| format!(" {word} ")).collect();
                format!("instr(?{at}, ' ' || kind || ' ') > 0")
            }
            Field::Who => has("who"),
            Field::Door => has("door"),
            Field::State => has("state"),
        };
        (if self.inverted { format!("NOT ({condition})") } else { condition }, value)
    }
}

/// Whether a word means a kind: by its beginning, or as one of the deliveries.
fn is_of_kind(kind: Kind, word: &str) -> bool {
    kind.word().starts_with(word) || (kind.is_delivery() && "delivery".starts_with(word))
}

/// The words that `kind:` takes.
#[must_use]
pub fn kinds() -> Vec<&'static str> {
    Kind::ALL.iter().map(|(word, _)| *word).chain(["delivery"]).collect()
}

/// What a text could mean in a filter, as a reminder.
#[must_use]
pub fn terms() -> String {
    let doors: Vec<&str> = Door::ALL.iter().map(|(word, _)| *word).collect();
    let states: Vec<&str> = Readiness::ALL.iter().map(|state| state.word()).collect();
    format!("kind: {}; door: {}; state: {}", kinds().join(" "), doors.join(" "), states.join(" "))
}

#[cfg(test)]
mod tests {
    use super::super::event::tests::event;
    use super::*;

    #[test]
    fn words_must_all_match_and_can_be_inverted() {
        let mut sample = event(Kind::Approve, "code0", 0);
        sample.what = "answer for code0".to_owned();
        sample.text = "Grüße".to_owned();
        for (text, want) in [
            ("", true),
            ("agent:CODE", true),
            ("agent:code1", false),
            ("!agent:code1 kind:approve", true),
            ("kind:delivery", true),
            ("kind:action", false),
            ("!kind:readiness", true),
            ("grüsse", false),
            ("GRÜSSE", false),
            ("grüße who:operator", true),
            ("door:key", false),
            ("agent:", true),
        ] {
            assert_eq!(Filter::parse(text).accepts(&sample), want, "{text}");
        }
        assert!(Filter::of(Some("code0"), Some("approve")).accepts(&sample));
        assert!(!Filter::of(Some("code"), None).accepts(&sample), "a name is the whole of it");
    }
}
