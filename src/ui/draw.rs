//! One frame: the plan, the view, the popup.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::put;
use super::layout::{self, Kind, Plan, SMALLEST};
use super::overlay;
use super::screens;
use super::text;
use super::theme::Theme;
use super::view::{Body, Role, View};

/// Draws a view into the whole of a buffer.
pub fn draw(buffer: &mut Buffer, view: &View, theme: Theme) {
    let area = buffer.area;
    let plan = plan_of(area, view);
    if plan.too_small {
        let say = format!("needs {}x{}", SMALLEST.0, SMALLEST.1);
        put(buffer, area, area.x, area.y, &text::fit(&say, usize::from(area.width)), theme.style(Role::Strong));
        return;
    }
    screens::header(buffer, plan.header, &view.header, &view.clock, theme);
    match &view.body {
        Body::Fleet(fleet) => screens::fleet(buffer, &plan, fleet, theme),
        Body::Watch(cut) => screens::watch(buffer, &plan, cut, theme),
    }
    footer(buffer, plan.footer, view, theme);
    if let Some(popup) = &view.overlay {
        let between = Rect { y: area.y + 1, height: area.height - 2, ..area };
        overlay::draw(buffer, between, popup, theme);
    }
}

fn plan_of(area: Rect, view: &View) -> Plan {
    let kind = match &view.body {
        Body::Watch(_) => Kind::Watch,
        Body::Fleet(fleet) => Kind::Fleet {
            rows: fleet.position.1,
            filter: fleet.filter.is_some(),
            facts: fleet.facts.as_ref().map_or(0, |facts| facts.lines.len()),
        },
    };
    layout::plan(area.width, area.height, kind)
}

fn footer(buffer: &mut Buffer, area: Rect, view: &View, theme: Theme) {
    if let Some(message) = &view.message {
        let shown = theme.fit(&message.text, usize::from(area.width));
        put(buffer, area, area.x, area.y, &shown, theme.style(message.role));
        return;
    }
    let mut x = area.x;
    for (key, meaning) in &view.footer {
        let wide = u16::try_from(text::width(key) + text::width(meaning) + 3).unwrap_or(u16::MAX);
        if x.saturating_add(wide) > area.right() {
            break;
        }
        x += put(buffer, area, x, area.y, key, theme.style(Role::Strong));
        x += put(buffer, area, x, area.y, &format!(" {meaning}  "), theme.style(Role::Quiet));
    }
}
