//! Finds the line and column of a key path in a YAML (or JSON) document.
//!
//! The decoder says where a type is wrong, but a rule that spans several keys (two agents with one
//! session) is checked after decoding, when positions are gone. This index brings them back.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser};

/// A place in a file, both counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Line.
    pub line: usize,
    /// Column, in characters.
    pub column: usize,
}

/// Key paths such as `agents[2].name` with the place of their value.
#[derive(Debug, Default)]
pub(super) struct Index {
    places: HashMap<String, Place>,
}

/// An open collection while walking.
enum Open {
    Sequence { path: String, next: usize },
    Mapping { path: String, key: Option<String> },
}

impl Index {
    /// Walks the document; stops quietly at the first syntax error, which the decoder reports.
    pub(super) fn of(text: &str) -> Self {
        let mut index = Self::default();
        let mut open: Vec<Open> = Vec::new();
        for event in Parser::new_from_str(text) {
            let Ok((event, span)) = event else { break };
            // The parser counts lines from 1, and columns from 0.
            let place = Place { line: span.start.line(), column: span.start.col() + 1 };
            match event {
                Event::Scalar(value, ..) => index.value(&mut open, place, Some(&value), None),
                Event::Alias(_) => index.value(&mut open, place, None, None),
                Event::SequenceStart(..) => {
                    index.value(&mut open, place, None, Some(|path| Open::Sequence { path, next: 0 }));
                }
                Event::MappingStart(..) => {
                    index.value(&mut open, place, None, Some(|path| Open::Mapping { path, key: None }));
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    open.pop();
                }
                _ => {}
            }
        }
        index
    }

    /// Takes one node: a key of the innermost mapping, or a value.
    fn value(&mut self, open: &mut Vec<Open>, place: Place, scalar: Option<&str>, opens: Option<fn(String) -> Open>) {
        let path = match open.last_mut() {
            None => String::new(),
            Some(Open::Sequence { path, next }) => {
                *next += 1;
                format!("{path}[{}]", *next - 1)
            }
            Some(Open::Mapping { path, key }) => match key.take() {
                None => {
                    let name = scalar.unwrap_or_default();
                    let name = if holds_user_keys(path) { name.to_owned() } else { snake(name) };
                    let full = join(path, &name);
                    self.places.insert(format!("{full}#key"), place);
                    *key = Some(name);
                    return;
                }
                Some(name) => join(path, &name),
            },
        };
        self.places.insert(path.clone(), place);
        if let Some(opens) = opens {
            open.push(opens(path));
        }
    }

    /// Place of a path's value, else of the nearest thing around it, else the start.
    pub(super) fn find(&self, path: &str) -> Place {
        let mut path = path;
        loop {
            if let Some(place) = self.places.get(path) {
                return *place;
            }
            match path.rfind(['.', '[']) {
                Some(cut) => path = &path[..cut],
                None => return self.places.get("").copied().unwrap_or(Place { line: 1, column: 1 }),
            }
        }
    }

    /// Every key path of the document with the place of the key.
    pub(super) fn keys(&self) -> impl Iterator<Item = (&str, Place)> {
        self.places.iter().filter_map(|(path, place)| Some((path.strip_suffix("#key")?, *place)))
    }

    /// Place of the key itself: where an unknown or missing key is best pointed at.
    pub(super) fn find_key(&self, path: &str) -> Option<Place> {
        self.places.get(&format!("{path}#key")).copied()
    }
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

/// Mappings whose keys are the user's words, not ours.
fn holds_user_keys(path: &str) -> bool {
    path == "runtimes" || path.ends_with(".env")
}

/// The snake_case spelling of a key, so that one path names both spellings.
pub(super) fn snake(key: &str) -> String {
    let mut out = String::with_capacity(key.len() + 4);
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            // `Name` is a name that is shouted, and no two words.
            if !out.is_empty() {
                out.push('_');
            }
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "version: 1\ntmux: {socketName: x}\nagents:\n  - name: a\n    env: {K: v}\n  - {name: b}\n";

    #[test]
    fn paths_lead_to_lines_and_columns() {
        let index = Index::of(TEXT);
        for (path, line, column) in [
            ("version", 1, 10),
            ("tmux.socket_name", 2, 20),
            ("agents[0].name", 4, 11),
            ("agents[0].env.K", 5, 14),
            ("agents[1].name", 6, 12),
            ("agents[1].class", 6, 5),
            ("agents[1]", 6, 5),
        ] {
            assert_eq!(index.find(path), Place { line, column }, "{path}");
        }
        assert_eq!(index.find_key("tmux.socket_name"), Some(Place { line: 2, column: 8 }));
    }

    #[test]
    fn json_is_located_as_well() {
        let index = Index::of("{\n  \"version\": 1,\n  \"agents\": [\n    {\"name\": \"a\"}\n  ]\n}");
        assert_eq!(index.find("agents[0].name"), Place { line: 4, column: 14 });
    }

    #[test]
    fn a_broken_document_still_gives_what_was_read() {
        let index = Index::of("version: 1\nagents: [\n");
        assert_eq!(index.find("version"), Place { line: 1, column: 10 });
        assert_eq!(index.find("nothing.here"), Place { line: 1, column: 1 });
    }
}
