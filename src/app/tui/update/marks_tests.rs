//! Marks: who is marked, what goes to all of them, and that it is asked once and names them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;

use super::*;
use crate::app::action::dispatch::Sent;
use crate::app::tui::present::present;
use crate::app::tui::samples;
use crate::app::tui::state::confirm::Subject;
use crate::app::tui::state::prompt::Question;
use crate::fleet::model::Size;
use crate::ui::view::Body;

fn press(state: &mut State, code: KeyCode) -> Vec<Effect> {
    update(state, Event::Drawn(samples::DRAWN));
    update(state, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn keys(state: &mut State, keys: &str) -> Vec<Effect> {
    keys.chars().map(|key| press(state, KeyCode::Char(key))).last().unwrap_or_default()
}

fn fleet() -> State {
    let mut state = State::new(Size { width: 120, height: 40 }, Timestamp::UNIX_EPOCH);
    update(&mut state, Event::Snapshot(samples::snapshot()));
    state
}

fn commands(effects: &[Effect]) -> Vec<&str> {
    let command = |effect: &'_ Effect| match effect {
        Effect::Run { sent, .. } => Some(sent.command.clone()),
        _ => None,
    };
    effects.iter().filter_map(command).map(|command| Box::leak(command.into_boxed_str()) as &str).collect()
}

#[test]
fn a_stop_goes_to_all_that_are_marked_and_asks_once() {
    let mut state = fleet();
    keys(&mut state, "  X");
    let Some(Overlay::Confirm(confirm)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!(confirm.subject, Subject::Agents(vec!["review".to_owned(), "docs".to_owned()]));
    assert_eq!(confirm.sent.command, "mosaic-tui fleet stop review docs");
    let effects = keys(&mut state, "y");
    assert_eq!(commands(&effects), ["mosaic-tui fleet stop review docs"]);
    assert_eq!(state.batch.len(), 2, "the marks stay until Esc");
}

#[test]
fn what_takes_one_agent_is_asked_once_and_done_to_each() {
    let mut state = fleet();
    keys(&mut state, "  r");
    let Some(Overlay::Confirm(confirm)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!(confirm.subject.button(confirm.verb), "Reset 2 agents");
    let popup = present(&state).overlay.unwrap();
    let text: String = popup.lines.iter().flatten().map(|piece| piece.text.as_str()).collect();
    assert!(text.contains("agent reset review") && text.contains("agent reset docs"), "{text}");
    let effects = keys(&mut state, "y");
    assert_eq!(commands(&effects), ["mosaic-tui agent reset review", "mosaic-tui agent reset docs"]);
    let ids: Vec<_> = state.running.iter().map(|running| running.sent.id).collect();
    assert!(ids.len() == 2 && ids[0] != ids[1], "each has an answer of its own");
}

#[test]
fn messages_go_to_the_marks_and_one_mark_is_one_agent() {
    let mut state = fleet();
    keys(&mut state, "  b");
    let about = |state: &State| match &state.overlay {
        Some(Overlay::Prompt(prompt)) => prompt.about.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(about(&state), Question::Broadcast(vec!["review".to_owned(), "docs".to_owned()]));
    press(&mut state, KeyCode::Esc);
    keys(&mut state, "s");
    assert_eq!(about(&state), Question::Broadcast(vec!["review".to_owned(), "docs".to_owned()]));
    press(&mut state, KeyCode::Esc);
    // The second mark is taken back: the cursor stands on the third row.
    keys(&mut state, "k s");
    assert_eq!(about(&state), Question::Message("review".to_owned()), "not the agent under the cursor");
}

#[test]
fn what_only_looks_goes_to_the_selected_agent() {
    let mut state = fleet();
    keys(&mut state, "  e");
    assert!(matches!(state.overlay, Some(Overlay::Explain(_))));
    assert_eq!(state.selected_name(), "tests");
}

#[test]
fn a_mark_that_the_filter_hides_or_that_is_gone_counts_for_nothing() {
    let mut state = fleet();
    keys(&mut state, "  ");
    keys(&mut state, "/docs");
    press(&mut state, KeyCode::Enter);
    keys(&mut state, "X");
    let Some(Overlay::Confirm(confirm)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!(confirm.subject, Subject::Agents(vec!["docs".to_owned()]));
    press(&mut state, KeyCode::Esc);
    let left = crate::fleet::model::FleetSnapshot { agents: Vec::new(), ..(*samples::snapshot()).clone() };
    update(&mut state, Event::Snapshot(std::sync::Arc::new(left)));
    assert!(state.batch.is_empty());
}

#[test]
fn marks_are_shown_and_esc_takes_them_away_before_the_view() {
    let mut state = fleet();
    keys(&mut state, " ");
    let shown = |state: &State| match present(state).body {
        Body::Fleet(fleet) => (fleet.rows.iter().filter(|row| row.marked).count(), fleet.position),
        other => panic!("{other:?}"),
    };
    let (marked, position) = shown(&state);
    assert_eq!((marked, position[0].text.as_str()), (1, "1 marked  "));
    assert!(state.has_layers());
    press(&mut state, KeyCode::Esc);
    assert_eq!(shown(&state).0, 0);
    press(&mut state, KeyCode::Char('G'));
    keys(&mut state, " ");
    assert!(state.batch.is_empty(), "a session outside of the roster is never marked");
    assert!(state.toast.as_ref().is_some_and(|toast| toast.failed));
}

#[test]
fn marked_cards_are_acted_on_together_and_asked_about_once() {
    let mut state = super::board_tests::state();
    let effects = keys(&mut state, "  +");
    assert_eq!(
        commands(&effects),
        ["mosaic-tui backlog edit --priority-by=1 A0", "mosaic-tui backlog edit --priority-by=1 A1"]
    );
    let Body::Board(board) = present(&state).body else { panic!() };
    let marked: Vec<bool> = board.columns[state.board.column.index()].cards.iter().map(|card| card.marked).collect();
    assert_eq!(marked[..3], [true, true, false]);
    assert!(keys(&mut state, "x").is_empty());
    let Some(Overlay::Confirm(confirm)) = &state.overlay else { panic!("{:?}", state.overlay) };
    let cards = vec![("A0".to_owned(), None), ("A1".to_owned(), None)];
    assert_eq!(confirm.subject, Subject::Cards(cards));
    let effects = keys(&mut state, "y");
    assert_eq!(commands(&effects), ["mosaic-tui backlog complete --id=A0", "mosaic-tui backlog complete --id=A1"]);
    let effects = keys(&mut state, "u");
    assert_eq!(commands(&effects).len(), 2, "what ends nothing is not asked about");
    press(&mut state, KeyCode::Esc);
    assert!(state.board.batch.is_empty() && state.screen == Screen::Board, "Esc takes the marks away");
    keys(&mut state, " /x");
    assert!(state.board.batch.is_empty(), "and so does another filter");
}

#[test]
fn one_key_takes_back_what_was_done_to_all_that_were_marked() {
    use super::board_tests::{done, other};
    use crate::app::action::{Action, BacklogAction};

    let mut state = super::board_tests::state();
    let back = |id: &str| Action::Backlog(BacklogAction::Unblock { id: samples::id(id), if_version: Some(2) });
    let answer = |state: &mut State, sent: Sent, id: &str| {
        let report = done().with_undo(Some(back(id)));
        update(state, Event::Done { sent, report });
    };
    keys(&mut state, "  ");
    // With a key of its own, one that is a command's, and one that is asked about.
    for change in ["+", "u", "xy"] {
        // What was done before is not the last change any more.
        answer(&mut state, other(), "A7");
        let effects = keys(&mut state, change);
        let sent: Vec<Sent> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Run { sent, .. } => Some(sent.clone()),
                _ => None,
            })
            .collect();
        assert_eq!(sent.len(), 2, "{change}");
        for (sent, id) in sent.into_iter().zip(["A0", "A1"]) {
            answer(&mut state, sent, id);
        }
        let back = keys(&mut state, "U");
        assert_eq!(back.iter().filter(|effect| matches!(effect, Effect::Run { .. })).count(), 2, "{change}");
        assert!(keys(&mut state, "U").is_empty(), "once: {change}");
    }
}

#[test]
fn a_card_that_is_done_or_gone_keeps_no_mark() {
    let mut state = super::board_tests::state();
    keys(&mut state, "   ");
    assert_eq!(state.board.batch.len(), 3);
    let mut board = (**state.board.board.as_ref().unwrap()).clone();
    let lane = state.board.column.index();
    let done = board.lanes[lane].cards.remove(0);
    board.lanes[crate::backlog::model::Column::Done.index()].cards.insert(0, done);
    board.lanes[lane].cards.remove(0);
    update(&mut state, Event::Board(std::sync::Arc::new(board), super::board_tests::now()));
    assert_eq!(state.board.batch, [samples::id("A2")]);
}
