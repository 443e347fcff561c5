//! A card as a text file for the operator's editor, and what it says afterwards. Pure.
//!
//! Fields stand in front, one line each, then a line of dashes, then the body.

use crate::app::tui::state::form::FieldName;
use crate::backlog::model::Card;

/// Between the fields and the body.
const RULE: &str = "---";

/// The file's text.
#[must_use]
pub fn text(card: &Card) -> String {
    let mut out = format!(
        "# card {}, version {}; leave without saving to change nothing\n# depends-on: ids with commas between; paths: patterns such as src/**; ttl: seconds of a claim; acceptance: a JSON list such as [\"tests pass\"]\n",
        card.id, card.version
    );
    for field in FieldName::LINES {
        out.push_str(&format!("{}: {}\n", field.argument(), field.value(card)));
    }
    out.push_str(&format!("{RULE}\n{}", card.body));
    // Editors add the missing end of a last line, and that must not count as a change.
    if !card.body.ends_with('\n') {
        out.push('\n');
    }
    out
}

/// The values that the text holds.
///
/// # Errors
/// With the line, when the text has lost its form.
pub fn values(text: &str) -> Result<Vec<(FieldName, String)>, String> {
    // An editor may write the ends of lines as Windows does; the card keeps one kind.
    let text = text.replace("\r\n", "\n");
    let mut values = Vec::new();
    let mut rest = text.as_str();
    let mut number = 0;
    loop {
        number += 1;
        let (line, behind) = rest.split_once('\n').unwrap_or((rest, ""));
        if line.trim_end() == RULE {
            values.push((FieldName::Body, behind.trim_end().to_owned()));
            return Ok(values);
        }
        // Looked at behind the rule: a text whose last line is the rule has an empty body, and is whole.
        if rest.is_empty() {
            return Err(format!("line {number}: the line {RULE} in front of the body is missing"));
        }
        rest = behind;
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = line.split_once(':').ok_or(format!("line {number}: is not `field: value`"))?;
        let field = FieldName::LINES
            .into_iter()
            .find(|field| field.argument() == name.trim())
            .ok_or(format!("line {number}: {} is no field of a card", crate::fleet::model::Label::new(name)))?;
        values.push((field, value.trim().to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tui::samples;
    use crate::app::tui::state::form::Form;

    #[test]
    fn an_untouched_file_changes_nothing() {
        let mut card = samples::card("A4");
        for body in ["", "one\n\n---\n\ntwo", "ends"] {
            card.body = body.into();
            let mut form = Form::edit(&card);
            form.type_in(values(&text(&card)).unwrap());
            assert!(form.changed().is_empty(), "{body:?}: {:?}", form.changed());
        }
    }

    #[test]
    fn what_was_changed_is_changed_in_the_form() {
        let card = samples::card("A4");
        let text = text(&card).replace("priority: 0", "priority: 7") + "more\n";
        let mut form = Form::edit(&card);
        form.type_in(values(&text).unwrap());
        let changed: Vec<FieldName> = form.changed().iter().map(|field| field.name).collect();
        assert_eq!(changed, [FieldName::Priority, FieldName::Body]);
    }

    #[test]
    fn a_file_that_lost_its_form_is_refused_with_its_line() {
        for (file, want) in [
            ("", "line 1"),
            ("title: x\nbody", "line 2"),
            ("title: x\nshape: y\n---\n", "line 2: shape is no field"),
            ("title: x\n", "line 2: the line ---"),
        ] {
            let refused = values(file).unwrap_err();
            assert!(refused.contains(want), "{file:?}: {refused}");
        }
    }
}
