//! The session keeper: makes or adopts an agent's tmux session and vouches for it.
//!
//! One keeper per agent, held by a lock. It never starts a tmux server: the process that does owns
//! every pane in it. When the pane's process ends, the keeper records how, and ends with its status.

mod create;
mod envfile;
mod environment;
mod exit;
mod keeper;
mod lock;
mod report;

pub use exit::last_words;
pub use keeper::run;
pub use lock::keeper_pid;
pub use report::{Report, own_pane_process, report};
