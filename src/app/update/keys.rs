//! Keys: the topmost layer takes a press first, then the registry's table.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::screen;
use crate::app::action::{Action, ScreenAction};
use crate::app::cli;
use crate::app::effect::Effect;
use crate::app::inputs::Inputs;
use crate::app::keymap::{self, Chord};
use crate::app::registry::{ActionSpec, Danger, Place};
use crate::app::state::{Overlay, Screen, State};

/// Longest filter; more is a paste gone wrong.
const MAX_FILTER_CHARS: usize = 200;

/// Takes one key press.
pub(super) fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    let chord = Chord::of(key);
    // These two work in every layer, a text field included.
    if let Some(spec) = keymap::lookup(Place::Anywhere, chord)
        && matches!(spec.id, "app.quit" | "app.suspend" | "app.redraw")
    {
        return perform(state, spec, effects);
    }
    if state.overlay.is_some() {
        return press_in_overlay(state, key, effects);
    }
    if state.filter.editing {
        return press_in_filter(state, key);
    }
    let place = match state.screen {
        Screen::Fleet => Place::Fleet,
        Screen::Watch => Place::Watch,
    };
    match keymap::lookup(place, chord) {
        Some(spec) => perform(state, spec, effects),
        None => super::toast(state, format!("{chord} does nothing here; ? shows the keys"), false),
    }
}

/// Pasted text goes where typed text goes; a view takes none.
pub(super) fn paste(state: &mut State, text: &str) {
    if state.filter.editing {
        text.chars().filter(|c| !c.is_control()).for_each(|c| type_filter(state, c));
    }
}

/// Builds the action of a key from what is selected, and performs or asks.
fn perform(state: &mut State, spec: &'static ActionSpec, effects: &mut Vec<Effect>) {
    let selected =
        state.selected_row().filter(|row| row.managed || spec.id == "agent.watch" || spec.id == "agent.explain");
    let names: Vec<String> = selected.map(|row| row.name.to_string()).into_iter().collect();
    let mut inputs = Inputs::default();
    for argument in spec.arguments {
        if matches!(argument.name, "name" | "agents") {
            if names.is_empty() {
                super::toast(state, format!("{}: no agent of the roster is selected", spec.title), true);
                return;
            }
            inputs = inputs.with(argument.name, names.clone());
        }
    }
    let command = cli::command_line(spec, &inputs)
        .map(|words| format!("{}{}", state.prefix, words.join(" ")))
        .unwrap_or_default();
    let action = match (spec.build)(&inputs) {
        Ok(action) => action,
        Err(why) => return super::toast(state, why, true),
    };
    if spec.danger == Danger::Confirm {
        state.overlay = Some(Overlay::Confirm { command, targets: names, action, yes: false });
        return;
    }
    start(state, command, action, effects);
}

/// Does what can be done on the screen at once, and hands on the rest.
fn start(state: &mut State, command: String, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Screen(action) => screen::apply(state, action, effects),
        Action::AgentWatch(_) => {
            state.screen = Screen::Watch;
            state.pane.pan = None;
        }
        Action::AgentExplain(_) => state.overlay = Some(Overlay::Explain { scroll: 0 }),
        action => {
            super::toast(state, format!("running: {command}"), false);
            effects.push(Effect::Run { command, action });
        }
    }
}

fn press_in_overlay(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let Some(overlay) = &mut state.overlay else { return };
    match overlay {
        Overlay::Help { filter, scroll } => match key.code {
            KeyCode::Esc => {
                if filter.is_empty() {
                    state.overlay = None;
                } else {
                    filter.clear();
                }
            }
            KeyCode::F(1) => state.overlay = None,
            KeyCode::Char('?' | 'q') if filter.is_empty() => state.overlay = None,
            KeyCode::Backspace => {
                filter.pop();
                *scroll = 0;
            }
            KeyCode::Char(c) if key.modifiers.difference(KeyModifiers::SHIFT).is_empty() => {
                if filter.chars().count() < MAX_FILTER_CHARS {
                    filter.push(c);
                }
                *scroll = 0;
            }
            code => scroll_by(scroll, code),
        },
        Overlay::Explain { scroll } => match key.code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | 'e') => state.overlay = None,
            code => scroll_by(scroll, code),
        },
        Overlay::Failure { .. } => {
            if matches!(key.code, KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q' | ' ')) {
                state.overlay = None;
            }
        }
        Overlay::Confirm { yes, command, action, .. } => match key.code {
            KeyCode::Left | KeyCode::Right | KeyCode::Tab | KeyCode::BackTab | KeyCode::Char('h' | 'l') => *yes = !*yes,
            KeyCode::Esc | KeyCode::Char('n' | 'q') => state.overlay = None,
            KeyCode::Enter | KeyCode::Char('y') => {
                let confirmed = *yes || key.code == KeyCode::Char('y');
                let (command, action) = (command.clone(), action.clone());
                state.overlay = None;
                if confirmed {
                    start(state, command, action, effects);
                }
            }
            _ => {}
        },
    }
}

fn scroll_by(scroll: &mut u16, code: KeyCode) {
    *scroll = match code {
        KeyCode::Down | KeyCode::Char('j') => scroll.saturating_add(1),
        KeyCode::Up | KeyCode::Char('k') => scroll.saturating_sub(1),
        KeyCode::PageDown => scroll.saturating_add(10),
        KeyCode::PageUp => scroll.saturating_sub(10),
        KeyCode::Home => 0,
        _ => *scroll,
    };
}

fn press_in_filter(state: &mut State, key: KeyEvent) {
    match key.code {
        KeyCode::Enter => state.filter.editing = false,
        KeyCode::Esc => {
            state.filter.editing = false;
            screen::set_filter(state, String::new());
        }
        KeyCode::Backspace => {
            let mut text = state.filter.text.clone();
            text.pop();
            screen::set_filter(state, text);
        }
        KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => screen::set_filter(state, String::new()),
        KeyCode::Char(c) if key.modifiers.difference(KeyModifiers::SHIFT).is_empty() => type_filter(state, c),
        KeyCode::Down => screen::apply(state, ScreenAction::Move(crate::app::action::Motion::Down), &mut Vec::new()),
        KeyCode::Up => screen::apply(state, ScreenAction::Move(crate::app::action::Motion::Up), &mut Vec::new()),
        _ => {}
    }
}

fn type_filter(state: &mut State, c: char) {
    if state.filter.text.chars().count() < MAX_FILTER_CHARS {
        let text = format!("{}{c}", state.filter.text);
        screen::set_filter(state, text);
    }
}
