//! The program: command line, dashboard, and what connects them to the fleet.

pub mod action;
pub mod backlog;
pub mod claims;
pub mod cli;
mod crash;
mod demo;
pub mod draft;
mod editor;
pub mod effect;
pub mod error;
pub mod event;
mod executor;
pub mod filter;
mod headless;
#[cfg(test)]
mod hints;
mod hooks;
pub mod inputs;
pub mod keymap;
mod launch;
mod lifecycle;
mod logging;
mod look;
mod on_terminal;
mod open;
pub mod palette;
mod paths;
pub mod present;
pub mod registry;
pub mod report;
mod run;
mod runtime;
#[cfg(test)]
pub(crate) mod samples;
mod standard_input;
pub mod state;
mod steering;
mod stub;
mod takeover;
mod terminal;
pub mod update;

pub use run::main;
