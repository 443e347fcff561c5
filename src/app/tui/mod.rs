//! The dashboard as data: its state, what happens to it, what is shown. Pure.

pub mod claims;
pub mod draft;
pub mod effect;
pub mod event;
pub mod filter;
pub mod palette;
pub mod present;
#[cfg(test)]
pub(crate) mod samples;
pub mod state;
pub mod update;
