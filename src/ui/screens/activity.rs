//! The Activity view: the day, the events, the plots.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::events::{WHO, events};
use super::list::{empty, filter};
use super::strip::{bars as heights, strip_cell};
use crate::fleet::model::Readiness;
use crate::ui::activity::{Areas, areas};
use crate::ui::canvas::{Panel, Pen, divider, panel, put};
use crate::ui::layout::{Edges, Plan};
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::view::{ActivityView, Bar, Piece, Plots, Role};

/// Draws the Activity view.
pub(crate) fn draw(buffer: &mut Buffer, plan: &Plan, view: &ActivityView, theme: Theme) {
    filter(buffer, plan.filter, view.filter.as_ref(), theme);
    let areas = areas(plan.list, plan.edges, view.pages);
    if !areas.frame.is_empty() {
        let edge =
            Panel { title: &view.title, facts: &view.day_title, foot: &view.facts, focused: true, ..Panel::default() };
        panel(buffer, areas.frame, plan.edges, &edge, theme);
        bars(buffer, areas.day, &view.day, theme);
        if !areas.divider.is_empty() {
            // The line below the bars is their scale.
            let (began, now) = ([Piece::new(view.day_began.as_str(), Role::Quiet)], [Piece::new("now", Role::Quiet)]);
            let facts = if view.day_began.is_empty() { &[][..] } else { &now[..] };
            let between = Panel { title: &began, facts, focused: true, ..Panel::default() };
            divider(buffer, areas.frame, areas.divider.y, plan.edges, &between, theme);
        }
        empty(buffer, areas.events, &view.empty, theme);
        events(buffer, areas.events, &view.lines, theme);
    }
    if let Some(shown) = &view.plots {
        plots(buffer, &areas, plan.edges, shown, theme);
    }
}

/// Draws bars over the whole of an area.
fn bars(buffer: &mut Buffer, area: Rect, list: &[Bar], theme: Theme) {
    let steps = heights(theme);
    let count = u32::try_from(list.len()).unwrap_or(1).max(1);
    let edge = |at: u32| u16::try_from(u32::from(area.width) * at / count).unwrap_or(area.width);
    for (at, bar) in (0_u32..).zip(list) {
        let (from, to) = (edge(at), edge(at + 1));
        // Between two bars a gap, where there is room for one.
        let to = if to - from > 2 { to - 1 } else { to };
        // In eighths of a line, over all lines.
        let height = usize::from(bar.height) * usize::from(area.height) / 2;
        // Few is not none: the lowest bar is still one that can be seen.
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

/// Draws the figures: two plots, and the strips of the agents in what is left.
fn plots(buffer: &mut Buffer, areas: &Areas, edges: Edges, shown: &Plots, theme: Theme) {
    let (frame, area) = (areas.plots_frame, areas.plots);
    let name = |name: &str| [Piece::new(name, Role::Strong)];
    let title = name("Cards done");
    panel(buffer, frame, edges, &Panel { title: &title, facts: &shown.done_title, ..Panel::default() }, theme);
    // Each plot takes lines of bars as the room allows, and a scale.
    let height = (area.height / 6).clamp(2, 5);
    let mut y = area.y;
    let second = name("In claim");
    for (list, below) in [
        (&shown.done, Some(Panel { title: &second, facts: &shown.claims_title, ..Panel::default() })),
        (&shown.claims, None),
    ] {
        // A plot without its scale would not say over which time it goes.
        if y + height >= area.bottom() {
            return;
        }
        bars(buffer, Rect { y, height, ..area }, list, theme);
        scale(buffer, Rect { y: y + height, height: 1, ..area }, &shown.began, theme);
        y += height + 1;
        if let Some(below) = below.filter(|_| y + 1 < area.bottom()) {
            divider(buffer, frame, y, edges, &below, theme);
            y += 1;
        }
    }
    if y + 1 >= area.bottom() || shown.agents.is_empty() {
        return;
    }
    let (title, facts) = (name("Agents"), [Piece::new(shown.scale.as_str(), Role::Quiet)]);
    divider(buffer, frame, y, edges, &Panel { title: &title, facts: &facts, ..Panel::default() }, theme);
    let name = shown.agents.iter().map(|line| text::width(&line.name)).max().unwrap_or(0).min(WHO);
    for (y, line) in (y + 1..area.bottom()).zip(&shown.agents) {
        let mut pen = Pen::new(buffer, area, y, theme);
        pen.put_column(&[&line.name], name, theme.style(Role::Plain));
        pen.put(" ", theme.style(Role::Quiet));
        // As wide as the bars above, whose newest stands at the right as well; where there is less room the oldest go.
        let room = pen.room();
        let wide = (room / line.cells.len().max(1)).max(1);
        let shown = line.cells.len().min(room);
        pen.skip(room - shown * wide);
        for cell in &line.cells[line.cells.len() - shown..] {
            let (symbol, role) = strip_cell(*cell, theme);
            (0..wide).for_each(|_| pen.put(symbol, theme.style(role)));
        }
    }
}

/// Says which way the time goes.
fn scale(buffer: &mut Buffer, row: Rect, began: &str, theme: Theme) {
    let quiet = theme.style(Role::Quiet);
    put(buffer, row, row.x, row.y, began, quiet);
    put(buffer, row, row.right().saturating_sub(3), row.y, "now", quiet);
}
