//! The fleet's lifecycle: how its actions are performed and told.

mod change;
mod look;
mod perform;
mod print;
mod profile;

pub(in crate::app) use perform::{perform, start_all};
