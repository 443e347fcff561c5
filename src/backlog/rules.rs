//! The legal life of a card: which change is allowed, what it changes, who may do it. Pure.

use serde_json::{Map, Value, json};

use super::error::{Failure, Result};
use super::model::{Card, CardEvent, CardId, Claim, Column, EventKind, NewCard, Patch, Stamp, Status, check_line};
use super::store::{ClaimRequest, Who};

/// Length of a claim in seconds when none is given.
// A quarter of an hour: a worker renews it long before, and the card of a lost one is
// not lost for the day.
pub const DEFAULT_TTL_SECONDS: i64 = 900;

/// What a change did: the line for the history.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Changed {
    /// What happened.
    pub kind: EventKind,
    /// The particulars.
    pub detail: Value,
}

impl Changed {
    /// Returns the line of history for a card as it is after the change.
    pub(super) fn event(self, card: &Card, who: &Who, at: Stamp) -> CardEvent {
        CardEvent {
            card_id: card.id,
            at,
            actor: who.actor.clone(),
            tenant_id: who.tenant_id.clone(),
            host: who.host.clone(),
            kind: self.kind,
            version: card.version,
            detail: self.detail,
        }
    }
}

fn changed(kind: EventKind, detail: Value) -> Option<Changed> {
    Some(Changed { kind, detail })
}

/// Returns a set of dependencies in order, each once.
#[must_use]
pub(super) fn ordered(mut ids: Vec<CardId>) -> Vec<CardId> {
    ids.sort();
    ids.dedup();
    ids
}

/// Returns the card that a request makes.
pub(super) fn new_card(new: &NewCard, tenant_id: &str, host: &str, now: Stamp) -> Card {
    let fields = new.fields.clone();
    Card {
        id: new.id,
        tenant_id: tenant_id.to_owned(),
        host: host.to_owned(),
        title: new.title.clone(),
        body: fields.body.unwrap_or_default(),
        phase: fields.phase.unwrap_or_default(),
        priority: fields.priority.unwrap_or(0),
        status: if new.blocked { Status::Blocked } else { Status::Ready },
        depends_on: ordered(fields.depends_on.unwrap_or_default()),
        assignee: fields.assignee.unwrap_or_default(),
        goal: fields.goal.unwrap_or_default(),
        stage: fields.stage.unwrap_or_default(),
        branch: fields.branch.unwrap_or_default(),
        paths: fields.paths.unwrap_or_default(),
        ttl_seconds: fields.ttl_seconds.flatten(),
        rounds: fields.rounds.unwrap_or(0),
        claim: None,
        last_claim_token: 0,
        attempts: 0,
        idempotency_key: new.idempotency_key.clone(),
        acceptance: fields.acceptance.filter(|value| !value.is_null()),
        spend_projected: fields.spend_projected,
        spend_actual: fields.spend_actual,
        created_at: now,
        updated_at: now,
        version: 1,
        block_reason: String::new(),
        open_dependencies: 0,
    }
}

/// Applies an edit; `None` if it changes nothing.
pub(super) fn edit(card: &mut Card, patch: &Patch) -> Option<Changed> {
    let mut detail = Map::new();
    let mut note = |name: &str, before: Value, after: Value| {
        if before != after {
            detail.insert(name.to_owned(), json!([before, after]));
        }
    };
    macro_rules! set {
        ($($field:ident),*) => {$(
            if let Some(value) = &patch.$field {
                note(stringify!($field), json!(card.$field), json!(value));
                card.$field.clone_from(value);
            }
        )*};
    }
    set!(title, phase, priority, assignee, goal, stage, branch, paths, ttl_seconds, rounds);
    for (name, before, value) in [
        ("spend_projected", &mut card.spend_projected, patch.spend_projected),
        ("spend_actual", &mut card.spend_actual, patch.spend_actual),
    ] {
        if value.is_some() {
            note(name, json!(before), json!(value));
            *before = value;
        }
    }
    if let Some(by) = patch.priority_by {
        let to = card.priority.saturating_add(by);
        note("priority", json!(card.priority), json!(to));
        card.priority = to;
    }
    if let Some(ids) = &patch.depends_on {
        let ids = ordered(ids.clone());
        note("depends_on", json!(card.depends_on), json!(ids));
        card.depends_on = ids;
    }
    if let Some(value) = &patch.acceptance {
        note("acceptance", json!(card.acceptance), json!(value));
        card.acceptance = Some(value).filter(|value| !value.is_null()).cloned();
    }
    if let Some(body) = &patch.body
        && *body != card.body
    {
        // A history that repeats whole bodies would outgrow the cards.
        let bytes = |text: &str| json!(format!("{} bytes", text.len()));
        detail.insert("body".to_owned(), json!([bytes(&card.body), bytes(body)]));
        card.body.clone_from(body);
    }
    if detail.is_empty() { None } else { changed(EventKind::Edited, Value::Object(detail)) }
}

/// Returns how long a claim still lasts, or since when it is over, in words.
fn remaining(claim: &Claim, now: Stamp) -> String {
    let expires = claim.expires_at();
    if expires < now {
        format!("expired {}s ago", now.since(expires).as_secs())
    } else {
        format!("for another {}s", expires.since(now).as_secs())
    }
}

/// Describes what became of a claim whose token is no longer valid.
fn lost(card: &Card, token: i64, now: Stamp) -> Failure {
    let why = match &card.claim {
        Some(claim) => {
            format!(
                "token {token} is no longer valid: {} holds it with token {} ({})",
                claim.owner,
                claim.token,
                remaining(claim, now)
            )
        }
        None => format!("token {token} is no longer valid: the card is {}, nobody holds it", card.column().word()),
    };
    Failure::refused(format!("card {}", card.id), why, "claim another card")
}

/// Returns whether this token may act on the card; no token is the operator, who may.
pub(super) fn check_token(card: &Card, token: Option<i64>, now: Stamp) -> Result<()> {
    match token {
        // An operator has no token, and is the one who has to be able to end any claim.
        None => Ok(()),
        Some(token) if card.claim.as_ref().is_some_and(|claim| claim.token == token) => Ok(()),
        Some(token) => Err(lost(card, token, now)),
    }
}

/// Makes a ready card claimed; `None` when it is not ready, or not for this claimer. A card that is asked for by name
/// may be for anybody, where no class is given with it.
pub(super) fn claim(card: &mut Card, request: &ClaimRequest, host: &str, now: Stamp) -> Option<Changed> {
    let of_phase = request.phase.as_ref().is_none_or(|phase| *phase == card.phase);
    // A class beside the name is how the supervisor asks: since it looked the card may have been
    // given to another class.
    let for_anybody = request.id.is_some() && request.assignee.is_none();
    let assigned = for_anybody || request.assignees().contains(&card.assignee.as_str());
    // By the column and not by the status: a ready card may still wait for another one.
    if card.column() != Column::Ready || !of_phase || !assigned {
        return None;
    }
    // Never given twice: whoever held the card before must not act on it by an old one.
    card.last_claim_token += 1;
    card.attempts += 1;
    card.status = Status::Claimed;
    // Whoever claims knows best how long it takes, then whoever made the card.
    let ttl_seconds = request.ttl_seconds.or(card.ttl_seconds).unwrap_or(DEFAULT_TTL_SECONDS);
    let token = card.last_claim_token;
    card.claim =
        Some(Claim { owner: request.owner.clone(), host: host.to_owned(), ttl_seconds, at: now, since: now, token });
    changed(EventKind::Claimed, json!({ "token": token, "ttl_seconds": ttl_seconds }))
}

/// Renews a claim.
pub(super) fn renew(card: &mut Card, owner: &str, token: i64, ttl_seconds: Option<i64>, now: Stamp) -> Result<Changed> {
    let held = card.claim.as_ref().is_some_and(|claim| claim.token == token && claim.owner == owner);
    let Some(claim) = card.claim.as_mut().filter(|_| held) else {
        if let Some(claim) = card.claim.as_ref().filter(|claim| claim.token == token) {
            let why = format!("is held by {}, not by {owner}", claim.owner);
            return Err(Failure::refused(format!("card {}", card.id), why, "give the owner that claimed it"));
        }
        return Err(lost(card, token, now));
    };
    // `since` stays: how long a card is held counts from the claim, and a renewal is no new one.
    claim.at = now;
    claim.ttl_seconds = ttl_seconds.unwrap_or(claim.ttl_seconds);
    Ok(Changed { kind: EventKind::Renewed, detail: json!({ "token": token, "ttl_seconds": claim.ttl_seconds }) })
}

/// Completes a card; `None` if it is done already. `decomposed` says of a goal's card whether there is work for the goal.
pub(super) fn complete(card: &mut Card, token: Option<i64>, decomposed: bool, now: Stamp) -> Result<Option<Changed>> {
    // A worker that repeats its own completion gets the same answer.
    if card.status == Status::Done && token.is_none_or(|token| token == card.last_claim_token) {
        return Ok(None);
    }
    check_token(card, token, now)?;
    if let Some(goal) = card.of_goal().filter(|_| !decomposed) {
        return Err(Failure::refused(
            format!("card {}", card.id),
            format!("is a goal, which is done by being decomposed, and no card has the goal {goal} yet"),
            format!(
                "make one with `mosaic-tui backlog create --id ID --title \"...\" --goal {goal}`; if it cannot be decomposed, `mosaic-tui \
                 backlog block --id {} --reason \"...\"` says so",
                card.id
            ),
        ));
    }
    let detail = match &card.claim {
        Some(claim) => json!({
            "owner": claim.owner,
            "seconds_in_claim": now.since(claim.since).as_secs(),
        }),
        None => json!({ "from": card.column().word() }),
    };
    card.status = Status::Done;
    card.claim = None;
    // An operator may complete a card that is blocked.
    card.block_reason.clear();
    Ok(changed(EventKind::Completed, detail))
}

/// Blocks a card; `None` if it is blocked for that reason already.
pub(super) fn block(card: &mut Card, token: Option<i64>, reason: &str, now: Stamp) -> Result<Option<Changed>> {
    check_line("reason", reason)?;
    if card.status == Status::Done {
        return Err(Failure::refused(format!("card {}", card.id), "is done", "create a new card for what is left"));
    }
    check_token(card, token, now)?;
    if card.status == Status::Blocked && card.block_reason == reason {
        return Ok(None);
    }
    // The owner stands in the line, since the card itself has none from here on; by it a reader tells a
    // worker's failure from an operator's parking.
    let detail = match &card.claim {
        Some(claim) => json!({ "reason": reason, "owner": claim.owner }),
        None => json!({ "reason": reason }),
    };
    card.status = Status::Blocked;
    card.claim = None;
    reason.clone_into(&mut card.block_reason);
    Ok(changed(EventKind::Blocked, detail))
}

/// Unblocks a card; `None` if it is ready already.
pub(super) fn unblock(card: &mut Card) -> Result<Option<Changed>> {
    match card.status {
        Status::Ready => Ok(None),
        Status::Blocked => {
            card.status = Status::Ready;
            let reason = std::mem::take(&mut card.block_reason);
            Ok(changed(EventKind::Unblocked, json!({ "reason": reason })))
        }
        status => Err(Failure::refused(
            format!("card {}", card.id),
            format!("is {}, not blocked", status.word()),
            format!("`mosaic-tui backlog show {}` shows its history", card.id),
        )),
    }
}

/// Returns a claim to the pool if its lease is over.
pub(super) fn reclaim_expired(card: &mut Card, now: Stamp) -> Option<Changed> {
    // Its last moment is still the owner's, as for whoever shows it.
    card.claim.as_ref().filter(|claim| claim.expires_at() < now)?;
    reclaim(card)
}

/// Returns a claim to the pool; `None` when there is none.
pub(super) fn reclaim(card: &mut Card) -> Option<Changed> {
    let claim = card.claim.take()?;
    card.status = Status::Ready;
    changed(EventKind::Reclaimed, json!({ "owner": claim.owner, "token": claim.token }))
}

/// Gives a claim back whose work was not begun, with the reason.
pub(super) fn release(card: &mut Card, token: i64, reason: &str, now: Stamp) -> Result<Option<Changed>> {
    check_line("reason", reason)?;
    check_token(card, Some(token), now)?;
    let detail = card.claim.take().map(|claim| json!({ "owner": claim.owner, "token": token, "reason": reason }));
    card.status = Status::Ready;
    Ok(detail.and_then(|detail| changed(EventKind::Reclaimed, detail)))
}

/// Checks the version that an edit was made from.
pub(super) fn check_version(
    card: &Card,
    wanted: Option<i64>,
    since: impl FnOnce() -> Result<Vec<super::model::CardEvent>>,
) -> Result<()> {
    let Some(wanted) = wanted.filter(|wanted| *wanted != card.version) else { return Ok(()) };
    let changes: Vec<String> = since()?
        .iter()
        .filter(|event| event.version > wanted)
        // An error is read at a glance; a card that many edit would fill the screen.
        .take(5)
        .map(|event| format!("{} by {}", event.summary(), event.actor))
        .collect();
    let what = if changes.is_empty() { String::new() } else { format!(": {}", changes.join("; ")) };
    Err(Failure::refused(
        format!("card {}", card.id),
        format!("is at version {}, not {wanted}{what}", card.version),
        "show the card again, then edit it",
    ))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::backlog) fn card(id: &str) -> Card {
        let new = NewCard {
            id: CardId::parse(id).unwrap(),
            title: "a title".into(),
            fields: Patch::default(),
            idempotency_key: None,
            blocked: false,
        };
        new_card(&new, "tenant", "host", Stamp(1000))
    }

    const NOW: Stamp = Stamp(5000);

    fn claim(card: &mut Card, owner: &str, ttl_seconds: i64, now: Stamp) {
        let request = ClaimRequest {
            owner: owner.to_owned(),
            ttl_seconds: Some(ttl_seconds),
            id: None,
            phase: None,
            assignee: None,
        };
        assert!(super::claim(card, &request, "h", now).is_some());
    }

    #[test]
    fn a_lost_claim_is_refused_and_names_the_present_owner() {
        let mut card = card("A");
        claim(&mut card, "one", 1, Stamp(1000));
        reclaim(&mut card);
        claim(&mut card, "two", 60, NOW);
        for error in [
            complete(&mut card.clone(), Some(1), true, NOW).unwrap_err(),
            block(&mut card.clone(), Some(1), "", NOW).unwrap_err(),
            renew(&mut card.clone(), "one", 1, None, NOW).unwrap_err(),
        ] {
            assert_eq!(error.kind, super::super::error::Kind::Refused);
            assert!(error.why.contains("two holds it with token 2"), "{error}");
        }
        assert!(complete(&mut card, None, true, NOW).unwrap().is_some());
    }

    #[test]
    fn a_claim_takes_what_is_ready_and_for_its_claimer() {
        let request = ClaimRequest { owner: "me".into(), ttl_seconds: Some(60), id: None, phase: None, assignee: None };
        let of_phase = ClaimRequest { phase: Some("m1".into()), ..request.clone() };
        let as_class = ClaimRequest { assignee: Some("code".into()), ..request.clone() };
        let named = ClaimRequest { id: Some(CardId::parse("A").unwrap()), ..request.clone() };
        let named_as_class = ClaimRequest { id: named.id, ..as_class.clone() };
        let may = |request: &ClaimRequest, change: fn(&mut Card)| {
            let mut card = card("A");
            change(&mut card);
            super::claim(&mut card, request, "h", NOW).is_some()
        };
        assert!(may(&request, |_| {}) && may(&request, |card| card.assignee = "me".into()));
        for (class, allowed) in [("code", [false, true, true, true]), ("review", [false, false, true, false])] {
            let of_class = |request| {
                may(
                    request,
                    if class == "code" {
                        |card| card.assignee = "code".into()
                    } else {
                        |card| {
                            card.assignee = "review".into();
                        }
                    },
                )
            };
            assert_eq!([&request, &as_class, &named, &named_as_class].map(of_class), allowed, "{class}");
        }
        assert!(!may(&of_phase, |_| {}) && may(&of_phase, |card| card.phase = "m1".into()));
        for held_up in [
            |card: &mut Card| card.status = Status::Blocked,
            |card: &mut Card| card.status = Status::Done,
            |card: &mut Card| card.open_dependencies = 1,
            |card: &mut Card| claim(card, "other", 60, NOW),
        ] {
            assert!(!may(&request, held_up) && !may(&named, held_up));
        }
    }

    #[test]
    fn a_lease_returns_by_itself_only_after_its_last_moment() {
        let mut card = card("A");
        claim(&mut card, "one", 2, Stamp(1000));
        assert_eq!(reclaim_expired(&mut card, Stamp(3000)), None);
        assert!(reclaim_expired(&mut card, Stamp(3001)).is_some() && card.claim.is_none());
        assert_eq!(reclaim_expired(&mut card, Stamp(9000)), None);
    }

    #[test]
    fn a_repeated_completion_changes_nothing() {
        let mut card = card("A");
        claim(&mut card, "one", 60, NOW);
        assert!(complete(&mut card, Some(1), true, NOW).unwrap().is_some());
        assert_eq!(complete(&mut card, Some(1), true, NOW), Ok(None));
        assert_eq!(complete(&mut card, None, true, NOW), Ok(None));
        assert!(complete(&mut card, Some(7), true, NOW).is_err());
    }

    #[test]
    fn an_expired_claim_that_nobody_took_still_counts() {
        let mut card = card("A");
        claim(&mut card, "one", 1, Stamp(1000));
        assert!(complete(&mut card, Some(1), true, Stamp(999_000)).is_ok());
    }

    #[test]
    fn parking_and_unparking() {
        let mut card = card("A");
        assert!(block(&mut card, None, "no key", NOW).unwrap().is_some());
        assert_eq!(block(&mut card, None, "no key", NOW), Ok(None));
        assert!(unblock(&mut card).unwrap().is_some());
        assert_eq!(unblock(&mut card), Ok(None));
        claim(&mut card, "one", 60, NOW);
        assert!(unblock(&mut card).is_err());
        complete(&mut card, None, true, NOW).unwrap();
        assert!(block(&mut card, None, "", NOW).is_err() && unblock(&mut card).is_err());
    }

    #[test]
    fn an_edit_tells_what_changed_and_what_did_not() {
        let mut card = card("A");
        let patch = Patch { title: Some("new".into()), priority: Some(0), body: Some("b".into()), ..Patch::default() };
        let change = edit(&mut card, &patch).unwrap();
        assert_eq!(change.detail, json!({ "title": ["a title", "new"], "body": ["0 bytes", "1 bytes"] }));
        assert_eq!(edit(&mut card, &patch), None);
    }

    #[test]
    fn tokens_only_grow() {
        let mut card = card("A");
        for token in 1..5 {
            claim(&mut card, "x", 1, NOW);
            assert_eq!(card.claim.as_ref().map(|claim| claim.token), Some(token));
            reclaim(&mut card);
        }
        assert_eq!(card.attempts, 4);
    }
}
