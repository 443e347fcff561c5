//! Text that is being typed, as it is shown: with the cursor in it.

use crate::app::tui::state::text_input::TextInput;
use crate::ui::hit::Typed;
use crate::ui::text;
use crate::ui::view::{Fit, Piece, Role};

/// What is shown for a tab.
const TAB: &str = "    ";

/// Columns of a typed line that are handed on: more than any popup has.
// A message may be a megabyte on one line, and it is drawn with every key.
const MAX_SHOWN: usize = 200;

/// The line that the cursor is in.
pub(super) fn cursor_line(lines: &[Vec<Piece>]) -> Option<usize> {
    lines.iter().position(|line| line.iter().any(|piece| piece.role == Role::Cursor))
}

/// A typed line, with the cursor in it when it has one. Of what was pasted no more is copied than a popup can show.
pub(super) fn typed(line: &str, cursor: Option<usize>) -> Vec<Piece> {
    let clean = |text: &str| text.replace('\t', TAB);
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

/// Puts the cursor of a text at a place on one of its shown lines.
pub(in crate::app::tui) fn go_to(input: &mut TextInput, rows: usize, row: usize, at: Option<Typed>) {
    if let Some(byte) = at.and_then(|at| byte_at(&input.text, input.cursor, rows, row, at)) {
        input.cursor = byte;
    }
}

/// The byte of a text at which a place on one of its shown lines is; `rows` as for [`around`].
fn byte_at(text: &str, cursor: usize, rows: usize, row: usize, at: Typed) -> Option<usize> {
    let (line, cursor_in_line) = around(text, cursor, rows).nth(row)?;
    // The lines are parts of the text, one behind the other.
    let start = line.as_ptr().addr() - text.as_ptr().addr();
    let within = match at {
        Typed::FromStart(columns) => forward(line, columns),
        Typed::FromCursor(columns) => {
            let (before, behind) = line.split_at(cursor_in_line?);
            match usize::try_from(columns) {
                Ok(columns) => before.len() + forward(behind, columns),
                Err(_) => before.len() - backward(before, columns.unsigned_abs()),
            }
        }
    };
    Some(start + within)
}

/// Bytes from the beginning of a text to the character that covers a column of it; all of them where it ends before.
fn forward(text: &str, columns: usize) -> usize {
    let mut left = columns;
    let covers = |(at, c): (usize, char)| {
        let wide = columns_of(c);
        let here = left < wide;
        left = left.saturating_sub(wide);
        here.then_some(at)
    };
    text.char_indices().find_map(covers).unwrap_or(text.len())
}

/// Bytes from the end of a text back to the character that covers a column before it.
fn backward(text: &str, columns: usize) -> usize {
    let mut left = columns;
    let until = text.char_indices().rev().find_map(|(at, c)| {
        left = left.saturating_sub(columns_of(c));
        (left == 0).then_some(at)
    });
    text.len() - until.unwrap_or(0)
}

/// Columns that a character takes where it is typed: a tab is shown as blanks.
fn columns_of(c: char) -> usize {
    if c == '\t' { TAB.len() } else { text::width(c.encode_utf8(&mut [0; 4])) }
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
    fn a_place_on_a_shown_line_is_a_byte_of_the_text() {
        let text = "one\nz\tw\u{65e5}o\nthree";
        let cursor = text.find('w').unwrap();
        for (row, at, want) in [
            (0, Typed::FromStart(1), "ne\n"),
            (0, Typed::FromStart(9), "\nz\t"),
            (1, Typed::FromCursor(0), "w\u{65e5}"),
            (1, Typed::FromCursor(2), "\u{65e5}o"),
            (1, Typed::FromCursor(3), "o\nt"),
            (1, Typed::FromCursor(9), "\nth"),
            (1, Typed::FromCursor(-1), "\tw"),
            (1, Typed::FromCursor(-4), "\tw"),
            (1, Typed::FromCursor(-5), "z\t"),
            (1, Typed::FromCursor(-9), "z\t"),
            (2, Typed::FromStart(0), "three"),
        ] {
            let byte = byte_at(text, cursor, 9, row, at).unwrap();
            assert!(text[byte..].starts_with(want), "{row} {at:?}: {:?}", &text[byte..]);
        }
        assert_eq!(byte_at(text, cursor, 9, 3, Typed::FromStart(0)), None);
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
