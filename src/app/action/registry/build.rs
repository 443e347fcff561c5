//! Builders of the actions whose inputs need checking.

use crate::app::action::inputs::Inputs;
use crate::app::action::{Action, DemoMode, OnceFormat, OnceOptions, OnceView};
use crate::fleet::model::{AgentName, HeartbeatStatus};

/// Most agents in a demo; each is three processes.
const MAX_DEMO_AGENTS: usize = 500;

pub(super) fn build_once(inputs: &Inputs) -> Result<Action, String> {
    let number = |name: &str, low: u16| match inputs.one(name) {
        None => Ok(None),
        Some(text) => text
            .parse::<u16>()
            .ok()
            .filter(|number| (low..=1000).contains(number))
            .map(Some)
            .ok_or_else(|| format!("--{name} takes a number from {low} to 1000")),
    };
    let view = match inputs.one("view").as_deref() {
        Some("board") => OnceView::Board,
        Some("all") => OnceView::All,
        _ => OnceView::Fleet,
    };
    Ok(Action::Once(OnceOptions {
        view,
        format: match inputs.one("format").as_deref() {
            Some("json") => OnceFormat::Json,
            Some("ansi") => OnceFormat::Ansi,
            Some("svg") => OnceFormat::Svg,
            _ => OnceFormat::Text,
        },
        width: number("width", 20)?,
        height: number("height", 5)?,
        pane: inputs.one("pane"),
        check: inputs.flag("check"),
        color: inputs.one("color").as_deref() == Some("always"),
    }))
}

pub(super) fn build_report(inputs: &Inputs) -> Result<Action, String> {
    let status = match inputs.one("status") {
        None => None,
        Some(word) => Some(HeartbeatStatus::parse(&word).ok_or("--status takes ok, busy, waiting, blocked or error")?),
    };
    let hook = inputs.one("hook").map(|runtime| (runtime, inputs.one("event")));
    if status.is_some() == hook.is_some() {
        return Err("one of --status and --hook is needed".to_owned());
    }
    let agent = inputs.one("agent").map(|name| AgentName::parse(&name)).transpose()?;
    Ok(Action::SessionReport { status, detail: inputs.one("detail"), hook, agent })
}

pub(super) fn build_demo(inputs: &Inputs) -> Result<Action, String> {
    let agents = match inputs.one("agents") {
        None => 6,
        Some(text) => text
            .parse::<usize>()
            .ok()
            .filter(|number| (1..=MAX_DEMO_AGENTS).contains(number))
            .ok_or_else(|| format!("--agents takes a number from 1 to {MAX_DEMO_AGENTS}"))?,
    };
    let mode = match (inputs.flag("headless"), inputs.flag("stop")) {
        (false, false) => DemoMode::Interactive,
        (true, false) => DemoMode::Headless,
        (false, true) => DemoMode::Stop,
        (true, true) => return Err("--headless and --stop exclude each other".to_owned()),
    };
    Ok(Action::Demo { agents, mode })
}
