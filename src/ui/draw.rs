//! One frame: the plan, the view, the popup.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::{Pen, pieces, put};
use super::layout::{self, MIN_SIZE, Plan, ViewKind};
use super::overlay;
pub use super::overlay::Lines;
use super::screens;
use super::text;
use super::theme::Theme;
use super::view::{Body, Role, Tab, View};

/// Hints at the end of the footer that are never dropped: help and the way out.
const ALWAYS_SHOWN: usize = 2;

/// From this width on the footer names the views.
const TABS_FROM: u16 = 110;

/// From this width on the footer begins one column further in, below the edges of the panels.
const INSET_FROM: u16 = 50;

/// What drawing decided that the view does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drawn {
    /// The popup's lines, when it was drawn.
    pub popup: Option<Lines>,
}

/// Draws a view into the whole of a buffer.
pub fn draw(buffer: &mut Buffer, view: &View, theme: Theme) -> Drawn {
    let area = buffer.area;
    let plan = plan_of(area, view);
    if plan.too_small {
        // A letter would go into what is open.
        let key = if view.overlay.is_some() { "Ctrl-C" } else { "q" };
        let say = format!("needs {}x{}, {key} leaves", MIN_SIZE.0, MIN_SIZE.1);
        put(buffer, area, area.x, area.y, &text::fit(&say, usize::from(area.width)), theme.style(Role::Strong));
        return Drawn::default();
    }
    screens::header(buffer, plan.header, &view.header, theme);
    match &view.body {
        Body::Fleet(fleet) => screens::fleet(buffer, &plan, fleet, theme),
        Body::Wall(wall) => screens::wall(buffer, &plan, wall, theme),
        Body::Watch(cut) => screens::watch(buffer, &plan, cut, theme),
        Body::Board(board) => screens::board(buffer, &plan, board, theme),
        Body::Activity(activity) => screens::activity(buffer, &plan, activity, theme),
        Body::Card(card) => screens::card(buffer, &plan, card, theme),
        Body::Diff(diff) => screens::diff(buffer, &plan, diff, theme),
    }
    footer(buffer, plan.footer, view, theme);
    // Header and footer stay in view: who needs the operator meanwhile, and which keys act.
    let between = Rect { y: area.y + 1, height: area.height - 2, ..area };
    Drawn { popup: view.overlay.as_ref().map(|popup| overlay::draw(buffer, between, popup, theme)) }
}

fn plan_of(area: Rect, view: &View) -> Plan {
    let kind = match &view.body {
        Body::Watch(_) | Body::Card(_) => ViewKind::Watch,
        Body::Diff(diff) => ViewKind::Diff { filter: diff.filter.is_some() },
        Body::Activity(activity) => ViewKind::Activity { filter: activity.filter.is_some() },
        Body::Wall(wall) => ViewKind::Wall { tiles: wall.all, at: wall.streamed, filter: wall.filter.is_some() },
        Body::Board(board) => {
            ViewKind::Board { selected: board.selected, filter: board.filter.is_some(), empty: !board.empty.is_empty() }
        }
        Body::Fleet(fleet) => ViewKind::Fleet {
            lines: fleet.lines,
            filter: fleet.filter.is_some(),
            facts: fleet.facts.as_ref().map_or(0, |facts| facts.lines.len()),
        },
    };
    layout::plan(area.width, area.height, kind)
}

fn footer(buffer: &mut Buffer, line: Rect, view: &View, theme: Theme) {
    let inset = u16::from(line.width > INSET_FROM);
    let area = Rect { x: line.x + inset, width: line.width - inset, ..line };
    // The hints can wait: a message answers what was just done.
    if let Some(message) = &view.message {
        pieces(buffer, area, area.y, std::slice::from_ref(message), theme);
        return;
    }
    let wide = |(key, meaning): &(String, String)| {
        u16::try_from(text::width(key) + text::width(meaning) + 3).unwrap_or(u16::MAX)
    };
    let (first, last) = view.footer.split_at(view.footer.len().saturating_sub(ALWAYS_SHOWN));
    // The way out is reserved before anything else is written.
    let kept = area.right().saturating_sub(last.iter().map(wide).fold(0, u16::saturating_add));
    let mut pen = Pen::new(buffer, area, area.y, theme);
    let mut room = kept;
    // Where the views stand with their keys, the hints need not name them.
    let tabs: &[Tab] = if line.width >= TABS_FROM { &view.tabs } else { &[] };
    for tab in tabs {
        let style = if tab.current { theme.chosen() } else { theme.style(Role::Quiet) };
        pen.put(" ", style);
        pen.put(&tab.key, if tab.current { style } else { theme.style(Role::Accent) });
        [" ", tab.name, " "].iter().for_each(|part| pen.put(part, style));
    }
    pen.skip(if tabs.is_empty() { 0 } else { 2 });
    let first = first.iter().filter(|(key, _)| tabs.iter().all(|tab| tab.key != *key));
    for (hint, always) in first.map(|hint| (hint, false)).chain(last.iter().map(|hint| (hint, true))) {
        // Once one does not fit, the shorter ones behind it would stand out of order.
        if !always && pen.x.saturating_add(wide(hint)) > room {
            room = 0;
            continue;
        }
        pen.put(&hint.0, theme.style(Role::Accent));
        [" ", &hint.1, "  "].iter().for_each(|part| pen.put(part, theme.style(Role::Quiet)));
    }
}
