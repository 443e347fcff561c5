//! Steering agents as actions: messages, waiting, text of panes, the table of peers.

mod action;
mod build;
mod perform;
mod tail;

pub(super) use action::SteeringAction;
pub(super) use build::{
    build_approve, build_attach, build_broadcast, build_comms, build_reset, build_send, build_tail, build_wait,
};
pub(super) use perform::perform;
pub(super) use tail::{attach, follow};
