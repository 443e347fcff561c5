//! Lines as tmux captured them.

use crate::fleet::model::acts_on_terminal;

/// A captured line without any escape.
pub(super) fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            // tmux writes colours only: up to the letter that ends them.
            for c in chars.by_ref() {
                if c.is_ascii_alphabetic() {
                    break;
                }
            }
        } else if !acts_on_terminal(c) {
            out.push(c);
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// A captured line with its colours and nothing else that acts.
pub(super) fn colours_only(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('\u{1b}') {
        out.extend(rest[..at].chars().filter(|c| !acts_on_terminal(*c)));
        let escape = &rest[at..];
        let end = escape.find(|c: char| c.is_ascii_alphabetic()).map_or(escape.len(), |end| end + 1);
        let body = &escape[1..end];
        let colour = |c: char| c.is_ascii_digit() || matches!(c, ';' | ':');
        // What is no colour is left out, whatever a version of tmux lets through.
        if body.strip_prefix('[').and_then(|body| body.strip_suffix('m')).is_some_and(|codes| codes.chars().all(colour))
        {
            out.push_str(&escape[..end]);
        }
        rest = &escape[end..];
    }
    out.extend(rest.chars().filter(|c| !acts_on_terminal(*c)));
    // No colour reaches into the next line.
    out.push_str("\u{1b}[0m");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_colours_passes() {
        let line = "a\u{1b}[31mred\u{1b}[0m\u{1b}]0;title\u{7}b\u{9b}c\u{1b}[\u{1b}]0;5\u{7}m";
        assert_eq!(plain("a\u{1b}[31mred\u{1b}[0m  "), "ared");
        let kept = colours_only(line);
        assert!(kept.contains("\u{1b}[31mred") && !kept.contains("\u{1b}]") && !kept.contains('\u{7}'), "{kept:?}");
    }
}
