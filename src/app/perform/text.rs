//! Reads the texts of actions from where they are.

use super::output::Console;
use super::standard_input;
use crate::app::action::text::Text;
use crate::fleet::error::{Failure, Result};
use crate::plain::{self, Unreadable};

/// The text, of at most so many bytes. One that cannot be read is told by `told`, with the name of where it is.
///
/// # Errors
/// What `told` makes of it, and a standard input that is a terminal, or was read before: `what` names the text, and
/// `next` says how else it is given.
pub(in crate::app) fn read(
    text: &Text,
    max_bytes: usize,
    console: Console,
    (what, next): (&str, &str),
    told: impl Fn(String, Unreadable) -> Failure,
) -> Result<String> {
    match text {
        Text::Given(text) => Ok(text.clone()),
        Text::File(path) => console.read(path, max_bytes).map_err(|why| told(path.display().to_string(), why)),
        Text::Input => {
            let input = standard_input::take(what, next)?;
            plain::read_input(input, max_bytes).map_err(|why| told("standard input".to_owned(), why))
        }
    }
}
