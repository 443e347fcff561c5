//! The backlog's actions: how they are performed, and what they print.

mod brief;
mod look;
mod perform;
pub(in crate::app) mod pipeline;
mod place;
mod print;
mod progress;
mod stuck;

pub(in crate::app) use brief::{Terms, brief};
pub(in crate::app) use look::Look;
pub(in crate::app) use perform::perform;
pub(in crate::app) use place::{place, who};
