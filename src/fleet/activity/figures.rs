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
pub type Day = HashMap<i64, Bucket>;

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

/// Quarters of the day before a moment, the newest last, in so many cells.
#[must_use]
pub fn histogram(day: &Day, now: i64, cells: usize) -> Vec<Bucket> {
    const QUARTERS: i64 = 96;
    // No more cells than quarters: two cells of one quarter would show a half each of
    // what is not divided.
    let cells = cells.clamp(1, 96);
    let last = now.div_euclid(QUARTER);
    let mut all = vec![Bucket::default(); cells];
    for (quarter, bucket) in day {
        let age = last - quarter;
        if (0..QUARTERS).contains(&age) {
            let place = usize::try_from(QUARTERS - 1 - age).unwrap_or(0) * cells / 96;
            all[place].events += bucket.events;
            all[place].urgent += bucket.urgent;
        }
    }
    all
}

/// The hours before a moment, the newest last; that of the moment is not over yet.
#[must_use]
pub fn hours(all: &HashMap<i64, Hour>, now: i64, count: usize) -> Vec<Hour> {
    let last = now.div_euclid(HOUR);
    let first = last - i64::try_from(count).unwrap_or(0) + 1;
    (first..=last).map(|hour| all.get(&hour).cloned().unwrap_or_default()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_fits_into_any_number_of_cells_and_loses_nothing() {
        let now = 1_000 * QUARTER + 5;
        let day: Day = (900..=1_000).map(|quarter| (quarter, Bucket { events: 1, urgent: 0 })).collect();
        for cells in [1, 7, 24, 60, 96, 500] {
            let shown = histogram(&day, now, cells);
            assert_eq!(shown.iter().map(|bucket| bucket.events).sum::<u32>(), 96, "{cells}");
            assert!(shown.iter().all(|bucket| bucket.events > 0));
        }
        assert_eq!(histogram(&Day::from([(1_000, Bucket { events: 3, urgent: 1 })]), now, 24)[23].urgent, 1);
    }

    #[test]
    fn hours_without_cards_are_there_too() {
        let all = HashMap::from([(7, Hour { done: 2, claims: vec![5, 9] })]);
        let shown = hours(&all, 8 * HOUR + 1, 3);
        assert_eq!(shown.iter().map(|hour| hour.done).collect::<Vec<_>>(), [0, 2, 0]);
        assert_eq!((shown[1].median(), shown[0].median()), (Some(5), None));
    }
}
