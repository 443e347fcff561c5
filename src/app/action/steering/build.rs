//! From named inputs to a request. Pure.

use std::time::Duration;

use super::{Message, SteeringAction, Text};
use crate::app::action::Action;
use crate::app::action::inputs::Inputs;
use crate::fleet::message::Options;
use crate::fleet::model::Readiness;

/// How long a delivery is looked after when nothing is said.
const TIMEOUT: f64 = 6.0;

/// Lines of a pane's text when nothing is said.
const LINES: u32 = 80;

/// Longest wait: a week.
const MAX_SECONDS: f64 = 604_800.0;

type Built = Result<Action, String>;

fn done(action: SteeringAction) -> Built {
    Ok(Action::Steering(action))
}

fn seconds(inputs: &Inputs, name: &str, default: f64) -> Result<Duration, String> {
    let text = inputs.one(name);
    let seconds = text.as_deref().map_or(Ok(default), |text| text.parse::<f64>().map_err(|_| ()));
    seconds
        .ok()
        .filter(|seconds| (0.0..=MAX_SECONDS).contains(seconds))
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("--{name} takes seconds, from 0 to {MAX_SECONDS}"))
}

fn message(inputs: &Inputs) -> Result<Box<Message>, String> {
    let text = match (inputs.one("message"), inputs.one("file")) {
        (Some(_), Some(_)) => return Err("--message and --file exclude each other".to_owned()),
        (Some(text), None) => Text::Given(text),
        (None, Some(file)) => Text::File(file.into()),
        (None, None) => Text::Input,
    };
    Ok(Box::new(Message {
        text,
        source: inputs.one("source"),
        class: inputs.one("tag"),
        options: Options {
            force: inputs.flag("force"),
            verify: !inputs.flag("no-verify"),
            timeout: seconds(inputs, "timeout", TIMEOUT)?,
        },
    }))
}

pub(in crate::app) fn build_send(inputs: &Inputs) -> Built {
    done(SteeringAction::Send { name: inputs.required("name")?, message: message(inputs)? })
}

pub(in crate::app) fn build_broadcast(inputs: &Inputs) -> Built {
    done(SteeringAction::Broadcast {
        names: inputs.many("agents"),
        class: inputs.one("class"),
        state: inputs.one("state"),
        message: message(inputs)?,
    })
}

fn look_only(inputs: &Inputs) -> Result<Options, String> {
    Ok(Options { force: false, verify: true, timeout: seconds(inputs, "timeout", TIMEOUT)? })
}

pub(in crate::app) fn build_reset(inputs: &Inputs) -> Built {
    done(SteeringAction::Reset { name: inputs.required("name")?, new: inputs.flag("new"), options: look_only(inputs)? })
}

pub(in crate::app) fn build_approve(inputs: &Inputs) -> Built {
    let choice = match inputs.one("choice") {
        None => 1,
        Some(text) => text.parse().ok().filter(|choice| (1..=9).contains(choice)).ok_or("--choice takes 1 to 9")?,
    };
    done(SteeringAction::Approve {
        name: inputs.required("name")?,
        choice,
        question: inputs.one("question"),
        options: look_only(inputs)?,
    })
}

pub(in crate::app) fn build_wait(inputs: &Inputs) -> Built {
    let until = inputs.one("until").ok_or("--until is needed")?;
    if !Readiness::ALL.iter().any(|state| state.word() == until) {
        let all: Vec<&str> = Readiness::ALL.iter().map(|state| state.word()).collect();
        return Err(format!("--until takes one of {}", all.join(", ")));
    }
    done(SteeringAction::Wait {
        name: inputs.required("name")?,
        until,
        timeout: seconds(inputs, "timeout", MAX_SECONDS)?,
    })
}

pub(in crate::app) fn build_tail(inputs: &Inputs) -> Built {
    let lines = match inputs.one("lines") {
        None => LINES,
        Some(text) => {
            text.parse().ok().filter(|lines| (1..=50_000).contains(lines)).ok_or("--lines takes 1 to 50000")?
        }
    };
    done(SteeringAction::Tail {
        name: inputs.required("name")?,
        lines,
        follow: inputs.flag("follow"),
        ansi: inputs.flag("ansi"),
    })
}

pub(in crate::app) fn build_attach(inputs: &Inputs) -> Built {
    done(SteeringAction::Attach(inputs.required("name")?))
}

pub(in crate::app) fn build_comms(inputs: &Inputs) -> Built {
    done(SteeringAction::CommsBlock { name: inputs.required("name")?, host: inputs.one("host") })
}
