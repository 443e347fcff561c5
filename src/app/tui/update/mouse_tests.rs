//! Clicks on what a frame showed, the wheel, and what is copied.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crossterm::event::KeyCode;

use super::board_tests::{now, press};
use super::*;
use crate::app::action::Motion;
use crate::app::tui::present::present;
use crate::app::tui::samples;
use crate::fleet::model::Size;
use crate::ui::hit::{Spot, Target, at};
use crate::ui::{draw, picture, theme::Theme};

fn state(width: u16, height: u16) -> State {
    let mut state = State::new(Size { width, height }, now());
    update(&mut state, Event::Snapshot(samples::snapshot()));
    update(&mut state, Event::Board(samples::board([3, 5000, 3, 1, 1000]), now()));
    state
}

/// The lines of the frame, and what a click on the first place of a text there means.
fn on(state: &State, text: &str) -> Option<Target> {
    let view = present(state);
    let mut buffer = Buffer::empty(Rect::new(0, 0, state.size.width, state.size.height));
    draw::draw(&mut buffer, &view, Theme::default());
    let lines = picture::plain(&buffer);
    let (row, column) = lines.lines().enumerate().find_map(|(row, line)| {
        let found = line.find(text)?;
        Some((row, crate::ui::text::width(&line[..found])))
    })?;
    let place = (u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
    at(&view, state.size.width, state.size.height, place)
}

pub(super) fn click(state: &mut State, text: &str) -> Vec<Effect> {
    let target = on(state, text).unwrap_or_else(|| panic!("{text} is nowhere"));
    update(state, Event::Drawn(samples::DRAWN));
    update(state, Event::Click(target))
}

#[test]
fn a_click_selects_the_row_the_tile_and_the_card_that_was_seen() {
    for (width, height) in [(80, 24), (120, 40), (200, 50)] {
        let mut state = state(width, height);
        for name in ["tests", "code1", "review"] {
            // The list stands above, or before, what names the selected one too.
            click(&mut state, &format!(" {name}"));
            assert_eq!(state.selected_name(), name, "{width}x{height}");
        }
        press(&mut state, "2");
        for name in ["tests", "code1"] {
            click(&mut state, &format!(" {name}"));
            assert_eq!(state.selected_name(), name, "{width}x{height}");
        }
        press(&mut state, "3");
        let card = state.board.card(crate::backlog::model::Column::Ready, 1).unwrap().id.to_string();
        if on(&state, &format!("{card} ")).is_some() {
            click(&mut state, &format!("{card} "));
            assert_eq!(state.board.selected().map(|card| card.id.to_string()), Some(card), "{width}x{height}");
        }
    }
}

#[test]
fn a_click_on_the_footer_is_its_view_or_its_key() {
    let mut state = state(160, 40);
    click(&mut state, "3 board");
    assert_eq!(state.screen, Screen::Board);
    click(&mut state, "1 fleet");
    click(&mut state, "s message");
    assert!(matches!(state.overlay, Some(Overlay::Prompt(_))));
    let target = on(&state, "2 wall").map(|target| matches!(target, Target::Tab(_)));
    assert_eq!(target, None, "a popup takes all clicks");
}

#[test]
fn a_click_on_a_button_marks_it_and_presses_nothing() {
    let mut state = state(120, 40);
    press(&mut state, "X");
    let button = present(&state).overlay.and_then(|popup| popup.buttons).map(|(buttons, _)| buttons[1].clone());
    let effects = click(&mut state, &format!(" {} ", button.unwrap()));
    assert!(matches!(&state.overlay, Some(Overlay::Confirm(confirm)) if confirm.yes), "{:?}", state.overlay);
    assert_eq!(effects, []);
    click(&mut state, " Cancel ");
    assert!(matches!(&state.overlay, Some(Overlay::Confirm(confirm)) if !confirm.yes));
    let button = Target::Popup { spot: Spot::Button(0), from_mark: 0, typed: None };
    assert_eq!(key_of(&state, &button, false), Some(KeyCode::Enter.into()), "what presses it comes as a key");
}

#[test]
fn a_click_on_a_choice_is_its_key_and_one_on_a_row_opens_with_the_second() {
    let mut state = state(120, 40);
    let row = on(&state, " tests").unwrap();
    assert_eq!((key_of(&state, &row, false), key_of(&state, &row, true)), (None, Some(KeyCode::Enter.into())));
    let mut asks = samples::snapshot().as_ref().clone();
    let asking = std::sync::Arc::make_mut(&mut asks.agents[0]);
    asking.question = Some(crate::fleet::model::Label::new("Shall it go out? | 1. Now | 2. Later"));
    update(&mut state, Event::Snapshot(std::sync::Arc::new(asks)));
    press(&mut state, "A");
    let key = |state: &State, text: &str| key_of(state, &on(state, text).unwrap(), false);
    assert_eq!(key(&state, "Later"), Some(KeyCode::Char('2').into()));
    assert_eq!(key(&state, "Shall it go out?"), None, "what it asks is no choice");
}

#[test]
fn a_click_on_a_field_of_a_form_goes_there() {
    let mut state = state(120, 40);
    press(&mut state, "3n");
    for field in ["acceptance", "lease", "phase"] {
        click(&mut state, field);
        let Some(Overlay::Form(form)) = &state.overlay else { panic!("{:?}", state.overlay) };
        assert_eq!(form.fields[form.focus].name.label(), field);
    }
}

/// What a click on a text does by hand: what it selects first, then the key that it stands for.
fn hit(state: &mut State, text: &str) -> Vec<Effect> {
    let target = on(state, text).unwrap_or_else(|| panic!("{text} is nowhere"));
    let key = key_of(state, &target, false);
    let mut effects = click(state, text);
    effects.extend(key.into_iter().flat_map(|key| update(state, Event::Key(key))));
    effects
}

fn cursor(state: &State) -> (&str, usize) {
    let input = match &state.overlay {
        Some(Overlay::Form(form)) => &form.fields[form.focus].line,
        Some(Overlay::Prompt(prompt)) => &prompt.line,
        Some(Overlay::Palette(palette)) => &palette.line,
        Some(Overlay::Sheet(sheet)) => match &sheet.entries[sheet.focus].value {
            crate::app::tui::state::sheet::Value::Typed(input) => input,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    (&input.text, input.cursor)
}

#[test]
fn a_click_in_a_text_that_is_typed_puts_the_cursor_there() {
    let mut state = state(120, 40);
    press(&mut state, "3nid-7\tsome title");
    click(&mut state, "-7");
    assert_eq!(cursor(&state), ("id-7", 2));
    click(&mut state, "me title");
    press(&mut state, "X");
    assert!(
        matches!(&state.overlay, Some(Overlay::Form(form)) if form.fields[1].line.text == "soXme title"),
        "{:?}",
        state.overlay
    );
    press(&mut state, "\x1b\x1b1");
    press(&mut state, "sfirst");
    super::board_tests::key(&mut state, KeyCode::Enter, crossterm::event::KeyModifiers::ALT);
    press(&mut state, "second");
    click(&mut state, "irst");
    assert_eq!(cursor(&state), ("first\nsecond", 1));
    click(&mut state, "econd");
    assert_eq!(cursor(&state), ("first\nsecond", 7));
    press(&mut state, "\x1b:fleet doctor");
    click(&mut state, "doctor\u{20}");
    assert_eq!(cursor(&state), ("fleet doctor", 6));
}

#[test]
fn a_click_on_a_question_of_a_sheet_goes_there_and_one_on_a_choice_takes_it() {
    use crate::app::tui::state::sheet::{Choice, LaunchSettings};
    let choice = |name: &str| Choice { name: name.to_owned(), about: format!("about {name}") };
    let settings = LaunchSettings {
        runtime: "pi".to_owned(),
        runtimes: ["claude", "pi", "stub"].map(choice).to_vec(),
        model_hint: "lab/model".to_owned(),
        yolo: true,
        command: String::new(),
        channels: String::new(),
        note: None,
    };
    let mut state = state(120, 40);
    update(&mut state, Event::Launch("tests".to_owned(), Ok(Box::new(settings))));
    let sheet = |state: &State| match &state.overlay {
        Some(Overlay::Sheet(sheet)) => (sheet.focus, sheet.entries[0].answer().to_owned()),
        other => panic!("{other:?}"),
    };
    click(&mut state, "about stub");
    assert_eq!(sheet(&state), (0, "stub".to_owned()));
    click(&mut state, "lab/model");
    assert_eq!(sheet(&state).0, 1);
    click(&mut state, "ab/model");
    assert_eq!(cursor(&state), ("lab/model", 1));
    click(&mut state, "command");
    assert_eq!(sheet(&state), (4, "stub".to_owned()));
    hit(&mut state, "Tab moves");
    assert_eq!(sheet(&state).0, 0, "round the end");
    let effects = hit(&mut state, "Enter writes");
    assert!(matches!(&effects[..], [Effect::Run { sent, .. }] if sent.command.contains("runtime=stub")), "{effects:?}");
}

#[test]
fn every_key_in_the_edge_of_a_popup_is_one_and_a_click_there_is_its_press() {
    use crate::app::action::keymap::Chord;
    let mut seen = 0;
    for (keys, leaves) in [
        ("?", "Esc closes"),
        (",", "Esc closes"),
        ("&", "Esc closes"),
        ("e", "Esc closes"),
        (":", "Esc closes"),
        ("y", "Esc leaves"),
        ("X", "Esc cancels"),
        ("b", "Esc leaves"),
        ("Z", "Esc leaves"),
        ("3n", "Esc drops"),
        ("3m", "Esc leaves"),
        ("3c", "Esc leaves"),
        ("3L", "Esc leaves"),
        ("3b", "Esc leaves"),
    ] {
        let mut state = state(160, 48);
        press(&mut state, keys);
        let popup = present(&state).overlay.unwrap_or_else(|| panic!("{keys} opens nothing"));
        for (key, meaning) in popup.hint.iter().filter(|(key, _)| !key.is_empty()) {
            let chord = Chord::shown(key).unwrap_or_else(|| panic!("{key} is no key"));
            let target = on(&state, &format!("{key} {meaning}"));
            assert_eq!(target, Some(Target::Key(key.clone())), "{keys}: {key} {meaning}");
            assert_eq!(key_of(&state, &target.unwrap(), false), Some(chord.press()));
            seen += 1;
        }
        hit(&mut state, leaves);
        assert!(state.overlay.is_none(), "{keys}: {:?}", state.overlay);
    }
    assert!(seen > 25, "{seen}");
}

#[test]
fn keys_in_the_edge_of_a_panel_are_pressed_by_a_click_as_well() {
    let mut state = state(120, 40);
    click(&mut state, "e explain");
    assert!(matches!(state.overlay, Some(Overlay::Explain(_))), "{:?}", state.overlay);
    press(&mut state, "\x1b3");
    click(&mut state, "m move");
    assert!(matches!(state.overlay, Some(Overlay::Menu(_))), "{:?}", state.overlay);
    press(&mut state, "\x1b1/tests\n");
    assert_eq!(on(&state, "/tests"), Some(Target::Filter));
    click(&mut state, "/tests");
    assert!(state.is_filtering(), "what narrows the view is edited by a click on it");
}

#[test]
fn a_click_on_what_is_gone_since_does_nothing() {
    let mut state = state(120, 40);
    let target = on(&state, " tests").unwrap();
    let before = state.selected_name();
    state.overlay = Some(Overlay::Settings(crate::app::tui::state::settings::SettingsList::default()));
    update(&mut state, Event::Click(target.clone()));
    assert_eq!(state.selected_name(), before, "a popup came in between");
    state.overlay = None;
    let mut gone = samples::snapshot().as_ref().clone();
    gone.agents.retain(|row| row.name.as_str() != "tests");
    update(&mut state, Event::Snapshot(std::sync::Arc::new(gone)));
    update(&mut state, Event::Click(target));
    assert_eq!(state.selected_name(), before);
}

#[test]
fn the_wheel_scrolls_what_is_open_else_the_view() {
    let mut state = state(120, 40);
    let first = state.selected_name();
    update(&mut state, Event::Wheel(Motion::Down));
    assert_ne!(state.selected_name(), first);
    update(&mut state, Event::Wheel(Motion::Up));
    assert_eq!(state.selected_name(), first);
    press(&mut state, "?");
    update(&mut state, Event::Wheel(Motion::Down));
    assert!(matches!(&state.overlay, Some(Overlay::Help(help)) if help.scroll == 3), "{:?}", state.overlay);
    press(&mut state, "\x1bs");
    let before = state.overlay.clone();
    update(&mut state, Event::Wheel(Motion::Up));
    assert_eq!(state.overlay, before, "the wheel brings no earlier text into what is typed");
}

#[test]
fn what_is_copied_is_what_the_list_showed() {
    let mut state = state(120, 40);
    let name = state.selected_name();
    press(&mut state, "y");
    let effects = press(&mut state, "n");
    assert_eq!(effects, [Effect::Copy { what: "name".to_owned(), text: name.clone() }]);
    assert!(state.overlay.is_none());
    press(&mut state, "y");
    let effects = press(&mut state, "c");
    assert_eq!(effects, [Effect::Copy { what: "command".to_owned(), text: format!("mosaic-tui agent watch {name}") }]);
    let target = state.pane.target.clone().unwrap();
    let picture = crate::fleet::pane::still("one\ntwo  \n\n", 20, 6);
    update(&mut state, Event::Pane(target.key(), std::sync::Arc::new(picture)));
    press(&mut state, "y");
    let effects = press(&mut state, "p");
    assert_eq!(effects, [Effect::Copy { what: "pane text".to_owned(), text: "one\ntwo".to_owned() }]);
    press(&mut state, "3y");
    let effects = press(&mut state, "i");
    let id = state.board.selected().unwrap().id.to_string();
    assert_eq!(effects, [Effect::Copy { what: "card id".to_owned(), text: id }]);
}
