//! x
pub mod fleet;
