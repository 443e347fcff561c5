//! What happened, line by line: one JSON object each, appended and never rewritten. The oldest go.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::home::Site;
use super::logfile;
use super::message::{Envelope, Receipt};

/// Size at which the record is continued in a new file: some ten thousand deliveries, and as many are kept before.
const MAX_BYTES: u64 = 4 << 20;

/// Records a message: who wrote it by the program's own knowledge (`sender`) and by their word (`source`), to whom, when, what became of it; of the text only its length and a
/// fingerprint, since it may be nobody else's to read.
pub fn record_send(site: &Site, sender: &str, envelope: &Envelope, receipt: &Receipt, text: &str) {
    let mut line = delivery(site, "send", sender, &envelope.target, receipt);
    line["source"] = json!(envelope.source);
    // Anybody may write in another's name: who really did stands beside it.
    line["claimed"] = json!(envelope.source != sender);
    line["class"] = json!(envelope.class);
    line["length"] = json!(text.len());
    line["fingerprint"] = json!(super::home::fingerprint(text.as_bytes()));
    append(site, &line);
}

/// Records what else was typed into an agent's pane: `reset`, `approve`.
pub fn record_delivery(site: &Site, kind: &str, sender: &str, target: &str, receipt: &Receipt) {
    append(site, &delivery(site, kind, sender, target, receipt));
}

fn delivery(site: &Site, kind: &str, sender: &str, target: &str, receipt: &Receipt) -> Value {
    json!({
        "ts": Timestamp::now().to_string(), "kind": kind, "tenant_id": site.tenant_id, "host": site.host,
        "source": sender, "sender": sender, "claimed": false, "target": target, "agent": receipt.agent, "message_id": receipt.message_id,
        "delivery": receipt.delivery, "reason": receipt.reason,
    })
}

fn append(site: &Site, line: &Value) {
    let path = site.home.join("fleet/activity.jsonl");
    let appended = path
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| logfile::record(&path, &format!("{line}\n"), MAX_BYTES));
    if let Err(error) = appended {
        tracing::warn!(%error, path = %path.display(), "the delivery is not recorded");
    }
}
