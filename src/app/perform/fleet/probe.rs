//! Asks keepers for a heartbeat now, instead of waiting for the next one.

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::app::action::error::{DONE, FAILED};
use crate::app::action::report::Report;
use crate::fleet::error::Result;
use crate::fleet::heartbeat::{self, Heartbeat};
use crate::fleet::home::{RunFile, Site};
use crate::fleet::model::{Authority, HeartbeatStatus};
use crate::fleet::os::bell;
use crate::fleet::roster::{self, Agent};
use crate::fleet::session;

/// A keeper that was asked answers within milliseconds; one that needs longer hangs, or is of an earlier version.
const WITHIN: Duration = Duration::from_secs(5);

/// Pause between two looks for the answer.
const PAUSE: Duration = Duration::from_millis(5);

/// Asks the keepers of these agents of this host, of all when none are named.
pub(super) async fn perform(site: &Site, names: &[String]) -> Result<Report> {
    let roster = roster::load(site)?;
    let agents: Vec<&Agent> = if names.is_empty() {
        roster.agents.iter().filter(|agent| !roster.is_remote(agent, site)).collect()
    } else {
        names.iter().map(|name| roster.local(site, name)).collect::<Result<_>>()?
    };
    let answers = join_all(agents.iter().map(|agent| ask(site, agent))).await;
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    for (agent, answer) in agents.iter().zip(&answers) {
        lines.push(format!("{}: {}", agent.name, words(answer)));
        rows.push(row(agent, answer));
    }
    if agents.is_empty() {
        lines.push("the roster names no agents of this host".to_owned());
    }
    let code = if answers.iter().all(std::result::Result::is_ok) { DONE } else { FAILED };
    Ok(Report::done(lines.join("\n"), &rows).with_code(code))
}

/// A heartbeat that was asked for, and how long it took; else why none came.
type Answer = std::result::Result<(Heartbeat, Duration), String>;

async fn ask(site: &Site, agent: &Agent) -> Answer {
    if session::keeper_pid(&site.run_file(&agent.name, RunFile::Lock)).is_none() {
        return Err(format!("has no keeper; `mosaic-tui fleet start {}` gives it one", agent.name));
    }
    let (asked, began) = (Timestamp::now(), Instant::now());
    let bell = site.run_file(&agent.name, RunFile::Bell);
    let mut is_heard = false;
    let path = site.run_file(&agent.name, RunFile::Heartbeat);
    loop {
        // A keeper that is just starting hangs it in a moment.
        if !is_heard {
            is_heard = bell::ring(&bell).map_err(|error| format!("{}: {error}", bell.display()))?;
        }
        let beat = heartbeat::read(&path, Timestamp::now(), site.thresholds.heartbeat_interval);
        // By its time: the heartbeat from before the question lies in the same file.
        if let Some(beat) = beat.ok().filter(|beat| beat.ts >= asked) {
            return Ok((beat, began.elapsed()));
        }
        if began.elapsed() > WITHIN {
            return Err(format!(
                "its keeper wrote no heartbeat within {} s: the runtime promised a report and owes it, or the keeper hangs; \
                 `mosaic-tui agent explain {}` says more",
                WITHIN.as_secs(),
                agent.name
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

fn words(answer: &Answer) -> String {
    match answer {
        Ok((beat, took)) => {
            let detail = beat.detail.as_ref().map(|detail| format!(", {detail}")).unwrap_or_default();
            let by = if beat.by == Authority::Runtime { "its runtime" } else { "its keeper" };
            format!("{}{detail}, says {by}; answered in {} ms", beat.status.word(), took.as_millis())
        }
        Err(why) => why.clone(),
    }
}

fn row(agent: &Agent, answer: &Answer) -> Value {
    let beat = answer.as_ref().ok();
    json!({
        "name": agent.name, "tenant_id": agent.tenant_id, "host": agent.host, "answered": beat.is_some(),
        "milliseconds": beat.map(|(_, took)| u64::try_from(took.as_millis()).unwrap_or(u64::MAX)),
        "status": beat.map(|(beat, _)| beat.status).map(HeartbeatStatus::word),
        "by": beat.map(|(beat, _)| beat.by),
        "detail": beat.and_then(|(beat, _)| beat.detail.as_ref()),
        "reason": answer.as_ref().err(),
    })
}
