//! A card that its worker cannot go on with reaches a person also where no supervisor looks for such cards.

use jiff::Timestamp;

use super::place;
use crate::app::action::report::Report;
use crate::backlog::operations::Outcome;
use crate::fleet::escalations;
use crate::fleet::home::Site;
use crate::fleet::model::{Cause, Subject};
use crate::fleet::supervision;

/// Escalates a card that an agent just blocked. What an operator parks is the operator's, and a supervisor that runs finds
/// the card itself and tells the coordinating seat as well.
pub(super) fn reach_a_person(site: &Site, outcome: &Outcome, mut report: Report) -> Report {
    let claim = outcome.before.as_ref().and_then(|before| before.claim.as_ref());
    let Some(claim) = claim.filter(|_| outcome.changed && place::me(site).is_agent) else { return report };
    if supervision::running(site).is_some() {
        return report;
    }
    // In the supervisor's own words: one that comes later takes it for what it is, and ends it once the card goes on.
    let subject =
        Subject { cause: Cause::Blocked, agent: Some(claim.owner.clone()), card: Some(outcome.card.id.to_string()) };
    let tried = format!("{} worked on it", claim.owner);
    let at = Timestamp::now().as_millisecond();
    match escalations::raise_at_once(site, &subject, &outcome.card.block_reason, &tried, at) {
        Ok(Some(new)) => report.text.push_str(&format!("; the user sees it as escalation {}", new.id)),
        Ok(None) => {}
        // It is blocked all the same.
        Err(failure) => report.errors.push(format!("the user is not told: {failure}")),
    }
    report
}

/// Ends the escalation of a card that goes on, where no supervisor does that.
pub(super) fn goes_on(site: &Site, outcome: &Outcome, mut report: Report) -> Report {
    if outcome.changed
        && supervision::running(site).is_none()
        && let Err(failure) = escalations::settle_card(site, Cause::Blocked, outcome.card.id.as_str())
    {
        report.errors.push(format!("its escalation stays: {failure}"));
    }
    report
}
