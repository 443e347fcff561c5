//! Sheets: three answers become three actions, one after the other; settings become an edit and the offer of a restart.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::app::action::dispatch::{Request, Sent};
use crate::app::action::report::Report;
use crate::app::action::{FleetAction, FrameworkAction};
use crate::app::tui::samples;
use crate::app::tui::state::confirm::Subject;
use crate::app::tui::state::sheet::{Choice, Kind, LaunchSettings, Offer, Sheet};
use crate::fleet::model::Size;

fn choice(name: &str) -> Choice {
    Choice { name: name.to_owned(), about: format!("about {name}") }
}

fn offer() -> Offer {
    let kind = |name: &str, is_example| Kind { choice: choice(name), is_example };
    Offer {
        runtimes: ["claude", "stub"].map(choice).to_vec(),
        kinds: vec![kind("research", false), kind("coding", true)],
        user: "ada".to_owned(),
        missing: vec!["pi".to_owned()],
    }
}

fn settings() -> LaunchSettings {
    LaunchSettings {
        runtime: "pi".to_owned(),
        runtimes: ["claude", "pi", "stub"].map(choice).to_vec(),
        model_hint: "a/b".to_owned(),
        yolo: true,
        command: String::new(),
        channels: String::new(),
        note: None,
    }
}

fn state() -> State {
    let mut state = State::new(Size { width: 120, height: 40 }, Timestamp::UNIX_EPOCH);
    update(&mut state, Event::Snapshot(samples::snapshot()));
    update(&mut state, Event::Drawn(samples::DRAWN));
    state
}

fn asked() -> State {
    let mut state = State::new(Size { width: 120, height: 40 }, Timestamp::UNIX_EPOCH);
    update(&mut state, Event::Offer(Some(Box::new(offer()))));
    update(&mut state, Event::Drawn(samples::DRAWN));
    state
}

fn press(state: &mut State, codes: &[KeyCode]) -> Vec<Effect> {
    codes.iter().flat_map(|code| update(state, Event::Key(KeyEvent::new(*code, KeyModifiers::NONE)))).collect()
}

/// The one request among effects.
fn run(effects: &[Effect]) -> (Sent, Request) {
    let mut all = effects.iter().filter_map(|effect| match effect {
        Effect::Run { sent, request } => Some((sent.clone(), request.clone())),
        _ => None,
    });
    let found = all.next().unwrap_or_else(|| panic!("{effects:?}"));
    assert!(all.next().is_none(), "{effects:?}");
    found
}

fn done(state: &mut State, sent: Sent, text: &str, code: u8) -> Vec<Effect> {
    update(state, Event::Done { sent, report: Report::done(text, &json!(null)).with_code(code) })
}

fn sheet(state: &State) -> &Sheet {
    match &state.overlay {
        Some(Overlay::Sheet(sheet)) => sheet,
        other => panic!("{other:?}"),
    }
}

#[test]
fn three_answers_make_a_roster_say_who_the_operator_is_and_start_the_fleet() {
    let mut state = asked();
    let effects =
        press(&mut state, &[KeyCode::Down, KeyCode::Enter, KeyCode::Enter, KeyCode::Char('x'), KeyCode::Enter]);
    let (sent, request) = run(&effects);
    assert_eq!(
        request,
        Request::Fleet(FleetAction::Provision {
            system_type: "research".into(),
            runtime: Some("stub".into()),
            write: true,
            force: false
        })
    );
    assert!(sent.command.contains("fleet provision --system-type=research --runtime=stub --write"), "{}", sent.command);
    let (sent, request) = run(&done(&mut state, sent, "wrote it\nand more", 0));
    let Request::Framework(FrameworkAction::Identity { given, ask }) = request else { panic!("{request:?}") };
    assert_eq!((given.user_name.as_deref(), ask), (Some("adax"), false));
    assert_eq!(sheet(&state).done, ["wrote it"]);
    let (sent, request) = run(&done(&mut state, sent, "wrote SOUL.md", 0));
    assert!(matches!(request, Request::Fleet(FleetAction::Start(ref targets)) if targets.agents.is_empty()));
    done(&mut state, sent, "a: started\nb: started", 0);
    assert_eq!((state.overlay.is_none(), state.running.len()), (true, 0));
    assert!(state.toast.is_some_and(|toast| toast.text.contains("2 agents") && !toast.failed));
}

#[test]
fn a_small_example_is_a_kind_as_well() {
    let mut state = asked();
    let effects = press(&mut state, &[KeyCode::Enter, KeyCode::Down, KeyCode::Enter, KeyCode::Enter]);
    let (_, request) = run(&effects);
    assert!(
        matches!(request, Request::Fleet(FleetAction::Init { ref profile, write: true, .. }) if profile == "coding"),
        "{request:?}"
    );
}

#[test]
fn what_was_refused_is_said_and_tried_again_from_there() {
    let mut state = asked();
    let (sent, _) = run(&press(&mut state, &[KeyCode::Enter, KeyCode::Enter, KeyCode::Enter]));
    // Keys change nothing while it is being done.
    assert!(press(&mut state, &[KeyCode::Enter, KeyCode::Down, KeyCode::Char('x')]).is_empty());
    let (sent, _) = run(&done(&mut state, sent, "wrote it", 0));
    let (sent, _) = run(&done(&mut state, sent, "wrote them", 0));
    assert!(done(&mut state, sent, "tmux is not installed", 69).is_empty());
    assert!(sheet(&state).notice.as_ref().is_some_and(|why| why.contains("tmux")), "{:?}", sheet(&state));
    let (_, request) = run(&press(&mut state, &[KeyCode::Enter]));
    assert!(matches!(request, Request::Fleet(FleetAction::Start(_))), "the roster is not made twice: {request:?}");
}

#[test]
fn a_sheet_that_is_left_goes_on_by_itself() {
    let mut state = asked();
    let (sent, _) = run(&press(&mut state, &[KeyCode::Enter, KeyCode::Enter, KeyCode::Enter]));
    press(&mut state, &[KeyCode::Esc]);
    assert!(state.overlay.is_none());
    let (sent, _) = run(&done(&mut state, sent, "wrote it", 0));
    let (sent, _) = run(&done(&mut state, sent, "wrote them", 0));
    done(&mut state, sent, "a: started", 0);
    assert!(state.overlay.is_none() && state.detached.is_empty(), "{:?}", state.overlay);
}

#[test]
fn leaving_drops_what_is_typed_only_when_it_is_said_twice() {
    let mut state = asked();
    press(&mut state, &[KeyCode::Esc]);
    assert!(state.overlay.is_none(), "a choice is no typing");
    let mut state = asked();
    press(&mut state, &[KeyCode::Tab, KeyCode::Tab, KeyCode::Char('x'), KeyCode::Esc]);
    assert!(sheet(&state).notice.is_some());
    press(&mut state, &[KeyCode::Esc]);
    assert!(state.overlay.is_none());
    // Nobody is nobody's name.
    let mut state = asked();
    let effects = press(
        &mut state,
        &[KeyCode::Enter, KeyCode::Enter, KeyCode::Backspace, KeyCode::Backspace, KeyCode::Backspace, KeyCode::Enter],
    );
    assert!(effects.is_empty() && sheet(&state).notice.is_some(), "{effects:?}");
}

#[test]
fn settings_are_written_and_the_restart_of_that_agent_is_offered() {
    let mut state = state();
    let name = state.selected_name();
    assert_eq!(press(&mut state, &[KeyCode::Char('c')]), [Effect::ReadLaunch(name.clone())]);
    update(&mut state, Event::Launch(name.clone(), Ok(Box::new(settings()))));
    update(&mut state, Event::Drawn(samples::DRAWN));
    let keys = [KeyCode::Up, KeyCode::Tab, KeyCode::Char('c'), KeyCode::Tab, KeyCode::Right, KeyCode::Enter];
    let (sent, request) = run(&press(&mut state, &keys));
    let Request::Fleet(FleetAction::Edit { name: edited, fields }) = request else { panic!("{request:?}") };
    let fields: Vec<String> =
        fields.iter().map(|field| format!("{}={}", field.key, field.value.clone().unwrap_or_default())).collect();
    assert_eq!(
        (edited.as_str(), fields.join(" ")),
        (name.as_str(), "runtime=claude model_hint=a/bc yolo=false".to_owned())
    );
    done(&mut state, sent, &format!("{name}: changed"), 0);
    let Some(Overlay::Confirm(confirm)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert_eq!((confirm.verb, &confirm.subject), ("Restart", &Subject::Agents(vec![name])));
}

#[test]
fn a_sheet_that_came_takes_keys_only_once_a_frame_showed_it() {
    let came = [
        Event::Launch("review".to_owned(), Ok(Box::new(settings()))),
        Event::Offer(Some(Box::new(offer()))),
        Event::OtherVersion("0.0.1".to_owned()),
    ];
    for event in came {
        let mut state = state();
        update(&mut state, event);
        let open = state.overlay.clone();
        assert!(open.is_some());
        // Each of them was pressed for what stood there.
        for code in [KeyCode::Down, KeyCode::Right, KeyCode::Char(' '), KeyCode::Tab, KeyCode::Enter, KeyCode::Esc] {
            assert!(press(&mut state, &[code]).is_empty(), "{code:?}");
            assert_eq!(state.overlay, open, "{code:?}");
        }
        update(&mut state, Event::Drawn(samples::DRAWN));
        press(&mut state, &[KeyCode::Right]);
        assert_ne!(state.overlay, open);
    }
}

#[test]
fn a_sheet_that_comes_takes_the_place_of_nothing_that_was_opened_meanwhile() {
    let came = [
        (Event::Launch("review".to_owned(), Ok(Box::new(settings()))), "launch settings of review"),
        (Event::Offer(Some(Box::new(offer()))), "first fleet"),
    ];
    for (event, name) in came {
        for keys in [[':', 'x'], ['/', 'x']] {
            let mut state = state();
            press(&mut state, &keys.map(KeyCode::Char));
            let open = (state.overlay.clone(), state.is_filtering());
            update(&mut state, event.clone());
            assert_eq!((state.overlay.clone(), state.is_filtering()), open, "{name}");
            assert!(state.toast.is_some_and(|toast| toast.text.contains(name)));
        }
        let mut state = state();
        update(&mut state, event.clone());
        update(&mut state, Event::Drawn(samples::DRAWN));
        press(&mut state, &[KeyCode::Right]);
        let open = state.overlay.clone();
        update(&mut state, event);
        assert_eq!(state.overlay, open, "what was answered in it stays");
    }
}

#[test]
fn settings_that_are_refused_stay_as_they_were_typed() {
    let mut state = state();
    let name = state.selected_name();
    update(&mut state, Event::Launch(name.clone(), Ok(Box::new(settings()))));
    update(&mut state, Event::Drawn(samples::DRAWN));
    let (sent, _) =
        run(&press(&mut state, &[KeyCode::Tab, KeyCode::Tab, KeyCode::Tab, KeyCode::Char('x'), KeyCode::Enter]));
    done(&mut state, sent, "channels: pi has none", 2);
    assert_eq!(sheet(&state).entries[3].answer(), "x");
    assert!(sheet(&state).notice.as_ref().is_some_and(|why| why.contains("has none")));
    // Nothing changed: nothing is asked for.
    state.overlay = None;
    update(&mut state, Event::Launch(name, Ok(Box::new(settings()))));
    update(&mut state, Event::Drawn(samples::DRAWN));
    assert!(press(&mut state, &[KeyCode::Enter]).is_empty() && state.overlay.is_none());
}

#[test]
fn an_update_is_offered_and_never_done_silently() {
    let mut state = state();
    assert!(update(&mut state, Event::OtherVersion("0.0.1".to_owned())).is_empty());
    let Some(Overlay::Confirm(confirm)) = &state.overlay else { panic!("{:?}", state.overlay) };
    assert!(confirm.sent.command.ends_with("mosaic-tui update --apply"), "{}", confirm.sent.command);
    assert!(confirm.subject.words().contains("0.0.1"));
    assert!(matches!(
        *confirm.request,
        Request::Framework(FrameworkAction::Upgrade { apply: true, relaunch: false, reseed: true })
    ));
    update(&mut state, Event::Drawn(samples::DRAWN));
    assert!(press(&mut state, &[KeyCode::Esc]).is_empty() && state.overlay.is_none());
}

#[test]
fn the_persona_of_the_selected_agent_is_shown_that_of_its_class_or_the_one_that_it_keeps() {
    let mut state = state();
    for persona in ["code", "lead-researcher"] {
        let mut snapshot = (*samples::snapshot()).clone();
        for row in &mut snapshot.agents {
            std::sync::Arc::make_mut(row).persona = Some(persona.to_owned());
        }
        update(&mut state, Event::Snapshot(std::sync::Arc::new(snapshot)));
        update(&mut state, Event::Drawn(samples::DRAWN));
        assert_eq!(state.selected_row().unwrap().class.as_deref(), Some("code"));
        let (sent, request) = run(&press(&mut state, &[KeyCode::Char('p')]));
        assert_eq!(request, Request::Library(crate::app::action::LibraryAction::Persona(persona.to_owned())));
        assert!(sent.command.ends_with(&format!("persona show {persona}")), "{}", sent.command);
    }
}

#[test]
fn a_persona_is_edited_from_the_palette_in_the_operators_editor() {
    let mut state = state();
    press(&mut state, &[KeyCode::Char(':')]);
    update(&mut state, Event::Paste("persona edit code".to_owned()));
    update(&mut state, Event::Drawn(samples::DRAWN));
    assert_eq!(press(&mut state, &[KeyCode::Enter]), [Effect::EditPersona("code".to_owned())]);
}
