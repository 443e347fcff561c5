//! The result of an action, the same for every door: text, JSON, exit code.

use std::ops::Range;

use serde::Serialize;
use serde_json::Value;

use super::Action;
use super::error;
use super::error::DONE;
use crate::backlog::model::{Card, CardId};
use crate::fleet::error::Failure;

/// What an action changed, where the history of the fleet says more of that than what was asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Changed {
    /// What was asked for.
    #[default]
    Asked,
    /// Nothing: it was so already, or there was nothing to do it to.
    Nothing,
    /// One card, which has this version now.
    Card(CardId, i64),
    /// These agents were stopped.
    Stopped(Vec<Stopped>),
}

/// An agent that was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Its name.
    pub name: String,
    /// Its tenant.
    pub tenant_id: String,
    /// Its host.
    pub host: String,
}

/// What an action answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// For people, without a trailing newline.
    pub text: String,
    /// For programs.
    pub json: Value,
    /// Exit code.
    pub code: u8,
    /// What failed beside what was done, one line each; a command says it on stderr.
    pub errors: Vec<String>,
    /// What takes it back, when something does.
    pub undo: Option<Box<Action>>,
    /// What was changed.
    pub changed: Changed,
    /// Lines of the text that are Markdown: a screen breaks them anew.
    pub markdown: Range<usize>,
}

impl Report {
    /// A successful answer.
    pub fn done(text: impl Into<String>, json: &impl Serialize) -> Self {
        Self {
            text: text.into(),
            json: serde_json::to_value(json).unwrap_or(Value::Null),
            code: DONE,
            errors: Vec::new(),
            undo: None,
            changed: Changed::Asked,
            markdown: 0..0,
        }
    }

    /// A successful answer about a card that was changed, or was so already.
    pub fn of_card(text: impl Into<String>, card: &Card) -> Self {
        Self { changed: Changed::Card(card.id, card.version), ..Self::done(text, card) }
    }

    /// A successful answer where nothing was to be changed.
    pub fn nothing(text: impl Into<String>, json: &impl Serialize) -> Self {
        Self { changed: Changed::Nothing, ..Self::done(text, json) }
    }

    /// The same answer, with what takes it back.
    #[must_use]
    pub fn with_undo(mut self, undo: Option<Action>) -> Self {
        self.undo = undo.map(Box::new);
        self
    }

    /// The same answer, whose text is Markdown.
    #[must_use]
    pub fn in_markdown(self) -> Self {
        self.with_markdown(0..usize::MAX)
    }

    /// The same answer, of whose text these lines are Markdown.
    #[must_use]
    pub fn with_markdown(self, of: Range<usize>) -> Self {
        Self { markdown: of, ..self }
    }

    /// The same answer with another exit code.
    #[must_use]
    pub fn with_code(mut self, code: u8) -> Self {
        self.code = code;
        self
    }

    /// A failure as an answer, for the dashboard.
    #[must_use]
    pub fn failed(failure: &Failure) -> Self {
        Self {
            text: failure.to_string(),
            json: serde_json::json!({ "error": failure.to_string() }),
            code: error::exit_code(failure.kind),
            errors: Vec::new(),
            undo: None,
            changed: Changed::Asked,
            markdown: 0..0,
        }
    }
}
