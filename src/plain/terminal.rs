//! The one list of what may not reach a terminal from outside, and of what shows nothing there. Pure.

/// Whether a terminal would act on a character instead of showing it: controls, line breaks of Unicode, and what
/// turns the direction of the text around it.
#[must_use]
pub fn acts_on_terminal(c: char) -> bool {
    c.is_control() || marks_direction(c) || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a character only says in which direction its neighbours without a direction are read, as texts in Hebrew and
/// Arabic need it: unlike embeddings, overrides and isolates, it turns no letter around.
#[must_use]
pub fn marks_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}')
}

/// Whether a character could hide in a line: it takes no room, and no writing needs it between two letters.
#[must_use]
pub fn hides_in_text(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
}

/// Whether a character shows nothing by itself: the former, and what only changes how its neighbours look.
#[must_use]
pub fn shows_nothing(c: char) -> bool {
    (acts_on_terminal(c) && !c.is_control())
        || hides_in_text(c)
        || matches!(c,
            '\u{ad}' | '\u{180e}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}' | '\u{600}'..='\u{605}'
            | '\u{fe00}'..='\u{fe0f}')
}

/// Longest text that a message quotes, in characters.
const QUOTED_CHARS: usize = 80;

/// A text in quotes for a message of one line: nothing in it acts on a terminal, and what is long is cut.
#[must_use]
pub fn quoted(text: &str) -> String {
    let shown = |c: char| if acts_on_terminal(c) || hides_in_text(c) { '\u{b7}' } else { c };
    let cut = if text.chars().nth(QUOTED_CHARS).is_some() { "\u{2026}" } else { "" };
    format!("\"{}{cut}\"", text.chars().take(QUOTED_CHARS).map(shown).collect::<String>())
}

/// One character for a message: itself where it can be seen, else its number.
#[must_use]
pub fn character(c: char) -> String {
    if acts_on_terminal(c) || shows_nothing(c) || c.is_whitespace() {
        format!("U+{:04X}", u32::from(c))
    } else {
        format!("`{c}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_turns_or_hides_text_is_known_by_every_list() {
        for c in
            "\u{0}\u{7}\u{1b}\u{7f}\u{85}\u{9b}\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}"
                .chars()
        {
            assert!(acts_on_terminal(c), "{c:?}");
        }
        for c in "\u{200b}\u{200d}\u{2060}\u{206f}\u{feff}".chars() {
            assert!(hides_in_text(c) && shows_nothing(c) && !acts_on_terminal(c), "{c:?}");
        }
        for c in "a \u{e4}\u{5d0}\u{928}\u{1f44d}\u{1f3fd}-[".chars() {
            assert!(!acts_on_terminal(c) && !hides_in_text(c) && !shows_nothing(c), "{c:?}");
        }
    }

    #[test]
    fn what_a_message_quotes_is_in_an_operators_words() {
        for (text, want) in [("a b", "\"a b\""), ("\u{1b}[31m\n\u{202e}\u{200b}x", "\"\u{b7}[31m\u{b7}\u{b7}\u{b7}x\"")]
        {
            assert_eq!(quoted(text), want);
        }
        assert_eq!(quoted(&"\u{e9}".repeat(500)).chars().count(), QUOTED_CHARS + 3);
        assert_eq!([' ', '\n', '\u{202e}', '\u{e9}'].map(character), ["U+0020", "U+000A", "U+202E", "`\u{e9}`"]);
    }
}
