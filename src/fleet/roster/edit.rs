//! Edits a roster's text and leaves everything else of it as the user wrote it: comments, order, spacing.
//!
//! Only the bytes of what changes are touched. Each edit is checked against the same edit on the
//! decoded document: when both do not say the same, nothing is written.

use serde_yaml::Value;

use super::tree::{Entry, Kind, Node};
use crate::fleet::yaml;

/// A change of one agent's entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// A new agent behind the last one.
    Add {
        /// Its name.
        name: String,
        /// Its other fields.
        fields: Vec<Field>,
    },
    /// Fields of an agent, set or taken out.
    Set {
        /// The agent.
        name: String,
        /// What is set.
        fields: Vec<Field>,
    },
    /// An agent, taken out.
    Remove {
        /// The agent.
        name: String,
    },
}

/// One field of an agent: `runtime`, or `env.NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its key path below the agent.
    pub key: String,
    /// Its value; `None` takes it out.
    pub value: Option<String>,
}

impl Field {
    /// Reads `field=value`; an empty value takes the field out.
    ///
    /// # Errors
    /// When there is no `=`, the field is none of an agent's, or the value does not fit on a line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').ok_or_else(|| {
            format!("{} is no field=value; quote a value that has blanks", crate::plain::quoted(text))
        })?;
        let known = FIELDS.contains(&key) || key.strip_prefix("env.").is_some_and(|name| !name.is_empty());
        if !known {
            return Err(format!(
                "{} is no field that can be set; expected {} or env.NAME",
                crate::plain::quoted(key),
                FIELDS.join(", ")
            ));
        }
        if value.chars().any(char::is_control) {
            return Err(format!("the value of {key} holds control characters"));
        }
        Ok(Self { key: key.to_owned(), value: (!value.is_empty()).then(|| value.to_owned()) })
    }
}

/// Fields of an agent that commands may set.
pub const FIELDS: [&str; 17] = [
    "runtime",
    "class",
    "alias",
    "reports_to",
    "working_directory",
    "model_hint",
    "yolo",
    "command",
    "channels",
    "reset_between_tasks",
    "persistent_persona",
    "lifecycle",
    "kickstart_template",
    "tenant_id",
    "host",
    "ssh",
    "socket",
];

/// Words that some readers of YAML take for switches.
const AMBIGUOUS: [&str; 6] = ["y", "n", "yes", "no", "on", "off"];

/// Fields whose values are no text.
const SWITCHES: [&str; 3] = ["yolo", "reset_between_tasks", "persistent_persona"];

/// The text after an edit.
///
/// # Errors
/// Why it cannot be made without rewriting what the user wrote.
pub fn edit(text: &str, edit: &Edit) -> Result<String, String> {
    let by_hand = || "its layout cannot be edited safely; change it by hand".to_owned();
    let mut wanted: Value = yaml::read(text)?;
    apply(&mut wanted, edit).ok_or_else(by_hand)?;
    let mut out = text.to_owned();
    match edit {
        Edit::Add { name, fields } => out = added(&out, name, fields).ok_or_else(by_hand)?,
        Edit::Remove { name } => out = removed(&out, name).ok_or_else(by_hand)?,
        Edit::Set { name, fields } => {
            for field in fields {
                // Each field on a new reading: the bytes of the others moved with the one before.
                out = with_field(&out, name, field).ok_or_else(by_hand)?;
            }
        }
    }
    // JSON is YAML, but not the other way round, and other programs may read this file as JSON.
    let json = serde_json::from_str::<serde_json::Value>(text).is_ok();
    if json && serde_json::from_str::<serde_json::Value>(&out).is_err() {
        return Err(by_hand());
    }
    match serde_yaml::from_str::<Value>(&out) {
        Ok(made) if made == wanted => Ok(out),
        _ => Err(by_hand()),
    }
}

/// Puts every agent on one runtime: `defaults.runtime`, which must be there already, names it, and no agent another.
///
/// # Errors
/// As for [`edit`].
pub fn put_on(text: &str, runtime: &str) -> Result<String, String> {
    let mut out = set_default(text, "runtime", runtime)?;
    let own =
        |item: &Node| item.get("runtime").and(item.get("name")).and_then(|name| name.value.scalar().map(str::to_owned));
    let names: Vec<String> = Node::of(&out)
        .as_ref()
        .and_then(agents)
        .map(|list| list.items().iter().filter_map(own).collect())
        .unwrap_or_default();
    for name in names {
        let fields = vec![Field { key: "runtime".to_owned(), value: None }];
        out = edit(&out, &Edit::Set { name, fields })?;
    }
    Ok(out)
}

/// Sets a default.
fn set_default(text: &str, key: &str, value: &str) -> Result<String, String> {
    let root = Node::of(text);
    let defaults = root.as_ref().and_then(|root| root.get("defaults")).ok_or("has no defaults")?;
    set_in(text, &defaults.value, &Field { key: key.to_owned(), value: Some(value.to_owned()) })
        .ok_or_else(|| "its defaults cannot be edited safely".to_owned())
}

fn agents(root: &Node) -> Option<&Node> {
    root.get("agents").map(|entry| &entry.value)
}

fn agent<'a>(root: &'a Node, name: &str) -> Option<(usize, &'a Node)> {
    agents(root)?
        .items()
        .iter()
        .enumerate()
        .find(|(_, item)| item.get("name").and_then(|entry| entry.value.scalar()) == Some(name))
}

/// A text as a scalar on one line: plain where nothing can be misread, else in double quotes, whose
/// JSON spelling is valid YAML.
fn scalar(key: &str, value: &str) -> String {
    if is_switch(key, value) {
        return value.to_owned();
    }
    let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "_./~@:+-".contains(c))
        && value.starts_with(|c: char| c.is_ascii_alphabetic() || "/~".contains(c))
        // It would be a key.
        && !value.ends_with(':')
        && !AMBIGUOUS.contains(&value.to_ascii_lowercase().as_str())
        // What reads as a number, a switch or nothing at all, the decoder knows best.
        && matches!(serde_yaml::from_str::<Value>(value), Ok(Value::String(_)));
    if plain { value.to_owned() } else { serde_json::to_string(value).unwrap_or_default() }
}

/// Whether a value is no text. `persistent_persona` may also name one.
fn is_switch(key: &str, value: &str) -> bool {
    SWITCHES.contains(&key) && (key != "persistent_persona" || matches!(value, "true" | "false"))
}

fn decoded(key: &str, value: &str) -> Value {
    match value {
        "true" if SWITCHES.contains(&key) => Value::Bool(true),
        "false" if SWITCHES.contains(&key) => Value::Bool(false),
        text => Value::String(text.to_owned()),
    }
}

/// Makes the edit on the decoded document.
fn apply(document: &mut Value, edit: &Edit) -> Option<()> {
    let list = document.get_mut("agents")?.as_sequence_mut()?;
    let position = |list: &Vec<Value>, name: &str| {
        list.iter().position(|agent| agent.get("name").and_then(Value::as_str) == Some(name))
    };
    match edit {
        Edit::Add { name, fields } => {
            let mut agent = serde_yaml::Mapping::new();
            agent.insert("name".into(), Value::String(name.clone()));
            let mut agent = Value::Mapping(agent);
            fields.iter().try_for_each(|field| apply_field(&mut agent, field))?;
            list.push(agent);
        }
        Edit::Set { name, fields } => {
            let at = position(list, name)?;
            fields.iter().try_for_each(|field| apply_field(&mut list[at], field))?;
        }
        Edit::Remove { name } => drop(list.remove(position(list, name)?)),
    }
    Some(())
}

fn apply_field(agent: &mut Value, field: &Field) -> Option<()> {
    let map = agent.as_mapping_mut()?;
    if let Some(variable) = field.key.strip_prefix("env.") {
        if field.value.is_some() && map.get("env").is_none() {
            map.insert("env".into(), Value::Mapping(serde_yaml::Mapping::new()));
        }
        // One that is no mapping is refused where the text is edited.
        let Some(env) = map.get_mut("env").and_then(Value::as_mapping_mut) else { return Some(()) };
        match &field.value {
            Some(value) => drop(env.insert(variable.into(), Value::String(value.clone()))),
            None => drop(env.remove(variable)),
        }
        return Some(());
    }
    // The user's spelling of the key stays.
    let own = map.keys().find(|key| key.as_str().is_some_and(|key| super::locate::snake(key) == field.key)).cloned();
    let key = own.unwrap_or_else(|| field.key.as_str().into());
    match &field.value {
        Some(value) => drop(map.insert(key, decoded(&field.key, value))),
        None => drop(map.remove(&key)),
    }
    Some(())
}

fn with_field(text: &str, name: &str, field: &Field) -> Option<String> {
    let root = Node::of(text)?;
    let (_, agent) = agent(&root, name)?;
    let Some(variable) = field.key.strip_prefix("env.") else { return set_in(text, agent, field) };
    let inner = Field { key: variable.to_owned(), value: field.value.clone() };
    match agent.get("env").map(|entry| &entry.value) {
        Some(env) if matches!(env.kind, Kind::Map { .. }) => set_in(text, env, &inner),
        Some(_) => None,
        None => match &field.value {
            None => Some(text.to_owned()),
            Some(value) => {
                let quoted = |word: &str| serde_json::to_string(word).unwrap_or_default();
                let key = if json_keys(text, agent) { quoted(variable) } else { variable.to_owned() };
                // In braces, which fit on the one line and are valid in JSON too.
                insert(text, agent, "env", &format!("{{{key}: {}}}", quoted(value)))
            }
        },
    }
}

/// Sets or takes out one key of a mapping.
fn set_in(text: &str, map: &Node, field: &Field) -> Option<String> {
    let quoted = |plain: String| {
        // JSON has no words without quotes but its switches.
        let bare = json_keys(text, map) && !plain.starts_with('"') && !is_switch(&field.key, &plain);
        if bare { format!("\"{plain}\"") } else { plain }
    };
    match (map.get(&field.key), &field.value) {
        (Some(entry), Some(value)) => replace(text, entry, &quoted(scalar(&field.key, value))),
        (None, Some(value)) => insert(text, map, &field.key, &scalar(&field.key, value)),
        (Some(entry), None) => take_out(text, map, entry),
        (None, None) => Some(text.to_owned()),
    }
}

fn spliced(text: &str, range: std::ops::Range<usize>, with: &str) -> String {
    format!("{}{with}{}", &text[..range.start], &text[range.end..])
}

fn replace(text: &str, entry: &Entry, value: &str) -> Option<String> {
    // A list or a mapping is more than a word could stand for.
    let Kind::Scalar(_) = entry.value.kind else { return None };
    // A key without a value: there is nothing to replace.
    if entry.value.range.is_empty() {
        let colon = entry.at.end + text[entry.at.end..].find(':')? + 1;
        return Some(spliced(text, colon..colon, &format!(" {value}")));
    }
    let old = &text[entry.value.range.clone()];
    // The parser's end of a value may lie behind the blanks and the line's end that follow it; they stay.
    let kept = &old[old.trim_end().len()..];
    Some(spliced(text, entry.value.range.clone(), &format!("{value}{kept}")))
}

/// Whether the keys of a mapping are written in quotes, as in JSON.
fn json_keys(text: &str, map: &Node) -> bool {
    map.entries().first().is_some_and(|entry| text[entry.at.clone()].starts_with('"'))
}

/// A new key behind the last one of a mapping in braces, behind the first one of any other.
fn insert(text: &str, map: &Node, key: &str, value: &str) -> Option<String> {
    let Kind::Map { flow, entries } = &map.kind else { return None };
    let key = if json_keys(text, map) { format!("\"{key}\"") } else { key.to_owned() };
    let value = if json_keys(text, map) && !value.starts_with(['"', '{']) && value.parse::<bool>().is_err() {
        format!("\"{value}\"")
    } else {
        value.to_owned()
    };
    if *flow {
        let (at, comma) = match entries.last() {
            // A key without a value ends behind it: the value that is not there has no place of its own.
            Some(last) => (last.value.end().max(last.at.end), ", "),
            None => (map.range.start + 1, ""),
        };
        return Some(spliced(text, at..at, &format!("{comma}{key}: {value}")));
    }
    let first = entries.first()?;
    let indent = column(text, first.at.start);
    let at = line_end(text, first.value.end().max(first.at.end));
    Some(spliced(text, at..at, &format!("\n{}{key}: {value}", " ".repeat(indent))))
}

fn take_out(text: &str, map: &Node, entry: &Entry) -> Option<String> {
    let Kind::Map { flow, entries } = &map.kind else { return None };
    let at = entries.iter().position(|other| other == entry)?;
    let end = entry.value.end().max(entry.at.end);
    if *flow {
        let range = match (at.checked_sub(1), entries.get(at + 1)) {
            // With the comma behind it; the last one goes with the comma in front.
            (_, Some(next)) => entry.at.start..next.at.start,
            (Some(before), None) => entries[before].value.end().max(entries[before].at.end)..end,
            (None, None) => entry.at.start..end,
        };
        return Some(spliced(text, range, ""));
    }
    match (at, entries.get(1)) {
        // Its line may hold the dash of a list item, which stays.
        (0, Some(next)) => Some(spliced(text, entry.at.start..next.at.start, "")),
        // Without its only key it would be no mapping any more.
        (0, None) => None,
        _ => Some(spliced(text, line_start(text, entry.at.start)..past_line(text, end), "")),
    }
}

fn added(text: &str, name: &str, fields: &[Field]) -> Option<String> {
    let root = Node::of(text)?;
    let list = agents(&root)?;
    let Kind::List { flow, items } = &list.kind else { return None };
    let json = json_keys(text, &root);
    let in_braces = *flow || items.last().is_some_and(|item| matches!(item.kind, Kind::Map { flow: true, .. }));
    let quoted = |word: &str| if json { format!("\"{word}\"") } else { word.to_owned() };
    let value = |key: &str, value: &str| match scalar(key, value) {
        plain if json && !plain.starts_with('"') && !SWITCHES.contains(&key) => format!("\"{plain}\""),
        ready => ready,
    };
    let mut pairs = vec![(quoted("name"), value("name", name))];
    let mut env = Vec::new();
    for field in fields {
        // A new agent has nothing that could be taken out.
        let Some(text) = &field.value else { continue };
        match field.key.strip_prefix("env.") {
            // In quotes whatever it is: a variable holds text, and `1` or `yes` would be something else.
            Some(variable) => env.push(format!("{}: {}", quoted(variable), serde_json::to_string(text).ok()?)),
            None => pairs.push((quoted(&field.key), value(&field.key, text))),
        }
    }
    if !env.is_empty() {
        pairs.push((quoted("env"), format!("{{{}}}", env.join(", "))));
    }
    let pairs: Vec<String> = pairs.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
    if *flow {
        let (at, comma) = match items.last() {
            Some(last) => (last.end(), ", "),
            None => (list.range.start + 1, ""),
        };
        return Some(spliced(text, at..at, &format!("{comma}{{{}}}", pairs.join(", "))));
    }
    let last = items.last()?;
    // Nothing but blanks stands between an item and its dash.
    let dash = text[..last.range.start].rfind('-')?;
    let indent = " ".repeat(column(text, dash));
    let entry = if in_braces {
        format!("{indent}- {{{}}}", pairs.join(", "))
    } else {
        format!("{indent}- {}", pairs.join(&format!("\n{indent}  ")))
    };
    let at = line_end(text, last.end());
    Some(spliced(text, at..at, &format!("\n{entry}")))
}

fn removed(text: &str, name: &str) -> Option<String> {
    let root = Node::of(text)?;
    let (at, agent) = agent(&root, name)?;
    let list = agents(&root)?;
    let items = list.items();
    if matches!(list.kind, Kind::List { flow: true, .. }) {
        let range = match (at.checked_sub(1), items.get(at + 1)) {
            (_, Some(next)) => agent.range.start..next.range.start,
            (Some(before), None) => items[before].end()..agent.end(),
            (None, None) => agent.range.start..agent.end(),
        };
        return Some(spliced(text, range, ""));
    }
    let dash = text[..agent.range.start].rfind('-')?;
    Some(spliced(text, line_start(text, dash)..past_line(text, agent.end()), ""))
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

/// The end of a line without its newline.
fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |newline| at + newline)
}

fn past_line(text: &str, at: usize) -> usize {
    (line_end(text, at) + 1).min(text.len())
}

/// Column of a byte, in characters from 0.
fn column(text: &str, at: usize) -> usize {
    text[line_start(text, at)..at].chars().count()
}

#[cfg(test)]
mod tests;
