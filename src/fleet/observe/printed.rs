//! How much panes print: the rows that a look at a screen finds and the look before did not. The looks are those that
//! readiness needs; none is made for this.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::{Deserialize, Serialize};

use crate::fleet::model::{PaneId, ServerName, Size};
use crate::fleet::tmux::Peek;

/// The rows of a screen, each as something by which the same one is known again: the screens of all panes would be too
/// much to keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rows {
    /// Of the terminal.
    pub size: Size,
    /// Of those that hold anything, in order.
    hashes: Vec<u64>,
}

impl Rows {
    /// Of a screen.
    pub(super) fn of(peek: &Peek) -> Self {
        let rows = peek.rows.iter().map(|row| row.text.trim_end()).filter(|row| !row.is_empty());
        let mut hashes: Vec<u64> = rows.map(hash).collect();
        hashes.sort_unstable();
        Self { size: peek.size, hashes }
    }

    /// How many of them another screen does not have.
    fn new_since(&self, before: &Self) -> usize {
        // A terminal of another size breaks the same text into other rows, and nobody printed those.
        if self.size != before.size {
            return 0;
        }
        self.hashes.iter().filter(|row| before.hashes.binary_search(row).is_err()).count()
    }
}

/// What was counted of one pane.
#[derive(Debug)]
struct Pane {
    /// Rows that were new, of all looks.
    printed: u64,
    /// What the last look found.
    last: Rows,
}

/// Rows that panes have printed since they were first looked at.
#[derive(Debug, Default)]
pub(super) struct Printed {
    panes: HashMap<(ServerName, PaneId), Pane>,
}

impl Printed {
    /// Takes a look at a pane's screen.
    pub(super) fn take(&mut self, server: &ServerName, id: PaneId, seen: Rows) {
        match self.panes.entry((server.clone(), id)) {
            Entry::Vacant(entry) => {
                entry.insert(Pane { printed: 0, last: seen });
            }
            Entry::Occupied(mut entry) => {
                let pane = entry.get_mut();
                pane.printed += u64::try_from(seen.new_since(&pane.last)).unwrap_or(0);
                pane.last = seen;
            }
        }
    }

    /// Rows that a pane has printed; `None` where its screen is not read.
    pub(super) fn of(&self, server: &ServerName, id: PaneId) -> Option<u64> {
        self.panes.get(&(server.clone(), id)).map(|pane| pane.printed)
    }

    /// Forgets the others.
    pub(super) fn retain(&mut self, keep: impl Fn(&ServerName, PaneId) -> bool) {
        self.panes.retain(|(server, id), _| keep(server, *id));
    }
}

fn hash(row: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    row.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::model::{CellStyle, Label, PaintedRow, SocketName};

    fn peek(width: u16, rows: &[&str]) -> Peek {
        let painted = |text: &&str| {
            let mut row = PaintedRow::default();
            row.push(text, CellStyle::default());
            row
        };
        Peek {
            in_mode: false,
            cursor: (0, 0),
            size: Size { width, height: 4 },
            title: Label::default(),
            rows: rows.iter().map(painted).collect(),
        }
    }

    #[test]
    fn what_scrolls_or_stands_is_not_printed_again() {
        let (server, id) = (ServerName::here(&SocketName::named("s").unwrap()), PaneId(3));
        let mut printed = Printed::default();
        let mut rows = |width, rows: &[&str]| {
            printed.take(&server, id, Rows::of(&peek(width, rows)));
            printed.of(&server, id)
        };
        assert_eq!(rows(80, &["one", "two", "", "> "]), Some(0), "what stood there before is not known");
        assert_eq!(rows(80, &["one", "two", "", "> "]), Some(0));
        assert_eq!(rows(80, &["two", "three", "four", "> "]), Some(2), "it scrolled by two rows");
        assert_eq!(rows(80, &["two", "three", "four", "> text"]), Some(3), "a row that is written on is a new one");
        assert_eq!(rows(40, &["tw", "o", "three", "four"]), Some(3), "another size");
        assert_eq!(rows(40, &["tw", "o", "three", "five"]), Some(4));
    }

    #[test]
    fn a_pane_that_is_gone_is_forgotten() {
        let server = ServerName::here(&SocketName::named("s").unwrap());
        let mut printed = Printed::default();
        for id in [1, 2] {
            printed.take(&server, PaneId(id), Rows::of(&peek(80, &["a"])));
        }
        printed.retain(|_, id| id == PaneId(2));
        assert_eq!((printed.of(&server, PaneId(1)), printed.of(&server, PaneId(2))), (None, Some(0)));
    }
}
