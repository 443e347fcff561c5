//! The values an action is built from, whichever door they came through.

use std::collections::BTreeMap;

/// Named values: from a command line, or from what is selected on the screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    values: BTreeMap<&'static str, Vec<String>>,
}

impl Inputs {
    /// Sets a value.
    #[must_use]
    pub fn with(mut self, name: &'static str, values: Vec<String>) -> Self {
        // What was given without a value counts as not given, whichever door it came through.
        if !values.is_empty() {
            self.values.insert(name, values);
        }
        self
    }

    /// Sets a flag.
    #[must_use]
    pub fn with_flag(self, name: &'static str) -> Self {
        // An empty list would not be kept.
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
}
