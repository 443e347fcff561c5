//! A card, as the gate sees it.

use super::refusal::Refusal;

/// What a gate has to know of a card.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Card {
    /// Its name.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Paths that it declares; empty means any.
    pub paths: Vec<String>,
    /// Agents that held it while the change was written.
    pub workers: Vec<String>,
    /// Whether it is the card of the branch, and not only named beside it.
    pub is_of_branch: bool,
    /// Why its branch is not merged yet, as the pipeline has it.
    pub early: Option<Refusal>,
}
