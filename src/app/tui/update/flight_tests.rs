//! Requests on their way: each answer finds what it belongs to, also beside one with the same words.

use super::board_tests::{detail_arrives, done, failed, other, press, ran, state as on_board};
use super::tests::{failed as failed_with, run, sent, state};
use super::*;
use crate::app::action::dispatch::Request as Asked;
use crate::app::action::report::Report;
use crate::app::action::{Action, BacklogAction};
use crate::app::tui::present::present;
use crate::app::tui::samples;
use crate::app::tui::state::answer::Answer;

#[test]
fn only_its_own_answer_closes_a_form() {
    let mut state = on_board();
    detail_arrives(&mut state);
    press(&mut state, "+");
    let saved = press(&mut state, "eX\n");
    let sent = ran(&saved)[0].0.clone();
    update(&mut state, Event::Done { sent: other(), report: done() });
    assert!(matches!(&state.overlay, Some(Overlay::Form(form)) if form.saving.is_some()), "it still waits");
    update(&mut state, Event::Done { sent, report: done() });
    assert_eq!(state.overlay, None);
}

#[test]
fn of_two_forms_with_the_same_words_each_gets_its_own_answer() {
    let mut state = on_board();
    let mut requests = Vec::new();
    for _ in 0..2 {
        let sent = press(&mut state, "nN1\tsame words\n");
        requests.push(ran(&sent)[0].0.clone());
        if requests.len() == 1 {
            press(&mut state, "\x1b");
        }
    }
    assert_eq!(requests[0].command, requests[1].command);
    // The second answer is the first to come, and says why the form that is open was refused.
    let report = Report { text: "card N1: is there already".into(), ..failed() };
    update(&mut state, Event::Done { sent: requests[1].clone(), report });
    let Some(Overlay::Form(form)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!((form.saving, form.notice.as_deref()), (None, Some("card N1: is there already")));
    assert_eq!(state.detached.len(), 1, "the first still waits for its own");
    update(&mut state, Event::Done { sent: requests[0].clone(), report: done() });
    assert_eq!((state.detached.len(), state.running.len()), (0, 0));
    assert!(matches!(&state.overlay, Some(Overlay::Form(form)) if form.notice.is_some()), "what is open stays");
}

#[test]
fn two_undos_on_their_way_are_told_apart() {
    let mut state = on_board();
    let unblock = |id: &str| BacklogAction::Unblock { id: samples::id(id), if_version: Some(2) };
    let mut requests = Vec::new();
    for id in ["A0", "A1"] {
        let report = done().with_undo(Some(Action::Backlog(unblock(id))));
        update(&mut state, Event::Done { sent: other(), report });
        requests.push(ran(&press(&mut state, "U"))[0].0.clone());
    }
    update(&mut state, Event::Done { sent: requests[1].clone(), report: done() });
    update(&mut state, Event::Done { sent: requests[0].clone(), report: failed() });
    press(&mut state, "\x1b");
    let again = press(&mut state, "U");
    assert_eq!(ran(&again)[0].1, &Asked::Backlog(unblock("A0")), "the one that failed may be tried again");
}

#[test]
fn the_receipt_of_a_message_that_was_left_is_not_taken_for_the_next_ones() {
    let mut state = state();
    // The command lines are shown cut, and are the same.
    let texts = ["one", "two"].map(|end| format!("{} {end}", "word ".repeat(60)));
    let mut requests = Vec::new();
    for text in &texts {
        press(&mut state, "s");
        update(&mut state, Event::Paste(text.clone()));
        requests.push(sent(press(&mut state, "\n")));
        if requests.len() == 1 {
            press(&mut state, "\x1b");
        }
    }
    assert_eq!(requests[0].command, requests[1].command);
    update(&mut state, failed_with(&requests[0], "draft"));
    let Some(Overlay::Prompt(prompt)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert!(prompt.sending.is_some() && prompt.notice.is_none(), "the second is on its way still");
    update(&mut state, failed_with(&requests[1], "question"));
    let Some(Overlay::Prompt(prompt)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert!(prompt.notice.as_ref().is_some_and(|notice| notice.contains("question")), "{prompt:?}");
    press(&mut state, "\x1b");
    assert!(matches!(&state.overlay, Some(Overlay::Answer(Answer { text, .. })) if text.contains("draft")));
}

#[test]
fn of_two_identical_messages_the_second_receipt_never_takes_the_firsts_place() {
    let mut state = state();
    let first = sent(press(&mut state, "sgo on\n"));
    press(&mut state, "\x1b");
    let second = sent(press(&mut state, "sgo on\n"));
    assert_eq!(first.command, second.command);
    update(&mut state, Event::Done { sent: second.clone(), report: Report::done("code0: taken", &()) });
    assert_eq!(state.overlay, None, "the one that is open has arrived");
    assert_eq!(state.detached.iter().map(Overlay::sent).collect::<Vec<_>>(), [Some(first.id)]);
    assert_eq!(state.running.iter().map(|running| running.sent.id).collect::<Vec<_>>(), [first.id]);
    update(&mut state, failed_with(&first, "draft"));
    assert!(matches!(&state.overlay, Some(Overlay::Answer(Answer { text, .. })) if text.contains("draft")));
}

#[test]
fn two_identical_commands_are_two_requests() {
    let mut state = state();
    let requests = [run(&mut state, "fleet start code0"), run(&mut state, "fleet start code0")];
    assert_ne!(requests[0].id, requests[1].id);
    update(&mut state, failed_with(&requests[1], "second"));
    assert_eq!(state.running.iter().map(|running| &running.sent).collect::<Vec<_>>(), [&requests[0]]);
    assert!(matches!(&state.overlay, Some(Overlay::Answer(Answer { text, .. })) if text.contains("second")));
}

#[test]
fn what_runs_is_listed_with_how_far_it_is_and_closing_the_list_ends_nothing() {
    let mut state = state();
    let text = |state: &State| -> String {
        let popup = present(state).overlay.expect("the list");
        popup.lines.iter().flatten().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join(" ")
    };
    press(&mut state, "&");
    assert!(text(&state).contains("nothing runs"));
    press(&mut state, "\x1b");
    let requests = [run(&mut state, "fleet start code0"), run(&mut state, "fleet start review")];
    let later = state.now + jiff::SignedDuration::from_secs(70);
    update(&mut state, Event::Tick(later));
    let said = Event::Progress { sent: requests[1].clone(), text: "waits for its first heartbeat".to_owned() };
    update(&mut state, said);
    state.toast = None;
    let footer = present(&state).footer;
    assert!(footer[0].0 == "&" && footer[0].1.ends_with("fleet start code0 and 1 more"), "{footer:?}");
    press(&mut state, "&");
    let list = text(&state);
    for part in ["fleet start code0", "fleet start review", "waits for its first heartbeat", "70s"] {
        assert!(list.contains(part), "{part}: {list}");
    }
    press(&mut state, "\x1b");
    assert_eq!((state.overlay.is_none(), state.running.len()), (true, 2));
    press(&mut state, "&");
    for request in &requests {
        update(&mut state, Event::Done { sent: request.clone(), report: Report::done("started", &()) });
    }
    assert!(text(&state).contains("nothing runs"), "it is as things are, also while it is open");
}

/// What is typed in the prompt that is open.
fn typed(state: &State) -> (&str, bool) {
    let Some(Overlay::Prompt(prompt)) = &state.overlay else { panic!("{:?}", state.overlay) };
    (&prompt.line.text, prompt.sending.is_some())
}

#[test]
fn a_second_thought_before_it_is_sent_goes_back_to_the_reason_that_was_typed() {
    for cancel in ["\x1b", "\n", "n"] {
        let mut state = on_board();
        // Of a card that somebody holds, so that it asks.
        press(&mut state, "lbwait for the key\n");
        assert!(matches!(state.overlay, Some(Overlay::Confirm(_))), "{:?}", state.overlay);
        let hint = present(&state).overlay.unwrap().hint;
        assert!(hint.contains(&("Esc".to_owned(), "goes back to the text".to_owned())), "{hint:?}");
        press(&mut state, cancel);
        assert_eq!(typed(&state), ("wait for the key", false), "{cancel:?}");
        // It goes on from there, and comes back once more where it is refused.
        press(&mut state, "s\n");
        let sent = ran(&press(&mut state, "y"))[0].0.clone();
        assert!(sent.command.ends_with("'--reason=wait for the keys'"), "{}", sent.command);
        assert_eq!((&state.overlay, state.detached.len()), (&None, 1));
        update(&mut state, Event::Done { sent, report: Report { text: "the store is busy".into(), ..failed() } });
        assert_eq!(typed(&state), ("wait for the keys", false));
    }
}

#[test]
fn a_second_thought_goes_back_to_a_text_for_several_and_to_a_command_line() {
    let mut state = state();
    press(&mut state, "bgo on\n\x1b");
    assert_eq!(typed(&state), ("go on", false));
    press(&mut state, "\n");
    let sent = sent(press(&mut state, "y"));
    update(&mut state, Event::Done { sent, report: Report::done("all: taken", &()) });
    assert_eq!((&state.overlay, state.detached.len()), (&None, 0));
    for (line, comes_back) in [("agent broadcast -m 'go on'", true), ("fleet uninstall", false)] {
        press(&mut state, &format!(":{line}\n"));
        assert!(matches!(state.overlay, Some(Overlay::Confirm(_))), "{line}: {:?}", state.overlay);
        press(&mut state, "\x1b");
        let back = matches!(&state.overlay, Some(Overlay::Palette(palette)) if palette.line.text == line);
        assert_eq!(back, comes_back, "{line}: {:?}", state.overlay);
        state.overlay = None;
    }
}
