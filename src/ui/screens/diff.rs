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
        let edge = Panel { title: &title, foot: &view.files_foot, reach: view.reach, ..Panel::default() };
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

/// Columns that a name keeps of its line.
const MIN_NAME: usize = 12;

/// Draws a file of the list. What is on the screen is marked; of a long name its end tells files apart.
fn file(buffer: &mut Buffer, area: Rect, file: &FileLine, theme: Theme) {
    // Columns for the mark, for a gap, and in front of the edge.
    let columns = usize::from(area.width).saturating_sub(3);
    let wide = |facts: &[Piece]| facts.iter().map(|piece| text::width(&piece.text)).sum::<usize>();
    let mut facts = &file.facts[..];
    while let [rest @ .., _] = facts
        && wide(facts) + MIN_NAME > columns
    {
        facts = rest;
    }
    let room = columns.saturating_sub(wide(facts));
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
    pieces(buffer, Rect { x, width: area.right().saturating_sub(x), ..area }, area.y, facts, theme);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::picture;

    #[test]
    fn a_name_keeps_its_room_beside_what_is_said_of_it() {
        let fact = |text: &str| Piece::new(text, Role::Quiet);
        let drawn = |name: &str, width: u16| {
            let area = Rect::new(0, 0, width, 1);
            let mut buffer = Buffer::empty(area);
            let facts = vec![fact("in conflict"), fact(" +12345"), fact(" -12345")];
            file(&mut buffer, area, &FileLine { row: 0, shown: true, name: name.to_owned(), facts }, Theme::default());
            picture::plain(&buffer).trim_end().to_owned()
        };
        assert_eq!(drawn("a.rs", 44), "\u{258c}a.rs             in conflict +12345 -12345");
        assert_eq!(drawn("src/app/main.rs", 31), "\u{258c}src/app/main.rs   in conflict");
        assert_eq!(drawn("src/app/other/main.rs", 31), "\u{258c}\u{2026}pp/other/main.rs in conflict");
    }
}
