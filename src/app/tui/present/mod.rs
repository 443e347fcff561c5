//! From the state to what there is to draw. Pure, and the same for the screen and for `--once`. What a view or a popup
//! shows is in the module of its name; here is what stands around them.

pub(in crate::app::tui) mod activity;
pub(in crate::app::tui) mod answer;
pub(in crate::app::tui) mod board;
pub(in crate::app::tui) mod card;
pub(in crate::app::tui) mod confirm;
pub(in crate::app::tui) mod copy;
#[cfg(test)]
mod cost;
mod dag;
mod detail;
pub(in crate::app::tui) mod diff;
pub(in crate::app::tui) mod escalations;
pub(in crate::app::tui) mod event;
pub(in crate::app::tui) mod explain;
pub(in crate::app::tui) mod fleet;
pub(in crate::app::tui) mod form;
pub(in crate::app::tui) mod goals;
pub(in crate::app::tui) mod help;
pub(in crate::app::tui) mod menu;
pub(in crate::app::tui) mod org;
pub(in crate::app::tui) mod palette;
pub(in crate::app::tui) mod prompt;
pub(in crate::app::tui) mod question;
pub(in crate::app::tui) mod settings;
pub(in crate::app::tui) mod sheet;
mod typed;
pub(in crate::app::tui) mod wall;
pub(in crate::app::tui) mod watch;

pub use detail::explanation;

use std::time::Duration;

use super::screens::Screen;
use super::state::State;
use crate::app::action::ScreenAction;
use crate::app::action::registry::{ActionSpec, Build, Place};
use crate::fleet::model::{
    AgentRow, FleetSnapshot, Label, PaneFacts, PaneScreen, Pause, Plane, Readiness, Size, age, first_row_that_matters,
};
use crate::ui::grid::Grid;
use crate::ui::layout::{self, Plan};
use crate::ui::theme::glyph;
use crate::ui::view::{Header, PaneCut, Piece, Role, Tab, View};

/// The observer publishes each second; older than this means that it is held up.
const OLD_DATA: Duration = Duration::from_secs(4);

/// Sizes that decisions outside of drawing rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Lines of the list on the screen.
    pub list_rows: usize,
    /// Room for the pane's cells.
    pub pane: Size,
    /// Whether there is any.
    pub shows_pane: bool,
    /// How the tiles of the wall stand.
    pub grid: Grid,
    /// Cards of a column on the screen.
    pub board_page: u64,
    /// Rows of events on the screen.
    pub activity_rows: usize,
    /// Whether the terminal shows nothing of the view.
    pub too_small: bool,
}

/// The room that the state's view has on its terminal.
#[must_use]
pub fn layout_of(state: &State) -> Room {
    let plan = plan_of(state);
    Room {
        list_rows: plan.list_lines(),
        pane: Size { width: plan.pane.width, height: plan.pane.height },
        shows_pane: !plan.pane.is_empty(),
        grid: plan.grid,
        board_page: u64::from(plan.board_page()),
        activity_rows: if state.screen == Screen::Activity { activity::rows(state, &plan) } else { 0 },
        too_small: plan.too_small,
    }
}

fn plan_of(state: &State) -> Plan {
    layout::plan(state.size.width, state.size.height, (state.screen.parts().plan)(state))
}

/// Turns the state into a view.
#[must_use]
pub fn present(state: &State) -> View {
    View {
        header: header(state),
        body: (state.screen.parts().draw)(state, &plan_of(state)),
        tabs: tabs(state),
        footer: footer(state),
        message: state
            .toast
            .as_ref()
            .map(|toast| Piece::new(toast.text.clone(), if toast.failed { Role::Warning } else { Role::Good })),
        overlay: state.overlay.as_ref().and_then(|overlay| (overlay.parts().draw)(state)),
    }
}

fn clock(state: &State) -> String {
    state.now.to_zoned(jiff::tz::TimeZone::system()).strftime("%H:%M").to_string()
}

/// Counts first: who needs the operator is the question of every look.
fn header(state: &State) -> Header {
    let clock = clock(state);
    let Some(snapshot) = &state.snapshot else {
        return Header { counts: vec![Piece::new("looking at the fleet", Role::Strong)], place: Vec::new(), clock };
    };
    let mut counts: Vec<Piece> = snapshot.paused.iter().map(banner).collect();
    if state.is_read_only() {
        counts.push(Piece::new("READ-ONLY  ", Role::Accent));
    }
    counts.extend(needing(snapshot));
    counts.extend(escalations::count(snapshot));
    if let Some(place) = &state.settings_lost {
        counts.push(Piece::new(format!("   {place}"), Role::Warning));
    }
    counts.extend(board::trouble(state));
    if let Some(why) = &state.activity.lost {
        counts.push(Piece::new(format!("   {}", Label::new(why)), Role::Alarm));
    }
    for plane in &snapshot.planes {
        if matches!(plane.plane, Plane::Tmux | Plane::Ssh) && !plane.ok {
            counts.push(Piece::new(format!("   {}: {}", plane.plane.word(), plane.text), Role::Alarm));
        }
    }
    // Those who need the operator are counted already, and stand on top of the list.
    for readiness in [
        Readiness::Working,
        Readiness::Available,
        Readiness::Stuck,
        Readiness::Dead,
        Readiness::Stale,
        Readiness::Unknown,
    ] {
        let count = snapshot.count(readiness);
        if count > 0 {
            let text = format!("   {} {count} {}", glyph(readiness), readiness.word());
            counts.push(Piece::new(text, Role::State(readiness)));
        }
    }
    if let Some(age) = state.data_age().filter(|age| *age >= OLD_DATA) {
        counts.push(Piece::new(format!("   data {} old", age::short(age)), Role::Alarm));
    }
    if let Some(warning) = snapshot.warnings.first() {
        counts.push(Piece::new(format!("   {}", warning.label()), Role::Warning));
    }
    let demo = if state.demo { "demo " } else { "" };
    let mut place = vec![
        Piece::new(format!("{demo}{}@{}", snapshot.tenant_id, snapshot.host), Role::Plain),
        Piece::new(format!("  socket {} ({})", snapshot.socket, snapshot.supervisor), Role::Quiet),
    ];
    if let Some(plane) = snapshot.planes.iter().find(|plane| plane.plane == Plane::Systemd && !plane.ok) {
        place.push(Piece::new(format!("  systemd: {}", plane.text), Role::Quiet));
    }
    Header { counts, place, clock }
}

/// The pause, in front of everything else.
fn banner(pause: &Pause) -> Piece {
    let words = pause.words();
    let rest = words.strip_prefix("paused").unwrap_or(&words);
    Piece::new(format!("PAUSED{rest}   "), Role::Alarm)
}

fn needing(snapshot: &FleetSnapshot) -> Vec<Piece> {
    match snapshot.needing().count() {
        0 => vec![Piece::new("nobody needs you", Role::Good)],
        1 => vec![Piece::new("\u{25b2} 1 needs you", Role::Alarm)],
        count => vec![Piece::new(format!("\u{25b2} {count} need you"), Role::Alarm)],
    }
}

/// What shows each view, in the order of their keys.
pub(in crate::app::tui) const VIEWS_IN_ORDER: [ScreenAction; 5] = [
    ScreenAction::ViewFleet,
    ScreenAction::ViewWall,
    ScreenAction::ViewBoard,
    ScreenAction::ViewActivity,
    ScreenAction::ViewOrg,
];

/// The views, in the order of their keys.
fn tabs(state: &State) -> Vec<Tab> {
    if state.watch_only {
        return Vec::new();
    }
    let here = match state.screen {
        Screen::Fleet | Screen::Watch | Screen::Diff => ScreenAction::ViewFleet,
        Screen::Wall => ScreenAction::ViewWall,
        Screen::Board | Screen::Card | Screen::Goals => ScreenAction::ViewBoard,
        Screen::Activity => ScreenAction::ViewActivity,
        Screen::Org => ScreenAction::ViewOrg,
    };
    let at = state.standing();
    let named = |view: ScreenAction| {
        let spec =
            state.keys.in_place(&at).find(|spec| matches!(spec.build, Build::Screen(action) if action == view))?;
        let key = state.keys.first(spec, &at)?;
        Some(Tab { key, name: spec.title, current: view == here })
    };
    VIEWS_IN_ORDER.into_iter().filter_map(named).collect()
}

fn footer(state: &State) -> Vec<(String, String)> {
    let hint = |key: &str, meaning: &str| (key.to_owned(), meaning.to_owned());
    if state.is_filtering() {
        return vec![hint("Enter", "keeps the filter"), hint("Esc", "clears it")];
    }
    let at = state.standing();
    let place = at.place;
    let mut specs: Vec<&ActionSpec> = state
        .keys
        .in_place(&at)
        .filter(|spec| spec.footer && !matches!(spec.id, "app.help" | "app.back"))
        // The way to where one is already, and what is done elsewhere, waste the room.
        .filter(|spec| {
            !matches!(place, Place::Board | Place::Diff) || !matches!(spec.id, "view.board" | "attention.next")
        })
        .filter(|spec| place != Place::Activity || spec.id != "view.activity")
        .collect();
    // What is pressed most stands first, where no narrow screen cuts it off: look, answer, write, the next.
    let first = ["agent.watch", "card.open", "event.open", "agent.answer", "agent.message", "attention.next"];
    specs.sort_by_key(|spec| first.iter().position(|known| *known == spec.id).unwrap_or(first.len()));
    let key = |spec: &ActionSpec| state.keys.first(spec, &at);
    let mut hints: Vec<(String, String)> =
        specs.into_iter().filter_map(|spec| Some((key(spec)?, spec.title.to_owned()))).collect();
    // The last two are always shown: how to learn more, and the way out.
    let always = [("app.help", "help"), ("app.back", if state.has_layers() { "back" } else { "quit" })];
    let always = always.iter().filter_map(|(id, word)| {
        let spec = state.keys.in_place(&at).find(|spec| spec.id == *id)?;
        Some(hint(&key(spec)?, word))
    });
    // What runs stands in front of all that could be done meanwhile.
    if let Some(first) = state.running.first() {
        let words = first.command.split_whitespace().skip_while(|word| !word.ends_with("mosaic-tui")).skip(1);
        let first: Vec<&str> = words.take(3).collect();
        let more = state.running.len() - 1;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        hints.insert(0, hint("\u{25b8}", &format!("{}{more}", Label::new(&first.join(" ")))));
    }
    hints.extend(always);
    hints
}

/// Corner of a pane's cut-out: where the operator panned to, else the lines that matter: the
/// cursor's, or the last that hold anything.
#[must_use]
pub fn anchor(screen: &PaneScreen, room: Size, pan: Option<(u16, u16)>, dead: bool) -> (u16, u16) {
    let most = (screen.size.width.saturating_sub(room.width), screen.size.height.saturating_sub(room.height));
    if let Some((column, row)) = pan {
        return (column.min(most.0), row.min(most.1));
    }
    // tmux writes its own notice into the last line of a dead pane; what the program said matters.
    let lines = screen.size.height.saturating_sub(u16::from(dead));
    let last_line = (0..lines).rev().find(|row| !screen.row_text(*row).is_empty()).unwrap_or(0);
    let cursor = screen.cursor.filter(|_| !dead).map(|(_, row)| row);
    (0, first_row_that_matters(screen.size.height, last_line, cursor, room.height))
}

fn pane_cut(state: &State) -> PaneCut {
    let mut title = Vec::new();
    let mut note = None;
    match state.selected_row() {
        None => {}
        Some(row) => {
            if let Some(pane) = &row.pane {
                title.push(Piece::new(format!("pane {} {}x{}", pane.id, pane.width, pane.height), Role::Quiet));
                title.push(Piece::new(format!("  {}", pane.title), Role::Plain));
            }
            note = pane_note(state, row);
        }
    }
    let room = layout_of(state).pane;
    let screen = state.pane.screen.clone();
    let origin = screen.as_ref().map_or((0, 0), |screen| anchor(screen, room, state.pane.pan, is_dead(state)));
    let facts = vec![Piece::new("read-only", Role::Quiet)];
    PaneCut { title, facts, screen, origin, note }
}

/// Whether the selected agent's pane outlived its process.
#[must_use]
pub fn is_dead(state: &State) -> bool {
    state.selected_row().and_then(|row| row.pane.as_ref()).is_some_and(|pane| pane.dead)
}

/// How the process of a dead pane ended.
fn end_of(pane: &PaneFacts) -> String {
    match (&pane.exit_signal, pane.exit_status) {
        (Some(signal), _) => format!("dead: killed by {signal}"),
        (None, Some(status)) => format!("dead: exit status {status}"),
        (None, None) => "dead".to_owned(),
    }
}

/// What is said over, or instead of, a pane's cells.
fn pane_note(state: &State, row: &AgentRow) -> Option<String> {
    match (&row.pane, &state.pane.lost) {
        (None, _) => Some(format!("no pane: {}", row.reason)),
        (Some(pane), _) if pane.dead => Some(end_of(pane)),
        (_, Some(why)) => Some(why.clone()),
        (Some(_), None) if state.pane.screen.is_none() => Some("opening\u{2026}".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
