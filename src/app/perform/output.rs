//! Standard output: the one door for everything that is printed.
//!
//! Only a closed pipe (`| head`) is the reader's choice. A full disk, or anything else, loses an answer, and that is a
//! failure of the command, even where what was asked is done.

use std::io::{ErrorKind, Write};

use crate::fleet::error::{Failure, Result};

/// How printing ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) enum Printed {
    /// It was written.
    Whole,
    /// Nobody reads any more.
    Closed,
}

/// Who waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app) struct Console {
    /// Columns of a table.
    pub width: usize,
    /// Whether standard output and error are the command's own; beneath a screen they are the screen's.
    pub owned: bool,
}

/// Prints a text as it is.
///
/// # Errors
/// When it cannot be written and the reader is still there.
pub(in crate::app) fn print(text: &str) -> Result<Printed> {
    let mut out = std::io::stdout().lock();
    written(out.write_all(text.as_bytes()).and_then(|()| out.flush()))
}

/// What a write to standard output came to.
///
/// # Errors
/// As for [`print`].
pub(in crate::app) fn written(result: std::io::Result<()>) -> Result<Printed> {
    match result {
        Ok(()) => Ok(Printed::Whole),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Printed::Closed),
        Err(error) => {
            Err(Failure::failed("standard output", error.to_string(), "free some space, or send it elsewhere"))
        }
    }
}
