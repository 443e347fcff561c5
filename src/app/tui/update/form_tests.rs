//! The form of a card: what is typed there is kept, saved and shown beside what others changed.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::board_tests::{detail_arrives, done, failed, press, ran, state};
use super::*;
use crate::app::action::BacklogAction;
use crate::app::action::dispatch::Request as Asked;
use crate::app::action::report::Report;
use crate::app::tui::samples;
use crate::app::tui::state::answer::Answer;
use crate::backlog::watch::Request;

#[test]
fn the_selected_card_stays_in_full_behind_the_form_of_a_new_one() {
    let mut state = state();
    detail_arrives(&mut state);
    let effects = press(&mut state, "n");
    assert!(matches!(state.overlay, Some(Overlay::Form(_))));
    assert_eq!(state.board.shown().map(|detail| detail.card.id), Some(samples::id("A0")));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Backlog(Request::Detail(_)))), "{effects:?}");
}

#[test]
fn a_form_saves_what_was_changed_and_stays_when_it_is_refused() {
    let mut state = state();
    detail_arrives(&mut state);
    let saved = press(&mut state, "eX\n");
    let (sent, action) = ran(&saved)[0];
    assert_eq!(sent.command, "mosaic-tui backlog edit '--title=Log in with a second factorX' --if-version=3 A0");
    assert!(matches!(action, Asked::Backlog(BacklogAction::Edit { if_version: Some(3), .. })));
    let sent = sent.clone();
    let report = Report { text: "card A0: is at version 4, not 3".to_owned(), ..failed() };
    update(&mut state, Event::Done { sent: sent.clone(), report });
    let Some(Overlay::Form(form)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert!(form.notice.as_deref().is_some_and(|notice| notice.contains("version 4")), "{:?}", form.notice);
    assert!(form.fields[0].line.text.ends_with('X'), "what was typed is still there");
    let again = press(&mut state, "\n");
    let sent = ran(&again)[0].0.clone();
    update(&mut state, Event::Done { sent, report: Report { text: "A0: changed".into(), ..done() } });
    assert_eq!(state.overlay, None);
}

#[test]
fn an_untouched_form_changes_nothing() {
    let mut state = state();
    detail_arrives(&mut state);
    assert!(ran(&press(&mut state, "e\n")).is_empty());
    assert_eq!(state.overlay, None);
}

#[test]
fn what_an_editor_left_goes_through_the_form() {
    let mut state = state();
    detail_arrives(&mut state);
    let effects = press(&mut state, "E");
    let Some(Effect::Editor(card)) = effects.iter().find(|e| matches!(e, Effect::Editor(_))) else {
        panic!("{effects:?}")
    };
    let text = crate::app::tui::draft::text(card).replace("priority: 0", "priority: 9");
    let values = crate::app::tui::draft::values(&text);
    let effects = update(&mut state, Event::Edited { card: card.clone(), text: values });
    assert_eq!(ran(&effects)[0].0.command, "mosaic-tui backlog edit --priority=9 --if-version=3 A0");
    assert!(matches!(&state.overlay, Some(Overlay::Form(form)) if form.saving.is_some()), "it waits for the answer");
    let card = Box::new(samples::card("A0"));
    update(&mut state, Event::Edited { card, text: Err("vi ended with 1".into()) });
    assert!(
        matches!(&state.overlay, Some(Overlay::Answer(Answer { text, failed: true, .. })) if text.contains("vi ended"))
    );
}

#[test]
fn a_form_that_was_left_comes_back_with_what_was_typed_when_it_is_refused() {
    let mut state = state();
    detail_arrives(&mut state);
    let effects = press(&mut state, "eNew \n");
    let sent = ran(&effects)[0].0.clone();
    press(&mut state, "\x1b");
    assert_eq!(state.overlay, None, "left while it is saved");
    let failure = crate::fleet::error::Failure::failed("card A0", "somebody else changed it", "look");
    update(&mut state, Event::Done { sent, report: Report::failed(&failure) });
    let Some(Overlay::Form(form)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert!(form.notice.as_ref().is_some_and(|notice| notice.contains("somebody else")) && !form.changed().is_empty());
}

#[test]
fn every_form_that_was_left_comes_back_when_nothing_else_is_open() {
    let mut state = state();
    let mut requests = Vec::new();
    for id in ["N1", "N2"] {
        let sent = press(&mut state, &format!("n{id}\ttyped for {id}\n"));
        requests.push(ran(&sent)[0].0.clone());
        press(&mut state, "\x1b");
    }
    assert_eq!(state.overlay, None, "the second may be typed while the first is on its way");
    press(&mut state, "?");
    for sent in requests {
        update(&mut state, Event::Done { sent, report: Report { text: "the store is busy".into(), ..failed() } });
    }
    assert!(matches!(state.overlay, Some(Overlay::Help(_))), "what is open stays");
    let told = state.toast.as_ref().map(|toast| toast.text.clone()).unwrap_or_default();
    assert!(told.contains("refused"), "{told}");
    assert!(
        !update(&mut state, Event::Key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)))
            .contains(&Effect::Quit)
    );
    press(&mut state, "\x1b");
    for id in ["N1", "N2"] {
        let Some(Overlay::Form(form)) = &state.overlay else { panic!("{id}: {:?}", state.overlay) };
        assert_eq!((form.saving, form.notice.as_deref()), (None, Some("the store is busy")));
        assert_eq!(form.fields[0].line.text, id);
        assert_eq!(form.fields[1].line.text, format!("typed for {id}"));
        press(&mut state, "\x1b\x1b");
    }
    assert_eq!(state.overlay, None);
}

#[test]
fn esc_in_a_form_asks_before_it_drops_what_was_typed() {
    let mut state = state();
    detail_arrives(&mut state);
    press(&mut state, "eX\x1b");
    assert!(matches!(&state.overlay, Some(Overlay::Form(form)) if form.leaving));
    press(&mut state, "\x1b");
    assert_eq!(state.overlay, None);
    press(&mut state, "e\x1b");
    assert_eq!(state.overlay, None, "an untouched one goes at once");
}

#[test]
fn a_form_speaks_of_its_own_fields() {
    let mut state = state();
    press(&mut state, "nN1\ttitle\tx\n");
    let Some(Overlay::Form(form)) = &state.overlay else { panic!("the form is open") };
    assert_eq!(form.notice.as_deref(), Some("priority takes a whole number"));
}
