//! What runtimes report of themselves: by status, or by the events that their hooks hand over.

use serde_json::{Value, json};

use crate::app::action::report::Report;
use crate::fleet::error::{Failure, Kind, Result};
use crate::fleet::home::Site;
use crate::fleet::launch::status_line;
use crate::fleet::message;
use crate::fleet::model::{AgentName, HeartbeatStatus};
use crate::fleet::runtime::{self, Runtime, Said, UsagePaths};
use crate::fleet::session::{self, AGENT_NAME};
use crate::fleet::usage::Usage;
use crate::plain;

/// Most bytes read of an event: a prompt or a tool's output may be in it.
const MAX_EVENT_BYTES: usize = 4 << 20;

/// Leaves a report for the keeper.
pub(in crate::app) fn report(
    site: &Site,
    status: Option<HeartbeatStatus>,
    detail: Option<String>,
    hook: Option<&(String, Option<String>)>,
    agent: Option<AgentName>,
) -> Result<Report> {
    let said = match (status, hook) {
        (Some(status), _) => Some(Said { status, detail, prompt: None }),
        (None, Some((runtime, event))) => of_event(runtime, event.as_deref())?,
        (None, None) => None,
    };
    // Most events of a runtime change nothing of its state.
    let Some(Said { status, detail, prompt }) = said else {
        return Ok(Report::done("", &json!({ "agent": null, "status": null })));
    };
    let agent = match agent {
        Some(agent) => agent,
        // The same hook settings may serve sessions that are no agents.
        None if hook.is_some() && std::env::var_os(AGENT_NAME).is_none() => {
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
    let report = session::Report {
        agent,
        // A hook's process is gone in a moment; what the keeper watches stays.
        pid,
        status,
        detail,
        next_seconds: None,
        msg: prompt.as_deref().and_then(message::id_of).map(str::to_owned),
    };
    session::report(site, &report)?;
    let agent = &report.agent;
    // A hook's output may be taken for an answer by its runtime.
    let text = if hook.is_some() { String::new() } else { format!("{agent}: reported {}", status.word()) };
    Ok(Report::done(text, &json!({ "agent": agent, "status": status })))
}

/// Keeps what a runtime says that it used. What is printed becomes the runtime's status line: what the user's own would
/// print, which this one stands in the place of, and else nothing.
pub(in crate::app) async fn usage(site: &Site, runtime: &str, event: Option<&str>) -> Result<Report> {
    let paths = runtime::find(runtime).and_then(Runtime::usage).ok_or_else(|| {
        let known = named(|known| known.usage().is_some());
        Failure::new(
            Kind::Invalid,
            format!("figures of {runtime}"),
            format!("it is not known where they stand in what it hands over; it is known of {known}"),
            "the `usage` of its runtime.yaml names them",
        )
    })?;
    let text = text_of(runtime, event)?;
    // Figures first: a status line that hangs is ended by its runtime, and this with it.
    let kept = keep_usage(site, runtime, paths, &text);
    let directory = std::env::current_dir().unwrap_or_default();
    let theirs = status_line::of_user(site, runtime, &directory);
    let shown = match theirs {
        Some(command) => status_line::shown(&command, &text).await,
        None => String::new(),
    };
    let agent = kept?;
    Ok(Report::done(shown, &json!({ "agent": agent })))
}

/// Keeps the figures of an agent of this pane, and says whose they are.
fn keep_usage(site: &Site, runtime: &str, paths: &UsagePaths, text: &str) -> Result<Option<AgentName>> {
    // The same settings may serve sessions that are no agents.
    let Ok(agent) = own_name() else { return Ok(None) };
    let value = parsed(runtime, text)?;
    let facts = runtime::read_usage(paths, &value, jiff::Timestamp::now());
    let Some(pid) = session::own_pane_process(site, &agent) else { return Ok(None) };
    if !facts.is_empty() {
        session::report_usage(site, &agent, &Usage { pid, facts })?;
    }
    Ok(Some(agent))
}

fn own_name() -> Result<AgentName> {
    std::env::var(AGENT_NAME).ok().and_then(|name| AgentName::parse(&name).ok()).ok_or_else(|| {
        Failure::new(
            Kind::Invalid,
            "session report",
            "MOSAIC_AGENT_NAME is not set, so it is not known whose state this is",
            "run it inside an agent's pane, or give --agent",
        )
    })
}

fn invalid_event(runtime: &str, why: String) -> Failure {
    Failure::new(Kind::Invalid, format!("event of {runtime}"), why, "check the runtime's hook settings")
}

/// The text of an event, from the argument or from standard input.
fn text_of(runtime: &str, event: Option<&str>) -> Result<String> {
    match event {
        Some(text) => Ok(text.to_owned()),
        None => {
            plain::read_input(std::io::stdin(), MAX_EVENT_BYTES).map_err(|why| invalid_event(runtime, why.to_string()))
        }
    }
}

fn parsed(runtime: &str, text: &str) -> Result<Value> {
    serde_json::from_str(text).map_err(|error| invalid_event(runtime, error.to_string()))
}

/// The names of these runtimes as a sentence fragment.
fn named(which: impl Fn(&Runtime) -> bool) -> String {
    runtime::all().filter(|known| which(known)).map(|known| known.name).collect::<Vec<_>>().join(", ")
}

/// What an event says of its runtime's state.
fn of_event(runtime: &str, event: Option<&str>) -> Result<Option<Said>> {
    // Looked up first: a misspelt runtime waits for no input.
    match runtime::find(runtime).map(Runtime::events) {
        Some(rules) if !rules.is_empty() => {
            Ok(runtime::read_event(rules, &parsed(runtime, &text_of(runtime, event)?)?))
        }
        _ => Err(Failure::new(
            Kind::Invalid,
            format!("event of {runtime}"),
            format!("it has no hook that is understood; {} have one", named(|known| !known.events().is_empty())),
            "a runtime without reports its state by `mosaic-tui session report --status busy`",
        )),
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
            ("pi", json!({"type": "input", "text": "x"}), Some((Busy, None))),
            ("pi", json!({"type": "agent_end"}), Some((Ok, None))),
            ("opencode", json!({"type": "chat.message", "text": "x"}), Some((Busy, None))),
            (
                "opencode",
                json!({"type": "session.error", "error": "no"}),
                Some((HeartbeatStatus::Error, Some("no".to_owned()))),
            ),
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
            (
                "claude",
                json!({"hook_event_name": "PermissionRequest", "tool_name": "Bash"}),
                Some((Waiting, Some("needs permission to use Bash".to_owned()))),
            ),
            ("claude", json!({"hook_event_name": "PreCompact"}), None),
            ("codex", json!({"type": "agent-turn-complete", "last-assistant-message": "x"}), Some((Ok, None))),
            ("codex", json!({"type": "else"}), None),
        ] {
            let said = of_event(runtime, Some(&event.to_string())).unwrap();
            assert_eq!(said.map(|said| (said.status, said.detail)), want, "{event}");
        }
        let prompt = "[h:a -> h:b mabcdefgh] do it";
        for (runtime, event) in [
            ("claude", json!({"hook_event_name": "UserPromptSubmit", "prompt": prompt})),
            ("codex", json!({"type": "agent-turn-complete", "input-messages": ["first", prompt]})),
            ("pi", json!({"type": "input", "text": prompt})),
            ("opencode", json!({"type": "chat.message", "text": prompt})),
        ] {
            let said = of_event(runtime, Some(&event.to_string())).unwrap().expect("an event that says something");
            assert_eq!(said.prompt.as_deref(), Some(prompt), "{event}");
        }
        assert!(of_event("claude", Some("no json")).is_err());
        assert!(of_event("stub", Some("{}")).is_err());
    }
}
