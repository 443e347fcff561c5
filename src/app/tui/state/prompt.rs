//! A question with a line to type: a reason, another card, a text to agents.

use crate::app::action::dispatch::RequestId;
use crate::app::action::inputs::Inputs;
use crate::app::tui::state::text_input::{Lines, TextInput};
use crate::backlog::model::CardId;

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
    /// Why these cards are parked.
    BlockReason(Vec<CardId>),
    /// On which card these depend.
    LinkTo(Vec<CardId>),
    /// What to tell this agent.
    Message(String),
    /// What to tell these agents.
    Broadcast(Vec<String>),
    /// Why the fleet is paused.
    Pause,
}

impl Question {
    /// Asks it of these cards alone, by their places among those that it was asked of.
    pub(in crate::app::tui) fn narrow(&mut self, places: &[usize]) {
        match self {
            Self::BlockReason(ids) | Self::LinkTo(ids) => {
                let mut at = 0..;
                ids.retain(|_| at.next().is_some_and(|at| places.contains(&at)));
            }
            Self::Message(_) | Self::Broadcast(_) | Self::Pause => {}
        }
    }
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

    /// The entry that it becomes, and its inputs: once, or once for each card.
    pub(in crate::app::tui) fn asked(&self) -> Result<(&'static str, Vec<Inputs>), String> {
        let text = self.line.text.trim();
        let with = |name: &'static str, value: &str| Inputs::default().with(name, vec![value.to_owned()]);
        let each = |ids: &[CardId], of: &'static str, name: &'static str, value: &str| -> Vec<Inputs> {
            ids.iter().map(|id| with(of, id.as_str()).with(name, vec![value.to_owned()])).collect()
        };
        Ok(match &self.about {
            Question::BlockReason(_) if text.is_empty() => return Err("say in one line why it is parked".to_owned()),
            Question::BlockReason(ids) => ("backlog.block", each(ids, "id", "reason", text)),
            Question::Message(name) if text.is_empty() => return Err(format!("nothing is typed yet for {name}")),
            Question::Broadcast(_) if text.is_empty() => return Err("nothing is typed yet".to_owned()),
            Question::Broadcast(names) => {
                ("agent.broadcast", vec![with("message", text).with("agents", names.clone())])
            }
            Question::Message(name) => ("agent.send", vec![with("name", name).with("message", vec![text.to_owned()])]),
            // Whoever stops everything in a hurry need not say why.
            Question::Pause if text.is_empty() => ("fleet.pause", vec![Inputs::default()]),
            Question::Pause => ("fleet.pause", vec![with("reason", text)]),
            Question::LinkTo(_) if text.is_empty() => return Err("type the id of a card".to_owned()),
            // No id of a card can begin so.
            Question::LinkTo(ids) => match text.strip_prefix('!') {
                Some(to) => ("backlog.unlink", each(ids, "from", "to", to.trim())),
                None => ("backlog.link", each(ids, "from", "to", text)),
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_becomes_the_command_of_its_kind() {
        let card = || vec![CardId::parse("A1").unwrap()];
        let asked = |about: Question, text: &str| {
            let prompt = Prompt { line: TextInput::line(text), ..Prompt::new(about) };
            prompt.asked().map(|(id, all)| {
                assert_eq!(all.len(), 1);
                (id, all[0].one("to").or(all[0].one("message")).or(all[0].one("reason")))
            })
        };
        let some = |id, text: &str| Ok((id, Some(text.to_owned())));
        assert_eq!(asked(Question::BlockReason(card()), " no key "), some("backlog.block", "no key"));
        assert_eq!(asked(Question::LinkTo(card()), "B1"), some("backlog.link", "B1"));
        assert_eq!(asked(Question::LinkTo(card()), "! B1"), some("backlog.unlink", "B1"));
        assert_eq!(asked(Question::Message("a".into()), "go on"), some("agent.send", "go on"));
        assert_eq!(asked(Question::Broadcast(vec!["a".into()]), "all"), some("agent.broadcast", "all"));
        let both = Question::LinkTo(vec![CardId::parse("A1").unwrap(), CardId::parse("B2").unwrap()]);
        let (id, all) = Prompt { line: TextInput::line("C3"), ..Prompt::new(both) }.asked().unwrap();
        let from: Vec<_> = all.iter().map(|inputs| (inputs.one("from").unwrap(), inputs.one("to").unwrap())).collect();
        assert_eq!(
            (id, from),
            ("backlog.link", [("A1", "C3"), ("B2", "C3")].map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec())
        );
        for about in [Question::LinkTo(card()), Question::Message("a".into()), Question::Broadcast(Vec::new())] {
            assert!(asked(about.clone(), "  ").is_err(), "{about:?} with nothing typed");
        }
    }
}
