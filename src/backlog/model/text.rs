//! What a card's texts may hold. A terminal shows them, so nothing in them may act on one.

use serde_json::Value;

use super::super::error::{Failure, Result};
use crate::plain::{acts_on_terminal, hides_in_text};

/// Maximum size of a body, in bytes: more is a file, not a card.
pub const MAX_BODY_BYTES: usize = 1 << 20;

/// Maximum length of a single line, in characters: a title, a phase, a reason.
const MAX_LINE_CHARS: usize = 500;

/// Maximum length of the owner of a claim, in characters.
const MAX_OWNER_CHARS: usize = 128;

/// Maximum size of acceptance criteria, as JSON in bytes.
const MAX_ACCEPTANCE_BYTES: usize = 256 << 10;

/// Maximum depth of acceptance criteria. JSON is read to a depth of 128, and an export puts an acceptance into its
/// history and a line.
const MAX_ACCEPTANCE_DEPTH: usize = 64;

/// Joins emoji; harmless.
const JOINER: char = '\u{200d}';

/// Returns whether a terminal would act on a character, or hide or reorder what stands beside it.
fn is_unsafe(c: char) -> bool {
    acts_on_terminal(c) || hides_in_text(c)
}

fn bad_character(field: &str, text: &str, allowed: &[char]) -> Result<()> {
    match text.chars().find(|c| is_unsafe(*c) && !allowed.contains(c)) {
        None => Ok(()),
        Some(c) => Err(Failure::invalid(
            field,
            format!("holds the control character U+{:04X}", u32::from(c)),
            "take it out; a terminal would act on it",
        )),
    }
}

/// Checks one line.
///
/// # Errors
/// Returns an error if it is too long or holds control characters.
pub fn check_line(field: &str, text: &str) -> Result<()> {
    bad_character(field, text, &[JOINER])?;
    if text.chars().count() > MAX_LINE_CHARS {
        return Err(Failure::invalid(
            field,
            format!("has {} characters; at most {MAX_LINE_CHARS} are allowed", text.chars().count()),
            "put the rest into the body",
        ));
    }
    Ok(())
}

/// Checks a body: Markdown, with line ends and tabs.
///
/// # Errors
/// Returns an error if it is too large or holds other control characters.
pub fn check_body(text: &str) -> Result<()> {
    if text.len() > MAX_BODY_BYTES {
        return Err(Failure::invalid(
            "body",
            format!("has {} bytes; at most {MAX_BODY_BYTES} are allowed", text.len()),
            "put it into a file and name the file in the card",
        ));
    }
    bad_character("body", text, &['\n', '\t', JOINER])
}

/// Checks an owner of claims.
///
/// # Errors
/// Returns an error if it is empty, too long or holds control characters.
pub fn check_owner(text: &str) -> Result<()> {
    if text.trim().is_empty() {
        return Err(Failure::invalid("owner", "is empty", "give --owner NAME, usually the agent's name"));
    }
    // No joiner either: two owners must not look alike and be two.
    bad_character("owner", text, &[])?;
    if text.chars().count() > MAX_OWNER_CHARS {
        return Err(Failure::invalid("owner", format!("is longer than {MAX_OWNER_CHARS} characters"), "shorten it"));
    }
    Ok(())
}

/// Checks acceptance criteria: a list or an object, with clean texts inside.
///
/// # Errors
/// Returns an error if it is something else, or too large.
pub fn check_acceptance(value: &Value) -> Result<()> {
    if !value.is_array() && !value.is_object() {
        return Err(Failure::invalid(
            "acceptance",
            "is neither a list nor an object",
            "give JSON such as '[\"tests pass\"]'",
        ));
    }
    if value.to_string().len() > MAX_ACCEPTANCE_BYTES {
        return Err(Failure::invalid(
            "acceptance",
            format!("is larger than {MAX_ACCEPTANCE_BYTES} bytes"),
            "name a file instead",
        ));
    }
    if depth(value) > MAX_ACCEPTANCE_DEPTH {
        return Err(Failure::invalid(
            "acceptance",
            format!("is nested deeper than {MAX_ACCEPTANCE_DEPTH} levels"),
            "write it flatter, or name a file instead",
        ));
    }
    check_clean("acceptance", value)
}

/// Returns the depth of lists and objects in a JSON value. What was parsed is at most 128 deep.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Checks every text inside a JSON value.
///
/// # Errors
/// Returns an error if one holds control characters other than line ends and tabs.
pub fn check_clean(field: &str, value: &Value) -> Result<()> {
    match value {
        Value::String(text) => bad_character(field, text, &['\n', '\t', JOINER]),
        Value::Array(items) => items.iter().try_for_each(|item| check_clean(field, item)),
        Value::Object(fields) => fields
            .iter()
            .try_for_each(|(name, value)| bad_character(field, name, &[]).and_then(|()| check_clean(field, value))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_refused() {
        for bad in ["a\nb", "\u{1b}[31m", "\u{9b}31m", "a\u{202e}b", "\u{0}", "\t"] {
            assert!(check_line("title", bad).is_err(), "{bad:?}");
        }
        assert!(check_line("title", "naïve 日本語 🎉").is_ok());
        assert!(check_body("# head\n\n\tcode\n").is_ok());
        assert!(check_body("a\u{1b}]0;x\u{7}").is_err());
    }

    #[test]
    fn sizes_are_bounded() {
        assert!(check_line("title", &"x".repeat(501)).is_err());
        assert!(check_body(&"x".repeat(2_000_000)).unwrap_err().to_string().contains("2000000 bytes"));
        assert!(check_owner("").is_err() && check_owner("code0").is_ok());
    }

    #[test]
    fn acceptance_is_a_list_or_an_object() {
        for (json, good) in
            [("[]", true), ("{\"a\":1}", true), ("\"x\"", false), ("3", false), ("[\"\\u001b\"]", false)]
        {
            assert_eq!(check_acceptance(&serde_json::from_str(json).unwrap()).is_ok(), good, "{json}");
        }
    }
}
