//! What every list has: its filter, what stands instead of rows, and the mark of the selected one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use crate::ui::canvas::{Pen, put, stroke};
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::view::Role;

/// Draws the line of a filter, with a cursor while it is typed.
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

/// Draws what stands instead of rows: what would be there, and how it comes there.
pub(super) fn empty(buffer: &mut Buffer, area: Rect, lines: &[String], theme: Theme) {
    let inner = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
    let mut y = area.y + u16::from(area.height > 4);
    for (at, line) in lines.iter().enumerate() {
        for part in text::wrap(line, usize::from(inner.width.max(1))) {
            if y >= area.bottom() {
                return;
            }
            let role = if at == 0 { Role::Strong } else { Role::Quiet };
            Pen::new(buffer, inner, y, theme).put(&part, theme.style(role));
            y += 1;
        }
        // What is wrong stands apart from what to do.
        y += u16::from(at == 0 && area.height > 6);
    }
}

/// Marks rows of cells as selected: a quiet ground, and a bar at their left.
pub(super) fn select(buffer: &mut Buffer, area: Rect, theme: Theme) {
    buffer.set_style(area, theme.selection());
    for y in area.y..area.bottom() {
        stroke(buffer, area.x, y, theme.selected(), theme.style(Role::Accent));
    }
}
