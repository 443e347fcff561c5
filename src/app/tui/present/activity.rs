//! The Activity view in words: lines, the day above them, and the plots beside them.

use std::borrow::Cow;
use std::time::Duration;

use jiff::Timestamp;

use super::event::{long, role};
use super::room::plan_for;
use crate::app::tui::filter::no_term;
use crate::app::tui::state::State;
use crate::fleet::activity::{Anchor, Door, Event, HOUR, Kind, QUARTER, cards, histogram};
use crate::fleet::model::{Label, Readiness, Shown, StripCell, age};
use crate::ui::activity::{Pages, areas};
use crate::ui::layout::{Plan, ViewKind};
use crate::ui::view::{ActivityLine, ActivityView, Bar, Body, EventLine, Glyph, Piece, Plots, Role, StripLine};

/// The terms of a filter of events.
const TERMS: [&str; 5] = ["agent:", "kind:", "who:", "door:", "state:"];

/// Cells of a strip over an hour: five minutes each.
const HOUR_CELLS: usize = 12;

/// What decides how its room is divided.
pub(in crate::app::tui) fn plan(state: &State) -> ViewKind {
    ViewKind::Activity { filter: state.is_filtered() }
}

/// Which parts of it are wanted.
fn pages(state: &State) -> Pages {
    if state.activity.plots { Pages::Plots } else { Pages::Events }
}

/// Whether events and figures stand side by side, so that there is nothing to choose.
pub(in crate::app::tui) fn shows_both(state: &State) -> bool {
    let plan = plan_for(state, plan(state));
    !areas(plan.list, plan.edges, Pages::Events).plots.is_empty()
}

/// Whether the figures stand instead of the events.
pub(super) fn shows_figures(state: &State) -> bool {
    state.activity.plots && !shows_both(state)
}

/// Rows of events on the screen.
pub(in crate::app::tui) fn rows(state: &State, plan: &Plan) -> usize {
    usize::from(areas(plan.list, plan.edges, pages(state)).events.height)
}

/// What there is to draw of it.
pub(in crate::app::tui) fn body(state: &State, plan: &Plan) -> Body {
    let areas = areas(plan.list, plan.edges, pages(state));
    let lines = lines(state, usize::from(areas.events.height));
    Body::Activity(Box::new(ActivityView {
        pages: pages(state),
        title: vec![Piece::new("Activity", Role::Strong)],
        facts: position(state),
        day: day(state, usize::from(areas.day.width)),
        day_title: day_title(state),
        day_began: state.activity.known.as_ref().map(|known| format!("{} ago", known.span.word())).unwrap_or_default(),
        empty: if lines.is_empty() { empty(state) } else { Vec::new() },
        lines,
        filter: state.is_filtered().then(|| (state.activity.filter.text.clone(), state.activity.filtering)),
        plots: (!areas.plots.is_empty()).then(|| plots(state, usize::from(areas.plots.height))),
    }))
}

/// The newest events, for where nothing is chosen among them.
pub(in crate::app::tui) fn newest(state: &State, rows: usize) -> Vec<ActivityLine> {
    let events = state.activity.recent.as_ref().map_or(&[][..], |page| &page.events);
    let from = events.len().saturating_sub(rows);
    events[from..].iter().map(|(_, event)| ActivityLine::Event(line(state, event, false))).collect()
}

/// The lines on the screen, the newest last.
fn lines(state: &State, rows: usize) -> Vec<ActivityLine> {
    let events = state.activity.events();
    let cursor = state.activity.cursor();
    // While it follows, the last lines of the page are shown, however long the page became meanwhile.
    let held = state.activity.at.is_some();
    let from = if held { state.activity.top } else { events.len().saturating_sub(rows) };
    let shown = events.iter().enumerate().skip(from).take(rows);
    // One more than fits: the band is a line that no event has.
    let mut lines: Vec<ActivityLine> = Vec::with_capacity(rows + 1);
    let band = state.activity.band;
    for (at, ((time, _), event)) in shown {
        let before = at.checked_sub(1).and_then(|before| events.get(before)).map(|((time, _), _)| *time);
        let crosses = band.is_some_and(|band| *time > band && before.is_some_and(|before| before <= band));
        if crosses {
            lines.push(ActivityLine::Band(since(state, band.unwrap_or_default())));
        }
        lines.push(ActivityLine::Event(line(state, event, cursor == Some(at))));
    }
    // The band takes a line: of those above it, or of those below when the cursor would go.
    while lines.len() > rows {
        // The cursor may not leave the screen for a line that only divides.
        let selected_first = matches!(&lines[0], ActivityLine::Event(line) if line.selected);
        if selected_first { lines.truncate(rows) } else { drop(lines.remove(0)) }
    }
    lines
}

fn since(state: &State, band: i64) -> String {
    let ago = state.now.as_millisecond().saturating_sub(band);
    format!("since you last looked, {} ago", age::coarse(Duration::from_millis(u64::try_from(ago).unwrap_or(0))))
}

fn line(state: &State, event: &Event, selected: bool) -> EventLine {
    let role = role(event);
    let glyph = match event.state.filter(|_| event.kind == Kind::Readiness) {
        Some(Readiness::Dead) if event.good.is_none() => Glyph::State(Shown::Stopped),
        Some(state) => Glyph::State(state.into()),
        None => glyph(event),
    };
    EventLine {
        selected,
        time: time(state, event.time()),
        who: Label::new(event.subject()).to_string(),
        glyph,
        role,
        kind: event.kind.word(),
        // Every command begins so, and eleven columns of each line would say nothing.
        what: event.what.strip_prefix("mosaic-tui ").unwrap_or(&event.what).to_owned(),
        outcome: Piece::new(
            Label::new(&outcome(event)).to_string(),
            if event.good == Some(false) { role } else { Role::Quiet },
        ),
    }
}

fn glyph(event: &Event) -> Glyph {
    match event.kind {
        Kind::Send | Kind::Reset | Kind::Approve => Glyph::Delivery,
        Kind::Card => Glyph::Card,
        Kind::Start => Glyph::Start,
        Kind::Exit => Glyph::End,
        Kind::Action | Kind::Readiness | Kind::Decision | Kind::Gate => Glyph::Action,
    }
}

/// The time of day; of another day its date.
fn time(state: &State, at: Timestamp) -> String {
    let (then, now) = (state.zone.to_datetime(at), state.zone.to_datetime(state.now));
    let format = if then.date() == now.date() { "%H:%M:%S" } else { "%d %b %H:%M" };
    format!("{:>8}", then.strftime(format))
}

fn outcome(event: &Event) -> String {
    let door = match event.door {
        Some(Door::Key) => " (key)",
        Some(Door::Palette) => " (palette)",
        Some(Door::Shell | Door::Keeper | Door::Observer | Door::Backlog | Door::Supervisor) | None => "",
    };
    let text = match event.kind {
        Kind::Readiness => Cow::Borrowed(event.telling_line()),
        Kind::Card => match (event.lasted, event.outcome.as_str()) {
            // A card that is done says in front what it became; how long it took is what is not there yet.
            (Some(lasted), _) => Cow::Owned(format!("after {}", long(lasted))),
            // What stands in front says all of the others.
            (None, word @ ("blocked" | "edited" | "linked" | "unlinked" | "reclaimed")) => {
                Cow::Borrowed(event.text.strip_prefix(word).unwrap_or(&event.text).trim_start_matches([':', ' ']))
            }
            (None, _) => Cow::Borrowed(""),
        },
        Kind::Action if event.good == Some(true) => Cow::Borrowed(event.outcome.as_str()),
        Kind::Start => Cow::Borrowed(event.outcome.as_str()),
        Kind::Action | Kind::Send | Kind::Reset | Kind::Approve | Kind::Decision | Kind::Exit | Kind::Gate => {
            match (event.outcome.as_str(), event.telling_line()) {
                ("", line) => Cow::Borrowed(line),
                (outcome, "") => Cow::Borrowed(outcome),
                (outcome, line) => Cow::Owned(format!("{outcome}: {line}")),
            }
        }
    };
    format!("{text}{door}")
}

/// Where the cursor is, and what has come meanwhile.
fn position(state: &State) -> Vec<Piece> {
    let page = state.activity.page.as_ref();
    let newer = page.map_or(0, |page| page.newer);
    let mut pieces = Vec::new();
    if page.is_some() && state.activity.lost.is_some() {
        // The header says why.
        pieces.push(Piece::new("old: it cannot be read now", Role::Alarm));
        return pieces;
    }
    if state.activity.at.is_some() {
        pieces.push(Piece::new("held still", Role::Strong));
        let text = match newer {
            0 => String::new(),
            // The store counts no further: the number is for a glance, and a count of all would read all.
            1000.. => "  1000+ newer (G)".to_owned(),
            count => format!("  {count} newer (G)"),
        };
        pieces.push(Piece::new(text, Role::Warning));
    } else if state.activity.anchor == Anchor::Newest {
        pieces.push(Piece::new("follows the newest", Role::Quiet));
    }
    pieces
}

/// What stands instead of events: why there are none, and how to get some.
fn empty(state: &State) -> Vec<String> {
    match (&state.activity.page, &state.activity.lost) {
        (_, Some(lost)) => vec![Label::new(&lost.whole).to_string(), "it is tried again every few seconds".to_owned()],
        (None, None) => vec!["reading what happened\u{2026}".to_owned()],
        (Some(_), None) if state.is_filtered() => {
            let none = std::iter::once("no event matches the filter".to_owned());
            let end = ["Esc clears it; ? says what it understands".to_owned()];
            none.chain(no_term(&state.activity.filter.text, &TERMS)).chain(end).collect()
        }
        (Some(_), None) => vec![
            "nothing has happened yet".to_owned(),
            "changes of readiness, deliveries, actions, cards, starts and ends will stand here".to_owned(),
            "in a shell `mosaic-tui events --follow` shows the same".to_owned(),
        ],
    }
}

/// What happened over the span, above the events, a bar for each cell.
fn day(state: &State, cells: usize) -> Vec<Bar> {
    let Some(known) = &state.activity.known else { return Vec::new() };
    if cells == 0 {
        return Vec::new();
    }
    let buckets = histogram(&known.quarters, state.now.as_millisecond(), known.span, cells);
    // Scaled to the tallest bar that is shown: a quiet night would be flat beside yesterday's storm.
    let most = buckets.iter().map(|bucket| bucket.events).max().unwrap_or(0).max(1);
    buckets
        .iter()
        .map(|bucket| Bar { height: share(i64::from(bucket.events), i64::from(most)), urgent: bucket.urgent > 0 })
        .collect()
}

/// A share in sixteenths; what is there shows.
fn share(part: i64, most: i64) -> u8 {
    if part <= 0 {
        return 0;
    }
    // Rounded up, so that one event beside a thousand is still to be seen.
    u8::try_from((part * 16 + most - 1) / most.max(1)).unwrap_or(16).clamp(1, 16)
}

fn day_title(state: &State) -> Vec<Piece> {
    let Some(known) = &state.activity.known else { return Vec::new() };
    let since = (state.now.as_millisecond() - known.span.millis()).div_euclid(QUARTER);
    let all: Vec<_> =
        known.quarters.iter().filter(|(quarter, _)| **quarter > since).map(|(_, bucket)| *bucket).collect();
    let (events, urgent) =
        all.iter().fold((0, 0), |(events, urgent), bucket| (events + bucket.events, urgent + bucket.urgent));
    let mut pieces = vec![Piece::new(format!("{events} in {}", known.span.word()), Role::Quiet)];
    if urgent > 0 {
        // In the colour of their bars, which no other word explains. They are of the past: who needs somebody now, the
        // header counts.
        let role = Role::State(Readiness::Stuck);
        pieces.push(Piece::new(format!(" \u{b7} {urgent} needed somebody"), role));
    }
    pieces
}

/// Figures over the span: cards, claims, and what each agent was.
fn plots(state: &State, rows: usize) -> Plots {
    let now = state.now.as_millisecond();
    let Some(known) = &state.activity.known else { return Plots::default() };
    let (span, cell) = (known.span.word(), known.span.cell());
    let hours = cards(&known.hours, now, known.span);
    let most = hours.iter().map(|hour| hour.done).max().unwrap_or(0);
    let done: u32 = hours.iter().map(|hour| hour.done).sum();
    let mut claims: Vec<i64> = hours.iter().flat_map(|hour| &hour.claims).copied().collect();
    claims.sort_unstable();
    let longest = hours.iter().filter_map(|hour| hour.median()).max().unwrap_or(0);
    // The median and not the mean: one claim that was forgotten for a day would hide all the others.
    let median = claims.get(claims.len().saturating_sub(1) / 2).copied();
    let agents = state.snapshot.iter().flat_map(|snapshot| &snapshot.agents).filter(|row| row.managed);
    Plots {
        began: format!("{span} ago"),
        scale: format!("{span}, {cell} a cell"),
        done: hours.iter().map(|hour| Bar { height: share(hour.done.into(), most.into()), urgent: false }).collect(),
        done_title: match done {
            0 => vec![Piece::new(format!("no card was done in {span}"), Role::Quiet)],
            _ => vec![
                Piece::new(format!("{done} done in {span}"), Role::Strong),
                Piece::new(format!("  at most {most} in {cell}"), Role::Quiet),
            ],
        },
        claims: hours
            .iter()
            .map(|hour| Bar { height: share(hour.median().unwrap_or(0), longest), urgent: false })
            .collect(),
        claims_title: match (median, claims.last()) {
            (Some(median), Some(last)) => vec![
                Piece::new(format!("median {}", long(median)), Role::Strong),
                Piece::new(format!("  longest {}", long(*last)), Role::Quiet),
            ],
            _ => vec![Piece::new("no claim was completed", Role::Quiet)],
        },
        agents: agents
            .take(rows)
            .map(|row| StripLine {
                name: row.name.to_string(),
                cells: known.seen.strip(&row.host, row.name.as_str(), now, known.span.millis(), known.span.cells()),
            })
            .collect(),
    }
}

/// The last hour of an agent, for its row in the list: the newest cell last, empty before anything is known.
pub(in crate::app::tui) fn last_hour(state: &State, host: &str, agent: &str) -> Vec<StripCell> {
    let Some(known) = &state.activity.known else { return Vec::new() };
    known.seen.strip(host, agent, state.now.as_millisecond(), HOUR, HOUR_CELLS)
}
