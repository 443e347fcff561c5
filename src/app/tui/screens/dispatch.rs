//! From an entry of the action table and its inputs to what is done about it: asked about first where it ends something.

use std::sync::Arc;

use crate::app::action::dispatch::{Performer, Request, Sent};
use crate::app::action::inputs::Inputs;
use crate::app::action::registry::{ACTIONS, ActionSpec, Danger, Door};
use crate::app::action::{FleetAction, TerminalAction, cli};
use crate::app::tui::effect::Effect;
use crate::app::tui::state::State;
use crate::app::tui::state::confirm::{Confirm, Subject};
use crate::app::tui::state::screen::Overlay;
use crate::fleet::model::{AgentRow, Attention, shell_word};

/// Who performs what inputs come to, and the command line that does the same.
pub(in crate::app::tui) fn resolve(
    state: &State,
    spec: &ActionSpec,
    inputs: &Inputs,
    door: Door,
) -> Result<(String, Performer), String> {
    // The same way as a shell's words take: a key can do nothing that a command could not.
    let performer = spec.resolve(inputs, door)?;
    let words = cli::command_line(spec, inputs).unwrap_or_default();
    let words: Vec<String> = words.iter().map(|word| shell_word(word)).collect();
    let command = if words.is_empty() { String::new() } else { format!("{}{}", state.prefix, words.join(" ")) };
    Ok((command, performer))
}

/// What the executor is asked for by a form, a question or a menu: what the palette runs with the same words.
pub(in crate::app::tui) fn resolve_request(
    state: &State,
    id: &str,
    inputs: &Inputs,
) -> Result<(String, Request), String> {
    let spec = ACTIONS.iter().find(|spec| spec.id == id).ok_or(format!("{id} is no action"))?;
    match resolve(state, spec, inputs, Door::Palette)? {
        (command, Performer::Executor(request)) => Ok((command, request)),
        (_, Performer::Screen(_) | Performer::Terminal(_)) => Err(format!("{id} gives no answer")),
    }
}

/// What a typed command acts on.
pub(in crate::app::tui) fn subject(state: &State, inputs: &Inputs, performer: &Performer) -> Subject {
    let named: Vec<String> = ["agents", "name"].iter().flat_map(|name| inputs.many(name)).collect();
    if !named.is_empty() {
        return Subject::Agents(named);
    }
    if let Some(id) = inputs.one("id") {
        return Subject::Card { id, owner: None };
    }
    if let Some(class) = inputs.one("class") {
        return Subject::Class(class);
    }
    match performer {
        Performer::Executor(Request::Fleet(FleetAction::Recover { .. })) => {
            let down = |row: &&Arc<AgentRow>| row.managed && row.attention() == Attention::Dead;
            let rows = state.snapshot.iter().flat_map(|snapshot| &snapshot.agents);
            Subject::Down(rows.filter(down).map(|row| row.name.to_string()).collect())
        }
        Performer::Executor(Request::Backlog(_)) => Subject::ExpiredClaims,
        Performer::Executor(
            Request::Fleet(_)
            | Request::Agent(_)
            | Request::Framework(_)
            | Request::Library(_)
            | Request::NorthStar(_)
            | Request::Session(_)
            | Request::Gate(_),
        )
        | Performer::Screen(_)
        | Performer::Terminal(_) => Subject::Fleet,
    }
}

/// Asks first where an action ends something, else sees to it at once.
pub(in crate::app::tui) fn confirm_or_dispatch(
    state: &mut State,
    spec: &ActionSpec,
    subject: Subject,
    (command, performer): (String, Performer),
    effects: &mut Vec<Effect>,
) {
    match (performer, spec.danger) {
        // Before anything is asked: a question whose answer may not be acted on is none.
        (performer, _) if refuses(state, performer.writes()) => {}
        (Performer::Executor(request), Danger::Confirm(verb)) if !only_tells(&request) => {
            let sent = state.request(command);
            state.overlay = Some(Overlay::Confirm(Confirm::new(sent, verb, subject, request)));
        }
        (performer, _) => dispatch(state, command, performer, effects),
    }
}

/// Whether a request of a dangerous kind does nothing this time.
fn only_tells(request: &Request) -> bool {
    match request {
        Request::Fleet(action) => action.only_tells(),
        Request::Framework(action) => action.only_tells(),
        Request::Agent(_)
        | Request::Library(_)
        | Request::NorthStar(_)
        | Request::Session(_)
        | Request::Backlog(_)
        | Request::Gate(_) => false,
    }
}

/// Whether something is refused because it changes anything, which is told.
pub(in crate::app::tui) fn refuses(state: &mut State, writes: bool) -> bool {
    let refused = writes && state.is_read_only();
    if refused {
        state.say("this changes something, and this dashboard is read-only".to_owned(), true);
    }
    refused
}

/// Does what is done on this screen, and hands on the rest.
pub(in crate::app::tui) fn dispatch(
    state: &mut State,
    command: String,
    performer: Performer,
    effects: &mut Vec<Effect>,
) {
    if refuses(state, performer.writes()) {
        return;
    }
    match performer {
        Performer::Screen(step) => state.steps.push_back(step),
        // The terminal is the pane's until it is left.
        Performer::Terminal(TerminalAction::Attach(name)) => {
            match state.row_named(&name).filter(|row| row.target.is_none()) {
                Some(row) => state.say(format!("{name} has no pane to take over: {}", row.reason), true),
                None => effects.push(Effect::Attach(name)),
            }
        }
        Performer::Terminal(TerminalAction::EditPersona(class)) => effects.push(Effect::EditPersona(class)),
        // The dispatcher gives nothing else that needs a terminal to a screen.
        Performer::Terminal(_) => state.say("this needs a terminal; run it in a shell".to_owned(), true),
        Performer::Executor(request) => {
            let sent = state.request(command);
            send(state, sent, request, effects);
        }
    }
}

/// Hands a request to the executor, and says so.
pub(in crate::app::tui) fn send(state: &mut State, sent: Sent, request: Request, effects: &mut Vec<Effect>) {
    // Asked here as well: what comes from a question or a menu has passed no other place.
    if refuses(state, request.writes()) {
        return;
    }
    // Said at once, as the answer may take a minute and a key without any effect is pressed again.
    state.say_of(sent.id, format!("running: {}", sent.command));
    effects.push(Effect::Run { sent, request });
}
