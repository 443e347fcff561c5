//! The Org view: the chart of seats, and the persona of the selected one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{empty, filter, select};
use crate::ui::canvas::{Panel, Pen, panel, pieces};
use crate::ui::columns;
use crate::ui::layout::{Edges, Plan};
use crate::ui::text;
use crate::ui::theme::{Theme, role};
use crate::ui::view::{OrgRow, OrgView, Piece, Role};

/// Columns between two of the chart.
const GAP: usize = 2;

/// Widest column of names, with the branches in front of them.
const MAX_NAME: usize = 34;

/// From this width on classes and runtimes have columns.
const CLASS_FROM: u16 = 72;

/// Widest of those.
const MAX_CLASS: usize = 16;

/// How its width is divided.
struct Widths {
    name: usize,
    class: usize,
    runtime: usize,
}

/// Draws the Org view.
pub(crate) fn draw(buffer: &mut Buffer, plan: &Plan, view: &OrgView, theme: Theme) {
    filter(buffer, plan.filter, view.filter.as_ref(), theme);
    let stacked = plan.is_stacked();
    let title = [Piece::new("Org", Role::Strong)];
    let edge = Panel { title: &title, facts: &view.facts, focused: true, reach: view.reach, ..Panel::default() };
    panel(buffer, plan.list_frame, plan.edges, &edge, theme);
    if view.rows.is_empty() {
        empty(buffer, plan.list, &view.empty, theme);
    } else {
        chart(buffer, plan.list, &view.rows, theme);
    }
    if plan.detail_frame.is_empty() {
        return;
    }
    let detail = Panel {
        title: &view.title,
        facts: &view.told,
        foot: &view.foot,
        joined: stacked && plan.edges == Edges::Full,
        ..Panel::default()
    };
    panel(buffer, plan.detail_frame, plan.edges, &detail, theme);
    let inner = Rect { x: plan.facts.x + 1, width: plan.facts.width.saturating_sub(2), ..plan.facts };
    for (y, line) in (inner.y..inner.bottom()).zip(&view.text) {
        pieces(buffer, inner, y, line, theme);
    }
}

fn chart(buffer: &mut Buffer, area: Rect, rows: &[OrgRow], theme: Theme) {
    if area.is_empty() {
        return;
    }
    let widest =
        |of: fn(&OrgRow) -> usize, title: usize, most: usize| rows.iter().map(of).max().unwrap_or(0).clamp(title, most);
    let wide = area.width >= CLASS_FROM;
    let widths = Widths {
        name: widest(|row| text::width(&row.branch) + text::width(&row.name.text), 4, MAX_NAME),
        class: if wide { widest(|row| text::width(&row.class), 5, MAX_CLASS) } else { 0 },
        runtime: if wide { widest(|row| text::width(&row.runtime), 7, MAX_CLASS) } else { 0 },
    };
    let style = theme.style(Role::Quiet);
    let mut pen = Pen::new(buffer, area, area.y, theme);
    pen.skip(columns::MARKS);
    for (title, columns) in [
        ("SEAT", widths.name),
        ("STATE", columns::STATE - GAP),
        ("CLASS", widths.class),
        ("RUNTIME", widths.runtime),
        ("NOW", 3),
    ] {
        if columns > 0 {
            pen.put_column(&[title], columns, style);
            pen.skip(GAP);
        }
    }
    for (y, row) in (area.y + 1..area.bottom()).zip(rows) {
        line(buffer, Rect { y, height: 1, ..area }, row, &widths, theme);
    }
}

fn line(buffer: &mut Buffer, area: Rect, row: &OrgRow, widths: &Widths, theme: Theme) {
    let mut pen = Pen::new(buffer, area, area.y, theme);
    pen.skip(1);
    pen.put(if row.unread { theme.unread() } else { " " }, theme.style(Role::Alarm));
    let branch = text::width(&row.branch).min(widths.name);
    pen.put_fitted(&[&row.branch], branch, theme.style(Role::Faint));
    pen.put_column(&[&row.name.text], widths.name - branch, theme.style(row.name.role));
    pen.skip(GAP);
    if let Some(state) = row.state {
        let shown = [theme.glyph(state), " ", state.word()];
        pen.put_column(&shown, columns::STATE - GAP, theme.style(role(state)));
        pen.skip(GAP);
        for (text, columns) in [(&row.class, widths.class), (&row.runtime, widths.runtime)] {
            if columns > 0 {
                pen.put_column(&[text], columns, theme.style(Role::Quiet));
                pen.skip(GAP);
            }
        }
    }
    let room = pen.room();
    pen.put_fitted(&[&row.note.text], room, theme.style(row.note.role));
    if row.selected {
        select(buffer, area, theme);
    }
}
