//! The Board view: the columns, the selected card below them; and one card on the whole screen.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::fleet::filter;
use crate::ui::canvas::{Pen, pieces, put, titled_rule};
use crate::ui::layout::Plan;
use crate::ui::text;
use crate::ui::theme::Theme;
use crate::ui::view::{BoardView, CardView, ColumnView, Piece, Role};

/// Draws the board.
pub(crate) fn draw(buffer: &mut Buffer, plan: &Plan, view: &BoardView, theme: Theme) {
    filter(buffer, plan.filter, view.filter.as_ref(), theme);
    tabs(buffer, plan.tabs, view, theme);
    for (at, (area, column)) in plan.columns.iter().zip(&view.columns).enumerate() {
        draw_column(buffer, *area, plan.card_rows, column, at == view.selected, theme);
        if area.right() < plan.header.right() && !area.is_empty() && view.empty.is_empty() {
            let gap = Rect { x: area.right(), width: 1, ..*area };
            for y in gap.y + 1..gap.bottom() {
                put(buffer, gap, gap.x, y, theme.bar(), theme.style(Role::Quiet));
            }
        }
    }
    if !view.empty.is_empty() {
        let area = plan.columns[view.selected];
        let whole = Rect { x: plan.header.x, width: plan.header.width, ..area };
        for (y, line) in (area.y + 2..area.bottom()).zip(&view.empty) {
            let mut pen =
                Pen::new(buffer, Rect { x: whole.x + 2, width: whole.width.saturating_sub(2), ..whole }, y, theme);
            pen.put_fitted(&[line], pen.room(), theme.style(Role::Plain));
        }
    }
    if plan.card.is_empty() {
        return;
    }
    let whole = Rect { width: plan.header.width, ..plan.card };
    let title = view.detail.first().map_or(&[][..], Vec::as_slice);
    titled_rule(buffer, Rect { height: 1, ..whole }, title, theme);
    let below = |area: Rect| Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    lines(buffer, below(plan.card), view.detail.get(1..).unwrap_or_default(), theme);
    if !plan.beside.is_empty() {
        lines(buffer, below(plan.beside), &view.beside, theme);
    }
}

fn lines(buffer: &mut Buffer, area: Rect, lines: &[Vec<Piece>], theme: Theme) {
    for (y, line) in (area.y..area.bottom()).zip(lines) {
        pieces(buffer, area, y, line, theme);
    }
}

/// Draws the names of all columns in one line, where only one column is shown.
fn tabs(buffer: &mut Buffer, area: Rect, view: &BoardView, theme: Theme) {
    if area.is_empty() {
        return;
    }
    let wide: usize = view.columns.iter().flat_map(|column| &column.title).map(|piece| text::width(&piece.text)).sum();
    let short = wide + view.columns.len() > usize::from(area.width);
    let mut x = area.x;
    for (at, column) in view.columns.iter().enumerate() {
        let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
        let from = x;
        let mut pen = Pen::new(buffer, rest, area.y, theme);
        for (number, piece) in column.title.iter().enumerate() {
            // The initials still differ.
            let shown = if short && number == 0 { text::head(&piece.text, 1).0 } else { &piece.text };
            pen.put_fitted(&[shown], pen.room(), theme.style(piece.role));
        }
        x = pen.x + 1;
        if at == view.selected {
            buffer.set_style(
                Rect { x: from, width: (x - from).min(rest.width).saturating_sub(1), ..area },
                theme.selection(),
            );
        }
    }
}

fn draw_column(buffer: &mut Buffer, area: Rect, card_rows: u16, column: &ColumnView, selected: bool, theme: Theme) {
    if area.is_empty() {
        return;
    }
    pieces(buffer, area, area.y, &column.title, theme);
    if selected {
        let style = Style::new().add_modifier(ratatui::style::Modifier::UNDERLINED);
        buffer.set_style(Rect { height: 1, ..area }, style);
    }
    for (at, card) in (0_u16..).zip(&column.cards) {
        let y = area.y + 1 + at * card_rows;
        if y + card_rows > area.bottom() {
            break;
        }
        for (row, line) in (y..y + card_rows).zip(&card.lines) {
            pieces(buffer, area, row, line, theme);
        }
        if card.selected {
            buffer.set_style(Rect { y, height: card_rows, ..area }, theme.selection());
        }
    }
}

/// Draws one card on the whole screen.
pub(crate) fn draw_card(buffer: &mut Buffer, plan: &Plan, view: &CardView, theme: Theme) {
    titled_rule(buffer, plan.pane_title, &view.title, theme);
    let shown = view.lines.get(usize::from(view.scroll)..).unwrap_or_default();
    lines(buffer, plan.pane, shown, theme);
    let more = view.lines.len().saturating_sub(usize::from(view.scroll) + usize::from(plan.pane.height));
    if more > 0 {
        let mark = format!(" {more} more ");
        let x = plan.pane.right().saturating_sub(u16::try_from(mark.len()).unwrap_or(0));
        put(buffer, plan.pane, x, plan.pane.bottom() - 1, &mark, theme.selection());
    }
}
