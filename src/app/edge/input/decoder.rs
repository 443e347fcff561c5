//! Bytes of a terminal to keys, one byte after the other. Pure: the time is handed in.
//!
//! Three rules. What is no key never becomes one: strings (OSC, DCS, APC, PM, SOS) are swallowed to their end,
//! unknown and private sequences whole, 8-bit controls with all that belongs to them. How the bytes were cut
//! into reads decides nothing. And what cannot be told apart for sure, such as Esc and the first byte of an
//! arrow on a slow link, is decided so that no letter acts that nobody pressed.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::sequence::{self, Meaning};

/// How long a sequence that began may pause: longer than any link that is still usable.
const SEQUENCE: Duration = Duration::from_secs(1);

/// The same behind its first bytes, which may also be keys: longer than the pauses of a slow link.
const OPENING: Duration = Duration::from_millis(450);

/// The same in a string, which may be long.
const STRING: Duration = Duration::from_secs(3);

/// The same in a paste: one that was cut off must not keep the keyboard for ever.
const PASTE: Duration = Duration::from_secs(5);

/// A Ctrl-C alone after this pause in a paste is none of it.
const SILENCE: Duration = Duration::from_millis(500);

/// For so long after Esc was decided, what follows may still turn out to belong to it.
const LATE: Duration = Duration::from_millis(400);

/// A burst that is being swallowed ends with a pause of this length.
const BURST: Duration = Duration::from_millis(100);

/// Longest parameters of a key.
const MAX_PARAMETERS: usize = 32;

/// Most bytes of a paste: a text area takes a million characters of at most four bytes.
const MAX_PASTE: usize = 4 << 20;

/// What ends a paste.
const PASTE_END: &[u8] = b"\x1b[201~";

const ESC: u8 = 0x1b;
const CTRL_C: u8 = 0x03;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
const BEL: u8 = 0x07;

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) enum Typed {
    /// A key.
    Key(KeyEvent),
    /// A bracketed paste.
    Paste(String),
}

/// What a sequence began with: it decides what its keys mean, and what a sequence that never came was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opened {
    /// ESC and this byte.
    Escape(u8),
    /// ESC ESC and this byte: Alt with a key.
    Twice,
    /// This byte, soon after an Esc that was decided too early, or was one.
    Late(u8),
    /// An 8-bit control: no terminal that speaks UTF-8 sends keys so.
    Control,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Ground,
    /// In the middle of a character.
    Character {
        bytes: [u8; 4],
        have: usize,
        need: usize,
        alt: bool,
    },
    /// Behind ESC, or behind two.
    Escape {
        twice: bool,
    },
    Csi {
        opened: Opened,
        parameters: Vec<u8>,
        key: bool,
    },
    /// Behind `CSI [`.
    Linux {
        opened: Opened,
    },
    Ss3 {
        opened: Opened,
        plain: bool,
    },
    /// In a string. `rest` are the bytes to come of a character in it: one of them may look like its end.
    String {
        opened: Opened,
        bell_ends: bool,
        empty: bool,
        escape: bool,
        rest: u8,
    },
    /// In an old mouse report.
    Mouse {
        left: u8,
    },
    /// In a paste, of whose end so many bytes were seen.
    Paste {
        text: Vec<u8>,
        end: usize,
    },
    /// In a burst that is no typing.
    Burst,
}

/// Around one byte.
struct Here<'a> {
    /// What was read with it.
    behind: &'a [u8],
    now: Instant,
    out: &'a mut Vec<Typed>,
}

/// The decoder of one terminal.
#[derive(Debug)]
pub(super) struct Decoder {
    state: State,
    /// How long a lone ESC waits for what may follow.
    wait: Duration,
    due: Option<Instant>,
    /// Until when what comes may be the rest of something.
    late: Option<(Instant, Rest)>,
}

/// Of what it may be the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Of what began with an Esc that was decided: an introducer opens a sequence, and a run of letters is none.
    OfEsc,
    /// Of a sequence whose beginning was thrown away or given up: no run of characters is typing.
    OfSequence,
}

impl Decoder {
    /// A decoder for which an ESC is the key Esc after this pause.
    pub(super) fn new(wait: Duration) -> Self {
        Self { state: State::Ground, wait, due: None, late: None }
    }

    /// When something is decided if no byte comes before.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Forgets what began: what was waiting was thrown away, and its rest may follow.
    pub(super) fn forget(&mut self, now: Instant) {
        self.state = State::Ground;
        self.due = None;
        self.late = Some((now + BURST, Rest::OfSequence));
    }

    /// Takes bytes as they came. Time that passed decides nothing here: bytes that had come before it did may
    /// be read after it, so only [`Self::pause`] decides, once there is nothing to read.
    pub(super) fn feed(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<Typed>) {
        let silent = self.due.is_some_and(|due| now + PASTE >= due + SILENCE);
        if silent && bytes == [CTRL_C] && matches!(self.state, State::Paste { .. }) {
            // The paste was cut off, and somebody wants out.
            self.state = State::Ground;
        }
        let mut rest = bytes;
        while let Some((&byte, behind)) = rest.split_first() {
            if let State::Paste { text, end } = &mut self.state {
                let taken = paste(text, end, rest);
                rest = &rest[taken..];
                if *end == PASTE_END.len() {
                    out.push(pasted(std::mem::take(text)));
                    self.state = State::Ground;
                }
                continue;
            }
            rest = behind;
            self.step(byte, &mut Here { behind, now, out });
        }
        self.due = match &self.state {
            State::Ground => None,
            State::Escape { .. } => Some(self.wait),
            State::Burst => Some(BURST),
            State::String { opened: Opened::Escape(_) | Opened::Control, empty: false, .. } => Some(STRING),
            State::Paste { .. } => Some(PASTE),
            State::String { empty: true, .. } | State::Ss3 { plain: true, .. } => Some(OPENING),
            State::Csi { parameters, key: true, .. } if parameters.is_empty() => Some(OPENING),
            _ => Some(SEQUENCE),
        }
        .map(|wait| now + wait);
    }

    /// Decides what is due: nothing came, and nothing waits to be read.
    pub(super) fn pause(&mut self, now: Instant, out: &mut Vec<Typed>) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        self.due = None;
        let press = |code: KeyCode, held: KeyModifiers| Typed::Key(KeyEvent::new(code, held));
        let mut rest = Rest::OfSequence;
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Escape { twice } => {
                rest = Rest::OfEsc;
                out.extend((0..=u8::from(twice)).map(|_| press(KeyCode::Esc, KeyModifiers::NONE)));
            }
            // Nothing followed: it was Alt with that letter, or the letter.
            State::Csi { opened: Opened::Escape(letter), parameters, key: true } if parameters.is_empty() => {
                out.push(press(KeyCode::Char(letter.into()), KeyModifiers::ALT));
            }
            State::Csi { opened: Opened::Late(letter), parameters, key: true } if parameters.is_empty() => {
                out.push(press(KeyCode::Char(letter.into()), KeyModifiers::NONE));
            }
            State::Ss3 { opened: Opened::Escape(letter), plain: true }
            | State::String { opened: Opened::Escape(letter), empty: true, escape: false, .. } => {
                out.push(press(KeyCode::Char(letter.into()), KeyModifiers::ALT));
            }
            State::Ss3 { opened: Opened::Late(letter), plain: true }
            | State::String { opened: Opened::Late(letter), empty: true, escape: false, .. } => {
                out.push(press(KeyCode::Char(letter.into()), KeyModifiers::NONE));
            }
            State::Paste { text, .. } => out.push(pasted(text)),
            State::Burst => return self.late = None,
            _ => {}
        }
        self.late = Some((now + LATE, rest));
    }

    /// Takes one byte.
    fn step(&mut self, byte: u8, here: &mut Here<'_>) {
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Ground => self.ground(byte, here),
            State::Character { mut bytes, have, need, alt } => {
                if !(0x80..0xc0).contains(&byte) {
                    // Half a character is none.
                    return self.ground(byte, here);
                }
                bytes[have] = byte;
                let have = have + 1;
                if have < need {
                    self.state = State::Character { bytes, have, need, alt };
                } else if let Some(c) = std::str::from_utf8(&bytes[..need]).ok().and_then(|text| text.chars().next()) {
                    self.character(c, alt, here);
                }
            }
            State::Escape { twice: false } => self.escape(byte, here),
            State::Escape { twice: true } => match byte {
                b'[' | b'O' => self.open(byte, Opened::Twice),
                _ => {
                    here.out.push(Typed::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)));
                    self.escape(byte, here);
                }
            },
            State::Csi { opened, parameters, key } => self.csi(byte, (opened, parameters, key), here),
            State::Linux { opened: Opened::Control } if is_text(byte) => {}
            State::Linux { opened } => match byte {
                0x20..=0x7e => self.key(sequence::linux(byte), held(opened), here),
                _ => self.ground(byte, here),
            },
            State::Ss3 { opened, plain } => match byte {
                b'0'..=b';' => self.state = State::Ss3 { opened, plain: false },
                0x20..=0x7e if !plain || opened == Opened::Control => {}
                0x20..=0x7e => self.key(sequence::ss3(byte), held(opened), here),
                _ => self.ground(byte, here),
            },
            State::String { opened, bell_ends, escape, rest, .. } => {
                self.string(byte, (opened, bell_ends, escape, rest), here);
            }
            State::Mouse { left } if left > 1 => self.state = State::Mouse { left: left - 1 },
            State::Mouse { .. } => {}
            State::Burst => match byte {
                ESC | CTRL_C => self.ground(byte, here),
                _ => self.state = State::Burst,
            },
            // Taken in whole by `feed`.
            State::Paste { .. } => {}
        }
    }

    fn ground(&mut self, byte: u8, here: &mut Here<'_>) {
        let rest = self.late.take().filter(|(until, _)| here.now < *until).map(|(_, rest)| rest);
        let next = here.behind.first().copied().unwrap_or_default();
        // No finger is that fast: it is the rest of what came before.
        let burst = match rest {
            None => false,
            Some(Rest::OfEsc) => byte.is_ascii_alphabetic() && next.is_ascii_alphabetic(),
            Some(Rest::OfSequence) => is_text(byte) && byte < 0x80 && is_text(next),
        };
        match byte {
            b'[' | b'O' | b'P' | b']' | b'X' | b'^' | b'_' if rest.is_some() => self.open(byte, Opened::Late(byte)),
            _ if burst => self.state = State::Burst,
            ESC => self.state = State::Escape { twice: false },
            _ => self.plain(byte, false, here),
        }
    }

    fn escape(&mut self, byte: u8, here: &mut Here<'_>) {
        match byte {
            ESC => self.state = State::Escape { twice: true },
            b'[' | b'O' | b'P' | b']' | b'X' | b'^' | b'_' => self.open(byte, Opened::Escape(byte)),
            CTRL_C => self.plain(byte, false, here),
            // The end of a string whose beginning was lost.
            b'\\' => {}
            0x80..=0xbf => self.ground(byte, here),
            _ => self.plain(byte, true, here),
        }
    }

    fn open(&mut self, introducer: u8, opened: Opened) {
        self.state = match introducer {
            b'[' => State::Csi { opened, parameters: Vec::new(), key: true },
            b'O' => State::Ss3 { opened, plain: true },
            other => State::String { opened, bell_ends: other == b']', empty: true, escape: false, rest: 0 },
        };
    }

    /// A byte that is a key, or begins a character.
    fn plain(&mut self, byte: u8, alt: bool, here: &mut Here<'_>) {
        let control = |letter: u8| (KeyCode::Char(letter.into()), KeyModifiers::CONTROL);
        let (code, mut held) = match byte {
            b'\r' => (KeyCode::Enter, KeyModifiers::NONE),
            b'\t' => (KeyCode::Tab, KeyModifiers::NONE),
            0x7f => (KeyCode::Backspace, KeyModifiers::NONE),
            0 => control(b' '),
            0x01..=0x1a => control(byte - 1 + b'a'),
            0x1b..=0x1f => control(byte - 0x1b + b'3'),
            0x20..=0x7e => return self.character(byte.into(), alt, here),
            0x80..=0x9f => return self.control(byte),
            0xc2..=0xf4 => {
                let need = if byte < 0xe0 {
                    2
                } else if byte < 0xf0 {
                    3
                } else {
                    4
                };
                self.state = State::Character { bytes: [byte, 0, 0, 0], have: 1, need, alt };
                return;
            }
            // Never in UTF-8.
            _ => return,
        };
        if alt {
            held |= KeyModifiers::ALT;
        }
        here.out.push(Typed::Key(KeyEvent::new(code, held)));
    }

    fn character(&mut self, c: char, alt: bool, here: &mut Here<'_>) {
        if let '\u{80}'..='\u{9f}' = c {
            return self.control(u8::try_from(u32::from(c)).unwrap_or_default());
        }
        let mut held = if c.is_uppercase() { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
        if alt {
            held |= KeyModifiers::ALT;
        }
        here.out.push(Typed::Key(KeyEvent::new(KeyCode::Char(c), held)));
    }

    /// An 8-bit control: what it opens is swallowed.
    fn control(&mut self, byte: u8) {
        match byte {
            0x9b => self.open(b'[', Opened::Control),
            0x8f => self.open(b'O', Opened::Control),
            // SS2, DCS, SOS, OSC, PM, APC.
            0x8e => self.state = State::Mouse { left: 1 },
            0x90 | 0x98 | 0x9e | 0x9f => self.open(b'_', Opened::Control),
            0x9d => self.open(b']', Opened::Control),
            _ => {}
        }
    }

    fn csi(&mut self, byte: u8, (opened, mut parameters, key): (Opened, Vec<u8>, bool), here: &mut Here<'_>) {
        match byte {
            b'[' if parameters.is_empty() && key => self.state = State::Linux { opened },
            b'0'..=b';' if parameters.len() < MAX_PARAMETERS => {
                parameters.push(byte);
                self.state = State::Csi { opened, parameters, key };
            }
            // Private marks, intermediate bytes, and what is too long: no key, but it goes on to its end.
            0x20..=0x3f => self.state = State::Csi { opened, parameters, key: false },
            0x40..=0x7e if key => match sequence::csi(&parameters, byte) {
                Meaning::OldMouse => self.state = State::Mouse { left: 3 },
                Meaning::PasteBegins => self.state = State::Paste { text: Vec::new(), end: 0 },
                Meaning::Key(mut key) if opened != Opened::Control => {
                    key.modifiers |= held(opened);
                    here.out.push(Typed::Key(key));
                }
                Meaning::Key(_) | Meaning::NoKey => {}
            },
            0x40..=0x7e | CAN | SUB => {}
            _ => self.ground(byte, here),
        }
    }

    fn string(&mut self, byte: u8, (opened, bell_ends, escape, rest): (Opened, bool, bool, u8), here: &mut Here<'_>) {
        let inside = |escape: bool, rest: u8| State::String { opened, bell_ends, empty: false, escape, rest };
        match byte {
            b'\\' if escape => {}
            // Another sequence began: the string ended without its end.
            _ if escape => self.escape(byte, here),
            ESC => self.state = inside(true, 0),
            BEL if bell_ends => {}
            CAN | SUB => {}
            // It must work whatever went wrong.
            CTRL_C => self.plain(byte, false, here),
            0x80..=0xbf if rest > 0 => self.state = inside(false, rest - 1),
            0x9c => {}
            0xc2..=0xdf => self.state = inside(false, 1),
            0xe0..=0xef => self.state = inside(false, 2),
            0xf0..=0xf4 => self.state = inside(false, 3),
            _ => self.state = inside(false, 0),
        }
    }

    fn key(&mut self, code: Option<KeyCode>, held: KeyModifiers, here: &mut Here<'_>) {
        here.out.extend(code.map(|code| Typed::Key(KeyEvent::new(code, held))));
    }
}

/// Modifiers of a sequence's keys.
fn held(opened: Opened) -> KeyModifiers {
    if opened == Opened::Twice { KeyModifiers::ALT } else { KeyModifiers::NONE }
}

/// Whether a byte is of a text: no control.
fn is_text(byte: u8) -> bool {
    byte >= 0x20 && byte != 0x7f
}

/// Takes bytes into a paste, up to its end; how many were taken. `end` counts the bytes of the end seen so far.
fn paste(text: &mut Vec<u8>, end: &mut usize, bytes: &[u8]) -> usize {
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

fn pasted(text: Vec<u8>) -> Typed {
    Typed::Paste(String::from_utf8(text).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}
