//! The fleet: what agents there are, what every plane says about each, how they are kept.

pub mod activity;
pub mod checks;
pub mod comms;
pub mod contract;

mod envfile;
pub mod error;
pub mod file;
pub mod framework;
pub mod git;
pub mod heartbeat;
pub mod home;
pub mod identity;
pub mod join;
pub mod launch;
pub mod library;
pub mod lifecycle;
pub mod logfile;
pub mod message;
pub mod model;
pub mod observe;
pub mod os;
pub mod pane;
pub mod persona;
pub mod profile;
pub mod provision;
pub mod readiness;
pub mod roster;
pub mod runtime;
pub mod sanitizer;
pub mod screen;
pub mod seed;
pub mod session;
pub mod ssh;
pub mod systemd;
pub mod tmux;
mod yaml;
