//! What the next tick has to know of how a decision ended: who waits for it, the agent, the card, everybody or nobody.

use std::time::Duration;

use super::steps::Ended;
use crate::app::factory::{Decision, Memory};

/// Takes in how a decision ended.
pub(super) fn remember(memory: &mut Memory, decision: &Decision, ended: &Ended, now: Duration) {
    match (decision, ended) {
        (Decision::Dispatch { card, agent, .. }, Ended::Taken { attempts, began, .. }) => {
            memory.took_work(*agent, card.as_str(), *attempts, *began);
            memory.went_well(*agent, card.as_str(), now);
        }
        (Decision::Dispatch { card, .. }, Ended::Card(why)) => memory.could_not_give(card.as_str(), why, now),
        (Decision::Dispatch { card, agent, .. }, Ended::Either(why)) => {
            memory.could_not_work(*agent, card.as_str(), why, now);
        }
        (Decision::Dispatch { .. }, Ended::Desk(why)) => memory.stumbled(why, now),
        (
            Decision::Dispatch { agent, .. } | Decision::Replan { agent, .. } | Decision::Clear { agent, .. },
            Ended::Agent(why) | Ended::Failed(why),
        ) => memory.took_no_work(*agent, why, now),
        // Counted also where it went well: an agent that starts and dies each time is
        // what the pause is for.
        (Decision::Revive { agent, why }, Ended::Well(_)) => memory.revived(*agent, &why.to_string(), now),
        (
            Decision::Revive { agent, .. } | Decision::Start { agent, .. } | Decision::Keep { agent, .. },
            Ended::Failed(why),
        ) => memory.revived(*agent, why, now),
        (Decision::Stop { agent, .. }, Ended::Failed(_)) => memory.could_not_stop(*agent),
        (Decision::Review { agent, card }, Ended::Agent(why) | Ended::Failed(why)) => {
            memory.could_not_review(*agent, *card, why, now);
        }
        (Decision::Tell { id, .. }, Ended::Agent(why) | Ended::Failed(why)) => memory.could_not_tell(id, why, now),
        _ => {}
    }
}
