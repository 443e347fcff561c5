//! The activity history: the one place where actions are kept, cards as events, and the command that prints it.

mod cards;
mod digest;
mod events;
mod print;
pub(in crate::app) mod record;

pub(in crate::app) use cards::{events as card_events, pull as pull_cards};
pub(in crate::app) use digest::digest;
pub(in crate::app) use events::events;
pub(in crate::app) use print::lines;
