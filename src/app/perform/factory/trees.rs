//! Work trees of cards that are done: taken away, with their branches where the base has all of them.

use super::desk::Desk;
use crate::backlog::model::{CardId, Status};
use crate::fleet::home::Site;
use crate::fleet::roster::Roster;
use crate::fleet::worktree;

/// Takes the work trees of cards away that are done; whether none of them stays. What is not committed in one keeps it.
pub(super) async fn sweep(site: &Site, roster: &Roster, desk: &Desk) -> bool {
    let mut all = true;
    for agent in roster.agents.iter().filter(|agent| !roster.is_remote(agent, site)) {
        let Some(wanted) = &agent.worktree else { continue };
        for (card, folder) in worktree::of_cards(site, agent) {
            let Ok(id) = CardId::parse(&card) else { continue };
            let card = desk.with(move |backlog| backlog.store().card(&id)).await;
            let done = card.ok().flatten().filter(|card| card.status == Status::Done);
            if let Some(card) = done
                && let Err(failure) = worktree::remove(wanted, &folder, &card.branch).await
            {
                all = false;
                tracing::info!(%failure, "a work tree stays");
            }
        }
    }
    all
}
