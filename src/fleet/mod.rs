//! The fleet: what agents there are, what every plane says about each, how they are kept.

pub mod error;
pub mod home;
mod label;
pub mod model;
pub mod roster;
pub mod runtime;
