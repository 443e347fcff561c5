//! Steering agents: how its actions are performed.

mod captured;
mod deliver;
mod diff;
mod follow;
mod look;
mod perform;
mod tail;

pub(in crate::app) use diff::read as read_diff;
pub(in crate::app) use perform::perform;
pub(in crate::app::perform) use perform::reset_command;
pub(in crate::app) use tail::{attach, follow};
