//! One pane at one moment: its state and the text on its screen.

use jiff::Timestamp;

use super::command::Query;
use super::paint;
use super::panes::PaneRecord;
use crate::fleet::model::{CellStyle, Label, PaintedRow, PaneId, Size};

/// One pane at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peek {
    /// Whether it is in copy mode or another.
    pub in_mode: bool,
    /// Column and row of the cursor, shown or not.
    pub cursor: (u16, u16),
    /// Its size.
    pub size: Size,
    /// Its title.
    pub title: Label,
    /// Its screen, row by row.
    pub rows: Vec<PaintedRow>,
}

/// Screens that were asked for at one moment.
#[derive(Debug)]
pub struct Peeks {
    /// That moment, by this host's clock: output from then on may be missing on them.
    pub asked: Timestamp,
    /// What stands on each.
    pub screens: Vec<(PaneId, Peek)>,
}

impl Peeks {
    /// Those that are asked for now; none of them is there yet.
    pub(super) fn from_now_on() -> Self {
        Self { asked: Timestamp::now(), screens: Vec::new() }
    }
}

impl Peek {
    /// The queries whose answers [`Self::parse`] reads. The state comes behind the screen: a hook of the operator's that
    /// prints after each message prints where nobody reads.
    pub(super) fn queries(pane: PaneId) -> [Vec<String>; 2] {
        [Query::Text(pane).words(), Query::PaneState(pane).words()]
    }

    /// Reads one pane, and returns what stands behind it. A pane whose process ended is none.
    pub(super) fn parse<'a>(pane: PaneId, text: &'a str, mark: &str) -> (Option<Self>, &'a str) {
        match Self::next(text, mark) {
            Some((read, rest)) => (read.filter(|(of, _)| *of == pane).map(|(_, peek)| peek), rest),
            None => (None, ""),
        }
    }

    /// What a list says of a pane, without its rows.
    pub(super) fn listed(pane: &PaneRecord) -> Self {
        let (title, rows) = (pane.title.clone(), Vec::new());
        Self { in_mode: pane.in_mode, cursor: pane.cursor, size: pane.size, title, rows }
    }

    /// The next pane of an answer, and what stands behind it. Its state is the next line that bears the mark, and its
    /// screen so many lines before it: what hooks printed before those decides nothing.
    fn next<'a>(text: &'a str, mark: &str) -> Option<(Option<(PaneId, Self)>, &'a str)> {
        let at = if text.starts_with(mark) { 0 } else { text.find(&format!("\n{mark}"))? + 1 };
        let (state, rest) = text[at + mark.len()..].split_once('\n')?;
        // The title is the last field, and may hold blanks.
        let mut fields = state.splitn(8, ' ');
        let mut next = || fields.next();
        let (id, dead, mode) = (next(), next(), next());
        let numbers: Vec<u16> = (0..4).filter_map(|_| next()?.parse().ok()).collect();
        let ([x, y, width, height], Some(id), false) = (&numbers[..], id.and_then(PaneId::parse), dead == Some("1"))
        else {
            return Some((None, rest));
        };
        let (x, y, width, height) = (*x, *y, *width, *height);
        let before: Vec<&str> = text[..at].lines().collect();
        let mut style = CellStyle::default();
        let first = before.len().saturating_sub(usize::from(height));
        let rows = before[first..].iter().map(|row| paint::row(row, &mut style)).collect();
        let title = Label::new(next().unwrap_or_default());
        let size = Size { width, height };
        Some((Some((id, Self { in_mode: mode != Some("0"), cursor: (x, y), size, title, rows })), rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panes_are_read_one_behind_the_other() {
        // After each message a hook prints a line.
        let text =
            "row 1  \n\nm:%1 0 0 2 1 5 2 a title\nhook\ngone\nm:%2 1 0 0 0 5 1 \nhook\nx\nm:%3 0 1 0 0 5 1 t\nhook\n";
        let (first, rest) = Peek::parse(PaneId(1), text, "m:");
        let first = first.unwrap();
        assert_eq!(
            (first.cursor, first.title.as_str(), first.rows.iter().map(|row| row.text.as_str()).collect()),
            ((2, 1), "a title", vec!["row 1", ""])
        );
        let (dead, rest) = Peek::parse(PaneId(2), rest, "m:");
        assert_eq!(dead, None);
        let (third, rest) = Peek::parse(PaneId(3), rest, "m:");
        let third = third.unwrap();
        assert!(third.in_mode && third.rows.len() == 1 && third.rows[0].text == "x" && rest == "hook\n", "{third:?}");
        assert_eq!(Peek::parse(PaneId(4), "x\nm:%3 0 0 0 0 5 1 t\n", "m:").0, None, "another pane's");
        assert_eq!(Peek::parse(PaneId(4), "", "m:").0, None);
    }
}
