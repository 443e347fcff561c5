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
pub(in crate::app::tui) mod pane;
pub(in crate::app::tui) mod prompt;
pub(in crate::app::tui) mod question;
mod room;
pub(in crate::app::tui) mod running;
pub(in crate::app::tui) mod settings;
pub(in crate::app::tui) mod sheet;
pub(in crate::app::tui) mod typed;
pub(in crate::app::tui) mod wall;
pub(in crate::app::tui) mod watch;

pub use detail::explanation;

use self::room::plan_for;

use std::time::Duration;

use super::state::State;
use crate::app::action::ScreenAction;
use crate::app::action::registry::{ActionSpec, Build, Place};
use crate::app::tui::state::screen::{Overlay, Screen};
use crate::fleet::model::{
    FleetSnapshot, Label, Pause, Plane, PlaneState, Readiness, Shown, Size, Warning, age, looks_at_rest,
};
use crate::ui::grid::Grid;
use crate::ui::layout::{Plan, ViewKind};
use crate::ui::text;
use crate::ui::theme::{glyph, role};
use crate::ui::view::{Body, Header, Piece, Popup, Role, Tab, View};

/// By so many looks more than a fleet at rest is left alone for is the observer held up.
const LATE_LOOKS: u32 = 3;

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
    /// Rows of events on the screen.
    pub activity_rows: usize,
    /// Whether what happened last has room below the list of agents, or would have if anything were known of it.
    pub may_tell_recent: bool,
    /// Whether the terminal shows nothing of the view.
    pub too_small: bool,
}

/// The room that the state's view has on its terminal.
#[must_use]
pub fn layout_of(state: &State) -> Room {
    let kind = kind_of(state);
    let plan = plan_for(state, kind);
    Room {
        list_rows: plan.list_lines(),
        pane: Size { width: plan.pane.width, height: plan.pane.height },
        shows_pane: !plan.pane.is_empty(),
        grid: plan.grid,
        activity_rows: if state.screen == Screen::Activity { activity::rows(state, &plan) } else { 0 },
        may_tell_recent: match kind {
            ViewKind::Fleet { lines, filter, facts, open, .. } if state.screen == Screen::Fleet => {
                !plan_for(state, ViewKind::Fleet { lines, filter, facts, recent: true, open }).recent_frame.is_empty()
            }
            _ => false,
        },
        too_small: plan.too_small,
    }
}

/// What decides how the room of the state's view is divided.
fn kind_of(state: &State) -> ViewKind {
    match state.screen {
        Screen::Fleet => fleet::plan(state),
        Screen::Wall => wall::plan(state),
        Screen::Watch => watch::plan(state),
        Screen::Board => board::plan(state),
        Screen::Card => card::plan(state),
        Screen::Goals => goals::plan(state),
        Screen::Activity => activity::plan(state),
        Screen::Diff => diff::plan(state),
        Screen::Org => org::plan(state),
    }
}

/// What there is to draw of the view.
fn body(state: &State, plan: &Plan) -> Body {
    match state.screen {
        Screen::Fleet => fleet::body(state, plan),
        Screen::Wall => wall::body(state, plan),
        Screen::Watch => watch::body(state, plan),
        Screen::Board => board::body(state, plan),
        Screen::Card => card::body(state, plan),
        Screen::Goals => goals::body(state, plan),
        Screen::Activity => activity::body(state, plan),
        Screen::Diff => diff::body(state, plan),
        Screen::Org => org::body(state, plan),
    }
}

/// What there is to draw of a popup.
fn popup(state: &State, open: &Overlay) -> Option<Popup> {
    match open {
        Overlay::Help(_) => help::popup(state),
        Overlay::Explain(_) => explain::popup(state),
        Overlay::Escalations(_) => escalations::popup(state),
        Overlay::Event(_) => event::popup(state),
        Overlay::Confirm(_) => confirm::popup(state),
        Overlay::Form(_) => form::popup(state),
        Overlay::Prompt(_) => prompt::popup(state),
        Overlay::Question(_) => question::popup(state),
        Overlay::Sheet(_) => sheet::popup(state),
        Overlay::Menu(_) => menu::popup(state),
        Overlay::Palette(_) => palette::popup(state),
        Overlay::Copy(_) => copy::popup(state),
        Overlay::Settings(_) => settings::popup(state),
        Overlay::Answer(_) => answer::popup(state),
        Overlay::Running(_) => running::popup(state),
    }
}

/// Turns the state into a view.
#[must_use]
pub fn present(state: &State) -> View {
    let kind = kind_of(state);
    let plan = plan_for(state, kind);
    View {
        kind,
        header: header(state),
        body: body(state, &plan),
        tabs: tabs(state),
        footer: footer(state, &plan),
        message: state
            .toast
            .as_ref()
            .map(|toast| Piece::new(toast.text.clone(), if toast.failed { Role::Warning } else { Role::Good })),
        overlay: state.overlay.as_ref().and_then(|overlay| popup(state, overlay)),
    }
}

fn clock(state: &State) -> String {
    state.zone.to_datetime(state.now).strftime("%H:%M").to_string()
}

/// The states that are counted: those who need the operator are counted already, and stand on top of the list.
const IN_HEADER: [Shown; 7] = [
    Shown::Is(Readiness::Working),
    Shown::Is(Readiness::Available),
    Shown::Is(Readiness::Stuck),
    Shown::Is(Readiness::Dead),
    Shown::Is(Readiness::Stale),
    Shown::Is(Readiness::Unknown),
    Shown::Stopped,
];

/// Columns of the header that are not the counts': the clock, and blanks around both.
const AROUND_COUNTS: usize = 10;

/// Counts first: who needs the operator is the question of every look.
fn header(state: &State) -> Header {
    let clock = clock(state);
    let Some(snapshot) = &state.snapshot else {
        let counts = vec![Piece::new("looking at the fleet", Role::Strong)];
        return Header { counts, clock, ..Header::default() };
    };
    // What cannot be read is told whole where there is room, else by its cause: a path would push that off the screen.
    let first = |whole: bool| -> Vec<Piece> {
        let mut told: Vec<Piece> = snapshot.paused.iter().map(banner).collect();
        if state.is_read_only() {
            told.push(Piece::new("READ-ONLY  ", Role::Accent));
        }
        told.extend(needing(state, snapshot));
        told.extend(escalations::count(snapshot));
        if let Some(lost) = &state.settings_lost {
            let words = match hints(state, &["app.settings"]).first() {
                Some((key, _)) => format!("   {lost} is wrong ({key} shows it)"),
                None => format!("   {lost} is wrong"),
            };
            told.push(Piece::new(words, Role::Warning));
        }
        told.extend(board::trouble(state, whole));
        if let Some(lost) = &state.activity.lost {
            let words = if whole { lost.whole.clone() } else { format!("history: {}", lost.why) };
            told.push(Piece::new(format!("   {}", Label::new(&words)), Role::Alarm));
        }
        told
    };
    // These two hide agents; what another plane lacks only makes less certain what is known of them.
    let unlooked = snapshot.warnings.iter().any(Warning::leaves_no_roster);
    // Without a roster nothing was looked at, so nothing failed either.
    let hides = |plane: &&PlaneState| matches!(plane.plane, Plane::Tmux | Plane::Ssh) && !plane.ok && !unlooked;
    let alarms = |whole: bool| {
        snapshot.planes.iter().filter(hides).map(move |plane| match whole {
            true => Piece::new(format!("   {}: {}", plane.plane.word(), plane.text), Role::Alarm),
            false => Piece::new(format!("   {} fails", plane.plane.word()), Role::Alarm),
        })
    };
    let states: Vec<(Shown, usize)> =
        IN_HEADER.iter().map(|shown| (*shown, snapshot.count(*shown))).filter(|(_, count)| *count > 0).collect();
    let words = states
        .iter()
        .map(|(shown, count)| Piece::new(format!("   {} {count} {}", glyph(*shown), shown.word()), role(*shown)));
    // The list below has the words to the glyphs.
    let glyphs = states.iter().map(|(shown, count)| Piece::new(format!("  {} {count}", glyph(*shown)), role(*shown)));
    let refresh = state.settings.refresh;
    let most = refresh * (looks_at_rest(refresh) + LATE_LOOKS);
    let old = state.data_age().filter(|age| *age >= most);
    let old = old.map(|age| Piece::new(format!("   data {} old", age::short(age)), Role::Alarm));
    // The first of them only: the header is one line. One that stands all day costs no other word its room.
    let warning = snapshot.warnings.iter().find(|warning| !warning.leaves_no_roster());
    let warned = |whole: bool| {
        warning.map(|warning| match (warning.stands() && !whole, snapshot.warnings.len()) {
            (false, _) => Piece::new(format!("   {}", warning.label()), Role::Warning),
            (true, 1) => Piece::new("   1 warning", Role::Warning),
            (true, count) => Piece::new(format!("   {count} warnings"), Role::Warning),
        })
    };
    // What alarms stands in each of them: a narrow terminal must not hide it. The warning is cut short first, then what
    // cannot be read, then the words of the states, and at last what hides agents.
    let form = |cuts: u8| -> Vec<Piece> {
        let states: Vec<Piece> = if cuts < 3 { words.clone().collect() } else { glyphs.clone().collect() };
        let first = first(cuts < 2).into_iter().chain(alarms(cuts < 4));
        first.chain(states).chain(old.clone()).chain(warned(cuts < 1)).collect()
    };
    let counts = form(0);
    // Made only where they may be needed: most frames show the first, and each piece of another is a text.
    let wide: usize = counts.iter().map(|piece| text::width(&piece.text)).sum();
    let shorter =
        if wide + AROUND_COUNTS <= usize::from(state.size.width) { Vec::new() } else { (1..=4).map(form).collect() };
    let demo = if state.demo { "demo " } else { "" };
    let mut place = vec![
        Piece::new(format!("{demo}{}@{}", snapshot.tenant_id, snapshot.host), Role::Plain),
        Piece::new(format!("  socket {} ({})", snapshot.socket, snapshot.supervisor), Role::Quiet),
    ];
    if snapshot.supervision.pid.is_some() {
        place.push(Piece::new("  cards are given out", Role::Quiet));
    }
    if let Some(plane) = snapshot.planes.iter().find(|plane| plane.plane == Plane::Systemd && !plane.ok) {
        place.push(Piece::new(format!("  systemd: {}", plane.text), Role::Quiet));
    }
    Header { counts, shorter, place, clock }
}

/// The pause, in front of everything else.
fn banner(pause: &Pause) -> Piece {
    Piece::new(format!("PAUSED {}   ", pause.details()), Role::Alarm)
}

/// That there is no roster yet, and the key that makes one; where no key does, the command.
fn no_roster(state: &State) -> String {
    match hints(state, &["fleet.first"]).first() {
        Some((key, _)) => format!("there is no roster yet: {key} makes a first fleet"),
        None => Warning::NoRoster.to_string(),
    }
}

fn needing(state: &State, snapshot: &FleetSnapshot) -> Vec<Piece> {
    // Without a roster that can be read it is not known who needs anybody.
    match snapshot.warnings.iter().find(|warning| warning.leaves_no_roster()) {
        Some(Warning::NoRoster) => return vec![Piece::new(no_roster(state), Role::Strong)],
        Some(unused) => return vec![Piece::new(unused.label().to_string(), Role::Alarm)],
        None => {}
    }
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
    // It shows one agent and has no other view to go to.
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

/// Turns while something runs: four frames, each of which has the width of the others.
const SPINNER: [&str; 4] = ["\u{25d0}", "\u{25d3}", "\u{25d1}", "\u{25d2}"];

/// How long a frame of it stands.
pub(in crate::app) const TURN: Duration = Duration::from_millis(250);

/// The frame of this moment.
fn spinner(state: &State) -> &'static str {
    // By the clock and not by frames: how often is drawn depends on what happens.
    let turns = state.now.as_millisecond().div_euclid(i64::try_from(TURN.as_millis()).unwrap_or(1));
    SPINNER[usize::try_from(turns.rem_euclid(4)).unwrap_or(0)]
}

/// Keys of a popup with their meaning, for its edge.
fn pressed(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(key, meaning)| ((*key).to_owned(), (*meaning).to_owned())).collect()
}

/// The keys of these actions that work here, with their meaning.
fn hints(state: &State, ids: &[&str]) -> Vec<(String, String)> {
    let at = state.standing();
    let here = |id: &&str| {
        let spec = state.keys.in_place(&at).find(|spec| spec.id == *id)?;
        Some((state.keys.first(spec, &at)?, spec.title.to_owned()))
    };
    ids.iter().filter_map(here).collect()
}

fn footer(state: &State, plan: &Plan) -> Vec<(String, String)> {
    let hint = |key: &str, meaning: &str| (key.to_owned(), meaning.to_owned());
    if state.is_filtering() {
        return vec![hint("Enter", "keeps the filter"), hint("Esc", "clears it")];
    }
    let at = state.standing();
    let place = at.place;
    let in_edge = match state.screen {
        Screen::Fleet if fleet::has_edge(plan) => fleet::ON_THE_SELECTED,
        Screen::Board if board::has_edge(plan) => board::ON_THE_CARD,
        Screen::Fleet
        | Screen::Board
        | Screen::Wall
        | Screen::Watch
        | Screen::Card
        | Screen::Goals
        | Screen::Activity
        | Screen::Diff
        | Screen::Org => &[],
    };
    let mut specs: Vec<&ActionSpec> = state
        .keys
        .in_place(&at)
        .filter(|spec| spec.footer && !matches!(spec.id, "app.help" | "app.back"))
        // The way to where one is already, and what is done elsewhere, waste the room.
        .filter(|spec| {
            !matches!(place, Place::Board | Place::Diff) || !matches!(spec.id, "view.board" | "attention.next")
        })
        .filter(|spec| place != Place::Activity || spec.id != "view.activity")
        .filter(|spec| state.screen != Screen::Card || spec.id != "card.open")
        // What stands in the edge of its panel needs no second place.
        .filter(|spec| !in_edge.contains(&spec.id))
        .collect();
    // What is pressed most stands first, where no narrow screen cuts it off: look, answer, write, the next.
    let first =
        ["agent.watch", "card.open", "event.open", "goals.cards", "agent.answer", "agent.message", "attention.next"];
    // Over the figures there are no events to open or to filter; what changes them comes first.
    let over_figures = state.screen == Screen::Activity && activity::shows_figures(state);
    if over_figures {
        specs.retain(|spec| !matches!(spec.id, "event.open" | "activity.filter"));
    }
    let first = if over_figures { &["activity.span", "activity.plots"][..] } else { &first[..] };
    specs.sort_by_key(|spec| first.iter().position(|known| *known == spec.id).unwrap_or(first.len()));
    let key = |spec: &ActionSpec| state.keys.first(spec, &at);
    let title = |spec: &ActionSpec| if over_figures && spec.id == "activity.plots" { "list" } else { spec.title };
    let mut hints: Vec<(String, String)> =
        specs.into_iter().filter_map(|spec| Some((key(spec)?, title(spec).to_owned()))).collect();
    // The last two are always shown: how to learn more, and the way out.
    let always = [("app.help", "help"), ("app.back", if state.has_layers() { "back" } else { "quit" })];
    let always = always.iter().filter_map(|(id, word)| {
        let spec = state.keys.in_place(&at).find(|spec| spec.id == *id)?;
        Some(hint(&key(spec)?, word))
    });
    // What runs stands in front of all that could be done meanwhile.
    if let Some(running) = running::in_short(state) {
        let spec = state.keys.in_place(&at).find(|spec| spec.id == "app.running");
        hints.insert(0, hint(&spec.and_then(key).unwrap_or_default(), &running));
    }
    hints.extend(always);
    hints
}

#[cfg(test)]
mod tests;
