//! How far a delivery came, and what is told when it is broken off there. Pure.

use std::fmt;

use super::receipt::{Delivery, Outcome, Refusal};
use crate::fleet::error::Failure;

/// How far a delivery is; what a failure means depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was typed.
    Looking,
    /// Nothing was typed: a text that a killed sender pasted stands in the composer.
    LeftBehind,
    /// The text may stand in the composer.
    Typing,
    /// It was pasted.
    Typed,
    /// Enter, or the answer, may have been pressed.
    Submitting,
}

impl Phase {
    /// What is told when the screen or the link is lost now.
    pub(super) fn told(self, failure: &Failure) -> Outcome {
        match self {
            Self::Looking | Self::LeftBehind => Outcome::new(Delivery::Blank, format!("{failure}; {self}")),
            Self::Typing | Self::Typed | Self::Submitting => {
                Outcome::new(Delivery::Unverified, format!("{failure}; {self}"))
            }
        }
    }
}

/// What became of the text, as a receipt ends that lost the screen or the link.
impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Looking | Self::LeftBehind => "nothing was typed",
            Self::Typing | Self::Typed => "it may stand in the composer, and was not submitted",
            Self::Submitting => "it may have been submitted",
        })
    }
}

pub(super) fn gone(phase: Phase) -> Outcome {
    match phase {
        Phase::Looking | Phase::LeftBehind | Phase::Typing | Phase::Typed => {
            Outcome::new(Delivery::Dead, "its pane ended".to_owned())
        }
        Phase::Submitting => {
            Outcome::new(Delivery::Unverified, "its pane ended right after it was submitted".to_owned())
        }
    }
}

pub(super) fn lock_busy() -> Outcome {
    Outcome::refused(Refusal::LockBusy, "another message is being delivered; nothing was typed")
}

/// Another sender claimed the lease, because this one did not renew it for too long.
pub(super) fn lost_lease(phase: Phase) -> Outcome {
    match phase {
        Phase::Looking | Phase::LeftBehind | Phase::Typing => lock_busy(),
        Phase::Typed => {
            Outcome::new(Delivery::Draft, "another sender claimed the pane meanwhile; it was not submitted".to_owned())
        }
        Phase::Submitting => {
            Outcome::new(Delivery::Unverified, "submitted; then another sender claimed the pane".to_owned())
        }
    }
}
