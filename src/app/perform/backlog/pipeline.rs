//! Cards on their way through the fleet's pipeline: what was decided of them is done, each by one transaction.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::action::report::Report;
use crate::app::factory::pipeline::{self as rules, Change, Finish, Standing};
use crate::backlog::model::{Card, CardId, Column, Patch, StageLine, Status};
use crate::backlog::operations::Backlog;
use crate::backlog::stages::Move;
use crate::backlog::store::ListQuery;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::gate::{Said, said_of};
use crate::fleet::home::Site;
use crate::fleet::library;
use crate::fleet::pipeline::Pipeline;
use crate::fleet::roster;

/// Changes of one round: each is a transaction, and other words with the backlog come in between two rounds. What was
/// changed is not in the way of the others then.
const MAX_CHANGES: usize = 1000;

/// The pipeline that the roster names; `None` where it names none, or there is no roster.
///
/// # Errors
/// When the roster or the pipeline is not valid.
pub(in crate::app) fn of_fleet(site: &Site) -> Result<Option<Pipeline>> {
    let named = match roster::load(site) {
        Ok(roster) => roster.pipeline,
        // A backlog can be used without a fleet, and completing a card must not ask for one.
        Err(failure) if failure.kind == Kind::NotFound => None,
        Err(failure) => return Err(failure),
    };
    named.map(|name| library::pipeline(site, &name)).transpose()
}

/// Cards whose change a rule refused, and in which round each of them was tried last.
#[derive(Debug, Default)]
pub(in crate::app) struct Refused {
    round: u64,
    tried: BTreeMap<CardId, u64>,
}

impl Refused {
    /// Puts changes in the order in which they are tried: those that nobody has refused first, then those whose last try is
    /// longest ago. So any number that is refused again and again hides no other.
    fn order(&mut self, changes: &mut [Change<'_>]) {
        self.round += 1;
        // What has nothing to change any more is forgotten.
        let there: BTreeSet<&CardId> = changes.iter().map(Change::id).collect();
        self.tried.retain(|id, _| there.contains(id));
        changes.sort_by_key(|change| self.tried.get(change.id()).copied().unwrap_or(0));
    }
}

/// Brings every card as far as it can go by itself. It can be run at any instant.
///
/// # Errors
/// What the backlog says, or a word on a card that cannot be read; whatever else could be done is done.
pub(in crate::app) fn advance(
    site: &Site,
    pipeline: &Pipeline,
    backlog: &mut Backlog,
    refused: &mut Refused,
) -> Result<()> {
    let mut failed = Vec::new();
    let mut standings = Vec::new();
    for card in candidates(pipeline, backlog)? {
        // One card of which it cannot be told how it stands holds up no other.
        match standing(site, card) {
            Ok(standing) => standings.push(standing),
            Err(failure) => {
                tracing::warn!("cannot be told how a card stands: {failure}");
                failed.push(failure);
            }
        }
    }
    let mut changes = rules::advance(pipeline, &standings);
    refused.order(&mut changes);
    for change in changes.iter().take(MAX_CHANGES) {
        match apply(backlog, change) {
            Ok(changed) => {
                refused.tried.remove(change.id());
                if changed {
                    tracing::info!("{}", change.words());
                }
            }
            Err(error) if error.kind == Kind::Failed => return Err(error),
            Err(error) => {
                // Once: it is tried again in each round.
                if refused.tried.insert(*change.id(), refused.round).is_none() {
                    tracing::warn!("not done: {}: {error}", change.words());
                }
                failed.push(error);
            }
        }
    }
    all_of(failed).map_or(Ok(()), Err)
}

/// The first of several failures, with how many more there are and where they are read.
fn all_of(failed: Vec<Failure>) -> Option<Failure> {
    let more = failed.len().saturating_sub(1);
    let first = failed.into_iter().next()?;
    Some(match more {
        0 => first,
        more => Failure {
            why: format!("{} (and {more} more cards could not go on)", first.why),
            next: format!("{}; the supervisor's log names the others", first.next),
            ..first
        },
    })
}

/// Brings one card as far as it can go by itself; what was done.
///
/// # Errors
/// As for [`advance`].
pub(in crate::app) fn advance_one(
    site: &Site,
    pipeline: &Pipeline,
    backlog: &mut Backlog,
    card: &Card,
) -> Result<Option<String>> {
    let standing = standing(site, StageLine::from(card))?;
    // One step a call: what follows from it is decided anew by whoever comes next, from
    // what is stored then.
    let Some(change) = rules::advance(pipeline, std::slice::from_ref(&standing)).pop() else { return Ok(None) };
    Ok(apply(backlog, &change)?.then(|| change.words()))
}

fn standing(site: &Site, card: StageLine) -> Result<Standing> {
    let said = said_of(site, card.id.as_str())?;
    Ok(Standing { card, said })
}

/// Cards that may have something to change.
fn candidates(pipeline: &Pipeline, backlog: &mut Backlog) -> Result<Vec<StageLine>> {
    let mut cards = Vec::new();
    let mut add = |query: ListQuery| -> Result<()> {
        cards.extend(backlog.store().staged(&query)?);
        Ok(())
    };
    for (at, stage) in pipeline.stages.iter().enumerate() {
        for column in rules::columns(stage, at + 1 == pipeline.stages.len()) {
            let named = Some(stage.name.clone());
            // All of them: a thousand that wait for a verdict must not hide the one that has it.
            add(ListQuery { column: Some(column), stage: named, limit: u64::MAX, ..ListQuery::default() })?;
        }
    }
    if let Some(first) = pipeline.stages.first() {
        // A card without a stage that is blocked or done has no reason to be brought in.
        for column in [Column::Waiting, Column::Ready, Column::Claimed] {
            // Each that is read is brought in, so the others come in the next round.
            let limit = MAX_CHANGES as u64;
            let (assignee, stage) = (Some(first.class.clone()), Some(String::new()));
            add(ListQuery { column: Some(column), assignee, stage, limit, ..ListQuery::default() })?;
        }
    }
    Ok(cards)
}

fn apply(backlog: &mut Backlog, change: &Change<'_>) -> Result<bool> {
    match change {
        // Another host's supervisor may have brought it in and further on since it was read; then it would go back.
        Change::Enter { id, stage, version } => match enter(backlog, id, stage, Some(*version)) {
            Err(failure) if failure.kind == Kind::Refused => Ok(false),
            entered => entered,
        },
        Change::Go { id, to } => backlog.go(id, to, None).map(|outcome| outcome.changed),
        Change::Finish { id } => backlog.complete(id, None).map(|outcome| outcome.changed),
    }
}

/// Puts a card into its first stage, as long as it is of that version.
fn enter(backlog: &mut Backlog, id: &CardId, stage: &str, version: Option<i64>) -> Result<bool> {
    let patch = Patch { stage: Some(stage.to_owned()), ..Patch::default() };
    backlog.edit(id, &patch, version).map(|outcome| outcome.changed)
}

/// Completes a card for its worker, where that is not the end of it; `None` where it is. Without a token it is an operator's
/// own completion, which is always the end.
///
/// # Errors
/// When it cannot be completed yet, or the token is no longer the current one.
pub(in crate::app) fn complete(
    site: &Site,
    backlog: &mut Backlog,
    id: &CardId,
    token: Option<i64>,
) -> Result<Option<Report>> {
    let Some(token) = token else { return leave(site, backlog, id).map(|()| None) };
    let Some(pipeline) = of_fleet(site)? else { return Ok(None) };
    let Some(card) = backlog.store().card(id)? else { return Ok(None) };
    // The backlog itself says that it is done already, which is what a worker who
    // asks twice should hear.
    if card.status == Status::Done {
        return Ok(None);
    }
    if let Some(stage) = handed_on(backlog, &card, token)? {
        return Ok(Some(Report::of_card(format!("{id}: was handed on to {stage} already"), &card)));
    }
    // Its history says where it began: whoever held it there wrote it.
    let unsaid = Standing { card: StageLine::from(&card), said: None };
    let entered = rules::advance(&pipeline, std::slice::from_ref(&unsaid)).pop();
    let card = match entered {
        // Whoever completes it holds it, so nobody brings it further on meanwhile.
        Some(Change::Enter { stage, .. }) => {
            enter(backlog, id, stage, None)?;
            backlog.detail(id)?.card
        }
        _ => card,
    };
    let standing = standing(site, StageLine::from(&card))?;
    match rules::finished(&pipeline, &standing) {
        Finish::Done => Ok(None),
        Finish::Go(to) => {
            let outcome = backlog.go(id, &to, Some(token))?;
            Ok(Some(Report::of_card(words(id, &to), &outcome.card)))
        }
        Finish::NotYet(why, next) => Err(Failure::new(Kind::Refused, format!("card {id}"), why, next)),
    }
}

/// Takes a card out of the pipeline that an operator completes, who is above its stages: left in one, the pipeline would
/// lead it on from there, and it would be given out again.
// Before the completion: killed in between, the card is open, and nobody was told that it is done.
fn leave(site: &Site, backlog: &mut Backlog, id: &CardId) -> Result<()> {
    let Some(pipeline) = of_fleet(site)? else { return Ok(()) };
    let Some(card) = backlog.store().card(id)? else { return Ok(()) };
    // In the last stage done is done.
    let goes_on = pipeline.stage(&card.stage).is_some_and(|(_, behind)| behind.is_some());
    if goes_on && card.status != Status::Done {
        let patch = Patch { stage: Some(String::new()), ..Patch::default() };
        backlog.edit(id, &patch, None)?;
    }
    Ok(())
}

fn words(id: &CardId, to: &Move<'_>) -> String {
    match &to.blocked {
        Some(reason) => format!("{id}: waits for a person: {reason}"),
        None if to.rounds > to.round => format!("{id}: back to {}, round {}", to.to, to.rounds),
        None => format!("{id}: handed on to {}", to.to),
    }
}

/// The stage to which a worker has handed a card on already, who may not have heard the answer.
fn handed_on(backlog: &mut Backlog, card: &Card, token: i64) -> Result<Option<String>> {
    if card.claim.is_some() || card.last_claim_token != token {
        return Ok(None);
    }
    // The move is among the newest lines: nobody has had the card since, as its token says.
    let history = backlog.store().history(&card.id, 20)?;
    let moved =
        history.iter().rev().find(|line| line.detail.get("token").and_then(serde_json::Value::as_i64) == Some(token));
    Ok(moved.and_then(|line| Some(line.detail.get("stage")?.get(1)?.as_str()?.to_owned())))
}

/// What a worker of a card is told of its stage; empty where there is none.
pub(in crate::app) fn brief_of(pipeline: Option<&Pipeline>, card: &Card) -> String {
    let stage = pipeline.and_then(|pipeline| pipeline.stage_of(&card.stage, &card.assignee));
    stage.map(|(stage, _)| stage.brief_of(card.id.as_str(), &card.branch)).unwrap_or_default()
}

/// What was said of a card now, in the stage and round in which it is.
pub(in crate::app) fn word_on(card: &Card, word: crate::fleet::gate::Word, by: &str, commit: &str, note: &str) -> Said {
    Said {
        card: card.id.to_string(),
        stage: card.stage.clone(),
        round: card.rounds,
        word,
        by: by.to_owned(),
        commit: commit.to_owned(),
        note: note.to_owned(),
        at: jiff::Timestamp::now(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backlog::model::NewCard;
    use crate::backlog::place::{Intent, Location};
    use crate::backlog::store::Who;
    use crate::fleet::framework;
    use crate::fleet::gate::{self, Word};

    /// A fleet with the shipped pipeline and an empty backlog.
    fn stand(folder: &tempfile::TempDir) -> (Site, Pipeline, Backlog) {
        let (path, text) = framework::pipelines().next().unwrap();
        let classes = ["code", "review", "merge-gate"].into_iter().collect();
        let pipeline = crate::fleet::pipeline::parse(text, std::path::Path::new(path), &classes).unwrap();
        let site = Site::for_tests(&folder.path().display().to_string());
        let place = Location::File(folder.path().join("backlog.db"));
        let who = Who { actor: "op".into(), tenant_id: "t".into(), host: "here".into() };
        let backlog = place.open(Intent::Write, who, &mut |_, _| {}).unwrap();
        (site, pipeline, backlog)
    }

    #[test]
    fn a_card_with_a_verdict_moves_on_behind_any_number_that_wait_for_theirs() {
        let folder = tempfile::tempdir().unwrap();
        let (site, pipeline, mut backlog) = stand(&folder);
        let mut last = None;
        for number in 0..=1000 {
            let id = CardId::parse(&format!("A{number}")).unwrap();
            let text = |text: &str| Some(text.to_owned());
            let (assignee, stage, branch) = (text("review"), text("review"), text("work/a"));
            let fields = Patch { assignee, stage, branch, ..Patch::default() };
            let new = NewCard { id, title: "t".into(), fields, idempotency_key: None, blocked: false };
            last = Some(backlog.create(&new).unwrap().card);
        }
        let last = last.unwrap();
        gate::say(&site, &word_on(&last, Word::Approved, "review0", "abc", "")).unwrap();
        // What is said of another card cannot be read, and holds up nobody.
        let broken = site.home.join("fleet/reviews/of-cards/A7.json");
        std::fs::write(&broken, "{").unwrap();
        let failed = advance(&site, &pipeline, &mut backlog, &mut Refused::default()).unwrap_err();
        assert!(failed.what.contains("A7"), "{failed}");
        let stage = |backlog: &mut Backlog, id: &CardId| backlog.store().card(id).unwrap().unwrap().stage;
        assert_eq!(stage(&mut backlog, &last.id), "gate");
        assert_eq!(stage(&mut backlog, &CardId::parse("A7").unwrap()), "review");
        std::fs::remove_file(broken).unwrap();
        advance(&site, &pipeline, &mut backlog, &mut Refused::default()).unwrap();
    }

    #[test]
    fn any_number_of_changes_that_a_rule_refuses_hides_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let (site, pipeline, mut backlog) = stand(&folder);
        let mut merged = |number: usize, goal: bool| {
            let id = CardId::parse(&format!("A{number:04}")).unwrap();
            let text = |text: &str| Some(text.to_owned());
            let (assignee, stage, branch) = (text("merge-gate"), text("gate"), text("work/a"));
            // A goal's card is done only once there is work for the goal, whatever the gate says of it.
            let idempotency_key = goal.then(|| format!("goal:{number}"));
            let fields = Patch { assignee, stage, branch, ..Patch::default() };
            let new = NewCard { id, title: "t".into(), fields, idempotency_key, blocked: false };
            let card = backlog.create(&new).unwrap().card;
            gate::say(&site, &word_on(&card, Word::Merged, "gate0", "abc", "")).unwrap();
            card.id
        };
        for number in 0..MAX_CHANGES {
            merged(number, true);
        }
        let last = merged(MAX_CHANGES, false);
        let mut refused = Refused::default();
        let failed = advance(&site, &pipeline, &mut backlog, &mut refused).unwrap_err();
        // The first of them, how many more there are, and where they are named.
        assert_eq!((failed.kind, failed.what.as_str()), (Kind::Refused, "card A0000"));
        assert!(
            failed.why.ends_with("(and 999 more cards could not go on)") && failed.next.contains("log"),
            "{failed}"
        );
        advance(&site, &pipeline, &mut backlog, &mut refused).unwrap_err();
        assert_eq!(backlog.store().card(&last).unwrap().unwrap().status, Status::Done);
        assert!(!refused.tried.contains_key(&last));
    }

    #[test]
    fn a_card_that_went_on_since_it_was_read_is_not_brought_back_to_the_beginning() {
        let folder = tempfile::tempdir().unwrap();
        let place = Location::File(folder.path().join("backlog.db"));
        let who = Who { actor: "op".into(), tenant_id: "t".into(), host: "here".into() };
        let mut backlog = place.open(Intent::Write, who, &mut |_, _| {}).unwrap();
        let id = CardId::parse("A1").unwrap();
        let fields = Patch { assignee: Some("code".to_owned()), ..Patch::default() };
        let new = NewCard { id, title: "t".into(), fields, idempotency_key: None, blocked: false };
        let version = backlog.create(&new).unwrap().card.version;
        let read = Change::Enter { id: &id, stage: "code", version };
        // What another supervisor did meanwhile.
        assert!(apply(&mut backlog, &read).unwrap());
        let to = Move {
            from: "code",
            round: 0,
            to: "review",
            assignee: "review",
            rounds: 0,
            note: String::new(),
            blocked: None,
            by: "pipeline",
        };
        backlog.go(&id, &to, None).unwrap();
        assert!(!apply(&mut backlog, &read).unwrap());
        assert_eq!(backlog.store().card(&id).unwrap().unwrap().stage, "review");
    }
}
