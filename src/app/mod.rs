//! The program: command line, dashboard, and what connects them to the fleet.
//!
//! Four floors, each of which knows only those below it: `action` (what can be asked and answered), `tui` (the
//! dashboard as data), `perform` (what reaches outside), `edge` (this process and its terminal). `demo` and `stub`
//! stand on top, and `run` leads from a command line to one of them.

pub mod action;
mod demo;
mod edge;
pub mod factory;
mod perform;
mod run;
mod stub;
pub mod tui;

pub use run::main;
