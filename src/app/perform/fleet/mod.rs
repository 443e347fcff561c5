//! The fleet's lifecycle: how its actions are performed and told.

mod change;
mod escalated;
mod look;
mod made;
mod pause;
mod perform;
mod print;
mod probe;

pub(in crate::app) use perform::{perform, start_all};

#[cfg(test)]
mod tests;
