//! The dashboard as data: its state, what happens to it, what is shown. Pure. `screens` and `present` have one module of
//! the same name for each view and each popup.

pub mod chart;
pub mod claims;
pub mod draft;
pub mod effect;
pub mod event;
pub mod filter;
pub mod fuzzy;
pub mod memory;
pub mod notices;
pub mod present;
#[cfg(test)]
pub(crate) mod samples;
pub mod screens;
pub mod settings;
pub mod state;
pub mod update;
