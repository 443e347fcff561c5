//! Popups over a view.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::canvas::{Panel, Pen, panel, pieces, put, width_of};
use super::layout::Edges;
use super::text;
use super::theme::Theme;
use super::view::{Fit, Piece, Popup, Reach, Role};

/// The part of a text that was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    /// The first line.
    pub first: u16,
    /// The line after the last.
    pub end: u16,
    /// Number of lines of the whole text.
    pub all: u16,
    /// Whether the marked line was among them.
    pub marked: bool,
}

/// Maximum width of a popup: longer lines are hard to read.
const MAX_WIDTH: u16 = 100;

/// Minimum and maximum width of a line that is being typed.
const MIN_TYPED: usize = 8;
const MAX_TYPED: usize = 86;

/// A popup as it stands on the screen.
struct Laid {
    frame: Rect,
    inner: Rect,
    /// Rows of its text that there is room for.
    text_rows: u16,
    /// First line shown.
    scroll: u16,
    /// Its text, each part with the line that it is of.
    lines: Vec<(usize, Vec<Piece>)>,
    /// Where the marked line begins and ends, as far as there is room for it.
    mark: Option<(usize, usize)>,
}

/// Lays a popup out in the middle of an area, as large as its text needs.
fn laid(area: Rect, popup: &Popup) -> Laid {
    let inner_width = area.width.min(MAX_WIDTH).saturating_sub(4);
    let lines = fitted(&popup.lines, usize::from(inner_width));
    let longest = lines
        .iter()
        .map(|(_, line)| line.iter().map(width_of).sum::<usize>())
        // Title and hint stand in the edges, which are not broken into lines; below 30 columns a question is
        // hard to read.
        .chain([text::width(&popup.title) + 4, text::width(&popup.hint) + 2, 30, usize::from(popup.least.0)])
        .max()
        .and_then(|columns| u16::try_from(columns).ok())
        .unwrap_or(inner_width)
        .min(inner_width);
    let extra = if popup.buttons.is_some() { 2 } else { 0 };
    let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX).max(popup.least.1).saturating_add(2 + extra);
    let size = (longest + 4, wanted.min(area.height));
    let frame = Rect::new(
        area.x + (area.width - size.0.min(area.width)) / 2,
        area.y + (area.height - size.1) / 2,
        size.0.min(area.width),
        size.1,
    );
    let inner = Rect::new(frame.x + 2, frame.y + 1, frame.width.saturating_sub(4), frame.height.saturating_sub(2));
    let text_rows = inner.height.saturating_sub(extra);
    let most = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_sub(text_rows);
    let mark = popup.marked.and_then(|at| place(&lines, at));
    // As much of it as there is room for.
    let mark = mark.map(|(start, end)| (start, end.min(start + usize::from(text_rows))));
    // The list scrolls only as far as its marked line needs: the operator's own scrolling stays otherwise.
    let to_mark = u16::try_from(mark.map_or(0, |(_, end)| end)).unwrap_or(u16::MAX).saturating_sub(text_rows);
    let scroll = popup.scroll.max(to_mark).min(most);
    Laid { frame, inner, text_rows, scroll, lines, mark }
}

/// Where the buttons of a popup stand: the columns of each.
fn buttons(laid: &Laid, popup: &Popup) -> Vec<(u16, u16)> {
    let mut x = laid.inner.x;
    let labels = popup.buttons.iter().flat_map(|(buttons, _)| buttons);
    labels
        .map(|button| {
            let wide = u16::try_from(text::width(button) + 2).unwrap_or(u16::MAX);
            let from = x;
            x = x.saturating_add(wide).saturating_add(1);
            (from, from.saturating_add(wide).min(laid.inner.right()))
        })
        .collect()
}

/// What of a popup stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// One of its buttons.
    Button(usize),
    /// One of its lines.
    Line(usize),
    /// Its edge, or what is beside its text.
    Elsewhere,
}

/// Returns what of a popup stands at a place; `None` outside of it.
pub(super) fn spot(area: Rect, popup: &Popup, (x, y): (u16, u16)) -> Option<Spot> {
    let laid = laid(area, popup);
    if !laid.frame.contains((x, y).into()) {
        return None;
    }
    let row = y.checked_sub(laid.inner.y).filter(|_| laid.inner.contains((x, y).into()));
    Some(match row {
        Some(row) if row < laid.text_rows => {
            let line = laid.lines.get(usize::from(laid.scroll) + usize::from(row));
            line.map_or(Spot::Elsewhere, |(of, _)| Spot::Line(*of))
        }
        Some(row) if row == laid.text_rows + 1 => {
            let hit = buttons(&laid, popup).iter().position(|(from, to)| (*from..*to).contains(&x));
            hit.map_or(Spot::Elsewhere, Spot::Button)
        }
        _ => Spot::Elsewhere,
    })
}

/// Draws a popup in the middle of an area, as large as its text needs; which lines of it there was room for.
pub(super) fn draw(buffer: &mut Buffer, area: Rect, popup: &Popup, theme: Theme) -> Lines {
    let laid = laid(area, popup);
    let Laid { frame, inner, text_rows, scroll, lines, mark } = &laid;
    let (frame, inner, text_rows, scroll) = (*frame, *inner, *text_rows, *scroll);
    // Dimmed before the popup is drawn: the style goes over every cell, its own included.
    buffer.set_style(buffer.area, theme.behind());
    // What lies behind would show through the popup's blanks.
    Clear.render(frame, buffer);
    buffer.set_style(frame, theme.raised());
    let reach = Reach { first: usize::from(scroll), room: usize::from(text_rows), all: lines.len() };
    border(buffer, frame, popup, reach, theme);
    for (y, (_, line)) in (inner.y..inner.y + text_rows).zip(lines.iter().skip(usize::from(scroll))) {
        pieces(buffer, inner, y, line, theme);
    }
    if lines.len() > usize::from(text_rows) {
        let mark = format!("{}/{}", scroll + text_rows, lines.len());
        let wide = u16::try_from(mark.len()).unwrap_or(0) + 2;
        let x = frame.right().saturating_sub(wide + 2);
        let mut pen = Pen::new(buffer, frame, frame.y, theme);
        pen.x = x;
        pen.put_fitted(&[" ", &mark, " "], usize::from(wide), theme.style(Role::Quiet));
    }
    if let Some((labels, marked)) = &popup.buttons {
        let y = inner.y + text_rows + 1;
        for (at, (label, (x, _))) in labels.iter().zip(buttons(&laid, popup)).enumerate() {
            let style = if at == *marked { theme.chosen() } else { theme.style(Role::Quiet) };
            put(buffer, inner, x, y, &format!(" {} ", theme.text(label)), style);
        }
    }
    let all = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let end = all.min(scroll + text_rows);
    let shown = usize::from(scroll)..usize::from(end);
    // A key may act only on what the operator saw, so it matters whether the whole line was in view.
    let marked = mark.is_some_and(|(start, end)| shown.contains(&start) && end <= shown.end);
    Lines { first: scroll, end, all, marked }
}

/// Returns where the parts of a line stand.
fn place(lines: &[(usize, Vec<Piece>)], at: usize) -> Option<(usize, usize)> {
    let start = lines.iter().position(|(of, _)| *of == at)?;
    Some((start, start + lines[start..].iter().take_while(|(of, _)| *of == at).count()))
}

/// Draws the edges, with the title in the upper one and the keys in the lower one.
fn border(buffer: &mut Buffer, frame: Rect, popup: &Popup, reach: Reach, theme: Theme) {
    let title = [Piece::new(popup.title.as_str(), Role::Strong)];
    panel(buffer, frame, Edges::Full, &Panel { title: &title, focused: true, reach, ..Panel::default() }, theme);
    if !popup.hint.is_empty() && frame.width > 6 {
        let room = Rect { x: frame.x + 2, width: frame.width - 4, ..frame };
        let mut pen = Pen::new(buffer, room, frame.bottom() - 1, theme);
        pen.put(" ", theme.style(Role::Quiet));
        pen.put_fitted(&[&popup.hint], pen.room().saturating_sub(1), theme.style(Role::Quiet));
        pen.put(" ", theme.style(Role::Quiet));
    }
}

/// Fits each line into a popup: the last piece of one that is too long is broken, indented below where it began; what is
/// typed is cut. Each part comes with its line.
fn fitted(lines: &[Vec<Piece>], width: usize) -> Vec<(usize, Vec<Piece>)> {
    let mut out = Vec::new();
    for (of, line) in lines.iter().enumerate() {
        let names = line.iter().take_while(|piece| !is_typed(piece)).count();
        let (front, typed) = line.split_at(names);
        if !typed.is_empty() {
            // However long its label is, something of what is typed is to be seen.
            let room = width.saturating_sub(front.iter().map(width_of).sum()).clamp(MIN_TYPED, MAX_TYPED);
            out.push((of, front.iter().cloned().chain(around_cursor(typed, room)).collect()));
            continue;
        }
        let Some((last, front)) = line.split_last() else {
            out.push((of, Vec::new()));
            continue;
        };
        let indent: usize = front.iter().map(width_of).sum();
        let begun = |part: String, at: usize| {
            let mut pieces = if at == 0 { front.to_vec() } else { vec![Piece::new(" ".repeat(indent), Role::Plain)] };
            pieces.push(Piece::new(part, last.role));
            (of, pieces)
        };
        if last.fit == Fit::Rest {
            out.push(begun(text::column(&last.text, width.saturating_sub(indent)), 0));
            continue;
        }
        let room = width.saturating_sub(indent).max(MIN_TYPED);
        out.extend(text::wrap(&last.text, room).into_iter().enumerate().map(|(at, part)| begun(part, at)));
    }
    out
}

fn is_typed(piece: &Piece) -> bool {
    matches!(piece.fit, Fit::BeforeCursor | Fit::Typed)
}

/// Cuts a typed line so that its cursor is in view: of the text before it the end, of the rest the beginning.
fn around_cursor(typed: &[Piece], columns: usize) -> Vec<Piece> {
    // The cursor stands on a character, and has to be in view itself.
    let behind: usize = typed.iter().filter(|piece| piece.role == Role::Cursor).map(width_of).sum();
    let mut room = columns;
    let mut cut = Vec::with_capacity(typed.len());
    for piece in typed {
        let shown = match piece.fit {
            Fit::BeforeCursor => text::fit_end(&piece.text, columns.saturating_sub(behind)).to_owned(),
            _ if piece.role == Role::Cursor => piece.text.clone(),
            _ => text::fit(&piece.text, room),
        };
        room = room.saturating_sub(text::width(&shown));
        cut.push(Piece::new(shown, piece.role));
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_is_in_view_wherever_it_is() {
        let line = "0123456789";
        for cursor in 0..=line.len() {
            let typed = [
                Piece::new(&line[..cursor], Role::Plain).fitted(Fit::BeforeCursor),
                Piece::new(line.get(cursor..=cursor).unwrap_or(" "), Role::Cursor).fitted(Fit::Typed),
                Piece::new(line.get(cursor + 1..).unwrap_or_default(), Role::Plain).fitted(Fit::Typed),
            ];
            let cut = around_cursor(&typed, 4);
            assert_eq!(cut[1], Piece::new(typed[1].text.clone(), Role::Cursor), "at {cursor}");
            let shown: String = cut.iter().map(|piece| piece.text.as_str()).collect();
            assert!(text::width(&shown) <= 4, "at {cursor}: {shown}");
        }
    }
}
