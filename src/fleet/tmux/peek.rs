//! One pane at one moment: its state and the text on its screen.

use jiff::Timestamp;

use super::command::Query;
use super::paint;
use crate::fleet::model::{CellStyle, PaintedRow, PaneId, Size};

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
    pub title: String,
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

    /// Reads the screens of many panes, and the line of their states behind them. None where what stands there is not
    /// exactly these screens, as where a hook printed between them: nothing says whose row is whose.
    pub(super) fn parse_many(text: &str, mark: &str) -> Option<Vec<(PaneId, Self)>> {
        let at = if text.starts_with(mark) { 0 } else { text.find(&format!("\n{mark}"))? + 1 };
        let mut states = &text[at..];
        let mut rows = text[..at].lines();
        let mut seen = Vec::new();
        while let Some(rest) = states.strip_prefix(mark) {
            let mut fields = rest.splitn(7, ' ');
            let id = fields.next().and_then(PaneId::parse)?;
            let in_mode = fields.next()? != "0";
            let mut number = || fields.next()?.parse().ok();
            let (x, y, width, height): (u16, u16, u16, u16) = (number()?, number()?, number()?, number()?);
            let (length, title) = fields.next()?.split_once(':')?;
            let (title, behind) = title.split_at_checked(length.parse().ok()?)?;
            states = behind;
            let mut style = CellStyle::default();
            let screen: Vec<_> =
                rows.by_ref().take(usize::from(height)).map(|row| paint::row(row, &mut style)).collect();
            if screen.len() != usize::from(height) {
                return None;
            }
            let size = Size { width, height };
            seen.push((id, Self { in_mode, cursor: (x, y), size, title: title.to_owned(), rows: screen }));
        }
        (rows.next().is_none() && (states.is_empty() || states.starts_with('\n'))).then_some(seen)
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
        let title = next().unwrap_or_default().to_owned();
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

    #[test]
    fn many_screens_are_read_by_their_heights_or_not_at_all() {
        let states = "m:%1 0 2 1 5 2 9:m: m:%3 tm:%3 1 0 0 5 1 0:\nhook\n";
        let many = Peek::parse_many(&format!("row 1  \n\nx\n{states}"), "m:").unwrap();
        let [(PaneId(1), first), (PaneId(3), third)] = &many[..] else { panic!("{many:?}") };
        assert_eq!((first.cursor, first.title.as_str(), first.rows.len()), ((2, 1), "m: m:%3 t", 2));
        assert!(!first.in_mode && third.in_mode && third.title.is_empty() && third.rows[0].text == "x", "{third:?}");
        for other in ["row 1\n\n", "row 1\n\nhook\nx\n", "hook\nrow 1\n\nx\n", ""] {
            assert_eq!(Peek::parse_many(&format!("{other}{states}"), "m:"), None, "{other:?}");
        }
        for broken in ["m:%1 0 2 1 5 1 9:title\n", "m:%1 0 2 1 5 1 2:title\n", "m:%1 0 2 1\n", "m:x 0 2 1 5 1 0:\n"] {
            assert_eq!(Peek::parse_many(&format!("x\n{broken}"), "m:"), None, "{broken:?}");
        }
        assert_eq!(Peek::parse_many("\n", "m:"), None, "no pane");
    }
}
