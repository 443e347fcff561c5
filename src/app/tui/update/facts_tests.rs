//! The facts of the selected agent: each can be reached, however low the screen is.

use std::sync::Arc;

use jiff::Timestamp;

use super::tests::press;
use super::*;
use crate::app::tui::present::{layout_of, present};
use crate::app::tui::samples;
use crate::fleet::model::{Label, Readiness, Size};
use crate::ui::draw::draw;
use crate::ui::picture;
use crate::ui::theme::Theme;
use crate::ui::view::Body;

/// A list of so many agents, the first of them with a long reason, on a screen of this size.
fn state(width: u16, height: u16) -> State {
    let mut state = State::new(Size { width, height }, Timestamp::UNIX_EPOCH);
    let mut snapshot = (*samples::snapshot()).clone();
    let mut row = samples::row("review", Readiness::Stuck);
    row.reason = Label::new(&format!("Question 0: delete the table {}? (y/n)", "users_0 and ".repeat(9)));
    row.notes = (0..6).map(|number| Label::new(&format!("a note with the number {number}"))).collect();
    snapshot.agents[0] = Arc::new(row);
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    state
}

fn text(state: &State) -> String {
    let area = ratatui::layout::Rect::new(0, 0, state.size.width, state.size.height);
    let mut buffer = ratatui::buffer::Buffer::empty(area);
    draw(&mut buffer, &present(state), Theme::default());
    picture::plain(&buffer)
}

fn labels(state: &State) -> Vec<(String, String)> {
    let Body::Fleet(fleet) = present(state).body else { panic!() };
    fleet.facts.unwrap().lines.into_iter().map(|line| (line.label, line.text)).collect()
}

#[test]
fn every_fact_can_be_reached_on_a_low_screen() {
    for (width, height) in [(80, 24), (60, 18), (120, 36), (120, 20)] {
        let mut state = state(width, height);
        let mut seen = text(&state);
        for _ in 0..40 {
            press(&mut state, "]");
            seen.push_str(&text(&state));
        }
        for (label, fact) in labels(&state) {
            let begin: String = fact.chars().take(12).collect();
            assert!(seen.contains(&begin), "{label} {fact} at {width}x{height}: {seen}");
        }
        let end = state.facts.scroll;
        press(&mut state, "]");
        assert_eq!(state.facts.scroll, end, "no further than its end");
        press(&mut state, "j");
        assert_eq!(state.facts.scroll, 0, "another agent begins at its first");
    }
}

#[test]
fn the_facts_are_opened_over_the_pane_and_closed_again() {
    let mut state = state(80, 24);
    let before = layout_of(&state);
    assert!(text(&state).contains("Tab facts"), "{}", text(&state));
    press(&mut state, "\t");
    assert!(layout_of(&state).pane.height < before.pane.height);
    let told = text(&state);
    assert!(told.contains("a note with the number 5"), "{told}");
    assert!(state.has_layers());
    press(&mut state, "\x1b");
    assert_eq!(layout_of(&state), before);
    press(&mut state, "\t\t");
    assert_eq!(layout_of(&state), before);
    update(&mut state, Event::Resize(Size { width: 40, height: 12 }));
    press(&mut state, "\t");
    assert!(!state.facts.open && state.toast.as_ref().is_some_and(|toast| toast.failed), "there is no panel");
}

#[test]
fn why_an_agent_is_what_it_is_takes_the_lines_that_it_needs() {
    let state = state(120, 36);
    let shown = text(&state).replace(['\u{2502}', ' ', '\n'], "");
    let Body::Fleet(fleet) = present(&state).body else { panic!() };
    let lines = fleet.facts.unwrap().lines;
    let why: Vec<&str> = lines
        .iter()
        .take_while(|line| matches!(line.label.as_str(), "why" | ""))
        .map(|line| line.text.as_str())
        .collect();
    assert!(why.len() > 1 && why.last().is_some_and(|line| line.ends_with("(y/n)")), "{why:?}");
    assert!(shown.contains("(y/n)"), "{shown}");
}

#[test]
fn a_palette_stands_still_while_it_is_typed_in() {
    let mut state = state(120, 40);
    press(&mut state, ":");
    let frame = |state: &State| -> Vec<usize> {
        text(state)
            .lines()
            .enumerate()
            .filter(|(_, line)| line.contains(['\u{256d}', '\u{2570}']))
            .map(|(at, _)| at)
            .collect()
    };
    let before = frame(&state);
    for key in ["f", "l", "e", "e", "t", " ", "s", "t", "z", "z"] {
        press(&mut state, key);
        assert_eq!(frame(&state), before, "after {key}: {}", text(&state));
    }
}

#[test]
fn the_list_is_ordered_by_the_column_that_is_marked_and_is_found_so_again() {
    let mut state = state(120, 36);
    let names = |state: &State| {
        let Body::Fleet(fleet) = present(state).body else { panic!() };
        fleet.rows.iter().map(|row| row.agent.name.to_string()).collect::<Vec<_>>()
    };
    let attention = names(&state);
    press(&mut state, "j");
    let selected = state.selected;
    press(&mut state, ">");
    let mut sorted = attention.clone();
    sorted.sort();
    assert_eq!((names(&state), state.selected), (sorted.clone(), selected), "the cursor stays on its agent");
    let shown = text(&state);
    assert!(shown.contains("Fleet by name") && shown.contains("AGENT\u{25b4}"), "{shown}");
    let left = crate::app::tui::memory::Memory::of(&state);
    let mut come = self::state(120, 36);
    left.restore(&mut come);
    assert_eq!(names(&come), sorted);
    press(&mut state, "2");
    let Body::Wall(wall) = present(&state).body else { panic!() };
    assert_eq!(wall.tiles[0].agent.name.as_str(), attention[0], "on the wall those who need somebody stay in front");
    press(&mut state, "1<");
    assert_eq!(names(&state), attention);
    assert!(text(&state).contains("STATE\u{25be}"));
}

#[test]
fn a_pane_is_zoomed_and_back_by_one_key() {
    let mut state = state(120, 36);
    press(&mut state, "z");
    assert_eq!(state.screen, Screen::Watch);
    press(&mut state, "z");
    assert_eq!(state.screen, Screen::Fleet);
}
