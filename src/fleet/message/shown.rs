//! Finding a message again on a screen that wraps, indents and frames it. Pure.

/// Characters of a message's end that have to be found.
const NEEDLE: usize = 48;

/// The same where that is not found.
const SHORT_NEEDLE: usize = 16;

/// Marks that runtimes draw around text, beside white space.
const FRAMES: &str = "┃│▌❯›>⏎|";

/// How much of a text has to be found again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writing {
    /// All of its letters, signs and digits.
    Any,
    /// Those of ASCII. Of the rest a terminal keeps what it knows: modifiers, joiners, marks and characters that are
    /// newer than its tables are dropped on the way, and each program draws them in its own way. What is left is the
    /// frame of the message and its plain words, which nobody else's text has.
    Ascii,
}

/// The letters of a text, without what wrapping and frames add.
fn letters(text: &str, writing: Writing) -> String {
    let counts = |c: &char| match writing {
        Writing::Any => !c.is_whitespace(),
        Writing::Ascii => c.is_ascii_graphic(),
    };
    text.chars().filter(|c| counts(c) && !FRAMES.contains(*c)).collect()
}

/// The letters and digits alone: a runtime may show a message as the Markdown that it is.
fn plain(text: &str, writing: Writing) -> String {
    text.chars().filter(|c| c.is_alphanumeric() && (writing == Writing::Any || c.is_ascii())).collect()
}

/// How often the end of a message, its last so many letters and digits, stands in these rows.
fn count(rows: &[String], message: &str, letters: usize, writing: Writing) -> usize {
    let message = plain(message, writing);
    let skip = message.chars().count().saturating_sub(letters);
    let needle: String = message.chars().skip(skip).collect();
    if needle.is_empty() { 0 } else { plain(&rows.join("\n"), writing).matches(&needle).count() }
}

/// Whether a conversation shows a message more often than before. A rendered text may lack a word, such as the
/// language of a block of code, or number a list anew: then a shorter end of it has to do.
pub(super) fn came(before: &[String], now: &[String], message: &str) -> bool {
    [(NEEDLE, Writing::Any), (SHORT_NEEDLE, Writing::Any), (NEEDLE, Writing::Ascii)]
        .iter()
        .any(|(letters, writing)| count(now, message, *letters, *writing) > count(before, message, *letters, *writing))
}

/// Whether what a composer shows is this message: all of it, or its end where the composer scrolls.
pub(super) fn is_draft(composer: &str, message: &str) -> bool {
    [Writing::Any, Writing::Ascii].iter().any(|writing| {
        let (shown, whole) = (letters(composer, *writing), letters(message, *writing));
        !shown.is_empty() && shown == whole || (shown.chars().count() >= NEEDLE && whole.ends_with(&shown))
    })
}

/// Whether a composer that was empty holds the beginning of this message, its frame, whatever became of the rest.
pub(super) fn begins(composer: &str, message: &str) -> bool {
    let frame = letters(message.split_inclusive(']').next().unwrap_or_default(), Writing::Ascii);
    frame.ends_with(']') && letters(composer, Writing::Ascii).starts_with(&frame)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapped_and_framed_text_is_found_again() {
        let message = "[h:a -> h:b] please look at the failing test of the parser and tell me why";
        let rows = ["┃  [h:a -> h:b] please look at the fail", "┃  ing test of the parser and tell me", "┃  why", ""]
            .map(str::to_owned);
        assert!(came(&[], &rows, message) && !came(&rows, &rows, message));
        assert!(!came(&[], &rows, "something else"));
        let markdown = "[h:a -> h:b] # Plan\n\n- **first** `code`\n\n    indented\n\nthen the rest of it all";
        let shown = ["[h:a -> h:b] Plan", " • first code", " ```", "  indented", " ```", " then the rest of it all"];
        assert!(came(&[], &shown.map(str::to_owned), markdown));
        let shown = ["› [h:a -> h:b] Do", "  ls -l", "  and tell me of all that you find"];
        let code = "[h:a -> h:b] Do\n```sh\nls -l\n```\nand tell me of all that you find";
        assert!(came(&[], &shown.map(str::to_owned), code), "a block's language is not shown");
        assert!(is_draft("[h:a -> h:b] please look at the\nfailing test of the parser and tell me why", message));
        assert!(!is_draft("ok at the failing test of the parser and tell me why of the long end", &"x".repeat(50)));
        assert!(!is_draft("why", message), "a few letters are no proof");
    }

    #[test]
    fn what_a_terminal_drops_decides_nothing() {
        for (message, shown) in [
            ("[h:a -> h:b] well done \u{1f44d}\u{1f3fd}!", "[h:a -> h:b] well done \u{1f44d}!"),
            ("[h:a -> h:b] a\u{200b}b\u{ad}c\u{feff}d", "[h:a -> h:b] abcd"),
            ("[h:a -> h:b] \u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}", "[h:a -> h:b] \u{928}\u{92e}\u{938}\u{924}"),
            ("[h:a -> h:b] \u{1f1e9}\u{1f1ea}", "[h:a -> h:b] \u{1f1e9}"),
            ("[h:a -> h:b] \u{5b57}", "[h:a -> h:b]"),
        ] {
            assert!(is_draft(shown, message), "{message:?}");
            assert!(came(&[], &[shown.to_owned()], message), "{message:?}");
            assert!(begins(shown, message), "{message:?}");
        }
        assert!(!is_draft("", "[h:a -> h:b] x") && !is_draft("[h:a -> h:b] y", "[h:a -> h:b] x"));
        assert!(!begins("[h:c -> h:b] x", "[h:a -> h:b] x") && !begins("", "[h:a -> h:b] x"));
    }
}
