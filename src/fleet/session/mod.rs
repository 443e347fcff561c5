//! The session keeper: makes or adopts an agent's tmux session and vouches for it.
//!
//! One keeper per agent, held by a lock. It never starts a tmux server: the process that does owns
//! every pane in it. When the pane's process ends, the keeper records how, and ends with its status.

mod create;
mod environment;
mod exit;
mod holder;
mod keeper;
mod kickstart;
mod living;
mod lock;
mod own_state;
mod pace;
mod report;
mod service;
mod told;

pub use environment::{AGENT_NAME, command, is_shell_word, pane_path as search_path};
pub use exit::{ExitRecord, last_exit, last_words};
pub use holder::{ensure_servers, hold};
pub use keeper::{refused, run};
pub use kickstart::text as kickstart_text;
pub use living::{Hidden, Living, living, living_of};
pub use lock::{keeper_pid, last_socket};
pub use report::{Report, own_agent, own_pane_process, report, report_usage};
pub use service::tell as tell_service_manager;
