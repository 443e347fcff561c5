//! The Wall view: a tile of every agent, each with its live pane. It owns the order of the tiles and their pictures.

use std::collections::HashSet;
use std::sync::Arc;

use crate::app::action::{Direction, Motion};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::present::layout_of;
use crate::app::tui::screens::fleet;
use crate::app::tui::screens::parts::ViewParts;
use crate::app::tui::state::State;
use crate::app::tui::state::screen::Screen;
use crate::fleet::model::{AgentRow, PaneKey, PaneTarget, Readiness, RowKey};
use crate::fleet::pane::{Seen, Tile};

/// An agent that printed nothing for so long is still, and a cursor that follows goes on.
const STILL_SECONDS: u64 = 3;

/// What it is made of.
pub(super) const PARTS: ViewParts =
    ViewParts { filter: Some(fleet::FILTER), motion: |state, motion, _| move_cursor(state, motion), peel };

/// Shows the wall alone.
pub(in crate::app::tui) fn view(state: &mut State) {
    if state.watch_only {
        return;
    }
    if state.screen != Screen::Wall {
        // What changed places since it was seen last does so now, and not under the cursor.
        state.wall.touched = None;
    }
    state.screen = Screen::Wall;
    state.back.clear();
    state.pane.history = None;
}

/// Notes that a key was pressed.
pub(in crate::app::tui) fn touch(state: &mut State) {
    state.wall.touched = Some(state.now);
}

/// Holds the pictures still, or lets them go on.
pub(in crate::app::tui) fn freeze(state: &mut State) {
    state.wall.frozen = match state.wall.frozen {
        None => Some(state.now),
        Some(_) => None,
    };
}

/// Takes the cursor along to what moves, or leaves it alone.
pub(in crate::app::tui) fn follow(state: &mut State) {
    state.wall.follows = !state.wall.follows;
    let text = if state.wall.follows {
        "the cursor goes to whoever prints, once its own agent is still; F lets go"
    } else {
        "the cursor stays where you put it"
    };
    state.say(text.to_owned(), false);
}

/// Folds tiles of idle agents where not all have room, or shows all of them whole.
pub(in crate::app::tui) fn fold(state: &mut State) {
    state.wall.whole = !state.wall.whole;
    let text = match (state.wall.whole, state.wall.folded) {
        (true, 0) => "no tile is folded from here on",
        (true, _) => "all tiles are whole, on as many pages as they take",
        (false, _) => "tiles of idle agents are folded to a line where not all have room",
    };
    state.say(text.to_owned(), false);
}

/// A filter first, then what holds still.
fn peel(state: &mut State) -> bool {
    fleet::peel(state) || state.wall.frozen.take().is_some()
}

/// Goes to the tile beside, on to the next row at the end of one.
pub(in crate::app::tui) fn step(state: &mut State, direction: Direction) {
    match direction {
        Direction::Left => go(state, |at, _| at.saturating_sub(1)),
        Direction::Right => go(state, |at, _| at + 1),
        Direction::Up => move_cursor(state, Motion::Up),
        Direction::Down => move_cursor(state, Motion::Down),
    }
}

fn move_cursor(state: &mut State, motion: Motion) {
    let grid = layout_of(state).grid;
    let shape = Shape {
        open: state.wall.open(),
        folded: state.wall.folded,
        columns: usize::from(grid.columns).max(1),
        page: grid.page(),
        lines: usize::from(grid.strip_columns).max(1),
        lines_page: grid.lines().max(1),
    };
    go(state, |at, _| moved(motion, at, shape));
}

/// How tiles stand, and the lines of folded ones below them.
#[derive(Clone, Copy)]
struct Shape {
    open: usize,
    folded: usize,
    columns: usize,
    page: usize,
    lines: usize,
    lines_page: usize,
}

/// Where a motion leads from a tile, or from the line of a folded one.
fn moved(motion: Motion, at: usize, shape: Shape) -> usize {
    let is_line = at >= shape.open;
    let (base, count, columns, page) = match is_line {
        true => (shape.open, shape.folded, shape.lines, shape.lines_page),
        false => (0, shape.open, shape.columns, shape.page),
    };
    let (here, last) = (at - base, count.saturating_sub(1));
    let down = |by: usize| {
        // Below the last full row there is the end of the last one.
        // From the row above, Down goes to the last tile even where none stands right below.
        let is_in_last_row = here / columns == last / columns;
        if here + by <= last || !is_in_last_row { (here + by).min(last) } else { here }
    };
    let goes_below = !is_line && shape.folded > 0;
    match motion {
        Motion::Up if here >= columns => at - columns,
        // Straight up from the lines, into the last row of tiles.
        Motion::Up if is_line && shape.open > 0 => {
            let row = (shape.open - 1) / shape.columns * shape.columns;
            (row + here % columns * shape.columns / columns).min(shape.open - 1)
        }
        Motion::Up => at,
        Motion::Down if goes_below && down(columns) == here => {
            shape.open + (here % columns * shape.lines / columns).min(shape.folded - 1)
        }
        Motion::Down => base + down(columns),
        Motion::HalfUp if here >= page => at - page,
        Motion::HalfUp if is_line => shape.open.saturating_sub(1),
        Motion::HalfUp => here % columns,
        Motion::HalfDown if goes_below && down(page) == here => shape.open,
        Motion::HalfDown => base + down(page),
        Motion::First => 0,
        Motion::Last => (shape.open + shape.folded).saturating_sub(1),
    }
}

/// Moves the cursor from its tile to another; the first or the last one where that would lie outside.
fn go(state: &mut State, to: impl Fn(usize, usize) -> usize) {
    let Some(last) = state.wall.order.len().checked_sub(1) else { return };
    let to = state.wall.at(state.selected.as_ref()).map_or(0, |at| to(at, last).min(last));
    fleet::select(state, state.wall.order[to]);
}

/// Brings tiles and rows together: what is gone goes, what is new comes behind the others, and when the cursor rests
/// all stand in attention order.
pub(in crate::app::tui) fn arrange(state: &mut State) {
    if state.screen != Screen::Wall {
        return;
    }
    note_targets(state);
    let rows = state.rows();
    // An open popup is about a tile, which must not move away below it.
    let is_free = state.wall.rests(state.now) && state.wall.frozen.is_none() && state.overlay.is_none();
    if is_free && state.wall.follows {
        go_along(state, &rows);
    }
    let is_as_it_was = state.wall.arranged_for.as_ref().is_some_and(|(filter, size, whole)| {
        *filter == state.filter.text && *size == state.size && *whole == state.wall.whole
    });
    // Another filter shows other tiles anyway: that is the operator's own doing, and no surprise.
    if is_free || !is_as_it_was {
        if !is_as_it_was {
            state.wall.arranged_for = Some((state.filter.text.clone(), state.size, state.wall.whole));
        }
        put_in_order(state, &rows);
    } else {
        let there: HashSet<&RowKey> = rows.iter().map(|row| &row.key).collect();
        let open = state.wall.open();
        let (mut at, mut left) = (0, 0);
        state.wall.order.retain(|key| {
            let stays = there.contains(key);
            left += usize::from(stays && at < open);
            at += 1;
            stays
        });
        let known: HashSet<RowKey> = state.wall.order.iter().copied().collect();
        let new: Vec<RowKey> = rows.iter().map(|row| row.key).filter(|key| !known.contains(key)).collect();
        state.wall.folded = state.wall.order.len() - left;
        // Behind the tiles, in front of the lines: none of those moves for it.
        state.wall.order.splice(left..left, new);
    }
}

/// Puts all tiles in attention order, those of idle agents behind the others where they are folded.
fn put_in_order(state: &mut State, rows: &[Arc<AgentRow>]) {
    // The tile below the cursor is being read, whatever its agent does: it stays one until the cursor goes.
    let before = state.wall.open();
    let read = state.selected.filter(|key| state.wall.at(Some(key)).is_some_and(|at| at < before));
    let may_fold = |row: &AgentRow| present::wall::may_fold(row) && read != Some(row.key);
    let idle = rows.iter().filter(|row| may_fold(row)).count();
    let folds = present::wall::folds(state, rows.len() - idle, idle);
    state.wall.folded = if folds { idle } else { 0 };
    let is_line = |row: &&Arc<AgentRow>| folds && may_fold(row);
    let open = rows.iter().filter(|row| !is_line(row));
    let all = || open.clone().chain(rows.iter().filter(is_line)).map(|row| row.key);
    // Compared first, as this runs with every event and mostly nothing moved.
    if !state.wall.order.iter().copied().eq(all()) {
        state.wall.order = all().collect();
    }
}

/// Moves the cursor to the agent that printed last, when its own is still.
fn go_along(state: &mut State, rows: &[Arc<AgentRow>]) {
    let silent = |row: &AgentRow| row.idle_seconds.filter(|_| row.target.is_some());
    let own = state.selected_row().and_then(|row| silent(row));
    // Else the cursor would jump between two agents that both print.
    if own.is_some_and(|seconds| seconds < STILL_SECONDS) {
        return;
    }
    let newest = rows.iter().filter_map(|row| Some((silent(row)?, row))).min_by_key(|(seconds, _)| *seconds);
    if let Some((seconds, row)) = newest
        && seconds < STILL_SECONDS
    {
        fleet::select(state, row.key);
    }
}

/// Asks for pictures of the tiles that are on the screen, when they became others.
pub(in crate::app::tui) fn look(state: &mut State, effects: &mut Vec<Effect>) {
    let wanted = if state.screen == Screen::Wall && state.wall.frozen.is_none() {
        present::wall::on_screen(state)
            .into_iter()
            .filter_map(|(row, cells)| Some(Tile { target: row.target.clone()?, room: cells }))
            .collect()
    } else {
        Vec::new()
    };
    if wanted != state.wall.asked {
        // Asked for once and taken again and again by the other side: only a change is told.
        state.wall.asked.clone_from(&wanted);
        effects.push(Effect::Wall(wanted));
    }
}

/// Takes in what a look saw. What comes after a freeze is of before it, or too late.
pub(in crate::app::tui) fn take_seen(state: &mut State, seen: Seen) {
    if state.wall.frozen.is_some() {
        return;
    }
    state.wall.pictures.extend(seen.pictures);
    match (seen.at, seen.lost) {
        (Some(at), None) => {
            state.wall.lost.remove(&seen.server);
            state.wall.looked.insert(seen.server, at);
        }
        (_, Some(why)) => drop(state.wall.lost.insert(seen.server, why)),
        (None, None) => {}
    }
}

/// Notes where each row's pane is. Panes come and go for as long as the wall is open: of those that are gone nothing is
/// kept.
fn note_targets(state: &mut State) {
    let Some(snapshot) = &state.snapshot else { return };
    let mut targets = std::mem::take(&mut state.wall.targets);
    for row in &snapshot.agents {
        // A server that hangs shows no pane for a moment; only an agent that is dead has
        // really lost its own.
        let known = targets.remove(&row.key).filter(|_| row.readiness != Readiness::Dead);
        if let Some(target) = row.target.clone().or(known) {
            state.wall.targets.insert(row.key, target);
        }
    }
    let there: HashSet<PaneKey> = state.wall.targets.values().map(PaneTarget::key).collect();
    state.wall.pictures.retain(|key, _| there.contains(key));
}
