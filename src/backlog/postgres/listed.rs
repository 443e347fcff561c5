//! A row as a JSON list, as a function of the server answers with it.

use serde_json::Value as Json;

use super::super::error::{Failure, Result};
use super::super::rows::Cells;
use super::read::strange;

/// The values of a row, in the order of its columns.
pub(super) struct Listed(Vec<Json>);

impl Listed {
    /// Reads the list.
    ///
    /// # Errors
    /// Returns an error if it is none.
    pub(super) fn read(text: &str) -> Result<Self> {
        serde_json::from_str(text).map(Self).map_err(strange)
    }

    /// Returns a value as what it has to be.
    fn value<'a, T>(&'a self, at: usize, what: &str, read: impl FnOnce(&'a Json) -> Option<T>) -> Result<T> {
        self.0.get(at).and_then(read).ok_or_else(|| strange(format!("column {at} is no {what}")))
    }
}

impl Cells for Listed {
    type Error = Failure;

    fn text(&self, at: usize) -> Result<String> {
        self.value(at, "text", |value| value.as_str().map(str::to_owned))
    }

    fn some_text(&self, at: usize) -> Result<Option<String>> {
        self.value(
            at,
            "text",
            |value| if value.is_null() { Some(None) } else { value.as_str().map(str::to_owned).map(Some) },
        )
    }

    fn number(&self, at: usize) -> Result<i64> {
        self.value(at, "number", Json::as_i64)
    }

    fn some_number(&self, at: usize) -> Result<Option<i64>> {
        self.value(at, "number", |value| if value.is_null() { Some(None) } else { value.as_i64().map(Some) })
    }

    fn texts(&self, at: usize) -> Result<Vec<String>> {
        let text = |value: &Json| value.as_str().map(str::to_owned);
        self.value(at, "list of texts", |value| value.as_array()?.iter().map(text).collect())
    }

    fn strange(&self, _at: usize, why: String) -> Failure {
        strange(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_what_it_has_to_be_is_refused() {
        let row = Listed::read(r#"["a", null, 7, ["x", "y"], [1], -9223372036854775808]"#).unwrap();
        assert_eq!((row.text(0).unwrap(), row.some_text(0).unwrap()), ("a".to_owned(), Some("a".to_owned())));
        assert_eq!((row.some_text(1).unwrap(), row.some_number(1).unwrap()), (None, None));
        assert_eq!((row.number(2).unwrap(), row.some_number(2).unwrap()), (7, Some(7)));
        assert_eq!((row.texts(3).unwrap(), row.number(5).unwrap()), (vec!["x".to_owned(), "y".to_owned()], i64::MIN));
        let wrong = [
            row.text(1).err(),
            row.text(9).err(),
            row.some_text(2).err(),
            row.number(0).err(),
            row.texts(4).err(),
            row.texts(0).err(),
            Listed::read("{}").err(),
        ];
        assert!(
            wrong.iter().all(|failure| failure.as_ref().is_some_and(|why| why.why.contains("invalid value"))),
            "{wrong:?}"
        );
    }
}
