//! Who holds which card: the link between the backlog and the fleet's rows. Pure.

use std::sync::Arc;

use crate::backlog::model::{Board, Column, Stamp, is_held_on};
use crate::fleet::model::{AgentRow, ClaimFacts, FleetSnapshot};

/// Whether a row is the agent that holds a claim, by the claim's owner and host.
#[must_use]
pub fn is_owner(row: &AgentRow, (owner, host): (&str, &str), here: &str) -> bool {
    row.managed && row.name.as_str() == owner && is_held_on(host, &row.host, here)
}

/// Writes each agent's claim into its row, and puts the idle ones forward while cards wait for them.
#[must_use]
pub fn attached(snapshot: &FleetSnapshot, board: &Board, now: Stamp) -> FleetSnapshot {
    let mut joined = snapshot.clone();
    for row in &mut joined.agents {
        let mut claims = board.claims.iter().map(|held| (held, (held.claim.owner.as_str(), held.claim.host.as_str())));
        let held = claims.find(|(_, claim)| is_owner(row, *claim, &snapshot.host)).map(|(held, _)| held);
        let claim = held.map(|held| ClaimFacts {
            card: held.id.to_string(),
            title: held.title.as_str().into(),
            expires_in: held.claim.expires_at.0.saturating_sub(now.0) as f64 / 1000.0,
        });
        // A row is copied only where it changes: rows are shared with the observer, and most claims
        // stay from look to look.
        if row.claim != claim {
            Arc::make_mut(row).claim = claim;
        }
    }
    if board.counts.of(Column::Ready) > 0 {
        joined.agents.sort_by(|a, b| a.compare_attention(b, true));
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tui::samples;
    use crate::backlog::model::{BoardQuery, ClaimLine, Counts, HeldCard};

    #[test]
    fn a_claim_of_another_hosts_agent_of_that_name_is_not_this_ones() {
        let mut snapshot = (*samples::snapshot()).clone();
        let name =
            snapshot.agents.iter().find(|row| row.managed && row.host == snapshot.host).unwrap().name.to_string();
        let here = snapshot.host.clone();
        let board = |host: &str| {
            let claim =
                ClaimLine { owner: name.clone(), host: host.to_owned(), since: Stamp(0), expires_at: Stamp(9000) };
            let held = HeldCard { id: samples::id("A1"), title: "a".to_owned(), claim };
            Board {
                now: Stamp(0),
                counts: Counts::default(),
                lanes: Default::default(),
                claims: vec![held],
                query: BoardQuery::default(),
            }
        };
        let has_it = |snapshot: &FleetSnapshot, host: &str| {
            let joined = attached(snapshot, &board(host), Stamp(0));
            joined.agents.iter().filter(|row| row.claim.is_some()).count()
        };
        assert_eq!([has_it(&snapshot, ""), has_it(&snapshot, &here), has_it(&snapshot, "south")], [1, 1, 0]);
        // Where the roster itself has it on another host, that one's claim is its own.
        for row in &mut snapshot.agents {
            Arc::make_mut(row).host = "far".to_owned();
        }
        assert_eq!([has_it(&snapshot, ""), has_it(&snapshot, &here), has_it(&snapshot, "south")], [1, 0, 1]);
    }
}
