//! What the decoders of YAML and JSON say, in words of the file instead of the program's types. Pure.

use super::terminal::{acts_on_terminal, hides_in_text};

/// Which notation a text is written in; each calls things its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notation {
    /// Mappings and lists.
    Yaml,
    /// Objects and arrays.
    Json,
}

/// Longest message, in characters: it quotes what stands in the file, however long that is.
const MESSAGE_CHARS: usize = 300;

/// A decoder's message in an operator's words, with nothing in it that a terminal would act on: it quotes names and
/// values of the file. What is not one of a decoder's own sentences stays as it is.
#[must_use]
pub fn plain_words(message: &str, notation: Notation) -> String {
    // The last one: what the message quotes may hold the same words.
    let (message, place) = match message.rfind(" at line ") {
        Some(cut) => message.split_at(cut),
        None => (message, ""),
    };
    let told = if let Some(rest) = message.strip_prefix("missing field ") {
        format!("the key {rest} is missing")
    } else if let Some(rest) = message.strip_prefix("duplicate field ") {
        format!("the key {rest} stands there twice")
    } else if let Some(rest) = message.strip_prefix("unknown field ") {
        format!("unknown key {}", expectation(rest))
    } else if let Some(rest) = message.strip_prefix("unknown variant ") {
        format!("{} is not known here", rest.split(", ").next().unwrap_or(rest)) + &alternatives(rest)
    } else if let Some((found, wanted)) =
        strip_any(message, &["invalid type: ", "invalid value: "]).and_then(|rest| rest.rsplit_once(", expected "))
    {
        format!("is {}; expected {}", found_words(found, notation), wanted_words(wanted, notation))
    } else if let Some((count, wanted)) =
        message.strip_prefix("invalid length ").and_then(|rest| rest.split_once(", expected "))
    {
        format!("has {count} entries; expected {}", wanted_words(wanted, notation))
    } else {
        message.to_owned()
    };
    // The place is not cut with a long message: it is what the operator needs.
    shown(&told) + place
}

/// One line to look at, however hostile.
fn shown(told: &str) -> String {
    let seen = |c: char| match c {
        '\n' | '\r' | '\t' => ' ',
        c if acts_on_terminal(c) || hides_in_text(c) => '\u{b7}',
        c => c,
    };
    let cut = if told.chars().nth(MESSAGE_CHARS).is_some() { "\u{2026}" } else { "" };
    told.chars().take(MESSAGE_CHARS).map(seen).chain(cut.chars()).collect()
}

fn strip_any<'a>(text: &'a str, prefixes: &[&str]) -> Option<&'a str> {
    prefixes.iter().find_map(|prefix| text.strip_prefix(prefix))
}

/// `` `x`, expected one of `a`, `b` `` as `` `x`; expected one of `a`, `b` ``.
fn expectation(rest: &str) -> String {
    rest.split(", ").next().unwrap_or(rest).to_owned() + &alternatives(rest)
}

fn alternatives(rest: &str) -> String {
    rest.split_once(", expected ").map_or_else(String::new, |(_, wanted)| format!("; expected {wanted}"))
}

fn found_words(found: &str, notation: Notation) -> String {
    let yaml = notation == Notation::Yaml;
    // serde puts numbers and names into backquotes, and texts into quotes.
    let (kind, value) = match found.find(['`', '"']) {
        Some(cut) => (found[..cut].trim_end(), found[cut..].trim_matches('`')),
        None => (found, ""),
    };
    match kind {
        "string" => format!("the text {value}"),
        "integer" | "floating point" => format!("the number {value}"),
        "boolean" => value.to_owned(),
        "null" | "unit value" | "unit" | "Option value" => if yaml { "empty" } else { "null" }.to_owned(),
        "sequence" => list(notation).to_owned(),
        "map" => mapping(notation).to_owned(),
        // The decoder's names of its own types say nothing to who wrote the file.
        _ if value.is_empty() => "something else".to_owned(),
        _ => value.to_owned(),
    }
}

fn wanted_words(wanted: &str, notation: Notation) -> String {
    if let Some(size) = wanted.strip_prefix("a tuple of size ") {
        return format!("{} of {size}", list(notation));
    }
    let first = wanted.split(' ').next().unwrap_or(wanted);
    match (first, wanted) {
        ("u8" | "u16" | "u32" | "u64" | "u128" | "usize", _) => "a whole number, 0 or more".to_owned(),
        ("i8" | "i16" | "i32" | "i64" | "i128" | "isize", _) => "a whole number".to_owned(),
        ("f32" | "f64", _) => "a number".to_owned(),
        ("string", _) | (_, "a string" | "a character" | "a borrowed string") => "text".to_owned(),
        (_, "a boolean") => "true or false".to_owned(),
        ("struct" | "map", _) | (_, "a map") => mapping(notation).to_owned(),
        ("sequence" | "tuple", _) | (_, "a sequence" | "a tuple") => list(notation).to_owned(),
        ("unit", _) | (_, "unit" | "null") => "nothing".to_owned(),
        ("enum" | "variant" | "field" | "any" | "internally" | "adjacently" | "option" | "newtype", _) => {
            "another kind of value".to_owned()
        }
        _ => wanted.to_owned(),
    }
}

fn mapping(notation: Notation) -> &'static str {
    if notation == Notation::Yaml { "a mapping (`key: value`)" } else { "an object" }
}

fn list(notation: Notation) -> &'static str {
    if notation == Notation::Yaml { "a list" } else { "an array" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[expect(dead_code, reason = "only its type is looked at")]
        size: u16,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Word {
        Yes,
        No,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the types are looked at")]
    struct Outer {
        inner: Inner,
        #[serde(default)]
        list: Vec<String>,
        #[serde(default)]
        whole: i64,
        #[serde(default)]
        number: f64,
        #[serde(default)]
        flag: bool,
        #[serde(default)]
        table: std::collections::BTreeMap<String, String>,
        #[serde(default)]
        word: Option<Word>,
        #[serde(default)]
        pair: (u8, u8),
        #[serde(default)]
        letter: char,
    }

    /// Everything that the decoder can find wrong with a value of each kind, at each key.
    #[test]
    fn no_message_of_a_decoder_shows_the_programs_types() {
        let rust = regex_lite::Regex::new(
            r"\b([iuf](8|16|32|64|size)|struct|enum|variant|field|invalid|sequence|map|unit|tuple|Inner|Outer|Word|string|boolean|newtype|identifier)\b",
        )
        .unwrap();
        let values =
            ["null", "true", "-1", "7", "70000", "1.5", "1e30", "\"text\"", "\"\"", "[]", "[1]", "{}", r#"{"a": 1}"#];
        let keys = ["inner", "list", "whole", "number", "flag", "table", "word", "pair", "letter", "other"];
        let mut seen = std::collections::BTreeSet::new();
        for key in keys {
            for value in values {
                for text in [
                    format!(r#"{{"inner": {{"size": 1}}, "{key}": {value}}}"#),
                    format!(r#"{{"inner": {{"size": {value}, "extra": {value}}}}}"#),
                    value.to_owned(),
                ] {
                    if let Err(error) = serde_json::from_str::<Outer>(&text) {
                        seen.insert(plain_words(&error.to_string(), Notation::Json));
                    }
                }
            }
        }
        assert!(seen.len() > 40, "{seen:#?}");
        for told in &seen {
            assert_eq!(rust.find(told).map(|found| found.as_str()), None, "{told}");
        }
    }

    /// Hostile names and values in every place where a decoder quotes them.
    #[test]
    fn no_message_of_a_decoder_acts_on_a_terminal() {
        let nasty = "\\u001b]0;x\\u0007\\u009b31m\\u202e\\u200b\\n";
        let mut told = Vec::new();
        for text in [
            format!(r#"{{"{nasty}": 1}}"#),
            format!(r#"{{"inner": {{"size": 1, "{nasty}": 1}}}}"#),
            format!(r#"{{"inner": {{"size": "{nasty}"}}}}"#),
            format!(r#"{{"inner": {{"size": 1}}, "word": "{nasty}"}}"#),
            format!(r#"{{"inner": {{"size": 1}}, "letter": "{nasty}"}}"#),
            format!(r#"{{"inner": {{"size": 1}}, "{nasty}": 1}}"#),
            format!(r#"{{"inner": {{"size": 1}}, "{}": 1}}"#, "k".repeat(1 << 20)),
            "\"\u{1b}".to_owned(),
            "{\"\u{1b}]0;x\u{7}".to_owned(),
        ] {
            told.push(plain_words(&serde_json::from_str::<Outer>(&text).unwrap_err().to_string(), Notation::Json));
        }
        for message in [
            "unknown field `\u{1b}[2J`, expected `a` at line 1 column 2",
            "duplicate field `\u{1b}c`",
            "missing field `\u{9b}2J`",
            "invalid type: string \"\u{7}\", expected \u{202e}",
            "invalid length 3, expected \u{1b}c",
            "anything\u{1b}c",
        ] {
            told.push(plain_words(message, Notation::Yaml));
        }
        for told in &told {
            assert!(!told.chars().any(|c| acts_on_terminal(c) || hides_in_text(c)), "{told:?}");
            assert!(told.chars().count() < MESSAGE_CHARS + 60, "{told:.200}");
        }
        assert!(told.iter().any(|told| told.contains("at line 1 column")), "the place stays: {told:?}");
    }

    #[test]
    fn the_words_are_those_of_the_notation() {
        for (message, yaml, json) in [
            (
                "invalid type: unit value, expected struct RosterFile",
                "is empty; expected a mapping (`key: value`)",
                "is null; expected an object",
            ),
            (
                "invalid type: string \"a, expected u8\", expected a sequence at line 3 column 9",
                "is the text \"a, expected u8\"; expected a list at line 3 column 9",
                "is the text \"a, expected u8\"; expected an array at line 3 column 9",
            ),
            ("missing field `version`", "the key `version` is missing", "the key `version` is missing"),
            (
                "unknown variant `x`, expected `a` or `b`",
                "`x` is not known here; expected `a` or `b`",
                "`x` is not known here; expected `a` or `b`",
            ),
            (
                "did not find expected ',' or ']'",
                "did not find expected ',' or ']'",
                "did not find expected ',' or ']'",
            ),
        ] {
            assert_eq!(plain_words(message, Notation::Yaml), yaml);
            assert_eq!(plain_words(message, Notation::Json), json);
        }
    }
}
