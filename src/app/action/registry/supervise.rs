//! The supervisor, and what waits for a person: how both are asked for.

use std::time::Duration;

use super::activity::since;
use super::spec::{ActionSpec, JSON, LOOK, command, flag, value, word};
use crate::app::action::inputs::Inputs;
use crate::app::action::{Action, FleetAction, TerminalAction};

/// How the fleet is supervised.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Supervise {
    /// One tick, then the end.
    pub once: bool,
    /// Only tells what it would do.
    pub dry_run: bool,
    /// Most time between two looks, where it is not the roster's.
    pub interval: Option<Duration>,
    /// Seconds for which a card is claimed, where it is not the roster's.
    pub ttl_seconds: Option<i64>,
    /// Seconds for which it is claimed while its brief is delivered.
    pub lease_seconds: i64,
    /// One object a decision.
    pub json: bool,
    /// Leave the caller's session first.
    pub detach: bool,
}

/// Seconds for which a card is claimed while its brief is delivered, when nothing is said.
const LEASE: i64 = 60;

/// Longest interval in seconds.
const MAX_INTERVAL: i64 = 3600;

/// Its command.
pub(super) const SUPERVISE: &[ActionSpec] = &[
    command(
        "fleet.escalations",
        "escalations",
        "Prints what cannot go on by itself and waits for a person",
        &["fleet", "escalations"],
        |_| Ok(Action::Fleet(FleetAction::Escalations)),
    )
    .no_key("the header tells of them; the palette runs it")
    .takes(&[JSON])
    .answers("[escalation]", &[0, 1])
    .looks(),
    command(
        "fleet.digest",
        "digest",
        "Counts what the factory did in the last week, or since a time: cards, attempts, waits, escalations, tokens",
        &["fleet", "digest"],
        |inputs| {
            let from = inputs.one("since").as_deref().map(|text| since("--since", text)).transpose()?;
            Ok(Action::Fleet(FleetAction::Digest(from)))
        },
    )
    .no_key("the palette runs it")
    .takes(&[
        value("since", "From when on: `90s`, `15m`, `2h30m`, `7d`, or a time such as 2026-01-31T08:00 or 2026-01-31T08:00Z"),
        JSON,
    ])
    .answers("digest", &[0, 1])
    .looks(),
    command(
        "fleet.ack",
        "acknowledge",
        "Says that you look after an escalation; it goes by itself once its cause is gone",
        &["fleet", "ack"],
        |inputs| Ok(Action::Fleet(FleetAction::Ack(inputs.required("id")?))),
    )
    .no_key("the palette runs it")
    .takes(&[word("id", "The escalation's id, such as e1"), JSON])
    .answers("escalation", LOOK),
    command(
    "fleet.supervise",
    "supervise",
    "Gives cards to free agents, keeps the fleet staffed, and has a person look at what cannot go on; one per fleet and host",
    &["fleet", "supervise"],
    build,
)
.shell_only("its unit runs it, or `fleet start` where `supervise` is enabled in the roster")
.takes(&[
    flag("once", "One tick, then the end"),
    flag("dry-run", "Only tells what one tick would do"),
    value("interval", "Most seconds between two looks; default the roster's, else 15"),
    value("ttl", "Seconds for which a card is claimed; default the roster's, else 900"),
    value("lease", "Seconds for which a card is claimed while its brief is delivered; default 60"),
    flag("detach", "Leaves the caller's session first"),
    JSON,
])
.answers("decision, one on each line", &[0, 1, 4])];

fn build(inputs: &Inputs) -> Result<Action, String> {
    let seconds = |name: &str, most: i64| match inputs.one(name) {
        None => Ok(None),
        Some(text) => match text.parse::<i64>() {
            Ok(seconds) if (1..=most).contains(&seconds) => Ok(Some(seconds)),
            _ => Err(format!("--{name} takes seconds, from 1 to {most}")),
        },
    };
    let interval = seconds("interval", MAX_INTERVAL)?.map(|seconds| Duration::from_secs(seconds.unsigned_abs()));
    Ok(Action::Terminal(TerminalAction::Supervise(Supervise {
        once: inputs.flag("once"),
        dry_run: inputs.flag("dry-run"),
        interval,
        ttl_seconds: seconds("ttl", crate::backlog::checks::MAX_TTL_SECONDS)?,
        lease_seconds: seconds("lease", MAX_INTERVAL)?.unwrap_or(LEASE),
        json: inputs.flag("json"),
        detach: inputs.flag("detach"),
    })))
}
