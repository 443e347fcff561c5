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

fn click(state: &mut State, text: &str) -> Vec<Effect> {
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
    let button = Target::Popup { spot: Spot::Button(0), from_mark: 0 };
    assert_eq!(key_of(&state, &button, false), Some(KeyCode::Enter), "what presses it comes as a key");
}

#[test]
fn a_click_on_a_choice_is_its_key_and_one_on_a_row_opens_with_the_second() {
    let mut state = state(120, 40);
    let row = on(&state, " tests").unwrap();
    assert_eq!((key_of(&state, &row, false), key_of(&state, &row, true)), (None, Some(KeyCode::Enter)));
    let mut asks = samples::snapshot().as_ref().clone();
    let asking = std::sync::Arc::make_mut(&mut asks.agents[0]);
    asking.question = Some(crate::fleet::model::Label::new("Shall it go out? | 1. Now | 2. Later"));
    update(&mut state, Event::Snapshot(std::sync::Arc::new(asks)));
    press(&mut state, "A");
    let key = |state: &State, text: &str| key_of(state, &on(state, text).unwrap(), false);
    assert_eq!(key(&state, "Later"), Some(KeyCode::Char('2')));
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
