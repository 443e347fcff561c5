//! Keys in the form, in a question and in a menu.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::dispatch::{resolve_request, run};
use super::{answers, board};
use crate::app::action::dispatch::{Request, Sent};
use crate::app::action::inputs::Inputs;
use crate::app::tui::effect::Effect;
use crate::app::tui::state::{Choice, Commands, Field, FieldName, Form, Line, Overlay, Prompt, Question, State};
use crate::backlog::model::{Card, CardId};

/// Takes a key in the form.
pub(super) fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = &mut state.overlay else { return };
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    if form.saving.is_some() {
        if key.code == KeyCode::Esc {
            answers::detach(state);
        }
        return;
    }
    let last = form.fields.len() - 1;
    match key.code {
        KeyCode::Esc => {
            let typed = form.editing.is_some() && !form.changed().is_empty()
                || form.editing.is_none() && form.fields.iter().any(is_typed);
            if typed && !form.leaving {
                form.leaving = true;
                form.notice = Some("Esc again drops what you typed".to_owned());
            } else {
                state.overlay = None;
            }
        }
        KeyCode::Char('r') if control => form.take_newer(),
        KeyCode::Tab => form.focus = if form.focus == last { 0 } else { form.focus + 1 },
        KeyCode::BackTab => form.focus = if form.focus == 0 { last } else { form.focus - 1 },
        KeyCode::Enter if !key.modifiers.contains(KeyModifiers::ALT) => save(state, effects),
        KeyCode::Char('s') if control => save(state, effects),
        code => {
            form.leaving = false;
            let taken = form.fields.get_mut(form.focus).is_some_and(|field| field.line.press(key));
            match code {
                KeyCode::Up if !taken => form.focus = form.focus.saturating_sub(1),
                KeyCode::Down if !taken => form.focus = (form.focus + 1).min(last),
                _ => {}
            }
        }
    }
}

/// Whether a field of a new card holds more than what it began with.
fn is_typed(field: &Field) -> bool {
    !matches!(field.name, FieldName::Priority | FieldName::Phase) && !field.line.text.is_empty()
}

/// Takes pasted text; what does not fit is said.
pub(super) fn paste(state: &mut State, text: &str) {
    let line = match &mut state.overlay {
        Some(Overlay::Form(form)) if form.saving.is_none() => {
            form.fields.get_mut(form.focus).map(|field| &mut field.line)
        }
        Some(Overlay::Prompt(prompt)) if prompt.sending.is_none() => Some(&mut prompt.line),
        Some(Overlay::Palette(palette)) => Some(&mut palette.line),
        _ => None,
    };
    let cut = line.map_or(0, |line| line.insert(text));
    tell_cut(state, cut);
}

/// Says that a paste did not fit.
pub(super) fn tell_cut(state: &mut State, cut: usize) {
    if cut > 0 {
        super::toast(state, format!("the paste was cut: {cut} characters did not fit"), true);
    }
}

/// Sends what was changed, tied to the version that was edited.
fn save(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Form(form)) = &mut state.overlay else { return };
    let inputs = inputs(form);
    if form.editing.is_some() && form.changed().is_empty() {
        state.overlay = None;
        return super::toast(state, "nothing was changed".to_owned(), false);
    }
    let spec = if form.editing.is_some() { "backlog.edit" } else { "backlog.create" };
    let asked = resolve_request(state, spec, &inputs);
    let Some(Overlay::Form(form)) = &mut state.overlay else { return };
    match asked {
        Ok((command, request)) => {
            form.notice = None;
            let sent = state.request(command);
            if let Some(Overlay::Form(form)) = &mut state.overlay {
                form.saving = Some(sent.id);
            }
            effects.push(Effect::Run { sent, request });
        }
        Err(why) => form.notice = Some(in_its_words(form, why)),
    }
}

/// What is wrong, with the names that the form's fields have on the screen instead of those of the command line.
fn in_its_words(form: &Form, why: String) -> String {
    let named = |why: String, field: &Field| why.replace(&format!("--{}", field.name.argument()), field.name.label());
    form.fields.iter().fold(why, named)
}

fn inputs(form: &Form) -> Inputs {
    let mut inputs = Inputs::default();
    if let Some((id, version)) = &form.editing {
        inputs = inputs.with("id", vec![id.to_string()]).with("if-version", vec![version.to_string()]);
    }
    for field in form.changed() {
        inputs = inputs.with(field.name.argument(), vec![field.line.text.trim_end().to_owned()]);
    }
    inputs
}

/// Takes a key in a question.
pub(super) fn press_prompt(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(prompt)) = &mut state.overlay else { return };
    if prompt.sending.is_some() {
        if key.code == KeyCode::Esc {
            answers::detach(state);
        }
        return;
    }
    match key.code {
        KeyCode::Esc => {
            // What was typed to an agent is not lost by a slip of the finger.
            if prompt.is_message() && !prompt.line.text.trim().is_empty() {
                state.messages.push(prompt.line.text.trim());
                super::toast(state, "kept: Up in the next message brings it back".to_owned(), false);
            }
            state.overlay = None;
        }
        KeyCode::Enter if !key.modifiers.contains(KeyModifiers::ALT) => {
            let prompt_about = prompt.about.clone();
            let (spec, inputs) = match asked(prompt) {
                Ok(asked) => asked,
                Err(why) => {
                    prompt.notice = Some(why);
                    return;
                }
            };
            match resolve_request(state, spec, &inputs) {
                Ok((command, request)) => {
                    let sent = state.request(command);
                    if let Question::Broadcast(names) = &prompt_about {
                        state.messages.push(&inputs.one("message").unwrap_or_default());
                        state.overlay = Some(Overlay::confirm(sent, names.clone(), request));
                        return;
                    }
                    if matches!(&prompt_about, Question::Message(_)) {
                        state.messages.push(&inputs.one("message").unwrap_or_default());
                        if let Some(Overlay::Prompt(prompt)) = &mut state.overlay {
                            prompt.sending = Some(sent.id);
                            prompt.notice = None;
                        }
                        effects.push(Effect::Run { sent, request });
                        return;
                    }
                    let parked = match prompt_about {
                        Question::BlockReason(id) => state.owner_of(&id).map(|owner| (id, owner)),
                        _ => None,
                    };
                    if let Some(Overlay::Prompt(prompt)) = &mut state.overlay {
                        prompt.sending = Some(sent.id);
                    }
                    answers::detach(state);
                    match parked {
                        Some((id, owner)) => confirm(state, sent, request, &id, Some(owner)),
                        None => run(state, sent, request, effects),
                    }
                }
                Err(why) => {
                    if let Some(Overlay::Prompt(prompt)) = &mut state.overlay {
                        prompt.notice = Some(why);
                    }
                }
            }
        }
        _ => {
            let taken = prompt.line.press(key);
            if !taken && prompt.is_message() {
                let control = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Up => recall(prompt, &state.messages, true),
                    KeyCode::Char('p') if control => recall(prompt, &state.messages, true),
                    KeyCode::Down => recall(prompt, &state.messages, false),
                    KeyCode::Char('n') if control => recall(prompt, &state.messages, false),
                    _ => {}
                }
            }
        }
    }
}

/// Puts an earlier text, or a later one, in the place of what is typed, which comes back behind the latest.
fn recall(prompt: &mut Prompt, messages: &Commands, earlier: bool) {
    let back = if earlier { prompt.back + 1 } else { prompt.back.saturating_sub(1) };
    if prompt.back == 0 {
        prompt.typed.clone_from(&prompt.line.text);
    }
    let text = if back == 0 { Some(prompt.typed.as_str()) } else { messages.back(back) };
    if let Some(text) = text.filter(|_| back != prompt.back) {
        prompt.line = Line::new(text, true);
        prompt.back = back;
    }
}

/// Asks before somebody's work on a card is ended.
fn confirm(state: &mut State, sent: Sent, request: Request, id: &CardId, owner: Option<String>) {
    let target = match owner {
        Some(owner) => format!("{id} (held by {owner})"),
        None => id.to_string(),
    };
    state.overlay = Some(Overlay::confirm(sent, vec![target], request));
}

fn asked(prompt: &Prompt) -> Result<(&'static str, Inputs), String> {
    let text = prompt.line.text.trim();
    let with = |name: &'static str, value: &str| Inputs::default().with(name, vec![value.to_owned()]);
    Ok(match &prompt.about {
        Question::BlockReason(_) if text.is_empty() => return Err("say in one line why it is parked".to_owned()),
        Question::BlockReason(id) => ("backlog.block", with("id", id.as_str()).with("reason", vec![text.to_owned()])),
        Question::Message(name) if text.is_empty() => return Err(format!("nothing is typed yet for {name}")),
        Question::Broadcast(_) if text.is_empty() => return Err("nothing is typed yet".to_owned()),
        Question::Broadcast(names) => ("agent.broadcast", with("message", text).with("agents", names.clone())),
        Question::Message(name) => ("agent.send", with("name", name).with("message", vec![text.to_owned()])),
        Question::LinkTo(id) => {
            if text.is_empty() {
                return Err("type the id of a card".to_owned());
            }
            match text.strip_prefix('!') {
                Some(to) => ("backlog.unlink", with("from", id.as_str()).with("to", vec![to.trim().to_owned()])),
                None => ("backlog.link", with("from", id.as_str()).with("to", vec![text.to_owned()])),
            }
        }
    })
}

/// Takes a key in a menu.
pub(super) fn press_menu(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    if key.code == KeyCode::Enter && !state.shows_mark() {
        return super::toast(state, "the marked line was not shown yet; look, and press it again".to_owned(), true);
    }
    let Some(Overlay::Menu(menu)) = &mut state.overlay else { return };
    let last = menu.items.len().saturating_sub(1);
    match key.code {
        KeyCode::Esc | KeyCode::Char('q') => state.overlay = None,
        KeyCode::Down | KeyCode::Char('j') | KeyCode::Tab => menu.at = (menu.at + 1).min(last),
        KeyCode::Up | KeyCode::Char('k') | KeyCode::BackTab => menu.at = menu.at.saturating_sub(1),
        KeyCode::Home | KeyCode::Char('g') => menu.at = 0,
        KeyCode::End | KeyCode::Char('G') => menu.at = last,
        KeyCode::Enter => {
            let Some((_, choice)) = menu.items.get(menu.at).cloned() else { return };
            // The board below may have moved since.
            let card = menu.card.clone();
            state.overlay = None;
            match choice {
                Choice::Ask(question) => board::question(state, question),
                Choice::Owner(id) => board::owners(state, &id),
                Choice::Run { command, request, asks: true } => {
                    let owner = state.owner_of(&card);
                    let sent = state.request(command);
                    confirm(state, sent, *request, &card, owner);
                }
                Choice::Run { command, request, asks: false } => {
                    let sent = state.request(command);
                    run(state, sent, *request, effects);
                }
            }
        }
        _ => {}
    }
}

/// Takes what the operator's editor left: it goes through the form, so that nothing typed is lost when
/// the card changed meanwhile.
pub(super) fn edited(
    state: &mut State,
    card: &Card,
    text: Result<Vec<(FieldName, String)>, String>,
    effects: &mut Vec<Effect>,
) {
    match text {
        Err(text) => {
            let command = format!("edit {}", card.id);
            state.overlay =
                Some(Overlay::Answer { title: "failed".to_owned(), command, text, failed: true, scroll: 0 });
        }
        Ok(values) => {
            let mut form = Form::edit(card);
            form.type_in(values);
            state.overlay = Some(Overlay::Form(Box::new(form)));
            save(state, effects);
        }
    }
}
