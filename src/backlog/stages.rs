//! A card goes from one stage of its work to another: one change, so that it is never in both and never in none.

use serde_json::json;

use super::error::Result;
use super::model::{Card, EventKind, MAX_BODY_BYTES, Stamp, Status, check_line, check_stage};
use super::rules::{Changed, check_token};

/// Where a card goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move<'a> {
    /// The stage in which it has to be; one that is elsewhere by now has gone already.
    pub from: &'a str,
    /// How often it has to have been sent back.
    pub round: i64,
    /// The stage.
    pub to: &'a str,
    /// Class that works on it there.
    pub assignee: &'a str,
    /// How often it was sent back from then on.
    pub rounds: i64,
    /// What is added to its text.
    pub note: String,
    /// Why it waits for a person there.
    pub blocked: Option<String>,
    /// Whose word sent it there.
    pub by: &'a str,
}

/// Checks a move.
pub(super) fn check(to: &Move<'_>) -> Result<()> {
    check_stage(to.to)?;
    check_line("assignee", to.assignee)
}

/// Moves a card, which ends a claim on it; `None` for one that has gone already.
pub(super) fn go(card: &mut Card, to: &Move<'_>, token: Option<i64>, now: Stamp) -> Result<Option<Changed>> {
    if card.stage != to.from || card.rounds != to.round {
        // Somebody else was faster; who still thinks to hold it hears that.
        return check_token(card, token, now).map(|()| None);
    }
    check_token(card, token, now)?;
    let mut detail = json!({ "stage": [card.stage, to.to] });
    let mut note = |name: &str, value| drop(detail.as_object_mut().map(|all| all.insert(name.to_owned(), value)));
    if card.assignee != to.assignee {
        note("assignee", json!([card.assignee, to.assignee]));
    }
    if card.rounds != to.rounds {
        note("rounds", json!([card.rounds, to.rounds]));
    }
    if let Some(claim) = card.claim.take() {
        note("owner", json!(claim.owner));
        note("token", json!(claim.token));
    } else if to.blocked.is_some() {
        // Somebody could not go on with it: it is no card that an operator parked.
        note("owner", json!(to.by));
    }
    if let Some(reason) = &to.blocked {
        note("reason", json!(reason));
    }
    to.to.clone_into(&mut card.stage);
    to.assignee.clone_into(&mut card.assignee);
    card.rounds = to.rounds;
    card.status = if to.blocked.is_some() { Status::Blocked } else { Status::Ready };
    to.blocked.as_deref().unwrap_or_default().clone_into(&mut card.block_reason);
    // What does not fit is in the history of the review.
    if !to.note.is_empty() && card.body.len() + to.note.len() + 2 <= MAX_BODY_BYTES {
        if !card.body.is_empty() {
            card.body.push_str("\n\n");
        }
        card.body.push_str(&to.note);
    }
    let kind = if to.blocked.is_some() { EventKind::Blocked } else { EventKind::Edited };
    Ok(Some(Changed { kind, detail }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backlog::rules::tests::card;

    fn to() -> Move<'static> {
        Move {
            from: "code",
            round: 0,
            to: "review",
            assignee: "review",
            rounds: 0,
            note: String::new(),
            blocked: None,
            by: "pipeline",
        }
    }

    #[test]
    fn a_move_ends_the_claim_and_is_made_once() {
        let mut card = card("A");
        card.stage = "code".to_owned();
        card.status = Status::Done;
        assert!(go(&mut card, &to(), None, Stamp(0)).unwrap().is_some());
        assert_eq!((card.status, card.stage.as_str(), card.assignee.as_str()), (Status::Ready, "review", "review"));
        assert_eq!(go(&mut card, &to(), None, Stamp(0)).unwrap(), None, "it has gone already");
        assert!(go(&mut card, &to(), Some(7), Stamp(0)).is_err(), "and its worker hears that it is not theirs");
        let back = Move {
            from: "review",
            to: "code",
            rounds: 1,
            note: "## Round 1".to_owned(),
            blocked: Some("once too often".to_owned()),
            ..to()
        };
        card.body = "text".to_owned();
        let changed = go(&mut card, &back, None, Stamp(0)).unwrap().unwrap();
        assert_eq!((changed.kind, &changed.detail["owner"]), (EventKind::Blocked, &json!("pipeline")));
        assert_eq!(changed.detail["rounds"], json!([0, 1]));
        assert_eq!((card.status, card.block_reason.as_str()), (Status::Blocked, "once too often"));
        assert_eq!((card.body.as_str(), card.rounds), ("text\n\n## Round 1", 1));
    }
}
