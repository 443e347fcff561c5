//! The form, the questions and the menus of the board, in words.

use crate::app::tui::state::{Field, FieldName, Form, Line, Menu, Prompt, Question, State};
use crate::fleet::model::Label;
use crate::ui::text;
use crate::ui::view::{Fit, Piece, Popup, Role};

/// Lines of a body that are shown at once.
const BODY_LINES: usize = 8;

/// Columns of a typed line that are handed on: more than any popup has.
const MAX_SHOWN: usize = 200;

/// Lines of a text area shown at once.
const AREA_LINES: usize = 8;

/// Menus show so many entries around the marked one.
const MENU_LINES: usize = 14;

/// The form.
#[must_use]
pub(super) fn form(form: &Form, state: &State) -> Popup {
    let mut lines = Vec::new();
    let mut marked = None;
    for (at, field) in form.fields.iter().enumerate() {
        let shown = field_lines(field, at == form.focus, usize::from(state.size.height));
        marked = marked.or(cursor_line(&shown).map(|line| lines.len() + line));
        lines.extend(shown);
    }
    if let Some(notice) = &form.notice {
        lines.push(Vec::new());
        lines.push(vec![Piece::new(Label::new(notice).to_string(), Role::Warning)]);
        if form.newer.is_some() {
            lines.push(vec![Piece::new(
                "Ctrl-R goes on from the new version: what you typed stays, the rest is taken over",
                Role::Quiet,
            )]);
        }
    }
    let title = match &form.editing {
        Some((id, version)) => format!("edit {id}, version {version}"),
        None => "new card".to_owned(),
    };
    let hint = if form.saving.is_some() {
        "saving\u{2026} (Esc leaves it to come by itself)"
    } else {
        "Tab next, Enter saves, Ctrl-J new line in the body, Esc drops it"
    };
    Popup { title, lines, scroll: 0, marked, buttons: None, hint: hint.to_owned() }
}

/// The line that the cursor is in.
fn cursor_line(lines: &[Vec<Piece>]) -> Option<usize> {
    lines.iter().position(|line| line.iter().any(|piece| piece.role == Role::Cursor))
}

fn field_lines(field: &Field, focused: bool, height: usize) -> Vec<Vec<Piece>> {
    let role = if focused { Role::Strong } else { Role::Quiet };
    let name = |text: &str| Piece::new(text, role).fitted(Fit::Name);
    let label = field.name.label();
    if field.name != FieldName::Body {
        let mut line = vec![name(label)];
        line.extend(typed(&field.line.text, focused.then_some(field.line.cursor)));
        return vec![line];
    }
    // A window of the body around the cursor.
    let rows = BODY_LINES.min(height.saturating_sub(16)).max(2);
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

/// A typed line, with the cursor in it when it has one. Of what was pasted no more is copied than a popup can show.
fn typed(line: &str, cursor: Option<usize>) -> Vec<Piece> {
    let clean = |text: &str| text.replace('\t', "    ");
    let begins = |text: &str| Piece::new(clean(text::beginning(text, MAX_SHOWN)), Role::Plain).fitted(Fit::Typed);
    let Some(cursor) = cursor else { return vec![begins(line)] };
    let (before, after) = line.split_at(cursor);
    let mut after = after.chars();
    let under = after.next().map_or_else(|| " ".to_owned(), |c| clean(&c.to_string()));
    vec![
        Piece::new(clean(text::ending(before, MAX_SHOWN)), Role::Plain).fitted(Fit::BeforeCursor),
        Piece::new(under, Role::Cursor).fitted(Fit::Typed),
        begins(after.as_str()),
    ]
}

/// The lines of a text around the cursor, at most so many, each with the cursor's place when it is in it.
fn around(text: &str, cursor: usize, rows: usize) -> impl Iterator<Item = (&str, Option<usize>)> {
    let mut breaks = text[..cursor].rmatch_indices('\n');
    // The cursor's own line begins behind the first break before it, the window's first line behind the last.
    let mut start = breaks.nth(rows - 1).map_or(0, |(at, _)| at + 1);
    text[start..].split('\n').take(rows).map(move |line| {
        let from = start;
        start += line.len() + 1;
        (line, cursor.checked_sub(from).filter(|at| *at <= line.len()))
    })
}

/// The lines around the cursor, with the cursor in its own.
fn text_area(text: &str, cursor: usize) -> Vec<Vec<Piece>> {
    around(text, cursor, AREA_LINES).map(|(line, at)| typed(line, at)).collect()
}

/// A question.
#[must_use]
pub(super) fn prompt(prompt: &Prompt) -> Popup {
    let (title, hint) = match &prompt.about {
        Question::BlockReason(id) => (format!("why is {id} blocked?"), "Enter blocks it, Esc leaves it"),
        Question::Message(name) => (
            format!("message to {name}"),
            "Enter sends, Alt-Enter begins a line, Up brings back earlier ones, Esc leaves it",
        ),
        Question::Broadcast(names) => (
            format!("message to {} agents", names.len()),
            "Enter goes on, Alt-Enter begins a line, Up brings back earlier ones, Esc leaves it",
        ),
        Question::LinkTo(id) => {
            (format!("{id} depends on which card?"), "Enter links, !ID takes a link away, Esc leaves it")
        }
    };
    let Line { text, cursor, .. } = &prompt.line;
    let mut lines = text_area(text, *cursor);
    let marked = cursor_line(&lines);
    if prompt.sending.is_some() {
        lines.push(vec![Piece::new("sending; waiting for the receipt (Esc leaves it to come by itself)", Role::Quiet)]);
    }
    if let Some(notice) = &prompt.notice {
        lines.push(vec![Piece::new(Label::new(notice).to_string(), Role::Warning)]);
    }
    Popup { title, lines, scroll: 0, marked, buttons: None, hint: hint.to_owned() }
}

/// A menu.
#[must_use]
pub(super) fn menu(menu: &Menu) -> Popup {
    let top = menu.at.saturating_sub(MENU_LINES - 1);
    let lines = menu
        .items
        .iter()
        .enumerate()
        .skip(top)
        .take(MENU_LINES)
        .map(|(at, (label, _))| {
            let marked = at == menu.at;
            let mark = if marked { "> " } else { "  " };
            let role = if marked { Role::Cursor } else { Role::Plain };
            vec![Piece::new(mark, Role::Strong), Piece::new(Label::new(label).to_string(), role)]
        })
        .collect();
    Popup {
        title: menu.title.clone(),
        lines,
        scroll: 0,
        marked: Some(menu.at - top),
        buttons: None,
        hint: "j and k move, Enter chooses, Esc leaves it".to_owned(),
    }
}
