//! One frame: the plan, the view, the popup.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::canvas::{Pen, pieces, put};
use super::layout::{self, MIN_SIZE, Plan};
use super::overlay;
pub use super::overlay::Lines;
use super::screens;
use super::text;
use super::theme::Theme;
use super::view::{Body, Role, Tab, View};

/// Where something of the footer stands: from this column up to that one.
pub(super) type Span = (u16, u16);

/// A part of the footer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A view, by its place among them.
    Tab(usize),
    /// A hint, by its place among them.
    Hint(usize),
}

/// Hints at the end of the footer that are never dropped: help and the way out.
const ALWAYS_SHOWN: usize = 2;

/// From this width on the footer names the views.
const TABS_FROM: u16 = 110;

/// From this width on it has their keys at least.
const KEYS_OF_TABS_FROM: u16 = 64;

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
        let whole = format!("needs {}x{}, {key} leaves", MIN_SIZE.0, MIN_SIZE.1);
        let fits = text::width(&whole) <= usize::from(area.width);
        let say = if fits { whole } else { format!("{}x{}, {key} leaves", MIN_SIZE.0, MIN_SIZE.1) };
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
        Body::Org(org) => screens::org(buffer, &plan, org, theme),
        Body::Diff(diff) => screens::diff(buffer, &plan, diff, theme),
    }
    footer(buffer, plan.footer, view, theme);
    // Header and footer stay in view: who needs the operator meanwhile, and which keys act.
    let between = Rect { y: area.y + 1, height: area.height - 2, ..area };
    Drawn { popup: view.overlay.as_ref().map(|popup| overlay::draw(buffer, between, popup, theme)) }
}

pub(super) fn plan_of(area: Rect, view: &View) -> Plan {
    layout::plan(area.width, area.height, view.kind)
}

/// Returns which parts of the footer there is room for, and where each stands. Beside a message that are the views, and
/// the hints that are always shown.
pub(super) fn footer_parts(line: Rect, view: &View) -> Vec<(Part, Span)> {
    if line.is_empty() {
        return Vec::new();
    }
    let inset = u16::from(line.width > INSET_FROM);
    let right = line.right();
    let wide = |(key, meaning): &(String, String)| columns(&[key, meaning]).saturating_add(3);
    let mut parts = Vec::with_capacity(view.tabs.len() + view.footer.len());
    let mut x = line.x + inset;
    let mut take = |part: Part, wide: u16, x: &mut u16| {
        let from = *x;
        *x = x.saturating_add(wide).min(right);
        parts.push((part, (from, *x)));
    };
    // Where the views stand with their keys, the hints need not name them.
    let (tabs, named): (&[Tab], bool) = match line.width {
        TABS_FROM.. => (&view.tabs, true),
        KEYS_OF_TABS_FROM.. => (&view.tabs, false),
        _ => (&[], false),
    };
    for (at, tab) in tabs.iter().enumerate() {
        let name = if named { columns(&[tab.name]).saturating_add(2) } else { 0 };
        take(Part::Tab(at), columns(&[&tab.key]).saturating_add(1 + name), &mut x);
    }
    x = x.saturating_add(match (tabs.is_empty(), named) {
        (true, _) => 0,
        (false, named) => 1 + u16::from(named),
    });
    let first = view.footer.len().saturating_sub(ALWAYS_SHOWN);
    if let Some(message) = &view.message {
        // What was just done has to be said whole; where one is can wait.
        let end = x.saturating_add(columns(&[&message.text]));
        if end > right {
            parts.clear();
            return parts;
        }
        // Messages come often where much happens: the way to all other keys stays beside them, where both have room.
        let wanted = view.footer[first..].iter().map(wide).fold(1, u16::saturating_add);
        x = right.saturating_sub(wanted - 1);
        if end.saturating_add(wanted) <= right {
            (first..view.footer.len()).for_each(|at| take(Part::Hint(at), wide(&view.footer[at]), &mut x));
        }
        return parts;
    }
    // The way out is reserved before anything else is written.
    let mut room = right.saturating_sub(view.footer[first..].iter().map(wide).fold(0, u16::saturating_add));
    for (at, hint) in view.footer.iter().enumerate() {
        if at < first && tabs.iter().any(|tab| tab.key == hint.0) {
            continue;
        }
        // Once one does not fit, the shorter ones behind it would stand out of order.
        if at < first && x.saturating_add(wide(hint)) > room {
            room = 0;
            continue;
        }
        take(Part::Hint(at), wide(hint), &mut x);
    }
    parts
}

/// The columns of texts beside each other.
fn columns(texts: &[&str]) -> u16 {
    texts.iter().fold(0_u16, |all, part| all.saturating_add(u16::try_from(text::width(part)).unwrap_or(u16::MAX)))
}

fn footer(buffer: &mut Buffer, line: Rect, view: &View, theme: Theme) {
    let parts = footer_parts(line, view);
    // The hints can wait: a message answers what was just done.
    if let Some(message) = &view.message {
        let inset = line.x + u16::from(line.width > INSET_FROM);
        let tabs = parts.iter().take_while(|(part, _)| matches!(part, Part::Tab(_)));
        let x = tabs.last().map_or(inset, |(_, (_, to))| to + 1);
        let area = Rect { x, width: line.right().saturating_sub(x), ..line };
        pieces(buffer, area, area.y, std::slice::from_ref(message), theme);
    }
    for (part, (from, to)) in parts {
        let area = Rect { x: from, width: to - from, ..line };
        let mut pen = Pen::new(buffer, area, area.y, theme);
        match part {
            Part::Tab(at) => {
                let tab = &view.tabs[at];
                let style = if tab.current { theme.chosen() } else { theme.style(Role::Quiet) };
                let of_key = if tab.current { style } else { theme.style(Role::Accent) };
                if to - from == columns(&[&tab.key]) + 1 {
                    // The panel's title names the view.
                    pen.put(&tab.key, of_key);
                    continue;
                }
                pen.put(" ", style);
                pen.put(&tab.key, of_key);
                [" ", tab.name, " "].iter().for_each(|part| pen.put(part, style));
            }
            Part::Hint(at) => {
                let (key, meaning) = &view.footer[at];
                pen.put(key, theme.style(Role::Accent));
                [" ", meaning, "  "].iter().for_each(|part| pen.put(part, theme.style(Role::Quiet)));
            }
        }
    }
}
