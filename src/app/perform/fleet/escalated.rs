//! What waits for a person: listed, and acknowledged.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use crate::app::action::error::{DONE, FAILED};
use crate::app::action::report::Report;
use crate::app::perform::activity::record;
use crate::fleet::error::Result;
use crate::fleet::escalations;
use crate::fleet::home::Site;
use crate::fleet::model::{Escalation, Label};

/// All of them; exit 1 while nobody looks after one.
pub(super) fn list(site: &Site) -> Result<Report> {
    let all = escalations::read(site)?;
    let rows: Vec<Value> = all.iter().map(json_of).collect();
    let text = match all.as_slice() {
        [] => "nothing waits for a person".to_owned(),
        all => all.iter().map(text_of).collect::<Vec<_>>().join("\n"),
    };
    // Scripts ask by this whether somebody has to come.
    let code = if all.iter().any(Escalation::is_open) { FAILED } else { DONE };
    Ok(Report::done(text, &rows).with_code(code))
}

/// Notes that whoever asks looks after one.
pub(super) async fn ack(site: &Site, id: &str) -> Result<Report> {
    let at = Timestamp::now().as_millisecond();
    let one = escalations::ack(site, id, &record::who(site), at).await?;
    let by = one.acked.as_ref().map_or("", |ack| ack.by.as_str());
    Ok(Report::done(format!("{id}: {by} looks after it: {}", one.subject), &json_of(&one)))
}

fn time(at: i64) -> Timestamp {
    Timestamp::from_millisecond(at).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn json_of(one: &Escalation) -> Value {
    json!({
        "id": one.id, "ts": time(one.at).to_string(), "tenant_id": one.tenant_id, "host": one.host,
        "cause": one.subject.cause.word(), "agent": one.subject.agent, "card": one.subject.card,
        "what": one.subject.to_string(), "why": one.why, "tried": one.tried, "told": one.told,
        "acked": one.acked.as_ref().map(|ack| json!({ "by": ack.by, "ts": time(ack.at).to_string() })),
    })
}

fn text_of(one: &Escalation) -> String {
    let at = time(one.at).to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M");
    let acked = one.acked.as_ref().map(|ack| format!("; {} looks after it", ack.by)).unwrap_or_default();
    let line = format!("{} {at} {}: {} (tried: {}){acked}", one.id, one.subject, one.why, one.tried);
    Label::new(&line).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::error::Kind;
    use crate::fleet::model::{Cause, Subject};

    #[tokio::test]
    async fn what_waits_is_listed_until_its_cause_is_gone_and_is_quiet_once_somebody_looks_after_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut site = Site::for_tests("/nowhere");
        site.run_dir = folder.path().join("run");
        let empty = list(&site).unwrap();
        assert_eq!((empty.code, empty.text.as_str()), (DONE, "nothing waits for a person"));
        let subject = Subject::agent(Cause::TakesNoWork, "code0");
        escalations::raise(&site, &subject, "refused: draft_present", "given work 3 times", 0).await.unwrap();
        let open = list(&site).unwrap();
        assert_eq!((open.code, open.json[0]["cause"].as_str()), (FAILED, Some("takes_no_work")));
        let want = " code0 takes no work: refused: draft_present (tried: given work 3 times)";
        assert!(open.text.starts_with("e1 ") && open.text.ends_with(want), "{}", open.text);
        let acked = ack(&site, "e1").await.unwrap();
        assert!(acked.text.contains("looks after it: code0 takes no work"), "{}", acked.text);
        let seen = list(&site).unwrap();
        assert!(seen.code == DONE && seen.text.contains("looks after it"), "{}", seen.text);
        assert_eq!(ack(&site, "e2").await.unwrap_err().kind, Kind::NotFound);
    }
}
