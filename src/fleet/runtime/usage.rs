//! Where the figures of use stand in what a runtime hands over: paths as data. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::fleet::model::{Label, LimitFacts, UsageFacts};

/// Paths into a JSON value (RFC 6901), each to one figure.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsagePaths {
    model: Option<String>,
    session_id: Option<String>,
    input_tokens: Option<String>,
    output_tokens: Option<String>,
    cost_usd: Option<String>,
    context_used_percent: Option<String>,
    /// The paths of each limit, by the time that it is counted over.
    #[serde(default)]
    limits: BTreeMap<String, LimitPaths>,
}

/// Paths to what is known of one limit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitPaths {
    used_percent: String,
    /// Seconds since 1970, or a time with its offset.
    resets_at: Option<String>,
}

/// Reads the figures; those that are missing, or are no figures, are not known.
#[must_use]
pub fn read_usage(paths: &UsagePaths, value: &Value, observed_at: jiff::Timestamp) -> UsageFacts {
    let at = |path: &Option<String>| path.as_ref().and_then(|path| value.pointer(path));
    let text = |path: &Option<String>| at(path).and_then(Value::as_str).map(Label::new);
    let count = |path: &Option<String>| at(path).and_then(Value::as_u64);
    let number = |path: &Option<String>| at(path).and_then(Value::as_f64);
    let time = |value: &Value| match value {
        Value::String(text) => text.parse::<jiff::Timestamp>().ok(),
        other => jiff::Timestamp::from_second(other.as_i64()?).ok(),
    };
    let limits = paths.limits.iter().filter_map(|(window, paths)| {
        Some(LimitFacts {
            window: Label::new(window),
            used_percent: value.pointer(&paths.used_percent).and_then(Value::as_f64)?,
            resets_at: at(&paths.resets_at).and_then(time).map(|at| at.to_string()),
        })
    });
    UsageFacts {
        model: text(&paths.model),
        session_id: text(&paths.session_id),
        input_tokens: count(&paths.input_tokens),
        output_tokens: count(&paths.output_tokens),
        cost_usd: number(&paths.cost_usd),
        context_used_percent: number(&paths.context_used_percent),
        limits: limits.collect(),
        observed_at: observed_at.to_string(),
    }
    .cleaned()
}
