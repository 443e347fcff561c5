//! What comes late: of something that was decided, given up or thrown away the rest may follow, and it is no typing.
//!
//! A terminal's bytes keep their order, so a key that came alone tells that nothing of the kind is still on its way.

use std::time::{Duration, Instant};

use super::sequence;

/// So soon after, a single byte may belong to it: no finger is that fast.
const SOON: Duration = Duration::from_millis(400);

/// The same after what waited was thrown away, when a key is as likely.
const SOON_AFTER_FLUSH: Duration = Duration::from_millis(100);

/// For so long a whole run of bytes may: links stall, and deliver all of it at once when they go on.
const STALL: Duration = Duration::from_secs(60);

/// Bytes at once that nobody types, not even ahead.
const BULK: usize = 16;

pub(super) const ESC: u8 = 0x1b;
pub(super) const CTRL_C: u8 = 0x03;
pub(super) const BEL: u8 = 0x07;
pub(super) const CAN: u8 = 0x18;
pub(super) const SUB: u8 = 0x1a;

/// What may be on its way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Late {
    soon: Instant,
    until: Instant,
    rest: Rest,
}

/// Of what it may be the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Of what began with an Esc that was decided: an introducer opens a sequence, and a run of letters is none.
    Esc,
    /// Of the sequence of an introducer that was taken for a letter.
    Introducer(u8),
    /// Of a string or a paste: so many bytes at once are no typing.
    Text(usize),
}

/// What a byte is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// A key, or the beginning of one.
    Typed,
    /// The introducer of a sequence.
    Opens,
    /// The first byte behind this introducer, which was told as a letter already.
    Behind(u8),
    /// No typing, with all that comes with it.
    Burst,
}

impl Late {
    /// After an Esc was decided because nothing followed.
    pub(super) fn of_esc(now: Instant) -> Self {
        Self { soon: now + SOON, until: now + STALL, rest: Rest::Esc }
    }

    /// After an introducer was taken for the letter that it is.
    pub(super) fn of_introducer(now: Instant, introducer: u8) -> Self {
        Self { soon: now + SOON, until: now + STALL, rest: Rest::Introducer(introducer) }
    }

    /// After a string or a paste was given up.
    pub(super) fn given_up(now: Instant) -> Self {
        Self { soon: now + SOON, until: now + STALL, rest: Rest::Text(2) }
    }

    /// After all that waited was thrown away, whatever it was.
    pub(super) fn thrown_away(now: Instant) -> Self {
        Self { soon: now + SOON_AFTER_FLUSH, until: now + STALL, rest: Rest::Text(BULK) }
    }

    /// What a byte is, with those that were read with it, and what may be on its way still.
    pub(super) fn judge(self, byte: u8, behind: &[u8], now: Instant) -> (Verdict, Option<Self>) {
        if now >= self.until {
            return (Verdict::Typed, None);
        }
        let soon = now < self.soon;
        let next = behind.first().copied().unwrap_or_default();
        let run = is_text(byte) && byte < 0x80 && is_text(next);
        let introduces = matches!(byte, b'[' | b'O' | b'P' | b']' | b'X' | b'^' | b'_');
        match self.rest {
            Rest::Esc if introduces && (soon || opens_for_sure(byte, behind)) => (Verdict::Opens, None),
            Rest::Esc if soon && byte.is_ascii_alphabetic() && next.is_ascii_alphabetic() => (Verdict::Burst, None),
            Rest::Esc => (Verdict::Typed, None),
            Rest::Introducer(introducer) if run => (Verdict::Behind(introducer), None),
            Rest::Introducer(_) if introduces && soon => (Verdict::Opens, None),
            Rest::Introducer(_) => (Verdict::Typed, None),
            Rest::Text(_) if introduces && soon => (Verdict::Opens, None),
            // More of it may follow behind another pause.
            Rest::Text(_) if soon && run => (Verdict::Burst, Some(self)),
            // The end of a string alone, or what is left of it.
            Rest::Text(2) if byte == b'\\' && behind.is_empty() => (Verdict::Burst, None),
            Rest::Text(_) if byte == BEL || (is_text(byte) && ends_a_string(behind)) => (Verdict::Burst, Some(self)),
            Rest::Text(least) if is_bulk(byte, behind, least) => (Verdict::Burst, Some(self)),
            // It may be one in the text.
            Rest::Text(_) if byte == ESC => (Verdict::Typed, Some(self)),
            Rest::Text(_) => (Verdict::Typed, None),
        }
    }
}

/// Whether what a late introducer opened may begin so; else it was the letter.
pub(super) fn may_begin(introducer: u8, byte: u8) -> bool {
    match introducer {
        // OSC begins with its number, or with what the window's title is reported by.
        b']' => byte.is_ascii_digit() || matches!(byte, b'l' | b'L' | ESC),
        // DCS with its parameters.
        b'P' => matches!(byte, b' '..=b'?' | ESC),
        b'[' | b'O' => matches!(byte, CAN | SUB | b' '..=b'?') || sequence::ends_at_once(introducer, byte),
        _ => byte >= b' ' || byte == ESC,
    }
}

/// Whether that is no typing even long after an Esc: a sequence's introducer with its parameters, or a paste.
fn opens_for_sure(introducer: u8, behind: &[u8]) -> bool {
    let run = text_run(behind);
    match introducer {
        b'[' | b'O' => run > 0,
        _ => run >= BULK / 4 || ends_a_string(behind),
    }
}

/// Whether there is a string's end behind its text.
fn ends_a_string(bytes: &[u8]) -> bool {
    let end = &bytes[text_run(bytes)..];
    end.starts_with(&[BEL]) || end.starts_with(&[ESC, b'\\'])
}

fn text_run(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| is_text(**byte)).count()
}

/// Whether so many bytes came at once, up to the next sequence, and are not one key that is held down.
fn is_bulk(byte: u8, behind: &[u8], least: usize) -> bool {
    // A key and a character of several bytes are one each.
    if byte >= 0x80 || byte == ESC || byte == CTRL_C {
        return false;
    }
    let run = behind.iter().position(|byte| matches!(*byte, ESC | CTRL_C)).unwrap_or(behind.len());
    1 + run >= least && behind[..run].iter().any(|next| *next != byte)
}

/// Whether a byte is of a text: no control.
pub(super) fn is_text(byte: u8) -> bool {
    byte >= 0x20 && byte != 0x7f
}
