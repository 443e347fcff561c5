//! Fitting text into columns: widths are what a terminal shows, not bytes or characters.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Returns the columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    // Most of what is drawn, and each cell of a frame is measured.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) { text.len() } else { text.width() }
}

/// Returns the beginning of a text in which `columns` columns are sure to be filled, all of it when it may fit. What
/// lies behind is not looked at, so that a frame costs what it shows, whatever was pasted.
#[must_use]
pub fn beginning(text: &str, columns: usize) -> &str {
    text.char_indices().nth(enough(columns)).map_or(text, |(end, _)| &text[..end])
}

/// Returns the end of a text in which `columns` columns are sure to be filled; all of it when it may fit.
#[must_use]
pub fn ending(text: &str, columns: usize) -> &str {
    text.char_indices().rev().nth(enough(columns)).map_or(text, |(start, c)| &text[start + c.len_utf8()..])
}

/// Returns how many characters are enough for so many columns, marks and joiners included.
fn enough(columns: usize) -> usize {
    columns.saturating_mul(4).saturating_add(64)
}

/// Cuts a text to at most `columns`, with `…` where something is missing.
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    if width_within(text, columns).is_some() {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    format!("{}\u{2026}", head(text, columns - 1).0)
}

/// Returns the characters of a text that fit into `columns`, and the columns that they take.
#[must_use]
pub fn head(text: &str, columns: usize) -> (&str, usize) {
    let mut used = 0;
    let end = beginning(text, columns).char_indices().find_map(|(at, c)| {
        let wide = c.width().unwrap_or(0);
        let fits = used + wide <= columns;
        used += if fits { wide } else { 0 };
        (!fits).then_some(at)
    });
    let end = end.unwrap_or_else(|| beginning(text, columns).len());
    (&text[..end], used)
}

/// Splits a text into what of it fits into so many columns, and the rest: between two words where there are two.
#[must_use]
pub fn words_within(text: &str, columns: usize) -> (&str, &str) {
    let (first, _) = head(text, columns);
    let rest = &text[first.len()..];
    if rest.is_empty() {
        return (text, "");
    }
    let at = if rest.starts_with(' ') { first.len() } else { first.rfind(' ').unwrap_or(first.len()) };
    (&text[..at], text[at..].trim_start())
}

/// Returns the end of a text, at most `columns` wide.
#[must_use]
pub fn fit_end(text: &str, columns: usize) -> &str {
    let mut shown = ending(text, columns);
    let mut room = columns;
    let kept = shown.char_indices().rev().take_while(|(_, c)| {
        let wide = c.width().unwrap_or(0);
        let fits = wide <= room;
        room = room.saturating_sub(wide);
        fits
    });
    let start = kept.last().map_or(shown.len(), |(at, _)| at);
    shown = &shown[start..];
    // Some sequences are wider than their characters.
    while shown.width() > columns {
        let mut rest = shown.chars();
        rest.next();
        shown = rest.as_str();
    }
    shown
}

/// Cuts or fills a text to exactly `columns`.
#[must_use]
pub fn column(text: &str, columns: usize) -> String {
    let mut out = fit(text, columns);
    let missing = columns.saturating_sub(out.width());
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// Columns that are left to a text that is set in; with fewer it is not.
const MIN: usize = 8;

/// Breaks a text into lines of at most `columns`, between words where possible. Blanks at its beginning stay: what is
/// set in is set in on each of its lines.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let words = text.trim_start_matches(' ');
    let blanks = text.len() - words.len();
    // Set in that far, a line would hold a word at most.
    if blanks == 0 || words.is_empty() || blanks + MIN > columns {
        return wrap_words(text, columns.max(1));
    }
    wrap_words(words, columns - blanks).into_iter().map(|line| format!("{}{line}", &text[..blanks])).collect()
}

fn wrap_words(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let mut word = word;
        if !line.is_empty() && width_within(word, columns).is_none_or(|wide| used + 1 + wide > columns) {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        let wide = loop {
            if let Some(wide) = width_within(word, columns) {
                break wide;
            }
            let mut room = columns;
            let behind = word.char_indices().find(|(_, c)| {
                let wide = c.width().unwrap_or(0);
                let fits = wide <= room;
                room = room.saturating_sub(wide);
                !fits
            });
            match behind {
                // One character that is wider than a line stands on a line of its own; the loop would never end else.
                // `None` is a word that is wider than the sum of its characters.
                Some((0, _)) | None => break word.width(),
                Some((end, _)) => {
                    lines.push(word[..end].to_owned());
                    word = &word[end..];
                }
            }
        };
        if !line.is_empty() {
            line.push(' ');
            used += 1;
        }
        line.push_str(word);
        used += wide;
    }
    lines.push(line);
    lines
}

/// Returns the columns that a text takes, unless they are more than `columns`.
#[must_use]
pub fn width_within(text: &str, columns: usize) -> Option<usize> {
    let shown = beginning(text, columns);
    (shown.len() == text.len()).then(|| width(text)).filter(|wide| *wide <= columns)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wide_characters_are_never_cut_in_half() {
        assert_eq!(fit("日本語", 6), "日本語");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(column("日", 4), "日  ");
    }

    #[test]
    fn long_words_are_broken() {
        assert_eq!(wrap("a bb cccccc", 3), ["a", "bb", "ccc", "ccc"]);
        assert_eq!(wrap("", 3), [""]);
    }

    #[test]
    fn what_is_set_in_stays_set_in() {
        assert_eq!(
            wrap("    \"type\": [\"string\", \"null\"]", 20),
            ["    \"type\":", "    [\"string\",", "    \"null\"]"]
        );
        assert_eq!(wrap("   a b", 40), ["   a b"]);
        assert_eq!(wrap("     a b", 9), ["a b"], "too narrow");
    }

    #[test]
    fn the_end_of_a_text_is_cut_from_its_front() {
        assert_eq!(fit_end("abcdef", 3), "def");
        assert_eq!(fit_end("a日本", 3), "本");
        assert_eq!(fit_end("ab", 5), "ab");
        assert_eq!(fit_end("ab", 0), "");
    }

    #[test]
    fn a_large_text_costs_what_is_shown_of_it() {
        let long = "x".repeat(1 << 20);
        let marks = "\u{301}".repeat(1 << 20);
        for text in [long.as_str(), marks.as_str()] {
            assert!(beginning(text, 80).chars().count() <= 400 && ending(text, 80).chars().count() <= 400);
        }
        assert_eq!(fit(&long, 4), "xxx\u{2026}");
        assert_eq!(fit_end(&long, 4), "xxxx");
        // Each character is looked at a bounded number of times: with the square it would not end.
        assert_eq!(wrap(&long, 80).len(), long.len().div_ceil(80));
        assert_eq!(wrap(&"word ".repeat(200_000), 9).len(), 100_001);
    }

    proptest! {
        #[test]
        fn an_end_is_never_too_wide(text in "\\PC{0,40}", columns in 0_usize..30) {
            let end = fit_end(&text, columns);
            prop_assert!(text.ends_with(end) && width(end) <= columns);
        }

        #[test]
        fn a_column_is_exactly_as_wide_as_asked(text in "\\PC{0,40}", columns in 0_usize..30) {
            prop_assert_eq!(width(&column(&text, columns)), columns);
        }

        #[test]
        fn no_wrapped_line_is_too_wide(text in "[a-z日 ]{0,60}", columns in 2_usize..20) {
            for line in wrap(&text, columns) {
                prop_assert!(width(&line) <= columns);
            }
        }
    }

    #[test]
    fn a_text_is_split_between_words() {
        for (text, columns, parts) in [
            ("Say in the log who", 10, ("Say in the", "log who")),
            ("Say in the log who", 9, ("Say in", "the log who")),
            ("Say in", 6, ("Say in", "")),
            ("unbreakable", 5, ("unbre", "akable")),
            ("\u{65e5}\u{672c}\u{8a9e}", 5, ("\u{65e5}\u{672c}", "\u{8a9e}")),
            ("any", 0, ("", "any")),
            ("", 5, ("", "")),
        ] {
            assert_eq!(words_within(text, columns), parts, "{text:?} in {columns}");
        }
    }
}
