//! Text from outside made safe to show: one line, no control bytes, bounded.
//!
//! Session names, pane titles, heartbeat details and aliases are written by other programs. A raw
//! escape in one of them could move the cursor, rename the terminal or reorder a whole line, so
//! such text becomes a [`Label`] where it enters and never travels as a bare `String` to a view.

use std::fmt;

use serde::Serialize;

use crate::plain::{acts_on_terminal, shows_nothing};

/// Longest label kept, in characters: wider than any column, small enough to copy per frame.
const LABEL_CHARS: usize = 200;

/// Longest question kept, in characters: with all its choices, which are answered by what is shown.
const LONG_CHARS: usize = 2000;

/// Combining marks kept on one base character; real scripts need few, hostile text stacks hundreds.
const MARKS_PER_BASE: usize = 4;

/// One line of printable text, at most 200 characters; 2,000 of a question.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Label(String);

impl Label {
    /// Cleans `raw`: control, bidirectional and other format characters become visible or vanish.
    #[must_use]
    pub fn new(raw: &str) -> Self {
        Self(clean(raw, LABEL_CHARS))
    }

    /// The same for a text that is read to its end, such as a question with its choices.
    #[must_use]
    pub fn long(raw: &str) -> Self {
        Self(clean(raw, LONG_CHARS))
    }

    /// The clean text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether nothing is left to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> serde::Deserialize<'de> for Label {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|raw| Self::long(&raw))
    }
}

impl From<&str> for Label {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

impl From<String> for Label {
    fn from(raw: String) -> Self {
        Self::new(&raw)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Replaces what a terminal would act on, collapses white space, cuts at `limit` characters.
fn clean(raw: &str, limit: usize) -> String {
    if is_clean(raw, limit) { raw.to_owned() } else { cleaned(raw, limit) }
}

/// Whether its bytes alone tell that nothing of a text is to be changed: so it is of most names and titles.
fn is_clean(raw: &str, limit: usize) -> bool {
    let bytes = raw.as_bytes();
    let mut blank = true;
    let one_line = bytes.iter().all(|byte| {
        let was_blank = std::mem::replace(&mut blank, *byte == b' ');
        byte.is_ascii_graphic() || (*byte == b' ' && !was_blank)
    });
    bytes.len() <= limit && one_line && (!blank || bytes.is_empty())
}

fn cleaned(raw: &str, limit: usize) -> String {
    let mut out = String::with_capacity(raw.len().min(limit * 4));
    let mut count = 0;
    let mut marks = 0;
    // Blanks in front are left out like those that follow a blank.
    let mut blank = true;
    for c in raw.chars() {
        let shown = match c {
            c if shows_nothing(c) => continue,
            c if c.is_whitespace() => ' ',
            c if c.is_control() || is_private_or_special(c) => '\u{b7}',
            c => c,
        };
        if is_mark(shown) {
            marks += 1;
            // A mark without a base would sit on whatever stands in front of the label.
            if marks > MARKS_PER_BASE || count == 0 {
                continue;
            }
        } else {
            marks = 0;
            if shown == ' ' && blank {
                continue;
            }
        }
        blank = shown == ' ';
        if count == limit {
            // The ellipsis takes the place of the last character, so that the limit holds.
            out.pop();
            out.push('\u{2026}');
            break;
        }
        out.push(shown);
        count += 1;
    }
    out.truncate(out.trim_end().len());
    out
}

/// Characters whose look or width no terminal agrees on.
fn is_private_or_special(c: char) -> bool {
    matches!(c, '\u{e000}'..='\u{f8ff}' | '\u{fffc}' | '\u{fffe}' | '\u{ffff}' | '\u{f0000}'..='\u{10ffff}')
}

/// Whether the character sits on the one before it.
fn is_mark(c: char) -> bool {
    unicode_width::UnicodeWidthChar::width(c) == Some(0)
}

/// A text of several lines without what acts on a terminal: another program may have written it.
#[must_use]
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if acts_on_terminal(c) && c != '\n' && c != '\t' { '\u{b7}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hostile_text_becomes_one_harmless_line() {
        for (raw, want) in [
            ("plain", "plain"),
            ("\x1b[31mred\x1b[0m", "·[31mred·[0m"),
            ("two\nlines\tand\r\nmore", "two lines and more"),
            ("\u{202e}gnp.exe\u{2066}", "gnp.exe"),
            ("zero\u{200b}width\u{feff}", "zerowidth"),
            ("  padded   out  ", "padded out"),
            ("\u{9b}31m", "·31m"),
            ("日本語 é", "日本語 é"),
            ("\u{cd5} a", "a"),
            ("\u{301}\u{301}  x", "x"),
            ("", ""),
        ] {
            assert_eq!(Label::new(raw).as_str(), want, "{raw:?}");
        }
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        let label = Label::new(&"x".repeat(10_000));
        assert_eq!(label.as_str().chars().count(), LABEL_CHARS);
        assert!(label.as_str().ends_with('…'));
    }

    #[test]
    fn stacked_marks_are_bounded() {
        let zalgo = format!("a{}b", "\u{301}".repeat(500));
        assert_eq!(Label::new(&zalgo).as_str().chars().count(), 2 + MARKS_PER_BASE);
    }

    proptest! {
        #[test]
        fn no_label_holds_a_control_character(raw in any::<String>()) {
            let label = Label::new(&raw);
            prop_assert!(!label.as_str().chars().any(|c| c.is_control() || shows_nothing(c)));
            prop_assert!(label.as_str().chars().count() <= LABEL_CHARS);
        }

        #[test]
        fn what_is_clean_is_what_nothing_is_changed_of(raw in "[ a-c~\t\u{7f}]{0,12}|\\PC{0,6}") {
            let kept = cleaned(&raw, LABEL_CHARS) == raw;
            prop_assert!(kept || !is_clean(&raw, LABEL_CHARS));
            prop_assert!(!kept || !raw.is_ascii() || is_clean(&raw, LABEL_CHARS));
            let cut = raw.chars().count().saturating_sub(1);
            prop_assert!(raw.is_empty() || !is_clean(&raw, cut));
        }

        #[test]
        fn cleaning_twice_changes_nothing(raw in any::<String>()) {
            let once = Label::new(&raw);
            prop_assert_eq!(Label::new(once.as_str()), once);
        }
    }
}
