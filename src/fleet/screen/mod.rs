//! What a runtime's screen shows: its composer, its state. Rules are data, one file per runtime.
//!
//! `rules` reads the data, `read` applies it to a picture. Nothing here talks to tmux.

mod look;
mod read;
mod rules;

pub use read::{BETWEEN, Composer, ScreenFacts, ScreenState, Summary, read};
pub use rules::{BusyEnter, DialogRule, Rules, Source, named_choices, rules_for};
