//! The selected agent in words: short facts beside the list, and the full explanation.

use std::time::Duration;

use jiff::Timestamp;

use crate::fleet::model::{AgentRow, Flag, Label, Plane, PlaneState, Readiness, Shown, UsageFacts, age};
use crate::ui::columns::amount;
use crate::ui::theme::{glyph, role};
use crate::ui::view::{Age, FactLine, Facts, Piece, Role};

/// Lines of the last screen shown beside the list.
const SAID_LINES: usize = 2;

/// Facts beside the list, but for what is true of the whole host: of these planes.
#[must_use]
pub(super) fn facts(row: &AgentRow, planes: &[PlaneState]) -> Facts {
    let mut title = vec![Piece::new(row.shown_name(), Role::Strong)];
    if let Some(alias) = &row.alias {
        title.push(Piece::new(format!("  {alias}"), Role::Plain));
    }
    let shown = row.shown();
    let state = vec![Piece::new(format!("{} {}", glyph(shown), shown.word()), role(shown))];
    let about: Vec<&str> = [row.class.as_deref(), row.runtime.as_deref(), row.model_hint.as_ref().map(|m| m.as_str())]
        .into_iter()
        .flatten()
        .collect();
    title.push(Piece::new(format!("  {}", about.join(" ")), Role::Quiet));
    let mut lines =
        vec![FactLine { label: "why".to_owned(), text: row.reason.to_string(), age: None, role: role(shown) }];
    if let Some(claim) = &row.claim {
        let left = Duration::from_secs_f64(claim.expires_in.abs());
        let expired = claim.expires_in < 0.0;
        lines.push(FactLine {
            label: "card".to_owned(),
            text: format!("{} {}", claim.card, claim.title),
            age: Some(if expired { Age::Expired(left) } else { Age::Left(left) }),
            role: if expired { Role::Warning } else { Role::Strong },
        });
    }
    for evidence in &row.evidence {
        // The title has what the roster says, and the header why nothing can be known of a plane here.
        let of_all = !evidence.ok && !row.has(Flag::Remote);
        let of_all = of_all && planes.iter().any(|plane| plane.plane == evidence.plane && !plane.ok);
        if evidence.plane == Plane::Roster || evidence.plane == Plane::Systemd && of_all {
            continue;
        }
        let drift = evidence.flag == Some(Flag::Drift);
        let age = Duration::from_secs_f64(evidence.age_seconds);
        lines.push(FactLine {
            label: if drift { "drift".to_owned() } else { evidence.plane.word().to_owned() },
            text: evidence.text.as_str().to_owned(),
            age: Some(if evidence.plane == Plane::Heartbeat { Age::Beat(age) } else { Age::Ago(age) }),
            role: match (drift, evidence.ok) {
                (true, _) => Role::Warning,
                (false, true) => Role::Plain,
                (false, false) => Role::Quiet,
            },
        });
    }
    // How the last process ended explains a death; of whom somebody stopped it is no warning.
    if shown == Shown::Is(Readiness::Dead) {
        lines.extend(last_end(row).into_iter().map(|(label, text)| FactLine {
            label,
            text,
            age: None,
            role: Role::Warning,
        }));
    }
    lines.extend(row.notes.iter().map(|note| FactLine {
        label: "launch".to_owned(),
        text: note.to_string(),
        age: None,
        role: Role::Warning,
    }));
    if let Some(usage) = &row.usage {
        lines.push(FactLine { label: "tokens".to_owned(), text: used(usage, true), age: None, role: Role::Plain });
    }
    if let Some(process) = &row.process {
        lines.push(FactLine {
            label: "usage".to_owned(),
            text: format!(
                "cpu {:.1}%  memory {}  {} descendants",
                process.cpu_percent,
                bytes(process.rss_bytes),
                process.descendants
            ),
            age: None,
            role: Role::Plain,
        });
    }
    // What warns stands near the top: a short panel shows its first lines only.
    lines[1..].sort_by_key(|line| line.role != Role::Warning);
    Facts { title, state, lines, scroll: 0, open: false, foot: Vec::new() }
}

/// How the last process ended, what its screen said last, and what its unit's journal says.
fn last_end(row: &AgentRow) -> Vec<(String, String)> {
    let mut lines = Vec::new();
    if let Some(exit) = &row.last_exit {
        let times =
            if exit.quick_exits > 1 { format!(", {} times in a row at once", exit.quick_exits) } else { String::new() };
        lines.push(("ended".to_owned(), format!("{}{times}", exit.words)));
        let said = exit.lines.iter().rev().take(SAID_LINES).rev();
        lines.extend(said.map(|line| ("said".to_owned(), line.to_string())));
    }
    let log = row.systemd.iter().flat_map(|unit| &unit.log);
    lines.extend(log.map(|line| ("log".to_owned(), line.to_string())));
    lines
}

/// Cells of a meter.
const METER: u8 = 5;

/// A share of hundred as a bar.
fn meter(percent: f64) -> String {
    // Rounded up: a context that begins to fill shows its first cell.
    let full = (percent / 100.0 * f64::from(METER)).ceil();
    (0..METER).map(|cell| if f64::from(cell) < full { '\u{25b0}' } else { '\u{25b1}' }).chain([' ']).collect()
}

/// What a runtime says that it used, in one line; for an eye with a bar of how full its context is.
fn used(usage: &UsageFacts, bars: bool) -> String {
    let mut parts = Vec::new();
    if let Some(sent) = usage.input_tokens {
        parts.push(format!("{} in", amount(sent)));
    }
    if let Some(answered) = usage.output_tokens {
        parts.push(format!("{} out", amount(answered)));
    }
    let bar = |percent: f64| if bars { meter(percent) } else { String::new() };
    parts.extend(usage.context_used_percent.map(|percent| format!("context {}{percent:.0}%", bar(percent))));
    parts.extend(usage.cost_usd.map(|cost| format!("${cost:.2}")));
    parts.extend(usage.limits.iter().map(|limit| format!("{} limit {:.0}%", limit.window, limit.used_percent)));
    parts.extend(usage.model.as_ref().map(ToString::to_string));
    parts.join("  ")
}

/// A size in one unit.
fn bytes(bytes: u64) -> String {
    match bytes {
        0..=1_048_575 => format!("{} kB", bytes >> 10),
        1_048_576..=10_737_418_239 => format!("{} MB", bytes >> 20),
        _ => format!("{} GB", bytes >> 30),
    }
}

/// Why lists show another word than the readiness; nothing where they do not.
fn shown_as(row: &AgentRow) -> String {
    match row.shown() {
        Shown::Is(_) => String::new(),
        Shown::Stopped => "stopped: nothing runs, as somebody wants it, so nobody is needed".to_owned(),
        Shown::Unmanaged(_) => "unmanaged: the roster does not name it".to_owned(),
    }
}

/// The full explanation: labels and texts, for the popup and for `agent explain`.
#[must_use]
pub fn explanation(row: &AgentRow, now: Timestamp) -> Vec<(String, String)> {
    let mut lines = vec![
        ("agent".to_owned(), format!("{} on {}, tenant {}, socket {}", row.name, row.host, row.tenant_id, row.socket)),
        ("readiness".to_owned(), format!("{} ({})", row.readiness.word(), row.reason)),
        ("shown as".to_owned(), shown_as(row)),
        ("rule".to_owned(), row.rule.to_owned()),
        ("would change".to_owned(), row.would_change.to_owned()),
        (
            "health".to_owned(),
            match row.health {
                crate::fleet::model::Health::Healthy => "healthy: it answered a heartbeat in time",
                crate::fleet::model::Health::Stale => "stale: its last heartbeat is too old",
                crate::fleet::model::Health::Unknown => "unknown: no heartbeat to trust",
            }
            .to_owned(),
        ),
    ];
    if let Some(usage) = &row.usage {
        // As ages, as the planes below: a time in another zone would have to be counted.
        let told = match usage.observed_at.parse::<Timestamp>() {
            Ok(at) => format!("{} ago", age::short(now.duration_since(at).try_into().unwrap_or_default())),
            Err(_) => format!("said {}", Label::new(&usage.observed_at)),
        };
        lines.push(("tokens".to_owned(), format!("{} ({told})", used(usage, false))));
    }
    if let Some(claim) = &row.claim {
        let left = age::short(Duration::from_secs_f64(claim.expires_in.abs()));
        let lease = if claim.expires_in < 0.0 { format!("expired {left} ago") } else { format!("{left} left") };
        lines.push(("card".to_owned(), format!("{} {} ({lease})", claim.card, claim.title)));
    }
    for evidence in &row.evidence {
        let age = age::short(Duration::from_secs_f64(evidence.age_seconds));
        let mark = if evidence.ok { "" } else { "not readable: " };
        lines.push((evidence.plane.word().to_owned(), format!("{mark}{} ({age} ago)", evidence.text)));
    }
    lines.extend(row.notes.iter().map(|note| ("launch".to_owned(), format!("warned: {note}"))));
    // For one that lives, the end of an earlier process explains nothing; where the
    // planes disagree, it may.
    if row.readiness == Readiness::Dead || row.has(Flag::Disagree) {
        lines.extend(last_end(row));
    }
    lines.retain(|(_, text)| !text.is_empty());
    let boot = match row.boot_enable {
        crate::fleet::model::BootEnable::Ok => "nothing to warn of",
        crate::fleet::model::BootEnable::NotEnabled => "its unit is active but not enabled: it will not come back",
        crate::fleet::model::BootEnable::LingerOff => "lingering is off: it ends with your last login",
        crate::fleet::model::BootEnable::Unknown => "unknown: no user manager was asked",
    };
    lines.push(("boot".to_owned(), boot.to_owned()));
    if !row.flags.is_empty() {
        lines.push(("flags".to_owned(), row.flags.iter().map(|flag| flag.word()).collect::<Vec<_>>().join(", ")));
    }
    lines
}
