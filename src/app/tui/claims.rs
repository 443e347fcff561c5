//! Who holds which card: the link between the backlog and the fleet's rows. Pure.

use std::sync::Arc;

use crate::backlog::model::{Board, Column, Stamp};
use crate::fleet::model::{ClaimFacts, FleetSnapshot};

/// Writes each agent's claim into its row, and puts the idle ones forward while cards wait for them.
#[must_use]
pub fn attached(snapshot: &FleetSnapshot, board: &Board, now: Stamp) -> FleetSnapshot {
    let mut joined = snapshot.clone();
    for row in &mut joined.agents {
        let held = board.claims.iter().find(|held| row.managed && held.claim.owner == row.name.as_str());
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
