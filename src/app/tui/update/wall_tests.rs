//! The wall: who stands where, what is looked at, what holds still.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{Timestamp, ToSpan};

use super::*;
use crate::app::tui::present::present;
use crate::app::tui::samples;
use crate::fleet::model::{AgentRow, PaneId, PaneScreen, Readiness, Size};
use crate::fleet::pane::{Seen, Tile};
use crate::ui::layout::ViewKind;
use crate::ui::view::{Body, WallView};

/// A fleet of so many agents at work, named `a00`, `a01` ...
fn fleet(count: u32) -> Vec<AgentRow> {
    let with_pane = |at: u32| {
        let mut row = samples::row(&format!("a{at:02}"), Readiness::Working);
        row.target.iter_mut().for_each(|target| target.pane = PaneId(at));
        row
    };
    (0..count).map(with_pane).collect()
}

fn snapshot(rows: &[AgentRow]) -> Event {
    let agents = rows.iter().cloned().map(Arc::new).collect();
    Event::Snapshot(Arc::new(crate::fleet::model::FleetSnapshot { agents, ..(*samples::snapshot()).clone() }))
}

/// The wall of a fleet, after a frame.
fn wall(rows: &[AgentRow], width: u16, height: u16) -> State {
    let mut state = State::new(Size { width, height }, Timestamp::UNIX_EPOCH);
    update(&mut state, snapshot(rows));
    press(&mut state, KeyCode::Char('2'));
    state
}

fn press(state: &mut State, code: KeyCode) -> Vec<Effect> {
    update(state, Event::Drawn(samples::DRAWN));
    update(state, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn tick(state: &mut State, seconds: i64) -> Vec<Effect> {
    update(state, Event::Tick(state.now + seconds.seconds()))
}

fn shown(state: &State) -> WallView {
    match present(state).body {
        Body::Wall(wall) => wall,
        other => panic!("{other:?}"),
    }
}

fn names(state: &State) -> Vec<String> {
    shown(state).tiles.iter().map(|tile| tile.agent.name.to_string()).collect()
}

fn asked(effects: &[Effect]) -> Option<&[Tile]> {
    effects.iter().find_map(|effect| if let Effect::Wall(tiles) = effect { Some(&tiles[..]) } else { None })
}

/// A look that saw one pane.
fn seen(row: &AgentRow, text: &str, at: Timestamp) -> Event {
    let target = row.target.clone().unwrap();
    let picture = Arc::new(crate::fleet::pane::still(text, 20, 4));
    Event::Seen(Seen {
        server: target.server.clone(),
        at: Some(at),
        pictures: vec![(target.key(), picture)],
        lost: None,
    })
}

fn picture(state: &State, name: &str) -> Option<Arc<PaneScreen>> {
    shown(state).tiles.iter().find(|tile| tile.agent.name.as_str() == name)?.cut.screen.clone()
}

#[test]
fn only_tiles_on_the_screen_are_looked_at() {
    let rows = fleet(30);
    let mut state = State::new(Size { width: 80, height: 24 }, Timestamp::UNIX_EPOCH);
    update(&mut state, snapshot(&rows));
    let effects = press(&mut state, KeyCode::Char('2'));
    let first: Vec<_> = asked(&effects).unwrap().iter().map(|tile| tile.target.pane).collect();
    assert_eq!((names(&state).len(), first.len()), (12, 12));
    assert!(tick(&mut state, 1).is_empty(), "the same tiles are not asked for again");
    let effects = press(&mut state, KeyCode::PageDown);
    assert!(asked(&effects).unwrap().iter().all(|tile| !first.contains(&tile.target.pane)));
    assert_eq!((state.selected_name(), names(&state)[0].as_str()), ("a12".to_owned(), "a12"));
    // Watch, the list and the board look at none of them.
    for key in [KeyCode::Enter, KeyCode::Char('1'), KeyCode::Char('3')] {
        press(&mut state, KeyCode::Char('2'));
        assert_eq!(asked(&press(&mut state, key)), Some(&[][..]), "{key:?}");
    }
}

#[test]
fn the_cursor_moves_in_the_grid_and_over_its_pages() {
    // Three columns, four rows.
    let mut state = wall(&fleet(20), 80, 24);
    let mut go = |keys: &[KeyCode]| {
        keys.iter().for_each(|key| drop(press(&mut state, *key)));
        state.selected_name()
    };
    use KeyCode::{Char, Down, Left, PageDown, PageUp, Right, Tab, Up};
    assert_eq!(go(&[Left]), "a00");
    assert_eq!(go(&[Right, Char('l')]), "a02");
    assert_eq!(go(&[Right]), "a03", "on to the next row");
    assert_eq!(go(&[Down, Char('j')]), "a09");
    assert_eq!(go(&[Down]), "a12", "on the next page");
    assert_eq!(go(&[Up, Char('h'), Char('k')]), "a05");
    assert_eq!(go(&[PageDown]), "a17");
    assert_eq!(go(&[Down]), "a19", "the last row is shorter");
    assert_eq!(go(&[Down, PageDown, Tab]), "a19");
    assert_eq!(go(&[PageUp, PageUp]), "a01");
    assert_eq!(go(&[Char('G'), Char('g')]), "a00");
}

/// So many agents at work, and so many idle ones.
fn half_idle(working: u32, idle: u32) -> Vec<AgentRow> {
    let mut rows = fleet(working + idle);
    let at_rest = usize::try_from(working).unwrap();
    for row in &mut rows[at_rest..] {
        row.readiness = Readiness::Available;
    }
    rows
}

fn folded(state: &State) -> Vec<String> {
    shown(state).folded.iter().map(|line| line.agent.name.to_string()).collect()
}

#[test]
fn tiles_of_idle_agents_are_lines_where_not_all_have_room() {
    let mut rows = half_idle(6, 24);
    let mut state = wall(&rows, 80, 24);
    assert_eq!((names(&state).len(), folded(&state).len()), (6, 21), "all who work have a tile");
    let view = shown(&state);
    let words = |pieces: &[crate::ui::view::Piece]| pieces.iter().map(|piece| piece.text.as_str()).collect::<String>();
    assert_eq!(words(&view.fold[0]), "24 folded  u shows all of them whole");
    assert_eq!(words(&view.fold[1]), "1-21 of 24");
    // Only what has a tile is looked at.
    assert_eq!(state.wall.asked.len(), 6);
    // One that begins to work, or comes to need somebody, gets its tile back once the cursor rests.
    let mut asks = rows.remove(29);
    asks.readiness = Readiness::Stuck;
    rows.insert(0, asks);
    update(&mut state, snapshot(&rows));
    assert_eq!(names(&state).len(), 6);
    tick(&mut state, 3);
    assert!(names(&state).contains(&"a29".to_owned()) && state.wall.folded == 23, "{:?}", names(&state));
    press(&mut state, KeyCode::Char('u'));
    assert_eq!((names(&state).len(), folded(&state).len(), state.wall.folded), (12, 0, 0), "as it was");
    press(&mut state, KeyCode::Char('u'));
    assert_eq!(state.wall.folded, 23);
    // With room for all of them none is folded.
    update(&mut state, Event::Resize(Size { width: 200, height: 50 }));
    assert_eq!((names(&state).len(), state.wall.folded), (30, 0));
}

#[test]
fn where_only_folded_ones_are_left_it_says_so_and_blames_no_filter() {
    let mut rows = half_idle(2, 38);
    let mut state = wall(&rows, 80, 24);
    assert_eq!((state.wall.open(), state.wall.folded), (2, 38));
    // A key was pressed just now: nothing changes its place.
    press(&mut state, KeyCode::Down);
    rows.drain(..2);
    update(&mut state, snapshot(&rows));
    assert_eq!((state.wall.open(), state.wall.folded, shown(&state).tiles.len()), (0, 38, 0));
    let said = ["no agent has a tile just now: all 38 left are folded below", "u shows all of them whole"];
    assert_eq!(shown(&state).empty, said);
    rows.truncate(1);
    update(&mut state, snapshot(&rows));
    assert_eq!(shown(&state).empty[0], "no agent has a tile just now: the one that is left is folded below");
    // Where no agent is left at all, that is what it says.
    update(&mut state, snapshot(&[]));
    assert_eq!(shown(&state).empty[0], "no agents");
    // Once no key is pressed they have the room.
    update(&mut state, snapshot(&half_idle(0, 38)));
    tick(&mut state, 5);
    assert!(!names(&state).is_empty() && shown(&state).empty.is_empty());
}

#[test]
fn the_tile_that_is_being_read_is_not_folded_when_its_agent_rests() {
    let mut rows = half_idle(7, 30);
    let mut state = wall(&rows, 80, 24);
    press(&mut state, KeyCode::Right);
    assert_eq!(state.selected_name(), "a01");
    // Both end their turns, and nobody presses a key.
    for row in &mut rows[1..3] {
        row.readiness = Readiness::Available;
    }
    update(&mut state, snapshot(&rows));
    tick(&mut state, 5);
    assert!(names(&state).contains(&"a01".to_owned()), "{:?}", names(&state));
    assert!(!names(&state).contains(&"a02".to_owned()) && folded(&state).contains(&"a02".to_owned()));
    // Where the cursor goes on it is a line like the others.
    press(&mut state, KeyCode::Left);
    tick(&mut state, 9);
    assert!(!names(&state).contains(&"a01".to_owned()), "{:?}", names(&state));
}

#[test]
fn the_cursor_goes_through_tiles_and_lines_and_an_agent_in_a_line_is_acted_on() {
    use KeyCode::{Char, Down, PageDown, PageUp, Up};
    let rows = half_idle(7, 30);
    let mut state = wall(&rows, 80, 24);
    assert_eq!(names(&state).len(), 6, "three columns, two rows, two pages");
    let go = |state: &mut State, keys: &[KeyCode]| {
        keys.iter().for_each(|key| drop(press(state, *key)));
        state.selected_name()
    };
    assert_eq!(go(&mut state, &[Down, Down]), "a06", "the next page");
    assert_eq!(go(&mut state, &[Down]), "a07", "the first line");
    assert_eq!(names(&state), ["a06"], "the page of the last tile stays");
    assert!(matches!(present(&state).kind, ViewKind::Wall { at: None, .. }) && state.wall.asked.len() == 1);
    assert_eq!(go(&mut state, &[Char('l'), Down, Up, Up]), "a06");
    assert_eq!(go(&mut state, &[PageDown, PageDown]), "a28");
    assert_eq!(folded(&state).first().map(String::as_str), Some("a28"), "the lines have pages of their own");
    assert_eq!(go(&mut state, &[PageUp, PageUp, PageUp]), "a00");
    assert_eq!(go(&mut state, &[Char('G')]), "a36");
    press(&mut state, Char('s'));
    assert!(matches!(&state.overlay, Some(Overlay::Prompt(_))), "{:?}", state.overlay);
    press(&mut state, KeyCode::Esc);
    press(&mut state, KeyCode::Enter);
    assert_eq!((state.screen, state.selected_name().as_str()), (Screen::Watch, "a36"));
}

#[test]
fn zooming_and_coming_back_keeps_the_place() {
    let mut state = wall(&fleet(20), 80, 24);
    [KeyCode::PageDown, KeyCode::Right].into_iter().for_each(|key| drop(press(&mut state, key)));
    let before = (state.selected_name(), names(&state));
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.screen, Screen::Watch);
    press(&mut state, KeyCode::Esc);
    assert_eq!((state.screen, (state.selected_name(), names(&state))), (Screen::Wall, before));
}

#[test]
fn tiles_change_places_only_while_the_cursor_rests() {
    let mut rows = fleet(6);
    let mut state = wall(&rows, 80, 24);
    press(&mut state, KeyCode::Right);
    rows.swap(0, 4);
    rows.push(samples::row("new", Readiness::Working));
    rows.rotate_right(1);
    rows.retain(|row| row.name.as_str() != "a03");
    update(&mut state, snapshot(&rows));
    assert_eq!(names(&state), ["a00", "a01", "a02", "a04", "a05", "new"], "what is gone goes, what is new comes last");
    tick(&mut state, 2);
    assert_eq!(names(&state)[0], "a00");
    tick(&mut state, 1);
    assert_eq!(names(&state), ["new", "a04", "a01", "a02", "a00", "a05"]);
    assert_eq!(state.selected_name(), "a01", "the cursor stays on its agent");
    // A filter is an operator's own wish.
    for key in "/a0".chars().map(KeyCode::Char).chain([KeyCode::Enter]) {
        press(&mut state, key);
    }
    assert_eq!(names(&state), ["a04", "a01", "a02", "a00", "a05"]);
    press(&mut state, KeyCode::Esc);
    assert_eq!(names(&state), ["new", "a04", "a01", "a02", "a00", "a05"]);
}

#[test]
fn keys_act_on_no_agent_whose_tile_the_filter_took_away() {
    let mut rows = fleet(3);
    rows[1].readiness = Readiness::Stuck;
    let mut state = wall(&rows, 80, 24);
    for key in "/state:stuck".chars().map(KeyCode::Char).chain([KeyCode::Enter]) {
        press(&mut state, key);
    }
    assert_eq!((names(&state), state.selected_name().as_str()), (vec!["a01".to_owned()], "a01"));
    rows[1].readiness = Readiness::Working;
    update(&mut state, snapshot(&rows));
    assert!(names(&state).is_empty() && shown(&state).empty[0].contains("no agent matches"));
    press(&mut state, KeyCode::Char('s'));
    assert!(state.overlay.is_none() && state.toast.as_ref().unwrap().text.contains("no agent"), "{:?}", state.toast);
}

#[test]
fn frozen_pictures_hold_still_and_nothing_is_looked_at() {
    let rows = fleet(4);
    let mut state = wall(&rows, 80, 24);
    let now = state.now;
    update(&mut state, seen(&rows[1], "before", now));
    let effects = press(&mut state, KeyCode::Char('f'));
    assert_eq!(asked(&effects), Some(&[][..]));
    assert!(effects.contains(&Effect::View(None)), "the pane in view holds still as well: {effects:?}");
    update(&mut state, seen(&rows[1], "after", now));
    assert_eq!(picture(&state, "a01").unwrap().row_text(0), "before");
    let facts = |state: &State| shown(state).title.iter().map(|fact| fact.text.clone()).collect::<String>();
    assert!(facts(&state).contains("FROZEN since"), "{}", facts(&state));
    let effects = press(&mut state, KeyCode::Esc);
    assert_eq!(asked(&effects).map(<[Tile]>::len), Some(4));
    assert!(!facts(&state).contains("FROZEN"));
}

#[test]
fn a_cursor_that_follows_goes_to_who_prints_once_its_own_agent_is_still() {
    let mut rows = fleet(4);
    let mut idle = |state: &mut State, seconds: [u64; 4]| {
        rows.iter_mut().zip(seconds).for_each(|(row, seconds)| row.idle_seconds = Some(seconds));
        update(state, snapshot(&rows));
        tick(state, 3);
        state.selected_name()
    };
    let mut state = wall(&fleet(4), 80, 24);
    assert_eq!(idle(&mut state, [9, 9, 0, 9]), "a00", "not before it is told to");
    press(&mut state, KeyCode::Char('F'));
    assert_eq!(state.selected_name(), "a00", "a key holds it for a moment");
    assert_eq!(idle(&mut state, [1, 9, 0, 9]), "a00", "its own agent prints");
    assert_eq!(idle(&mut state, [5, 9, 0, 9]), "a02");
    assert_eq!(idle(&mut state, [5, 9, 9, 9]), "a02", "nobody prints");
    // It went there by itself: a key that was meant for another is not taken.
    idle(&mut state, [9, 0, 9, 9]);
    assert!(state.shifted);
    press(&mut state, KeyCode::Char('F'));
    assert_eq!(idle(&mut state, [0, 9, 9, 9]), "a01");
}

#[test]
fn a_tile_says_how_old_its_picture_is() {
    let rows = fleet(2);
    let mut state = wall(&rows, 80, 24);
    let note = |state: &State| shown(state).tiles[1].cut.note.clone().map(|note| note.text);
    assert_eq!(note(&state).as_deref(), Some("looking\u{2026}"));
    let now = state.now;
    update(&mut state, seen(&rows[1], "text", now));
    assert_eq!(note(&state), None);
    tick(&mut state, 12);
    assert_eq!(note(&state).as_deref(), Some("12s old"));
    let server = rows[1].target.clone().unwrap().server;
    let lost = Seen { server, at: Some(state.now), pictures: Vec::new(), lost: Some("it hangs".to_owned()) };
    update(&mut state, Event::Seen(lost));
    assert_eq!(note(&state).as_deref(), Some("12s old"), "a failure is no look");
    let now = state.now;
    update(&mut state, seen(&rows[1], "text", now));
    assert_eq!(note(&state), None);
}
