//! What happened, line by line: one JSON object each, appended and never rewritten.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use jiff::Timestamp;
use serde_json::json;

use super::home::Site;
use super::message::{Envelope, Receipt};

/// Records a delivery: who, to whom, when, what became of it; of the text only its length and a
/// fingerprint, since it may be nobody else's to read.
pub fn record_send(site: &Site, envelope: &Envelope, receipt: &Receipt, text: &str) {
    let line = json!({
        "ts": Timestamp::now().to_string(), "kind": "send", "tenant_id": site.tenant_id, "host": site.host,
        "source": envelope.source, "target": envelope.target, "class": envelope.class, "agent": receipt.agent,
        "message_id": receipt.message_id, "delivery": receipt.delivery, "reason": receipt.reason,
        "length": text.len(), "fingerprint": super::home::fingerprint(text.as_bytes()),
    });
    let path = site.home.join("fleet/activity.jsonl");
    let appended = path
        .parent()
        .map_or(Ok(()), std::fs::create_dir_all)
        .and_then(|()| OpenOptions::new().create(true).append(true).mode(0o600).open(&path))
        // One write: lines of two senders never mix.
        .and_then(|mut file| file.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = appended {
        tracing::warn!(%error, path = %path.display(), "the delivery is not recorded");
    }
}
