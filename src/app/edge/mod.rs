//! This process: its command line, its terminal, its log, its paths, and the loop of the dashboard.

mod clipboard;
pub(in crate::app) mod crash;
pub(in crate::app) mod editor;
mod facts;
mod history;
pub(in crate::app) mod input;
pub(in crate::app) mod launch;
pub(in crate::app) mod logging;
mod memory;
pub(in crate::app) mod on_terminal;
pub(in crate::app) mod open;
mod outlet;
mod pace;
pub(in crate::app) mod paths;
pub(in crate::app) mod reactor;
pub(in crate::app) mod runtime;
pub(in crate::app) mod settings;
pub(in crate::app) mod signals;
pub(in crate::app) mod takeover;
pub(in crate::app) mod terminal;
mod told;
mod work;
