//! The Org view without a terminal: the chart as lines, as data, and in a frame.

use serde_json::{Value, json};

use crate::app::tui::chart::{self, Holder};
use crate::app::tui::effect::Effect;
use crate::app::tui::event::Event;
use crate::app::tui::screens::org;
use crate::app::tui::state::State;
use crate::app::tui::update::update;
use crate::fleet::home::Site;
use crate::fleet::library::{self, Shelf};
use crate::fleet::model::{AgentRow, FleetSnapshot, Label, Readiness};
use crate::ui::text;

/// The chart, a line for each seat.
pub(super) fn lines(snapshot: &FleetSnapshot, width: usize) -> String {
    let seats = chart::chart(&snapshot.agents);
    let named = |seat: &chart::Seat| match &seat.holder {
        Holder::Agent(row) => format!("{}{}", seat.branch, row.shown_name()),
        Holder::Missing(name) => format!("{}{}", seat.branch, Label::new(name)),
        Holder::Circle => format!("{}in a circle", seat.branch),
    };
    let wide = seats.iter().map(|seat| text::width(&named(seat))).max().unwrap_or(0);
    fn class(row: &AgentRow) -> &str {
        row.class.as_deref().unwrap_or_default()
    }
    let classes = seats.iter().filter_map(|seat| seat.row()).map(|row| class(row).len()).max().unwrap_or(0);
    let line = |seat: &chart::Seat| {
        let told = match &seat.holder {
            Holder::Agent(row) => {
                format!("{:<9}  {:<classes$}  {}", row.shown().word(), class(row), super::reason(row))
            }
            Holder::Missing(_) => "is not in the roster, and those below report to it".to_owned(),
            Holder::Circle => "those below report to each other".to_owned(),
        };
        text::fit(format!("{}  {told}", text::column(&named(seat), wide)).trim_end(), width)
    };
    let staffed = seats.iter().filter_map(|seat| seat.row()).filter(|row| row.readiness != Readiness::Dead).count();
    let all = seats.iter().filter(|seat| seat.row().is_some()).count();
    let mut lines: Vec<String> = vec![format!("{staffed} of {all} seats staffed"), String::new()];
    lines.extend(seats.iter().map(line));
    lines.join("\n")
}

/// The chart for programs: each seat below the one that it reports to.
pub(super) fn json(snapshot: &FleetSnapshot) -> Value {
    let seats = chart::chart(&snapshot.agents);
    let seat = |seat: &chart::Seat| {
        let row = seat.row()?;
        Some(json!({
            "name": row.name, "reports_to": row.reports_to, "reports": seat.reports, "class": row.class,
            "persona": row.persona, "runtime": row.runtime, "readiness": row.readiness,
            "staffed": row.readiness != Readiness::Dead,
        }))
    };
    let missing: Vec<&str> = seats
        .iter()
        .filter_map(|seat| if let Holder::Missing(name) = &seat.holder { Some(name.as_str()) } else { None })
        .collect();
    let circles = seats.iter().filter(|seat| seat.holder == Holder::Circle).count();
    json!({ "seats": seats.iter().filter_map(seat).collect::<Vec<_>>(), "missing": missing, "circles": circles })
}

/// Turns to the view, with the persona of its seat.
pub(super) fn show(site: &Site, state: &mut State) {
    org::view(state);
    let now = state.now;
    for effect in update(state, Event::Tick(now)) {
        if let Effect::ReadPersona(name) = effect {
            let read = library::find(site, Shelf::Personas, &name).map(|found| found.text);
            update(state, Event::Persona(name, read.map_err(|failure| failure.to_string())));
        }
    }
}
