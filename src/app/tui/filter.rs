//! The list filter: words that must all match. Pure.
//!
//! `state:stuck`, `class:code`, `runtime:pi` look at one field, anything else at name, alias,
//! session, title and reason; a leading `!` inverts a word.

use crate::fleet::model::AgentRow;

/// The terms of a filter of agents.
pub const TERMS: [&str; 4] = ["state:", "class:", "runtime:", "host:"];

/// What is said where nothing matches a filter with a word that looks like a term and is none.
#[must_use]
pub fn no_term(text: &str, terms: &[&str]) -> Option<String> {
    let unknown = text.split_whitespace().find_map(|word| {
        let word = word.strip_prefix('!').unwrap_or(word);
        let (name, rest) = word.split_once(':')?;
        let looks_so = !name.is_empty() && !rest.starts_with(':') && name.chars().all(|c| c.is_ascii_alphabetic());
        (looks_so && !terms.iter().any(|term| word.starts_with(term))).then_some(name)
    })?;
    Some(format!("{unknown}: is no term here; {} are", terms.join(" ")))
}

/// A parsed filter.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    inverted: bool,
    field: Field,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Any,
    State,
    Class,
    Runtime,
    Host,
}

impl Filter {
    /// Reads a filter; every text is one.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let terms = text
            .split_whitespace()
            .filter_map(|word| {
                let (inverted, word) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
                let (field, text) = [
                    ("state:", Field::State),
                    ("class:", Field::Class),
                    ("runtime:", Field::Runtime),
                    ("host:", Field::Host),
                ]
                .iter()
                .find_map(|(prefix, field)| Some((*field, word.strip_prefix(prefix)?)))
                // What names no field is looked for as it is: titles hold colons, and a filter that refuses a
                // word would have to say so.
                .unwrap_or((Field::Any, word));
                // `state:` while its word is still being typed would hide every row.
                (!text.is_empty()).then(|| Term { inverted, field, text: text.to_lowercase() })
            })
            .collect();
        Self { terms }
    }

    /// Whether a row passes.
    #[must_use]
    pub fn accepts(&self, row: &AgentRow) -> bool {
        self.terms.iter().all(|term| term.matches(row) != term.inverted)
    }
}

impl Term {
    fn matches(&self, row: &AgentRow) -> bool {
        let has = |text: &str| text.to_lowercase().contains(&self.text);
        match self.field {
            // What the list shows: `state:dead` is for those who died, and not for whom somebody stopped.
            Field::State => has(row.shown().word()) || (!row.managed && has(row.readiness.word())),
            Field::Class => row.class.as_deref().is_some_and(has),
            Field::Runtime => row.runtime.as_deref().is_some_and(has),
            Field::Host => has(&row.host),
            Field::Any => {
                [Some(&row.name), row.alias.as_ref(), Some(&row.session_label), Some(&row.reason)]
                    .into_iter()
                    .flatten()
                    .any(|label| has(label.as_str()))
                    || row.pane.as_ref().is_some_and(|pane| has(pane.title.as_str()))
                    || row.flags.iter().any(|flag| has(flag.word()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tui::samples;

    #[test]
    fn a_term_that_there_is_not_is_named() {
        for (text, want) in [
            ("foo:bar", Some("foo")),
            ("code !Stat:x", Some("Stat")),
            ("state:stuck", None),
            ("12:30 a::b :x", None),
            ("words", None),
        ] {
            let told = no_term(text, &TERMS);
            assert_eq!(told.as_deref().and_then(|told| told.split(':').next()), want, "{text}");
        }
        assert_eq!(no_term("foo:", &["a:", "b:"]).unwrap(), "foo: is no term here; a: b: are");
    }

    #[test]
    fn words_must_all_match_and_can_be_inverted() {
        let row = samples::row("code0", crate::fleet::model::Readiness::Stuck);
        for (text, want) in [
            ("", true),
            ("CODE", true),
            ("state:stuck", true),
            ("state:work", false),
            ("!state:work code", true),
            ("!code", false),
            ("class:code runtime:stub", true),
            ("runtime:pi", false),
            ("state:", true),
            ("nothing", false),
        ] {
            assert_eq!(Filter::parse(text).accepts(&row), want, "{text}");
        }
    }
}
