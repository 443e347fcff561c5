//! Event in, state and effects out.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;

use super::*;
use crate::app::action::FleetAction;
use crate::app::action::dispatch::{Request, RequestId, Sent};
use crate::app::action::fleet::Targets;
use crate::app::action::registry::Door;
use crate::app::action::report::Report;
use crate::app::tui::effect::ActivityAsk;
use crate::app::tui::samples;
use crate::app::tui::state::answer::Answer;
use crate::fleet::model::{Label, PaneScreen, Readiness, RowKey, ServerName, Size, SocketName};
use crate::ui::draw::{Drawn, Lines};

pub(super) fn state() -> State {
    let mut state = State::new(Size { width: 120, height: 40 }, Timestamp::UNIX_EPOCH);
    update(&mut state, Event::Snapshot(samples::snapshot()));
    state
}

/// Presses keys one after the other; what the last one asks for.
pub(super) fn press(state: &mut State, keys: &str) -> Vec<Effect> {
    keys.chars().map(|key| board_tests::press(state, &key.to_string())).last().unwrap_or_default()
}

fn selected(state: &State) -> String {
    state.selected_name()
}

#[test]
fn the_first_snapshot_selects_who_needs_the_operator_most_and_opens_its_pane() {
    let mut state = State::new(Size { width: 120, height: 40 }, Timestamp::UNIX_EPOCH);
    let effects = update(&mut state, Event::Snapshot(samples::snapshot()));
    assert_eq!(selected(&state), "review");
    assert!(
        matches!(&effects[..], [Effect::View(Some(target)), Effect::Activity(_)] if target.session_id.starts_with('$'))
    );
    assert!(update(&mut state, Event::Snapshot(samples::snapshot())).is_empty(), "nothing new, nothing to do");
}

#[test]
fn motions_move_and_stop_at_the_ends() {
    let mut state = state();
    press(&mut state, "k");
    assert_eq!(selected(&state), "review");
    press(&mut state, "jj");
    assert_eq!(selected(&state), "tests");
    press(&mut state, "G");
    assert_eq!(selected(&state), "by-hand");
    press(&mut state, "jg");
    assert_eq!(selected(&state), "review");
}

#[test]
fn w_goes_round_those_that_need_the_operator() {
    let mut state = state();
    let mut visited = Vec::new();
    for _ in 0..5 {
        visited.push(selected(&state));
        press(&mut state, "w");
    }
    assert_eq!(visited, ["review", "docs", "tests", "code1", "review"]);
}

#[test]
fn the_selection_stays_with_its_agent_when_rows_move() {
    let mut state = state();
    press(&mut state, "jj");
    let mut snapshot = (*samples::snapshot()).clone();
    snapshot.agents.reverse();
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    assert_eq!(selected(&state), "tests");
}

#[test]
fn a_changed_state_is_unread_until_it_is_selected() {
    let mut state = state();
    let mut snapshot = (*samples::snapshot()).clone();
    snapshot.agents[4] = Arc::new(samples::row("orchestrator", Readiness::Stuck));
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    let row = state.rows().into_iter().find(|row| row.name.as_str() == "orchestrator").unwrap();
    assert!(state.is_unread(&row));
    state.selected = Some(row.key);
    press(&mut state, "kj");
    assert!(!state.is_unread(&row));
}

#[test]
fn escape_peels_one_layer_and_never_quits() {
    let mut state = state();
    press(&mut state, "/code\n");
    press(&mut state, "\n");
    assert_eq!(state.screen, Screen::Watch);
    press(&mut state, "?");
    assert!(state.overlay.is_some());
    press(&mut state, "\x1b");
    assert!(state.overlay.is_none());
    press(&mut state, "\x1b");
    assert_eq!((state.screen, state.filter.text.as_str()), (Screen::Fleet, "code"));
    press(&mut state, "\x1b");
    assert_eq!(state.filter.text, "");
    assert!(press(&mut state, "\x1b").is_empty());
}

#[test]
fn q_goes_back_then_quits() {
    let mut state = state();
    press(&mut state, "\n");
    assert!(!press(&mut state, "q").contains(&Effect::Quit));
    assert_eq!(state.screen, Screen::Fleet);
    assert_eq!(press(&mut state, "q"), [Effect::Quit]);
}

#[test]
fn ctrl_c_leaves_from_every_layer() {
    for keys in ["", "\n", "/abc", "?", "X", "e"] {
        let mut state = state();
        press(&mut state, keys);
        let key = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert!(update(&mut state, Event::Key(key)).contains(&Effect::Quit), "{keys:?}");
    }
}

fn of_review(action: fn(Targets) -> FleetAction) -> Request {
    Request::Fleet(action(Targets { agents: vec!["review".to_owned()], ..Targets::default() }))
}

#[test]
fn a_key_runs_the_same_action_as_its_command() {
    let mut state = state();
    let effects = press(&mut state, "S");
    let [Effect::Run { sent, request }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((sent.command.as_str(), request), ("mosaic-tui fleet start review", &of_review(FleetAction::Start)));
}

#[test]
fn stop_asks_first_and_defaults_to_cancel() {
    let stops = |effect: &Effect| {
        matches!(effect, Effect::Run { sent, request }
            if sent.command == "mosaic-tui fleet stop review" && *request == of_review(FleetAction::Stop))
    };
    for (keys, runs) in
        [("X\n", false), ("X\x1b", false), ("Xn", false), ("X\t\n", true), ("Xy", true), ("X\t\t\n", false)]
    {
        let mut state = state();
        assert_eq!(press(&mut state, keys).iter().any(stops), runs, "{keys:?}");
        assert!(state.overlay.is_none());
    }
}

#[test]
fn what_the_roster_does_not_know_cannot_be_stopped() {
    let mut state = state();
    press(&mut state, "G");
    assert!(press(&mut state, "X").is_empty());
    assert!(state.toast.as_ref().is_some_and(|toast| toast.failed));
    press(&mut state, "\n");
    assert_eq!(state.screen, Screen::Watch, "watching it is allowed");
}

#[test]
fn a_failed_action_stays_until_it_is_read() {
    let mut state = state();
    let report = Report::done("no", &serde_json::Value::Null).with_code(1);
    update(&mut state, Event::Done { sent: other("x"), report });
    assert!(matches!(&state.overlay, Some(Overlay::Answer(Answer { text, failed: true, .. })) if text == "no"));
    press(&mut state, "\n");
    assert!(state.overlay.is_none());
}

#[test]
fn a_toast_fades() {
    let mut state = state();
    let report = Report::done("done", &serde_json::Value::Null);
    update(&mut state, Event::Done { sent: other("x"), report });
    assert!(state.toast.is_some());
    update(&mut state, Event::Tick(Timestamp::from_second(100).unwrap()));
    assert!(state.toast.is_none());
}

#[test]
fn keys_typed_while_watching_reach_nothing() {
    let mut state = state();
    press(&mut state, "\n");
    for c in "abfhilmnoprtuxyzABCDEFIMNOPQRSTUVWXYZ!@#".chars() {
        assert!(press(&mut state, &c.to_string()).iter().all(|effect| matches!(effect, Effect::View(_))), "{c}");
    }
    assert!(update(&mut state, Event::Paste("rm -rf".to_owned())).is_empty());
}

#[test]
fn scrollback_is_fetched_once_and_left_at_its_end() {
    let mut state = state();
    press(&mut state, "\n");
    assert!(matches!(press(&mut state, "k")[..], [Effect::History { .. }]));
    let text: String = (0..100).map(|n| format!("{n}\n")).collect();
    let picture = Arc::new(crate::fleet::pane::still(&text, 20, 200));
    let pane = state.pane.target.as_ref().unwrap().key();
    update(&mut state, Event::History(pane, Ok(picture)));
    assert!(press(&mut state, "kk").is_empty());
    assert_eq!(state.pane.history.as_ref().map(|history| history.offset), Some(3));
    press(&mut state, "g");
    assert_eq!(state.pane.history.as_ref().map(|history| history.offset), Some(100 - 37), "the oldest line is on top");
    press(&mut state, "G");
    assert!(state.pane.history.is_none());
}

#[test]
fn the_view_is_closed_where_there_is_no_room_for_it() {
    let mut state = state();
    assert_eq!(
        update(&mut state, Event::Resize(Size { width: 40, height: 12 })),
        [Effect::View(None), Effect::Activity(ActivityAsk::Rest)]
    );
    assert!(matches!(&update(&mut state, Event::Resize(Size { width: 80, height: 24 }))[..], [Effect::View(Some(_))]));
}

#[test]
fn a_late_picture_of_another_pane_is_dropped() {
    let mut state = state();
    let before = state.pane.target.as_ref().unwrap().key();
    press(&mut state, "j");
    let picture = Arc::new(PaneScreen { size: Size { width: 1, height: 1 }, cells: Vec::new(), cursor: None });
    update(&mut state, Event::Pane(before, Arc::clone(&picture)));
    assert!(state.pane.screen.is_none());
    let now = state.pane.target.as_ref().unwrap().key();
    update(&mut state, Event::Pane(now, picture));
    assert!(state.pane.screen.is_some());
}

#[test]
fn rows_that_look_alike_are_told_apart() {
    let mut state = state();
    let mut snapshot = (*samples::snapshot()).clone();
    for id in ["$8", "$9"] {
        let mut twin = (*snapshot.agents[6]).clone();
        twin.key = RowKey::of_session(&ServerName::here(&SocketName::DEFAULT), id);
        snapshot.agents.push(Arc::new(twin));
    }
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    press(&mut state, "gjjjjjjjj");
    assert_eq!(
        state.selected,
        Some(RowKey::of_session(&ServerName::here(&SocketName::DEFAULT), "$9")),
        "every row can be reached"
    );
}

/// A key without a frame before it.
fn blindly(state: &mut State, code: KeyCode, held: KeyModifiers) -> Vec<Effect> {
    update(state, Event::Key(KeyEvent::new(code, held)))
}

#[test]
fn a_question_is_answered_only_once_all_of_it_was_shown() {
    let yes = |state: &mut State| blindly(state, KeyCode::Char('y'), KeyModifiers::NONE);
    let drawn = |state: &mut State, first, end| {
        update(state, Event::Drawn(Drawn { popup: Some(Lines { first, end, all: 3, marked: false }) }));
    };
    let mut state = state();
    press(&mut state, "X");
    assert!(yes(&mut state).is_empty() && state.overlay.is_some(), "typed blindly");
    drawn(&mut state, 0, 1);
    drawn(&mut state, 2, 3);
    assert!(yes(&mut state).is_empty() && state.overlay.is_some(), "a line was never shown");
    drawn(&mut state, 1, 3);
    update(&mut state, Event::Resize(Size { width: 24, height: 8 }));
    assert!(yes(&mut state).is_empty() && state.overlay.is_some(), "it looks another way now");
    drawn(&mut state, 0, 3);
    assert!(matches!(&yes(&mut state)[..], [Effect::Run { .. }]));
    press(&mut state, "X");
    blindly(&mut state, KeyCode::Esc, KeyModifiers::NONE);
    assert!(state.overlay.is_none(), "it can always be left");
}

#[test]
fn ctrl_with_a_letter_is_not_the_letter() {
    for opened in ["X", "e", "?"] {
        let mut state = state();
        press(&mut state, opened);
        update(&mut state, Event::Drawn(samples::DRAWN));
        let before = state.overlay.clone();
        for code in ['y', 'n', 'q', 'k'].map(KeyCode::Char).into_iter().chain([KeyCode::Enter]) {
            assert!(blindly(&mut state, code, KeyModifiers::CONTROL).is_empty());
            assert_eq!(state.overlay, before, "{code:?} after {opened}");
        }
    }
}

#[test]
fn esc_and_a_key_that_came_as_one_close_a_popup_and_are_that_key_in_the_view() {
    for opened in ["X", "e", "?", "A"] {
        let mut state = state();
        let mut snapshot = (*samples::snapshot()).clone();
        for row in &mut snapshot.agents {
            let mut asks = (**row).clone();
            asks.question = Some(Label::new("Delete everything? (y/n)"));
            *row = Arc::new(asks);
        }
        update(&mut state, Event::Snapshot(Arc::new(snapshot)));
        press(&mut state, opened);
        update(&mut state, Event::Drawn(samples::DRAWN));
        let popup = state.overlay.clone();
        assert!(popup.is_some(), "{opened}");
        for code in ['y', 'n', 'Y', '1', '2', '3', 'k'].map(KeyCode::Char).into_iter().chain([KeyCode::Enter]) {
            let (mut fast, mut slow) = (state.clone(), state.clone());
            let effects = blindly(&mut fast, code, KeyModifiers::ALT);
            assert!(!effects.iter().any(|effect| matches!(effect, Effect::Run { .. })), "{code:?} after {opened}");
            assert_ne!(fast.overlay, popup, "{code:?} closes what {opened} opened");
            blindly(&mut slow, KeyCode::Esc, KeyModifiers::NONE);
            blindly(&mut slow, code, KeyModifiers::NONE);
            assert_eq!((fast.overlay, fast.screen), (slow.overlay, slow.screen), "{code:?} after {opened}");
        }
        blindly(&mut state, KeyCode::Char('3'), KeyModifiers::ALT);
        assert_eq!((state.overlay.is_none(), state.screen), (true, Screen::Board), "{opened}");
    }
    let mut searching = state();
    let answer = Answer::new("done".to_owned(), "x".to_owned(), "one\ntwo".to_owned(), false);
    searching.overlay = Some(Overlay::Answer(answer));
    press(&mut searching, "/o");
    blindly(&mut searching, KeyCode::Char('3'), KeyModifiers::ALT);
    assert!(matches!(&searching.overlay, Some(Overlay::Answer(open)) if open.search.text == "o"), "it is being typed");
}

#[test]
fn what_opens_a_line_behind_an_esc_opens_it_however_they_came() {
    for opened in ["", "X", "?"] {
        let mut state = state();
        press(&mut state, opened);
        update(&mut state, Event::Drawn(samples::DRAWN));
        blindly(&mut state, KeyCode::Char(':'), KeyModifiers::ALT);
        assert!(matches!(state.overlay, Some(Overlay::Palette(_))), "after {opened:?}: {:?}", state.overlay);
    }
    let mut typing = state();
    press(&mut typing, "sa text");
    let before = typing.overlay.clone();
    blindly(&mut typing, KeyCode::Char(':'), KeyModifiers::ALT);
    assert!(matches!(&before, Some(Overlay::Prompt(_))) && typing.overlay.is_some(), "what is typed stays");
}

#[test]
fn below_the_least_size_keys_only_leave_suspend_and_redraw() {
    let allowed = [Effect::Quit, Effect::Suspend, Effect::Redraw];
    for opened in ["", "s", "X", "/", ":", "3", "n"] {
        let mut small = state();
        press(&mut small, opened);
        update(&mut small, Event::Resize(Size { width: 20, height: 5 }));
        let before = (small.overlay.clone(), small.screen, small.selected, small.filter.clone());
        let codes = (' '..='~').map(KeyCode::Char).chain([KeyCode::Enter, KeyCode::Tab, KeyCode::Down, KeyCode::Esc]);
        for code in codes {
            for held in [KeyModifiers::NONE, KeyModifiers::CONTROL] {
                let effects = blindly(&mut small, code, held);
                assert!(effects.iter().all(|effect| allowed.contains(effect)), "{code:?}: {effects:?}");
            }
        }
        update(&mut small, Event::Paste("text".to_owned()));
        assert_eq!((small.overlay.clone(), small.screen, small.selected, small.filter.clone()), before);
        assert_eq!(blindly(&mut small, KeyCode::Char('c'), KeyModifiers::CONTROL), [Effect::Quit]);
        let leaves = blindly(&mut small, KeyCode::Char('q'), KeyModifiers::NONE) == [Effect::Quit];
        // Elsewhere the letter may be meant for what is open; here `n` opens nothing.
        assert_eq!(leaves, ["", "3", "n"].contains(&opened), "{opened}");
    }
}

#[test]
fn what_came_below_the_finger_is_not_acted_on_before_it_was_shown() {
    let mut state = state();
    update(&mut state, Event::Drawn(samples::DRAWN));
    let mut snapshot = (*samples::snapshot()).clone();
    let at = snapshot.agents.iter().position(|row| row.name.as_str() == "review").unwrap();
    let mut row = (*snapshot.agents[at]).clone();
    row.question = Some(Label::new("Delete everything?"));
    snapshot.agents[at] = Arc::new(row);
    update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    blindly(&mut state, KeyCode::Char('A'), KeyModifiers::NONE);
    assert!(state.overlay.is_none(), "{:?}", state.overlay);
    press(&mut state, "A");
    assert!(matches!(&state.overlay, Some(Overlay::Question(open)) if open.asked.as_str() == "Delete everything?"));
}

#[test]
fn sessions_that_come_and_go_are_not_remembered_for_ever() {
    let mut state = state();
    let there = state.seen.len();
    let server = ServerName::here(&SocketName::DEFAULT);
    for number in 0..500 {
        let mut snapshot = (*samples::snapshot()).clone();
        let mut row = (*snapshot.agents[0]).clone();
        row.key = RowKey::of_session(&server, &format!("${number}"));
        row.managed = false;
        snapshot.agents.push(Arc::new(row));
        update(&mut state, Event::Snapshot(Arc::new(snapshot)));
    }
    assert_eq!(state.seen.len(), there + 1);
}

#[test]
fn an_agent_that_a_filter_hides_is_not_acted_on() {
    let mut state = state();
    press(&mut state, "/zzz\nX");
    assert!(state.overlay.is_none(), "{:?}", state.overlay);
    press(&mut state, "s");
    assert!(state.overlay.is_none(), "{:?}", state.overlay);
}

#[test]
fn a_paste_that_does_not_fit_says_so() {
    let mut state = state();
    press(&mut state, ":");
    update(&mut state, Event::Paste("x".repeat(600)));
    let toast = state.toast.clone().unwrap();
    assert!(toast.failed && toast.text.contains("100 characters did not fit"), "{toast:?}");
}

/// A request that nothing here sent.
fn other(command: &str) -> Sent {
    Sent { id: RequestId(u64::MAX), command: command.to_owned(), door: Door::Key }
}

/// What the effects hand to the executor.
pub(super) fn sent(effects: Vec<Effect>) -> Sent {
    let found = effects.into_iter().find_map(|effect| match effect {
        Effect::Run { sent, .. } => Some(sent),
        _ => None,
    });
    found.unwrap()
}

pub(super) fn run(state: &mut State, line: &str) -> Sent {
    sent(press(state, &format!(":{line}\n")))
}

pub(super) fn failed(sent: &Sent, why: &str) -> Event {
    let failure = crate::fleet::error::Failure::failed("it", why.to_owned(), "try again");
    Event::Done { sent: sent.clone(), report: Report::failed(&failure) }
}

#[test]
fn leaving_asks_while_something_runs() {
    let mut state = state();
    let started = run(&mut state, "fleet start code0");
    assert_eq!(state.running.iter().map(|running| &running.sent).collect::<Vec<_>>(), [&started]);
    assert!(!press(&mut state, "q").contains(&Effect::Quit));
    assert!(state.toast.as_ref().is_some_and(|toast| toast.text.contains(&started.command)), "{:?}", state.toast);
    assert!(!press(&mut state, "jq").contains(&Effect::Quit), "another key between them begins anew");
    assert!(press(&mut state, "q").contains(&Effect::Quit));
    update(&mut state, failed(&started, "no"));
    press(&mut state, "\x1b");
    assert!(state.running.is_empty() && press(&mut state, "q").contains(&Effect::Quit));
}

#[test]
fn no_answer_is_lost_behind_another_one() {
    let mut state = state();
    press(&mut state, "?");
    for why in ["first", "second"] {
        update(&mut state, failed(&other("mosaic-tui x"), why));
    }
    press(&mut state, "\x1b");
    for why in ["first", "second"] {
        let shown = matches!(&state.overlay, Some(Overlay::Answer(Answer { text, .. })) if text.contains(why));
        assert!(shown, "{why}: {:?}", state.overlay);
        press(&mut state, "\x1b");
    }
    assert_eq!(state.overlay, None);
}

#[test]
fn a_message_on_its_way_can_be_left_and_its_receipt_comes_as_an_answer() {
    let mut state = state();
    let message = sent(press(&mut state, "shello\n"));
    press(&mut state, "jq");
    assert!(matches!(state.overlay, Some(Overlay::Prompt(_))), "other keys wait");
    press(&mut state, "\x1b");
    assert_eq!(state.overlay, None);
    update(&mut state, failed(&message, "draft"));
    assert!(matches!(&state.overlay, Some(Overlay::Answer(Answer { text, .. })) if text.contains("draft")));
}

#[test]
fn another_roster_is_for_a_shell() {
    let mut state = state();
    let effects = press(&mut state, ":fleet stop --roster /x/b.yaml code0\n");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Run { .. })));
    let Some(Overlay::Palette(palette)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert!(palette.notice.as_ref().is_some_and(|notice| notice.contains("--roster is for a shell")));
}

#[test]
fn another_roster_in_place_of_this_one_is_asked_for() {
    for (command, asks) in [("fleet init", false), ("fleet init --write", false), ("fleet init --write --force", true)]
    {
        let mut state = state();
        let effects = press(&mut state, &format!(":{command}\n"));
        assert_eq!(matches!(state.overlay, Some(Overlay::Confirm(_))), asks, "{command}: {:?}", state.overlay);
        assert_eq!(effects.iter().any(|effect| matches!(effect, Effect::Run { .. })), !asks, "{command}: {effects:?}");
    }
}

#[test]
fn the_palette_runs_a_marked_command_only_when_it_was_shown() {
    let mut state = state();
    press(&mut state, ":fleet st");
    blindly(&mut state, KeyCode::Down, KeyModifiers::NONE);
    blindly(&mut state, KeyCode::Up, KeyModifiers::NONE);
    assert!(blindly(&mut state, KeyCode::Enter, KeyModifiers::NONE).is_empty() && state.overlay.is_some());
    assert!(press(&mut state, "\n").iter().any(|effect| matches!(effect, Effect::Run { .. })));
    press(&mut state, ":");
    for c in "fleet status".chars() {
        blindly(&mut state, KeyCode::Char(c), KeyModifiers::NONE);
    }
    let effects = blindly(&mut state, KeyCode::Enter, KeyModifiers::NONE);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Run { .. })), "what was typed whole needs no list");
}

#[test]
fn a_key_does_not_answer_what_came_by_itself_unseen() {
    let mut state = state();
    update(&mut state, Event::Drawn(samples::DRAWN));
    update(&mut state, failed(&other("mosaic-tui x"), "first"));
    update(&mut state, failed(&other("mosaic-tui y"), "second"));
    for why in ["first", "second"] {
        for code in [KeyCode::Enter, KeyCode::Esc, KeyCode::Char('q')] {
            blindly(&mut state, code, KeyModifiers::NONE);
        }
        let shown = matches!(&state.overlay, Some(Overlay::Answer(Answer { text, .. })) if text.contains(why));
        assert!(shown, "{why}: {:?}", state.overlay);
        press(&mut state, "q");
    }
    assert_eq!(state.overlay, None);
}
