//! A bracketed paste: its bytes up to its end, however they are cut into reads. Pure.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::late::{CTRL_C, ESC};
use super::sequence::{self, Meaning};

/// Most bytes of a paste: more than a text area takes, so that it is told there how much was cut.
const MAX_PASTE: usize = 4 << 20;

/// What ends a paste.
pub(super) const PASTE_END: &[u8] = b"\x1b[201~";

/// Takes bytes into a paste, up to its end; how many were taken. `end` counts the bytes of the end seen so far.
pub(super) fn take(text: &mut Vec<u8>, end: &mut usize, bytes: &[u8]) -> usize {
    let keep = |text: &mut Vec<u8>, bytes: &[u8]| {
        let room = MAX_PASTE.saturating_sub(text.len());
        text.extend_from_slice(&bytes[..bytes.len().min(room)]);
    };
    let mut taken = 0;
    while taken < bytes.len() {
        let byte = bytes[taken];
        if byte == PASTE_END[*end] {
            *end += 1;
            taken += 1;
            if *end == PASTE_END.len() {
                break;
            }
        } else if *end > 0 {
            // It only looked like the end. No part of the end repeats its beginning, so the byte is looked at anew.
            keep(text, &PASTE_END[..*end]);
            *end = 0;
        } else {
            let run = bytes[taken..].iter().position(|byte| *byte == ESC).unwrap_or(bytes.len() - taken);
            keep(text, &bytes[taken..taken + run]);
            taken += run;
        }
    }
    taken
}

/// Whether these bytes are Ctrl-C and nothing else, once or more often, as a byte or by its code.
pub(super) fn is_ctrl_c(mut bytes: &[u8]) -> bool {
    let wanted = Meaning::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    while let Some((first, rest)) = bytes.split_first() {
        bytes = match rest.strip_prefix(b"[") {
            _ if *first == CTRL_C => rest,
            Some(told) if *first == ESC => match told.iter().position(|byte| matches!(byte, b'u' | b'~')) {
                Some(end) if sequence::csi(&told[..end], told[end]) == wanted => &told[end + 1..],
                _ => return false,
            },
            _ => return false,
        };
    }
    true
}

/// What a terminal answers that is well, also in the middle of a long paste.
const WELL: &str = "\x1b[0n";

/// A whole paste as text, without the answers that came into it, and how many of them there were.
pub(super) fn text_of(bytes: Vec<u8>) -> (String, usize) {
    let text = String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
    let answers = text.matches(WELL).count();
    if answers == 0 { (text, 0) } else { (text.replace(WELL, ""), answers) }
}
