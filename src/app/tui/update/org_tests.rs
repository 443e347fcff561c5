//! The chart on the screen: moved through, with the persona of its seat, and what keys do there.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;

use super::*;
use crate::app::tui::present::present;
use crate::app::tui::samples;
use crate::fleet::model::Size;
use crate::ui::view::{Body, OrgView};

fn press(state: &mut State, code: KeyCode) -> Vec<Effect> {
    update(state, Event::Drawn(samples::DRAWN));
    update(state, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn opened() -> (State, Vec<Effect>) {
    let mut state = State::new(Size { width: 120, height: 24 }, Timestamp::UNIX_EPOCH);
    update(&mut state, Event::Snapshot(samples::company()));
    let effects = press(&mut state, KeyCode::Char('5'));
    (state, effects)
}

fn shown(state: &State) -> OrgView {
    match present(state).body {
        Body::Org(org) => *org,
        other => panic!("{other:?}"),
    }
}

fn selected(state: &State) -> String {
    shown(state).rows.iter().find(|row| row.selected).map(|row| row.name.text.clone()).unwrap_or_default()
}

#[test]
fn the_cursor_goes_from_seat_to_seat_and_stays_on_its_agent() {
    let (mut state, effects) = opened();
    let names: Vec<String> = shown(&state).rows.iter().map(|row| format!("{}{}", row.branch, row.name.text)).collect();
    assert_eq!(names[0], "orchestrator");
    assert!(names[1].ends_with("\u{2500} code0"), "{names:?}");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::ReadPersona(_))), "{effects:?}");
    press(&mut state, KeyCode::Char('g'));
    assert_eq!(selected(&state), "orchestrator");
    press(&mut state, KeyCode::Down);
    assert_eq!(selected(&state), "code0");
    press(&mut state, KeyCode::Char('1'));
    assert_eq!(state.selected_name(), "code0", "the other views stand on the same agent");
}

#[test]
fn each_persona_is_read_once_and_scrolled_to_its_end() {
    let (mut state, _) = opened();
    press(&mut state, KeyCode::Char('g'));
    update(
        &mut state,
        Event::Persona(
            "orchestrator".to_owned(),
            Ok("---\nclass: x\n---\n\n".to_owned() + &"## Mandate\n\nLead.\n\n".repeat(9)),
        ),
    );
    let text = |state: &State| -> String {
        shown(state).text.iter().flatten().map(|piece| format!("{}\n", piece.text)).collect()
    };
    assert!(text(&state).contains("Mandate\n") && !text(&state).contains("---"), "{}", text(&state));
    for _ in 0..200 {
        press(&mut state, KeyCode::Char('J'));
    }
    let foot: String = shown(&state).foot.iter().map(|piece| piece.text.as_str()).collect();
    let (end, all) = foot.split_once('/').unwrap();
    assert_eq!(end, all, "no further than its end");
    let effects = press(&mut state, KeyCode::Down);
    assert_eq!(state.org.scroll, 0, "another seat begins at its beginning");
    let asks = |effects: &[Effect], name: &str| effects.contains(&Effect::ReadPersona(name.to_owned()));
    assert!(!asks(&effects, "code"), "that of its class was asked for already: {effects:?}");
    press(&mut state, KeyCode::Down);
    assert!(asks(&press(&mut state, KeyCode::Down), "review"));
    press(&mut state, KeyCode::Up);
    update(&mut state, Event::Persona("code".to_owned(), Err("persona code: not there".to_owned())));
    assert!(text(&state).contains("persona code: not there"));
}

#[test]
fn enter_and_c_ask_how_the_seat_is_launched() {
    for key in [KeyCode::Enter, KeyCode::Char('c')] {
        let (mut state, _) = opened();
        press(&mut state, KeyCode::Char('g'));
        press(&mut state, KeyCode::Down);
        assert!(press(&mut state, key).contains(&Effect::ReadLaunch("code0".to_owned())));
    }
}

#[test]
fn seats_nobody_sits_on_are_said_and_counted() {
    let (state, _) = opened();
    let view = shown(&state);
    let facts: String = view.facts.iter().map(|piece| piece.text.as_str()).collect();
    assert_eq!(facts, "4 of 5 seats staffed");
    let notes: Vec<&str> = view.rows.iter().map(|row| row.note.text.as_str()).collect();
    assert!(notes.iter().any(|note| note.starts_with("not staffed: ")), "{notes:?}");
    assert!(notes.contains(&"is not in the roster, and those below report to it"), "{notes:?}");
}

#[test]
fn a_filter_leaves_whom_it_names_below_all_whom_they_report_to() {
    let (mut state, _) = opened();
    for key in "/docs".chars() {
        press(&mut state, KeyCode::Char(key));
    }
    let names = |state: &State| shown(state).rows.iter().map(|row| row.name.text.clone()).collect::<Vec<_>>();
    assert_eq!(names(&state), ["gone", "docs"]);
    assert_eq!((shown(&state).filter, selected(&state).as_str()), (Some(("docs".to_owned(), true)), "docs"));
    press(&mut state, KeyCode::Esc);
    assert_eq!((names(&state).len(), shown(&state).filter), (6, None));
    for key in "/code1\n".chars() {
        press(&mut state, if key == '\n' { KeyCode::Enter } else { KeyCode::Char(key) });
    }
    assert_eq!(names(&state), ["orchestrator", "code1"]);
    press(&mut state, KeyCode::Char('1'));
    assert_eq!(state.rows().len(), 1, "it is the filter of the agents in every view of them");
    press(&mut state, KeyCode::Char('5'));
    press(&mut state, KeyCode::Char('q'));
    assert!(names(&state).len() == 6 && state.screen == Screen::Org, "q peels it first");
}
