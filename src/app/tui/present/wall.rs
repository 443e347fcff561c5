//! The Wall view in words: the tiles of one page, and what is said of all of them.

use std::sync::Arc;
use std::time::Duration;

use super::pane::{anchor, end_note, is_dead};
use super::room::plan_for;
use crate::app::tui::state::State;
use crate::fleet::model::{AgentRow, Attention, PaneTarget, Size, age};
use crate::fleet::screen::BETWEEN;
use crate::ui::grid::Grid;
use crate::ui::layout::{Plan, ViewKind};
use crate::ui::theme::role;
use crate::ui::view::{Body, PaneCut, Piece, Role, TileLine, TileView, WallView};

/// Pictures are taken each second at least; older than this means that a server or a host is slow.
const OLD_PICTURE: Duration = Duration::from_secs(4);

/// What decides how its room is divided.
pub(in crate::app::tui) fn plan(state: &State) -> ViewKind {
    kind(state, state.wall.open(), state.wall.folded)
}

fn kind(state: &State, tiles: usize, folded: usize) -> ViewKind {
    ViewKind::Wall { tiles, folded, at: streamed(state), filter: state.is_filtered() }
}

/// Whether tiles are folded, of which so many would be: only where not all have room, and that makes some.
pub(in crate::app::tui) fn folds(state: &State, open: usize, folded: usize) -> bool {
    let room = plan_for(state, kind(state, open + folded, 0));
    !state.wall.whole && !room.too_small && Grid::is_worth_folding(room.grid.area, open, folded)
}

/// Whether an agent's tile may be folded: nobody has to see what it does, as it does nothing.
pub(in crate::app::tui) fn may_fold(row: &AgentRow) -> bool {
    // Who holds a card rests only between two steps of it.
    matches!(row.attention(), Attention::Available | Attention::Stopped | Attention::Unmanaged) && row.claim.is_none()
}

/// The tile whose pane is seen by a client of its own; none while pictures hold still.
fn streamed(state: &State) -> Option<usize> {
    let open = state.wall.open();
    state.wall.at(state.selected.as_ref()).filter(|at| state.wall.frozen.is_none() && *at < open)
}

/// Number of the first tile on the screen: the cursor's page.
fn first(state: &State, page: usize) -> usize {
    // The page follows the cursor, and the tiles of a page stand still while it moves within. From the lines below one goes up
    // to the last of them.
    let last = state.wall.open().saturating_sub(1);
    state.wall.at(state.selected.as_ref()).map_or(0, |at| at.min(last) / page * page)
}

/// Number of the first folded tile whose line is on the screen.
fn first_line(state: &State, lines: usize) -> usize {
    let at = state.wall.at(state.selected.as_ref()).and_then(|at| at.checked_sub(state.wall.open()));
    at.map_or(0, |at| at / lines.max(1) * lines)
}

/// The tiles on the screen, and the room for the cells of each.
pub(in crate::app::tui) fn on_screen(state: &State) -> Vec<(Arc<AgentRow>, Size)> {
    let room = plan_for(state, plan(state));
    let Some(snapshot) = state.snapshot.as_ref().filter(|_| !room.too_small) else { return Vec::new() };
    let page = room.grid.page();
    let open = state.wall.order.iter().take(state.wall.open());
    let keys = open.skip(first(state, page)).take(page).enumerate();
    keys.filter_map(|(at, key)| {
        let cells = room.grid.cells(at);
        let row = snapshot.agents.iter().find(|row| row.key == *key)?;
        Some((Arc::clone(row), Size { width: cells.width, height: cells.height }))
    })
    .collect()
}

/// What there is to draw of it.
pub(in crate::app::tui) fn body(state: &State, plan: &Plan) -> Body {
    let (page, all) = (plan.grid.page(), state.wall.open());
    let tiles: Vec<TileView> = on_screen(state).into_iter().map(|(row, room)| tile(state, row, room)).collect();
    let first = first(state, page);
    let mut title = vec![Piece::new("Wall", Role::Strong)];
    if let Some(since) = state.wall.frozen {
        let clock = state.zone.to_datetime(since).strftime("%H:%M:%S").to_string();
        title.push(Piece::new(format!("  FROZEN since {clock}"), Role::Alarm));
        title.push(Piece::new("  f goes on", Role::Quiet));
    }
    if state.wall.follows {
        title.push(Piece::new("  follows", Role::Good));
    }
    let facts = if all > page {
        format!("page {}/{}", first / page + 1, all.div_ceil(page))
    } else {
        format!("{all} {}", if all == 1 { "tile" } else { "tiles" })
    };
    let lines = plan.grid.lines();
    let folded = lines_of(state, lines);
    Body::Wall(WallView {
        fold: fold(state, first_line(state, lines), folded.len()),
        folded,
        empty: if tiles.is_empty() { empty(state) } else { Vec::new() },
        tiles,
        title,
        facts: vec![Piece::new(facts, Role::Quiet)],
        filter: state.is_filtered().then(|| (state.filter.text.clone(), state.filter.editing)),
    })
}

/// What is said where no tile is.
fn empty(state: &State) -> Vec<String> {
    // Tiles that went are not replaced below an operator's finger by those that are folded.
    match state.wall.folded {
        0 => super::fleet::empty(state),
        folded => {
            let left =
                if folded == 1 { "the one that is left is".to_owned() } else { format!("all {folded} left are") };
            let key = super::hints(state, &["wall.fold"]);
            std::iter::once(format!("no agent has a tile just now: {left} folded below"))
                .chain(key.first().map(|(key, _)| format!("{key} shows all of them whole")))
                .collect()
        }
    }
}

/// The folded tiles whose lines are on the screen.
fn lines_of(state: &State, room: usize) -> Vec<TileLine> {
    let Some(snapshot) = &state.snapshot else { return Vec::new() };
    let from = state.wall.open() + first_line(state, room);
    let keys = state.wall.order.iter().skip(from).take(room);
    let rows = keys.filter_map(|key| snapshot.agents.iter().find(|row| row.key == *key));
    let line = |row: &Arc<AgentRow>| TileLine {
        unread: state.is_unread(row),
        snoozed: state.is_snoozed(row),
        marked: state.batch.contains(&row.key),
        selected: state.selected.as_ref() == Some(&row.key),
        what: what(row),
        agent: Arc::clone(row),
    };
    rows.map(line).collect()
}

/// What is said of them: how many there are, which of them are shown, and the key that opens them.
fn fold(state: &State, first: usize, shown: usize) -> [Vec<Piece>; 2] {
    let all = state.wall.folded;
    let mut title = vec![Piece::new(format!("{all} folded"), Role::Strong)];
    if let Some((key, _)) = super::hints(state, &["wall.fold"]).first() {
        title.push(Piece::new(format!("  {key} shows all of them whole"), Role::Quiet));
    }
    let facts = if shown < all { format!("{}-{} of {all}", first + 1, first + shown) } else { String::new() };
    [title, vec![Piece::new(facts, Role::Quiet)]]
}

fn tile(state: &State, row: Arc<AgentRow>, room: Size) -> TileView {
    let cut = cut(state, &row, room);
    // A session that is not in the roster may ask all day: it is none of the fleet's.
    let needs = row.needs_operator() && row.attention() != Attention::Unmanaged;
    let what = what(&row);
    TileView {
        unread: state.is_unread(&row),
        snoozed: state.is_snoozed(&row),
        marked: state.batch.contains(&row.key),
        selected: state.selected.as_ref() == Some(&row.key),
        needs,
        asks: if needs { asks(&row, &what) } else { Vec::new() },
        what,
        cut,
        agent: row,
    }
}

/// What an agent wants, each row of its question on one of its own.
fn asks(row: &AgentRow, what: &Piece) -> Vec<String> {
    match &row.question {
        Some(question) => question.as_str().split(BETWEEN).map(str::to_owned).collect(),
        None => vec![what.text.clone()],
    }
}

/// What is said of an agent beside its name: what it wants, else what it holds.
fn what(row: &AgentRow) -> Piece {
    if !row.managed {
        return Piece::new("unmanaged", Role::Quiet);
    }
    match (&row.question, &row.claim) {
        (Some(question), _) => Piece::new(format!("asks: {question}"), role(row.shown())),
        (None, _) if row.needs_operator() => super::fleet::need(row),
        (None, Some(claim)) => Piece::new(claim.card.clone(), Role::Plain),
        (None, None) => Piece::new(row.shown().word(), Role::Quiet),
    }
}

/// The pane of a tile: that of the cursor as it is now, the others as they were seen last.
fn cut(state: &State, row: &AgentRow, room: Size) -> PaneCut {
    let target = state.wall.targets.get(&row.key);
    // A stream only for the tile in focus: an attached client for each of a hundred panes costs 41 %
    // of a core and 366 MB.
    let live = target.filter(|target| is_live(state, target)).and_then(|_| state.pane.screen.clone());
    if let Some(screen) = live {
        let origin = anchor(&screen, room, state.pane.pan, is_dead(state));
        return PaneCut {
            title: Vec::new(),
            facts: Vec::new(),
            note: note(state, row, true),
            screen: Some(screen),
            origin,
        };
    }
    let screen = target.and_then(|target| state.wall.pictures.get(&target.key()).cloned());
    let note = note(state, row, screen.is_some());
    PaneCut { title: Vec::new(), facts: Vec::new(), screen, origin: (0, 0), note }
}

/// Whether a client of its own shows this pane.
fn is_live(state: &State, target: &PaneTarget) -> bool {
    state.wall.frozen.is_none() && target.attachable && state.pane.target.as_ref() == Some(target)
}

/// What is said over, or instead of, a tile's cells.
fn note(state: &State, row: &AgentRow, shown: bool) -> Option<Piece> {
    let note = |text: String| Some(Piece::new(text, Role::Warning));
    let Some(target) = state.wall.targets.get(&row.key) else { return note(format!("no pane: {}", row.reason)) };
    if let Some(pane) = row.pane.as_ref().filter(|pane| pane.dead) {
        return Some(end_note(row, pane));
    }
    let lost = state.wall.lost.get(&target.server);
    if !shown {
        return match (lost, state.wall.frozen) {
            (Some(why), _) => note(why.clone()),
            (None, Some(_)) => note("not looked at before the freeze".to_owned()),
            (None, None) => note("looking\u{2026}".to_owned()),
        };
    }
    if state.wall.frozen.is_some() || is_live(state, target) && state.pane.screen.is_some() {
        return None;
    }
    let looked = state.wall.looked.get(&target.server)?;
    let old: Duration = state.now.duration_since(*looked).try_into().unwrap_or_default();
    // Said only once it is late: an age on every tile would change each second and be read as news.
    if old >= OLD_PICTURE { note(format!("{} old", age::short(old))) } else { None }
}
