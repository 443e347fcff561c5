//! A question with a line to type: a reason, another card, a text to agents.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::confirm::{Confirm, Subject};
use super::{Overlay, PopupParts};
use crate::app::action::dispatch::{Request, RequestId, Sent};
use crate::app::action::inputs::Inputs;
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::state::{InputHistory, Lines, State, TextInput};
use crate::app::tui::update::{answers, dispatch, toast};
use crate::backlog::model::CardId;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, text: Some(text), draw: present::prompt::popup };

/// A question with a line to type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What is asked.
    pub about: Question,
    /// What is typed.
    pub line: TextInput,
    /// What was wrong with it.
    pub notice: Option<String>,
    /// The request that is being sent; the text stays until it has arrived.
    pub sending: Option<RequestId>,
    /// How far back in the history the text came from; 0 is none of it.
    pub back: usize,
    /// What was typed before the history was looked into.
    pub typed: String,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Why this card is parked.
    BlockReason(CardId),
    /// On which card this one depends.
    LinkTo(CardId),
    /// What to tell this agent.
    Message(String),
    /// What to tell these agents.
    Broadcast(Vec<String>),
    /// Why the fleet is paused.
    Pause,
}

impl Prompt {
    /// A question with nothing typed yet.
    #[must_use]
    pub fn new(about: Question) -> Self {
        let mut prompt =
            Self { about, line: TextInput::default(), notice: None, sending: None, back: 0, typed: String::new() };
        if prompt.is_message() {
            prompt.line.lines = Lines::Many;
        }
        prompt
    }

    /// Whether its text goes to agents.
    #[must_use]
    pub fn is_message(&self) -> bool {
        matches!(self.about, Question::Message(_) | Question::Broadcast(_))
    }

    /// The entry that it becomes, and its inputs.
    fn asked(&self) -> Result<(&'static str, Inputs), String> {
        let text = self.line.text.trim();
        let with = |name: &'static str, value: &str| Inputs::default().with(name, vec![value.to_owned()]);
        Ok(match &self.about {
            Question::BlockReason(_) if text.is_empty() => return Err("say in one line why it is parked".to_owned()),
            Question::BlockReason(id) => {
                ("backlog.block", with("id", id.as_str()).with("reason", vec![text.to_owned()]))
            }
            Question::Message(name) if text.is_empty() => return Err(format!("nothing is typed yet for {name}")),
            Question::Broadcast(_) if text.is_empty() => return Err("nothing is typed yet".to_owned()),
            Question::Broadcast(names) => ("agent.broadcast", with("message", text).with("agents", names.clone())),
            Question::Message(name) => ("agent.send", with("name", name).with("message", vec![text.to_owned()])),
            // Whoever stops everything in a hurry need not say why.
            Question::Pause if text.is_empty() => ("fleet.pause", Inputs::default()),
            Question::Pause => ("fleet.pause", with("reason", text)),
            Question::LinkTo(_) if text.is_empty() => return Err("type the id of a card".to_owned()),
            Question::LinkTo(id) => match text.strip_prefix('!') {
                Some(to) => ("backlog.unlink", with("from", id.as_str()).with("to", vec![to.trim().to_owned()])),
                None => ("backlog.link", with("from", id.as_str()).with("to", vec![text.to_owned()])),
            },
        })
    }
}

/// Opens a question.
pub(in crate::app::tui) fn ask(state: &mut State, about: Question) {
    state.overlay = Some(Overlay::Prompt(Prompt::new(about)));
}

fn text(state: &mut State) -> Option<&mut TextInput> {
    match &mut state.overlay {
        Some(Overlay::Prompt(prompt)) if prompt.sending.is_none() => Some(&mut prompt.line),
        _ => None,
    }
}

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
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
                toast(state, "kept: Up in the next message brings it back".to_owned(), false);
            }
            state.overlay = None;
        }
        KeyCode::Enter if !key.modifiers.contains(KeyModifiers::ALT) => enter(state, effects),
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

fn enter(state: &mut State, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(prompt)) = &state.overlay else { return };
    let about = prompt.about.clone();
    let resolved = prompt.asked().and_then(|(id, inputs)| dispatch::resolve_request(state, id, &inputs));
    let text = prompt.line.text.trim().to_owned();
    match resolved {
        Ok((command, request)) => {
            let sent = state.request(command);
            send(state, about, &text, sent, request, effects);
        }
        Err(why) => {
            if let Some(Overlay::Prompt(prompt)) = &mut state.overlay {
                prompt.notice = Some(why);
            }
        }
    }
}

fn send(state: &mut State, about: Question, text: &str, sent: Sent, request: Request, effects: &mut Vec<Effect>) {
    if let Question::Broadcast(names) = about {
        state.messages.push(text);
        state.overlay = Some(Overlay::Confirm(Confirm::new(sent, "Write to", Subject::Agents(names), request)));
        return;
    }
    if let Some(Overlay::Prompt(prompt)) = &mut state.overlay {
        prompt.sending = Some(sent.id);
        prompt.notice = None;
    }
    if matches!(about, Question::Message(_)) {
        // It stays open: its receipt says whether the text arrived.
        state.messages.push(text);
        effects.push(Effect::Run { sent, request });
        return;
    }
    answers::detach(state);
    match about {
        // Parking a card ends the claim on it.
        Question::BlockReason(id) if state.owner_of(&id).is_some() => {
            let subject = Subject::Card { id: id.to_string(), owner: state.owner_of(&id) };
            state.overlay = Some(Overlay::Confirm(Confirm::new(sent, "Block", subject, request)));
        }
        _ => dispatch::send(state, sent, request, effects),
    }
}

/// Puts an earlier text, or a later one, in the place of what is typed, which comes back behind the latest.
fn recall(prompt: &mut Prompt, messages: &InputHistory, earlier: bool) {
    let back = if earlier { prompt.back + 1 } else { prompt.back.saturating_sub(1) };
    if prompt.back == 0 {
        prompt.typed.clone_from(&prompt.line.text);
    }
    let text = if back == 0 { Some(prompt.typed.as_str()) } else { messages.back(back) };
    if let Some(text) = text.filter(|_| back != prompt.back) {
        prompt.line = TextInput::new(text, Lines::Many);
        prompt.back = back;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earlier_texts_come_back_and_what_was_typed_behind_them() {
        let mut messages = InputHistory::default();
        messages.push("first");
        messages.push("second");
        let mut prompt = Prompt::new(Question::Message("a".to_owned()));
        prompt.line = TextInput::new("typed", Lines::Many);
        let mut shown = Vec::new();
        for earlier in [true, true, true, false, false, false] {
            recall(&mut prompt, &messages, earlier);
            shown.push(prompt.line.text.clone());
        }
        assert_eq!(shown, ["second", "first", "first", "second", "typed", "typed"]);
    }

    #[test]
    fn each_question_becomes_the_command_of_its_kind() {
        let card = || CardId::parse("A1").unwrap();
        let asked = |about: Question, text: &str| {
            let prompt = Prompt { line: TextInput::line(text), ..Prompt::new(about) };
            prompt.asked().map(|(id, inputs)| (id, inputs.one("to").or(inputs.one("message")).or(inputs.one("reason"))))
        };
        let some = |id, text: &str| Ok((id, Some(text.to_owned())));
        assert_eq!(asked(Question::BlockReason(card()), " no key "), some("backlog.block", "no key"));
        assert_eq!(asked(Question::LinkTo(card()), "B1"), some("backlog.link", "B1"));
        assert_eq!(asked(Question::LinkTo(card()), "! B1"), some("backlog.unlink", "B1"));
        assert_eq!(asked(Question::Message("a".into()), "go on"), some("agent.send", "go on"));
        assert_eq!(asked(Question::Broadcast(vec!["a".into()]), "all"), some("agent.broadcast", "all"));
        for about in [Question::LinkTo(card()), Question::Message("a".into()), Question::Broadcast(Vec::new())] {
            assert!(asked(about.clone(), "  ").is_err(), "{about:?} with nothing typed");
        }
    }
}
