//! The form of a card, in words.

use super::typed::{around, cursor_line, typed};
use crate::app::tui::state::State;
use crate::app::tui::state::form::{Field, FieldName};
use crate::app::tui::state::screen::Overlay;
use crate::fleet::model::Label;
use crate::ui::view::{Fit, Piece, Popup, Role};

/// Lines of a body that are shown at once.
const BODY_LINES: usize = 8;

/// The popup of an open form.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Form(form)) = &state.overlay else { return None };
    let mut lines = Vec::new();
    let mut marked = None;
    for (at, field) in form.fields.iter().enumerate() {
        let shown = field_lines(field, at == form.focus, state.size.height);
        marked = marked.or(cursor_line(&shown).map(|line| lines.len() + line));
        lines.extend(shown);
    }
    if let Some(field) = form.fields.get(form.focus) {
        lines.push(Vec::new());
        lines.push(vec![Piece::new(field.name.about(), Role::Quiet)]);
    }
    if let Some(notice) = &form.notice {
        lines.push(Vec::new());
        lines.push(vec![Piece::new(Label::new(notice).to_string(), Role::Warning)]);
        if form.newer.is_some() {
            lines.push(vec![Piece::new(
                "Ctrl-r goes on from the new version: what you typed stays, the rest is taken over",
                Role::Quiet,
            )]);
        }
    }
    let title = match &form.editing {
        Some((id, version)) => format!("edit {id}, version {version}"),
        None => "new card".to_owned(),
    };
    let hint = if form.saving.is_some() {
        super::pressed(&[("", "saving\u{2026}"), ("Esc", "leaves it to come by itself")])
    } else {
        super::pressed(&[("Tab", "next"), ("Enter", "saves"), ("Ctrl-j", "new line in the body"), ("Esc", "drops it")])
    };
    Some(Popup { title, lines, scroll: 0, marked, least: (0, 0), buttons: None, hint })
}

/// The field that a line of the popup belongs to, and which of its lines that is.
pub(in crate::app::tui) fn field_at(state: &State, line: usize) -> Option<(usize, usize)> {
    let Some(Overlay::Form(form)) = &state.overlay else { return None };
    let mut start = 0;
    form.fields.iter().enumerate().find_map(|(at, field)| {
        let lines = field_lines(field, at == form.focus, state.size.height).len();
        let row = line.checked_sub(start).filter(|row| *row < lines);
        start += lines;
        Some((at, row?))
    })
}

/// Lines of a body that are shown on a screen of so many.
pub(in crate::app::tui) fn body_rows(height: u16) -> usize {
    // What stands around the body takes 23 rows: on a screen of 24 it still has two.
    BODY_LINES.min(usize::from(height).saturating_sub(23)).max(2)
}

fn field_lines(field: &Field, focused: bool, height: u16) -> Vec<Vec<Piece>> {
    let role = if focused { Role::Strong } else { Role::Quiet };
    let name = |text: &str| Piece::new(text, role).fitted(Fit::Name);
    let label = field.name.label();
    if field.name != FieldName::Body {
        let mut line = vec![name(label)];
        line.extend(typed(&field.line.text, focused.then_some(field.line.cursor)));
        return vec![line];
    }
    // A window of the body around the cursor.
    let rows = body_rows(height);
    let mut lines: Vec<Vec<Piece>> = around(&field.line.text, field.line.cursor, rows)
        .enumerate()
        .map(|(number, (text, at))| {
            let mut line = vec![name(if number == 0 { label } else { "" })];
            line.extend(typed(text, at.filter(|_| focused)));
            line
        })
        .collect();
    let all = field.line.text.matches('\n').count() + 1;
    if all > rows {
        lines.push(vec![name(""), Piece::new(format!("{all} lines; E opens an editor"), Role::Quiet)]);
    }
    lines
}
