//! What a frame takes from the heap, counted: a number that does not grow with the cells of the terminal.

use std::sync::Arc;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::present;
use crate::app::tui::effect::Effect;
use crate::app::tui::event::Event;
use crate::app::tui::samples;
use crate::app::tui::state::State;
use crate::app::tui::state::screen::Screen;
use crate::app::tui::update::update;
use crate::fleet::model::{Readiness, Size};
use crate::fleet::pane::Seen;
use crate::ui::allocations::counted;
use crate::ui::draw::draw;
use crate::ui::paper::Paper;
use crate::ui::theme::Theme;

const SIZE: Size = Size { width: 200, height: 50 };

/// A fleet of a hundred agents, with a pane in view.
fn fleet() -> State {
    let mut state = State::new(SIZE, Timestamp::UNIX_EPOCH);
    let mut snapshot = (*samples::snapshot()).clone();
    snapshot.agents = (0..100)
        .map(|number| Arc::new(samples::row(&format!("agent{number:02}"), Readiness::ALL[number % 6])))
        .collect();
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    let text: String = (0..46).map(|n| format!("\x1b[38;5;{}mline {n}\x1b[0m\n", 16 + n)).collect();
    if let Some(target) = state.pane.target.clone() {
        update(&mut state, Event::Pane(target.key(), Arc::new(crate::fleet::pane::still(&text, 200, 50))));
    }
    state
}

/// A wall with a picture in each tile.
fn wall() -> State {
    let mut state = fleet();
    state.screen = Screen::Wall;
    let tiles = update(&mut state, Event::Tick(Timestamp::UNIX_EPOCH)).into_iter().find_map(|effect| match effect {
        Effect::Wall(tiles) => Some(tiles),
        _ => None,
    });
    for tile in tiles.unwrap_or_default() {
        let text: String = (0..tile.room.height).map(|n| format!("\x1b[38;5;{}mline {n}\x1b[0m\n", 16 + n)).collect();
        let picture = Arc::new(crate::fleet::pane::still(&text, tile.room.width, tile.room.height));
        let (server, pictures) = (tile.target.server.clone(), vec![(tile.target.key(), picture)]);
        update(&mut state, Event::Seen(Seen { server, at: Some(Timestamp::UNIX_EPOCH), pictures, lost: None }));
    }
    state
}

/// A board with more cards than the screen shows.
fn board() -> State {
    let mut state = fleet();
    state.screen = Screen::Board;
    update(&mut state, Event::Board(samples::board([40, 40, 40, 40, 40]), Timestamp::UNIX_EPOCH));
    state
}

/// Allocations to make the view, to draw it, and to write what changed since the frame before.
fn allocations(state: &State) -> [u64; 3] {
    let theme = Theme::default();
    // What is read once for all frames, such as the table of keys, is not the frame's.
    drop(present(state));
    let (view, made) = counted(|| present(state));
    let mut buffer = Buffer::empty(Rect::new(0, 0, SIZE.width, SIZE.height));
    // What the libraries keep for good is not the frame's.
    draw(&mut buffer, &view, theme);
    buffer.reset();
    let (_, drawn) = counted(|| draw(&mut buffer, &view, theme));
    let mut paper = Paper::new();
    let frame =
        |paper: &mut Paper| paper.frame(SIZE, |target| (target.content.clone_from_slice(&buffer.content), None));
    frame(&mut paper);
    paper.forget();
    let (_, written) = counted(|| frame(&mut paper));
    [made, drawn, written]
}

#[test]
fn a_frame_allocates_nothing_for_its_cells() {
    // A row of the list is a pointer; a card of the board is its words, in a handful of texts.
    // A tile is a pointer to its agent, one to its picture, and what stands beside its name.
    for (name, state, most_made, most_written) in
        [("fleet", fleet(), 220, 500), ("wall", wall(), 400, 1500), ("board", board(), 1050, 500)]
    {
        let [made, drawn, written] = allocations(&state);
        assert!(drawn <= 4, "{name}: {drawn} to draw {} cells", SIZE.width * SIZE.height);
        assert!(made <= most_made, "{name}: {made} to make the view");
        // Each change of style is a text of the library.
        assert!(written <= most_written, "{name}: {written} to write all of it");
    }
}
