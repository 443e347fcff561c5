//! Lines of the backlog's history as events: whoever changed a card, on whichever host, it is in the activity history of
//! everybody who shares the backlog.

use std::time::Duration;

use serde_json::Value;
use tokio::sync::oneshot;

use crate::app::perform::backlog::{place, who};
use crate::backlog::model::{CardEvent, EventKind};
use crate::backlog::place::Intent;
use crate::fleet::activity::{Door, Event, Kind};
use crate::fleet::error::{Failure, Result};
use crate::fleet::home::{Site, fingerprint};
use crate::fleet::os::thread;

/// How long a command waits for the backlog.
// A person waits for this command, and a backlog that hangs is only one source of what it prints.
const PATIENCE: Duration = Duration::from_secs(3);

/// Lines that are read at once.
const MAX: u32 = 5000;

/// By what a change of a card is known: the card's versions are counted without gaps.
pub(super) fn id(place: &str, card: &str, version: i64) -> String {
    fingerprint(format!("card\n{place}\n{card}\n{version}").as_bytes())
}

/// The lines as events. Of a claim that was merely renewed nobody wants to hear.
pub(in crate::app) fn events(place: &str, lines: Vec<CardEvent>) -> Vec<Event> {
    lines.into_iter().filter(|line| line.kind != EventKind::Renewed).map(|line| event(place, line)).collect()
}

fn event(place: &str, line: CardEvent) -> Event {
    let text = |name: &str| line.detail.get(name).and_then(Value::as_str).map(str::to_owned);
    let owner = match line.kind {
        // A claim names its owner as who did it; every other line has the owner among its details, where
        // somebody held the card.
        EventKind::Claimed => Some(line.actor.clone()),
        _ => text("owner"),
    };
    let at = jiff::Timestamp::from_millisecond(line.at.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let mut event = Event::new(Kind::Card, at, &line.tenant_id, &line.host);
    event.id = id(place, line.card_id.as_str(), line.version);
    event.agent = owner;
    event.door = Some(Door::Backlog);
    event.what = format!("{} {}", line.card_id, line.kind.word());
    event.outcome = line.kind.word().to_owned();
    // Only a completion is good news: that a card was released or blocked may be either.
    event.good = (line.kind == EventKind::Completed).then_some(true);
    event.card = Some(line.card_id.to_string());
    let seconds = line.detail.get("seconds_in_claim").and_then(Value::as_i64);
    event.lasted = seconds.map(|seconds| seconds.saturating_mul(1000));
    event.text = line.summary();
    event.detail.insert("version".to_owned(), line.version.into());
    event.detail.insert("change".to_owned(), line.detail);
    event.who = line.actor;
    event.bounded()
}

/// Reads the newest lines of the backlog's history, on a thread of its own: a server that hangs must not hold up a
/// command.
///
/// # Errors
/// What the backlog says, or that it says nothing.
pub(in crate::app) async fn pull(site: &Site) -> Result<Vec<Event>> {
    let (answer, read) = oneshot::channel();
    let site = site.clone();
    thread::begin("cards", move || {
        let lines = place(&site).and_then(|place| {
            let mut backlog = place.open(Intent::Read, who(&site), &mut |_, _| {})?;
            let lines = backlog.store().recent(0, MAX)?;
            let lines: Vec<CardEvent> = lines.into_iter().map(|(_, line)| line).collect();
            Ok(events(&place.to_string(), lines))
        });
        // Whoever asked may have left.
        let _left = answer.send(lines);
    })?;
    match tokio::time::timeout(PATIENCE, read).await {
        Ok(Ok(read)) => read,
        _ => Err(Failure::failed(
            "backlog",
            format!("gave no answer within {} s, so changes of cards may be missing", PATIENCE.as_secs()),
            "check it with `mosaic-tui backlog stats`",
        )),
    }
}
