//! Actions that reach outside: how each is performed and told. No terminal here.

pub(in crate::app) mod activity;
pub(in crate::app) mod agent;
pub(in crate::app) mod backlog;
pub(in crate::app) mod executor;
pub(in crate::app) mod factory;
pub(in crate::app) mod fleet;
pub(in crate::app) mod framework;
pub(in crate::app) mod headless;
pub(in crate::app) mod hooks;
pub(in crate::app) mod library;
pub(in crate::app) mod look;
pub(in crate::app) mod output;
pub(in crate::app) mod setup;
pub(in crate::app) mod standard_input;
mod text;
