//! What can go wrong with the backlog, in words that an operator can act on.

use std::fmt::Display;

pub use crate::plain::{Again, Failure, Kind, Result};

/// A backlog that was there, and is no more.
pub fn gone(place: &impl Display) -> Failure {
    Failure::failed(
        format!("backlog {place}"),
        "was here and is gone",
        "put it back, or mount what it lies on; a card that is made now begins another one",
    )
}

/// A card that does not exist.
#[must_use]
pub fn no_card(id: &impl Display) -> Failure {
    Failure::new(Kind::NotFound, format!("card {id}"), "does not exist", "`mosaic-tui backlog list` lists the cards")
}
