//! The result of an action, the same for every door: text, JSON, exit code.

use serde::Serialize;
use serde_json::Value;

use super::Action;
use super::error;
use super::error::DONE;
use crate::fleet::error::Failure;

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
        }
    }

    /// The same answer, with what takes it back.
    #[must_use]
    pub fn with_undo(mut self, undo: Option<Action>) -> Self {
        self.undo = undo.map(Box::new);
        self
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
        }
    }
}
