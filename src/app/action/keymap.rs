//! Chords and the table that maps them to actions, made from the registry.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::registry::{ACTIONS, ActionSpec, Key, Place};

/// A key with its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Chord {
    /// Reads `q`, `G`, `ctrl-d`, `shift-left`, `enter`, `f1`.
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
            "space" => KeyCode::Char(' '),
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "left" => KeyCode::Left,
            "right" => KeyCode::Right,
            "home" => KeyCode::Home,
            "end" => KeyCode::End,
            "pgup" => KeyCode::PageUp,
            "pgdn" => KeyCode::PageDown,
            "f1" => KeyCode::F(1),
            _ => {
                let mut chars = rest.chars();
                let c = chars.next().filter(|_| chars.next().is_none())?;
                KeyCode::Char(c)
            }
        };
        Some(Self { code, modifiers })
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

/// The chords of an action, as shown to the operator.
#[must_use]
pub fn shown(spec: &ActionSpec) -> Vec<String> {
    match spec.doors.key {
        Key::None(_) => Vec::new(),
        Key::In(_, chords) => {
            chords.iter().filter_map(|chord| Chord::parse(chord)).map(|chord| chord.to_string()).collect()
        }
    }
}

/// The action of a chord in a place.
#[must_use]
pub fn lookup(place: Place, chord: Chord) -> Option<&'static ActionSpec> {
    // No two actions share a chord where both work; a test sees to it.
    ACTIONS.iter().find(|spec| {
        matches!(spec.doors.key, Key::In(at, chords)
            if at.covers(place) && chords.iter().any(|text| Chord::parse(text) == Some(chord)))
    })
}

/// Why a chord does nothing in a place, and where it does.
#[must_use]
pub fn refusal(place: Place, chord: Chord) -> String {
    let views = [Place::Fleet, Place::Wall, Place::Watch, Place::Board, Place::Activity, Place::Diff];
    let elsewhere = views.into_iter().filter(|at| *at != place);
    let found = elsewhere.filter_map(|at| lookup(at, chord)).find_map(|spec| match spec.doors.key {
        Key::In(at, _) => Some((spec, at)),
        Key::None(_) => None,
    });
    match found {
        Some((spec, at)) => format!("{chord} ({}) works in {}; ? shows the keys that work here", spec.title, at.word()),
        None => format!("{chord} does nothing here; ? shows the keys"),
    }
}

/// Actions with a key in a place, in the table's order.
pub fn in_place(place: Place) -> impl Iterator<Item = &'static ActionSpec> {
    ACTIONS.iter().filter(move |spec| matches!(spec.doors.key, Key::In(at, _) if at.covers(place)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    #[test]
    fn every_chord_of_the_table_is_readable_and_none_collides() {
        for place in [Place::Fleet, Place::Wall, Place::Watch, Place::Board, Place::Activity, Place::Diff] {
            let mut seen: HashMap<Chord, &str> = HashMap::new();
            for spec in in_place(place) {
                let Key::In(_, chords) = spec.doors.key else { continue };
                for text in chords {
                    let chord = Chord::parse(text).unwrap_or_else(|| panic!("{text} of {}", spec.id));
                    if let Some(other) = seen.insert(chord, spec.id) {
                        panic!("{text} means {other} and {} in {place:?}", spec.id);
                    }
                }
            }
        }
    }

    #[test]
    fn a_chord_of_another_view_names_that_view() {
        let told = |place, text| refusal(place, Chord::parse(text).unwrap());
        assert_eq!(told(Place::Board, "S"), "S (start) works in Fleet, Wall; ? shows the keys that work here");
        assert_eq!(told(Place::Watch, "n"), "n (new) works in Board; ? shows the keys that work here");
        assert_eq!(told(Place::Fleet, "f"), "f (freeze) works in Wall; ? shows the keys that work here");
        assert_eq!(told(Place::Fleet, "z"), "z does nothing here; ? shows the keys");
    }

    #[test]
    fn a_capital_needs_no_shift_and_an_arrow_does() {
        let capital = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Chord::parse("G"), Some(Chord::of(capital)));
        let arrow = KeyEvent::new(KeyCode::Left, KeyModifiers::SHIFT);
        assert_eq!(Chord::parse("shift-left"), Some(Chord::of(arrow)));
        assert_ne!(Chord::parse("left"), Some(Chord::of(arrow)));
    }
}
