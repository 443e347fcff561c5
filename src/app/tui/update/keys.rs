//! Keys: the topmost layer takes a press first, then the registry's table.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::dispatch::{confirm_or_dispatch, resolve, run};
use super::{answers, board, form, hand, palette, screen};
use crate::app::action::ScreenAction;
use crate::app::action::inputs::Inputs;
use crate::app::action::keymap;
use crate::app::action::keymap::Chord;
use crate::app::action::registry::{ActionSpec, Build, Door, Place};
use crate::app::tui::effect::Effect;
use crate::app::tui::present::layout_of;
use crate::app::tui::state::{Line, Overlay, Screen, State};

/// Longest filter; more is a paste gone wrong.
const MAX_FILTER_CHARS: usize = 200;

/// Takes one key press.
pub(super) fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    let chord = Chord::of(key);
    // These work in every layer, a text field included.
    if let Some(spec) = keymap::lookup(Place::Anywhere, chord)
        && matches!(spec.id, "app.quit" | "app.suspend" | "app.redraw")
    {
        return perform(state, spec, effects);
    }
    if layout_of(state).too_small {
        // Nothing is shown that a key could mean.
        let typing = state.overlay.is_some() || state.filter.editing || state.board.filtering;
        if !typing && chord == Chord::of(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::NONE)) {
            effects.push(Effect::Quit);
        }
        return;
    }
    if state.overlay.is_some() {
        if state.came {
            // It was meant for what was there before.
            return;
        }
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
        None => super::toast(state, keymap::refusal(state.screen.place(), chord), false),
    }
}

/// Pasted text goes where typed text goes; a view takes none.
pub(super) fn paste(state: &mut State, text: &str) {
    if layout_of(state).too_small {
        return;
    }
    if state.overlay.is_some() && state.came {
        super::toast(state, "the screen changed just now; look, and paste it again".to_owned(), true);
    } else if state.overlay.is_some() {
        form::paste(state, text);
    } else if state.board.filtering {
        let cut = state.board.filter.insert(text);
        form::tell_cut(state, cut);
        board::filtered(state);
    } else if state.filter.editing {
        let room = MAX_FILTER_CHARS.saturating_sub(state.filter.text.chars().count());
        let mut typed = text.chars().filter(|c| !crate::plain::acts_on_terminal(*c));
        let more: String = typed.by_ref().take(room).collect();
        form::tell_cut(state, typed.count());
        screen::set_filter(state, format!("{}{more}", state.filter.text));
    }
}

/// Builds the action of a key from what is selected, and performs or asks.
fn perform(state: &mut State, spec: &'static ActionSpec, effects: &mut Vec<Effect>) {
    if state.shifted && acts_on_a_target(spec) {
        let text = format!("{}: the screen moved just now; look, and press it again", spec.title);
        return super::toast(state, text, true);
    }
    let selected = hand::row(state).filter(|row| row.managed || spec.id == "agent.watch" || spec.id == "agent.explain");
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
                let Some(question) = hand::row(state).and_then(|row| row.question.clone()) else {
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
    match resolve(state, spec, &inputs, Door::Key) {
        Ok(resolved) => confirm_or_dispatch(state, spec, targets, resolved, effects),
        Err(why) => super::toast(state, why, true),
    }
}

/// Whether an entry acts on what is selected.
fn acts_on_a_target(spec: &ActionSpec) -> bool {
    match spec.build {
        Build::Screen(action) => action.acts_on_selection(),
        Build::From(_) => spec.arguments.iter().any(|argument| matches!(argument.name, "name" | "agents" | "id")),
    }
}

fn press_in_overlay(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    match &state.overlay {
        Some(Overlay::Form(_)) => return form::press(state, key, effects),
        Some(Overlay::Prompt(_)) => return form::press_prompt(state, key, effects),
        Some(Overlay::Palette(_)) => return palette::press(state, key, effects),
        // Alt with a letter is not the letter: so an Esc and a letter arrive that a slow link sent together.
        _ if key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT) => return,
        Some(Overlay::Menu(_)) => return form::press_menu(state, key, effects),
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
        Overlay::Confirm { yes, sent, request, scroll, reading, .. } => match key.code {
            KeyCode::Esc | KeyCode::Char('n' | 'q') => {
                let id = sent.id;
                state.overlay = None;
                answers::forget(state, id);
            }
            KeyCode::Left | KeyCode::Right | KeyCode::Tab | KeyCode::BackTab | KeyCode::Enter | KeyCode::Char('y')
                if !reading.is_whole() =>
            {
                super::toast(state, "scroll to its end first: not all of it was shown yet".to_owned(), true);
            }
            KeyCode::Left | KeyCode::Right | KeyCode::Tab | KeyCode::BackTab => *yes = !*yes,
            KeyCode::Enter | KeyCode::Char('y') => {
                let confirmed = *yes || key.code == KeyCode::Char('y');
                let (sent, request) = (sent.clone(), request.clone());
                state.overlay = None;
                if confirmed {
                    run(state, sent, request, effects);
                } else {
                    answers::forget(state, sent.id);
                }
            }
            code => scroll_by(scroll, code),
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
