//! A key with its modifiers: read from a word, made from a press, and shown.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Chord {
    /// Reads `q`, `G`, `ctrl-d`, `shift-left`, `enter`, `f1`; nothing that no key press can be.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        for (prefix, modifier) in
            [("ctrl-", KeyModifiers::CONTROL), ("alt-", KeyModifiers::ALT), ("shift-", KeyModifiers::SHIFT)]
        {
            if let Some(after) = rest.strip_prefix(prefix) {
                modifiers |= modifier;
                rest = after;
            }
        }
        let code = match rest {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "backtab" => KeyCode::BackTab,
            "backspace" => KeyCode::Backspace,
            "insert" => KeyCode::Insert,
            "delete" => KeyCode::Delete,
            "space" => KeyCode::Char(' '),
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pgup" => KeyCode::PageUp,
            "pgdn" => KeyCode::PageDown,
            _ => {
                let function = rest.strip_prefix('f').and_then(|number| number.parse::<u8>().ok());
                let mut chars = rest.chars();
                match function.filter(|number| (1..=12).contains(number)) {
                    Some(number) => KeyCode::F(number),
                    None => KeyCode::Char(chars.next().filter(|c| chars.next().is_none() && !c.is_control())?),
                }
            }
        };
        // A character carries its Shift itself, and a terminal tells no capital behind Ctrl.
        let shifted = matches!(code, KeyCode::Char(_) | KeyCode::BackTab) && modifiers.contains(KeyModifiers::SHIFT);
        let capital = matches!(code, KeyCode::Char(c) if c.is_uppercase()) && modifiers.contains(KeyModifiers::CONTROL);
        (!shifted && !capital).then_some(Self { code, modifiers })
    }

    /// Reads a key as it is shown, such as `Enter`, `Ctrl-j` or `G`.
    #[must_use]
    pub fn shown(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| Self::parse(&text.to_lowercase()))
    }

    /// A press of it.
    #[must_use]
    pub fn press(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }

    /// Whether a text field takes it as a character.
    #[must_use]
    pub fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
    }

    /// The chord of a key press. A capital letter carries its Shift in the letter.
    #[must_use]
    pub fn of(key: KeyEvent) -> Self {
        let mut modifiers = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        // Both carry their Shift in the code.
        if matches!(key.code, KeyCode::Char(_) | KeyCode::BackTab) {
            modifiers.remove(KeyModifiers::SHIFT);
        }
        Self { code: key.code, modifiers }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, word) in
            [(KeyModifiers::CONTROL, "Ctrl-"), (KeyModifiers::ALT, "Alt-"), (KeyModifiers::SHIFT, "Shift-")]
        {
            if self.modifiers.contains(modifier) {
                f.write_str(word)?;
            }
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("Space"),
            KeyCode::Char(c) => write!(f, "{c}"),
            KeyCode::BackTab => f.write_str("Shift-Tab"),
            KeyCode::PageUp => f.write_str("PgUp"),
            KeyCode::PageDown => f.write_str("PgDn"),
            code => write!(f, "{code}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capital_needs_no_shift_and_an_arrow_does() {
        let capital = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Chord::parse("G"), Some(Chord::of(capital)));
        let arrow = KeyEvent::new(KeyCode::Left, KeyModifiers::SHIFT);
        assert_eq!(Chord::parse("shift-left"), Some(Chord::of(arrow)));
        assert_ne!(Chord::parse("left"), Some(Chord::of(arrow)));
    }

    #[test]
    fn what_no_key_press_can_be_is_no_chord() {
        for text in ["", "ctrl-", "ctrl-ctrl-x", "shift-a", "f13", "f0", "ctrl-A", "ab", "\u{7}"] {
            assert_eq!(Chord::parse(text), None, "{text}");
        }
        for (text, shown) in
            [("f12", "F12"), ("ctrl-alt-x", "Ctrl-Alt-x"), ("alt-enter", "Alt-Enter"), ("-", "-"), ("delete", "Del")]
        {
            assert_eq!(Chord::parse(text).map(|chord| chord.to_string()).as_deref(), Some(shown), "{text}");
        }
    }
}
