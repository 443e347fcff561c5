//! Finding a message again on a screen that wraps, indents and frames it. Pure.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_width::UnicodeWidthChar;

/// Characters of a message's end that have to be found.
const NEEDLE: usize = 48;

/// The same where that is not found.
const SHORT_NEEDLE: usize = 16;

/// Characters of a message's beginning by which it is found in a queue: its frame, and a few more.
const BEGIN: usize = 20;

/// Marks that runtimes draw around text, beside white space.
// The end of a wrapped row may be followed by the border of a box, in the middle of a word.
const FRAMES: &str = "┃│▌❯›>⏎|";

/// Whether a character arrives on every screen: letters, digits and punctuation of any script. Marks, modifiers, joiners
/// and pictures are combined, widened or dropped on the way, by each terminal in its own way.
fn stays(c: char) -> bool {
    use GeneralCategoryGroup as Group;
    if c.is_ascii() {
        return c.is_ascii_graphic();
    }
    matches!(c.general_category_group(), Group::Letter | Group::Number | Group::Punctuation)
        && c.width().is_some_and(|width| width > 0)
}

/// The characters of a text that stay, without what wrapping and frames add.
fn letters(text: &str) -> String {
    text.chars().filter(|c| stays(*c) && !FRAMES.contains(*c)).collect()
}

/// The letters and digits alone: a runtime may show a message as the Markdown that it is.
fn plain(text: &str) -> String {
    text.chars().filter(|c| stays(*c) && c.is_alphanumeric()).collect()
}

/// How often the end of a message, its last so many letters and digits, stands in these rows.
fn count(rows: &[String], message: &str, letters: usize) -> usize {
    let message = plain(message);
    // Its end and not its beginning: long messages scroll, and what is on the screen is the end.
    let skip = message.chars().count().saturating_sub(letters);
    let needle: String = message.chars().skip(skip).collect();
    if needle.is_empty() { 0 } else { plain(&rows.join("\n")).matches(&needle).count() }
}

/// Whether a conversation shows a message more often than before. A rendered text may lack a word, such as the
/// language of a block of code, or number a list anew: then a shorter end of it has to do.
pub(super) fn came(before: &[String], now: &[String], message: &str) -> bool {
    [NEEDLE, SHORT_NEEDLE].iter().any(|letters| count(now, message, *letters) > count(before, message, *letters))
}

/// Whether a queue shows the beginning of a message more often than before: it may cut what is long.
pub(super) fn queued(before: &[String], now: &[String], message: &str) -> bool {
    let begin: String = plain(message).chars().take(BEGIN).collect();
    let count = |rows: &[String]| plain(&rows.join("\n")).matches(&begin).count();
    !begin.is_empty() && count(now) > count(before)
}

/// Whether what a composer shows is this message: all of it, or its end where the composer scrolls. Of letters beyond
/// ASCII a few may be lost on the way, none may be another.
pub(super) fn is_draft(composer: &str, message: &str) -> bool {
    let (shown, whole) = (letters(composer), letters(message));
    if shown.is_empty() {
        return false;
    }
    if shown == whole || (shown.chars().count() >= SHORT_NEEDLE && whole.ends_with(&shown)) {
        return true;
    }
    let part = |text: &str, ascii: bool| text.chars().filter(|c| c.is_ascii() == ascii).collect::<Vec<_>>();
    let (arrived, sent) = (part(&shown, false), part(&whole, false));
    let mut rest = sent.iter();
    let in_order = arrived.iter().all(|letter| rest.any(|other| other == letter));
    // ASCII arrives whole everywhere, so there every letter has to be right.
    part(&shown, true) == part(&whole, true) && in_order && arrived.len() * 4 >= sent.len() * 3
}

/// Whether a composer that was empty holds the beginning of this message, its frame, whatever became of the rest.
pub(super) fn begins(composer: &str, message: &str) -> bool {
    let frame = letters(message.split_inclusive(']').next().unwrap_or_default());
    frame.ends_with(']') && letters(composer).starts_with(&frame)
}

/// Whether a message begins with what stands before the sign of a long paste.
pub(super) fn begins_as(shown: &str, message: &str) -> bool {
    letters(message).starts_with(&letters(shown))
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
        assert!(is_draft("the parser and tell me why", message), "a small composer shows the end");
    }

    #[test]
    fn what_a_terminal_drops_decides_nothing() {
        for (message, shown) in [
            ("[h:a -> h:b] well done \u{1f44d}\u{1f3fd}!", "[h:a -> h:b] well done \u{1f44d}!"),
            ("[h:a -> h:b] a\u{200b}b\u{ad}c\u{feff}d", "[h:a -> h:b] abcd"),
            ("[h:a -> h:b] \u{928}\u{92e}\u{938}\u{94d}\u{924}\u{947}", "[h:a -> h:b] \u{928}\u{92e}\u{938}\u{924}"),
            ("[h:a -> h:b] \u{1f1e9}\u{1f1ea}", "[h:a -> h:b] \u{1f1e9}"),
            ("[h:a -> h:b] \u{5e9}\u{200f}!\u{200e} \u{645}\u{61c}-", "[h:a -> h:b] \u{5e9}! \u{645}-"),
        ] {
            assert!(is_draft(shown, message), "{message:?}");
            assert!(came(&[], &[shown.to_owned()], message), "{message:?}");
            assert!(begins(shown, message), "{message:?}");
        }
        // Half a message is none, in any script, and neither is another one behind the same frame.
        for (body, other) in [
            ("\u{8bf7}\u{5148}\u{4e0d}\u{8981}\u{5220}\u{9664}\u{6570}\u{636e}", "\u{4f60}\u{597d}"),
            ("\u{43f}\u{440}\u{438}\u{432}\u{435}\u{442} \u{432}\u{441}\u{435}\u{43c}", "\u{43d}\u{435}\u{442}"),
            ("plain words in ascii", "other words"),
        ] {
            let message = format!("[h:a -> h:b] {body}");
            assert!(is_draft(&message, &message));
            for cut in 0..=body.chars().count() / 2 {
                let half: String = body.chars().take(cut).collect();
                assert!(!is_draft(&format!("[h:a -> h:b] {half}"), &message), "{half:?} of {body:?}");
            }
            let other = format!("[h:a -> h:b] {other}");
            assert!(!is_draft(&other, &message) && !came(&[], &[other], &message), "{body:?}");
        }
        let waits = ["Steering: [h:a -> h:b] please look at the fai...".to_owned()];
        assert!(queued(&[], &waits, "[h:a -> h:b] please look at the failing test") && !queued(&waits, &waits, "x"));
        assert!(!queued(&[], &waits, "[h:a -> h:b] another message of all"));
        assert!(!is_draft("", "[h:a -> h:b] x") && !is_draft("[h:a -> h:b] y", "[h:a -> h:b] x"));
        assert!(!begins("[h:c -> h:b] x", "[h:a -> h:b] x") && !begins("", "[h:a -> h:b] x"));
    }
}
