//! Other hosts: one connection each, shared by everything that asks them.
//!
//! `command` knows ssh's words, `link` keeps a shell open on the remote host and runs one command after the
//! other in it. Nothing but a POSIX shell and tmux is needed there.

mod command;
mod link;
mod processes;

pub use command::{Client, REMOTE_PATH, words};
pub use link::{Link, Links};
pub use processes::processes;
