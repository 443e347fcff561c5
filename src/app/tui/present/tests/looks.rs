//! How a frame looks: which ground stands out, and in which colour something is said.

use std::sync::Arc;

use ratatui::style::{Color, Modifier};

use super::*;
use crate::app::tui::state::copy::{Copy, Item};
use crate::fleet::model::Flag;
use crate::ui::theme::Depth;
use crate::ui::view::Body;

fn light() -> Theme {
    Theme::new("light", Depth::Full, true)
}

/// Rows of a frame in which a cell has this ground, each with how many.
fn grounds(buffer: &Buffer, ground: Option<Color>) -> Vec<(u16, usize)> {
    let area = buffer.area;
    let cells = |y: u16| (0..area.width).filter(|x| Some(buffer[(*x, y)].bg) == ground).count();
    (0..area.height).map(|y| (y, cells(y))).filter(|(_, cells)| *cells > 0).collect()
}

fn with_copy() -> State {
    let mut state = state((80, 24));
    let item = |key, what| Item { key, what, text: "code1".to_owned() };
    let items = vec![item('n', "name"), item('r', "reason"), item('c', "command")];
    state.overlay = Some(Overlay::Copy(Copy { of: "code1".to_owned(), items, at: 1 }));
    state
}

#[test]
fn the_marked_entry_of_a_list_has_its_whole_line_and_nothing_behind_the_popup_stands_out() {
    let chosen = light().selection().bg;
    let buffer = frame(&with_copy(), light());
    let marked = grounds(&buffer, chosen);
    let [(row, cells)] = marked.as_slice() else { panic!("{marked:?}") };
    let text: String = (0..80).map(|x| buffer[(x, *row)].symbol()).collect();
    assert!(text.contains("> r  reason"), "{text}");
    // From edge to edge.
    let inside = text.trim().trim_matches('\u{2502}').chars().count();
    assert_eq!(*cells, inside, "{text}");
    let reversed = buffer.content.iter().filter(|cell| cell.modifier.contains(Modifier::REVERSED)).count();
    assert_eq!(reversed, 0);
    // In few colours there is no such ground, and without any it is the exchanged ones.
    assert!(grounds(&frame(&with_copy(), Theme::new("terminal16", Depth::Sixteen, true)), chosen).is_empty());
    let plain = frame(&with_copy(), Theme::plain(true));
    assert!(plain.content.iter().any(|cell| cell.modifier.contains(Modifier::REVERSED)));
}

#[test]
fn how_a_pane_ended_is_said_in_the_colour_of_the_dead() {
    let note = |stopped: bool| {
        let mut snapshot = (*samples::snapshot()).clone();
        let row = snapshot.agents.iter_mut().find(|row| row.name.as_str() == "docs").unwrap();
        if stopped {
            Arc::make_mut(row).flags = vec![Flag::Stopped];
        }
        let mut state = state((120, 36));
        update(&mut state, Event::Snapshot(Arc::new(snapshot)));
        state.screen = Screen::Wall;
        update(&mut state, Event::Tick(Timestamp::UNIX_EPOCH));
        let Body::Wall(view) = present(&state).body else { panic!("the wall") };
        let tile = view.tiles.into_iter().find(|tile| tile.agent.name.as_str() == "docs").unwrap();
        tile.cut.note.unwrap()
    };
    assert_eq!(note(false), Piece::new("dead: exit status 3", Role::State(Readiness::Dead)));
    assert_eq!(note(true).role, Role::Quiet, "nobody's trouble");
}

#[test]
fn a_seat_that_only_warns_says_what_and_not_how_well_it_is() {
    let mut snapshot = (*samples::snapshot()).clone();
    let row = snapshot.agents.iter_mut().find(|row| row.name.as_str() == "code0").unwrap();
    let row = Arc::make_mut(row);
    (row.drift, row.flags) = (true, vec![Flag::Drift]);
    let mut state = state((120, 36));
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    state.screen = Screen::Org;
    let Body::Org(view) = present(&state).body else { panic!("the chart") };
    let row = view.rows.iter().find(|row| row.name.text == "code0").unwrap();
    assert_eq!(row.note, Piece::new("drift: not stub", Role::Warning));
}

#[test]
fn a_pane_that_is_smaller_than_the_screen_has_edges_that_meet() {
    let mut state = state((200, 50));
    state.screen = Screen::Watch;
    update(&mut state, Event::Tick(Timestamp::UNIX_EPOCH));
    let target = state.pane.target.clone().unwrap();
    update(&mut state, Event::Pane(target.key(), Arc::new(crate::fleet::pane::still("text", 40, 10))));
    let text = picture::plain(&frame(&state, Theme::default()));
    let edges: Vec<char> = text.lines().skip(2).filter_map(|line| line.chars().nth(40)).take(2).collect();
    assert_eq!(edges, ['\u{2502}', '\u{256f}'], "{text}");
}

#[test]
fn an_empty_column_says_so_below_the_board() {
    let mut state = state((120, 36));
    state.screen = Screen::Board;
    update(&mut state, Event::Board(samples::board([0, 0, 2, 0, 0]), Timestamp::UNIX_EPOCH));
    state.board.column = crate::backlog::model::Column::Blocked;
    let Body::Board(view) = present(&state).body else { panic!("the board") };
    assert_eq!(view.detail, [vec![Piece::new("no card is blocked ", Role::Quiet)]]);
}
