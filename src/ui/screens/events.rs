//! Events, one on a line, and the line between old and new ones.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::select;
use crate::ui::canvas::{Pen, rule};
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::view::{ActivityLine, EventLine, Glyph, Role};

/// Most columns of who and what, where the room is wide.
pub(super) const WHO: usize = 14;
const WHAT: usize = 44;

/// Below this width the word of the kind is left out: the mark says it.
const KIND_FROM: usize = 96;

/// Draws events, one on a line.
pub(super) fn events(buffer: &mut Buffer, area: Rect, lines: &[ActivityLine], theme: Theme) {
    // The newest stands at the bottom, however few there are.
    let count = u16::try_from(lines.len()).unwrap_or(area.height).min(area.height);
    let first = area.bottom() - count;
    // Measured on what is on the screen: a long name that has scrolled away takes no room.
    let time = widest(lines, |line| &line.time);
    let who = widest(lines, |line| &line.who).min(WHO);
    // What became of it needs the other half.
    let what = widest(lines, |line| &line.what).min(WHAT).min(usize::from(area.width) / 2);
    for (y, line) in (first..area.bottom()).zip(lines) {
        let row = Rect { y, height: 1, ..area };
        match line {
            ActivityLine::Band(text) => band(buffer, row, text, theme),
            ActivityLine::Event(line) => event(buffer, row, line, [time, who, what], theme),
        }
    }
}

fn widest(lines: &[ActivityLine], part: fn(&EventLine) -> &str) -> usize {
    let wide = |line: &ActivityLine| match line {
        ActivityLine::Event(line) => text::width(part(line)),
        ActivityLine::Band(_) => 0,
    };
    lines.iter().map(wide).max().unwrap_or(0)
}

/// Draws what stands between old and new.
fn band(buffer: &mut Buffer, row: Rect, what: &str, theme: Theme) {
    rule(buffer, row.y, row.x..row.right(), theme, true);
    let inner = Rect { x: row.x + 2, width: row.width.saturating_sub(2), ..row };
    let mut pen = Pen::new(buffer, inner, row.y, theme);
    let room = pen.room();
    pen.put_fitted(&[" ", what, " "], room, theme.style(Role::Warning));
}

fn event(buffer: &mut Buffer, row: Rect, line: &EventLine, [time, who, what]: [usize; 3], theme: Theme) {
    let mut pen = Pen::new(buffer, row, row.y, theme);
    let quiet = theme.style(Role::Quiet);
    pen.put(" ", quiet);
    pen.put_column(&[&line.time], time.min(pen.room()), quiet);
    pen.put("  ", quiet);
    pen.put_column(&[&line.who], who.min(pen.room()), theme.style(Role::Strong));
    pen.put("  ", quiet);
    pen.put(glyph(line.glyph, theme), theme.style(line.role));
    pen.put(" ", quiet);
    if usize::from(row.width) >= KIND_FROM {
        pen.put_column(&[line.kind], 10, quiet);
    }
    // What became of it is not cut beside blanks: a row gives up as much of its column as it leaves empty.
    let room = pen.room();
    let own = text::width_within(&line.what, what).unwrap_or(what);
    let outcome = text::width_within(&line.outcome.text, room).unwrap_or(room);
    let what = what.min(room.saturating_sub(outcome + 2).max(own));
    pen.put_column(&[&line.what], what.min(room), theme.style(line.role));
    pen.put("  ", quiet);
    let room = pen.room();
    pen.put_fitted(&[&line.outcome.text], room, theme.style(line.outcome.role));
    if line.selected {
        select(buffer, row, theme);
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
