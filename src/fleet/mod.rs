//! The fleet: what agents there are, what every plane says about each, how they are kept.

pub mod activity;
pub mod checks;
pub mod comms;
pub mod death;
mod envfile;
pub mod error;
pub mod exec;
pub mod framework;
pub mod heartbeat;
pub mod home;
pub mod join;
mod label;
pub mod lifecycle;
pub mod lockfile;
pub mod message;
pub mod model;
pub mod observe;
pub mod pane;
pub mod process;
pub mod readiness;
pub mod roster;
pub mod runtime;
pub mod screen;
pub mod session;
pub mod ssh;
pub mod systemd;
pub mod tmux;
