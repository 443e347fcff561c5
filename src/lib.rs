//! The cockpit for fleets of AI agents that live in tmux sessions.
//!
//! - [`fleet`]: what agents there are, what every plane says of each, how they are kept.
//! - [`backlog`]: cards, claims and their history, on SQLite or PostgreSQL.
//! - [`ui`]: drawing; a view in, cells out.
//! - [`plain`]: text at the border: files that people write, what decoders say.
//! - [`app`]: the program: actions, state, the event loop, the command line.
//!
//! `fleet`, `backlog` and `ui` never import each other or `app`, except that `ui` may use the pure values
//! of `fleet::model` and `backlog::model`; `tests/tidy.rs` enforces it.

pub mod app;
pub mod backlog;
pub mod fleet;
pub mod plain;
pub mod ui;
