//! Which key a whole control sequence is. Everything that is not in these tables is no key.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers};

/// Most numbers in a sequence that is a key.
const MAX_NUMBERS: usize = 3;

/// What a CSI sequence means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A key.
    Key(KeyEvent),
    /// Pasted text begins.
    PasteBegins,
    /// A mouse report of the oldest kind begins: three bytes follow.
    OldMouse,
    /// The answer to "are you well?", which says that all that was written before is drawn.
    Well,
    /// A report, another answer, or nothing we know.
    NoKey,
}

/// A sequence `CSI parameters final`, without private marks and intermediate bytes.
pub(super) fn csi(parameters: &[u8], last: u8) -> Meaning {
    if last == b'M' && parameters.is_empty() {
        return Meaning::OldMouse;
    }
    if last == b'n' && parameters == b"0" {
        return Meaning::Well;
    }
    let Some(numbers) = numbers(parameters) else { return Meaning::NoKey };
    let first = numbers.first().map_or(0, |number| number.0);
    let modified = |code: KeyCode| key(code, numbers.get(1).copied());
    match last {
        b'~' if first == 200 => Meaning::PasteBegins,
        b'~' if first == 27 => {
            numbers.get(2).map_or(Meaning::NoKey, |code| coded(Code::of(code.0), numbers.get(1).copied()))
        }
        b'~' => tilde(first).map_or(Meaning::NoKey, modified),
        b'u' if !parameters.is_empty() => coded(Code::told(first, parameters), numbers.get(1).copied()),
        b'Z' if first <= 1 => modified(KeyCode::BackTab),
        // With numbers it is the answer to "where is the cursor?".
        b'R' if !parameters.is_empty() => Meaning::NoKey,
        // A key that ends in a letter has a 1 there, or nothing.
        _ if first > 1 => Meaning::NoKey,
        _ => lettered(last).map_or(Meaning::NoKey, modified),
    }
}

/// The key of `SS3 final`.
pub(super) fn ss3(last: u8) -> Option<KeyCode> {
    // Enter of the number pad in application mode.
    if last == b'M' { Some(KeyCode::Enter) } else { lettered(last) }
}

/// The key of `CSI [ final`: F1 to F5 of the Linux console.
pub(super) fn linux(last: u8) -> Option<KeyCode> {
    matches!(last, b'A'..=b'E').then(|| KeyCode::F(last - b'A' + 1))
}

/// Whether terminals send this byte right behind `CSI` or `SS3`, as a whole sequence or, of the Linux console and old
/// mice, its middle.
pub(super) fn ends_at_once(introducer: u8, byte: u8) -> bool {
    match byte {
        // Arrows and their neighbours, focus, F1 to F4; rxvt's arrows with Shift and Ctrl.
        b'A'..=b'I' | b'M' | b'P'..=b'S' | b'a'..=b'd' => true,
        b'O' | b'Z' | b'[' => introducer == b'[',
        // The number pad in application mode.
        b'X' | b'j'..=b'y' => introducer == b'O',
        _ => false,
    }
}

fn lettered(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'H' => KeyCode::Home,
        b'F' => KeyCode::End,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

fn tilde(number: u32) -> Option<KeyCode> {
    // The gaps are the VT220's: its keyboard had room between the groups.
    let function = |from: u32, first: u8| u8::try_from(number - from).ok().map(|n| KeyCode::F(first + n));
    match number {
        1 | 7 => Some(KeyCode::Home),
        2 => Some(KeyCode::Insert),
        3 => Some(KeyCode::Delete),
        4 | 8 => Some(KeyCode::End),
        5 => Some(KeyCode::PageUp),
        6 => Some(KeyCode::PageDown),
        11..=15 => function(11, 1),
        17..=21 => function(17, 6),
        23..=26 => function(23, 11),
        28..=29 => function(28, 15),
        31..=34 => function(31, 17),
        _ => None,
    }
}

/// The code point of a key, and what it would be otherwise, where the terminal tells that: zero where not.
#[derive(Debug, Clone, Copy)]
struct Code {
    code: u32,
    /// With Shift.
    shifted: u32,
    /// At the same place of an American keyboard.
    base: u32,
}

impl Code {
    fn of(code: u32) -> Self {
        Self { code, shifted: 0, base: 0 }
    }

    /// `code : shifted : base`, each but the first of which may be missing.
    fn told(code: u32, parameters: &[u8]) -> Self {
        let first = parameters.split(|byte| *byte == b';').next().unwrap_or_default();
        let mut others = first.split(|byte| *byte == b':').skip(1);
        let mut next = || std::str::from_utf8(others.next()?).ok()?.parse().ok();
        Self { code, shifted: next().unwrap_or(0), base: next().unwrap_or(0) }
    }
}

/// A key told by its code point (`CSI code ; modifiers u` and `CSI 27 ; modifiers ; code ~`). It is the same key that a terminal
/// tells by a byte, which knows neither Shift beside Ctrl nor Ctrl-I beside Tab.
fn coded(told: Code, modifiers: Option<(u32, u32)>) -> Meaning {
    let bits = modifiers.map_or(0, |(bits, _)| bits.max(1) - 1);
    let (shifted, control, alt) = (bits & 1 != 0, bits & 4 != 0, bits & 2 != 0);
    // Super, Hyper, Meta: what the desktop means by them is none of our keys. The end of a word is taken away by Option, which some
    // tell as Alt and Super.
    let is_desktops = bits & 0b11_1000 != 0 && !(alt && matches!(told.code, 8 | 127));
    let (code, held) = match told.code {
        _ if is_desktops => return Meaning::NoKey,
        8 | 127 => (KeyCode::Backspace, KeyModifiers::NONE),
        9 if shifted => (KeyCode::BackTab, KeyModifiers::NONE),
        9 => (KeyCode::Tab, KeyModifiers::NONE),
        13 => (KeyCode::Enter, KeyModifiers::NONE),
        27 => (KeyCode::Esc, KeyModifiers::NONE),
        code @ 57344..63744 => match unlettered(code) {
            Some(code @ (KeyCode::Enter | KeyCode::Char(_))) => (code, KeyModifiers::NONE),
            Some(code) => return key(code, modifiers),
            None => return Meaning::NoKey,
        },
        0..32 | 0x80..0xa0 => return Meaning::NoKey,
        code => {
            // Commands are by the letters of a keyboard that has those.
            let base =
                char::from_u32(told.base).filter(|base| code > 127 && (control || alt) && base.is_ascii_alphabetic());
            let Some(c) = base.or(char::from_u32(code)) else { return Meaning::NoKey };
            let with_shift = char::from_u32(told.shifted).filter(|c| base.is_none() && !c.is_control());
            // Told is the code of the key, as it is without Shift.
            let c = if shifted { with_shift.unwrap_or(c.to_ascii_uppercase()) } else { c };
            match c {
                c if control => by_control(c.to_ascii_lowercase()),
                c if shifted && c.is_uppercase() => (KeyCode::Char(c), KeyModifiers::SHIFT),
                c => (KeyCode::Char(c), KeyModifiers::NONE),
            }
        }
    };
    let Meaning::Key(mut event) = key(code, modifiers) else { return Meaning::NoKey };
    let back = if code == KeyCode::BackTab { KeyModifiers::SHIFT } else { KeyModifiers::NONE };
    event.modifiers = held | back | (event.modifiers & KeyModifiers::ALT);
    Meaning::Key(event)
}

/// A character's key with Ctrl.
fn by_control(c: char) -> (KeyCode, KeyModifiers) {
    match c {
        'i' => (KeyCode::Tab, KeyModifiers::NONE),
        'm' => (KeyCode::Enter, KeyModifiers::NONE),
        '[' | '3' => (KeyCode::Esc, KeyModifiers::NONE),
        '?' | '8' => (KeyCode::Backspace, KeyModifiers::NONE),
        '@' | '`' | '2' => (KeyCode::Char(' '), KeyModifiers::CONTROL),
        '\\' => (KeyCode::Char('4'), KeyModifiers::CONTROL),
        ']' => (KeyCode::Char('5'), KeyModifiers::CONTROL),
        '^' | '~' => (KeyCode::Char('6'), KeyModifiers::CONTROL),
        '_' | '/' => (KeyCode::Char('7'), KeyModifiers::CONTROL),
        c => (KeyCode::Char(c), KeyModifiers::CONTROL),
    }
}

/// Keys without a character of their own, in the numbers of the keyboard protocol that terminals share: those that have a form of
/// their own elsewhere.
fn unlettered(code: u32) -> Option<KeyCode> {
    let from = |first: u32| u8::try_from(code - first).ok();
    Some(match code {
        57376..=57398 => KeyCode::F(13 + from(57376)?),
        57399..=57408 => KeyCode::Char((b'0' + from(57399)?).into()),
        57409 => KeyCode::Char('.'),
        57410 => KeyCode::Char('/'),
        57411 => KeyCode::Char('*'),
        57412 => KeyCode::Char('-'),
        57413 => KeyCode::Char('+'),
        57414 => KeyCode::Enter,
        57415 => KeyCode::Char('='),
        57416 => KeyCode::Char(','),
        57417 => KeyCode::Left,
        57418 => KeyCode::Right,
        57419 => KeyCode::Up,
        57420 => KeyCode::Down,
        57421 => KeyCode::PageUp,
        57422 => KeyCode::PageDown,
        57423 => KeyCode::Home,
        57424 => KeyCode::End,
        57425 => KeyCode::Insert,
        57426 => KeyCode::Delete,
        // A lone Shift, a key of a player.
        _ => return None,
    })
}

/// The key with what its second number says: held modifiers, and whether it went down or up.
fn key(code: KeyCode, modifiers: Option<(u32, u32)>) -> Meaning {
    let (bits, kind) = modifiers.unwrap_or((1, 1));
    // xterm tells modifiers as one more than their bits.
    let bits = bits.max(1) - 1;
    let kind = match kind {
        0 | 1 => KeyEventKind::Press,
        2 => KeyEventKind::Repeat,
        // A key that was let go.
        _ => return Meaning::NoKey,
    };
    let mut held = KeyModifiers::NONE;
    for (bit, modifier) in
        [(1, KeyModifiers::SHIFT), (2, KeyModifiers::ALT), (4, KeyModifiers::CONTROL), (8, KeyModifiers::SUPER)]
    {
        if bits & bit != 0 {
            held |= modifier;
        }
    }
    if code == KeyCode::BackTab {
        held |= KeyModifiers::SHIFT;
    }
    Meaning::Key(KeyEvent { code, modifiers: held, kind, state: KeyEventState::NONE })
}

/// The parameters as numbers, each with the one behind its colon; nothing when there is anything else, or more.
pub(super) fn numbers(parameters: &[u8]) -> Option<Vec<(u32, u32)>> {
    if parameters.is_empty() {
        return Some(Vec::new());
    }
    let text = std::str::from_utf8(parameters).ok()?;
    let number = |text: Option<&str>| match text {
        None | Some("") => Some(0),
        Some(text) => text.parse::<u32>().ok(),
    };
    let all: Option<Vec<_>> = text
        .split(';')
        .map(|parameter| {
            let mut parts = parameter.split(':');
            Some((number(parts.next())?, number(parts.next())?))
        })
        .collect();
    all.filter(|all| all.len() <= MAX_NUMBERS)
}
