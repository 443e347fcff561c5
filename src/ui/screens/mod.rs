//! One module per view.

mod fleet;
mod watch;

pub(super) use fleet::{draw as fleet, header};
pub(super) use watch::draw as watch;
