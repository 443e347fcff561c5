//! What popups say, as values: their titles, their lines, and which of them is marked.

use super::values::{fleet_of, words};
use super::*;
use crate::app::tui::state::copy::{Copy, Item};
use crate::app::tui::state::menu::{self, Menu};
use crate::app::tui::state::prompt::{Prompt, Question};
use crate::app::tui::state::settings::SettingsList;
use crate::backlog::model::CardId;
use crate::fleet::model::Readiness;
use crate::ui::view::Popup;

fn popup_of(state: &State) -> Popup {
    present(state).overlay.expect("a popup")
}

fn lines_of(popup: &Popup) -> Vec<String> {
    popup.lines.iter().map(|line| words(line)).collect()
}

fn asks(about: Question, text: &str) -> State {
    let mut state = state((80, 24));
    let mut prompt = Prompt::new(about);
    prompt.line.text = text.to_owned();
    prompt.line.cursor = text.len();
    state.overlay = Some(Overlay::Prompt(prompt));
    state
}

#[test]
fn a_prompt_names_what_its_line_is_for() {
    let card = || CardId::parse("A1").unwrap();
    for (about, title, verb) in [
        (Question::BlockReason(vec![card()]), "why is A1 blocked?", "Enter blocks it"),
        (Question::LinkTo(vec![card()]), "A1 depends on which card?", "!ID takes a link away"),
        (Question::Message("code1".to_owned()), "message to code1", "Alt-Enter begins a line"),
        (Question::Broadcast(vec!["a".into(), "b".into()]), "message to 2 agents", "Enter goes on"),
        (Question::Pause, "why is the fleet paused?", "Enter pauses it"),
    ] {
        let popup = popup_of(&asks(about, ""));
        assert_eq!(popup.title, title);
        let hint: Vec<String> = popup.hint.iter().map(|(key, meaning)| format!("{key} {meaning}")).collect();
        let hint = hint.join(", ");
        assert!(hint.contains(verb) && hint.contains("Esc"), "{hint}");
    }
}

#[test]
fn a_long_message_shows_the_lines_around_its_cursor() {
    let text: Vec<String> = (0..40).map(|line| format!("line {line}")).collect();
    let popup = popup_of(&asks(Question::Message("code1".to_owned()), &text.join("\n")));
    let lines = lines_of(&popup);
    assert!(lines.len() <= 8 && lines.last().is_some_and(|line| line.starts_with("line 39")), "{lines:?}");
    assert_eq!(popup.marked, Some(lines.len() - 1), "the line of the cursor is the one to be seen");
}

#[test]
fn a_message_on_its_way_keeps_its_text_and_says_what_went_wrong() {
    let mut state = asks(Question::Message("code1".to_owned()), "go on");
    let Some(Overlay::Prompt(prompt)) = &mut state.overlay else { panic!() };
    prompt.sending = Some(RequestId(7));
    let sending = lines_of(&popup_of(&state));
    assert!(sending[0].starts_with("go on") && sending[1].contains("waiting for the receipt"), "{sending:?}");
    let Some(Overlay::Prompt(prompt)) = &mut state.overlay else { panic!() };
    (prompt.sending, prompt.notice) = (None, Some("code1 is \u{1b}[31mdead".to_owned()));
    let popup = popup_of(&state);
    let told = popup.lines.last().unwrap();
    assert_eq!((words(told).as_str(), told[0].role), ("code1 is \u{b7}[31mdead", Role::Warning));
}

#[test]
fn a_menu_moves_its_window_with_what_is_marked() {
    let mut state = state((80, 24));
    let item = |number: usize| (format!("choice {number}"), menu::Choice::Ask(Question::Pause));
    let items = (0..40).map(item).collect();
    let card = CardId::parse("A1").unwrap();
    state.overlay = Some(Overlay::Menu(Menu { title: "A1".to_owned(), cards: vec![card], items, at: 0 }));
    for (at, first, marked) in [(0, "> choice 0", 0), (13, "  choice 0", 13), (39, "  choice 26", 13)] {
        let Some(Overlay::Menu(menu)) = &mut state.overlay else { panic!() };
        menu.at = at;
        let popup = popup_of(&state);
        let lines = lines_of(&popup);
        assert_eq!((lines[0].as_str(), popup.marked, lines.len()), (first, Some(marked), 14));
        assert_eq!(lines[marked], format!("> choice {at}"));
    }
}

#[test]
fn what_can_be_copied_is_one_line_each() {
    let mut state = state((80, 24));
    let item = |key, what, text: &str| Item { key, what, text: text.to_owned() };
    let items = vec![item('n', "name", "code1"), item('s', "screen", "one\ntwo\nthree")];
    state.overlay = Some(Overlay::Copy(Copy { of: "code1".to_owned(), items, at: 1 }));
    let popup = popup_of(&state);
    let lines = lines_of(&popup);
    assert!(lines[0].ends_with("code1") && lines[1].ends_with("3 lines"), "{lines:?}");
    assert_eq!((popup.marked, lines[1].starts_with("> s")), (Some(1), true));
}

#[test]
fn each_setting_is_shown_with_its_value_and_who_set_it() {
    let mut state = state((80, 24));
    state.overlay = Some(Overlay::Settings(SettingsList { scroll: 0 }));
    let popup = popup_of(&state);
    for setting in crate::app::tui::settings::SETTINGS {
        let line = popup.lines.iter().find(|line| line[0].text == setting.key).expect(setting.key);
        assert_eq!(line[1].text, setting.value(&state.settings), "{}", setting.key);
        assert_eq!(line[1].role, Role::Plain, "{}: nobody set it", setting.key);
        assert!(popup.lines.iter().any(|line| words(line).trim() == setting.meaning), "{}", setting.key);
    }
}

#[test]
fn a_settings_file_that_is_wrong_is_told_above_its_settings() {
    let mut state = state((80, 24));
    state.overlay = Some(Overlay::Settings(SettingsList { scroll: 0 }));
    assert_ne!(popup_of(&state).lines[0][0].role, Role::Warning);
    state.settings_lost = Some("tui.yaml:3".into());
    let first = popup_of(&state).lines.swap_remove(0);
    assert!(words(&first).starts_with("tui.yaml:3 is wrong") && first[0].role == Role::Warning, "{first:?}");
}

#[test]
fn an_explanation_of_nobody_opens_nothing() {
    let mut state = fleet_of(vec![samples::row("a", Readiness::Working)]);
    state.overlay = Some(Overlay::Explain(Explain { scroll: 0 }));
    assert!(present(&state).overlay.is_some());
    let gone = crate::fleet::model::FleetSnapshot { agents: Vec::new(), ..(*samples::snapshot()).clone() };
    update(&mut state, Event::Snapshot(Arc::new(gone)));
    let left = present(&state).overlay.map(|popup| lines_of(&popup));
    assert!(left.is_none_or(|lines| !lines.concat().contains("readiness")), "of an agent that is gone");
}

#[test]
fn a_message_to_one_that_is_marked_names_it() {
    let about = |names: &[&str]| Question::Broadcast(names.iter().map(|name| (*name).to_owned()).collect());
    assert_eq!(popup_of(&asks(about(&["code1"]), "")).title, "message to code1");
    assert_eq!(popup_of(&asks(about(&["code1", "code2"]), "")).title, "message to 2 agents");
}
