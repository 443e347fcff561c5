//! One event in words, whole.

use crate::app::tui::state::State;
use crate::app::tui::state::screen::Overlay;
use crate::fleet::activity::{Door, Event, Kind};
use crate::fleet::model::{Label, Readiness, age};
use crate::ui::view::{Fit, Piece, Popup, Role};

/// The popup of an open event.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Event(open)) = &state.overlay else { return None };
    let event = &open.event;
    let mut lines: Vec<Vec<Piece>> = facts(event, &state.zone)
        .into_iter()
        // An event has some of these only, and an empty line would ask what is missing.
        .filter(|(_, text)| !text.is_empty())
        .map(|(label, text)| vec![Piece::new(label, Role::Quiet).fitted(Fit::Label), Piece::new(text, Role::Plain)])
        .collect();
    if !event.text.trim().is_empty() {
        lines.push(Vec::new());
        lines.extend(event.text.lines().map(|line| vec![Piece::new(line.replace('\t', "    "), Role::Plain)]));
    }
    let mut hint = super::pressed(&[("Esc", "closes")]);
    if event.agent.is_some() {
        hint.extend(super::pressed(&[("o", "goes to its agent")]));
    }
    hint.push((String::new(), format!("the same: {}mosaic-tui events --json", state.prefix)));
    Some(Popup {
        title: format!("{} {}", event.kind.word(), Label::new(event.subject())),
        lines,
        scroll: open.scroll,
        marked: None,
        least: (0, 0),
        buttons: None,
        hint,
    })
}

/// What is known of it, each with its label.
fn facts(event: &Event, zone: &jiff::tz::TimeZone) -> Vec<(String, String)> {
    let zoned = event.time().to_zoned(zone.clone());
    let mut facts = vec![
        ("when".to_owned(), zoned.strftime("%A %Y-%m-%d %H:%M:%S%.3f %Z").to_string()),
        ("what".to_owned(), event.what.clone()),
        ("outcome".to_owned(), outcome(event)),
        ("agent".to_owned(), event.agent.clone().unwrap_or_default()),
        ("card".to_owned(), event.card.clone().unwrap_or_default()),
        ("who".to_owned(), format!("{}{}", event.who, event.door.map_or(String::new(), by))),
        ("took".to_owned(), event.lasted.map(long).unwrap_or_default()),
        ("host".to_owned(), format!("{} on {}", event.tenant_id, event.host)),
    ];
    // What its kind adds, by the names that programs know it by.
    let shown = ["from", "code", "delivery", "reason"];
    for (name, value) in event.detail.iter().filter(|(name, _)| !shown.contains(&name.as_str())) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if text != "null" {
            facts.push((Label::new(name).to_string(), Label::new(&text).to_string()));
        }
    }
    facts
}

fn outcome(event: &Event) -> String {
    match (event.kind, event.state) {
        (Kind::Readiness, Some(state)) => state.word().to_owned(),
        _ => event.outcome.clone(),
    }
}

fn by(door: Door) -> String {
    match door {
        Door::Key => ", by key".to_owned(),
        Door::Palette => ", by the palette".to_owned(),
        Door::Shell => ", by a command".to_owned(),
        Door::Keeper => ", told by its keeper".to_owned(),
        Door::Observer => ", seen in all planes".to_owned(),
        Door::Backlog => ", told by the backlog".to_owned(),
        Door::Supervisor => ", decided by the supervisor".to_owned(),
    }
}

/// A duration, to the part of a second where it is short.
pub(in crate::app::tui) fn long(milliseconds: i64) -> String {
    if milliseconds < 10_000 {
        return format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100);
    }
    age::short(std::time::Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0)))
}

/// The role of a line: what somebody had to see to stands out.
pub(in crate::app::tui) fn role(event: &Event) -> Role {
    match (event.state, event.good) {
        // Down without a fault: as somebody wanted it.
        (Some(Readiness::Dead), None) => Role::Quiet,
        (Some(state), _) => Role::State(state),
        (None, Some(false)) => Role::State(Readiness::Dead),
        (None, Some(true)) => Role::Good,
        (None, None) => Role::Plain,
    }
}
