//! Finding a message again on a screen that wraps, indents and frames it. Pure.

/// Characters of a message's end that have to be found.
const NEEDLE: usize = 48;

/// The same where that is not found.
const SHORT_NEEDLE: usize = 16;

/// Marks that runtimes draw around text, beside white space.
const FRAMES: &str = "┃│▌❯›>⏎|";

/// The letters of a text, without what wrapping and frames add.
fn letters(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !FRAMES.contains(*c)).collect()
}

/// The letters and digits alone: a runtime may show a message as the Markdown that it is.
fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// How often the end of a message, its last so many letters and digits, stands in these rows.
fn count(rows: &[String], message: &str, letters: usize) -> usize {
    let message = plain(message);
    let skip = message.chars().count().saturating_sub(letters);
    let needle: String = message.chars().skip(skip).collect();
    if needle.is_empty() { 0 } else { plain(&rows.join("\n")).matches(&needle).count() }
}

/// Whether a conversation shows a message more often than before. A rendered text may lack a word, such as the
/// language of a block of code, or number a list anew: then a shorter end of it has to do.
pub(super) fn came(before: &[String], now: &[String], message: &str) -> bool {
    [NEEDLE, SHORT_NEEDLE].iter().any(|letters| count(now, message, *letters) > count(before, message, *letters))
}

/// Whether what a composer shows is this message: all of it, or its end where the composer scrolls.
pub(super) fn is_draft(composer: &str, message: &str) -> bool {
    let (shown, whole) = (letters(composer), letters(message));
    shown == whole || (shown.chars().count() >= NEEDLE && whole.ends_with(&shown))
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
}
