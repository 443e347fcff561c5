//! Whole-binary tests on real components: tmux servers on private sockets, real programs in panes,
//! the program itself in a pseudo-terminal. Nothing is faked, nothing waits by sleeping blindly.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod activity;
mod advice;
mod answers;
mod backlog;
mod board;
mod cells;
mod cli;
mod cost;
mod dashboard;
mod demo;
mod doors;
mod first_minutes;
mod first_run;
mod framework;
mod gate;
mod given_files;
mod hands;
mod harness;
mod hooks;
mod hostile;
mod hosts;
mod keys;
mod launching;
mod library;
mod lifecycle;
mod lost_server;
mod messages;
mod neighbours;
mod north_star;
mod notices;
mod org;
mod orphans;
mod own_state;
mod pause;
mod planes;
mod provision;
mod release;
mod runtimes;
mod scripts;
mod settings;
mod slow_link;
mod soak;
mod status_line;
mod steering;
mod supervise;
mod systemd;
mod terminal;
mod terminals;
mod trees;
mod truth;
mod wall;
mod watch;
mod writing;
