//! The backlog's side of the program: its actions, how they are built and performed, and what they print.

mod action;
mod build;
mod look;
mod perform;
mod place;
mod print;
mod progress;

pub use action::{BacklogAction, Fields, Text};
pub(super) use build::*;
pub(super) use look::Look;
pub(super) use perform::{failure, perform};
pub(super) use place::{place, who};
pub(super) use print::{criteria, safe};
