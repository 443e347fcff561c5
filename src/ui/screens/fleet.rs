//! The Fleet view: list, facts and pane.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::ui::canvas::{pane, pieces, put, titled_rule};
use crate::ui::layout::Plan;
use crate::ui::text::{self, column};
use crate::ui::theme::Theme;
use crate::ui::view::{FactLine, FleetView, ListRow, PaneCut, Role};

/// Columns of glyph, state word and gap: the longest word is "available".
const STATE_COLUMNS: usize = 12;

/// Columns of a duration.
const TIME_COLUMNS: usize = 5;

/// Draws it.
pub(crate) fn draw(buffer: &mut Buffer, plan: &Plan, view: &FleetView, theme: Theme) {
    filter(buffer, plan.filter, view.filter.as_ref(), theme);
    list(buffer, plan.list, view, theme);
    for y in plan.divider.y..plan.divider.bottom() {
        put(buffer, plan.divider, plan.divider.x, y, theme.bar(), theme.style(Role::Quiet));
    }
    facts(buffer, plan.facts, view, theme);
    pane_cut(buffer, plan, &view.pane, theme);
}

/// Title line, cells and note of a pane.
pub(super) fn pane_cut(buffer: &mut Buffer, plan: &Plan, cut: &PaneCut, theme: Theme) {
    titled_rule(buffer, plan.pane_title, &cut.title, theme);
    pane(buffer, plan.pane, cut, theme);
    let Some(note) = &cut.note else { return };
    if plan.pane.is_empty() {
        return;
    }
    let over_cells = cut.screen.is_some();
    let y = if over_cells { plan.pane.bottom() - 1 } else { plan.pane.y + plan.pane.height / 2 };
    let shown = theme.fit(&format!(" {note} "), usize::from(plan.pane.width));
    let wide = u16::try_from(text::width(&shown)).unwrap_or(0);
    let x = plan.pane.x + (plan.pane.width - wide) / 2;
    let style = theme.style(Role::Warning);
    put(buffer, plan.pane, x, y, &shown, if over_cells { style.add_modifier(Modifier::REVERSED) } else { style });
}

pub(super) fn filter(buffer: &mut Buffer, area: Rect, line: Option<&(String, bool)>, theme: Theme) {
    let Some((typed, editing)) = line else { return };
    if area.is_empty() {
        return;
    }
    let x = area.x + put(buffer, area, area.x, area.y, "/", theme.style(Role::Strong));
    let room = usize::from(area.right().saturating_sub(x + 1));
    // While typing the end matters, not the beginning.
    let mut shown = theme.text(typed);
    while text::width(&shown) > room {
        shown.remove(0);
    }
    let end = x + put(buffer, area, x, area.y, &shown, Style::new());
    if *editing {
        put(buffer, area, end, area.y, " ", Style::new().add_modifier(Modifier::REVERSED));
    }
}

/// Which columns there is room for.
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

fn columns(width: usize, rows: &[ListRow]) -> Columns {
    let longest = |pick: fn(&ListRow) -> &str, title: usize| {
        rows.iter().map(|row| text::width(pick(row))).max().unwrap_or(0).max(title)
    };
    let name = longest(|row| &row.name, 5).min((width / 3).clamp(8, 28));
    let class = longest(|row| &row.class, 5).min(14);
    let runtime = longest(|row| &row.runtime, 7).min(10);
    // Nobody holds one: no column for it.
    let card = match longest(|row| &row.card, 0) {
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
            let shown = theme.fit(line, usize::from(area.width.saturating_sub(2)));
            put(
                buffer,
                area,
                area.x + 2,
                area.y + 2 + at,
                &shown,
                theme.style(if at == 0 { Role::Strong } else { Role::Plain }),
            );
        }
        return;
    }
    for (y, row) in (area.y + 1..area.bottom()).zip(&view.rows) {
        list_row(buffer, Rect { y, height: 1, ..area }, row, columns, theme);
    }
}

fn title(buffer: &mut Buffer, area: Rect, view: &FleetView, columns: Columns, theme: Theme) {
    let mut line = format!("  {}", column("STATE", STATE_COLUMNS));
    line.push_str(&column("AGENT", columns.name + 1));
    if columns.class > 0 {
        line.push_str(&column("CLASS", columns.class + 1));
    }
    if columns.runtime > 0 {
        line.push_str(&column("RUNTIME", columns.runtime + 1));
    }
    if columns.card > 0 {
        line.push_str(&column("CARD", columns.card + 1));
    }
    for (title, shown) in [("IDLE", columns.idle), ("BEAT", columns.beat)] {
        if shown {
            line.push_str(&column(title, TIME_COLUMNS + 1));
        }
    }
    line.push_str("WHY");
    let style = theme.style(Role::Quiet);
    put(buffer, area, area.x, area.y, &line, style);
    let (top, all) = view.position;
    let shown = view.rows.len();
    if shown < all {
        let mark = format!("{}-{}/{all}", top + 1, top + shown);
        let x = area.right().saturating_sub(u16::try_from(mark.len() + 1).unwrap_or(0));
        put(buffer, area, x, area.y, &format!(" {mark}"), style);
    }
}

fn list_row(buffer: &mut Buffer, area: Rect, row: &ListRow, columns: Columns, theme: Theme) {
    let mut x = area.x;
    let quiet = if row.managed { Role::Plain } else { Role::Quiet };
    let mut cell = |buffer: &mut Buffer, what: &str, columns: usize, role: Role| {
        let shown = theme.column(what, columns);
        x += put(buffer, area, x, area.y, &shown, theme.style(role));
    };
    let mark = if row.unread { (theme.unread(), Role::Alarm) } else { (" ", Role::Plain) };
    cell(buffer, mark.0, 2, mark.1);
    let state =
        format!("{} {}", theme.glyph(row.readiness), if row.managed { row.readiness.word() } else { "unmanaged" });
    cell(buffer, &state, STATE_COLUMNS, if row.managed { Role::State(row.readiness) } else { Role::Quiet });
    cell(buffer, &row.name, columns.name, if row.managed { Role::Strong } else { Role::Quiet });
    cell(buffer, "", 1, Role::Plain);
    if columns.class > 0 {
        cell(buffer, &row.class, columns.class, quiet);
        cell(buffer, "", 1, Role::Plain);
    }
    if columns.runtime > 0 {
        cell(buffer, &row.runtime, columns.runtime, quiet);
        cell(buffer, "", 1, Role::Plain);
    }
    if columns.card > 0 {
        cell(buffer, &row.card, columns.card, Role::Lane(crate::backlog::model::Column::Claimed));
        cell(buffer, "", 1, Role::Plain);
    }
    for (time, shown) in [(&row.idle, columns.idle), (&row.beat, columns.beat)] {
        if shown {
            cell(buffer, time, TIME_COLUMNS + 1, Role::Quiet);
        }
    }
    let role = if row.warning { Role::Warning } else { quiet };
    cell(buffer, &row.reason, columns.reason, role);
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
    let x = area.x + put(buffer, area, area.x, area.y, &column(&line.label, label), theme.style(Role::Quiet));
    let age = text::width(&line.age);
    let room = usize::from(area.right().saturating_sub(x)).saturating_sub(if age > 0 { age + 1 } else { 0 });
    let shown = theme.fit(&line.text, room);
    put(buffer, area, x, area.y, &shown, theme.style(line.role));
    if age > 0 {
        let at = area.right().saturating_sub(u16::try_from(age).unwrap_or(0));
        put(buffer, area, at, area.y, &line.age, theme.style(Role::Quiet));
    }
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
