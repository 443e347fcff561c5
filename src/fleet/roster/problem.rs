//! What is wrong with a roster file, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use super::locate::{Index, Place};
use super::nearest::nearest;
use crate::fleet::model::Label;
use crate::fleet::yaml;

/// One broken rule of a roster file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// File.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// Key path such as `agents[2].name`.
    pub key: String,
    /// What is wrong and what was expected.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.path.display(), self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", Label::new(&self.key))?;
        }
        f.write_str(&self.message)
    }
}

/// The first character that YAML forbids; the decoder names no line for it.
pub(super) fn control_character(text: &str, path: &Path) -> Option<Problem> {
    let forbidden = |c: char| matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\x7f'..='\u{84}' | '\u{86}'..='\u{9f}');
    let (at, line) = text.lines().enumerate().find(|(_, line)| line.contains(forbidden))?;
    let column = line.chars().position(forbidden)?;
    Some(Problem {
        path: path.to_owned(),
        line: at + 1,
        column: column + 1,
        key: String::new(),
        message: "holds a control character; write it as an escape in double quotes".to_owned(),
    })
}

/// Every key that the schema does not know; the decoder would stop at the first.
pub(super) fn unknown_keys(path: &Path, index: &Index) -> Vec<Problem> {
    let schema: serde_json::Value = serde_json::from_str(super::SCHEMA).unwrap_or_default();
    let mut problems: Vec<Problem> = index
        .keys()
        .filter_map(|(key, place)| {
            let (parent, name) = key.rsplit_once('.').unwrap_or(("", key));
            // Keys of the user's own, and whatever stands below an unknown key, which is told itself.
            let known = properties(&schema, parent)?;
            if known.contains_key(name) {
                return None;
            }
            // One spelling of each is enough in a hint.
            let names: Vec<&str> =
                known.keys().map(String::as_str).filter(|key| !key.contains(char::is_uppercase)).collect();
            let near = nearest(name, names.iter().copied());
            let hint = if near.is_empty() {
                format!("expected one of {}", names.join(", "))
            } else {
                format!("did you mean {}?", near.join(", "))
            };
            Some(Problem {
                path: path.to_owned(),
                line: place.line,
                column: place.column,
                key: key.to_owned(),
                message: format!("unknown key; {hint}"),
            })
        })
        .collect();
    // The index has no order.
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}

/// Every key that is none of those of its mapping.
pub(super) fn unknown_among(
    path: &Path,
    index: &Index,
    keys: fn(&str) -> Option<&'static [&'static str]>,
) -> Vec<Problem> {
    let mut problems: Vec<Problem> = index
        .keys()
        .filter_map(|(key, place)| {
            let (parent, name) = key.rsplit_once('.').unwrap_or(("", key));
            let known = keys(parent).filter(|known| !known.contains(&name))?;
            let near = nearest(name, known.iter().copied());
            let hint = if near.is_empty() {
                format!("expected one of {}", known.join(", "))
            } else {
                format!("did you mean {}?", near.join(", "))
            };
            let (line, column) = (place.line, place.column);
            let message = format!("unknown key; {hint}");
            Some(Problem { path: path.to_owned(), line, column, key: key.to_owned(), message })
        })
        .collect();
    problems.sort_by_key(|problem| (problem.line, problem.column));
    problems
}

/// The properties of the object at a key path; `None` where any key is the user's own.
fn properties<'a>(
    schema: &'a serde_json::Value,
    parent: &str,
) -> Option<&'a serde_json::Map<String, serde_json::Value>> {
    let object = match parent {
        "" => schema,
        "tmux" => &schema["$defs"]["TmuxSettings"],
        "defaults" => &schema["$defs"]["Defaults"],
        "connector" => &schema["$defs"]["Connector"],
        _ if parent.starts_with("runtimes.") => &schema["$defs"]["RuntimeEntry"],
        _ if parent.starts_with("agents[") && parent.ends_with(']') => &schema["$defs"]["AgentEntry"],
        _ => return None,
    };
    object["properties"].as_object()
}

/// Turns the decoder's error into a problem; it words path and expectation already.
pub(super) fn decode_problem(error: &serde_yaml::Error, path: &Path, index: &Index) -> Problem {
    let full = error.to_string();
    // The decoder appends its own " at line L column C", which stands at the front here.
    let message = match full.rfind(" at line ") {
        Some(cut) => full[..cut].to_owned(),
        None => full,
    };
    let (key, message) = match message.split_once(": ") {
        // A message may hold a colon of its own; a key path holds no blank.
        Some((key, rest)) if !key.contains(' ') => (key.to_owned(), rest.to_owned()),
        _ => (String::new(), message),
    };
    let unknown = message
        .strip_prefix("unknown field `")
        .and_then(|rest| rest.split('`').next())
        .map(|field| if key.is_empty() { field.to_owned() } else { format!("{key}.{field}") });
    let place = unknown
        .as_deref()
        // The decoder's own place of an unknown field is that of the mapping around it.
        .and_then(|field| index.find_key(field))
        .or_else(|| error.location().map(|l| Place { line: l.line(), column: l.column() }))
        .unwrap_or_else(|| index.find(&key));
    Problem {
        path: path.to_owned(),
        line: place.line,
        column: place.column,
        key: unknown.unwrap_or(key),
        message: yaml::plain(&message),
    }
}
