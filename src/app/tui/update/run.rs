//! From an entry of the action table and its inputs to what is run, with the command line that does the same.

use crate::app::action::Action;
use crate::app::action::cli;
use crate::app::action::inputs::Inputs;
use crate::app::action::registry::{ACTIONS, ActionSpec, Danger};
use crate::app::tui::effect::Effect;
use crate::app::tui::state::State;

/// Longest word that is shown as it is; a label is cut.
const LONGEST_WORD: usize = 200;

/// The command line as shown, and the action, of inputs.
pub(super) fn build(state: &State, spec: &ActionSpec, inputs: &Inputs) -> Result<(String, Action), String> {
    let action = (spec.build)(inputs)?;
    let words = cli::command_line(spec, inputs).unwrap_or_default();
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let command = if words.is_empty() { String::new() } else { format!("{}{}", state.prefix, words.join(" ")) };
    Ok((command, action))
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
    ACTIONS.iter().any(|spec| spec.id == id && spec.danger == Danger::Confirm)
}

/// The same for an entry by its id.
pub(super) fn request(state: &State, id: &str, inputs: &Inputs) -> Result<(String, Action), String> {
    let spec = ACTIONS.iter().find(|spec| spec.id == id).ok_or(format!("{id} is no action"))?;
    build(state, spec, inputs)
}

/// Runs an entry with these inputs, or says what is wrong with them.
pub(super) fn begin(state: &mut State, id: &str, inputs: &Inputs, effects: &mut Vec<Effect>) {
    match request(state, id, inputs) {
        Ok((command, action)) => run(state, command, action, effects),
        Err(why) => super::toast(state, why, true),
    }
}

/// Hands an action on, and says so.
pub(super) fn run(state: &mut State, command: String, action: Action, effects: &mut Vec<Effect>) {
    super::toast(state, format!("running: {command}"), false);
    effects.push(Effect::Run { command, action });
}
