//! What happened: how the history is asked for.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::DateTime;

use super::spec::{ActionSpec, JSON, command, flag, value};
use crate::app::action::inputs::Inputs;
use crate::app::action::{Action, TerminalAction};
use crate::fleet::activity::kinds;

/// Which events are printed, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    /// Goes on with what is new.
    pub follow: bool,
    /// One object a line.
    pub json: bool,
    /// From when on.
    pub since: Option<Since>,
    /// Of this agent only.
    pub agent: Option<String>,
    /// Of this kind only.
    pub kind: Option<String>,
}

/// From when on events are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// So long ago.
    Ago(Duration),
    /// From this moment.
    At(Timestamp),
    /// From this moment by the clock on the wall.
    Civil(DateTime),
}

/// The command of the history.
pub(super) const ACTIVITY: &[ActionSpec] = &[command(
    "activity.events",
    "events",
    "Prints what happened: readiness, deliveries, actions, cards, decisions, starts and ends; the last day, or since a time",
    &["events"],
    build,
)
.looks()
.shell_only("the Activity view shows it")
.takes(&[
    flag("follow", "Goes on with what is new, and looks at the fleet meanwhile"),
    value(
        "since",
        "From when on: `90s`, `15m`, `2h30m`, `7d`, or a time such as 2026-01-31T08:00 or 2026-01-31T08:00Z",
    ),
    value("agent", "Only events of this agent"),
    value("kind", "Only events of this kind").of(KINDS),
    JSON,
])
.answers("event, one on each line", &[0, 1])];

/// Words that `--kind` takes.
const KINDS: &[&str] =
    &["readiness", "delivery", "send", "reset", "approve", "action", "card", "decision", "start", "exit", "gate"];

fn build(inputs: &Inputs) -> Result<Action, String> {
    let kind = inputs.one("kind");
    if let Some(kind) = kind.as_deref().filter(|kind| !kinds().contains(kind)) {
        return Err(format!("--kind takes one of {}, not {kind}", KINDS.join(", ")));
    }
    Ok(Action::Terminal(TerminalAction::Events(Events {
        follow: inputs.flag("follow"),
        json: inputs.flag("json"),
        since: inputs.one("since").as_deref().map(|text| since("--since", text)).transpose()?,
        agent: inputs.one("agent"),
        kind,
    })))
}

/// Reads a duration or a time.
pub(super) fn since(option: &str, text: &str) -> Result<Since, String> {
    if let Some(age) = duration(text) {
        return Ok(Since::Ago(age));
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Since::At(at));
    }
    let date = || text.parse::<jiff::civil::Date>().ok().map(|date| date.at(0, 0, 0, 0));
    text.parse::<DateTime>().ok().or_else(date).map(Since::Civil).ok_or_else(|| {
        format!("{option} takes a duration such as 15m or 7d, or a time such as 2026-01-31T08:00; it is {text}")
    })
}

/// Reads `2h30m`: numbers, each with its unit.
fn duration(text: &str) -> Option<Duration> {
    let mut seconds = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: u64 = rest[..digits].parse().ok()?;
        let unit = match rest[digits..].chars().next()? {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        seconds = seconds.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[digits + 1..];
    }
    // More than a century is a slip, and no history goes back so far.
    (!text.is_empty() && seconds < 3_200_000_000).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_duration_or_a_moment() {
        for (text, want) in [("90s", 90), ("15m", 900), ("2h30m", 9_000), ("7d", 604_800), ("0s", 0)] {
            assert_eq!(since("--since", text), Ok(Since::Ago(Duration::from_secs(want))), "{text}");
        }
        assert_eq!(
            since("--since", "2026-01-31T08:00:00Z").unwrap(),
            Since::At("2026-01-31T08:00:00Z".parse().unwrap())
        );
        for text in ["2026-01-31T08:00", "2026-01-31 08:00:05", "2026-01-31"] {
            assert!(matches!(since("--since", text), Ok(Since::Civil(_))), "{text}");
        }
        for text in ["", "5", "m", "5x", "yesterday", "99999999999999999999d", "9999999999d", "5\u{e9}"] {
            assert!(since("--since", text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_words_of_a_kind_are_those_of_the_history() {
        let mut all = kinds();
        let mut own = KINDS.to_vec();
        all.sort_unstable();
        own.sort_unstable();
        assert_eq!(own, all);
    }
}
