//! The Activity view: the day, the events, the plots.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::fleet::filter;
use crate::fleet::model::{BUSIEST, Readiness, StripCell};
use crate::ui::activity::{Areas, areas};
use crate::ui::canvas::{Pen, put, titled_rule};
use crate::ui::layout::Plan;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::view::{ActivityLine, ActivityView, Bar, EventLine, Glyph, Piece, Plots, Role};

/// Bars of eight heights, and the same for terminals without UTF-8.
const BARS: [&str; 9] =
    [" ", "\u{2581}", "\u{2582}", "\u{2583}", "\u{2584}", "\u{2585}", "\u{2586}", "\u{2587}", "\u{2588}"];
const BARS_IN_ASCII: [&str; 9] = [" ", ".", ".", ":", ":", "=", "=", "#", "#"];

/// Most columns of who and what, where the room is wide.
const WHO: usize = 14;
const WHAT: usize = 44;

/// Below this width the word of the kind is left out: the mark says it.
const KIND_FROM: usize = 96;

/// Draws the Activity view.
pub(crate) fn draw(buffer: &mut Buffer, plan: &Plan, view: &ActivityView, theme: Theme) {
    filter(buffer, plan.filter, view.filter.as_ref(), theme);
    let areas = areas(plan.list, view.pages);
    day(buffer, &areas, view, theme);
    events(buffer, &areas, view, theme);
    if let Some(shown) = &view.plots {
        plots(buffer, areas.plots, shown, theme);
    }
}

/// Draws the last day: a line of words, and the bars below it.
fn day(buffer: &mut Buffer, areas: &Areas, view: &ActivityView, theme: Theme) {
    let area = areas.day;
    if area.is_empty() {
        return;
    }
    titled_rule(buffer, Rect { height: 1, ..area }, &view.day_title, theme);
    bars(buffer, Rect { y: area.y + 1, height: area.height - 1, ..area }, &view.day, theme);
}

/// Draws bars over the whole of an area.
fn bars(buffer: &mut Buffer, area: Rect, list: &[Bar], theme: Theme) {
    let steps = if theme.unicode { BARS } else { BARS_IN_ASCII };
    let count = u32::try_from(list.len()).unwrap_or(1).max(1);
    let edge = |at: u32| u16::try_from(u32::from(area.width) * at / count).unwrap_or(area.width);
    for (at, bar) in (0_u32..).zip(list) {
        let (from, to) = (edge(at), edge(at + 1));
        // Between two bars a gap, where there is room for one.
        let to = if to - from > 2 { to - 1 } else { to };
        // In eighths of a line, over all lines.
        let height = usize::from(bar.height) * usize::from(area.height) / 2;
        let height = if bar.height > 0 { height.max(1) } else { 0 };
        let style =
            theme.style(if bar.urgent { Role::State(Readiness::Stuck) } else { Role::State(Readiness::Working) });
        for row in 0..area.height {
            let filled = height.saturating_sub(usize::from(row) * 8).min(8);
            let y = area.bottom() - 1 - row;
            for x in from..to {
                put(buffer, area, area.x + x, y, steps[filled], style);
            }
        }
    }
}

fn events(buffer: &mut Buffer, areas: &Areas, view: &ActivityView, theme: Theme) {
    if areas.title.is_empty() {
        return;
    }
    let title: Vec<Piece> =
        view.title.iter().chain([&Piece::new("  ", Role::Quiet)]).chain(&view.facts).cloned().collect();
    titled_rule(buffer, areas.title, &title, theme);
    let area = areas.events;
    for (at, line) in (0_u16..).zip(&view.empty) {
        let inner = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
        let mut pen = Pen::new(buffer, inner, area.y + 1 + at, theme);
        pen.put_fitted(&[line], pen.room(), theme.style(if at == 0 { Role::Strong } else { Role::Plain }));
    }
    // The newest stands at the bottom, however few there are.
    let count = u16::try_from(view.lines.len()).unwrap_or(area.height).min(area.height);
    let first = area.bottom() - count;
    let who = widest(view, |line| &line.who).min(WHO);
    let what = widest(view, |line| &line.what).min(WHAT).min(usize::from(area.width) / 2);
    for (y, line) in (first..area.bottom()).zip(&view.lines) {
        let row = Rect { y, height: 1, ..area };
        match line {
            ActivityLine::Band(text) => band(buffer, row, text, theme),
            ActivityLine::Event(line) => event(buffer, row, line, (who, what), theme),
        }
    }
}

fn widest(view: &ActivityView, part: fn(&EventLine) -> &str) -> usize {
    let wide = |line: &ActivityLine| match line {
        ActivityLine::Event(line) => text::width(part(line)),
        ActivityLine::Band(_) => 0,
    };
    view.lines.iter().map(wide).max().unwrap_or(0)
}

/// Draws what stands between old and new.
fn band(buffer: &mut Buffer, row: Rect, what: &str, theme: Theme) {
    let piece = [Piece::new(what, Role::Warning)];
    titled_rule(buffer, row, &piece, theme);
}

fn event(buffer: &mut Buffer, row: Rect, line: &EventLine, (who, what): (usize, usize), theme: Theme) {
    let mut pen = Pen::new(buffer, row, row.y, theme);
    let quiet = theme.style(Role::Quiet);
    pen.put(" ", quiet);
    // The words are cut where they are too wide for the screen; the time never is.
    pen.put_column(&[&line.time], 12.max(text::width(&line.time)).min(pen.room()), quiet);
    pen.put(" ", quiet);
    pen.put_column(&[&line.who], who.min(pen.room()), theme.style(Role::Strong));
    pen.put("  ", quiet);
    pen.put(glyph(line.glyph, theme), theme.style(line.role));
    pen.put(" ", quiet);
    if usize::from(row.width) >= KIND_FROM {
        pen.put_column(&[line.kind], 10, quiet);
    }
    pen.put_column(&[&line.what], what.min(pen.room()), theme.style(line.role));
    pen.put("  ", quiet);
    let room = pen.room();
    pen.put_fitted(&[&line.outcome.text], room, theme.style(line.outcome.role));
    if line.selected {
        buffer.set_style(row, theme.selection());
    }
}

fn glyph(glyph: Glyph, theme: Theme) -> &'static str {
    let (plain, ascii) = match glyph {
        Glyph::State(state) => return theme.glyph(state),
        Glyph::Delivery => ("\u{2192}", ">"),
        Glyph::Card => ("\u{25aa}", "#"),
        Glyph::Action => ("\u{203a}", ":"),
        Glyph::Start => ("\u{25b4}", "^"),
        Glyph::End => ("\u{25be}", "v"),
    };
    if theme.unicode { plain } else { ascii }
}

/// Draws the figures of a day: two plots, and the strips of the agents in what is left.
fn plots(buffer: &mut Buffer, area: Rect, shown: &Plots, theme: Theme) {
    // Each plot takes a title, and lines of bars as the room allows.
    let height = (area.height / 6).clamp(2, 5);
    let mut y = area.y;
    for (name, title, list) in
        [("cards done", &shown.done_title, &shown.done), ("time in claim", &shown.claims_title, &shown.claims)]
    {
        if y + height + 1 >= area.bottom() {
            return;
        }
        let heading: Vec<Piece> =
            [Piece::new(format!("{name}  "), Role::Quiet)].into_iter().chain(title.iter().cloned()).collect();
        titled_rule(buffer, Rect { y, height: 1, ..area }, &heading, theme);
        bars(buffer, Rect { y: y + 1, height, ..area }, list, theme);
        scale(buffer, Rect { y: y + 1 + height, height: 1, ..area }, theme);
        y += height + 2;
    }
    if y >= area.bottom() || shown.agents.is_empty() {
        return;
    }
    titled_rule(buffer, Rect { y, height: 1, ..area }, &[Piece::new("agents over 24h", Role::Quiet)], theme);
    let name = shown.agents.iter().map(|line| text::width(&line.name)).max().unwrap_or(0).min(WHO);
    for (y, line) in (y + 1..area.bottom()).zip(&shown.agents) {
        let mut pen = Pen::new(buffer, area, y, theme);
        pen.put_column(&[&line.name], name, theme.style(Role::Plain));
        pen.put(" ", theme.style(Role::Quiet));
        for cell in &line.cells {
            let (symbol, role) = strip_cell(*cell, theme);
            pen.put(symbol, theme.style(role));
        }
    }
}

/// Says which way the time goes.
fn scale(buffer: &mut Buffer, row: Rect, theme: Theme) {
    let quiet = theme.style(Role::Quiet);
    put(buffer, row, row.x, row.y, "24h ago", quiet);
    put(buffer, row, row.right().saturating_sub(3), row.y, "now", quiet);
}

/// A cell of a strip: as high as it was busy; what needed somebody keeps its mark.
fn strip_cell(cell: StripCell, theme: Theme) -> (&'static str, Role) {
    let steps = if theme.unicode { BARS } else { BARS_IN_ASCII };
    match cell.state {
        None => (if theme.unicode { "\u{b7}" } else { " " }, Role::Quiet),
        Some(state @ (Readiness::Stuck | Readiness::Dead | Readiness::Stale)) => {
            (theme.glyph(state), Role::State(state))
        }
        Some(state) => (steps[usize::from(cell.busy.min(BUSIEST)).max(1)], Role::State(state)),
    }
}
