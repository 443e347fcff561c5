//! The fleet's lifecycle as actions: what each asks for, how it is built, performed and told.

mod action;
mod build;
mod perform;
mod print;
mod roster;

pub(super) use action::LifecycleAction;
#[cfg(test)]
pub(super) use action::Targets;
pub(super) use build::{
    build_add, build_edit, build_init, build_install, build_recover, build_remove, build_targets, build_uninstall,
};
pub(super) use perform::{perform, start_all};
