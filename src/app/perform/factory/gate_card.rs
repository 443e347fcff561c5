//! A card at the gate: what the gate has to know of it, and what becomes of it behind.

use tokio::sync::oneshot;

use crate::app::perform::backlog::pipeline;
use crate::app::perform::backlog::{failure, place, who};
use crate::backlog;
use crate::backlog::model::{CardEvent, CardId, EventKind, Status};
use crate::backlog::operations::Backlog;
use crate::backlog::place::Intent;
use crate::backlog::store::ListQuery;
use crate::fleet::error::{Failure, Result};
use crate::fleet::gate::{self, Card, Word};
use crate::fleet::home::Site;
use crate::fleet::os::thread;

/// Works with the backlog on a thread of its own: it waits for locks and servers, and the event loop must not.
///
/// # Errors
/// What the backlog says.
pub(super) async fn with_backlog<T: Send + 'static>(
    site: &Site,
    intent: Intent,
    work: impl FnOnce(&mut Backlog) -> crate::backlog::error::Result<T> + Send + 'static,
) -> Result<T> {
    let site = site.clone();
    let (answer, done) = oneshot::channel();
    thread::begin("backlog", move || {
        let opened = place(&site).and_then(|place| place.open(intent, who(&site), &mut |_, _| {}).map_err(failure));
        // Whoever asked may have left.
        let _left = answer.send(opened.and_then(|mut backlog| work(&mut backlog).map_err(failure)));
    })?;
    done.await.unwrap_or_else(|_| Err(Failure::failed("backlog", "gave no answer", "try again")))
}

/// Lines of a card's history in which its workers are looked for: also one that was renewed for days names them all.
const HISTORY: u32 = 20_000;

/// Cards in which the one of a branch is looked for.
const MOST: u64 = 2000;

/// A card at the gate.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// As the gate sees it.
    pub seen: Card,
    /// As it is.
    pub card: backlog::model::Card,
}

/// The card of a request: the named one, else the open one that names the branch.
///
/// # Errors
/// When the named one does not exist, or the backlog cannot be read.
pub(super) async fn read(site: &Site, id: Option<&CardId>, branch: &str) -> Result<Option<Found>> {
    let (id, branch) = (id.cloned(), branch.to_owned());
    with_backlog(site, Intent::Read, move |backlog| {
        let id = match id {
            Some(id) => id,
            None => match of_branch(backlog, &branch)? {
                Some(id) => id,
                None => return Ok(None),
            },
        };
        let card = backlog.detail(&id)?.card;
        let workers = workers(&backlog.store().history(&id, HISTORY)?);
        let (title, paths) = (card.title.clone(), card.paths.clone());
        Ok(Some(Found { seen: Card { id: id.to_string(), title, paths, workers }, card }))
    })
    .await
}

/// The open card that names a branch.
fn of_branch(backlog: &mut Backlog, branch: &str) -> backlog::error::Result<Option<CardId>> {
    // By custom it ends in the card's id.
    if let Ok(id) = CardId::parse(branch.rsplit('/').next().unwrap_or(branch))
        // Only by custom: a branch may end in the id of a card that it has nothing to do with.
        && backlog.store().card(&id)?.is_some_and(|card| card.branch == branch && card.status != Status::Done)
    {
        return Ok(Some(id));
    }
    // The claimed one first: where several name the branch, it is about the one that somebody works on.
    for status in [Status::Claimed, Status::Ready, Status::Blocked] {
        let query = ListQuery { status: Some(status), limit: MOST, ..ListQuery::default() };
        let found = backlog.store().list(&query)?.into_iter().find(|card| card.branch == branch);
        if let Some(card) = found {
            return Ok(Some(card.id));
        }
    }
    Ok(None)
}

/// Who held it while the change was written: in the stage in which the card began. Whoever reviewed or merged it later held
/// it too.
fn workers(history: &[CardEvent]) -> Vec<String> {
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

/// Writes down what was said of a card at its stage, where it is in one.
///
/// # Errors
/// What the file system says.
pub(super) fn say(site: &Site, found: &Found, word: Word, by: &str, commit: &str, note: &str) -> Result<()> {
    if found.card.stage.is_empty() {
        return Ok(());
    }
    gate::say(site, &pipeline::word_on(&found.card, word, by, commit, note))
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
        Ok(pipeline::advance_one(&whole, &pipeline, backlog, card))
    });
    done.await?
}

/// Finishes a card whose change is merged; whether it was open until now.
///
/// # Errors
/// What the backlog says.
pub(super) async fn complete(site: &Site, id: &CardId) -> Result<bool> {
    let id = *id;
    with_backlog(site, Intent::Write, move |backlog| backlog.complete(&id, None).map(|outcome| outcome.changed)).await
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
