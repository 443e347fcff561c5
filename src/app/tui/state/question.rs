//! The question that an agent asks: the whole of it, with a key for each choice. An answer is meant for the question
//! that was on the screen, and the executor presses nothing when another one stands there by then.

use crate::app::action::dispatch::RequestId;
use crate::app::tui::state::confirm::Reading;
use crate::fleet::model::{AgentRow, Label, RowKey};
use crate::fleet::screen::{self, BETWEEN};

/// An open question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Whose it is.
    pub agent: RowKey,
    /// The agent's name.
    pub name: String,
    /// What it asks, as every row shows it.
    pub asked: Label,
    /// The same row by row, with the choices that it offers.
    pub rows: Vec<Shown>,
    /// Its runtime, which names the choices that stand in no row of their own.
    runtime: Option<String>,
    /// How much of that was on the screen.
    pub reading: Reading,
    /// First line shown.
    pub scroll: u16,
    /// The answer that is on its way, and with which choice.
    pub sent: Option<(RequestId, usize)>,
    /// What became of it, and whether it failed.
    pub told: Option<(String, bool)>,
    /// Why the last key did nothing.
    pub refused: Option<String>,
}

/// A row of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// What is asked, or said of a choice.
    Text(String),
    /// A choice.
    Choice(Choice),
}

/// A choice of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Its number, which is a key.
    pub number: usize,
    /// What it says.
    pub words: String,
    /// The letter that is its key as well: of a question whose choices are yes and no.
    pub letter: Option<char>,
}

/// Reads the rows of a question. Choices carry their numbers, the last that count up from one; else they are those that the
/// runtime's record names, each list for one of its dialogs.
fn read(asked: &str, named: &[Vec<String>]) -> Vec<Shown> {
    let mut rows: Vec<&str> = asked.split(BETWEEN).collect();
    // Where numbers have a dot, what has none is part of what is said of a choice, such as `1 file`.
    let dotted = rows.iter().any(|row| numbered(row, true).is_some_and(|(number, _)| number == 1));
    let first = rows.iter().rposition(|row| numbered(row, dotted).is_some_and(|(number, _)| number == 1));
    let mut next = 1;
    let mut shown: Vec<Shown> = Vec::new();
    let choice = |number: &mut usize, words: &str| {
        let letter = None;
        *number += 1;
        Shown::Choice(Choice { number: *number - 1, words: words.to_owned(), letter })
    };
    if let Some(first) = first {
        for (at, row) in rows.iter().enumerate() {
            shown.push(match numbered(row, dotted).filter(|(number, _)| at >= first && *number == next) {
                Some((_, words)) => choice(&mut next, words),
                None => Shown::Text((*row).to_owned()),
            });
        }
    } else {
        // Those of a dialog stand in its last row, one beside the other; where none is shown there is only one kind.
        let last = rows.last().copied().unwrap_or_default();
        let beside = named.iter().find(|choices| choices.join(" ") == last);
        if beside.is_some() {
            rows.pop();
        }
        let only = if let [only] = named { Some(only) } else { None };
        shown.extend(rows.into_iter().map(|row| Shown::Text(row.to_owned())));
        shown.extend(beside.or(only).into_iter().flatten().map(|words| choice(&mut next, words)));
    }
    letters(&mut shown);
    shown
}

/// A row's number and the rest of it, where it is one of a list: with a dot or a bracket behind the number, or without.
fn numbered(row: &str, dotted: bool) -> Option<(usize, &str)> {
    let (number, rest) = row.split_at(row.find(|c: char| !c.is_ascii_digit())?);
    let rest = if dotted { rest.strip_prefix(['.', ')'])? } else { rest };
    Some((number.parse().ok()?, rest.strip_prefix(' ')?.trim()))
}

/// Gives the choices of a question that is answered by yes or no their letters, in whichever order they stand.
fn letters(shown: &mut [Shown]) {
    let mut choices: Vec<&mut Choice> = shown.iter_mut().filter_map(Shown::choice).collect();
    let letter = |words: &str| match words.to_lowercase().as_str() {
        "yes" => Some('y'),
        "no" => Some('n'),
        _ => None,
    };
    let known: Vec<Option<char>> = choices.iter().map(|choice| letter(&choice.words)).collect();
    // A third choice, or a yes that says more than yes, is chosen by its number alone.
    if matches!(known.as_slice(), [Some(one), Some(other)] if one != other) {
        choices.iter_mut().zip(known).for_each(|(choice, letter)| choice.letter = letter);
    }
}

impl Shown {
    fn choice(&mut self) -> Option<&mut Choice> {
        match self {
            Self::Choice(choice) => Some(choice),
            Self::Text(_) => None,
        }
    }
}

impl Question {
    pub(in crate::app::tui) fn of(row: &AgentRow) -> Option<Self> {
        let asked = row.question.clone().filter(|_| row.managed)?;
        let mut question = Self {
            agent: row.key,
            name: row.name.to_string(),
            rows: Vec::new(),
            runtime: row.runtime.clone(),
            asked: Label::default(),
            refused: None,
            reading: Reading::default(),
            scroll: 0,
            sent: None,
            told: None,
        };
        question.take(asked);
        Some(question)
    }

    /// Takes what is asked in place of what was: nobody has read it yet.
    pub(in crate::app::tui) fn take(&mut self, asked: Label) {
        let named = self.runtime.as_deref().map(screen::named_choices).unwrap_or_default();
        self.rows = read(asked.as_str(), &named);
        (self.asked, self.reading, self.told) = (asked, Reading::default(), None);
    }

    /// The choices that it shows.
    pub fn choices(&self) -> impl Iterator<Item = &Choice> {
        self.rows.iter().filter_map(|row| match row {
            Shown::Choice(choice) => Some(choice),
            Shown::Text(_) => None,
        })
    }

    /// The choice that a key stands for.
    #[must_use]
    pub fn choice_of(&self, key: char) -> Option<usize> {
        let number = key.to_digit(10).and_then(|digit| usize::try_from(digit).ok());
        let found = self.choices().find(|choice| Some(choice.number) == number || choice.letter == Some(key));
        found.map(|choice| choice.number)
    }

    /// The key of the choice on a line of it, where one character names it.
    #[must_use]
    pub fn key_at(&self, line: usize) -> Option<char> {
        let Some(Shown::Choice(choice)) = self.rows.get(line) else { return None };
        u32::try_from(choice.number).ok().and_then(|number| char::from_digit(number, 10))
    }

    /// Whether an answer was tried here, and none was given.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.sent.is_none()
            && match &self.told {
                Some((_, failed)) => *failed,
                None => self.refused.is_some(),
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The choices of a question: their keys, and what they say.
    fn choices(asked: &str, runtime: &str) -> Vec<(String, String)> {
        let shown = read(asked, &screen::named_choices(runtime));
        let found = shown.into_iter().filter_map(|row| match row {
            Shown::Choice(choice) => {
                let letter = choice.letter.map(|letter| format!("/{letter}")).unwrap_or_default();
                Some((format!("{}{letter}", choice.number), choice.words))
            }
            Shown::Text(_) => None,
        });
        found.collect()
    }

    #[test]
    fn the_choices_of_a_question_are_those_that_it_shows() {
        for (asked, runtime, want) in [
            ("Delete the table? (y/n)", "stub", &[("1/y", "yes"), ("2/n", "no")][..]),
            (
                "Proceed? | 1. Yes | 2. Yes, always | 3. No",
                "claude",
                &[("1", "Yes"), ("2", "Yes, always"), ("3", "No")],
            ),
            ("Delete? | 1. No | 2. Yes", "claude", &[("1/n", "No"), ("2/y", "Yes")]),
            ("Which? | 1. One | 1 file | 2. Two", "opencode", &[("1", "One"), ("2", "Two")]),
            ("Migrate? | 1 yes | 2 yes, always | 3 no", "claude", &[("1", "yes"), ("2", "yes, always"), ("3", "no")]),
            ("A plan | 1. read | 2. write | Proceed? | 1. Go | 2. Stay", "claude", &[("1", "Go"), ("2", "Stay")]),
            (
                "Which? | 1. SQLite | one file | 2. PostgreSQL | a server",
                "opencode",
                &[("1", "SQLite"), ("2", "PostgreSQL")],
            ),
            (
                "Permission required | read -p (y/n) | Allow once Allow always Reject",
                "opencode",
                &[("1", "Allow once"), ("2", "Allow always"), ("3", "Reject")],
            ),
            ("Always allow | touch * | Confirm Cancel", "opencode", &[("1", "Confirm"), ("2", "Cancel")]),
            ("Permission required | a command that is too lo\u{2026} #1234abcd", "opencode", &[]),
            ("Would you like to run 2. it? (y/n)", "codex", &[]),
            ("Anything?", "unheard-of", &[]),
        ] {
            let want: Vec<(String, String)> =
                want.iter().map(|(key, words)| ((*key).into(), (*words).into())).collect();
            assert_eq!(choices(asked, runtime), want, "{asked}");
        }
    }
}
