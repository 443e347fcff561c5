//! Standard input as a source of text: a pipe or a file, never a keyboard. The dashboard's own keys come from
//! there, and nobody at a shell would know that the program waits.

use std::io::{IsTerminal, StdinLock};

use crate::fleet::error::{Failure, Kind, Result};

/// Standard input, for reading to its end.
///
/// # Errors
/// When it is a terminal; `instead` says what to give.
pub(in crate::app) fn take(what: &str, instead: &str) -> Result<StdinLock<'static>> {
    let input = std::io::stdin();
    if input.is_terminal() {
        return Err(Failure::new(Kind::Invalid, what, "nothing is piped in", instead));
    }
    Ok(input.lock())
}
