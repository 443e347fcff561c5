//! Where and on what a key that somebody bound works: words of the view and of what is selected. Pure.

use crate::app::action::registry::Place;
use crate::backlog::model::Column;
use crate::fleet::model::Readiness;

/// The views that a condition can name, each with the place whose keys work there.
pub const VIEWS: [(&str, Place); 9] = [
    ("fleet", Place::Fleet),
    ("wall", Place::Wall),
    ("watch", Place::Watch),
    ("board", Place::Board),
    ("card", Place::Board),
    ("goals", Place::Goals),
    ("activity", Place::Activity),
    ("diff", Place::Diff),
    ("org", Place::Org),
];

/// What is on the screen when a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The place whose keys work.
    pub place: Place,
    /// The view, by its word in [`VIEWS`].
    pub view: &'static str,
    /// The state of the selected agent, or the column of the selected card.
    pub state: Option<&'static str>,
}

impl Standing {
    /// A view with nothing selected.
    #[must_use]
    pub fn of(place: Place) -> Self {
        let view = VIEWS.iter().find(|(_, at)| *at == place).map_or("fleet", |(view, _)| view);
        Self { place, view, state: None }
    }

    /// Everything that a condition can tell apart.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        VIEWS
            .into_iter()
            .flat_map(|(view, place)| states().map(Some).chain([None]).map(move |state| Self { place, view, state }))
    }
}

fn states() -> impl Iterator<Item = &'static str> {
    Readiness::ALL.into_iter().map(Readiness::word).chain(Column::ALL.into_iter().map(Column::word))
}

/// A condition: `view:` and `state:` with words, of which one must fit; all terms must hold, and `!` inverts one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct When {
    terms: Vec<Term>,
    text: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    inverted: bool,
    of_view: bool,
    words: Vec<&'static str>,
}

impl When {
    /// Reads a condition; an empty one always holds.
    ///
    /// # Errors
    /// Which word is none, and what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        let terms: Result<Vec<Term>, String> = text.split_whitespace().map(Term::parse).collect();
        let when = Self { terms: terms?, text: text.split_whitespace().collect::<Vec<_>>().join(" ") };
        if Standing::all().any(|at| when.holds(&at)) { Ok(when) } else { Err(format!("`{}` never holds", when.text)) }
    }

    /// Whether it holds.
    #[must_use]
    pub fn holds(&self, at: &Standing) -> bool {
        self.terms.iter().all(|term| {
            let word = if term.of_view { Some(at.view) } else { at.state };
            // With nothing selected no state fits, and so each `!state:` holds.
            word.is_some_and(|word| term.words.contains(&word)) != term.inverted
        })
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Term {
    fn parse(text: &str) -> Result<Self, String> {
        let (inverted, rest) = text.strip_prefix('!').map_or((false, text), |rest| (true, rest));
        let (of_view, words) = match rest.split_once(':') {
            Some(("view", words)) => (true, words),
            Some(("state", words)) => (false, words),
            _ => {
                let told = crate::plain::quoted(text);
                return Err(format!(
                    "{told} is no condition; expected `view:` or `state:` with words, such as `view:fleet state:stuck,dead`"
                ));
            }
        };
        let known: Vec<&'static str> =
            if of_view { VIEWS.iter().map(|(view, _)| *view).collect() } else { states().collect() };
        let found: Result<Vec<&'static str>, String> = words
            .split(',')
            .map(|word| {
                known.iter().find(|one| **one == word).copied().ok_or_else(|| {
                    let name = if of_view { "view" } else { "state" };
                    format!("{} is no {name}; expected {}", crate::plain::quoted(word), known.join(", "))
                })
            })
            .collect();
        Ok(Self { inverted, of_view, words: found? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_tells_views_and_states_apart() {
        let at = |view: &'static str, state| {
            let place = VIEWS.iter().find(|(name, _)| *name == view).unwrap().1;
            Standing { place, view, state }
        };
        for (text, standing, holds) in [
            ("", at("fleet", None), true),
            ("view:fleet", at("fleet", Some("stuck")), true),
            ("view:fleet", at("wall", Some("stuck")), false),
            ("view:fleet,wall state:stuck,dead", at("wall", Some("dead")), true),
            ("view:fleet,wall state:stuck,dead", at("wall", Some("working")), false),
            ("view:fleet,wall state:stuck,dead", at("wall", None), false),
            ("!view:board", at("board", Some("ready")), false),
            ("!view:board", at("card", Some("ready")), true),
            ("!state:working", at("fleet", None), true),
        ] {
            assert_eq!(When::parse(text).unwrap().holds(&standing), holds, "{text} at {standing:?}");
        }
    }

    #[test]
    fn what_is_no_condition_is_told_with_what_is_allowed() {
        for (text, tells) in [
            ("view:flet", "\"flet\" is no view; expected fleet, wall, watch, board, card, goals, activity, diff"),
            ("state:busy", "\"busy\" is no state; expected stuck, dead"),
            ("fleet", "\"fleet\" is no condition; expected `view:`"),
            ("view:", "\"\" is no view"),
            ("view:fleet view:board", "`view:fleet view:board` never holds"),
        ] {
            let why = When::parse(text).unwrap_err();
            assert!(why.contains(tells), "{text}: {why}");
        }
    }
}
