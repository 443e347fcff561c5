//! A diff: one panel of lines, each in the colour of what became of it, and beside it the files that they are of.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{empty, filter};
use crate::ui::canvas::{Panel, Pen, panel, pieces};
use crate::ui::layout::Plan;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::view::{DiffView, FileLine, Piece, Role};

/// Draws a diff.
pub(crate) fn draw(buffer: &mut Buffer, plan: &Plan, view: &DiffView, theme: Theme) {
    filter(buffer, plan.filter, view.filter.as_ref(), theme);
    let edge = Panel { title: &view.title, facts: &view.facts, foot: &view.foot, focused: true, ..Panel::default() };
    panel(buffer, plan.list_frame, plan.edges, &edge, theme);
    if !plan.beside.is_empty() {
        let title = [Piece::new("Files", Role::Strong)];
        let edge = Panel { title: &title, reach: view.reach, ..Panel::default() };
        panel(buffer, plan.beside_frame, plan.edges, &edge, theme);
        for (y, of) in (plan.beside.y..plan.beside.bottom()).zip(&view.files) {
            file(buffer, Rect { y, height: 1, ..plan.beside }, of, theme);
        }
    }
    if !view.empty.is_empty() {
        return empty(buffer, plan.list, &view.empty, theme);
    }
    for (y, line) in (plan.list.y..plan.list.bottom()).zip(&view.lines) {
        pieces(buffer, plan.list, y, line, theme);
    }
}

/// Draws a file of the list. What is on the screen is marked; of a long name its end tells files apart.
fn file(buffer: &mut Buffer, area: Rect, file: &FileLine, theme: Theme) {
    let facts = file.facts.iter().map(|piece| text::width(&piece.text)).sum::<usize>();
    // Columns for the mark, for a gap, and in front of the edge.
    let room = usize::from(area.width).saturating_sub(facts + 3);
    let mut pen = Pen::new(buffer, area, area.y, theme);
    pen.put(if file.shown { theme.selected() } else { " " }, theme.style(Role::Accent));
    let style = theme.style(if file.shown { Role::Strong } else { Role::Plain });
    if text::width(&file.name) <= room {
        pen.put_column(&[&file.name], room, style);
    } else {
        let end = text::fit_end(&file.name, room.saturating_sub(1));
        pen.put_column(&[theme.ellipsis(), end], room, style);
    }
    pen.put(" ", style);
    let x = pen.x;
    pieces(buffer, Rect { x, width: area.right().saturating_sub(x), ..area }, area.y, &file.facts, theme);
}
