//! The order of the agents' list: by one of its columns, and within equals by who needs somebody most. Pure.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::fleet::model::AgentRow;
use crate::ui::columns::{self, By, Columns};

/// Puts rows that stand in the order of attention into another.
pub fn sort(rows: &mut [Arc<AgentRow>], by: By) {
    match by {
        By::State => {}
        By::Name => rows.sort_by(|one, other| one.name.as_str().cmp(other.name.as_str())),
        // Of whom there is nothing in it comes last.
        By::Card => rows.sort_by(|one, other| {
            let of = |row: &AgentRow| row.claim.is_none();
            of(one).cmp(&of(other)).then_with(|| columns::card(one).cmp(columns::card(other)))
        }),
        By::Class => rows.sort_by(|one, other| {
            (one.class.is_none(), one.class.as_deref()).cmp(&(other.class.is_none(), other.class.as_deref()))
        }),
        By::Runtime => rows.sort_by(|one, other| {
            let of = |row: &AgentRow| columns::runtime(row).is_empty();
            of(one).cmp(&of(other)).then_with(|| columns::runtime(one).cmp(columns::runtime(other)))
        }),
        By::Tokens => rows.sort_by_key(|row| Reverse(row.usage.as_ref().and_then(|usage| usage.tokens()))),
        By::Idle => rows.sort_by_key(|row| Reverse(row.idle_seconds.map(step))),
    }
}

/// An idle time in the steps that are shown: rows that say the same stay where they are.
fn step(seconds: u64) -> u64 {
    match seconds {
        0..=99 => seconds / 10 * 10,
        100..=5999 => seconds / 60 * 60,
        _ => seconds / 3600 * 3600,
    }
}

/// The order behind this one, or the one before it, among the columns that are shown.
#[must_use]
pub fn beside(by: By, shown: Columns, forward: bool) -> By {
    let all: Vec<By> = By::ALL.into_iter().filter(|by| shown.has(*by)).collect();
    let at = all.iter().position(|one| *one == by);
    let to = match (at, forward) {
        (Some(at), true) => (at + 1) % all.len(),
        (Some(at), false) => (at + all.len() - 1) % all.len(),
        (None, _) => 0,
    };
    all.get(to).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tui::samples;
    use crate::fleet::model::{ClaimFacts, Label, Readiness, UsageFacts};

    #[test]
    fn rows_stand_by_what_their_column_shows_and_those_without_it_last() {
        let row = |name: &str, idle, tokens: Option<u64>, card: Option<&str>| {
            let mut row = samples::row(name, Readiness::Working);
            row.idle_seconds = idle;
            row.usage = tokens.map(|input| UsageFacts { input_tokens: Some(input), ..UsageFacts::default() });
            row.claim = card.map(|card| ClaimFacts { card: card.to_owned(), title: Label::new("x"), expires_in: 9.0 });
            row.class = Some(if name == "b" { "alpha" } else { "code" }.to_owned());
            Arc::new(row)
        };
        let rows = [
            row("c", Some(3), None, Some("B2")),
            row("a", Some(8), Some(10), None),
            row("b", None, Some(9_000), Some("A1")),
            row("d", Some(700), Some(20), None),
        ];
        let by = |by| {
            let mut rows = rows.to_vec();
            sort(&mut rows, by);
            rows.iter().map(|row| row.name.to_string()).collect::<Vec<_>>().concat()
        };
        assert_eq!([by(By::State), by(By::Name), by(By::Tokens)], ["cabd", "abcd", "bdac"]);
        assert_eq!([by(By::Card), by(By::Class), by(By::Runtime)], ["bcad", "bcad", "cabd"]);
        assert_eq!(by(By::Idle), "dcab", "those that say the same stay as they stood");
    }

    #[test]
    fn only_columns_that_are_shown_are_gone_through() {
        let shown = Columns { name: 9, idle: 4, ..Columns::default() };
        let mut by = By::State;
        let mut gone = Vec::new();
        for _ in 0..3 {
            gone.push(by);
            by = beside(by, shown, true);
        }
        assert_eq!((gone, by), (vec![By::State, By::Name, By::Idle], By::State));
        assert_eq!(beside(By::State, shown, false), By::Idle);
        assert_eq!(beside(By::Tokens, shown, true), By::State, "its column went");
    }
}
