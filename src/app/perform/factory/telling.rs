//! A decision in one line, for whoever reads what the supervisor prints.

use jiff::Timestamp;
use serde_json::json;

use super::steps::Ended;
use crate::app::action::supervise::Supervise;
use crate::app::factory::Decision;
use crate::app::perform::output::{self, Printed};
use crate::fleet::home::Site;
use crate::fleet::model::Label;

/// Prints a decision, and how it ended; whether anybody still reads that.
pub(super) fn print(site: &Site, wanted: &Supervise, decision: &Decision, ended: Option<&Ended>) -> bool {
    let outcome = ended.map(Ended::words).filter(|words| !words.is_empty());
    let now = Timestamp::now();
    let line = if wanted.json {
        output::json_line(&json!({
            "ts": now.to_string(), "tenant_id": site.tenant_id, "host": site.host,
            "decision": decision.word(), "agent": decision.agent(), "card": decision.card(),
            "what": decision.what(), "why": decision.why(),
            "outcome": outcome, "good": ended.and_then(Ended::good),
        }))
    } else {
        let time = now.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M:%S").to_string();
        let outcome = outcome.map(|outcome| format!(" -> {outcome}")).unwrap_or_default();
        let would = if wanted.dry_run { "would: " } else { "" };
        let line = format!("{time}  {would}{} ({}){outcome}", decision.what(), decision.why());
        Label::new(&line).to_string()
    };
    match output::print(&format!("{line}\n")) {
        Ok(Printed::Whole) => true,
        Ok(Printed::Closed) => false,
        Err(failure) => {
            tracing::warn!(%failure, "a decision was not printed");
            true
        }
    }
}
