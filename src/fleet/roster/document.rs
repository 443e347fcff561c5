//! Files beside the roster that people write: decoded, with the place of every key for rules that come later. Pure.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::locate::{Index, Place};
use super::nearest::nearest;
use super::problem::{Problem, control_character, decode_problem, unknown_among};

/// Where the keys of a file stand, and what was found wrong with them.
#[derive(Debug)]
pub struct Document {
    path: PathBuf,
    index: Index,
    problems: Vec<Problem>,
}

impl Document {
    /// Decodes a text.
    ///
    /// # Errors
    /// The one problem at which decoding stops.
    pub fn decode<T: DeserializeOwned>(text: &str, path: &Path) -> Result<(T, Self), Vec<Problem>> {
        if let Some(problem) = control_character(text, path) {
            return Err(vec![problem]);
        }
        let index = Index::of(text);
        let value = serde_yaml::from_str(text).map_err(|error| vec![decode_problem(&error, path, &index)])?;
        Ok((value, Self { path: path.to_owned(), index, problems: Vec::new() }))
    }

    /// Decodes a text whose mappings have these keys; every unknown one is told, and not the first alone.
    ///
    /// # Errors
    /// All unknown keys, else the one problem at which decoding stops.
    pub(in crate::fleet) fn decode_known<T: DeserializeOwned>(
        text: &str,
        path: &Path,
        keys: fn(&str) -> Option<&'static [&'static str]>,
    ) -> Result<(T, Self), Vec<Problem>> {
        let unknown = unknown_among(path, &Index::of(text), keys);
        if unknown.is_empty() { Self::decode(text, path) } else { Err(unknown) }
    }

    /// Notes what is wrong with the value of a key.
    pub fn problem(&mut self, key: &str, message: impl Into<String>) {
        self.problem_in(self.index.find(key), key, message.into());
    }

    /// Notes what is wrong with a line outside the decoded part.
    pub fn problem_at(&mut self, line: usize, key: &str, message: impl Into<String>) {
        self.problem_in(Place { line, column: 1 }, key, message.into());
    }

    fn problem_in(&mut self, Place { line, column }: Place, key: &str, message: String) {
        let (path, key) = (self.path.clone(), key.to_owned());
        self.problems.push(Problem { path, line, column, key, message });
    }

    /// The line of a key; `None` where it is not in the file.
    #[must_use]
    pub fn line_of(&self, key: &str) -> Option<usize> {
        self.index.find_key(key).map(|place| place.line)
    }

    /// The value, if nothing was found wrong.
    ///
    /// # Errors
    /// Every problem, in the order of the file.
    pub fn finish<T>(mut self, value: T) -> Result<T, Vec<Problem>> {
        self.problems.sort_by_key(|problem| (problem.line, problem.column));
        if self.problems.is_empty() { Ok(value) } else { Err(self.problems) }
    }
}

/// What a name that is not among the known ones may have meant, as the end of a sentence.
#[must_use]
pub fn meant<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let near = nearest(name, known.iter().copied());
    if near.is_empty() {
        format!("expected one of {}", known.join(", "))
    } else {
        format!("did you mean {}?", near.join(", "))
    }
}
