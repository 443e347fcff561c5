//! Deliveries as events: who wrote to whom, by their own word and by the program's, and what became of it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::event::{Door, Event, Kind, delivery_words};
use crate::fleet::home::{Site, fingerprint};
use crate::fleet::message::{Envelope, Receipt};

/// Who is behind a delivery, and how it was asked for.
#[derive(Debug, Clone, Copy)]
pub struct Behind<'a> {
    /// Who wrote it, as far as the program knows.
    pub sender: &'a str,
    /// How it was asked for.
    pub door: Door,
}

/// A message: who wrote it by the program's own knowledge (`sender`) and by their word (`source`), to whom, when, what
/// became of it; of the text only its length and a fingerprint, since it may be nobody else's to read.
#[must_use]
pub fn sent(site: &Site, behind: Behind<'_>, envelope: &Envelope, receipt: &Receipt, text: &str) -> Event {
    let mut event = delivery(site, Kind::Send, behind, &envelope.target, receipt);
    // Anybody may write in another's name: who really did stands beside it.
    for (name, value) in [
        ("source", json!(envelope.source)),
        ("claimed", json!(envelope.source != behind.sender)),
        ("class", json!(envelope.class)),
        ("length", json!(text.len())),
        ("fingerprint", json!(fingerprint(text.as_bytes()))),
    ] {
        event.detail.insert(name.to_owned(), value);
    }
    event
}

/// What else was typed into an agent's pane: a reset, an answer.
#[must_use]
pub fn delivery(site: &Site, kind: Kind, behind: Behind<'_>, target: &str, receipt: &Receipt) -> Event {
    let detail = json!({
        "source": behind.sender, "sender": behind.sender, "claimed": false, "target": target,
        "message_id": receipt.message_id, "delivery": receipt.delivery, "reason": receipt.reason,
    });
    let Value::Object(detail) = detail else { unreachable!("an object was written above") };
    Event {
        agent: Some(receipt.agent.clone()),
        who: behind.sender.to_owned(),
        door: Some(behind.door),
        what: delivery_words(kind, &receipt.agent),
        outcome: receipt.delivery.word().to_owned(),
        good: Some(receipt.delivery.arrived()),
        text: receipt.reason.clone(),
        detail,
        ..Event::new(kind, Timestamp::now(), &site.tenant_id, &site.host)
    }
}
