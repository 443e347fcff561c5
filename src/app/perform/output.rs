//! Standard output: the one door for everything that is printed.
//!
//! Only a closed pipe (`| head`) is the reader's choice. A full disk, or anything else, loses an answer, and that is a
//! failure of the command, even where what was asked is done.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::app::action::registry::Door;
use crate::fleet::error::{Failure, Result};
use crate::fleet::model::printable;
use crate::fleet::os::readable;
use crate::plain::{self, Patient, Unreadable, acts_on_terminal, hides_in_text};

/// Bytes of a document that are looked through at once.
const BLOCK: usize = 256;

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
    /// At which door the answer is waited for.
    pub door: Door,
}

impl Console {
    /// Opens a file that somebody named for one reading. At a shell that may be a pipe, such as `<(command)`, which is
    /// waited for; beneath a screen nobody would see what is waited for, and nobody can give it.
    ///
    /// # Errors
    /// When there is none, it may not be read, or it is something else.
    pub(in crate::app) fn open(self, path: &Path) -> std::result::Result<File, Unreadable> {
        if self.owned { plain::open_given(path) } else { plain::open(path) }
    }

    /// Reads such a file as text of at most so many bytes.
    ///
    /// # Errors
    /// As for [`Console::open`], and when it is too large, or no UTF-8.
    pub(in crate::app) fn read(self, path: &Path, most: usize) -> std::result::Result<String, Unreadable> {
        plain::read_input(self.open(path)?, most)
    }
}

/// Prints a text as it is.
///
/// # Errors
/// When it cannot be written and the reader is still there.
pub(in crate::app) fn print(text: &str) -> Result<Printed> {
    written(Patient::new(std::io::stdout()).write_all(text.as_bytes()))
}

/// Waits until nobody reads standard output any more, so that whoever follows something ends when its reader does and
/// not when the next line comes.
pub(in crate::app) async fn closed() {
    readable::unread(std::io::stdout()).await;
}

/// Says something on standard error, where nothing that it quotes acts on the terminal: names of files and what stands
/// in them come from others. Whoever closed it does not want to know.
pub(in crate::app) fn say(text: &str) {
    let _closed = Patient::new(std::io::stderr()).write_all(format!("{}\n", printable(text)).as_bytes());
}

/// A JSON document as text. What a terminal would act on, or would not show, is written as an escape: to programs it is
/// the same text, and on a terminal it is harmless.
#[must_use]
pub(in crate::app) fn json_text(document: &impl Serialize) -> String {
    harmless(serde_json::to_string_pretty(document).unwrap_or_default())
}

/// The same on one line.
#[must_use]
pub(in crate::app) fn json_line(document: &Value) -> String {
    harmless(document.to_string())
}

fn harmless(plain: String) -> String {
    // Outside of strings there are only line breaks and spaces; those within are escapes already.
    let is_plain = |c: char| c == '\n' || (' '..='~').contains(&c);
    let acts = |c: char| acts_on_terminal(c) || hides_in_text(c);
    // Mostly all of it is plain, which many bytes at once tell sooner than one after the other. What stands before a block
    // is plain: no character begins there and ends in it.
    let is_all_plain = |block: &[u8]| block.iter().fold(true, |all, byte| all & is_plain((*byte).into()));
    let Some(block) = plain.as_bytes().chunks(BLOCK).position(|block| !is_all_plain(block)) else { return plain };
    let first = block * BLOCK;
    let (mut out, mut copied) = (String::new(), 0);
    let behind = plain[first..].char_indices().map(|(at, c)| (first + at, c));
    for (at, c) in behind.filter(|(_, c)| !is_plain(*c) && acts(*c)) {
        out.push_str(&plain[copied..at]);
        for unit in c.encode_utf16(&mut [0; 2]) {
            out.push_str(&format!("\\u{unit:04x}"));
        }
        copied = at + c.len_utf8();
    }
    if copied == 0 {
        return plain;
    }
    out.push_str(&plain[copied..]);
    out
}

/// What a write to standard output came to.
///
/// # Errors
/// As for [`print()`].
pub(in crate::app) fn written(result: std::io::Result<()>) -> Result<Printed> {
    match result {
        Ok(()) => Ok(Printed::Whole),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(Printed::Closed),
        Err(error) => {
            Err(Failure::failed("standard output", error.to_string(), "free some space, or send it elsewhere"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn json_acts_on_no_terminal_and_says_the_same(text in "[\\s\\S]{0,40}", nasty in "[\u{1b}\u{7f}\u{9b}\u{202e}\u{200b}\u{2066}]{0,5}", before in 0..2 * BLOCK) {
            let document = serde_json::json!({ "name": format!("{}{text}{nasty}{text}", "-".repeat(before)) });
            let printed = json_text(&document);
            prop_assert!(!printed.chars().any(|c| (acts_on_terminal(c) && c != '\n') || hides_in_text(c)));
            prop_assert_eq!(serde_json::from_str::<Value>(&printed).unwrap(), document);
        }
    }
}
