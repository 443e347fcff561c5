//! tmux, the multiplexer that holds the agents: typed commands out, parsed facts in.
//!
//! A [`Reader`] only reads, by [`Query`] values, and is all that an observer holds; a [`Tmux`] takes a [`Change`]. Targets are pane
//! ids or exact session names (`=NAME:`), because a bare name also matches prefixes.

mod clients;
mod command;
mod glance;
mod guard;
mod lost;
mod mark;
mod paint;
mod panes;
mod peek;
mod reader;
mod refusal;
mod server;
mod shots;
mod survey;

pub use clients::clients_on;
pub use command::{Change, Query, Variable};
pub use glance::Glance;
pub use guard::Guard;
pub use lost::{LostServer, REACHED_BY, server_above, servers_on, socket_base, socket_path};
pub(in crate::fleet) use paint::row as painted_row;
pub use panes::{PaneRecord, panes_of};
pub use peek::{Peek, Peeks};
pub use reader::{Look, Reader};
pub use server::Tmux;
pub use shots::{Shot, Wanted};
pub use survey::Screens;
