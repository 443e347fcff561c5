//! Bytes of a terminal to keys, one byte after the other. Pure: the time is handed in.
//!
//! Four rules. What is no key never becomes one: strings (OSC, DCS, APC, PM, SOS) are swallowed to their end,
//! unknown and private sequences whole, 8-bit controls with all that belongs to them. How the bytes were cut
//! into reads decides nothing. Time decides only what may be a key: a link may stall for as long as it likes in
//! a paste, a report or a character. And what cannot be told apart for sure, such as Esc and the first byte of
//! an arrow on a slow link, is decided so that no letter acts that nobody pressed.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::ground::Heard;
use super::late::{self, BEL, CAN, CTRL_C, ESC, Late, SUB, Verdict, is_text};
use super::mouse::Mouse;
use super::paste::{self, PASTE_END};
use super::sequence::{self, Meaning};

/// How long the first bytes of a sequence may pause, which may also be keys: longer than the pauses of a slow link.
const OPENING: Duration = Duration::from_millis(450);

/// The same in a string that keys may have opened: Alt-P and a letter do.
const STRING: Duration = Duration::from_secs(3);

/// A paste that pauses so long is told of: the keys that do nothing meanwhile need a reason.
const STALLED: Duration = Duration::from_secs(2);

/// A Ctrl-C alone after this pause in a paste is none of it.
const SILENCE: Duration = Duration::from_millis(500);

/// A burst that is being swallowed ends with a pause of this length.
const BURST: Duration = Duration::from_millis(100);

/// Longest parameters of a key.
const MAX_PARAMETERS: usize = 32;

/// What was typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) enum Typed {
    /// A key.
    Key(KeyEvent),
    /// A bracketed paste.
    Paste(String),
    /// Nothing yet: a paste began, and its rest does not come.
    Stalled,
    /// No key: the mouse.
    Mouse(Mouse),
    /// No key: the terminal's background is light, or it is dark.
    Ground {
        /// Whether it is light.
        light: bool,
    },
    /// No key: the terminal's word that it drew what was written before it was asked.
    Well,
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
    /// The same, after it was told as the letter that it may have been.
    Told(u8),
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
    /// Behind `CSI <`: a mouse report, as long as it holds numbers.
    Sgr {
        parameters: Vec<u8>,
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

impl State {
    /// What opened the sequence of which nothing else came yet.
    fn opened(&self) -> Option<Opened> {
        match self {
            Self::Csi { opened, parameters, key: true } if parameters.is_empty() => Some(*opened),
            Self::Ss3 { opened, plain: true } | Self::String { opened, empty: true, escape: false, .. } => {
                Some(*opened)
            }
            _ => None,
        }
    }

    /// Whether this byte shows that what seemed to open a sequence soon after an Esc was the letter after all.
    fn was_a_letter(&self, byte: u8) -> bool {
        matches!(self.opened(), Some(Opened::Late(letter) | Opened::Told(letter)) if !late::may_begin(letter, byte))
    }
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
    /// When bytes came last.
    fed: Option<Instant>,
    /// The Ctrl-C that came alone into a paste that is silent, as it came: it gives the paste up unless more comes at once.
    gives_up: Vec<u8>,
    /// Of what that was decided, given up or thrown away the next bytes may be the rest.
    late: Option<Late>,
    /// The string that is being read.
    heard: Heard,
}

impl Decoder {
    /// A decoder for which an ESC is the key Esc after this pause.
    pub(super) fn new(wait: Duration) -> Self {
        Self {
            state: State::Ground,
            wait,
            due: None,
            fed: None,
            gives_up: Vec::new(),
            late: None,
            heard: Heard::default(),
        }
    }

    /// When something is decided if no byte comes before.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Forgets what began: what was waiting was thrown away, and its rest may follow.
    pub(super) fn forget(&mut self, now: Instant) {
        let begun = std::mem::replace(&mut self.state, State::Ground);
        self.due = None;
        self.gives_up.clear();
        self.late = Some(match begun {
            State::Paste { .. } | State::String { .. } => Late::given_up(now),
            _ => Late::thrown_away(now),
        });
    }

    /// Takes bytes as they came. Time that passed decides nothing here: bytes that had come before it did may
    /// be read after it, so only [`Self::pause`] decides, once there is nothing to read.
    pub(super) fn feed(&mut self, bytes: &[u8], now: Instant, out: &mut Vec<Typed>) {
        let silent = self.fed.replace(now).is_some_and(|fed| now >= fed + SILENCE);
        if let State::Paste { text, end } = &mut self.state {
            if (silent || !self.gives_up.is_empty()) && paste::is_ctrl_c(bytes) {
                self.gives_up.extend_from_slice(bytes);
                self.due = Some(now + BURST);
                return;
            }
            // It was of the paste after all.
            paste::take(text, end, &std::mem::take(&mut self.gives_up));
        }
        let mut rest = bytes;
        while let Some((&byte, behind)) = rest.split_first() {
            if let State::Paste { text, end } = &mut self.state {
                let taken = paste::take(text, end, rest);
                rest = &rest[taken..];
                if *end == PASTE_END.len() {
                    let (pasted, answers) = paste::text_of(std::mem::take(text));
                    out.push(Typed::Paste(pasted));
                    out.extend((0..answers).map(|_| Typed::Well));
                    self.state = State::Ground;
                }
                continue;
            }
            rest = behind;
            self.step(byte, &mut Here { behind, now, out });
        }
        self.due = self.undecided().map(|wait| now + wait);
    }

    /// How long what began waits to be decided. What is no key by now, whatever follows, waits for ever: it ends
    /// with its last byte, and no pause makes keys of the rest.
    fn undecided(&self) -> Option<Duration> {
        match &self.state {
            State::Escape { .. } => Some(self.wait),
            State::Burst => Some(BURST),
            State::Paste { .. } => Some(STALLED),
            State::String { opened: Opened::Escape(_) | Opened::Late(_) | Opened::Told(_), empty: true, .. } => {
                Some(OPENING)
            }
            // More likely letters than a string: nobody's typing is to be lost for long.
            State::String { opened: Opened::Late(_) | Opened::Told(_), .. } => Some(OPENING),
            State::String { .. } => Some(STRING),
            State::Ss3 { opened: Opened::Escape(_) | Opened::Late(_), plain: true } => Some(OPENING),
            State::Csi { opened: Opened::Escape(_) | Opened::Late(_), parameters, key: true }
                if parameters.is_empty() =>
            {
                Some(OPENING)
            }
            _ => None,
        }
    }

    /// Decides what is due: nothing came, and nothing waits to be read.
    pub(super) fn pause(&mut self, now: Instant, out: &mut Vec<Typed>) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        self.due = None;
        let press = |code: KeyCode, held: KeyModifiers| Typed::Key(KeyEvent::new(code, held));
        // Nothing followed: it was Alt with that letter, or the letter.
        let letter = |opened: Opened| match opened {
            Opened::Escape(letter) => Some((letter, press(KeyCode::Char(letter.into()), KeyModifiers::ALT))),
            Opened::Late(letter) => Some((letter, press(KeyCode::Char(letter.into()), KeyModifiers::NONE))),
            Opened::Told(_) | Opened::Twice | Opened::Control => None,
        };
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Escape { twice } => {
                self.late = Some(Late::of_esc(now));
                // Each ESC was a press of its own.
                out.extend((0..=u8::from(twice)).map(|_| press(KeyCode::Esc, KeyModifiers::NONE)));
            }
            State::Csi { opened, .. }
            | State::Ss3 { opened, .. }
            | State::String { opened, empty: true, escape: false, .. } => {
                let letter = letter(opened);
                self.late = Some(match &letter {
                    Some((introducer, _)) => Late::of_introducer(now, *introducer),
                    None => Late::given_up(now),
                });
                out.extend(letter.map(|(_, key)| key));
            }
            State::String { .. } => self.late = Some(Late::given_up(now)),
            State::Paste { .. } if !self.gives_up.is_empty() => {
                self.gives_up.clear();
                self.late = Some(Late::given_up(now));
                out.push(press(KeyCode::Char('c'), KeyModifiers::CONTROL));
            }
            paste @ State::Paste { .. } => {
                self.state = paste;
                out.push(Typed::Stalled);
            }
            _ => {}
        }
    }

    /// Takes one byte.
    fn step(&mut self, byte: u8, here: &mut Here<'_>) {
        match std::mem::replace(&mut self.state, State::Ground) {
            State::Ground => self.ground(byte, here),
            begun if begun.was_a_letter(byte) => {
                if let Some(Opened::Late(letter)) = begun.opened() {
                    self.plain(letter, false, here);
                }
                self.ground(byte, here);
            }
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
            State::Sgr { mut parameters } => match byte {
                b'0'..=b'9' | b';' if parameters.len() < MAX_PARAMETERS => {
                    parameters.push(byte);
                    self.state = State::Sgr { parameters };
                }
                // It goes on to its end, whatever it is.
                0x20..=0x3f => {
                    self.state = State::Csi { opened: Opened::Control, parameters: Vec::new(), key: false };
                }
                b'M' => here.out.extend(Mouse::of(&parameters).map(Typed::Mouse)),
                0x40..=0x7e | CAN | SUB => {}
                _ => self.ground(byte, here),
            },
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
            // A report holds none: it was cut off.
            State::Mouse { .. } if byte < 0x20 => self.ground(byte, here),
            State::Mouse { left } if left > 1 => self.state = State::Mouse { left: left - 1 },
            State::Mouse { .. } => {}
            State::Burst => match byte {
                // Either begins something else, and neither is to be lost in what is swallowed.
                ESC | CTRL_C => self.ground(byte, here),
                _ => self.state = State::Burst,
            },
            // Taken in whole by `feed`.
            State::Paste { .. } => {}
        }
    }

    fn ground(&mut self, byte: u8, here: &mut Here<'_>) {
        let verdict = match self.late.take() {
            None => Verdict::Typed,
            Some(late) => {
                let (verdict, still) = late.judge(byte, here.behind, here.now);
                self.late = still;
                verdict
            }
        };
        match verdict {
            Verdict::Opens => self.open(byte, Opened::Late(byte)),
            Verdict::Behind(introducer) => {
                self.open(introducer, Opened::Told(introducer));
                self.step(byte, here);
            }
            Verdict::Burst => self.state = State::Burst,
            Verdict::Typed if byte == ESC => self.state = State::Escape { twice: false },
            Verdict::Typed => self.plain(byte, false, here),
        }
    }

    fn escape(&mut self, byte: u8, here: &mut Here<'_>) {
        match byte {
            ESC => self.state = State::Escape { twice: true },
            b'[' | b'O' | b'P' | b']' | b'X' | b'^' | b'_' => self.open(byte, Opened::Escape(byte)),
            // Never Alt with it: it must work whatever went wrong.
            CTRL_C => self.plain(byte, false, here),
            // The end of a string whose beginning was lost.
            b'\\' => self.late = None,
            0x80..=0xbf => self.ground(byte, here),
            _ => self.plain(byte, true, here),
        }
    }

    fn open(&mut self, introducer: u8, opened: Opened) {
        self.heard.clear();
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
            b'<' if parameters.is_empty() && key && opened != Opened::Control => self.state = State::Sgr { parameters },
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
                Meaning::Well => {
                    if opened == Opened::Twice {
                        // Nobody holds Alt with an answer: it came right behind an Esc.
                        here.out.push(Typed::Key(KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE)));
                    }
                    here.out.push(Typed::Well);
                }
                // The end of a paste whose beginning was lost.
                Meaning::NoKey if parameters == PASTE_END[2..5] => self.late = None,
                Meaning::Key(_) | Meaning::NoKey => {}
            },
            // CAN and SUB break a sequence off.
            0x40..=0x7e | CAN | SUB => {}
            _ => self.ground(byte, here),
        }
    }

    fn string(&mut self, byte: u8, (opened, bell_ends, escape, rest): (Opened, bool, bool, u8), here: &mut Here<'_>) {
        let inside = |escape: bool, rest: u8| State::String { opened, bell_ends, empty: false, escape, rest };
        match byte {
            b'\\' if escape => self.tell(bell_ends, here),
            // Another sequence began: the string ended without its end.
            _ if escape => self.escape(byte, here),
            ESC => self.state = inside(true, 0),
            BEL if bell_ends => self.tell(bell_ends, here),
            CAN | SUB => {}
            // It must work whatever went wrong.
            CTRL_C => self.plain(byte, false, here),
            0x80..=0xbf if rest > 0 => self.state = inside(false, rest - 1),
            0x9c => self.tell(bell_ends, here),
            0xc2..=0xdf => self.state = inside(false, 1),
            0xe0..=0xef => self.state = inside(false, 2),
            0xf0..=0xf4 => self.state = inside(false, 3),
            _ => {
                self.heard.push(byte);
                self.state = inside(false, 0);
            }
        }
    }

    /// Tells what a string said that came to its end.
    fn tell(&mut self, is_command: bool, here: &mut Here<'_>) {
        if is_command && let Some(light) = self.heard.is_light() {
            here.out.push(Typed::Ground { light });
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
