//! Work trees of cards that are done: taken away, with their branches where the base has all of them.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::desk::Desk;
use crate::app::factory::Stays;
use crate::app::perform::activity::record;
use crate::backlog::model::{CardId, Status};
use crate::fleet::home::Site;
use crate::fleet::roster::{Roster, Worktree};
use crate::fleet::worktree;

/// A work tree that could not be taken away is tried again after so long.
// A `git status` of each that stays is a process and a walk through its files.
const AGAIN: Duration = Duration::from_secs(10);

/// What is known of work trees of cards that are done.
pub(super) struct Sweeping {
    /// Cards that were done when all of them were taken away last.
    swept: Option<u64>,
    /// Cards that were done when the sweep began that is under way.
    under_way: Option<u64>,
    /// Those that stay, and how often they were tried; `None` before the first look.
    pub stay: Option<BTreeMap<String, Stays>>,
    /// Before then none is looked at.
    next: Instant,
}

impl Sweeping {
    pub(super) fn new() -> Self {
        Self { swept: None, under_way: None, stay: None, next: Instant::now() }
    }

    /// Whether the work trees of cards are to be taken away that are done, of which there are so many now; then that is
    /// under way from here on.
    pub(super) fn begins(&mut self, done: u64) -> bool {
        // Only a card that is done more or less can have changed what there is to take away.
        let begins = self.under_way.is_none() && self.swept != Some(done) && Instant::now() >= self.next;
        if begins {
            self.under_way = Some(done);
        }
        begins
    }

    /// Whether a sweep is under way.
    pub(super) fn is_under_way(&self) -> bool {
        self.under_way.is_some()
    }

    /// Takes in what a sweep left.
    pub(super) fn ends(&mut self, Swept { left, whole }: Swept) {
        let clean = whole && left.is_empty();
        // What is in the way may be gone in a while; what is not committed is not worth a look each second.
        self.swept = self.under_way.take().filter(|_| clean);
        self.next = Instant::now() + if clean { Duration::ZERO } else { AGAIN };
        let mut before = self.stay.take().unwrap_or_default();
        let again = |(card, why): (String, String)| {
            let times = before.remove(&card).map_or(0, |stays| stays.times) + 1;
            (card, Stays { times, why })
        };
        let mut stay: BTreeMap<String, Stays> = left.into_iter().map(again).collect();
        // Those that were not looked at stay for all that is known.
        if !whole {
            stay.extend(before);
        }
        self.stay = Some(stay);
    }
}

/// What a sweep came to.
pub(super) struct Swept {
    /// Work trees that could not be taken away, by card, and why.
    left: BTreeMap<String, String>,
    /// Whether each was looked at.
    whole: bool,
}

/// Takes the work trees of cards away that are done. What is not committed in one keeps it.
pub(super) async fn sweep(site: &Site, roster: &Roster, desk: &Desk) -> Swept {
    let mut swept = Swept { left: BTreeMap::new(), whole: true };
    let entries: Vec<Worktree> = roster.agents.iter().filter_map(|agent| agent.worktree.clone()).collect();
    // Also those of an agent that has another name now, or is not in the roster any more.
    for tree in worktree::of_cards(site) {
        // One is taken away whole, and the others by the next supervisor.
        if desk.is_leaving() {
            swept.whole = false;
            break;
        }
        // A folder of another name is somebody's own.
        let Ok(id) = CardId::parse(&tree.card) else { continue };
        let Ok(card) = desk.with(move |backlog| backlog.store().card(&id)).await else {
            swept.whole = false;
            continue;
        };
        let Some(card) = card.filter(|card| card.status == Status::Done) else { continue };
        match worktree::remove(site, &entries, &tree, &card.branch).await {
            Ok(removed) => record::keep_removal(site, &tree, &removed),
            Err(failure) => {
                tracing::info!(%failure, "a work tree stays");
                swept.left.insert(card.id.to_string(), failure.to_string());
            }
        }
    }
    swept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_looked_at_is_neither_gone_nor_forgotten() {
        let mut sweeping = Sweeping::new();
        let swept = |left: &[&str], whole| Swept {
            left: left.iter().map(|card| ((*card).to_owned(), "changes".to_owned())).collect(),
            whole,
        };
        let times = |sweeping: &Sweeping| -> Vec<u32> {
            sweeping.stay.as_ref().unwrap().values().map(|stays| stays.times).collect()
        };
        assert!(sweeping.begins(3) && sweeping.is_under_way() && !sweeping.begins(3), "one at a time");
        sweeping.ends(swept(&["A1", "A2"], true));
        assert_eq!(times(&sweeping), [1, 1]);
        assert!(!sweeping.begins(3), "not at once again");
        sweeping.next = Instant::now();
        assert!(sweeping.begins(3));
        // The backlog has said nothing of the first.
        sweeping.ends(swept(&["A2"], false));
        assert_eq!(times(&sweeping), [1, 2]);
        sweeping.next = Instant::now();
        assert!(sweeping.begins(3), "also when nothing was found in the way");
        sweeping.ends(swept(&[], true));
        assert!(times(&sweeping).is_empty() && !sweeping.begins(3) && sweeping.begins(4));
    }
}
