//! Fitting text into columns: widths are what a terminal shows, not bytes or characters.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// Cuts a text to at most `columns`, with `…` where something is missing.
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    if text.width() <= columns {
        return text.to_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let mut out = String::new();
    let mut used = 0;
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if used + wide > columns - 1 {
            break;
        }
        used += wide;
        out.push(c);
    }
    out.push('\u{2026}');
    out
}

/// Cuts or fills a text to exactly `columns`.
#[must_use]
pub fn column(text: &str, columns: usize) -> String {
    let mut out = fit(text, columns);
    let missing = columns.saturating_sub(out.width());
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// Breaks a text into lines of at most `columns`, between words where possible.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let mut word = word.to_owned();
        if !line.is_empty() && line.width() + 1 + word.width() > columns {
            lines.push(std::mem::take(&mut line));
        }
        while word.width() > columns {
            let head: String = {
                let mut used = 0;
                word.chars()
                    .take_while(|c| {
                        used += c.width().unwrap_or(0);
                        used <= columns
                    })
                    .collect()
            };
            if head.is_empty() {
                break;
            }
            word.drain(..head.len());
            lines.push(head);
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    lines.push(line);
    lines
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

    proptest! {
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
}
