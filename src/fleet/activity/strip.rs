//! The states of an agent over a span, in cells: what a row shows of the last hour. Pure.

use std::collections::HashMap;

use crate::fleet::model::{BUSIEST, Readiness, StripCell};

/// An observer is taken to have seen on for so long behind its last word, in milliseconds: it gives one every half
/// minute.
const GRACE: i64 = 60_000;

/// A state that needs somebody shows in its cell from this share on; less is a flicker.
const URGENT_SHARE: i64 = 10;

/// A change of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: i64,
    /// The state from then on.
    pub state: Readiness,
    /// Whether the agent's keeper told it, who tells every change; what others saw is known only while they look.
    pub told: bool,
}

/// What is known of all agents' states.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Changes of each agent, by its host and its name, in order of time.
    pub changes: HashMap<String, HashMap<String, Vec<Change>>>,
    /// When somebody looked at all planes, from and to.
    pub watched: Vec<(i64, i64)>,
}

impl Seen {
    /// The states of an agent in the span before a moment, in so many cells, the newest last.
    #[must_use]
    pub fn strip(&self, host: &str, agent: &str, now: i64, span: i64, cells: usize) -> Vec<StripCell> {
        let changes = self.changes.get(host).and_then(|host| host.get(agent)).map_or(&[][..], Vec::as_slice);
        let mut all = vec![Cell::default(); cells];
        let count = i64::try_from(cells).unwrap_or(i64::MAX).max(1);
        let width = (span / count).max(1);
        let first = now - width * count;
        for (at, change) in changes.iter().enumerate() {
            let end = changes.get(at + 1).map_or(now, |next| next.at).min(now);
            let end = if change.told { end } else { self.seen_until(change.at, end) };
            let (mut from, end) = (change.at.max(first), end);
            while from < end {
                let cell = ((from - first) / width).min(count - 1);
                // The last cell takes what is left over by the division.
                let stop = if cell == count - 1 { end } else { end.min(first + (cell + 1) * width) };
                if let Some(cell) = usize::try_from(cell).ok().and_then(|cell| all.get_mut(cell)) {
                    cell.add(change.state, stop - from);
                }
                // It moves on, whatever the numbers are.
                from = stop.max(from + 1);
            }
        }
        all.iter().map(|cell| cell.shown(width)).collect()
    }

    /// How long a state that was seen at a moment is known to have lasted, at most to `end`: while somebody looked.
    fn seen_until(&self, from: i64, end: i64) -> i64 {
        let mut until = from;
        // Those who watch are in the order in which they began: each carries on from where the one before left.
        for (began, last) in &self.watched {
            if *began <= until + GRACE {
                until = until.max(last + GRACE);
            }
        }
        until.min(end)
    }
}

/// Time in each state, in the order of [`Readiness::ALL`].
#[derive(Debug, Clone, Copy, Default)]
struct Cell([i64; 6]);

impl Cell {
    fn add(&mut self, state: Readiness, time: i64) {
        let place = Readiness::ALL.iter().position(|other| *other == state).unwrap_or(0);
        self.0[place] += time;
    }

    /// The most urgent state that lasted, else the one that lasted longest; and how much of the cell was work.
    fn shown(&self, width: i64) -> StripCell {
        let timed = || Readiness::ALL.into_iter().zip(self.0);
        let urgent = |state| matches!(state, Readiness::Stuck | Readiness::Dead | Readiness::Stale);
        let needs = timed().find(|(state, time)| urgent(*state) && *time * URGENT_SHARE >= width);
        let longest = || timed().filter(|(_, time)| *time > 0).max_by_key(|(_, time)| *time);
        let busy = timed().find(|(state, _)| *state == Readiness::Working).map_or(0, |(_, time)| time);
        let most = i64::from(BUSIEST);
        let busy = (busy * most + width - 1).div_euclid(width).clamp(0, most);
        StripCell { state: needs.or_else(longest).map(|(state, _)| state), busy: u8::try_from(busy).unwrap_or(BUSIEST) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Readiness::{Available, Stuck, Working};

    const MINUTE: i64 = 60_000;

    fn seen(changes: &[(i64, Readiness)], told: bool, watched: &[(i64, i64)]) -> Seen {
        let minutes = |(at, state): &(i64, Readiness)| Change { at: at * MINUTE, state: *state, told };
        let changes = changes.iter().map(minutes).collect();
        let watched = watched.iter().map(|(began, until)| (began * MINUTE, until * MINUTE)).collect();
        let here = HashMap::from([("a".to_owned(), changes)]);
        Seen { changes: HashMap::from([("here".to_owned(), here)]), watched }
    }

    fn hour(seen: &Seen) -> Vec<StripCell> {
        seen.strip("here", "a", 60 * MINUTE, 60 * MINUTE, 6)
    }

    #[test]
    fn each_cell_shows_the_state_that_lasted_and_how_busy_it_was() {
        let cells = hour(&seen(&[(-30, Available), (10, Working), (25, Available)], true, &[]));
        let states: Vec<_> = cells.iter().map(|cell| cell.state).collect();
        assert_eq!(states[..2], [Some(Available), Some(Working)]);
        assert_eq!(states[3..], [Some(Available); 3]);
        assert_eq!(cells.iter().map(|cell| cell.busy).collect::<Vec<_>>(), [0, 8, 4, 0, 0, 0]);
    }

    #[test]
    fn a_question_that_stood_for_a_while_outranks_the_rest_of_its_cell_and_a_flicker_does_not() {
        let cells = hour(&seen(&[(0, Working), (12, Stuck), (14, Working)], true, &[]));
        assert_eq!((cells[1].state, cells[1].busy), (Some(Stuck), 7));
        let mut short = seen(&[(0, Working), (12, Stuck)], true, &[]);
        let changes = short.changes.values_mut().flat_map(HashMap::values_mut).next().unwrap();
        changes.push(Change { at: 12 * MINUTE + 900, state: Working, told: true });
        assert_eq!(hour(&short)[1].state, Some(Working));
    }

    #[test]
    fn what_nobody_looked_at_is_not_known() {
        // Seen by a dashboard that was closed after twenty minutes; another one opened ten minutes ago.
        let cells = hour(&seen(&[(0, Working), (50, Stuck)], false, &[(0, 20), (50, 60)]));
        let states: Vec<_> = cells.iter().map(|cell| cell.state).collect();
        assert_eq!(states, [Some(Working), Some(Working), Some(Working), None, None, Some(Stuck)]);
        assert_eq!(cells[2].busy, 1, "a minute's grace, and no more");
        // Its keeper would have told.
        assert_eq!(hour(&seen(&[(0, Working), (50, Stuck)], true, &[]))[4].state, Some(Working));
        assert_eq!(seen(&[], true, &[]).strip("here", "b", 0, 60, 3), vec![StripCell::default(); 3]);
    }

    #[test]
    fn any_span_and_any_number_of_cells_hold_the_whole_time() {
        let seen = seen(&[(-100, Working)], true, &[]);
        for cells in [0, 1, 7, 60, 4000] {
            for span in [0, 1, 59, 60 * MINUTE] {
                let strip = seen.strip("here", "a", 60 * MINUTE, span, cells);
                assert_eq!(strip.len(), cells);
                assert!(strip.iter().all(|cell| cell.state == Some(Working) && cell.busy == BUSIEST), "{cells} {span}");
            }
        }
    }
}
