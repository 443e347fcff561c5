//! The Board view: the columns, the selected card below them; and one card on the whole screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::list::{empty, filter, select};
use crate::ui::canvas::{Panel, Pen, panel, pieces, stroke, thumb};
use crate::ui::lanes::{INDENT, card_in, title_lines};
use crate::ui::layout::{Edges, Plan};
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::view::{BoardView, CardView, CardWords, ColumnView, Fit, Piece, Reach, Role};

/// Minimum width of a column that says more of a card on its only line than id and title.
const MIN_INFO: usize = 24;

/// Minimum width of one that tells who holds a card, and for how long, instead of its title.
const OF_HOLDER: usize = 16;

/// Most columns of who that is.
const WIDEST_HOLDER: usize = 14;

/// Columns in which the beginning of a title says anything.
const MIN_TITLE: usize = 8;

/// Draws the board.
pub(crate) fn draw(buffer: &mut Buffer, plan: &Plan, view: &BoardView, theme: Theme) {
    filter(buffer, plan.filter, view.filter.as_ref(), theme);
    tabs(buffer, plan, view, theme);
    if view.empty.is_empty() {
        for (at, (area, column)) in plan.columns.iter().zip(&view.columns).enumerate() {
            draw_column(buffer, plan, *area, column, at == view.selected, theme);
            // Columns without edges have a blank between them, where this line stands; behind the last there is
            // none.
            if plan.column_edges == Edges::None && area.right() < plan.header.right() && !area.is_empty() {
                for y in area.y..area.bottom() {
                    stroke(buffer, area.right(), y, theme.bar(), theme.edge(false));
                }
                let cards = plan.cards_in(*area);
                let edge = Panel { focused: at == view.selected, reach: column.reach, ..Panel::default() };
                thumb(buffer, Rect { x: area.right(), width: 1, ..cards }, &edge, theme);
            }
        }
    } else {
        let body = plan.columns[view.selected];
        // The message has the width of all columns, not that of the selected one.
        let whole = Rect { x: plan.header.x, width: plan.header.width, ..body };
        let title = [Piece::new("Board", Role::Strong)];
        panel(buffer, whole, plan.edges, &Panel { title: &title, focused: true, ..Panel::default() }, theme);
        empty(buffer, plan.edges.inside(whole), &view.empty, theme);
    }
    if plan.card_frame.is_empty() {
        return;
    }
    let title = view.detail.first().map_or(&[][..], Vec::as_slice);
    panel(buffer, plan.card_frame, plan.edges, &Panel { title, keys: &view.keys, ..Panel::default() }, theme);
    if plan.edges == Edges::None {
        // No edge to stand in.
        lines(buffer, plan.card, &view.detail, theme);
    } else {
        lines(buffer, plan.card, view.detail.get(1..).unwrap_or_default(), theme);
    }
    if !plan.beside.is_empty() {
        let title = [Piece::new("around it", Role::Quiet)];
        panel(buffer, plan.beside_frame, plan.edges, &Panel { title: &title, ..Panel::default() }, theme);
        lines(buffer, plan.beside, &view.beside, theme);
    }
}

fn lines(buffer: &mut Buffer, area: Rect, lines: &[Vec<Piece>], theme: Theme) {
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        pieces(buffer, area, y, line, theme);
    }
}

/// Returns the pieces of a column's title that there is room for: its name, its count, and notes that fit whole.
fn title(column: &ColumnView, width: usize) -> impl Iterator<Item = &Piece> {
    let mut used: usize = column.title.iter().map(|piece| text::width(&piece.text)).sum();
    let notes = column.notes.iter().filter(move |note| {
        let wide = text::width(&note.text);
        let fits = used + wide <= width;
        used += if fits { wide } else { 0 };
        fits
    });
    column.title.iter().chain(notes)
}

/// Draws the names of all columns in one line, where only one column is shown.
fn tabs(buffer: &mut Buffer, plan: &Plan, view: &BoardView, theme: Theme) {
    let area = plan.tabs;
    if area.is_empty() {
        return;
    }
    let titles = || view.columns.iter().zip(&plan.columns).map(|(column, area)| title(column, usize::from(area.width)));
    let wide: usize = titles().flatten().map(|piece| text::width(&piece.text)).sum();
    // A blank behind each.
    let short = wide + view.columns.len() > usize::from(area.width);
    let mut x = area.x;
    for (at, title) in titles().enumerate() {
        let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
        let from = x;
        let mut pen = Pen::new(buffer, rest, area.y, theme);
        for (number, piece) in title.enumerate() {
            // The initials still differ.
            let shown = if short && number == 0 { text::head(&piece.text, 1).0 } else { &piece.text };
            pen.put_fitted(&[shown], pen.room(), theme.style(piece.role));
        }
        x = pen.x + 1;
        if at == view.selected {
            buffer.set_style(
                Rect { x: from, width: (x - from).min(rest.width).saturating_sub(1), ..area },
                theme.chosen(),
            );
        }
    }
}

fn draw_column(buffer: &mut Buffer, plan: &Plan, area: Rect, column: &ColumnView, selected: bool, theme: Theme) {
    if area.is_empty() {
        return;
    }
    if plan.column_edges == Edges::Full {
        let wide = |pieces: &[Piece]| pieces.iter().map(|piece| text::width(&piece.text)).sum::<usize>();
        // The edge has room for one; the notes stand in the order of what matters.
        let notes = column.notes.get(..1).unwrap_or_default();
        // Corners, strokes, and a blank around each.
        let fits = wide(&column.title) + wide(notes) + 9 <= usize::from(area.width);
        let facts = if fits { notes } else { &[] };
        let edge = Panel { title: &column.title, facts, focused: selected, reach: column.reach, ..Panel::default() };
        panel(buffer, area, Edges::Full, &edge, theme);
    } else if plan.tabs.is_empty() {
        band(buffer, area, column, selected, theme);
    }
    let inner = plan.cards_in(area);
    let mut y = inner.y;
    for card in &column.cards {
        // Half a card is not shown: its second line may be what matters.
        if y + card.lines > inner.bottom() {
            break;
        }
        let place = Rect { y, height: card.lines, ..inner };
        let inset = card_in(place);
        draw_cell(buffer, inset, (card.card.as_ref(), selected, card.marked), theme);
        if card.selected {
            select(buffer, place, theme);
        }
        y += card.lines;
    }
}

/// Draws the title of a column that has no edges.
fn band(buffer: &mut Buffer, area: Rect, column: &ColumnView, selected: bool, theme: Theme) {
    let mut pen = Pen::new(buffer, area, area.y, theme);
    // A number that is cut is another number; a name that is cut is still known.
    let count = text::width(&column.title[1].text);
    for (number, piece) in title(column, usize::from(area.width)).enumerate() {
        let room = if number == 0 { pen.room().saturating_sub(count) } else { pen.room() };
        pen.put_fitted(&[&piece.text], room, theme.style(piece.role));
    }
    if selected {
        let style = theme.style(Role::Accent).add_modifier(ratatui::style::Modifier::UNDERLINED);
        buffer.set_style(Rect { height: 1, ..area }, style);
    }
}

/// Returns what stands of a claim: its owner, what is left of it, and that as a bar.
fn held(card: &CardWords) -> Option<&[Piece]> {
    let bar = card.info.iter().position(|piece| piece.fit == Fit::Whole)?;
    card.info.get(bar.checked_sub(2)?..=bar)
}

/// Draws a card in its column, on one line or on more.
fn draw_cell(buffer: &mut Buffer, area: Rect, (card, focused, marked): (Option<&CardWords>, bool, bool), theme: Theme) {
    let plain = theme.style(Role::Plain);
    let mut pen = Pen::new(buffer, area, area.y, theme);
    let Some(card) = card else { return pen.put("\u{2026}", theme.style(Role::Quiet)) };
    let lane = theme.style(Role::Lane(card.column));
    pen.put_fitted(&[&card.id], pen.room(), lane);
    // In the gap behind its id: nothing moves for it.
    let (mark, style) = if marked { (theme.marked(), theme.style(Role::Accent)) } else { (" ", lane) };
    pen.put(mark, style);
    let width = usize::from(area.width);
    let below = Rect { x: area.x + INDENT, width: area.width.saturating_sub(INDENT), ..area };
    if area.height > 1 {
        let mut y = area.y;
        for line in title_lines(width, &card.id, &card.title, usize::from(area.height - 1)) {
            if y > area.y {
                pen = Pen::new(buffer, below, y, theme);
            }
            pen.put_fitted(&[line], pen.room(), plain);
            y += 1;
        }
        pieces(buffer, below, y, &card.info, theme);
        return;
    }
    if let Some([owner, .., bar]) = held(card).filter(|_| !focused && width >= OF_HOLDER) {
        // Who has it and for how long is why one looks at a column of claims; titles are read in the one in focus.
        let room = pen.room().saturating_sub(text::width(&bar.text)).min(WIDEST_HOLDER);
        pen.put_column(&[owner.text.trim_start()], room, theme.style(owner.role));
        pen.put_fitted(&[&bar.text], pen.room(), theme.style(bar.role));
        if pen.room() > MIN_TITLE {
            pen.put_fitted(&[" ", &card.title], pen.room(), plain);
        }
        return;
    }
    if width >= MIN_INFO && card.urgent {
        // One line: what is urgent about it stands in front of the title.
        let mut room = width / 3;
        for piece in &card.info {
            let from = pen.x;
            pen.put_fitted(&[&piece.text], room.min(pen.room()), theme.style(piece.role));
            room = room.saturating_sub(usize::from(pen.x - from));
        }
        pen.put_fitted(&[" "], pen.room(), plain);
    }
    pen.put_fitted(&[&card.title], pen.room(), plain);
    if !card.urgent {
        // What has no room whole beside a whole title is left to the panel below.
        for piece in &card.info {
            if text::width_within(&piece.text, pen.room().saturating_sub(2)).is_some() {
                pen.put("  ", plain);
                pen.put(piece.text.trim_start(), theme.style(piece.role));
            }
        }
    }
}

/// Draws one card on the whole screen.
pub(crate) fn draw_card(buffer: &mut Buffer, plan: &Plan, view: &CardView, theme: Theme) {
    let more = view.lines.len().saturating_sub(usize::from(view.scroll) + usize::from(plan.list.height));
    let facts = [Piece::new(if more > 0 { format!("{more} more") } else { String::new() }, Role::Quiet)];
    let reach = Reach { first: usize::from(view.scroll), room: usize::from(plan.list.height), all: view.lines.len() };
    let edge = Panel { title: &view.title, facts: &facts, focused: true, reach, ..Panel::default() };
    panel(buffer, plan.list_frame, plan.edges, &edge, theme);
    let shown = view.lines.get(usize::from(view.scroll)..).unwrap_or_default();
    lines(buffer, plan.list, shown, theme);
}
