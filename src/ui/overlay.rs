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

/// Columns between two keys in the lower edge.
const HINT_GAP: usize = 2;

/// Least columns of what is said there and cut: less of it says nothing.
const MIN_CUT: usize = 12;

/// The key of the way out.
const OUT: &str = "Esc";

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
        .chain([text::width(&popup.title) + 4, hint_width(popup) + 2, 30, usize::from(popup.least.0)])
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

/// Columns of one of the keys in the lower edge, with its meaning.
fn hint_columns((key, meaning): &(String, String)) -> usize {
    text::width(key) + usize::from(!key.is_empty()) + text::width(meaning)
}

/// Columns of all of them.
fn hint_width(popup: &Popup) -> usize {
    popup.hint.iter().map(hint_columns).sum::<usize>() + HINT_GAP * popup.hint.len().saturating_sub(1)
}

/// Where the keys in the lower edge of a popup stand: which of them, and the columns of each. Where not all have room the
/// way out is kept.
fn hints(frame: Rect, popup: &Popup) -> Vec<(usize, (u16, u16))> {
    // Corners, strokes, and a blank around them.
    let (mut x, end) = (usize::from(frame.x) + 3, usize::from(frame.right()).saturating_sub(3));
    let out = popup.hint.iter().rposition(|(key, _)| key == OUT);
    let mut shown = Vec::with_capacity(popup.hint.len());
    let mut is_full = false;
    for (at, hint) in popup.hint.iter().enumerate() {
        let reserved = out.filter(|out| *out > at).map_or(0, |out| hint_columns(&popup.hint[out]) + HINT_GAP);
        let (wide, room) = (hint_columns(hint), end.saturating_sub(x + reserved));
        // A command that says the same for a shell may lose its end; a key's meaning would be another one without it.
        let cut = if hint.0.is_empty() && room >= MIN_CUT { room } else { 0 };
        let columns = if wide <= room { wide } else { cut };
        // Once one has no room the shorter ones behind it would stand out of order.
        if columns == 0 || is_full && Some(at) != out {
            is_full = true;
            continue;
        }
        let place = |column: usize| u16::try_from(column).unwrap_or(u16::MAX);
        shown.push((at, (place(x), place(x + columns))));
        x += columns + HINT_GAP;
    }
    shown
}

/// What of a popup stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// One of its buttons.
    Button(usize),
    /// One of its lines.
    Line(usize),
    /// One of the keys in its lower edge.
    Hint(usize),
    /// Its edge, or what is beside its text.
    Elsewhere,
}

/// Where in a line of text that is typed a place is, in columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// From the cursor, which is in this line: to the left below zero.
    FromCursor(isize),
    /// From the line's beginning.
    FromStart(usize),
}

/// Returns what of a popup stands at a place, and where in typed text that is; `None` outside of it.
pub(super) fn spot(area: Rect, popup: &Popup, (x, y): (u16, u16)) -> Option<(Spot, Option<Typed>)> {
    let laid = laid(area, popup);
    if !laid.frame.contains((x, y).into()) {
        return None;
    }
    if y + 1 == laid.frame.bottom() {
        let hit = hints(laid.frame, popup).into_iter().find(|(_, (from, to))| (*from..*to).contains(&x));
        return Some((hit.map_or(Spot::Elsewhere, |(at, _)| Spot::Hint(at)), None));
    }
    let row = y.checked_sub(laid.inner.y).filter(|_| laid.inner.contains((x, y).into()));
    Some(match row {
        Some(row) if row < laid.text_rows => {
            let line = laid.lines.get(usize::from(laid.scroll) + usize::from(row));
            line.map_or((Spot::Elsewhere, None), |(of, shown)| {
                let column = usize::from(x - laid.inner.x);
                (Spot::Line(*of), popup.lines.get(*of).and_then(|line| typed_at(line, shown, column)))
            })
        }
        Some(row) if row == laid.text_rows + 1 => {
            let hit = buttons(&laid, popup).iter().position(|(from, to)| (*from..*to).contains(&x));
            (hit.map_or(Spot::Elsewhere, Spot::Button), None)
        }
        _ => (Spot::Elsewhere, None),
    })
}

/// Where in the typed text of a line a column is; `shown` is the same line as it was fitted.
fn typed_at(line: &[Piece], shown: &[Piece], column: usize) -> Option<Typed> {
    let names = line.iter().take_while(|piece| !is_typed(piece)).count();
    let first = line.get(names)?;
    let column = column.checked_sub(shown.get(..names)?.iter().map(width_of).sum())?;
    Some(match first.fit {
        Fit::BeforeCursor => {
            let before = text::width(&shown.get(names)?.text);
            Typed::FromCursor(isize::try_from(column).ok()? - isize::try_from(before).ok()?)
        }
        _ => Typed::FromStart(column),
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
        if line.iter().any(|piece| piece.role == Role::Marked) {
            // From edge to edge, as a row of a view.
            buffer.set_style(Rect { x: frame.x + 1, y, width: frame.width - 2, height: 1 }, theme.selection());
        }
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
    let y = frame.bottom() - 1;
    let mut end = None;
    for (at, (from, to)) in hints(frame, popup) {
        let (key, meaning) = &popup.hint[at];
        // The line of the edge goes on only behind the last of them.
        let blank = if end.is_none() { from - 1 } else { from - u16::try_from(HINT_GAP).unwrap_or(1) };
        let room = Rect { x: blank, width: to - blank, y, height: 1 };
        let mut pen = Pen::new(buffer, room, y, theme);
        let gap = if end.is_none() { 1 } else { HINT_GAP };
        pen.put(&"  "[..gap], theme.style(Role::Quiet));
        pen.put(key, theme.style(Role::Accent));
        pen.put(if key.is_empty() { "" } else { " " }, theme.style(Role::Quiet));
        pen.put_fitted(&[meaning], pen.room(), theme.style(Role::Quiet));
        end = Some(to);
    }
    if let Some(end) = end {
        put(buffer, frame, end, y, " ", theme.style(Role::Quiet));
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
        if indent > width * 2 / 3 && line.iter().all(|piece| piece.fit == Fit::Text) {
            // Below its columns a narrow popup has no room.
            let whole: String = line.iter().map(|piece| piece.text.as_str()).collect();
            out.extend(text::wrap(&whole, width).into_iter().map(|part| (of, vec![Piece::new(part, last.role)])));
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
    fn a_line_is_broken_below_its_last_column_where_that_leaves_a_third_of_the_room() {
        let line = [Piece::new("  13:25  root  ", Role::Plain), Piece::new("one two three four", Role::Plain)];
        let shown = |width: usize| -> Vec<String> {
            let fitted = fitted(&[line.to_vec()], width).into_iter();
            fitted.map(|(_, pieces)| pieces.iter().map(|piece| piece.text.as_str()).collect()).collect()
        };
        assert_eq!(shown(30), ["  13:25  root  one two three", "               four"]);
        assert_eq!(shown(22), ["  13:25  root  one two", "  three four"]);
    }

    fn popup(hint: &[(&str, &str)]) -> Popup {
        Popup {
            title: "t".to_owned(),
            lines: vec![vec![Piece::new("text", Role::Plain)]],
            scroll: 0,
            marked: None,
            least: (0, 0),
            buttons: None,
            hint: hint.iter().map(|(key, meaning)| ((*key).to_owned(), (*meaning).to_owned())).collect(),
        }
    }

    #[test]
    fn keys_that_have_no_room_go_before_the_way_out() {
        let popup = popup(&[("Enter", "saves"), ("Tab", "goes on"), ("Esc", "drops it"), ("", "the same: in a shell")]);
        let shown = |width| hints(Rect::new(0, 0, width, 3), &popup).into_iter().map(|(at, _)| at).collect::<Vec<_>>();
        assert_eq!(shown(66), [0, 1, 2, 3]);
        assert_eq!(shown(62), [0, 1, 2, 3], "a text may be cut");
        assert_eq!(shown(50), [0, 1, 2]);
        assert_eq!(shown(42), [0, 2], "a key is never shown without its meaning");
        assert_eq!(shown(20), [2]);
        assert_eq!(shown(10), [0; 0]);
    }

    #[test]
    fn a_place_in_typed_text_is_counted_from_its_cursor() {
        let area = Rect::new(0, 0, 80, 10);
        let typed = |cursor: bool| {
            let name = Piece::new("name", Role::Quiet).fitted(Fit::Name);
            let text = |text: &str, fit| Piece::new(text, Role::Plain).fitted(fit);
            if cursor {
                let under = Piece::new("c", Role::Cursor).fitted(Fit::Typed);
                return vec![name, text("ab", Fit::BeforeCursor), under, text("def", Fit::Typed)];
            }
            vec![name, text("abcdef", Fit::Typed)]
        };
        for (cursor, at, want) in [
            (true, 0, Some(Typed::FromCursor(-2))),
            (true, 2, Some(Typed::FromCursor(0))),
            (true, 5, Some(Typed::FromCursor(3))),
            (true, 9, Some(Typed::FromCursor(7))),
            (false, 4, Some(Typed::FromStart(4))),
            (false, -3, None),
        ] {
            let popup = Popup { lines: vec![typed(cursor)], ..popup(&[]) };
            let inner = laid(area, &popup).inner;
            let x = u16::try_from(i32::from(inner.x) + 12 + at).unwrap();
            assert_eq!(spot(area, &popup, (x, inner.y)), Some((Spot::Line(0), want)), "{at}");
        }
    }

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
