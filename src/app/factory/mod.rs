//! What the factory does next, as pure rules: from what is seen to what is decided. No clock, no I/O.
//!
//! `situation` is what one tick sees, `memory` what is known from ticks before, `tick` the rules in their order, and
//! `decision` what comes out: each a value with its reason. `pipeline` is what moves a card from stage to stage.

mod decision;
mod dispatch;
mod memory;
pub mod pipeline;
mod situation;
mod tick;

#[cfg(test)]
mod tests;

pub use decision::{Decision, Reason, named};
pub use memory::{Asked, Backoff, Given, Memory};
pub use situation::{Blocked, Cards, Elsewhere, Held, Role, Seat, Settings, Situation, Stays, Waiting, mark};
pub use tick::{REVIEWER, tick};
