//! Text that is being typed, as it is shown: with the cursor in it.

use crate::ui::text;
use crate::ui::view::{Fit, Piece, Role};

/// Columns of a typed line that are handed on: more than any popup has.
// A message may be a megabyte on one line, and it is drawn with every key.
const MAX_SHOWN: usize = 200;

/// The line that the cursor is in.
pub(super) fn cursor_line(lines: &[Vec<Piece>]) -> Option<usize> {
    lines.iter().position(|line| line.iter().any(|piece| piece.role == Role::Cursor))
}

/// A typed line, with the cursor in it when it has one. Of what was pasted no more is copied than a popup can show.
pub(super) fn typed(line: &str, cursor: Option<usize>) -> Vec<Piece> {
    let clean = |text: &str| text.replace('\t', "    ");
    let begins = |text: &str| Piece::new(clean(text::beginning(text, MAX_SHOWN)), Role::Plain).fitted(Fit::Typed);
    let Some(cursor) = cursor else { return vec![begins(line)] };
    let (before, after) = line.split_at(cursor);
    let mut after = after.chars();
    let under = after.next().map_or_else(|| " ".to_owned(), |c| clean(&c.to_string()));
    vec![
        // Its end is shown and not its beginning: the cursor is what one looks at.
        Piece::new(clean(text::ending(before, MAX_SHOWN)), Role::Plain).fitted(Fit::BeforeCursor),
        Piece::new(under, Role::Cursor).fitted(Fit::Typed),
        begins(after.as_str()),
    ]
}

/// The lines of a text around the cursor, at most so many, each with the cursor's place when it is in it.
pub(super) fn around(text: &str, cursor: usize, rows: usize) -> impl Iterator<Item = (&str, Option<usize>)> {
    let mut breaks = text[..cursor].rmatch_indices('\n');
    // The cursor's own line begins behind the first break before it, the window's first line behind the last.
    let mut start = breaks.nth(rows - 1).map_or(0, |(at, _)| at + 1);
    text[start..].split('\n').take(rows).map(move |line| {
        let from = start;
        start += line.len() + 1;
        (line, cursor.checked_sub(from).filter(|at| *at <= line.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_where_its_cursor_is() {
        let line = "0123456789";
        for cursor in 0..=line.len() {
            let pieces = typed(line, Some(cursor));
            let texts: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
            let behind = line.get(cursor + 1..).unwrap_or_default();
            assert_eq!(texts, [&line[..cursor], line.get(cursor..=cursor).unwrap_or(" "), behind], "at {cursor}");
            assert_eq!(pieces[1].role, Role::Cursor);
        }
        assert_eq!(typed("a\tb", None)[0].text, "a    b", "a tab is spaces");
        assert!(typed(&"x".repeat(10_000), None)[0].text.len() < 1000, "no more than can be shown");
    }

    #[test]
    fn a_window_of_lines_ends_with_the_cursors() {
        let lines = |cursor, rows| around("one\ntwo\nthree\nfour", cursor, rows).collect::<Vec<_>>();
        assert_eq!(lines(0, 2), [("one", Some(0)), ("two", None)]);
        assert_eq!(lines(9, 2), [("two", None), ("three", Some(1))]);
        assert_eq!(lines(18, 2), [("three", None), ("four", Some(4))]);
        assert_eq!(lines(18, 9).len(), 4);
    }
}
