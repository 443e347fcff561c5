//! The one door for what comes from a terminal: bytes in, keys and pastes out.
//!
//! `decoder` is pure and knows no clock but the one it is handed; `paste` takes in what is pasted; `late` tells what follows
//! too late; `ground` reads the answer that says light or dark; `sequence` names the keys of whole control sequences; `tty` reads
//! the terminal. crossterm's own reader is not used: it takes the tail of a report that it does not know for letters, and
//! decides by the size of a read(2) whether Esc was pressed.

mod decoder;
mod ground;
mod late;
mod mouse;
mod paste;
mod sequence;
mod tty;

#[cfg(test)]
mod tests;

pub(in crate::app) use decoder::Typed;
pub(in crate::app) use ground::QUESTION;
pub(in crate::app) use mouse::{Did, Mouse};
pub(in crate::app) use tty::Keyboard;
