//! Looking into panes: one live and read-only, many by pictures, one still with its scrollback.
//!
//! The live view is a tmux client in a terminal of exactly the window's size, with a parser behind
//! it. Nothing is ever written to that terminal, so no key can reach the pane; and a client as large
//! as the window cannot change the window's size, with or without other clients.

mod cells;
mod pictures;
mod pool;
mod viewer;

pub use cells::{is_repairing, still};
pub use pictures::{Pictures, Seen, Tile, once};
pub use pool::Pool;
pub use viewer::Viewer;
