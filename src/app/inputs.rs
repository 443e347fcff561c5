//! The values an action is built from, whichever door they came through.

use std::collections::BTreeMap;

use super::registry::{ActionSpec, Cli, Shape};

/// Named values: from a command line, or from what is selected on the screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    values: BTreeMap<&'static str, Vec<String>>,
}

impl Inputs {
    /// Sets a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, values: Vec<String>) -> Self {
        if !values.is_empty() {
            self.values.insert(name, values);
        }
        self
    }

    /// Sets a flag.
    #[must_use]
    pub fn with_flag(self, name: &'static str) -> Self {
        self.with(name, vec![String::new()])
    }

    /// The single value of that name.
    #[must_use]
    pub fn one(&self, name: &str) -> Option<String> {
        self.values.get(name)?.first().cloned()
    }

    /// The value of that name, which must be there.
    ///
    /// # Errors
    /// When it is missing.
    pub fn required(&self, name: &str) -> Result<String, String> {
        self.one(name).ok_or_else(|| format!("{name} is needed"))
    }

    /// All values of that name.
    #[must_use]
    pub fn many(&self, name: &str) -> Vec<String> {
        self.values.get(name).cloned().unwrap_or_default()
    }

    /// Whether the flag is set.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// The command line that gives the same inputs.
    #[must_use]
    pub fn command_line(&self, spec: &ActionSpec) -> Option<Vec<String>> {
        let mut words = vec!["mosaic-tui".to_owned()];
        match spec.cli {
            Cli::None(_) => return None,
            Cli::Root => {}
            Cli::Words(path) => words.extend(path.iter().map(|word| (*word).to_owned())),
        }
        let mut rest = Vec::new();
        let mut positional = Vec::new();
        for argument in spec.arguments {
            let values = self.many(argument.name);
            match argument.shape {
                Shape::Flag if self.flag(argument.name) => words.push(format!("--{}", argument.name)),
                Shape::Flag => {}
                Shape::Value => {
                    for value in values {
                        words.push(format!("--{}={value}", argument.name));
                    }
                }
                Shape::Rest => rest = values,
                Shape::Required | Shape::Optional | Shape::Many => positional.extend(values),
            }
        }
        words.extend(positional);
        if !rest.is_empty() {
            words.push("--".to_owned());
            words.extend(rest);
        }
        Some(words)
    }
}
