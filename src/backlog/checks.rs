//! What a card may hold, whoever writes it: lengths, counts and names. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::error::{Failure, Result};
use super::model::{
    Card, CardId, NewCard, Patch, check_acceptance, check_body, check_branch, check_goal, check_line, check_paths,
    check_stage,
};
use super::store::Who;

/// Maximum length of a claim: a week. Longer work renews it.
// A worker that is gone holds its card until then, wherever no supervisor sees that it is gone.
pub const MAX_TTL_SECONDS: i64 = 7 * 86_400;

/// Maximum number of dependencies of one card.
const MAX_DEPENDENCIES: usize = 1000;

/// Maximum number of times that a review sends a card back; long before it somebody has to look.
const MAX_ROUNDS: i64 = 1000;

/// Fields of a card that are checked, wherever they come from.
#[derive(Clone, Copy)]
struct Given<'a> {
    title: Option<&'a str>,
    body: Option<&'a str>,
    phase: Option<&'a str>,
    assignee: Option<&'a str>,
    goal: Option<&'a str>,
    stage: Option<&'a str>,
    branch: Option<&'a str>,
    paths: Option<&'a [String]>,
    ttl_seconds: Option<i64>,
    rounds: Option<i64>,
    depends_on: Option<&'a [CardId]>,
    acceptance: Option<&'a Value>,
    spend_projected: Option<i64>,
    spend_actual: Option<i64>,
}

impl<'a> Given<'a> {
    fn of(patch: &'a Patch) -> Self {
        Self {
            title: patch.title.as_deref(),
            body: patch.body.as_deref(),
            phase: patch.phase.as_deref(),
            assignee: patch.assignee.as_deref(),
            goal: patch.goal.as_deref(),
            stage: patch.stage.as_deref(),
            branch: patch.branch.as_deref(),
            paths: patch.paths.as_deref(),
            ttl_seconds: patch.ttl_seconds.flatten(),
            rounds: patch.rounds,
            depends_on: patch.depends_on.as_deref(),
            acceptance: patch.acceptance.as_ref(),
            spend_projected: patch.spend_projected,
            spend_actual: patch.spend_actual,
        }
    }
}

/// Checks every text of an edit.
///
/// # Errors
/// Returns an error if one is not allowed.
pub fn check(patch: &Patch) -> Result<()> {
    check_given(&Given::of(patch))?;
    // Whichever came first would decide, and neither of the two would be what was asked for.
    if patch.priority.is_some() && patch.priority_by.is_some() {
        return Err(Failure::invalid("priority", "is both set and changed", "give only one of them"));
    }
    Ok(())
}

/// Checks every text of a new card.
pub(in crate::backlog) fn check_new(new: &NewCard) -> Result<()> {
    check_title(&new.title)?;
    check(&new.fields)
}

/// Checks every text of a card that was made elsewhere.
pub(in crate::backlog) fn check_card(card: &Card) -> Result<()> {
    check_given(&Given {
        title: Some(&card.title),
        body: Some(&card.body),
        phase: Some(&card.phase),
        assignee: Some(&card.assignee),
        goal: Some(&card.goal),
        stage: Some(&card.stage),
        branch: Some(&card.branch),
        paths: Some(&card.paths),
        ttl_seconds: card.ttl_seconds,
        rounds: Some(card.rounds),
        depends_on: Some(&card.depends_on),
        acceptance: card.acceptance.as_ref(),
        spend_projected: card.spend_projected,
        spend_actual: card.spend_actual,
    })
}

fn check_title(title: &str) -> Result<()> {
    check_line("title", title)?;
    if title.trim().is_empty() {
        return Err(Failure::invalid("title", "is empty", "say in one line what is to be done"));
    }
    Ok(())
}

fn check_given(given: &Given<'_>) -> Result<()> {
    given.title.map_or(Ok(()), check_title)?;
    given.body.map_or(Ok(()), check_body)?;
    for (field, text) in [("phase", given.phase), ("assignee", given.assignee)] {
        text.map_or(Ok(()), |text| check_line(field, text))?;
    }
    given.goal.map_or(Ok(()), check_goal)?;
    given.stage.map_or(Ok(()), check_stage)?;
    given.branch.map_or(Ok(()), check_branch)?;
    given.paths.map_or(Ok(()), check_paths)?;
    // A null is how an edit takes the list away.
    given.acceptance.filter(|value| !value.is_null()).map_or(Ok(()), check_acceptance)?;
    for (field, tokens) in [("spend_projected", given.spend_projected), ("spend_actual", given.spend_actual)] {
        if tokens.is_some_and(|tokens| tokens < 0) {
            return Err(Failure::invalid(field, "is negative", "give a number of tokens"));
        }
    }
    if given.rounds.is_some_and(|rounds| !(0..=MAX_ROUNDS).contains(&rounds)) {
        return Err(Failure::invalid(
            "rounds",
            format!("is not from 0 to {MAX_ROUNDS}"),
            "give how often it was sent back",
        ));
    }
    given.ttl_seconds.map_or(Ok(()), check_ttl)?;
    // One that is named twice is one.
    given.depends_on.map_or(Ok(()), |all| check_dependencies(all.iter().collect::<BTreeSet<_>>().len()))
}

/// Checks the number of cards that one depends on.
pub(in crate::backlog) fn check_dependencies(count: usize) -> Result<()> {
    if count <= MAX_DEPENDENCIES {
        return Ok(());
    }
    Err(Failure::invalid(
        "depends_on",
        format!("has {count} cards; at most {MAX_DEPENDENCIES} are allowed"),
        "group some of them: let the card depend on one that depends on them",
    ))
}

/// Checks the names that the history keeps of whoever makes a change.
pub(in crate::backlog) fn check_who(who: &Who) -> Result<()> {
    for (field, text) in [("agent name", &who.actor), ("tenant", &who.tenant_id), ("host", &who.host)] {
        check_line(field, text)?;
    }
    Ok(())
}

/// Checks the length of a claim.
pub(in crate::backlog) fn check_ttl(seconds: i64) -> Result<()> {
    if (1..=MAX_TTL_SECONDS).contains(&seconds) {
        return Ok(());
    }
    Err(Failure::invalid(
        "ttl",
        format!("is {seconds}; seconds from 1 to {MAX_TTL_SECONDS} are allowed"),
        "renew longer work",
    ))
}
