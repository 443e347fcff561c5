//! Steering agents: how its actions are performed.

mod deliver;
mod follow;
mod look;
mod perform;
mod tail;

pub(in crate::app) use perform::perform;
pub(in crate::app) use tail::{attach, follow};
