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
    /// Those that stay, and how often they were tried; `None` before the first look.
    pub stay: Option<BTreeMap<String, Stays>>,
    /// Before then none is looked at.
    next: Instant,
}

impl Sweeping {
    pub(super) fn new() -> Self {
        Self { swept: None, stay: None, next: Instant::now() }
    }

    /// Takes the work trees of cards away that are done, of which there are so many now.
    pub(super) async fn sweep(&mut self, site: &Site, roster: &Roster, desk: &Desk, done: Option<u64>) {
        // Only a card that is done more or less can have changed what there is to take away.
        if done.is_none() || done == self.swept || Instant::now() < self.next {
            return;
        }
        let left = sweep(site, roster, desk).await;
        // What is in the way may be gone in a while; what is not committed is not worth a look each second.
        self.swept = done.filter(|_| left.is_empty());
        self.next = Instant::now() + if left.is_empty() { Duration::ZERO } else { AGAIN };
        let mut before = self.stay.take().unwrap_or_default();
        let again = |(card, why): (String, String)| {
            let times = before.remove(&card).map_or(0, |stays| stays.times) + 1;
            (card, Stays { times, why })
        };
        self.stay = Some(left.into_iter().map(again).collect());
    }
}

/// Takes the work trees of cards away that are done; those that stay, and why. What is not committed in one keeps it.
async fn sweep(site: &Site, roster: &Roster, desk: &Desk) -> BTreeMap<String, String> {
    let mut stay = BTreeMap::new();
    let entries: Vec<Worktree> = roster.agents.iter().filter_map(|agent| agent.worktree.clone()).collect();
    // Also those of an agent that has another name now, or is not in the roster any more.
    for tree in worktree::of_cards(site) {
        // A folder of another name is somebody's own.
        let Ok(id) = CardId::parse(&tree.card) else { continue };
        let card = desk.with(move |backlog| backlog.store().card(&id)).await;
        let Some(card) = card.ok().flatten().filter(|card| card.status == Status::Done) else { continue };
        match worktree::remove(site, &entries, &tree, &card.branch).await {
            Ok(removed) => record::keep_removal(site, &tree, &removed),
            Err(failure) => {
                tracing::info!(%failure, "a work tree stays");
                stay.insert(card.id.to_string(), failure.to_string());
            }
        }
    }
    stay
}
