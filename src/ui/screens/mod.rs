//! One module per view.

mod activity;
mod board;
mod diff;
mod events;
mod fleet;
mod list;
mod org;
mod strip;
mod wall;
mod watch;

pub(super) use activity::draw as activity;
pub(super) use board::{draw as board, draw_card as card};
pub(super) use diff::draw as diff;
pub(super) use fleet::{draw as fleet, header};
pub(super) use org::draw as org;
pub(super) use wall::draw as wall;
pub(super) use watch::draw as watch;
