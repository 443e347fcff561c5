//! Words of commands that are shown, for whoever pastes them.

use super::Label;
use crate::plain;

/// Longest word that is shown as it is, in bytes; a longer one is cut as every [`Label`] is.
const MAX_PLAIN_BYTES: usize = 200;

/// A word of a command as a shell reads it back, on one line, and without quotes where it needs none.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@+~".contains(c);
    // In front of a word a shell takes `~` for somebody's home.
    let bare = (1..=MAX_PLAIN_BYTES).contains(&word.len()) && word.chars().all(is_plain) && !word.starts_with('~');
    if bare { word.to_owned() } else { plain::shell_quote(Label::new(word).as_str()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_needs_quotes_only_where_a_shell_would_read_another_one() {
        for (word, shown) in [
            ("code/K-1", "code/K-1"),
            ("host:a@b=c,d+e~f", "host:a@b=c,d+e~f"),
            ("", "''"),
            ("~root", "'~root'"),
            ("two words", "'two words'"),
            ("it's", r"'it'\''s'"),
            ("$HOME", "'$HOME'"),
        ] {
            assert_eq!(shell_word(word), shown);
        }
        assert!(!shell_word("two\nlines").contains('\n'));
    }
}
