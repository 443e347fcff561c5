//! The dashboard as data: its state, what happens to it, what is shown. Pure. From below: `state`, `present`, `screens` and
//! `update`; each view and each popup has a module of one name in the first three.

pub mod chart;
pub mod claims;
pub mod draft;
pub mod effect;
pub mod event;
pub mod filter;
#[cfg(test)]
mod gallery;
pub mod memory;
pub mod notices;
pub mod order;
pub mod present;
#[cfg(test)]
pub(crate) mod samples;
pub mod screens;
pub mod settings;
pub mod state;
pub mod update;
