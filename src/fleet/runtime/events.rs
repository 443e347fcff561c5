//! What an event says that a runtime's hook hands over: rules as data. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::fleet::model::HeartbeatStatus;

/// What an event says of its runtime.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// Its state.
    pub status: HeartbeatStatus,
    /// Details, where there are any.
    pub detail: Option<String>,
    /// The prompt that it took, as it was submitted.
    pub prompt: Option<String>,
}

/// One rule about an event, which is a JSON object.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventRule {
    /// Fields that have one of these values.
    #[serde(rename = "where")]
    fields: BTreeMap<String, Vec<String>>,
    /// Fields that hold this text.
    #[serde(default)]
    within: BTreeMap<String, String>,
    /// The state that it tells.
    status: HeartbeatStatus,
    /// What is said with it; `{}` in it stands for the field of `detail_from`.
    detail: Option<String>,
    /// The field with what is said, or with what stands for `{}`.
    detail_from: Option<String>,
    /// The field with the prompt that it took: a text, or a list whose last text it is.
    prompt_from: Option<String>,
}

impl EventRule {
    fn matches(&self, event: &Value) -> bool {
        let text = |field: &String| event[field].as_str();
        self.fields
            .iter()
            .all(|(field, values)| text(field).is_some_and(|text| values.iter().any(|value| value == text)))
            && self.within.iter().all(|(field, part)| text(field).is_some_and(|text| text.contains(part)))
    }

    fn said(&self, event: &Value) -> Said {
        let from_event = self.detail_from.as_ref().and_then(|field| event[field].as_str()).map(str::to_owned);
        let detail = match (&self.detail, from_event) {
            (Some(detail), Some(field)) => Some(detail.replace("{}", &field)),
            // A sentence with a hole in it would say less than none.
            (Some(detail), None) => Some(detail.clone()).filter(|detail| !detail.contains("{}")),
            (None, field) => field,
        };
        let prompt = self.prompt_from.as_ref().map(|field| &event[field]);
        let prompt = prompt.and_then(|field| field.as_array().and_then(|all| all.last()).unwrap_or(field).as_str());
        Said { status: self.status, detail, prompt: prompt.map(str::to_owned) }
    }
}

/// What an event says by the first rule that matches; `None` when it says nothing.
#[must_use]
pub fn read_event(rules: &[EventRule], event: &Value) -> Option<Said> {
    rules.iter().find(|rule| rule.matches(event)).map(|rule| rule.said(event))
}
