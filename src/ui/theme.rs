//! Styles for roles, and the glyphs. State is told by glyph and word; colour only adds to them.

use std::borrow::Cow;

use ratatui::style::{Color, Modifier, Style};

use super::view::Role;
use crate::backlog::model::Column;
use crate::fleet::model::Readiness;

/// How a frame looks on this terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Whether colours may be used (`NO_COLOR`, `TERM=dumb`).
    pub color: bool,
    /// Whether the terminal shows UTF-8.
    pub unicode: bool,
}

impl Default for Theme {
    fn default() -> Self {
        Self { color: true, unicode: true }
    }
}

impl Theme {
    /// Reads what the terminal can do from its environment (see locale(7), no-color.org).
    #[must_use]
    pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let locale =
            set("LC_ALL").or_else(|| set("LC_CTYPE")).or_else(|| set("LANG")).unwrap_or_default().to_lowercase();
        Self {
            color: set("NO_COLOR").is_none() && set("TERM").as_deref() != Some("dumb"),
            unicode: locale.contains("utf-8") || locale.contains("utf8"),
        }
    }

    /// Returns the style of a role.
    #[must_use]
    pub fn style(self, role: Role) -> Style {
        let plain = Style::new();
        let modified = match role {
            Role::Plain | Role::Good => plain,
            Role::Quiet => plain.add_modifier(Modifier::DIM),
            Role::Strong => plain.add_modifier(Modifier::BOLD),
            Role::Alarm | Role::Warning => plain.add_modifier(Modifier::BOLD),
            Role::State(Readiness::Stuck | Readiness::Dead | Readiness::Stale) => plain.add_modifier(Modifier::BOLD),
            Role::State(_) | Role::Lane(_) => plain,
            Role::Cursor => plain.add_modifier(Modifier::REVERSED),
        };
        if !self.color {
            return modified;
        }
        let color = match role {
            Role::Plain | Role::Quiet | Role::Strong | Role::Cursor => return modified,
            Role::Lane(Column::Waiting) => Color::Cyan,
            Role::Lane(Column::Ready) => Color::Green,
            Role::Lane(Column::Claimed) => Color::LightBlue,
            Role::Lane(Column::Blocked) => Color::Yellow,
            Role::Lane(Column::Done) => return modified.add_modifier(Modifier::DIM),
            Role::Alarm | Role::State(Readiness::Stuck) => Color::Magenta,
            Role::State(Readiness::Dead) => Color::Red,
            Role::Warning | Role::State(Readiness::Stale) => Color::Yellow,
            Role::State(Readiness::Unknown) => Color::Cyan,
            Role::State(Readiness::Available) => Color::Green,
            Role::Good | Role::State(Readiness::Working) => Color::LightBlue,
        };
        modified.fg(color)
    }

    /// Returns the style of the selected row.
    #[must_use]
    pub fn selection(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Returns the glyph of a readiness.
    #[must_use]
    pub fn glyph(self, readiness: Readiness) -> &'static str {
        let (unicode, ascii) = match readiness {
            Readiness::Stuck => ("◆", "!"),
            Readiness::Dead => ("✗", "x"),
            Readiness::Stale => ("◌", "~"),
            Readiness::Unknown => ("?", "?"),
            Readiness::Available => ("○", "o"),
            Readiness::Working => ("●", "*"),
        };
        if self.unicode { unicode } else { ascii }
    }

    /// Returns a horizontal rule's character.
    #[must_use]
    pub fn rule(self) -> &'static str {
        if self.unicode { "─" } else { "-" }
    }

    /// Returns a vertical rule's character.
    #[must_use]
    pub fn bar(self) -> &'static str {
        if self.unicode { "│" } else { "|" }
    }

    /// Returns the mark of a row whose state changed unseen.
    #[must_use]
    pub fn unread(self) -> &'static str {
        if self.unicode { "•" } else { "+" }
    }

    /// Returns the mark of something that is missing.
    #[must_use]
    pub fn ellipsis(self) -> &'static str {
        if self.unicode { "\u{2026}" } else { "~" }
    }

    /// Replaces what the terminal cannot show.
    #[must_use]
    pub fn text(self, text: &str) -> Cow<'_, str> {
        if self.unicode || text.is_ascii() {
            return Cow::Borrowed(text);
        }
        Cow::Owned(text.chars().map(in_ascii).collect())
    }

    /// Replaces the text of one cell by what the terminal can show in one.
    #[must_use]
    pub fn symbol<'a>(self, cell: &'a str, buffer: &'a mut [u8; 4]) -> &'a str {
        match cell.chars().next() {
            Some(c) if !self.unicode && !cell.is_ascii() => in_ascii(c).encode_utf8(buffer),
            _ => cell,
        }
    }
}

/// Returns the nearest character that every terminal shows.
fn in_ascii(c: char) -> char {
    match c {
        '\u{2026}' => '~',
        '\u{b7}' => '.',
        '\u{2500}' | '\u{2550}' => '-',
        '\u{2502}' => '|',
        '\u{250c}'..='\u{253c}' => '+',
        '\u{25b8}' => '>',
        '\u{25cb}' => 'o',
        '\u{25cf}' => '*',
        '\u{2713}' => 'x',
        '\u{25cc}' => '~',
        '\u{25a0}' => '#',
        '\u{2588}' => '_',
        c if c.is_ascii() => c,
        _ => '?',
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_state_has_a_glyph_of_its_own() {
        for unicode in [true, false] {
            let theme = Theme { color: false, unicode };
            let glyphs: HashSet<_> = Readiness::ALL.iter().map(|state| theme.glyph(*state)).collect();
            assert_eq!(glyphs.len(), Readiness::ALL.len());
        }
    }

    #[test]
    fn no_role_is_dark_blue_or_black() {
        let states = Readiness::ALL.into_iter().map(Role::State);
        let lanes = Column::ALL.into_iter().map(Role::Lane);
        let others = [Role::Plain, Role::Quiet, Role::Strong, Role::Alarm, Role::Warning, Role::Good, Role::Cursor];
        for role in states.chain(lanes).chain(others) {
            let fg = Theme::default().style(role).fg;
            assert!(!matches!(fg, Some(Color::Blue | Color::Black | Color::DarkGray)), "{role:?} is {fg:?}");
        }
    }

    #[test]
    fn the_environment_decides() {
        let theme = |pairs: &[(&str, &str)]| {
            Theme::of_environment(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(theme(&[("LANG", "C.UTF-8")]), Theme { color: true, unicode: true });
        assert_eq!(theme(&[("LANG", "C.UTF-8"), ("LC_ALL", "C")]), Theme { color: true, unicode: false });
        assert!(!theme(&[("NO_COLOR", "1")]).color);
        assert!(!theme(&[("TERM", "dumb")]).color);
    }
}
