//! Starting and stopping agents.
//!
//! This is the direct supervisor: keepers run detached, one per agent, without a service manager.

mod direct;

pub use direct::{Outcome, ensure_servers, start, stop};
