//! How much each agent's pane printed in the last minutes, from what the observer counts. Pure.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use crate::fleet::model::{AgentRow, RowKey};
use crate::ui::columns::OUTPUT;

/// A cell's time, in milliseconds.
const CELL: i64 = 30_000;

/// What was counted of one agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Counted {
    /// The observer's count, as it was last.
    last: u64,
    /// What came in each cell's time in which anything did, by its number since 1970, in order.
    cells: VecDeque<(i64, u64)>,
}

/// What all of them printed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Output {
    agents: HashMap<RowKey, Counted>,
    /// Whether anything was printed since the dashboard was opened.
    pub is_known: bool,
}

impl Output {
    /// Takes the newest counts.
    pub(in crate::app::tui) fn take(&mut self, rows: &[Arc<AgentRow>], now: Timestamp) {
        let there: HashSet<&RowKey> = rows.iter().map(|row| &row.key).collect();
        self.agents.retain(|key, _| there.contains(key));
        let cell = now.as_millisecond().div_euclid(CELL);
        for row in rows {
            let Some(printed) = row.printed else { continue };
            // What was there before the first look came at nobody knows what time.
            let counted = self.agents.entry(row.key).or_insert_with(|| Counted { last: printed, ..Counted::default() });
            // A count that fell is that of another pane.
            let new = printed.saturating_sub(counted.last);
            counted.last = printed;
            if new == 0 {
                continue;
            }
            self.is_known = true;
            match counted.cells.back_mut() {
                Some((at, rows)) if *at >= cell => *rows += new,
                _ => counted.cells.push_back((cell, new)),
            }
            while counted.cells.len() > OUTPUT {
                counted.cells.pop_front();
            }
        }
    }

    /// Rows that an agent printed in each cell's time before a moment, the newest last.
    #[must_use]
    pub fn of(&self, agent: &RowKey, now: Timestamp) -> [u64; OUTPUT] {
        let newest = now.as_millisecond().div_euclid(CELL);
        let mut shown = [0; OUTPUT];
        for (at, rows) in self.agents.get(agent).iter().flat_map(|counted| &counted.cells) {
            // A clock that was set back leaves cells of a time to come.
            let ago = usize::try_from(newest - at).unwrap_or(0);
            if let Some(place) = (OUTPUT - 1).checked_sub(ago) {
                shown[place] += rows;
            }
        }
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tui::samples;
    use crate::fleet::model::Readiness;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(3_000_000 + seconds).unwrap()
    }

    fn rows(printed: Option<u64>) -> Vec<Arc<AgentRow>> {
        vec![Arc::new(AgentRow { printed, ..samples::row("a", Readiness::Working) })]
    }

    #[test]
    fn what_came_stands_in_the_cell_of_its_time_and_moves_on_with_it() {
        let key = rows(None)[0].key;
        let mut output = Output::default();
        output.take(&rows(Some(100)), at(0));
        assert!(!output.is_known, "what was there before is nothing new");
        output.take(&rows(Some(104)), at(1));
        output.take(&rows(Some(105)), at(29));
        output.take(&rows(Some(112)), at(31));
        output.take(&rows(Some(112)), at(95));
        assert!(output.is_known);
        assert_eq!(output.of(&key, at(31)), [0, 0, 0, 0, 0, 0, 5, 7]);
        assert_eq!(output.of(&key, at(95)), [0, 0, 0, 0, 5, 7, 0, 0]);
        assert_eq!(output.of(&key, at(3600)), [0; OUTPUT], "an hour later");
    }

    #[test]
    fn another_pane_begins_anew_and_who_is_gone_is_forgotten() {
        let key = rows(None)[0].key;
        let mut output = Output::default();
        for (printed, second) in [(Some(500), 0), (Some(3), 1), (Some(5), 2), (None, 3), (Some(9), 4)] {
            output.take(&rows(printed), at(second));
        }
        assert_eq!(output.of(&key, at(4))[OUTPUT - 1], 6);
        output.take(&[], at(5));
        assert_eq!((output.of(&key, at(5)), output.agents.len()), ([0; OUTPUT], 0));
    }
}
