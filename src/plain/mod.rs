//! Plain text at the program's border: read from files of people and other programs, and the words of decoders
//! put into an operator's, what of it may reach a terminal, and names that are kept in place. Everything else may use it; it
//! knows nothing of the program.

mod decoder;
mod diff;
mod failure;
mod file;
pub mod network;
mod patient;
mod pattern;
mod shell;
mod short;
mod stamp;
mod template;
mod terminal;
mod times;

pub use decoder::{Notation, plain_words};
pub use diff::diff;
pub use failure::{Again, Failure, Kind, Result};
pub use file::{Unreadable, decode, open, open_given, read, read_input, skip_mark};
pub use patient::Patient;
pub use pattern::covers;
pub use shell::shell_quote;
pub use short::Short;
pub use stamp::Stamp;
pub use template::{filled, without_comment};
pub use terminal::{acts_on_terminal, character, hides_in_text, marks_direction, quoted, shows_nothing};
pub use times::times;
