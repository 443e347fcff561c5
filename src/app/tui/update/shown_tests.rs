//! What Enter takes in a list is what a frame showed: lists change by themselves, and so does what is selected below them.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};

use super::board_tests::{now, press, ran, state as on_board};
use super::tests::state;
use super::*;
use crate::app::tui::samples;
use crate::app::tui::state::marks::UNSEEN;
use crate::backlog::model::Column;
use crate::fleet::model::{Cause, Escalation, FleetSnapshot, Label, Readiness, Size, Subject};
use crate::ui::columns::By;

/// A key that comes before any frame shows what the one before it did.
fn blindly(state: &mut State, code: KeyCode) -> Vec<Effect> {
    update(state, Event::Key(KeyEvent::from(code)))
}

fn drawn(state: &mut State) {
    update(state, Event::Drawn(samples::DRAWN));
}

fn said(state: &State) -> &str {
    state.toast.as_ref().map_or("", |toast| &toast.text)
}

fn waits(id: &str, agent: &str) -> Escalation {
    Escalation {
        id: id.to_owned(),
        subject: Subject::agent(Cause::Dies, agent),
        at: 0,
        tenant_id: "tester".to_owned(),
        host: "here".to_owned(),
        why: "ended 3 times".to_owned(),
        tried: "restarted 3 times".to_owned(),
        told: true,
        acked: None,
    }
}

fn told(state: &mut State, escalations: Vec<Escalation>) {
    let snapshot = FleetSnapshot { escalations, ..(*samples::snapshot()).clone() };
    update(state, Event::Snapshot(Arc::new(snapshot)));
}

/// What is asked before something is done.
fn asks(state: &State) -> Option<&str> {
    match &state.overlay {
        Some(Overlay::Confirm(confirm)) => Some(&confirm.sent.command),
        _ => None,
    }
}

#[test]
fn every_list_takes_an_enter_only_for_what_was_shown_marked() {
    let opened = ["y", ":fleet st", "!", "3m"];
    for keys in opened {
        let mut state = on_board();
        press(&mut state, "1");
        told(&mut state, vec![waits("e1", "code0")]);
        press(&mut state, keys);
        assert!(!state.may_answer(), "{keys}: no frame showed it");
        drawn(&mut state);
        assert!(state.may_answer() && state.mark().is_some(), "{keys}");
        blindly(&mut state, KeyCode::Down);
        assert!(!state.may_answer(), "{keys}: another is marked");
        let open = state.overlay.clone();
        assert_eq!(blindly(&mut state, KeyCode::Enter), [], "{keys}");
        assert_eq!((&state.overlay, said(&state)), (&open, UNSEEN), "{keys}");
        drawn(&mut state);
        assert!(state.may_answer(), "{keys}");
        blindly(&mut state, KeyCode::Enter);
        assert_ne!(state.overlay, open, "{keys}: it is taken");
    }
}

#[test]
fn a_mark_of_the_palette_is_its_entry_and_not_its_place() {
    let mut state = state();
    press(&mut state, ":fleet st");
    drawn(&mut state);
    blindly(&mut state, KeyCode::Char('a'));
    assert!(state.may_answer(), "fewer entries, and the same is the first");
    assert!(blindly(&mut state, KeyCode::Enter).iter().any(|effect| matches!(effect, Effect::Run { .. })));
}

#[test]
fn the_way_out_that_is_marked_stays_so_wherever_it_stands_in_the_list() {
    let mut state = state();
    told(&mut state, vec![waits("e1", "code0")]);
    press(&mut state, "!j");
    drawn(&mut state);
    // Before it comes another, with as many ways out.
    told(&mut state, vec![waits("e0", "review"), waits("e1", "code0")]);
    blindly(&mut state, KeyCode::Enter);
    assert_eq!(asks(&state), Some("mosaic-tui fleet stop code0"));
}

#[test]
fn a_way_out_that_is_gone_takes_none_along_in_its_place() {
    let mut state = state();
    told(&mut state, vec![waits("e0", "review"), waits("e1", "code0")]);
    press(&mut state, "!j");
    drawn(&mut state);
    told(&mut state, vec![waits("e1", "code0")]);
    drawn(&mut state);
    let open = |state: &State| matches!(state.overlay, Some(Overlay::Escalations(_)));
    assert!(blindly(&mut state, KeyCode::Enter).is_empty() && open(&state));
    assert!(said(&state).contains("is gone from the list"), "{}", said(&state));
    assert!(blindly(&mut state, KeyCode::Enter).is_empty() && open(&state), "what is marked now was not shown so");
    drawn(&mut state);
    blindly(&mut state, KeyCode::Enter);
    assert_eq!(asks(&state), Some("mosaic-tui fleet stop code0"));
}

#[test]
fn the_palette_says_so_where_another_card_was_selected_below_it() {
    let mut state = on_board();
    press(&mut state, ":soon");
    let mut board = (*samples::board([3, 5000, 3, 1, 1000])).clone();
    board.lanes[Column::Ready.index()].cards.remove(0);
    update(&mut state, Event::Board(Arc::new(board), now()));
    assert!(ran(&press(&mut state, "\n")).is_empty(), "the card that it was opened on is gone");
    let Some(Overlay::Palette(palette)) = &state.overlay else { panic!("{:?}", state.overlay) };
    let notice = palette.notice.as_deref().unwrap_or_default();
    assert_eq!(notice, "sooner: A1 is selected by now, and another was; Enter again acts on it");
    let effects = press(&mut state, "\n");
    assert_eq!(ran(&effects)[0].0.command, "mosaic-tui backlog edit --priority-by=1 A1");
}

#[test]
fn nothing_is_copied_of_what_slid_below_the_finger() {
    let mut state = on_board();
    let mut board = (*samples::board([3, 5000, 3, 1, 1000])).clone();
    board.lanes[Column::Ready.index()].cards.remove(0);
    drawn(&mut state);
    update(&mut state, Event::Board(Arc::new(board), now()));
    blindly(&mut state, KeyCode::Char('y'));
    assert_eq!((&state.overlay, said(&state)), (&None, "copy: the screen moved just now; look, and press it again"));
    press(&mut state, "y");
    let popup = crate::app::tui::present::present(&state).overlay.unwrap();
    assert_eq!(popup.title, "copy of A1");
}

#[test]
fn a_board_that_changed_before_it_was_opened_opens_at_its_first_card() {
    let card = |state: &State| state.board.selected().map(|card| card.id);
    let mut state = State::new(Size { width: 120, height: 40 }, now());
    update(&mut state, Event::Board(samples::board([3, 0, 3, 1, 1000]), now()));
    let mut board = (*samples::board([3, 5000, 3, 1, 1000])).clone();
    board.lanes[Column::Ready.index()].cards.swap(0, 1);
    update(&mut state, Event::Board(Arc::new(board), now()));
    press(&mut state, "3");
    assert_eq!((state.board.column, card(&state)), (Column::Ready, Some(samples::id("A1"))));
    update(&mut state, Event::Board(samples::board([3, 5000, 3, 1, 1000]), now()));
    assert_eq!(card(&state), Some(samples::id("A1")), "no longer once it is open");
}

#[test]
fn who_comes_to_the_top_is_selected_and_unread_until_a_key_is_pressed() {
    let mut state = state();
    let changed = || {
        let mut snapshot = (*samples::snapshot()).clone();
        snapshot.agents[4] = Arc::new(samples::row("orchestrator", Readiness::Stuck));
        snapshot.agents.swap(0, 4);
        Event::Snapshot(Arc::new(snapshot))
    };
    update(&mut state, changed());
    let row = state.selected_row().cloned().unwrap();
    assert_eq!((row.name.as_str(), state.is_unread(&row)), ("orchestrator", true));
    // A key that moves nothing: somebody is there, who has seen it.
    press(&mut state, "k");
    assert!(!state.is_unread(&row));
    update(&mut state, Event::Snapshot(samples::snapshot()));
    assert_eq!(state.selected_name(), "orchestrator", "nothing moves below a finger");
}

#[test]
fn the_first_key_acts_on_nobody_who_rose_a_moment_ago() {
    for (seconds, acts) in [(0, false), (2, true)] {
        let mut state = state();
        let mut snapshot = (*samples::snapshot()).clone();
        snapshot.agents.swap(0, 2);
        update(&mut state, Event::Snapshot(Arc::new(snapshot)));
        // It was drawn, and nobody may have looked yet.
        drawn(&mut state);
        let later = state.now + jiff::SignedDuration::from_secs(seconds);
        update(&mut state, Event::Tick(later));
        assert_eq!(blindly(&mut state, KeyCode::Char('S')).is_empty() && state.overlay.is_none(), !acts, "{seconds}");
        assert_eq!(said(&state).contains("the screen moved just now"), !acts, "{seconds}");
        drawn(&mut state);
        blindly(&mut state, KeyCode::Char('S'));
        assert!(!said(&state).contains("the screen moved just now"), "the second one is meant for it");
    }
}

#[test]
fn who_needs_somebody_most_is_selected_in_whatever_order_the_list_is() {
    let mut state = state();
    (state.order, state.touched) = (By::Name, false);
    update(&mut state, Event::Snapshot(samples::snapshot()));
    assert_ne!(state.rows().first().map(|row| row.key), state.selected);
    assert_eq!(state.selected_name(), "review");
}

#[test]
fn the_agent_that_was_asked_for_stays_selected_without_a_key() {
    let mut state = State::new(Size { width: 120, height: 40 }, now());
    state.wanted = Some(Label::new("tests"));
    for _ in 0..2 {
        update(&mut state, Event::Snapshot(samples::snapshot()));
        assert_eq!(state.selected_name(), "tests");
    }
}
