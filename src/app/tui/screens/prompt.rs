//! A question with a line to type: a reason, another card, a text to agents.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::app::action::dispatch::{Request, Sent};
use crate::app::tui::effect::Effect;
use crate::app::tui::present::prompt::AREA_LINES;
use crate::app::tui::present::typed::go_to;
use crate::app::tui::screens::parts::PopupParts;
use crate::app::tui::screens::{dispatch, held};
use crate::app::tui::state::State;
use crate::app::tui::state::confirm::{Behind, Confirm, Subject};
use crate::app::tui::state::input_history::InputHistory;
use crate::app::tui::state::prompt::{Prompt, Question};
use crate::app::tui::state::screen::Overlay;
use crate::app::tui::state::text_input::{Lines, TextInput};
use crate::backlog::model::CardId;
use crate::ui::hit::Typed;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: Some(click), text: Some(text) };

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

/// Goes to the place in the text.
fn click(state: &mut State, line: usize, typed: Option<Typed>) {
    if let Some(input) = text(state) {
        go_to(input, AREA_LINES, line, typed);
    }
}

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let Some(Overlay::Prompt(prompt)) = &mut state.overlay else { return };
    // What is on its way can be neither edited nor sent twice; it can only be left alone.
    if prompt.sending.is_some() {
        if key.code == KeyCode::Esc {
            held::detach(state);
        }
        return;
    }
    match key.code {
        KeyCode::Esc => {
            // What was typed to an agent is not lost by a slip of the finger.
            if prompt.is_message() && !prompt.line.text.trim().is_empty() {
                state.messages.push(prompt.line.text.trim());
                state.say("kept: Up in the next message brings it back".to_owned(), false);
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
    let text = prompt.line.text.trim().to_owned();
    let resolved = prompt.asked().and_then(|(id, all)| {
        all.iter().map(|inputs| dispatch::resolve_request(state, id, inputs)).collect::<Result<Vec<_>, String>>()
    });
    match resolved {
        Ok(all) => {
            let mut all = all.into_iter().map(|(command, request)| (state.request(command), request));
            let Some((sent, request)) = all.next() else { return };
            let more: Vec<(Sent, Request)> = all.collect();
            send(state, about, &text, (sent, request, more), effects);
        }
        Err(why) => {
            if let Some(Overlay::Prompt(prompt)) = &mut state.overlay {
                prompt.notice = Some(why);
            }
        }
    }
}

fn send(
    state: &mut State,
    about: Question,
    text: &str,
    (sent, request, more): (Sent, Request, Vec<(Sent, Request)>),
    effects: &mut Vec<Effect>,
) {
    if let Some(Overlay::Prompt(prompt)) = &mut state.overlay {
        prompt.sending = Some(sent.id);
        prompt.notice = None;
    }
    if let Question::Broadcast(names) = about {
        // Kept before it is sent: refused or lost, Up brings it back.
        state.messages.push(text);
        let confirm = Confirm::new(sent, "Write to", Subject::Agents(names), request).of(behind(state));
        state.overlay = Some(Overlay::Confirm(confirm));
        return;
    }
    if matches!(about, Question::Message(_)) {
        // It stays open: its receipt says whether the text arrived.
        state.messages.push(text);
        effects.push(Effect::Run { sent, request });
        return;
    }
    if let Question::BlockReason(ids) = about
        && ids.iter().any(|id| state.owner_of(id).is_some())
    {
        // Parking a card ends the claim on it.
        let owned = |id: &CardId| (id.to_string(), state.owner_of(id));
        let mut cards: Vec<(String, Option<String>)> = ids.iter().map(owned).collect();
        let subject = match cards.pop() {
            Some((id, owner)) if cards.is_empty() => Subject::Card { id, owner },
            last => Subject::Cards(cards.into_iter().chain(last).collect()),
        };
        let confirm = Confirm::new(sent, "Block", subject, request).of(behind(state));
        state.overlay = Some(Overlay::Confirm(Confirm { more, ..confirm }));
        return;
    }
    // Put aside and not closed: what was typed comes back with the reason when it is refused, for those of several that do.
    held::detach(state);
    if !more.is_empty() {
        state.begin_together(
            std::iter::once(&sent).chain(more.iter().map(|(sent, _)| sent)).map(|sent| sent.id).collect(),
        );
    }
    dispatch::send(state, sent, request, effects);
    for (sent, request) in more {
        dispatch::send(state, sent, request, effects);
    }
}

/// Takes the prompt away, for the question that stands before what was typed is sent.
fn behind(state: &mut State) -> Option<Behind> {
    match state.overlay.take() {
        Some(Overlay::Prompt(prompt)) => Some(Behind::Prompt(prompt)),
        _ => None,
    }
}

/// Puts an earlier text, or a later one, in the place of what is typed, which comes back behind the latest.
fn recall(prompt: &mut Prompt, messages: &InputHistory, earlier: bool) {
    let back = if earlier { prompt.back + 1 } else { prompt.back.saturating_sub(1) };
    // What was being typed is kept only when one leaves it, not with each step further back.
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
}
