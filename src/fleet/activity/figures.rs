//! Figures of the history for plots: how much happened when, and what became of cards. Pure.

use std::collections::HashMap;

/// A quarter of an hour, in milliseconds.
pub const QUARTER: i64 = 15 * 60_000;

/// An hour, in milliseconds.
pub const HOUR: i64 = 60 * 60_000;

/// What happened in a quarter of an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bucket {
    /// Events.
    pub events: u32,
    /// Those among them that somebody had to see to.
    pub urgent: u32,
}

/// Quarters by their number since 1970.
pub type Quarters = HashMap<i64, Bucket>;

/// How far back figures go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Span {
    /// A day.
    #[default]
    Day,
    /// Seven of them.
    Week,
    /// Thirty: as long as the history is kept where nothing else is set.
    Month,
}

impl Span {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// Its length in milliseconds.
    #[must_use]
    pub fn millis(self) -> i64 {
        24 * HOUR
            * match self {
                Self::Day => 1,
                Self::Week => 7,
                Self::Month => 30,
            }
    }

    /// In how many cells it is shown, each of whole hours.
    #[must_use]
    pub fn cells(self) -> usize {
        match self {
            Self::Day => 24,
            Self::Week => 28,
            Self::Month => 30,
        }
    }

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// The words for what a cell is of.
    #[must_use]
    pub fn cell(self) -> &'static str {
        match self {
            Self::Day => "an hour",
            Self::Week => "6 hours",
            Self::Month => "a day",
        }
    }

    /// The next longer one; behind the longest the shortest.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Day => Self::Week,
            Self::Week => Self::Month,
            Self::Month => Self::Day,
        }
    }
}

/// Cards of an hour.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hour {
    /// Cards that were done in it.
    pub done: u32,
    /// How long each of them was in claim, in milliseconds, the shortest first.
    pub claims: Vec<i64>,
}

impl Hour {
    /// The claim in the middle.
    #[must_use]
    pub fn median(&self) -> Option<i64> {
        self.claims.get(self.claims.len().checked_sub(1)? / 2).copied()
    }
}

/// Quarters of the span before a moment, the newest last, in so many cells.
#[must_use]
pub fn histogram(all: &Quarters, now: i64, span: Span, cells: usize) -> Vec<Bucket> {
    let quarters = span.millis() / QUARTER;
    let count = usize::try_from(quarters).unwrap_or(1);
    // No more cells than quarters: two cells of one quarter would show a half each of what is not divided.
    let cells = cells.clamp(1, count);
    let last = now.div_euclid(QUARTER);
    let mut shown = vec![Bucket::default(); cells];
    for (quarter, bucket) in all {
        let age = last - quarter;
        if (0..quarters).contains(&age) {
            let place = usize::try_from(quarters - 1 - age).unwrap_or(0) * cells / count;
            shown[place].events += bucket.events;
            shown[place].urgent += bucket.urgent;
        }
    }
    shown
}

/// The cards of a span's cells before a moment, the newest last; that of the moment is not over yet.
#[must_use]
pub fn cards(all: &HashMap<i64, Hour>, now: i64, span: Span) -> Vec<Hour> {
    let last = now.div_euclid(HOUR);
    let cells = span.cells();
    let each = span.millis() / HOUR / i64::try_from(cells).unwrap_or(1);
    let mut shown = vec![Hour::default(); cells];
    for (hour, of) in all {
        let ago = usize::try_from((last - hour).div_euclid(each)).ok();
        if let Some(cell) = ago.and_then(|ago| cells.checked_sub(ago + 1)).and_then(|place| shown.get_mut(place)) {
            cell.done += of.done;
            cell.claims.extend(&of.claims);
        }
    }
    shown.iter_mut().for_each(|cell| cell.claims.sort_unstable());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_fits_into_any_number_of_cells_and_loses_nothing() {
        let now = 10_000 * QUARTER + 5;
        let all: Quarters = (1..=10_000).map(|quarter| (quarter, Bucket { events: 1, urgent: 0 })).collect();
        for (span, quarters) in Span::ALL.into_iter().zip([96, 7 * 96, 30 * 96]) {
            for cells in [1, 7, 24, 60, 96, 500, 5_000] {
                let shown = histogram(&all, now, span, cells);
                assert_eq!(shown.iter().map(|bucket| bucket.events).sum::<u32>(), quarters, "{cells}");
                assert!(shown.iter().all(|bucket| bucket.events > 0));
            }
        }
        let one = Quarters::from([(10_000, Bucket { events: 3, urgent: 1 })]);
        assert_eq!(histogram(&one, now, Span::Day, 24)[23].urgent, 1);
    }

    #[test]
    fn cells_without_cards_are_there_too_and_longer_ones_hold_those_of_all_their_hours() {
        let all = HashMap::from([
            (700, Hour { done: 1, claims: vec![7] }),
            (995, Hour { done: 2, claims: vec![5, 9] }),
            (1_000, Hour { done: 1, claims: vec![1] }),
            (1_001, Hour { done: 9, claims: vec![] }),
        ]);
        let now = 1_000 * HOUR + 1;
        let done = |span| {
            let shown = cards(&all, now, span);
            assert_eq!(shown.len(), span.cells());
            let cells = shown.iter().enumerate().filter(|(_, cell)| cell.done > 0);
            cells.map(|(at, cell)| (span.cells() - 1 - at, cell.done, cell.claims.clone())).collect::<Vec<_>>()
        };
        assert_eq!(done(Span::Day), [(5, 2, vec![5, 9]), (0, 1, vec![1])]);
        assert_eq!(done(Span::Week), [(0, 3, vec![1, 5, 9])], "what is still to come is none");
        assert_eq!(done(Span::Month), [(12, 1, vec![7]), (0, 3, vec![1, 5, 9])]);
        assert_eq!((cards(&all, now, Span::Week)[27].median(), Hour::default().median()), (Some(5), None));
    }
}
