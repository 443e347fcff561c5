//! The board: events and keys in, state and effects out.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;

use super::*;
use crate::app::action::dispatch::{Request as Asked, RequestId, Sent};
use crate::app::action::registry::Door;
use crate::app::action::report::Report;
use crate::app::action::{Action, BacklogAction};
use crate::app::tui::samples;
use crate::app::tui::state::answer::Answer;
use crate::app::tui::state::board::BoardState;
use crate::app::tui::state::form::Form;
use crate::backlog::model::Column;
use crate::backlog::watch::Request;
use crate::fleet::model::Size;

pub(super) fn now() -> Timestamp {
    Timestamp::from_millisecond(samples::NOW.0).unwrap()
}

pub(super) fn state() -> State {
    let mut state = State::new(Size { width: 120, height: 40 }, now());
    update(&mut state, Event::Snapshot(samples::snapshot()));
    update(&mut state, Event::Board(samples::board([3, 5000, 3, 1, 1000]), now()));
    press(&mut state, "3");
    state
}

pub(super) fn key(state: &mut State, code: KeyCode, modifiers: KeyModifiers) -> Vec<Effect> {
    // Each key comes after a frame, on which all is shown.
    update(state, Event::Drawn(samples::DRAWN));
    update(state, Event::Key(KeyEvent::new(code, modifiers)))
}

pub(super) fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    let mut all = Vec::new();
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\x1b' => KeyCode::Esc,
            '\t' => KeyCode::Tab,
            c => KeyCode::Char(c),
        };
        all.extend(key(state, code, KeyModifiers::NONE));
    }
    all
}

fn selected(state: &State) -> String {
    state.board.selected().map(|card| card.id.to_string()).unwrap_or_default()
}

/// The card in full arrives as it was asked for.
pub(super) fn detail_arrives(state: &mut State) {
    let id = state.board.wanted.unwrap();
    update(state, Event::Card(id, Ok(samples::detail(id.as_str()))));
}

pub(super) fn ran(effects: &[Effect]) -> Vec<(&Sent, &Asked)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Run { sent, request } => Some((sent, request)),
            _ => None,
        })
        .collect()
}

#[test]
fn the_board_opens_at_what_can_be_claimed_and_asks_for_the_selected_card() {
    let mut state = State::new(Size { width: 120, height: 40 }, now());
    update(&mut state, Event::Board(samples::board([3, 5000, 3, 1, 1000]), now()));
    let effects = press(&mut state, "3");
    assert_eq!((state.board.column, selected(&state).as_str()), (Column::Ready, "A0"));
    assert!(effects.contains(&Effect::Backlog(Request::Detail(Some(samples::id("A0"))))), "{effects:?}");
    let effects = press(&mut state, "l");
    assert!(effects.contains(&Effect::Backlog(Request::Detail(Some(samples::id("C0"))))), "{effects:?}");
}

#[test]
fn a_jump_to_the_end_of_a_long_column_asks_for_that_window_only() {
    let mut state = state();
    let asked: Vec<Effect> = press(&mut state, "G");
    let [Effect::Backlog(Request::Board(query)), ..] = &asked[..] else { panic!("{asked:?}") };
    let ready = Column::Ready.index();
    assert!(query.offsets[ready] > 4000 && query.offsets[ready] + query.limit >= 5000, "{query:?}");
    assert_eq!(query.offsets[Column::Done.index()], 0);
    assert_eq!(state.board.at[ready], 4999);
    assert!(press(&mut state, "k").iter().all(|e| !matches!(e, Effect::Backlog(Request::Board(_)))), "asked once only");
}

#[test]
fn the_cursor_stays_on_its_card_when_cards_before_it_go() {
    let mut state = state();
    press(&mut state, "jjj");
    assert_eq!(selected(&state), "A3");
    let mut board = (*samples::board([3, 4999, 3, 1, 1001])).clone();
    board.lanes[Column::Ready.index()].cards.remove(0);
    update(&mut state, Event::Board(Arc::new(board), now()));
    assert_eq!((selected(&state).as_str(), state.board.at[Column::Ready.index()]), ("A3", 2));
}

#[test]
fn the_cursor_follows_its_card_into_another_column() {
    let mut state = state();
    press(&mut state, "j");
    assert_eq!(selected(&state), "A1");
    let mut board = (*samples::board([3, 4999, 3, 2, 1000])).clone();
    let gone = board.lanes[Column::Ready.index()].cards.remove(1);
    board.lanes[Column::Blocked.index()].cards[1] = gone;
    update(&mut state, Event::Board(Arc::new(board), now()));
    assert_eq!((state.board.column, selected(&state).as_str()), (Column::Blocked, "A1"));
}

#[test]
fn an_undo_is_not_undone_by_the_next() {
    let mut state = state();
    let back = Action::Backlog(BacklogAction::Unblock { id: samples::id("A0"), if_version: Some(2) });
    let report = done().with_undo(Some(back.clone()));
    update(&mut state, Event::Done { sent: other(), report: report.clone() });
    let effects = press(&mut state, "U");
    let sent = ran(&effects)[0].0.clone();
    update(&mut state, Event::Done { sent, report });
    assert!(ran(&press(&mut state, "U")).is_empty());
}

#[test]
fn triage_keys_run_the_commands_and_the_irrevocable_ones_ask() {
    let mut state = state();
    detail_arrives(&mut state);
    let plus = press(&mut state, "+");
    assert_eq!(ran(&plus)[0].0.command, "mosaic-tui backlog edit --priority-by=1 A0");
    assert_eq!(ran(&press(&mut state, "bno key\n"))[0].0.command, "mosaic-tui backlog block --id=A0 '--reason=no key'");
    assert_eq!(ran(&press(&mut state, "LA7\n"))[0].0.command, "mosaic-tui backlog link --from=A0 --to=A7");
    assert_eq!(ran(&press(&mut state, "L!A7\n"))[0].0.command, "mosaic-tui backlog unlink --from=A0 --to=A7");
    assert_eq!(ran(&press(&mut state, "u"))[0].0.command, "mosaic-tui backlog unblock --id=A0");
    assert!(ran(&press(&mut state, "x")).is_empty(), "it asks first");
    assert!(matches!(&state.overlay, Some(Overlay::Confirm(confirm)) if !confirm.yes));
    assert!(ran(&press(&mut state, "\n")).is_empty(), "Cancel is the default");
    assert_eq!(ran(&press(&mut state, "xy"))[0].0.command, "mosaic-tui backlog complete --id=A0");
    press(&mut state, "l");
    press(&mut state, "R");
    let Some(Overlay::Confirm(confirm)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!(confirm.subject.words(), "C0 (held by orchestrator)", "whose work it ends is said");
}

#[test]
fn a_card_is_claimed_for_an_agent_from_a_list() {
    let mut state = state();
    let effects = press(&mut state, "cj\n");
    let (Sent { command, .. }, action) = ran(&effects)[0];
    assert!(command.starts_with("mosaic-tui backlog claim --owner=") && command.ends_with("--id=A0"), "{command}");
    assert!(matches!(action, Asked::Backlog(BacklogAction::Claim(request)) if request.id == Some(samples::id("A0"))));
}

#[test]
fn a_menu_is_answered_only_by_what_a_frame_showed() {
    let enter = |state: &mut State| key_unseen(state, KeyCode::Enter);
    let drawn = |state: &mut State, marked| {
        let lines = crate::ui::draw::Lines { marked, ..samples::DRAWN.popup.unwrap() };
        update(state, Event::Drawn(crate::ui::draw::Drawn { popup: Some(lines) }));
    };
    for opens in ['c', 'm'] {
        let mut state = state();
        update(&mut state, Event::Drawn(samples::DRAWN));
        key_unseen(&mut state, KeyCode::Char(opens));
        let open = state.overlay.clone();
        assert!(ran(&enter(&mut state)).is_empty() && state.overlay == open, "{opens}: never drawn");
        drawn(&mut state, false);
        assert!(ran(&enter(&mut state)).is_empty() && state.overlay == open, "{opens}: below the edge");
        drawn(&mut state, true);
        key_unseen(&mut state, KeyCode::Char('j'));
        assert!(ran(&enter(&mut state)).is_empty() && state.overlay.is_some(), "{opens}: another one is marked now");
        drawn(&mut state, true);
        update(&mut state, Event::Resize(Size { width: 24, height: 8 }));
        assert!(ran(&enter(&mut state)).is_empty() && state.overlay.is_some(), "{opens}: it looks another way now");
        key_unseen(&mut state, KeyCode::Esc);
        assert_eq!(state.overlay, None, "it can always be left");
        update(&mut state, Event::Resize(Size { width: 120, height: 40 }));
        update(&mut state, Event::Drawn(samples::DRAWN));
        key_unseen(&mut state, KeyCode::Char('c'));
        drawn(&mut state, true);
        assert_eq!(ran(&enter(&mut state)).len(), 1);
    }
}

#[test]
fn move_offers_only_what_the_rules_allow() {
    let mut state = state();
    let labels = |state: &State| match &state.overlay {
        Some(Overlay::Menu(menu)) => {
            menu.items.iter().map(|(label, _)| label.split(':').next().unwrap().to_owned()).collect()
        }
        _ => Vec::new(),
    };
    let mut offered = |keys: &str| {
        press(&mut state, keys);
        let got = labels(&state).join(" ");
        press(&mut state, "\x1b");
        got
    };
    assert_eq!(offered("m"), "claimed done blocked");
    assert_eq!(offered("lm"), "ready done blocked");
    assert_eq!(offered("lm"), "ready done");
    assert_eq!(offered("lm"), "", "a done card stays");
    assert_eq!(offered("hhhhm"), "done blocked");
}

#[test]
fn a_reason_that_was_typed_comes_back_when_it_is_refused() {
    let mut state = state();
    let sent = press(&mut state, "bno key\n");
    let sent = ran(&sent)[0].0.clone();
    assert_eq!(state.overlay, None);
    update(&mut state, Event::Done { sent, report: Report { text: "the store is busy".into(), ..failed() } });
    let Some(Overlay::Prompt(prompt)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!((prompt.line.text.as_str(), prompt.notice.as_deref()), ("no key", Some("the store is busy")));
    let again = press(&mut state, "\n");
    let sent = ran(&again)[0].0.clone();
    update(&mut state, Event::Done { sent, report: done() });
    assert_eq!((&state.overlay, state.detached.len()), (&None, 0));
    // Of one that is left after all nothing stays.
    press(&mut state, "lbwhy\n\x1b\x1b");
    assert_eq!((&state.overlay, state.detached.len()), (&None, 0));
}

#[test]
fn undo_runs_what_the_last_report_offered_once() {
    let mut state = state();
    let unblock = BacklogAction::Unblock { id: samples::id("A0"), if_version: Some(2) };
    let report = done().with_undo(Some(Action::Backlog(unblock.clone())));
    let undo = Asked::Backlog(unblock);
    update(&mut state, Event::Done { sent: other(), report });
    assert!(state.toast.as_ref().is_some_and(|toast| toast.text.contains("U takes it back")));
    let effects = press(&mut state, "U");
    assert_eq!(ran(&effects)[0].1, &undo);
    assert!(ran(&press(&mut state, "U")).is_empty());
    // One that fails may be tried again.
    let sent = ran(&effects)[0].0.clone();
    let failure = crate::fleet::error::Failure::failed("card A0", "the store is gone", "try again");
    update(&mut state, Event::Done { sent, report: Report::failed(&failure) });
    press(&mut state, "\x1b");
    assert_eq!(ran(&press(&mut state, "U"))[0].1, &undo);
}

#[test]
fn from_a_card_to_its_owner_and_back() {
    let mut state = state();
    press(&mut state, "l");
    press(&mut state, "o");
    assert_eq!((state.screen, state.selected_name().as_str()), (Screen::Watch, "orchestrator"));
    press(&mut state, "q");
    assert_eq!((state.screen, selected(&state).as_str()), (Screen::Board, "C0"));
    press(&mut state, "1");
    let held = state.selected_row().and_then(|row| row.claim.clone());
    assert_eq!(held.map(|claim| claim.card).as_deref(), Some("C0"), "the row shows its card");
    press(&mut state, "o");
    assert_eq!((state.screen, state.board.wanted), (Screen::Card, Some(samples::id("C0"))));
    press(&mut state, "q");
    assert_eq!(state.screen, Screen::Fleet);
}

#[test]
fn a_filter_narrows_and_esc_takes_it_away() {
    let mut state = state();
    let effects = press(&mut state, "/phase:m1");
    let last = effects.iter().rev().find_map(|effect| match effect {
        Effect::Backlog(Request::Board(query)) => Some(query.clone()),
        _ => None,
    });
    assert_eq!(last.map(|query| query.terms.0.len()), Some(1));
    press(&mut state, "\n");
    assert!(!state.board.filtering && state.board.filter.text == "phase:m1");
    press(&mut state, "\x1b");
    assert!(state.board.filter.text.is_empty() && state.screen == Screen::Board);
}

#[test]
fn idle_agents_come_forward_while_cards_wait() {
    let names = |state: &State| -> Vec<String> {
        state.snapshot.iter().flat_map(|snapshot| &snapshot.agents).map(|row| row.name.to_string()).collect()
    };
    let mut state = state();
    let waiting = names(&state);
    let at = |list: &[String], name: &str| list.iter().position(|other| other == name).unwrap();
    assert!(at(&waiting, "code0") < at(&waiting, "orchestrator"), "{waiting:?}");
    update(&mut state, Event::Board(samples::board([3, 0, 3, 1, 9]), now()));
    let idle = names(&state);
    assert!(at(&idle, "code0") > at(&idle, "orchestrator"), "{idle:?}");
}

#[test]
fn late_news_of_another_card_is_dropped() {
    let mut state = state();
    update(&mut state, Event::Card(samples::id("Q9"), Ok(samples::detail("Q9"))));
    assert!(state.board.detail.is_none());
    let board = BoardState { wanted: Some(samples::id("A0")), ..BoardState::default() };
    assert!(board.shown().is_none());
    assert_eq!(Form::new_card("m1").changed().len(), 2, "priority and phase of a new card are sent");
}

#[test]
fn a_jump_to_a_card_asks_for_it() {
    let mut state = state();
    press(&mut state, "1");
    let held = |row: &&Arc<crate::fleet::model::AgentRow>| row.claim.is_some();
    let key = state.snapshot.iter().flat_map(|s| &s.agents).find(held).map(|row| row.key);
    state.selected = key;
    let effects = press(&mut state, "o");
    let wanted = state.board.wanted;
    assert!(wanted.is_some() && effects.contains(&Effect::Backlog(Request::Detail(wanted))), "{effects:?}");
}

#[test]
fn a_menu_asks_like_the_key_does_before_it_ends_a_claim() {
    let mut state = state();
    press(&mut state, "l");
    assert!(ran(&press(&mut state, "m\n")).is_empty());
    let Some(Overlay::Confirm(confirm)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!(confirm.subject.words(), "C0 (held by orchestrator)");
    press(&mut state, "\x1b");
    assert!(ran(&press(&mut state, "bwhy\n")).is_empty(), "parking a held card ends the claim too");
    assert!(matches!(&state.overlay, Some(Overlay::Confirm(_))));
}

#[test]
fn what_is_asked_is_about_the_card_that_it_was_opened_on() {
    for keys in ["m", "bwhy"] {
        let mut state = state();
        press(&mut state, "l");
        press(&mut state, keys);
        // Its card goes elsewhere meanwhile, and another one is below the cursor.
        let mut board = (*samples::board([3, 5000, 3, 1, 1000])).clone();
        board.lanes[Column::Claimed.index()].cards.remove(0);
        board.claims[0].claim.owner = "somebody".to_owned();
        update(&mut state, Event::Board(Arc::new(board), now()));
        assert_ne!(selected(&state), "C0");
        press(&mut state, "\n");
        let Some(Overlay::Confirm(confirm)) = &state.overlay else { panic!("{:?}", state.overlay) };
        assert_eq!(confirm.subject.words(), "C0 (held by somebody)");
    }
}

#[test]
fn a_card_has_no_filter_and_no_columns() {
    let mut state = state();
    press(&mut state, "\n");
    press(&mut state, "/xl");
    assert!(!state.board.filtering && state.board.filter.text.is_empty());
    assert_eq!((state.screen, state.board.column), (Screen::Card, Column::Ready));
}

#[test]
fn a_renewed_claim_does_not_disturb_an_edit() {
    let mut state = state();
    detail_arrives(&mut state);
    press(&mut state, "eX");
    let id = state.board.wanted.unwrap();
    let mut renewed = (*samples::detail(id.as_str())).clone();
    renewed.card.version += 1;
    update(&mut state, Event::Card(id, Ok(Arc::new(renewed))));
    let Some(Overlay::Form(form)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!((form.notice.as_deref(), form.editing.as_ref().map(|(_, version)| *version)), (None, Some(4)));
}

pub(super) fn done() -> Report {
    Report::done("done", &serde_json::Value::Null)
}

/// A request that nothing here sent.
pub(super) fn other() -> Sent {
    Sent { id: RequestId(u64::MAX), command: "mosaic-tui other".to_owned(), door: Door::Key }
}

pub(super) fn failed() -> Report {
    done().with_code(4)
}

#[test]
fn a_card_that_came_below_the_cursor_is_not_acted_on_before_it_was_shown() {
    let mut state = state();
    let before = selected(&state);
    update(&mut state, Event::Drawn(samples::DRAWN));
    let mut board = (*samples::board([3, 5000, 3, 1, 1000])).clone();
    for lane in &mut board.lanes {
        lane.cards.retain(|card| card.id.as_str() != before);
    }
    update(&mut state, Event::Board(Arc::new(board), now()));
    assert_ne!(selected(&state), before);
    for letter in ['+', 'b', 'x', 'c', 'm'] {
        let effects = key_unseen(&mut state, KeyCode::Char(letter));
        assert!(ran(&effects).is_empty() && state.overlay.is_none(), "{letter}: {effects:?}");
    }
    assert!(!ran(&press(&mut state, "+")).is_empty());
}

/// A key without a frame before it.
fn key_unseen(state: &mut State, code: KeyCode) -> Vec<Effect> {
    update(state, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

#[test]
fn a_jump_from_nothing_says_so() {
    let mut state = state();
    update(&mut state, Event::Board(samples::board([0; 5]), now()));
    press(&mut state, "o");
    let told = |state: &State| state.toast.as_ref().map(|toast| toast.text.clone()).unwrap_or_default();
    assert!(told(&state).contains("no card is selected"), "{}", told(&state));
    let mut empty = State::new(Size { width: 120, height: 40 }, now());
    press(&mut empty, "o");
    assert!(told(&empty).contains("no agent is selected"), "{}", told(&empty));
}

#[test]
fn a_card_is_parked_for_a_reason() {
    let mut state = state();
    detail_arrives(&mut state);
    assert!(ran(&press(&mut state, "b\n")).is_empty());
    let Some(Overlay::Prompt(prompt)) = &state.overlay else { panic!("it asks on") };
    assert!(prompt.notice.as_deref().is_some_and(|notice| notice.contains("why")), "{:?}", prompt.notice);
    assert_eq!(ran(&press(&mut state, "no key\n")).len(), 1);
}

#[test]
fn what_is_done_may_come_with_a_warning() {
    let mut state = state();
    let mut report = Report::done("A1: created", &());
    report.errors.push("warning: depends on A0".to_owned());
    update(&mut state, Event::Done { sent: other(), report });
    let shown =
        matches!(&state.overlay, Some(Overlay::Answer(Answer { text, failed: false, .. })) if text.contains("warning"));
    assert!(shown, "{:?}", state.overlay);
}
