//! Settings that are read anew, keys that were bound, and a dashboard that changes nothing.

use std::path::Path;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::board_tests::{now, press};
use super::*;
use crate::app::action::keymap::VIEWS;
use crate::app::action::registry::{ACTIONS, Key, Palette, Shell};
use crate::app::action::{cli, samples as inputs};
use crate::app::tui::event::Begin;
use crate::app::tui::memory::Memory;
use crate::app::tui::present::present;
use crate::app::tui::samples;
use crate::app::tui::settings::{NoTheme, Settings};
use crate::app::tui::state::screen::Screen;
use crate::fleet::model::Size;
use crate::fleet::roster::Problem;

fn state() -> State {
    let mut state = State::new(Size { width: 120, height: 40 }, now());
    update(&mut state, Event::Snapshot(samples::snapshot()));
    update(&mut state, Event::Board(samples::board([3, 5000, 3, 1, 1000]), now()));
    state
}

fn read(text: &str) -> Result<Arc<Settings>, Vec<Problem>> {
    Settings::parse(text, Path::new("/home/tui.yaml"), |_| Err(NoTheme::Missing)).map(Arc::new)
}

fn footer(state: &State) -> Vec<(String, String)> {
    present(state).footer
}

fn hint(state: &State, meaning: &str) -> Option<String> {
    footer(state).into_iter().find(|(_, of)| of == meaning).map(|(key, _)| key)
}

#[test]
fn the_key_that_opens_a_popup_closes_it_whichever_it_is() {
    for action in ["app.help", "app.settings", "app.running"] {
        for key in ["f7", "X"] {
            let mut state = state();
            let text = format!("keys: [{{key: {key}, action: {action}}}]\n");
            update(&mut state, Event::Settings(read(&text)));
            let code = if key == "X" { KeyCode::Char('X') } else { KeyCode::F(7) };
            update(&mut state, Event::Key(code.into()));
            assert!(state.overlay.is_some(), "{key} opens nothing: {action}");
            update(&mut state, Event::Key(code.into()));
            assert!(state.overlay.is_none(), "{key} closes nothing: {action}");
        }
    }
}

#[test]
fn a_bound_key_acts_and_help_footer_and_palette_show_it() {
    let mut state = state();
    let text =
        "keys:\n  - {key: m, action: agent.message}\n  - {key: s, action: none}\n  - {key: f5, action: fleet.doctor}\n";
    let effects = update(&mut state, Event::Settings(read(text)));
    assert!(matches!(&effects[..], [Effect::Settings(_)]), "{effects:?}");
    assert_eq!(hint(&state, "message").as_deref(), Some("m"));
    press(&mut state, "s");
    assert!(state.toast.as_ref().is_some_and(|toast| toast.text.contains("s does nothing here")), "{:?}", state.toast);
    press(&mut state, "m");
    assert!(matches!(state.overlay, Some(Overlay::Prompt(_))));
    press(&mut state, "\x1b?");
    let help = present(&state).overlay.unwrap();
    let shown: Vec<String> = help.lines.iter().flatten().map(|piece| piece.text.clone()).collect();
    assert!(shown.contains(&"m".to_owned()) && !shown.contains(&"s".to_owned()), "{shown:?}");
    press(&mut state, "\x1b:agent send");
    let palette = present(&state).overlay.unwrap();
    assert!(!palette.lines.iter().flatten().any(|piece| piece.text == "s"), "{palette:?}");
    state.overlay = None;
    update(&mut state, Event::Drawn(samples::DRAWN));
    let effects = update(&mut state, Event::Key(KeyEvent::new(KeyCode::F(5), KeyModifiers::NONE)));
    let ran =
        effects.iter().any(|effect| matches!(effect, Effect::Run { sent, .. } if sent.command.contains("doctor")));
    assert!(ran, "what only the palette runs has a key now: {effects:?}");
}

#[test]
fn a_condition_looks_at_the_view_and_at_what_is_selected() {
    let mut state = state();
    let text = "keys:\n  - {key: z, action: app.settings, when: 'view:fleet state:stuck'}\n";
    update(&mut state, Event::Settings(read(text)));
    assert_eq!(state.selected_row().map(|row| row.readiness.word()), Some("stuck"));
    press(&mut state, "z");
    assert!(matches!(state.overlay, Some(Overlay::Settings(_))));
    press(&mut state, "\x1bjjz");
    assert_ne!(state.selected_row().map(|row| row.readiness.word()), Some("stuck"));
    assert!(state.overlay.is_none(), "not on this one");
}

#[test]
fn a_file_that_is_wrong_is_told_and_what_was_set_holds_on() {
    let mut state = state();
    update(&mut state, Event::Settings(read("keys: [{key: m, action: agent.message}]\n")));
    let before = Arc::clone(&state.settings);
    let effects = update(&mut state, Event::Settings(read("keys: [{key: m, action: agent.massage}]\n")));
    assert_eq!(effects, [], "nothing changes");
    assert_eq!(state.settings, before);
    let shown = present(&state);
    let header: String = shown.header.counts.iter().map(|piece| piece.text.as_str()).collect();
    assert!(header.contains("tui.yaml:1"), "{header}");
    let told: String = shown.overlay.unwrap().lines.iter().flatten().map(|piece| piece.text.as_str()).collect();
    assert!(told.contains("/home/tui.yaml:1:25: keys[0].action: ") && told.contains("did you mean"), "{told}");
    press(&mut state, "\x1bm");
    assert!(matches!(state.overlay, Some(Overlay::Prompt(_))), "the key is as it was");
    press(&mut state, "\x1b");
    update(&mut state, Event::Settings(read("")));
    assert_eq!((state.settings_lost.as_ref(), hint(&state, "message").as_deref()), (None, Some("s")));
}

fn begin(read_only: bool) -> Event {
    Event::Begin(Box::new(Begin {
        zone: jiff::tz::TimeZone::UTC,
        demo: false,
        read_only,
        prefix: "MOSAIC_HOME=/srv/home ".to_owned(),
        settings: read("theme: light\n").unwrap(),
        settings_file: "/home/tui.yaml".to_owned(),
        memory: Some(Memory { view: "board".to_owned(), ..Memory::default() }),
    }))
}

#[test]
fn it_begins_as_it_was_left_and_says_nothing_of_it() {
    let mut state = State::new(Size { width: 120, height: 40 }, now());
    let effects = update(&mut state, begin(false));
    assert!(matches!(&effects[..], [Effect::Settings(_), Effect::Backlog(_)]), "{effects:?}");
    assert_eq!(
        (state.screen, state.toast.is_some(), state.prefix.as_str()),
        (Screen::Board, false, "MOSAIC_HOME=/srv/home ")
    );
    // The same file read again is news.
    update(&mut state, Event::Settings(read("theme: dark\n")));
    assert!(state.toast.is_some());
}

fn read_only() -> State {
    let mut state = State::new(Size { width: 120, height: 40 }, now());
    update(&mut state, begin(true));
    update(&mut state, Event::Snapshot(samples::snapshot()));
    update(&mut state, Event::Board(samples::board([3, 5000, 3, 1, 1000]), now()));
    press(&mut state, "1");
    state
}

/// What reaches outside to change something.
fn changes(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| match effect {
        Effect::Run { request, .. } => request.writes(),
        Effect::Editor(_) | Effect::EditPersona(_) | Effect::Attach(_) | Effect::ReadOffer | Effect::ReadLaunch(_) => {
            true
        }
        _ => false,
    })
}

/// What is open to ask for something that changes.
fn asks(state: &State) -> bool {
    let asking = |overlay: &Overlay| {
        matches!(
            overlay,
            Overlay::Confirm(_)
                | Overlay::Form(_)
                | Overlay::Prompt(_)
                | Overlay::Question(_)
                | Overlay::Sheet(_)
                | Overlay::Menu(_)
        )
    };
    state.overlay.as_ref().is_some_and(asking)
}

#[test]
fn read_only_no_key_of_any_action_changes_anything_and_none_is_shown() {
    for view in ["1", "2", "3", "3\n", "4", "1\n"] {
        let mut base = read_only();
        press(&mut base, view);
        let header: String = present(&base).header.counts.iter().map(|piece| piece.text.clone()).collect();
        assert!(header.starts_with("READ-ONLY"), "{header}");
        for spec in ACTIONS {
            let Key::In(_, chords) = spec.doors.key else { continue };
            for text in chords.iter().filter(|text| text.chars().count() == 1 || **text == "enter") {
                let mut state = base.clone();
                let code = match *text {
                    "enter" => KeyCode::Enter,
                    text => KeyCode::Char(text.chars().next().unwrap()),
                };
                update(&mut state, Event::Drawn(samples::DRAWN));
                let effects = update(&mut state, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
                assert!(!changes(&effects) && !asks(&state), "{} by {text} in {view}: {effects:?}", spec.id);
            }
            if spec.writes {
                assert!(
                    !footer(&base).iter().any(|(_, meaning)| meaning == spec.title && spec.id != "activity.filter")
                );
                assert!(base.keys.shown(spec, &base.standing()).is_empty(), "{}", spec.id);
            }
        }
    }
    assert!(VIEWS.len() >= 6);
}

#[test]
fn read_only_no_line_of_the_palette_changes_anything() {
    let mut seen = 0;
    for spec in ACTIONS.iter().filter(|spec| spec.writes && spec.doors.palette == Palette::Open) {
        let words = match spec.doors.shell {
            Shell::Words(_) => cli::command_line(spec, &inputs::inputs(spec)).unwrap()[1..].join(" "),
            Shell::Root | Shell::None(_) => spec.title.to_owned(),
        };
        let mut state = read_only();
        let effects = press(&mut state, &format!(":{words}\n"));
        assert!(!changes(&effects) && !asks(&state), "{words}: {effects:?} {:?}", state.overlay);
        seen += 1;
    }
    assert!(seen > 25, "{seen}");
}

#[test]
fn every_setting_is_listed_with_its_value_its_origin_and_its_meaning() {
    let mut state = state();
    update(
        &mut state,
        Event::Settings(read("theme: light\nkeys: [{key: m, action: agent.message, when: 'view:wall'}]\n")),
    );
    press(&mut state, ",");
    let lines = present(&state).overlay.unwrap().lines;
    let text: Vec<String> =
        lines.iter().map(|line| line.iter().map(|piece| piece.text.as_str()).collect::<Vec<_>>().join(" ")).collect();
    for setting in crate::app::tui::settings::SETTINGS {
        let at = text.iter().position(|line| line.starts_with(setting.key)).unwrap();
        assert!(text[at + 1].contains(setting.meaning), "{}", text[at + 1]);
    }
    for want in ["theme light tui.yaml:1", "refresh 1 s default", "m agent.message when view:wall"] {
        assert!(text.iter().any(|line| line == want), "{want}: {text:#?}");
    }
}
