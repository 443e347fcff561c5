//! Keys: the topmost layer takes a press first, then the registry's table.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::{board, form, palette, run, screen, start};
use crate::app::action::ScreenAction;
use crate::app::action::inputs::Inputs;
use crate::app::action::keymap;
use crate::app::action::keymap::Chord;
use crate::app::action::registry::{ActionSpec, Place};
use crate::app::tui::effect::Effect;
use crate::app::tui::state::{Line, Overlay, Screen, State};

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
    if state.board.filtering && state.screen == Screen::Board {
        return press_in_board_filter(state, key);
    }
    match keymap::lookup(state.screen.place(), chord) {
        Some(spec) => perform(state, spec, effects),
        None => super::toast(state, format!("{chord} does nothing here; ? shows the keys"), false),
    }
}

/// Pasted text goes where typed text goes; a view takes none.
pub(super) fn paste(state: &mut State, text: &str) {
    if state.overlay.is_some() {
        form::paste(state, text);
    } else if state.board.filtering {
        state.board.filter.insert(text);
        board::filtered(state);
    } else if state.filter.editing {
        text.chars().filter(|c| !c.is_control()).for_each(|c| type_filter(state, c));
    }
}

/// Builds the action of a key from what is selected, and performs or asks.
fn perform(state: &mut State, spec: &'static ActionSpec, effects: &mut Vec<Effect>) {
    let selected =
        state.selected_row().filter(|row| row.managed || spec.id == "agent.watch" || spec.id == "agent.explain");
    let names: Vec<String> = selected.map(|row| row.name.to_string()).into_iter().collect();
    let card: Vec<String> = state.card_in_hand().map(|id| id.to_string()).into_iter().collect();
    let mut inputs = Inputs::default();
    let mut targets = Vec::new();
    for argument in spec.arguments {
        let (values, missing) = match argument.name {
            "name" | "agents" => (&names, "no agent of the roster is selected"),
            "id" => (&card, "no card is selected"),
            // Only what the operator has read is answered.
            "question" => {
                let Some(question) = state.selected_row().and_then(|row| row.question.clone()) else {
                    let why = "no whole question is seen on its screen; `a` takes the pane over";
                    return super::toast(state, format!("{}: {why}", spec.title), true);
                };
                inputs = inputs.with("question", vec![question.to_string()]);
                targets = vec![format!("{}, with the first choice of: {question}", names.join(", "))];
                continue;
            }
            _ => continue,
        };
        if values.is_empty() {
            super::toast(state, format!("{}: {missing}", spec.title), true);
            return;
        }
        inputs = inputs.with(argument.name, values.clone());
        targets.clone_from(values);
        if argument.name == "id"
            && let Some(owner) = state.owner_in_hand()
        {
            // Whose work it ends is what the question is about.
            targets = vec![format!("{} (held by {owner})", values.join(", "))];
        }
    }
    let (command, action) = match run::build(state, spec, &inputs) {
        Ok(built) => built,
        Err(why) => return super::toast(state, why, true),
    };
    start::ask_or_start(state, spec, &inputs, targets, command, action, effects);
}

fn press_in_overlay(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    match &state.overlay {
        Some(Overlay::Form(_)) => return form::press(state, key, effects),
        Some(Overlay::Prompt(_)) => return form::press_prompt(state, key, effects),
        Some(Overlay::Menu(_)) => return form::press_menu(state, key, effects),
        Some(Overlay::Palette(_)) => return palette::press(state, key, effects),
        _ => {}
    }
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
        Overlay::Form(_) | Overlay::Prompt(_) | Overlay::Menu(_) | Overlay::Palette(_) => {}
        Overlay::Answer { scroll, .. } => match key.code {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Char('q') => state.overlay = None,
            code => scroll_by(scroll, code),
        },
        Overlay::Confirm { yes, command, action, .. } => match key.code {
            KeyCode::Left | KeyCode::Right | KeyCode::Tab | KeyCode::BackTab => *yes = !*yes,
            KeyCode::Esc | KeyCode::Char('n' | 'q') => state.overlay = None,
            KeyCode::Enter | KeyCode::Char('y') => {
                let confirmed = *yes || key.code == KeyCode::Char('y');
                let (command, action) = (command.clone(), action.clone());
                state.overlay = None;
                if confirmed {
                    start::start(state, command, action, effects);
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

fn press_in_board_filter(state: &mut State, key: KeyEvent) {
    match key.code {
        KeyCode::Enter => state.board.filtering = false,
        KeyCode::Esc => {
            state.board.filtering = false;
            state.board.filter = Line::default();
            board::filtered(state);
        }
        KeyCode::Down => board::step(state, crate::app::action::Motion::Down),
        KeyCode::Up => board::step(state, crate::app::action::Motion::Up),
        _ => {
            let before = state.board.filter.text.clone();
            state.board.filter.press(key);
            if state.board.filter.text != before {
                board::filtered(state);
            }
        }
    }
}

fn type_filter(state: &mut State, c: char) {
    if state.filter.text.chars().count() < MAX_FILTER_CHARS {
        let text = format!("{}{c}", state.filter.text);
        screen::set_filter(state, text);
    }
}
