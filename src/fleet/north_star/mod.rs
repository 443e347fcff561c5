//! The north star: what a fleet is for and which goals it has, as a file that people write. Reads and checks its text,
//! and renders it as Markdown; only [`mod@file`] opens anything.

mod check;
pub mod file;
mod render;

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::roster::{Document, Problem};

pub use render::render;

/// The whole file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NorthStar {
    version: u64,
    /// What all of it is for.
    pub mission: String,
    /// What it is built on.
    #[serde(default)]
    pub substrate: Option<Substrate>,
    /// What holds whatever the goals are.
    #[serde(default)]
    pub standing_objectives: Vec<Statement>,
    /// By what success is known.
    #[serde(default)]
    pub success_criteria: Vec<Statement>,
    /// Groups of goals.
    #[serde(default)]
    pub workstreams: Vec<Workstream>,
    /// The goals, in the order of the file.
    pub goals: Vec<Goal>,
    /// What is taken for true.
    #[serde(default)]
    pub assumptions: Vec<Assumption>,
    /// What it may cost.
    #[serde(default)]
    pub spend: Option<Spend>,
}

/// What the work is built on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Substrate {
    /// In words.
    pub note: String,
}

/// A sentence with a name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// Its name.
    pub id: String,
    /// The sentence.
    pub text: String,
}

/// A group of goals.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workstream {
    /// Its name.
    pub id: String,
    /// One line.
    pub title: String,
}

/// Something that is to become true.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Goal {
    /// Its name, which is that of its card.
    pub id: String,
    /// One line.
    pub title: String,
    /// In which phase it is due, from 1.
    pub phase: u64,
    /// How much it matters.
    pub priority: Priority,
    /// Goals that come first.
    #[serde(default)]
    pub depends_on: Vec<String>,
}

/// How much a goal matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Priority {
    /// Without it there is no success.
    MustHave,
    /// It hurts to go without.
    ShouldHave,
    /// It would be nice.
    CouldHave,
}

impl Priority {
    /// Returns its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::MustHave => "must-have",
            Self::ShouldHave => "should-have",
            Self::CouldHave => "could-have",
        }
    }

    /// Returns the priority of the goal's card.
    #[must_use]
    pub const fn of_card(self) -> i64 {
        match self {
            Self::MustHave => 30,
            Self::ShouldHave => 20,
            Self::CouldHave => 10,
        }
    }
}

/// Something that is taken for true.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// Its name.
    pub id: String,
    /// Whether the board may say no to it.
    #[serde(default)]
    pub vetoable: bool,
    /// The sentence.
    pub text: String,
}

/// What it may cost.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spend {
    /// Whether it only advises.
    #[serde(default)]
    pub advisory: bool,
    /// In words.
    pub note: String,
}

impl Goal {
    /// Returns the phase as its card has it.
    #[must_use]
    pub fn phase_of_card(&self) -> String {
        format!("phase-{}", self.phase)
    }
}

impl NorthStar {
    /// Returns the goals in an order in which each comes behind all that it depends on, else as in the file.
    #[must_use]
    pub fn in_order(&self) -> Vec<&Goal> {
        let mut ordered: Vec<&Goal> = Vec::with_capacity(self.goals.len());
        let mut waiting: Vec<&Goal> = self.goals.iter().collect();
        while !waiting.is_empty() {
            let is_free = |goal: &&Goal| !goal.depends_on.iter().any(|on| waiting.iter().any(|other| other.id == *on));
            // The rules leave no cycle; with one the rest would be free together.
            let at = waiting.iter().position(is_free).unwrap_or(0);
            ordered.push(waiting.remove(at));
        }
        ordered
    }
}

/// Reads a north star's text.
///
/// # Errors
/// Every problem, with file, line, column and key; a text that cannot be decoded has one.
pub fn parse(text: &str, path: &Path) -> Result<NorthStar, Vec<Problem>> {
    let (star, mut document): (NorthStar, Document) = Document::decode_known(text, path, check::keys)?;
    check::all(&star, &mut document);
    document.finish(star)
}

#[cfg(test)]
mod tests;
