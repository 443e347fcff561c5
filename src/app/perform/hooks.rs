//! What runtimes report of themselves: by status, or by the events that their hooks hand over.

use serde_json::{Value, json};

use crate::app::action::report::Report;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::model::{AgentName, HeartbeatStatus};
use crate::fleet::session;
use crate::plain;

/// Most bytes read of an event: a prompt or a tool's output may be in it.
const MAX_EVENT_BYTES: usize = 4 << 20;

/// What an event says of its runtime: a state, or nothing.
type Said = Option<(HeartbeatStatus, Option<String>)>;

/// Leaves a report for the keeper.
pub(in crate::app) fn report(
    site: &Site,
    status: Option<HeartbeatStatus>,
    detail: Option<&str>,
    hook: Option<&(String, Option<String>)>,
    agent: Option<&AgentName>,
) -> Result<Report> {
    let said = match (status, hook) {
        (Some(status), _) => Some((status, detail.map(str::to_owned))),
        (None, Some((runtime, event))) => of_event(runtime, event.as_deref())?,
        (None, None) => None,
    };
    let Some((status, detail)) = said else {
        return Ok(Report::done("", &json!({ "agent": null, "status": null })));
    };
    let agent = match agent {
        Some(agent) => agent.clone(),
        // The same hook settings may serve sessions that are no agents.
        None if hook.is_some() && std::env::var_os("MOSAIC_AGENT_NAME").is_none() => {
            return Ok(Report::done("", &json!({ "agent": null, "status": null })));
        }
        None => own_name()?,
    };
    let pid = session::own_pane_process(site, &agent).ok_or_else(|| {
        Failure::new(
            Kind::Refused,
            format!("report of {agent}"),
            "this process does not run in that agent's pane, or the agent has no keeper",
            "runtimes run this from their hooks, inside the pane",
        )
    })?;
    session::report(
        site,
        &session::Report {
            agent: agent.clone(),
            // A hook's process is gone in a moment; what the keeper watches stays.
            pid,
            status,
            detail,
            next_seconds: None,
            msg: None,
        },
    )?;
    // A hook's output may be taken for an answer by its runtime.
    let text = if hook.is_some() { String::new() } else { format!("{agent}: reported {}", status.word()) };
    Ok(Report::done(text, &json!({ "agent": agent, "status": status })))
}

fn own_name() -> Result<AgentName> {
    std::env::var("MOSAIC_AGENT_NAME").ok().and_then(|name| AgentName::parse(&name).ok()).ok_or_else(|| {
        Failure::new(
            Kind::Invalid,
            "session report",
            "MOSAIC_AGENT_NAME is not set, so it is not known whose state this is",
            "run it inside an agent's pane, or give --agent",
        )
    })
}

/// Reads an event, from the argument or from standard input.
fn of_event(runtime: &str, event: Option<&str>) -> Result<Said> {
    let invalid = |why: String| {
        Failure::new(Kind::Invalid, format!("event of {runtime}"), why, "check the runtime's hook settings")
    };
    let text = match event {
        Some(text) => text.to_owned(),
        None => plain::read_input(std::io::stdin(), MAX_EVENT_BYTES).map_err(|why| invalid(why.to_string()))?,
    };
    let event: Value = serde_json::from_str(&text).map_err(|error| invalid(error.to_string()))?;
    match runtime {
        "claude" => Ok(claude(&event)),
        "codex" => Ok(codex(&event)),
        other => Err(invalid(format!("{other} has no hook that is understood; it reports with --status"))),
    }
}

/// Claude Code's hooks name their event; a notification is a question unless it only tells of idleness.
fn claude(event: &Value) -> Said {
    let message = || event["message"].as_str().map(str::to_owned);
    match event["hook_event_name"].as_str()? {
        "UserPromptSubmit" | "PreToolUse" | "PostToolUse" => Some((HeartbeatStatus::Busy, None)),
        "SessionStart" | "Stop" | "SessionEnd" => Some((HeartbeatStatus::Ok, None)),
        "Notification" => {
            let idle = event["notification_type"] == "idle_prompt"
                || message().is_some_and(|text| text.contains("waiting for your input"));
            Some(if idle { (HeartbeatStatus::Ok, None) } else { (HeartbeatStatus::Waiting, message()) })
        }
        _ => None,
    }
}

/// codex's notify program hears of finished turns, and of approvals it asks for.
fn codex(event: &Value) -> Said {
    match event["type"].as_str()? {
        "agent-turn-complete" => Some((HeartbeatStatus::Ok, None)),
        "approval-requested" => Some((HeartbeatStatus::Waiting, Some("asks for approval".to_owned()))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_say_what_the_runtime_does() {
        use HeartbeatStatus::{Busy, Ok, Waiting};
        for (runtime, event, want) in [
            ("claude", json!({"hook_event_name": "UserPromptSubmit", "prompt": "x"}), Some((Busy, None))),
            ("claude", json!({"hook_event_name": "Stop"}), Some((Ok, None))),
            (
                "claude",
                json!({"hook_event_name": "Notification", "message": "Claude needs your permission to use Bash"}),
                Some((Waiting, Some("Claude needs your permission to use Bash".to_owned()))),
            ),
            (
                "claude",
                json!({"hook_event_name": "Notification", "message": "Claude is waiting for your input"}),
                Some((Ok, None)),
            ),
            ("claude", json!({"hook_event_name": "PreCompact"}), None),
            ("codex", json!({"type": "agent-turn-complete", "last-assistant-message": "x"}), Some((Ok, None))),
            ("codex", json!({"type": "else"}), None),
        ] {
            assert_eq!(of_event(runtime, Some(&event.to_string())).unwrap(), want, "{event}");
        }
        assert!(of_event("claude", Some("no json")).is_err());
        assert!(of_event("pi", Some("{}")).is_err());
    }
}
