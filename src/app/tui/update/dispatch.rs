//! From an entry of the action table and its inputs to what is done about it: asked about first where it ends something.

use std::sync::Arc;

use super::screen;
use crate::app::action::cli;
use crate::app::action::dispatch::{OnScreen, Performer, Request, Sent};
use crate::app::action::inputs::Inputs;
use crate::app::action::registry::{ACTIONS, ActionSpec, Danger, Door};
use crate::app::action::{FleetAction, TerminalAction};
use crate::app::tui::effect::Effect;
use crate::app::tui::state::{Overlay, Screen, State};
use crate::fleet::model::{AgentRow, Attention};

/// Longest word that is shown as it is; a label is cut.
const LONGEST_WORD: usize = 200;

/// Who performs what inputs come to, and the command line that does the same.
pub(super) fn resolve(
    state: &State,
    spec: &ActionSpec,
    inputs: &Inputs,
    door: Door,
) -> Result<(String, Performer), String> {
    let performer = spec.resolve(inputs, door)?;
    let words = cli::command_line(spec, inputs).unwrap_or_default();
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let command = if words.is_empty() { String::new() } else { format!("{}{}", state.prefix, words.join(" ")) };
    Ok((command, performer))
}

/// What the executor is asked for by a form, a question or a menu: what the palette runs with the same words.
pub(super) fn resolve_request(state: &State, id: &str, inputs: &Inputs) -> Result<(String, Request), String> {
    let spec = ACTIONS.iter().find(|spec| spec.id == id).ok_or(format!("{id} is no action"))?;
    match resolve(state, spec, inputs, Door::Palette)? {
        (command, Performer::Executor(request)) => Ok((command, request)),
        (_, Performer::Screen(_) | Performer::Terminal(_)) => Err(format!("{id} gives no answer")),
    }
}

/// A word as a shell reads it back, on one line.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@+~".contains(c);
    if !word.is_empty() && word.len() <= LONGEST_WORD && word.chars().all(plain) {
        return word.to_owned();
    }
    crate::plain::shell_quote(crate::fleet::model::Label::new(word).as_str())
}

/// Whether an entry of the table asks before it acts.
pub(super) fn asks_first(id: &str) -> bool {
    ACTIONS.iter().any(|spec| spec.id == id && spec.danger != Danger::None)
}

/// What a typed command acts on.
pub(super) fn targets(state: &State, inputs: &Inputs, performer: &Performer) -> Vec<String> {
    let named: Vec<String> = ["agents", "name", "id"].iter().flat_map(|name| inputs.many(name)).collect();
    if !named.is_empty() {
        return named;
    }
    if let Some(class) = inputs.one("class") {
        return vec![format!("every agent of class {class}")];
    }
    if matches!(performer, Performer::Executor(Request::Fleet(FleetAction::Recover { .. }))) {
        let down = |row: &&Arc<AgentRow>| row.managed && row.attention() == Attention::Dead;
        let rows = state.snapshot.iter().flat_map(|snapshot| &snapshot.agents);
        let names: Vec<String> = rows.filter(down).map(|row| row.name.to_string()).collect();
        return vec![if names.is_empty() { "who is down; nobody is now".to_owned() } else { names.join(", ") }];
    }
    vec!["the whole fleet".to_owned()]
}

/// Asks first where an action ends something, else sees to it at once.
pub(super) fn confirm_or_dispatch(
    state: &mut State,
    spec: &ActionSpec,
    targets: Vec<String>,
    (command, performer): (String, Performer),
    effects: &mut Vec<Effect>,
) {
    match performer {
        Performer::Executor(request) if spec.danger != Danger::None && !only_tells(&request) => {
            let sent = state.request(command);
            state.overlay = Some(Overlay::confirm(sent, targets, request));
        }
        performer => dispatch(state, command, performer, effects),
    }
}

/// Whether a request of a dangerous kind does nothing this time.
fn only_tells(request: &Request) -> bool {
    matches!(request, Request::Fleet(action) if action.only_tells())
}

/// Does what is done on this screen, and hands on the rest.
pub(super) fn dispatch(state: &mut State, command: String, performer: Performer, effects: &mut Vec<Effect>) {
    match performer {
        Performer::Screen(OnScreen::Step(action)) => screen::apply(state, action, effects),
        Performer::Screen(OnScreen::Watch(name)) => {
            if select(state, &name) {
                state.open(Screen::Watch);
                state.pane.pan = None;
            }
        }
        Performer::Screen(OnScreen::Explain(name)) => {
            if select(state, &name) {
                state.overlay = Some(Overlay::Explain { scroll: 0 });
            }
        }
        // The terminal is the pane's until it is left.
        Performer::Terminal(TerminalAction::Attach(name)) => {
            match state.row_named(&name).filter(|row| row.target.is_none()) {
                Some(row) => super::toast(state, format!("{name} has no pane to take over: {}", row.reason), true),
                None => effects.push(Effect::Attach(name)),
            }
        }
        // The dispatcher gives nothing else that needs a terminal to a screen.
        Performer::Terminal(_) => super::toast(state, "this needs a terminal; run it in a shell".to_owned(), true),
        Performer::Executor(request) => {
            let sent = state.request(command);
            run(state, sent, request, effects);
        }
    }
}

/// Selects an agent's row, or the session's that is selected already; whether there is one.
fn select(state: &mut State, name: &str) -> bool {
    if state.selected_row().is_some_and(|row| row.name.as_str() == name) {
        return true;
    }
    match state.row_named(name).map(|row| row.key.clone()) {
        Some(key) => {
            screen::select(state, key);
            true
        }
        None => {
            super::toast(state, format!("{name} has no row"), true);
            false
        }
    }
}

/// Hands a request to the executor, and says so.
pub(super) fn run(state: &mut State, sent: Sent, request: Request, effects: &mut Vec<Effect>) {
    super::toast(state, format!("running: {}", sent.command), false);
    effects.push(Effect::Run { sent, request });
}
