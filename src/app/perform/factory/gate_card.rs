//! A card at the gate: what the gate has to know of it, and what becomes of it behind.

use tokio::sync::oneshot;

use crate::app::perform::backlog::pipeline;
use crate::app::perform::backlog::{place, who};
use crate::backlog;
use crate::backlog::model::{CardEvent, CardId, EventKind, Status};
use crate::backlog::operations::Backlog;
use crate::backlog::place::Intent;
use crate::backlog::store::{ListQuery, Sort};
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::gate::{self, Card, Refusal, Word};
use crate::fleet::home::Site;
use crate::fleet::model::Label;
use crate::fleet::os::thread;
use crate::fleet::pipeline::{End, Pipeline};

/// Works with the backlog on a thread of its own: it waits for locks and servers, and the event loop must not.
///
/// # Errors
/// What the backlog says.
pub(super) async fn with_backlog<T: Send + 'static>(
    site: &Site,
    intent: Intent,
    work: impl FnOnce(&mut Backlog) -> Result<T> + Send + 'static,
) -> Result<T> {
    let site = site.clone();
    let (answer, done) = oneshot::channel();
    thread::begin("backlog", move || {
        let opened = place(&site).and_then(|place| place.open(intent, who(&site), &mut |_, _| {}));
        // Whoever asked may have left.
        let _left = answer.send(opened.and_then(|mut backlog| work(&mut backlog)));
    })?;
    done.await.unwrap_or_else(|_| Err(Failure::failed("backlog", "gave no answer", "try again")))
}

/// Lines of a card's history in which its workers are looked for: also one that was renewed for days names them all.
pub(super) const HISTORY: u32 = 20_000;

/// Cards in which the one of a branch is looked for.
const MAX: u64 = 2000;

/// A card at the gate.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// As the gate sees it.
    pub seen: Card,
    /// As it is.
    pub card: backlog::model::Card,
    /// What ends its stage; `None` where no pipeline has it in one.
    ends: Option<End>,
}

/// The card of a request: the named one, else the open one that names the branch.
///
/// # Errors
/// When the named one does not exist or is another branch's, or the backlog or the pipeline cannot be read.
pub(super) async fn read(site: &Site, id: Option<&CardId>, branch: &str) -> Result<Option<Found>> {
    let (id, branch) = (id.copied(), branch.to_owned());
    let found = with_backlog(site, Intent::Read, move |backlog| {
        let of_branch = of_branch(backlog, &branch)?;
        let card = match (&id, of_branch.iter().find(|card| card.status != Status::Done)) {
            (Some(id), _) => backlog.detail(id)?.card,
            (None, Some(card)) => card.clone(),
            (None, None) => return Ok(Ok(None)),
        };
        let is_of_branch = is_of(&card, &branch);
        // Whoever wrote the branch could else review it by the card of somebody else, whose workers and paths are others.
        if !is_of_branch && let Some(why) = belongs_elsewhere(&card, &of_branch) {
            let what = format!("card {}", card.id);
            let own =
                of_branch.first().map(|card| format!("`--card {}` is the card of {}", card.id, Label::new(&branch)));
            let next =
                own.unwrap_or_else(|| format!("`mosaic-tui backlog edit {} --branch BRANCH` corrects it", card.id));
            return Ok(Err(Failure::new(Kind::Refused, what, why, next)));
        }
        let others = of_branch.into_iter().filter(|one| one.id != card.id);
        let seen = seen(backlog, &card, others, is_of_branch)?;
        Ok(Ok(Some((seen, card))))
    });
    let Some((mut seen, card)) = found.await?? else { return Ok(None) };
    let pipeline = pipeline::of_fleet(site)?;
    let stage = pipeline.as_ref().and_then(|pipeline| pipeline.stage_of(&card.stage, &card.assignee));
    seen.early = pipeline.as_ref().and_then(|pipeline| early(pipeline, &card));
    let ends = stage.filter(|_| !card.stage.is_empty()).map(|(stage, _)| stage.moves_on);
    Ok(Some(Found { seen, card, ends }))
}

/// What the gate has to know of a card and of the others of its branch.
fn seen(
    backlog: &mut Backlog,
    card: &backlog::model::Card,
    others: impl Iterator<Item = backlog::model::Card>,
    is_of_branch: bool,
) -> Result<Card> {
    let mut workers = workers(&backlog.store().history(&card.id, HISTORY)?);
    let mut paths = card.paths.clone();
    // A branch has mostly one card. Where it has more, whoever worked on any of them wrote it, and what any of the
    // open ones declares may be touched.
    for other in others {
        workers.extend(self::workers(&backlog.store().history(&other.id, HISTORY)?));
        if other.status != Status::Done {
            paths.extend(other.paths);
        }
    }
    let (id, title) = (card.id.to_string(), card.title.clone());
    Ok(Card { id, title, paths, workers, is_of_branch, early: None })
}

/// Whether a card is the one of a branch: it names it, or names none and the branch ends in its id, as is the custom.
fn is_of(card: &backlog::model::Card, branch: &str) -> bool {
    match card.branch.as_str() {
        "" => branch.rsplit('/').next() == Some(card.id.as_str()),
        named => named == branch,
    }
}

/// Why a card cannot be meant with a branch that it does not name.
fn belongs_elsewhere(card: &backlog::model::Card, of_branch: &[backlog::model::Card]) -> Option<String> {
    match (card.branch.as_str(), of_branch.iter().find(|one| one.status != Status::Done)) {
        ("", None) => None,
        ("", Some(other)) => Some(format!("names no branch, and card {} is the one of this branch", other.id)),
        (named, _) => Some(format!("is the card of branch {}", crate::plain::quoted(named))),
    }
}

/// The cards of a branch: first of all the one that it is about.
fn of_branch(backlog: &mut Backlog, branch: &str) -> Result<Vec<backlog::model::Card>> {
    let mut found = Vec::new();
    // By custom it ends in the card's id. Only by custom: a branch may end in the id of a card that it has nothing to
    // do with.
    if let Ok(id) = CardId::parse(branch.rsplit('/').next().unwrap_or(branch))
        && let Some(card) = backlog.store().card(&id)?.filter(|card| is_of(card, branch))
    {
        found.push(card);
    }
    // The claimed one first: where several name the branch, it is about the one that somebody works on.
    for status in [Status::Claimed, Status::Ready, Status::Blocked, Status::Done] {
        let query = ListQuery { status: Some(status), limit: MAX, sort: Sort::Updated, ..ListQuery::default() };
        let named = backlog.store().list(&query)?.into_iter().filter(|card| card.branch == branch);
        let new: Vec<_> = named.filter(|card| found.iter().all(|one| one.id != card.id)).collect();
        found.extend(new);
    }
    Ok(found)
}

/// Why a card's branch is not merged yet: the stage in which that happens is still before it.
fn early(pipeline: &Pipeline, card: &backlog::model::Card) -> Option<Refusal> {
    let (stage, _) = pipeline.stage_of(&card.stage, &card.assignee)?;
    let at = pipeline.stages.iter().position(|one| one.name == stage.name)?;
    let gate = pipeline.stages[at..].iter().find(|one| one.moves_on == End::Merged)?;
    (gate.name != stage.name).then(|| Refusal::Early {
        card: card.id.to_string(),
        stage: stage.name.clone(),
        gate: gate.name.clone(),
        holder: card.claim.as_ref().map(|claim| claim.owner.clone()),
    })
}

/// Who held it while the change was written: in the stage in which the card began. Whoever reviewed or merged it later held
/// it too.
pub(super) fn workers(history: &[CardEvent]) -> Vec<String> {
    fn change(line: &CardEvent) -> Option<(&str, &str)> {
        let change = line.detail.get("stage")?;
        Some((change.get(0)?.as_str()?, change.get(1)?.as_str()?))
    }
    // A card that got its stage late began in it.
    let first = history.iter().find_map(change).map(|(old, new)| if old.is_empty() { new } else { old });
    let mut now = first;
    let mut workers: Vec<String> = Vec::new();
    for line in history {
        if let Some((_, stage)) = change(line) {
            now = Some(stage);
        }
        // By the history and not by the claim: at the gate the card is claimed by whoever merges it.
        if line.kind == EventKind::Claimed && now == first && !workers.contains(&line.actor) {
            workers.push(line.actor.clone());
        }
    }
    workers
}

/// Writes down what was said of a card, where its stage waits for such a word; whether it does. What anybody else says of it
/// there would take the place of the word that it waits for.
///
/// # Errors
/// What the file system says.
pub(super) fn say(site: &Site, found: &Found, word: Word, by: &str, commit: &str, note: &str) -> Result<bool> {
    let waits_for = match word {
        Word::Approved | Word::Rejected => End::Approved,
        Word::Merged | Word::Refused => End::Merged,
    };
    if found.ends != Some(waits_for) || !found.seen.is_of_branch {
        return Ok(false);
    }
    gate::say(site, &pipeline::word_on(&found.card, word, by, commit, note)).map(|()| true)
}

/// Does what follows from the gate's word on a card; what that is, in words. `None` where nothing does.
///
/// # Errors
/// What the backlog says, or the pipeline.
pub(super) async fn follow(site: &Site, found: &Found) -> Result<Option<String>> {
    // Without a pipeline a card goes nowhere by itself, and the merge completes it.
    let Some(pipeline) = pipeline::of_fleet(site)? else { return Ok(None) };
    let (id, whole) = (found.card.id, site.clone());
    let done = with_backlog(site, Intent::Write, move |backlog| {
        let Some(card) = backlog.store().card(&id)? else { return Ok(Ok(None)) };
        Ok(pipeline::advance_one(&whole, &pipeline, backlog, &card))
    });
    done.await?
}

/// What became of a card whose change is merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Became {
    /// It is done.
    Done,
    /// It was done before.
    WasDone,
    /// It is in a stage, where what is left to do is not the gate's.
    In(String),
}

/// Does with a card whose change is merged what is to be done: it is done, or goes on where its pipeline does not end here.
///
/// # Errors
/// What the backlog says, or the pipeline.
pub(super) async fn merged(site: &Site, found: &Found, by: &str, commit: &str) -> Result<Became> {
    // Written before the card moves: whoever comes after a kill sees that it is merged and
    // goes on from there.
    let is_said = say(site, found, Word::Merged, by, commit, "")?;
    if is_said {
        follow(site, found).await?;
    }
    let (id, was_done, is_staged) = (found.card.id, found.card.status == Status::Done, is_said || found.ends.is_some());
    let done = with_backlog(site, Intent::Write, move |backlog| {
        if !is_staged {
            let changed = backlog.complete(&id, None)?.changed;
            return Ok(if changed { Became::Done } else { Became::WasDone });
        }
        // As it is and not as it should be: it may have been sent back while CI ran.
        let card = backlog.detail(&id)?.card;
        Ok(match card.status {
            Status::Done if was_done => Became::WasDone,
            Status::Done => Became::Done,
            _ => Became::In(card.stage),
        })
    });
    done.await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::backlog::model::Stamp;

    fn line(kind: EventKind, actor: &str, detail: Value) -> CardEvent {
        CardEvent {
            card_id: CardId::parse("A1").unwrap(),
            at: Stamp(0),
            actor: actor.to_owned(),
            tenant_id: "me".to_owned(),
            host: "here".to_owned(),
            kind,
            version: 1,
            detail,
        }
    }

    #[test]
    fn workers_are_those_who_held_it_where_it_began() {
        let claim = |actor| line(EventKind::Claimed, actor, json!({ "token": 1 }));
        let moved = |from: &str, to: &str| line(EventKind::Edited, "x", json!({ "stage": [from, to] }));
        assert_eq!(workers(&[claim("code0"), claim("code1"), claim("code0")]), ["code0", "code1"]);
        let whole = [
            claim("code0"),
            moved("code", "review"),
            claim("review0"),
            moved("review", "code"),
            claim("code1"),
            moved("code", "review"),
            claim("review0"),
            moved("review", "gate"),
            claim("gate0"),
        ];
        assert_eq!(workers(&whole), ["code0", "code1"]);
        let late = [claim("early"), moved("", "code"), claim("code0"), moved("code", "review"), claim("review0")];
        assert_eq!(workers(&late), ["early", "code0"]);
    }
}
