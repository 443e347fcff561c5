//! The Fleet view: list, facts and pane.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::backlog::model::Column;
use crate::fleet::model::{AgentRow, age};
use crate::ui::canvas::{Brief, Pen, pane, pieces, put, titled_rule};
use crate::ui::layout::Plan;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::view::{Age, FactLine, FleetView, ListRow, PaneCut, Role};

/// Columns of glyph, state word and gap: the longest word is "available".
const STATE_COLUMNS: usize = 12;

/// Columns of a duration.
const TIME_COLUMNS: usize = 5;

/// Draws the Fleet view.
pub(crate) fn draw(buffer: &mut Buffer, plan: &Plan, view: &FleetView, theme: Theme) {
    filter(buffer, plan.filter, view.filter.as_ref(), theme);
    list(buffer, plan.list, view, theme);
    for y in plan.divider.y..plan.divider.bottom() {
        put(buffer, plan.divider, plan.divider.x, y, theme.bar(), theme.style(Role::Quiet));
    }
    facts(buffer, plan.facts, view, theme);
    pane_cut(buffer, plan, &view.pane, theme);
}

/// Draws the title line, the cells and the note of a pane.
pub(super) fn pane_cut(buffer: &mut Buffer, plan: &Plan, cut: &PaneCut, theme: Theme) {
    titled_rule(buffer, plan.pane_title, &cut.title, theme);
    pane(buffer, plan.pane, cut, theme);
    let Some(note) = &cut.note else { return };
    if plan.pane.is_empty() {
        return;
    }
    let over_cells = cut.screen.is_some();
    let y = if over_cells { plan.pane.bottom() - 1 } else { plan.pane.y + plan.pane.height / 2 };
    let room = usize::from(plan.pane.width);
    let wide = text::width_within(&theme.text(note), room).map_or(room, |wide| room.min(wide + 2));
    let x = plan.pane.x + (plan.pane.width - u16::try_from(wide).unwrap_or(plan.pane.width)) / 2;
    let style = theme.style(Role::Warning);
    let style = if over_cells { style.add_modifier(Modifier::REVERSED) } else { style };
    let mut pen = Pen::new(buffer, plan.pane, y, theme);
    pen.x = x;
    pen.put_fitted(&[" ", note, " "], room, style);
}

pub(super) fn filter(buffer: &mut Buffer, area: Rect, line: Option<&(String, bool)>, theme: Theme) {
    let Some((typed, editing)) = line else { return };
    if area.is_empty() {
        return;
    }
    let x = area.x + put(buffer, area, area.x, area.y, "/", theme.style(Role::Strong));
    let room = usize::from(area.right().saturating_sub(x + 1));
    // While typing the end matters, not the beginning.
    let typed = theme.text(typed);
    let end = x + put(buffer, area, x, area.y, text::fit_end(&typed, room), Style::new());
    if *editing {
        put(buffer, area, end, area.y, " ", Style::new().add_modifier(Modifier::REVERSED));
    }
}

/// The widths of the columns that there is room for.
#[derive(Debug, Clone, Copy)]
struct Columns {
    name: usize,
    class: usize,
    runtime: usize,
    card: usize,
    idle: bool,
    beat: bool,
    reason: usize,
}

/// Returns the parts of a row's name, with the alias where it has one.
fn name(agent: &AgentRow) -> [&str; 6] {
    let [name, at, host] = agent.shown_name_parts();
    match &agent.alias {
        Some(alias) => [name, at, host, " (", alias.as_str(), ")"],
        None => [name, at, host, "", "", ""],
    }
}

/// Returns the runtime of an agent; of a session outside of the roster what runs in it.
fn runtime(agent: &AgentRow) -> &str {
    let command = || agent.pane.as_ref().map_or("", |pane| pane.command.as_str());
    agent.runtime.as_deref().unwrap_or_else(command)
}

/// Returns the card that an agent holds.
fn card(agent: &AgentRow) -> &str {
    agent.claim.as_ref().map_or("", |claim| claim.card.as_str())
}

fn columns(width: usize, rows: &[ListRow]) -> Columns {
    let longest = |pick: fn(&AgentRow) -> usize, title: usize| {
        rows.iter().map(|row| pick(&row.agent)).max().unwrap_or(0).max(title)
    };
    let name = longest(|agent| name(agent).iter().map(|part| text::width(part)).sum(), 5);
    let name = name.min((width / 3).clamp(8, 28));
    let class = longest(|agent| text::width(agent.class.as_deref().unwrap_or_default()), 5).min(14);
    let runtime = longest(|agent| text::width(runtime(agent)), 7).min(10);
    // Nobody holds one: no column for it.
    let card = match longest(|agent| text::width(card(agent)), 0) {
        0 => 0,
        widest => widest.clamp(4, 12),
    };
    let fixed = 2 + STATE_COLUMNS + name + 1;
    let mut left = width.saturating_sub(fixed);
    let mut take = |wanted: usize, keep: usize| {
        if left >= wanted + keep {
            left -= wanted;
            true
        } else {
            false
        }
    };
    // The reason is why the operator looks; it keeps its room before the rest gets any.
    let idle = take(TIME_COLUMNS + 1, 14);
    let with_card = card > 0 && take(card + 1, 20);
    let with_class = take(class + 1, 22);
    let with_runtime = take(runtime + 1, 22);
    let beat = take(TIME_COLUMNS + 1, 24);
    Columns {
        name,
        class: if with_class { class } else { 0 },
        runtime: if with_runtime { runtime } else { 0 },
        card: if with_card { card } else { 0 },
        idle,
        beat,
        reason: left,
    }
}

fn list(buffer: &mut Buffer, area: Rect, view: &FleetView, theme: Theme) {
    if area.is_empty() {
        return;
    }
    let columns = columns(usize::from(area.width), &view.rows);
    title(buffer, area, view, columns, theme);
    if view.rows.is_empty() {
        for (at, line) in (0_u16..).zip(&view.empty) {
            let inner = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
            let mut pen = Pen::new(buffer, inner, area.y + 2 + at, theme);
            let role = if at == 0 { Role::Strong } else { Role::Plain };
            pen.put_fitted(&[line], pen.room(), theme.style(role));
        }
        return;
    }
    for (y, row) in (area.y + 1..area.bottom()).zip(&view.rows) {
        list_row(buffer, Rect { y, height: 1, ..area }, row, columns, theme);
    }
}

/// Returns columns with the gap behind them; none for what is not shown.
fn with_gap(columns: usize) -> usize {
    if columns > 0 { columns + 1 } else { 0 }
}

fn title(buffer: &mut Buffer, area: Rect, view: &FleetView, columns: Columns, theme: Theme) {
    let style = theme.style(Role::Quiet);
    let mut pen = Pen::new(buffer, area, area.y, theme);
    pen.put("  ", style);
    for (title, columns) in [
        ("STATE", STATE_COLUMNS),
        ("AGENT", columns.name + 1),
        ("CLASS", with_gap(columns.class)),
        ("RUNTIME", with_gap(columns.runtime)),
        ("CARD", with_gap(columns.card)),
        ("IDLE", if columns.idle { TIME_COLUMNS + 1 } else { 0 }),
        ("BEAT", if columns.beat { TIME_COLUMNS + 1 } else { 0 }),
    ] {
        pen.put_column(&[title], columns, style);
    }
    pen.put("WHY", style);
    let (top, all) = view.position;
    let shown = view.rows.len();
    if shown < all {
        let mark = format!("{}-{}/{all}", top + 1, top + shown);
        let x = area.right().saturating_sub(u16::try_from(mark.len() + 1).unwrap_or(0));
        put(buffer, area, x, area.y, &format!(" {mark}"), style);
    }
}

fn list_row(buffer: &mut Buffer, area: Rect, row: &ListRow, columns: Columns, theme: Theme) {
    let agent = &*row.agent;
    let quiet = if agent.managed { Role::Plain } else { Role::Quiet };
    let mut pen = Pen::new(buffer, area, area.y, theme);
    let mut cell = |parts: &[&str], columns: usize, role: Role| pen.put_column(parts, columns, theme.style(role));
    let mark = if row.unread { (theme.unread(), Role::Alarm) } else { (" ", Role::Plain) };
    cell(&[mark.0], 2, mark.1);
    let state = if agent.managed { agent.readiness.word() } else { "unmanaged" };
    let role = if agent.managed { Role::State(agent.readiness) } else { Role::Quiet };
    cell(&[theme.glyph(agent.readiness), " ", state], STATE_COLUMNS, role);
    cell(&name(agent), columns.name, if agent.managed { Role::Strong } else { Role::Quiet });
    cell(&[""], 1, Role::Plain);
    for (what, columns, role) in [
        (agent.class.as_deref().unwrap_or_default(), columns.class, quiet),
        (runtime(agent), columns.runtime, quiet),
        (card(agent), columns.card, Role::Lane(Column::Claimed)),
    ] {
        if columns > 0 {
            cell(&[what], columns, role);
            cell(&[""], 1, Role::Plain);
        }
    }
    let idle = agent.idle_seconds.map(Duration::from_secs);
    let beat = agent.heartbeat.as_ref().map(|beat| Duration::from_secs_f64(beat.age_seconds));
    for (time, shown) in [(idle, columns.idle), (beat, columns.beat)] {
        if shown {
            let short = time.map(|time| Brief::new(age::Short(time)));
            cell(&[short.as_ref().map_or("-", Brief::as_str)], TIME_COLUMNS + 1, Role::Quiet);
        }
    }
    let warned = !row.warnings.is_empty();
    let reason = [row.warnings.as_str(), if warned { "; " } else { "" }, agent.reason.as_str()];
    cell(&reason, columns.reason, if warned { Role::Warning } else { quiet });
    if row.selected {
        buffer.set_style(area, theme.selection());
    }
}

fn facts(buffer: &mut Buffer, area: Rect, view: &FleetView, theme: Theme) {
    let Some(facts) = &view.facts else { return };
    if area.is_empty() {
        return;
    }
    titled_rule(buffer, Rect { height: 1, ..area }, &facts.title, theme);
    let label = facts.lines.iter().map(|line| text::width(&line.label)).max().unwrap_or(0) + 1;
    for (y, line) in (area.y + 1..area.bottom()).zip(&facts.lines) {
        fact(buffer, Rect { y, height: 1, ..area }, line, label, theme);
    }
}

fn fact(buffer: &mut Buffer, area: Rect, line: &FactLine, label: usize, theme: Theme) {
    let mut pen = Pen::new(buffer, area, area.y, theme);
    pen.put_column(&[&line.label], label, theme.style(Role::Quiet));
    let age = line.age.map(|age| match age {
        Age::Ago(time) => Brief::new(age::Short(time)),
        Age::Left(time) => Brief::new(format_args!("{} left", age::Short(time))),
        Age::Expired(time) => Brief::new(format_args!("expired {}", age::Short(time))),
    });
    let age = age.as_ref().map_or("", Brief::as_str);
    let room = pen.room().saturating_sub(if age.is_empty() { 0 } else { age.len() + 1 });
    pen.put_fitted(&[&line.text], room, theme.style(line.role));
    pen.x = area.right().saturating_sub(u16::try_from(age.len()).unwrap_or(0)).max(area.x);
    pen.put(age, theme.style(Role::Quiet));
}

/// Draws the header of every view.
pub(crate) fn header(buffer: &mut Buffer, area: Rect, list: &[crate::ui::view::Piece], clock: &str, theme: Theme) {
    let clock_width = u16::try_from(clock.len()).unwrap_or(0);
    let with_clock = area.width > 50 + clock_width;
    let room = if with_clock { area.width - clock_width - 1 } else { area.width };
    pieces(buffer, Rect { width: room, ..area }, area.y, list, theme);
    if with_clock {
        put(buffer, area, area.right() - clock_width, area.y, clock, theme.style(Role::Quiet));
    }
}
