//! The Fleet view: list, facts and pane.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use super::events::events;
use super::list::{empty, filter, select};
use super::strip::{output_cell, strip_cell};
use crate::backlog::model::Column;
use crate::fleet::model::age::Coarse;
use crate::fleet::model::{Readiness, Shown};
use crate::ui::canvas::{Brief, Panel, Pen, divider, pane, panel, pieces, put, width_of};
use crate::ui::columns::{self, By, Columns};
use crate::ui::facts::{label_columns, told};
use crate::ui::layout::{Edges, Plan};
use crate::ui::text;
use crate::ui::theme::{Theme, role};
use crate::ui::view::{FactLine, FleetView, Header, ListRow, PaneCut, Piece, Role};

/// Draws the Fleet view.
pub(crate) fn draw(buffer: &mut Buffer, plan: &Plan, view: &FleetView, theme: Theme) {
    filter(buffer, plan.filter, view.filter.as_ref(), theme);
    let stacked = plan.is_stacked();
    // The lower edge of a list that stands above the detail is the detail's upper one.
    let (facts, foot) = if stacked { (&view.position, &[][..]) } else { (&view.count, view.position.as_slice()) };
    let title = [Piece::new("Fleet", Role::Strong), Piece::new(ordered(view.by), Role::Quiet)];
    let list_panel = Panel { title: &title, facts, foot, focused: true, reach: view.reach, ..Panel::default() };
    panel(buffer, plan.list_frame, plan.edges, &list_panel, theme);
    list(buffer, plan.list, view, theme);
    if !plan.recent_frame.is_empty() {
        let title = [Piece::new("Activity", Role::Strong)];
        let facts = [Piece::new("newest last", Role::Quiet)];
        panel(
            buffer,
            plan.recent_frame,
            plan.edges,
            &Panel { title: &title, facts: &facts, ..Panel::default() },
            theme,
        );
        events(buffer, plan.recent, &view.recent, theme);
    }
    if plan.detail_frame.is_empty() {
        return;
    }
    let (title, state): (&[Piece], &[Piece]) =
        view.facts.as_ref().map_or((&[], &[]), |facts| (&facts.title, &facts.state));
    let joined = stacked && plan.edges == Edges::Full;
    let foot = view.facts.as_ref().map_or(&[][..], |facts| &facts.foot);
    let detail = Panel { title, facts: state, foot, keys: &view.keys, joined, ..Panel::default() };
    panel(buffer, plan.detail_frame, plan.edges, &detail, theme);
    if plan.edges == Edges::None && !plan.facts.is_empty() {
        pieces(buffer, plan.facts, plan.facts.y, title, theme);
    }
    facts_lines(buffer, plan.facts, view, theme);
    if !plan.pane_title.is_empty() {
        let pane_panel = Panel { title: &view.pane.title, facts: &view.pane.facts, ..Panel::default() };
        divider(buffer, plan.detail_frame, plan.pane_title.y, plan.edges, &pane_panel, theme);
    }
    pane_cut(buffer, plan, &view.pane, theme);
}

/// Draws the cells and the note of a pane.
pub(super) fn pane_cut(buffer: &mut Buffer, plan: &Plan, cut: &PaneCut, theme: Theme) {
    pane(buffer, plan.pane, cut, theme);
    note(buffer, plan.pane, cut, theme);
}

/// Draws what is said over a pane's cells, or instead of them.
pub(super) fn note(buffer: &mut Buffer, area: Rect, cut: &PaneCut, theme: Theme) {
    let Some(note) = &cut.note else { return };
    if area.is_empty() {
        return;
    }
    let over_cells = cut.screen.is_some();
    let y = if over_cells { area.bottom() - 1 } else { area.y + area.height / 2 };
    let room = usize::from(area.width);
    let wide = text::width_within(&theme.text(&note.text), room).map_or(room, |wide| room.min(wide + 2));
    let x = area.x + (area.width - u16::try_from(wide).unwrap_or(area.width)) / 2;
    let style = theme.style(note.role);
    // Else it reads as if the pane said it.
    let style = if over_cells { style.add_modifier(Modifier::REVERSED) } else { style };
    let mut pen = Pen::new(buffer, area, y, theme);
    pen.x = x;
    pen.put_fitted(&[" ", &note.text, " "], room, style);
}

fn list(buffer: &mut Buffer, area: Rect, view: &FleetView, theme: Theme) {
    if area.is_empty() {
        return;
    }
    if view.rows.is_empty() {
        return empty(buffer, area, &view.empty, theme);
    }
    title(buffer, area, (view.columns, view.by), theme);
    let mut y = area.y + 1;
    for row in &view.rows {
        // The last row in view may have fewer lines left than it takes.
        let height = row.lines.min(area.bottom().saturating_sub(y));
        if height == 0 {
            break;
        }
        list_row(buffer, Rect { y, height, ..area }, row, view.columns, theme);
        y += height;
    }
}

/// Seconds of silence that are none.
const JUST_NOW: u64 = 10;

/// Columns between two of the list.
const GAP: usize = 2;

/// Returns how the list is ordered, where it is not by who needs somebody most.
fn ordered(by: By) -> &'static str {
    match by {
        By::State => "",
        By::Name => " by name",
        By::Card => " by card",
        By::Tokens => " by tokens",
        By::Idle => " by idle time",
        By::Class => " by class",
        By::Runtime => " by runtime",
    }
}

fn title(buffer: &mut Buffer, area: Rect, (columns, by): (Columns, By), theme: Theme) {
    let style = theme.style(Role::Quiet);
    let mut pen = Pen::new(buffer, area, area.y, theme);
    pen.skip(columns::MARKS);
    // The mark stands in the gap behind its column's name: no column moves for it.
    let mark = |of: Option<By>| match of == Some(by) {
        true if by.falls() => theme.falls(),
        true => theme.rises(),
        false => "",
    };
    for (title, wide, of) in [
        ("STATE", columns::STATE - GAP, Some(By::State)),
        ("AGENT", columns.name, Some(By::Name)),
        (if columns.strip < "LAST HOUR".len() { "HOUR" } else { "LAST HOUR" }, columns.strip, None),
        ("OUTPUT", columns.output, None),
        ("CLASS", columns.class, Some(By::Class)),
        ("RUNTIME", columns.runtime, Some(By::Runtime)),
        ("CARD", columns.card, Some(By::Card)),
    ] {
        if wide > 0 {
            pen.put_column(&[title, mark(of)], wide + 1, style);
            pen.skip(GAP - 1);
        }
    }
    for (title, wide, of) in [
        ("TOKENS", columns.tokens, Some(By::Tokens)),
        ("IDLE", columns.idle, Some(By::Idle)),
        ("BEAT", columns.beat, None),
    ] {
        if wide > 0 {
            pen.put_right(title, wide, style);
            pen.put_column(&[mark(of)], 1, style);
            pen.skip(GAP - 1);
        }
    }
    if columns.reason > 0 {
        pen.put("WHY", style);
    }
}

fn list_row(buffer: &mut Buffer, area: Rect, row: &ListRow, columns: Columns, theme: Theme) {
    let agent = &*row.agent;
    let quiet = if agent.managed { Role::Plain } else { Role::Quiet };
    let shown = agent.shown();
    let mut pen = Pen::new(buffer, area, area.y, theme);
    pen.skip(1);
    note_mark(&mut pen, (row.marked, row.unread, row.snoozed), theme);
    let mut cell = |parts: &[&str], wide: usize, role: Role| {
        if wide > 0 {
            pen.put_column(parts, wide, theme.style(role));
            pen.skip(GAP);
        }
    };
    cell(&[theme.glyph(shown), " ", shown.word()], columns::STATE - GAP, role(shown));
    cell(&columns::name(agent, columns.alias), columns.name, if agent.managed { Role::Strong } else { Role::Quiet });
    if columns.strip > 0 {
        // An agent that has just begun has few cells; the newest ones of all rows stand below each other.
        pen.skip(columns.strip.saturating_sub(row.strip.len()));
        let newest = row.strip.len().saturating_sub(columns.strip);
        let calm = since_stopped(row);
        for (at, cell) in row.strip.iter().enumerate().skip(newest) {
            let (symbol, role) =
                if at < calm { strip_cell(*cell, theme) } else { (theme.glyph(Shown::Stopped), Role::Quiet) };
            pen.put(symbol, theme.style(role));
        }
        pen.skip(GAP);
    }
    if columns.output > 0 {
        for rows in row.output {
            pen.put(output_cell(rows, theme), theme.style(Role::Quiet));
        }
        pen.skip(GAP);
    }
    // A second closure, since the first one holds the pen, which the strip needs in between.
    let mut cell = |parts: &[&str], wide: usize, role: Role| {
        if wide > 0 {
            pen.put_column(parts, wide, theme.style(role));
            pen.skip(GAP);
        }
    };
    cell(&[agent.class.as_deref().unwrap_or_default()], columns.class, Role::Quiet);
    cell(&[columns::runtime(agent)], columns.runtime, Role::Quiet);
    cell(&[columns::card(agent)], columns.card, Role::Lane(Column::Claimed));
    if columns.tokens > 0 {
        let used = columns::usage(agent);
        pen.put_right(used.as_deref().unwrap_or("-"), columns.tokens, theme.style(Role::Quiet));
        pen.skip(GAP);
    }
    let idle = agent.idle_seconds.map(|idle| Coarse::of(Duration::from_secs(idle)));
    let beat = agent.heartbeat.as_ref().map(|beat| Coarse::of_beat(Duration::from_secs_f64(beat.age_seconds)));
    // Whoever works prints: a column of equal words would hide those who fell silent.
    let at_work = shown == Shown::Is(Readiness::Working) && agent.idle_seconds.is_some_and(|idle| idle < JUST_NOW);
    for (time, wide, none) in [(idle, columns.idle, at_work), (beat, columns.beat, false)] {
        if wide > 0 {
            let short = time.filter(|_| !none).map(Brief::new);
            let missing = if none { "" } else { "-" };
            pen.put_right(short.as_ref().map_or(missing, Brief::as_str), wide, theme.style(Role::Quiet));
            pen.skip(GAP);
        }
    }
    let why_role = match (row.warning.is_some(), agent.needs_operator()) {
        (true, _) => Role::Warning,
        (false, true) => Role::Plain,
        (false, false) if agent.managed => Role::Quiet,
        (false, false) => quiet,
    };
    if row.lines < 2 {
        let why = row.why();
        // The card has a column of its own.
        let own = why.strip_prefix(columns::card(agent)).and_then(|rest| rest.strip_prefix(' '));
        pen.put_fitted(&[own.filter(|_| columns.card > 0).unwrap_or(why)], columns.reason, theme.style(why_role));
    } else {
        let width = usize::from(area.width);
        for (y, line) in (area.y + 1..area.bottom()).zip(columns::below(width, row.why())) {
            let mut pen = Pen::new(buffer, area, y, theme);
            pen.skip(columns::INDENT);
            pen.put(&line, theme.style(why_role));
        }
    }
    // Last, since it goes over the styles of the cells.
    if row.selected {
        select(buffer, area, theme);
    }
}

/// Returns the cell of its strip from which on it has been stopped: what it was before that stays what it was.
fn since_stopped(row: &ListRow) -> usize {
    if row.agent.shown() != Shown::Stopped {
        return row.strip.len();
    }
    let down = row.strip.iter().rev().take_while(|cell| cell.state == Some(Readiness::Dead)).count();
    row.strip.len() - down
}

/// Writes the mark that the operator made, else that of a change that was not seen, else that nothing is told of it.
pub(super) fn note_mark(pen: &mut Pen, (marked, unread, snoozed): (bool, bool, bool), theme: Theme) {
    match (marked, unread, snoozed) {
        (true, ..) => pen.put(theme.marked(), theme.style(Role::Accent)),
        (false, true, _) => pen.put(theme.unread(), theme.style(Role::Alarm)),
        (false, false, true) => pen.put(Theme::SNOOZED, theme.style(Role::Quiet)),
        (false, false, false) => pen.put(" ", theme.style(Role::Plain)),
    }
}

fn facts_lines(buffer: &mut Buffer, area: Rect, view: &FleetView, theme: Theme) {
    let Some(facts) = &view.facts else { return };
    let label = label_columns(&facts.lines);
    for (y, line) in (area.y..area.bottom()).zip(facts.lines.iter().skip(facts.scroll)) {
        let inset = Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height: 1 };
        fact(buffer, inset, line, label, theme);
    }
}

fn fact(buffer: &mut Buffer, area: Rect, line: &FactLine, label: usize, theme: Theme) {
    let mut pen = Pen::new(buffer, area, area.y, theme);
    pen.put_column(&[&line.label], label, theme.style(Role::Quiet));
    let age = line.age.map(told);
    let age = age.as_ref().map_or("", Brief::as_str);
    let room = pen.room().saturating_sub(if age.is_empty() { 0 } else { age.len() + 1 });
    pen.put_fitted(&[&line.text], room, theme.style(line.role));
    pen.x = area.right().saturating_sub(u16::try_from(age.len()).unwrap_or(0)).max(area.x);
    pen.put(age, theme.style(Role::Quiet));
}

/// Draws the header of every view: who needs the operator at the left, where all this is at the right.
pub(crate) fn header(buffer: &mut Buffer, area: Rect, header: &Header, theme: Theme) {
    let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let clock = u16::try_from(header.clock.len()).unwrap_or(0);
    let mut room = inner.width;
    // On a narrow line every column is left to the counts.
    if inner.width > 50 + clock {
        put(buffer, inner, inner.right() - clock, inner.y, &header.clock, theme.style(Role::Quiet));
        room -= clock + 2;
    }
    // The counts go first, in fewer words before one of them is cut.
    let wide = |list: &[Piece]| list.iter().map(width_of).sum::<usize>();
    let mut forms = std::iter::once(&header.counts).chain(&header.shorter);
    let shortest = header.shorter.last().unwrap_or(&header.counts);
    let counts = forms.find(|form| wide(form) <= usize::from(room)).unwrap_or(shortest);
    // Where they leave room the place stands at the right: as much of it as is whole, or the beginning of its first part.
    let left = usize::from(room).saturating_sub(wide(counts) + 3);
    let mut shown = header.place.len();
    while shown > 1 && wide(&header.place[..shown]) > left {
        shown -= 1;
    }
    let place = &header.place[..shown];
    let columns = u16::try_from(wide(place).min(left)).unwrap_or(0);
    let columns = if columns > MIN_PLACE { columns } else { 0 };
    let before = Rect { width: room - if columns > 0 { columns + 2 } else { 0 }, ..inner };
    pieces(buffer, before, inner.y, counts, theme);
    if columns > 0 {
        let at = Rect { x: inner.x + room - columns, width: columns, ..inner };
        pieces(buffer, at, inner.y, place, theme);
    }
}

/// Least columns in which the place says anything.
const MIN_PLACE: u16 = 8;
