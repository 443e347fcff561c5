//! What stands at a place of a frame that was drawn: found from the very view, so that a click means what was seen. Pure.

use ratatui::layout::{Position, Rect};

use super::activity;
use super::canvas::keys_in_edge;
use super::draw::{Part, footer_parts, plan_of};
use super::layout::{Edges, Plan};
use super::overlay;
pub use super::overlay::{Spot, Typed};
use super::view::{ActivityLine, BoardView, Body, View};
use crate::fleet::model::RowKey;

/// What was clicked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A view, by its place among the tabs.
    Tab(usize),
    /// A hint of the footer or of a panel's edge, by its key.
    Hint(String),
    /// A key in the edge of the open popup.
    Key(String),
    /// The line that narrows the view.
    Filter,
    /// An agent's row or tile.
    Agent(RowKey),
    /// A column of the board, and the card in it.
    Card {
        /// The column, from the left.
        lane: usize,
        /// The card's id, where there is one.
        id: Option<String>,
    },
    /// A file in the list beside a diff.
    File {
        /// The line at which it begins.
        row: usize,
        /// Its name there.
        name: String,
    },
    /// An event, by its place among those on the screen.
    Event(usize),
    /// Something of the open popup; how far it is from what is marked there.
    Popup {
        /// What it is.
        spot: Spot,
        /// Entries from the marked one to it.
        from_mark: isize,
        /// Where in a text that is typed.
        typed: Option<Typed>,
    },
}

/// Returns what stands at a place of a view that was drawn over an area.
#[must_use]
pub fn at(view: &View, width: u16, height: u16, place: (u16, u16)) -> Option<Target> {
    let area = Rect::new(0, 0, width, height);
    let plan = plan_of(area, view);
    if plan.too_small || !area.contains(place.into()) {
        return None;
    }
    if let Some(popup) = &view.overlay {
        let between = Rect { y: area.y + 1, height: area.height - 2, ..area };
        let (spot, typed) = overlay::spot(between, popup, place)?;
        if let Spot::Hint(at) = spot
            && let Some((key, _)) = popup.hint.get(at).filter(|(key, _)| !key.is_empty())
        {
            return Some(Target::Key(key.clone()));
        }
        let apart = |to: usize, from: usize| isize::try_from(to).unwrap_or(0) - isize::try_from(from).unwrap_or(0);
        let from_mark = match (spot, &popup.buttons, popup.marked) {
            (Spot::Button(to), Some((_, marked)), _) => apart(to, *marked),
            (Spot::Line(to), _, Some(marked)) => apart(to, marked),
            _ => 0,
        };
        return Some(Target::Popup { spot, from_mark, typed });
    }
    if plan.footer.contains(place.into()) {
        let parts = footer_parts(plan.footer, view);
        let (part, _) = parts.into_iter().find(|(_, (from, to))| (*from..*to).contains(&place.0))?;
        return Some(match part {
            Part::Tab(at) => Target::Tab(at),
            Part::Hint(at) => Target::Hint(view.footer.get(at)?.0.clone()),
        });
    }
    let position = Position::from(place);
    if plan.filter.contains(position) {
        return Some(Target::Filter);
    }
    if let Some(key) = edge_key(&plan, &view.body, position) {
        return Some(Target::Hint(key.to_owned()));
    }
    match &view.body {
        Body::Fleet(fleet) => {
            // Below the titles of the columns.
            let mut line = place.1.checked_sub(plan.list.y + 1).filter(|_| plan.list.contains(position))?;
            let row = fleet.rows.iter().find(|row| {
                let here = line < row.lines;
                line = line.saturating_sub(row.lines);
                here
            })?;
            Some(Target::Agent(row.agent.key))
        }
        Body::Wall(wall) => {
            let shown = wall.tiles.iter().take(plan.grid.page()).enumerate();
            let hit = shown.into_iter().find(|(at, _)| plan.grid.tile(*at).contains(position));
            let lines = wall.folded.iter().enumerate();
            let line = lines.into_iter().find(|(at, _)| plan.grid.line(*at).contains(position));
            let key = hit.map(|(_, tile)| tile.agent.key).or(line.map(|(_, line)| line.agent.key));
            key.map(Target::Agent)
        }
        Body::Org(org) => {
            let line = place.1.checked_sub(plan.list.y + 1).filter(|_| plan.list.contains(position))?;
            org.rows.get(usize::from(line))?.key.map(Target::Agent)
        }
        Body::Board(board) => card(&plan, board, position),
        Body::Activity(shown) => {
            let area = activity::areas(plan.list, plan.edges, shown.pages).events;
            let count = u16::try_from(shown.lines.len()).unwrap_or(area.height).min(area.height);
            let line = place.1.checked_sub(area.bottom() - count).filter(|_| area.contains(position))?;
            let before = shown.lines.get(..=usize::from(line))?;
            matches!(before.last(), Some(ActivityLine::Event(_))).then(|| {
                let events = before.iter().filter(|line| matches!(line, ActivityLine::Event(_))).count();
                Target::Event(events - 1)
            })
        }
        Body::Diff(diff) => {
            let line = place.1.checked_sub(plan.beside.y).filter(|_| plan.beside.contains(position))?;
            diff.files.get(usize::from(line)).map(|file| Target::File { row: file.row, name: file.name.clone() })
        }
        Body::Watch(_) | Body::Card(_) => None,
    }
}

/// The key that stands at a place in the lower edge of the selection's panel.
fn edge_key<'a>(plan: &Plan, body: &'a Body, position: Position) -> Option<&'a str> {
    let (frame, keys, foot) = match body {
        Body::Fleet(fleet) => {
            let foot = fleet.facts.as_ref().map_or(&[][..], |facts| &facts.foot);
            (plan.detail_frame, &fleet.keys, foot)
        }
        Body::Board(board) => (plan.card_frame, &board.keys, &[][..]),
        Body::Wall(_) | Body::Watch(_) | Body::Card(_) | Body::Activity(_) | Body::Diff(_) | Body::Org(_) => {
            return None;
        }
    };
    if plan.edges != Edges::Full || frame.is_empty() || position.y + 1 != frame.bottom() {
        return None;
    }
    let mut found = None;
    let edge = Rect { y: position.y, height: 1, ..frame };
    keys_in_edge(edge, foot, keys, |at, (from, to)| {
        if (from..to).contains(&position.x) {
            found = Some(at);
        }
    });
    keys.get(found?).map(|(key, _)| key.as_str())
}

fn card(plan: &Plan, board: &BoardView, position: Position) -> Option<Target> {
    let (lane, area) = plan.columns.iter().enumerate().find(|(_, area)| area.contains(position))?;
    let inner = if plan.column_edges == Edges::Full { Edges::Full.inside(*area) } else { plan.cards_in(*area) };
    let mut line = position.y.checked_sub(inner.y).filter(|_| inner.contains(position));
    let mut cells = board.columns.get(lane).map_or(&[][..], |column| &column.cards).iter();
    let cell = cells.find(|cell| {
        let here = line.is_some_and(|line| line < cell.lines);
        line = line.map(|line| line.saturating_sub(cell.lines));
        here
    });
    Some(Target::Card { lane, id: cell.and_then(|cell| cell.card.as_ref()).map(|card| card.id.clone()) })
}
