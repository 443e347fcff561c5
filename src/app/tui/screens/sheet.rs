//! A sheet of few questions, some with a choice: what a first fleet is made of, and how one agent is launched. What is
//! answered becomes the same actions as the commands, one after the other.

use std::collections::VecDeque;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::action::dispatch::Sent;
use crate::app::action::error::DONE;
use crate::app::action::inputs::Inputs;
use crate::app::action::registry::{ACTIONS, Door};
use crate::app::action::report::Report;
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::present::sheet::Part;
use crate::app::tui::present::typed::go_to;
use crate::app::tui::screens::parts::PopupParts;
use crate::app::tui::screens::{dispatch, hand, held};
use crate::app::tui::state::State;
use crate::app::tui::state::confirm::Subject;
use crate::app::tui::state::screen::Overlay;
use crate::app::tui::state::sheet::{About, Entry, LaunchSettings, Offer, Sheet, Step, Value};
use crate::app::tui::state::text_input::TextInput;
use crate::fleet::model::Label;
use crate::ui::hit::Typed;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: Some(click), text: Some(text) };

/// Opens the questions of a first fleet, or says that there is one.
pub(in crate::app::tui) fn offered(state: &mut State, offer: Option<Offer>) {
    match offer {
        None => state.say("there is a roster already; `:fleet add` adds an agent to it".to_owned(), true),
        Some(_) if state.overlay.is_some() || state.is_filtering() => {
            state.say("first fleet: something else is open by now; ask again".to_owned(), false);
        }
        Some(offer) => state.overlay = Some(Overlay::Sheet(Box::new(Sheet::first_fleet(offer)))),
    }
}

/// Offers what a new version of this program brings; nothing of it is done without an answer.
pub(in crate::app::tui) fn offer_update(state: &mut State, seeded: &str, effects: &mut Vec<Effect>) {
    let Some(spec) = ACTIONS.iter().find(|spec| spec.id == "app.update") else { return };
    match dispatch::resolve(state, spec, &Inputs::default().with_flag("apply"), Door::Palette) {
        Ok(resolved) => {
            let subject = Subject::Home { seeded: Label::new(seeded).to_string() };
            dispatch::confirm_or_dispatch(state, spec, subject, resolved, effects);
        }
        Err(why) => state.say(why, true),
    }
}

/// Opens the launch settings of an agent, once the roster was read.
pub(in crate::app::tui) fn read(state: &mut State, name: &str, settings: Result<LaunchSettings, String>) {
    match settings {
        // What is typed into something else by now, or into an earlier sheet of the same agent, is not thrown away.
        Ok(_) if state.overlay.is_some() || state.is_filtering() => {
            state.say(format!("launch settings of {name}: something else is open by now; ask again"), false);
        }
        Ok(settings) => state.overlay = Some(Overlay::Sheet(Box::new(Sheet::launch(name, settings)))),
        Err(why) => state.say(why, true),
    }
}

/// Asks for the launch settings of the selected agent.
pub(in crate::app::tui) fn ask_launch(state: &mut State, effects: &mut Vec<Effect>) {
    match hand::agent(state, "launch settings").map(|row| row.name.to_string()) {
        Ok(name) => effects.push(Effect::ReadLaunch(name)),
        Err(why) => state.say(why, true),
    }
}

/// Shows the persona of the selected agent: that of its class, or another one that it keeps.
pub(in crate::app::tui) fn show_persona(state: &mut State, effects: &mut Vec<Effect>) {
    let row = hand::row(state).filter(|row| row.managed);
    let class = row.and_then(|row| row.persona.clone().or_else(|| row.class.clone()));
    let Some(class) = class else {
        return state.say("persona: no agent of the roster is selected".to_owned(), true);
    };
    match dispatch::resolve_request(state, "persona.show", &Inputs::default().with("class", vec![class])) {
        Ok((command, request)) => {
            let sent = state.request(command);
            dispatch::send(state, sent, request, effects);
        }
        Err(why) => state.say(why, true),
    }
}

fn text(state: &mut State) -> Option<&mut TextInput> {
    match &mut state.overlay {
        Some(Overlay::Sheet(sheet)) if sheet.saving.is_none() => match sheet.entries.get_mut(sheet.focus) {
            Some(Entry { value: Value::Typed(line), .. }) => Some(line),
            _ => None,
        },
        _ => None,
    }
}

/// Goes to a question and to the place in what is typed there, or takes a choice.
fn click(state: &mut State, line: usize, typed: Option<Typed>) {
    let Some(part) = present::sheet::part_at(state, line) else { return };
    let Some(Overlay::Sheet(sheet)) = &mut state.overlay else { return };
    if sheet.saving.is_some() {
        return;
    }
    sheet.leaving = false;
    match part {
        Part::Question(at) => {
            sheet.focus = at;
            if let Some(Value::Typed(input)) = sheet.entries.get_mut(at).map(|entry| &mut entry.value) {
                go_to(input, 1, 0, typed);
            }
        }
        Part::Choice(at, choice) => {
            sheet.focus = at;
            if let Some(Value::OneOf(choices, marked)) = sheet.entries.get_mut(at).map(|entry| &mut entry.value) {
                *marked = choice.min(choices.len().saturating_sub(1));
            }
        }
    }
}

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let Some(Overlay::Sheet(sheet)) = &mut state.overlay else { return };
    if sheet.saving.is_some() {
        if key.code == KeyCode::Esc {
            held::detach(state);
        }
        return;
    }
    let last = sheet.entries.len().saturating_sub(1);
    // Any other key takes the first Esc back.
    let was_leaving = std::mem::take(&mut sheet.leaving);
    let at_choice = matches!(sheet.entries.get(sheet.focus), Some(Entry { value: Value::OneOf(..), .. }));
    match key.code {
        // Where a text is typed it is a letter.
        KeyCode::Char('q') if at_choice => leave(state, was_leaving),
        KeyCode::Esc => leave(state, was_leaving),
        KeyCode::Tab => sheet.focus = if sheet.focus == last { 0 } else { sheet.focus + 1 },
        KeyCode::BackTab => sheet.focus = if sheet.focus == 0 { last } else { sheet.focus - 1 },
        // A first fleet is asked for question by question; settings are saved from each of them.
        KeyCode::Enter if !sheet.is_launch() && sheet.focus < last => sheet.focus += 1,
        KeyCode::Enter => begin(state, effects),
        _ => answer(sheet, key),
    }
}

/// Closes it; what is typed is dropped only when that is said twice.
fn leave(state: &mut State, was_leaving: bool) {
    let Some(Overlay::Sheet(sheet)) = &mut state.overlay else { return };
    let typed = sheet.entries.iter().any(|entry| matches!(entry.value, Value::Typed(_)) && entry.is_changed());
    if typed && !was_leaving {
        sheet.leaving = true;
        sheet.notice = Some("Esc again drops what you typed".to_owned());
    } else {
        state.overlay = None;
    }
}

/// Changes the answer under the cursor, or leaves it for the next one.
fn answer(sheet: &mut Sheet, key: KeyEvent) {
    let last = sheet.entries.len().saturating_sub(1);
    let Some(entry) = sheet.entries.get_mut(sheet.focus) else { return };
    let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    let (earlier, later) = match &mut entry.value {
        Value::Typed(line) => {
            let taken = line.press(key);
            (!taken && key.code == KeyCode::Up, !taken && key.code == KeyCode::Down)
        }
        Value::OneOf(choices, at) if plain => match key.code {
            KeyCode::Down | KeyCode::Right | KeyCode::Char('j' | 'l' | ' ') => {
                let end = *at + 1 >= choices.len();
                *at = (*at + 1).min(choices.len().saturating_sub(1));
                (false, end && key.code == KeyCode::Down)
            }
            KeyCode::Up | KeyCode::Left | KeyCode::Char('k' | 'h') => {
                let start = *at == 0;
                *at = at.saturating_sub(1);
                (start && key.code == KeyCode::Up, false)
            }
            _ => (false, false),
        },
        Value::OneOf(..) => (false, false),
    };
    sheet.focus = match (earlier, later) {
        (true, _) => sheet.focus.saturating_sub(1),
        (_, true) => (sheet.focus + 1).min(last),
        _ => sheet.focus,
    };
}

/// Begins with what a sheet asks for, or goes on where it was refused.
fn begin(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Sheet(sheet)) = &mut state.overlay else { return };
    // Steps that are left are those behind one that was refused: what is done
    // already is not done again.
    if sheet.next.is_empty() {
        sheet.next = match &sheet.about {
            About::FirstFleet { examples } => {
                let is_example = examples.iter().any(|name| name == sheet.answer("kind"));
                let mut steps = VecDeque::from([Step::Roster { is_example }, Step::Identity, Step::Start]);
                // Whoever gives no name is addressed by the login's.
                if sheet.answer("you").is_empty() {
                    sheet.notice = Some("type how your agents address you".to_owned());
                    steps.clear();
                }
                steps
            }
            // An edit without a field would rewrite the roster for nothing.
            About::Launch(_) if !sheet.entries.iter().any(Entry::is_changed) => {
                state.overlay = None;
                return state.say("nothing was changed".to_owned(), false);
            }
            About::Launch(_) => VecDeque::from([Step::Fields]),
        };
    }
    let Some(mut sheet) = taken(state) else { return };
    send(state, &mut sheet, effects);
    state.overlay = Some(Overlay::Sheet(sheet));
}

fn taken(state: &mut State) -> Option<Box<Sheet>> {
    match state.overlay.take_if(|open| matches!(open, Overlay::Sheet(_))) {
        Some(Overlay::Sheet(sheet)) => Some(sheet),
        _ => None,
    }
}

/// Sends the next step of a sheet.
fn send(state: &mut State, sheet: &mut Sheet, effects: &mut Vec<Effect>) {
    let Some(step) = sheet.next.front() else { return };
    let (id, inputs) = sheet.asked(step);
    match dispatch::resolve_request(state, id, &inputs) {
        Ok((command, request)) => {
            sheet.notice = None;
            let sent = state.request(command);
            sheet.saving = Some((sent.id, sent.command.clone()));
            effects.push(Effect::Run { sent, request });
        }
        Err(why) => sheet.notice = Some(why),
    }
}

/// Takes the answer to a step of a sheet, open or left: the next step follows. Whether it was one.
pub(in crate::app::tui) fn took(state: &mut State, sent: &Sent, report: &Report, effects: &mut Vec<Effect>) -> bool {
    let is_its = |open: &Overlay| matches!(open, Overlay::Sheet(_)) && open.sent() == Some(sent.id);
    let left = state.detached.iter().position(is_its);
    let is_open = state.overlay.as_ref().is_some_and(is_its);
    let more = |overlay: &Overlay| matches!(overlay, Overlay::Sheet(sheet) if sheet.next.len() > 1);
    let has_more = match left {
        Some(at) => more(&state.detached[at]),
        None => is_open && state.overlay.as_ref().is_some_and(more),
    };
    // Only where it is still open: whoever left it is told, and asked nothing in the
    // middle of something else.
    let offers_restart = is_open && report.code == DONE && !has_more;
    if report.code != DONE || !(has_more || offers_restart) {
        // Refused, or the last one of those that were left: told like every other answer.
        return false;
    }
    state.running.retain(|running| running.sent.id != sent.id);
    let at_left = left.map(|at| state.detached.remove(at));
    let Some(Overlay::Sheet(mut sheet)) = at_left.or_else(|| state.overlay.take()) else { return false };
    sheet.saving = None;
    sheet.next.pop_front();
    sheet.done.extend(report.text.lines().next().map(str::to_owned));
    if has_more {
        send(state, &mut sheet, effects);
        match left {
            Some(_) => state.detached.push(Overlay::Sheet(sheet)),
            None => state.overlay = Some(Overlay::Sheet(sheet)),
        }
        return true;
    }
    match sheet.about {
        About::FirstFleet { .. } => {
            let agents = report.text.lines().count();
            state.say(format!("your fleet is made, and {agents} agents are started"), false);
        }
        About::Launch(name) => offer_restart(state, &name, report, effects),
    }
    true
}

/// Offers to restart the one agent whose settings were changed, if it runs.
fn offer_restart(state: &mut State, name: &str, report: &Report, effects: &mut Vec<Effect>) {
    // One that does not run starts with the new settings anyway.
    let runs = state.row_named(name).is_some_and(|row| row.pane.as_ref().is_some_and(|pane| !pane.dead));
    let restart = ACTIONS.iter().find(|spec| spec.id == "fleet.restart").filter(|_| runs);
    let Some(spec) = restart else { return state.say(report.text.clone(), false) };
    let inputs = Inputs::default().with("agents", vec![name.to_owned()]);
    match dispatch::resolve(state, spec, &inputs, Door::Palette) {
        Ok(resolved) => {
            let subject = Subject::Agents(vec![name.to_owned()]);
            dispatch::confirm_or_dispatch(state, spec, subject, resolved, effects);
        }
        Err(why) => state.say(why, true),
    }
}
