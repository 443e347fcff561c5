//! From a built action to its start: asked about first where it ends something.

use std::sync::Arc;

use super::{run, screen};
use crate::app::action::Action;
use crate::app::action::inputs::Inputs;
use crate::app::action::registry::{ActionSpec, Danger};
use crate::app::action::steering::SteeringAction;
use crate::app::tui::effect::Effect;
use crate::app::tui::state::{Overlay, Screen, State};
use crate::fleet::model::{AgentRow, Attention};

/// Begins what was typed as a command: it asks first like the key of the same action.
pub(super) fn begin(
    state: &mut State,
    spec: &'static ActionSpec,
    inputs: &Inputs,
    command: String,
    action: Action,
    effects: &mut Vec<Effect>,
) {
    let mut targets: Vec<String> = ["agents", "name", "id"].iter().flat_map(|name| inputs.many(name)).collect();
    if targets.is_empty() {
        let down = |row: &&Arc<AgentRow>| row.managed && row.attention() == Attention::Dead;
        targets = vec![match inputs.one("class") {
            Some(class) => format!("every agent of class {class}"),
            None if spec.id == "fleet.recover" => {
                let rows = state.snapshot.iter().flat_map(|snapshot| &snapshot.agents);
                let names: Vec<String> = rows.filter(down).map(|row| row.name.to_string()).collect();
                if names.is_empty() { "who is down; nobody is now".to_owned() } else { names.join(", ") }
            }
            None => "the whole fleet".to_owned(),
        }];
    }
    if let Action::AgentWatch(name) | Action::AgentExplain(name) = &action {
        match state.row_named(name).map(|row| row.key.clone()) {
            Some(key) => screen::select(state, key),
            None => return super::toast(state, format!("{name} has no row"), true),
        }
    }
    ask_or_start(state, spec, inputs, targets, command, action, effects);
}

/// Asks first where the action ends something, else starts it.
pub(super) fn ask_or_start(
    state: &mut State,
    spec: &'static ActionSpec,
    inputs: &Inputs,
    targets: Vec<String>,
    command: String,
    action: Action,
    effects: &mut Vec<Effect>,
) {
    let only_tells = match spec.id {
        "fleet.recover" => !inputs.flag("apply"),
        // Nothing that is there is lost otherwise.
        "fleet.init" => !(inputs.flag("write") && inputs.flag("force")),
        _ => inputs.flag("dry-run"),
    };
    if spec.danger == Danger::Confirm && !only_tells {
        state.overlay = Some(Overlay::confirm(command, targets, action));
        return;
    }
    start(state, command, action, effects);
}

/// Does what can be done on the screen at once, and hands on the rest.
pub(super) fn start(state: &mut State, command: String, action: Action, effects: &mut Vec<Effect>) {
    match action {
        Action::Screen(action) => screen::apply(state, action, effects),
        Action::AgentWatch(_) => {
            state.open(Screen::Watch);
            state.pane.pan = None;
        }
        Action::AgentExplain(_) => state.overlay = Some(Overlay::Explain { scroll: 0 }),
        // The terminal is the pane's until it is left.
        Action::Steering(SteeringAction::Attach(name)) => {
            match state.row_named(&name).filter(|row| row.target.is_none()) {
                Some(row) => super::toast(state, format!("{name} has no pane to take over: {}", row.reason), true),
                None => effects.push(Effect::Attach(name)),
            }
        }
        action => run::run(state, command, action, effects),
    }
}
