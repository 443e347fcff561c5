//! Marks: who is marked, what goes to all of them, and that it is asked once and names them.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;

use super::*;
use crate::app::action::dispatch::Sent;
use crate::app::tui::present::present;
use crate::app::tui::samples;
use crate::app::tui::settings::{NoTheme, Settings};
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

/// The requests that were sent.
fn sent_by(effects: &[Effect]) -> Vec<Sent> {
    let run = effects.iter().filter_map(|effect| match effect {
        Effect::Run { sent, .. } => Some(sent.clone()),
        _ => None,
    });
    run.collect()
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
fn what_only_looks_goes_to_the_selected_agent_and_says_so() {
    for (key, title) in [("e", "explain"), ("d", "diff"), ("t", "tail"), ("p", "persona"), ("y", "copy")] {
        let mut state = fleet();
        keys(&mut state, &format!("  {key}"));
        assert_eq!(state.selected_name(), "tests");
        let said = state.toast.map(|toast| toast.text).unwrap_or_default();
        assert_eq!(said, format!("{title}: of tests alone; 2 stay marked"));
    }
    let mut state = fleet();
    keys(&mut state, " ke");
    assert!(state.toast.is_none(), "with the selected one marked and no other nothing is left out");
    keys(&mut state, "\x1b");
    let mut state = fleet();
    keys(&mut state, "  ");
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.screen, Screen::Watch);
    assert!(state.toast.is_some_and(|toast| toast.text.starts_with("watch: of tests alone")));
}

#[test]
fn what_takes_one_agent_says_so_where_several_are_marked_and_takes_the_one_that_is() {
    for (key, title) in [("c", "launch settings"), ("a", "attach")] {
        let mut state = fleet();
        assert_eq!(keys(&mut state, &format!("  {key}")), [], "{key}");
        let said = state.toast.as_ref().map(|toast| toast.text.clone()).unwrap_or_default();
        assert_eq!(said, format!("{title}: takes one agent at a time, and 2 are marked; Esc takes the marks away"));
        // The other mark is taken away: what is left is not the agent under the cursor.
        keys(&mut state, "k ");
        assert_eq!(state.selected_name(), "tests");
        let effects = keys(&mut state, key);
        let of_review = [Effect::ReadLaunch("review".to_owned()), Effect::Attach("review".to_owned())];
        assert!(matches!(effects.as_slice(), [one] if of_review.contains(one)), "{key}: {effects:?}");
    }
}

#[test]
fn no_key_acts_on_the_selected_one_alone_and_says_nothing_while_others_are_marked() {
    use crate::app::action::keymap::{Chord, shipped};
    use crate::app::action::registry::{ACTIONS, Key, Place};
    let board = || super::board_tests::state();
    let (agents, cards) = (vec!["review".to_owned(), "docs".to_owned()], vec!["A0".to_owned(), "A1".to_owned()]);
    let mut seen = 0;
    for (place, start, marked, what) in
        [(Place::Fleet, &fleet as &dyn Fn() -> State, &agents, "2 agents"), (Place::Board, &board, &cards, "2 cards")]
    {
        for spec in ACTIONS {
            let Key::In(at, _) = spec.doors.key else { continue };
            let looks = ["card.open", "card.jump", "app.copy"].contains(&spec.id);
            if !at.covers(place) || !(super::keys::acts_on_a_target(spec) || looks) || spec.id.ends_with(".mark") {
                continue;
            }
            let mut state = start();
            keys(&mut state, "  ");
            update(&mut state, Event::Drawn(samples::DRAWN));
            let effects = update(&mut state, Event::Key(Chord::shown(&shipped(spec)[0]).unwrap().press()));
            let did = format!("{effects:?} {:?}", state.overlay);
            let said = state.toast.as_ref().map(|toast| toast.text.clone()).unwrap_or_default();
            let is_said = state.toast.as_ref().is_some_and(|toast| toast.failed)
                || said.contains("alone; 2 stay marked")
                || said.contains("one") && said.contains("at a time")
                || said.contains(what)
                // It goes on to whoever does, and says so where nobody is left.
                || said == "nobody asks anything";
            assert!(is_said || marked.iter().all(|name| did.contains(name)), "{}: {said}\n{did}", spec.id);
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn all_that_are_marked_are_put_off_together() {
    let mut state = fleet();
    keys(&mut state, "  N");
    let off = |state: &State| state.notices.snoozed.keys().cloned().collect::<Vec<_>>();
    assert_eq!(off(&state).len(), 2, "{:?}", off(&state));
    assert!(state.toast.as_ref().is_some_and(|toast| toast.text.contains("2 agents")));
    keys(&mut state, "N");
    assert_eq!(off(&state), [] as [String; 0]);
}

/// The state with a palette-only command on a key of the operator's own.
fn with_key(mut state: State, key: &str, action: &str) -> State {
    let text = format!("keys:\n  - {{key: {key}, action: {action}}}\n");
    let path = std::path::Path::new("/home/tui.yaml");
    let settings = Settings::parse(&text, path, |_| Err(NoTheme::Missing)).map(std::sync::Arc::new);
    assert!(settings.is_ok(), "{settings:?}");
    update(&mut state, Event::Settings(settings));
    state
}

#[test]
fn a_command_of_the_palette_alone_that_was_given_a_key_goes_to_all_that_are_marked() {
    let mut state = with_key(super::board_tests::state(), "ctrl-o", "backlog.show");
    keys(&mut state, "  ");
    let effects = super::board_tests::key(&mut state, KeyCode::Char('o'), KeyModifiers::CONTROL);
    assert_eq!(commands(&effects), ["mosaic-tui backlog show A0", "mosaic-tui backlog show A1"]);
    // What needs more than the card for each of them says which.
    let mut state = with_key(super::board_tests::state(), "ctrl-o", "backlog.renew");
    keys(&mut state, "  ");
    assert_eq!(super::board_tests::key(&mut state, KeyCode::Char('o'), KeyModifiers::CONTROL), []);
    let said = state.toast.map(|toast| toast.text).unwrap_or_default();
    assert!(said.starts_with("renew claim: needs --owner OWNER for each card, and 2 are marked"), "{said}");
}

#[test]
fn the_palette_fills_in_what_is_marked_and_does_whole_entries_to_it() {
    let line = |state: &State| match &state.overlay {
        Some(Overlay::Palette(palette)) => (palette.line.text.clone(), palette.notice.clone().unwrap_or_default()),
        other => panic!("{other:?}"),
    };
    let mut state = fleet();
    keys(&mut state, "  ");
    for typed in ["fleet stop", "fleet sto"] {
        keys(&mut state, &format!(":{typed}"));
        press(&mut state, KeyCode::Enter);
        assert_eq!(line(&state).0, "fleet stop review docs ", "{typed}: and not the whole fleet");
        if typed == "fleet stop" {
            press(&mut state, KeyCode::Esc);
        }
    }
    press(&mut state, KeyCode::Enter);
    let Some(Overlay::Confirm(confirm)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!(confirm.subject, Subject::Agents(vec!["review".to_owned(), "docs".to_owned()]));
    press(&mut state, KeyCode::Esc);
    assert_eq!(line(&state).0, "fleet stop review docs ", "a second thought goes back to what was typed");
    press(&mut state, KeyCode::Esc);
    keys(&mut state, ":agent rese");
    press(&mut state, KeyCode::Enter);
    let Some(Overlay::Confirm(confirm)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!((confirm.more.len(), confirm.subject.button(confirm.verb).as_str()), (1, "Reset 2 agents"));
    press(&mut state, KeyCode::Esc);
    keys(&mut state, ":agent expl");
    press(&mut state, KeyCode::Enter);
    let (text, notice) = line(&state);
    assert!(text == "agent explain " && notice.starts_with("explain: takes one agent at a time, and 2"), "{notice}");
    let mut state = super::board_tests::state();
    keys(&mut state, "  :backlog comp");
    press(&mut state, KeyCode::Enter);
    let Some(Overlay::Confirm(confirm)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!(confirm.subject.button(confirm.verb), "Complete 2 cards");
}

#[test]
fn cards_that_are_marked_are_parked_linked_and_moved_together_and_edited_and_claimed_one_by_one() {
    let start = || {
        let mut state = super::board_tests::state();
        keys(&mut state, "  ");
        state
    };
    for (key, title) in [("e", "edit"), ("E", "$EDITOR"), ("c", "claim")] {
        let mut state = start();
        assert_eq!(keys(&mut state, key), [], "{key}");
        let said = state.toast.map(|toast| toast.text).unwrap_or_default();
        assert_eq!(said, format!("{title}: takes one card at a time, and 2 are marked; Esc takes the marks away"));
    }
    let typed = |state: &mut State, text: &str| {
        keys(state, text);
        press(state, KeyCode::Enter)
    };
    let effects = typed(&mut start(), "bno key");
    assert_eq!(
        commands(&effects),
        ["mosaic-tui backlog block --id=A0 '--reason=no key'", "mosaic-tui backlog block --id=A1 '--reason=no key'"]
    );
    let effects = typed(&mut start(), "LA5");
    assert_eq!(
        commands(&effects),
        ["mosaic-tui backlog link --from=A0 --to=A5", "mosaic-tui backlog link --from=A1 --to=A5"]
    );
    let mut state = start();
    keys(&mut state, "m");
    let Some(Overlay::Menu(menu)) = &state.overlay else { panic!("{:?}", state.overlay) };
    let labels: Vec<&str> = menu.items.iter().map(|(label, _)| label.as_str()).collect();
    assert_eq!(labels, ["done: complete them", "blocked: park them\u{2026}"], "none is claimed for several at once");
    press(&mut state, KeyCode::Enter);
    let Some(Overlay::Confirm(confirm)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!(confirm.subject.button(confirm.verb), "Complete 2 cards");
}

#[test]
fn what_became_of_many_is_told_once_and_what_failed_comes_first() {
    use super::board_tests::done;
    let mut state = super::board_tests::state();
    let effects = keys(&mut state, "   +");
    let sent = sent_by(&effects);
    assert_eq!(sent.len(), 3);
    for (at, sent) in sent.into_iter().enumerate() {
        let mut report = done();
        if at > 0 {
            let why = ["card A1: is done", "card B9: is blocked"][at - 1].to_owned();
            (report.code, report.errors, report.text) = (4, vec![why], String::new());
        }
        assert!(state.overlay.is_none(), "{at} of them are answered");
        update(&mut state, Event::Done { sent, report });
    }
    let Some(Overlay::Answer(answer)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!((answer.title.as_str(), answer.failed), ("2 of 3 failed", true));
    assert!(
        answer.text.starts_with("2 of 3 failed:\ncard A1: is done\nA2: card B9: is blocked\n1 of 3 done:\nA0: done"),
        "{}",
        answer.text
    );
    assert!(state.answers.is_empty(), "nothing else waits behind it");
}

/// A board where a reason was typed for two cards, and the requests that it became.
fn parked() -> (State, Vec<Sent>) {
    let mut state = super::board_tests::state();
    keys(&mut state, "  bno key");
    let sent = sent_by(&press(&mut state, KeyCode::Enter));
    assert_eq!(sent.len(), 2);
    (state, sent)
}

fn answer(state: &mut State, sent: &Sent, refusal: Option<&str>) {
    let mut report = super::board_tests::done();
    if let Some(why) = refusal {
        (report.code, report.errors, report.text) = (4, vec![why.to_owned()], String::new());
    }
    update(state, Event::Done { sent: sent.clone(), report });
}

#[test]
fn what_was_typed_for_several_comes_back_for_those_that_refuse_it() {
    for (first, refused) in [(Some("card A0: is done"), &["A0", "A1"][..]), (None, &["A1"])] {
        let (mut state, sent) = parked();
        // Whichever is answered first.
        answer(&mut state, &sent[1], Some("card A1: is blocked"));
        assert!(state.overlay.is_none() && state.answers.is_empty(), "one is still on its way");
        answer(&mut state, &sent[0], first);
        assert!(matches!(&state.overlay, Some(Overlay::Answer(answer)) if answer.failed), "{:?}", state.overlay);
        press(&mut state, KeyCode::Esc);
        let Some(Overlay::Prompt(prompt)) = &state.overlay else { panic!("{:?}", state.overlay) };
        assert_eq!(prompt.line.text, "no key");
        assert_eq!(prompt.about, Question::BlockReason(refused.iter().map(|id| samples::id(id)).collect()));
        assert!(prompt.notice.as_ref().is_some_and(|why| why.contains("card A1: is blocked")), "{:?}", prompt.notice);
        // It goes on with another reason.
        keys(&mut state, " yet");
        let again = press(&mut state, KeyCode::Enter);
        assert_eq!(commands(&again).len(), refused.len());
        assert!(commands(&again)[0].ends_with("'--reason=no key yet'"), "{:?}", commands(&again));
    }
    let (mut state, sent) = parked();
    sent.iter().for_each(|sent| answer(&mut state, sent, None));
    assert!(state.overlay.is_none() && state.answers.is_empty() && state.detached.is_empty(), "nothing refused it");
}

#[test]
fn an_answer_takes_away_what_was_said_of_it_and_nothing_else() {
    let said = |state: &State| state.toast.as_ref().map(|toast| toast.text.clone()).unwrap_or_default();
    for several in [true, false] {
        for unrelated in [true, false] {
            let mut state = super::board_tests::state();
            let sent = sent_by(&keys(&mut state, if several { "  +" } else { "+" }));
            assert_eq!(sent.len(), if several { 2 } else { 1 });
            assert!(said(&state).starts_with("running: "), "{}", said(&state));
            if unrelated {
                let text = "the command of notifications failed".to_owned();
                update(&mut state, Event::Told { text, failed: true });
            }
            sent.iter().for_each(|sent| answer(&mut state, sent, Some("the card is done")));
            assert!(matches!(state.overlay, Some(Overlay::Answer(_))), "{:?}", state.overlay);
            assert_eq!(said(&state), if unrelated { "the command of notifications failed" } else { "" });
        }
    }
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
        let sent = sent_by(&effects);
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
