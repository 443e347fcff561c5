//! What can go wrong with the fleet: the program's one error type.

pub use crate::plain::{Failure, Kind, Result};
