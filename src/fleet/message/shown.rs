//! Finding a message again on a screen that wraps, indents and frames it. Pure.

/// Characters of a message's end that have to be found.
const NEEDLE: usize = 48;

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

/// The last of a text's letters and digits.
fn needle(message: &str) -> String {
    let letters = plain(message);
    let skip = letters.chars().count().saturating_sub(NEEDLE);
    letters.chars().skip(skip).collect()
}

/// How often the end of a message stands in these rows.
pub(super) fn count(rows: &[String], message: &str) -> usize {
    let needle = needle(message);
    if needle.is_empty() { 0 } else { plain(&rows.join("\n")).matches(&needle).count() }
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
        assert_eq!(count(&rows, message), 1);
        assert_eq!(count(&rows, "something else"), 0);
        let markdown = "[h:a -> h:b] # Plan\n\n- **first** `code`\n\n    indented\n\nthen the rest of it all";
        let shown = ["[h:a -> h:b] Plan", " • first code", " ```", "  indented", " ```", " then the rest of it all"];
        assert_eq!(count(&shown.map(str::to_owned), markdown), 1);
        assert!(is_draft("[h:a -> h:b] please look at the\nfailing test of the parser and tell me why", message));
        assert!(!is_draft("ok at the failing test of the parser and tell me why of the long end", &"x".repeat(50)));
        assert!(!is_draft("why", message), "a few letters are no proof");
    }
}
