//! A sheet of questions, in words.

use super::typed::typed;
use crate::app::tui::state::State;
use crate::app::tui::state::screen::Overlay;
use crate::app::tui::state::sheet::{About, Entry, Sheet, Value};
use crate::fleet::model::Label;
use crate::ui::view::{Fit, Piece, Popup, Role};

/// So many choices around the marked one.
const CHOICES: usize = 8;

/// Lines in front of the first question of a first fleet.
const INTRODUCTION: usize = 2;

/// The popup of an open sheet.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Sheet(sheet)) = &state.overlay else { return None };
    let mut lines = Vec::new();
    if !sheet.is_launch() {
        lines.push(vec![Piece::new(
            "There is no roster here yet. Three answers make a fleet, and start it.",
            Role::Plain,
        )]);
        lines.push(Vec::new());
    }
    let mut marked = None;
    let rows = choice_rows(state);
    for (at, entry) in sheet.entries.iter().enumerate() {
        let is_focused = at == sheet.focus && sheet.saving.is_none();
        let (shown, mark) = question(entry, is_focused, rows);
        marked = marked.or(mark.map(|line| lines.len() + line));
        lines.extend(shown);
    }
    let told = |text: &str, role: Role| vec![Piece::new(Label::new(text).to_string(), role)];
    if let Some(note) = &sheet.note {
        lines.push(Vec::new());
        lines.push(told(note, if sheet.is_launch() { Role::Warning } else { Role::Quiet }));
    }
    if !sheet.done.is_empty() || sheet.saving.is_some() || sheet.notice.is_some() {
        lines.push(Vec::new());
    }
    lines.extend(sheet.done.iter().map(|done| told(done, Role::Good)));
    if let Some((_, command)) = &sheet.saving {
        lines.push(told(&format!("{command}\u{2026}"), Role::Quiet));
    }
    if let Some(notice) = &sheet.notice {
        lines.push(told(notice, Role::Warning));
        // What went wrong is scrolled to, as the choices above may fill a small terminal.
        marked = Some(lines.len() - 1);
    }
    let title = match &sheet.about {
        About::FirstFleet { .. } => "a first fleet".to_owned(),
        About::Launch(name) => format!("how {name} is launched"),
    };
    Some(Popup { title, lines, scroll: 0, marked, least: (0, 0), buttons: None, hint: super::pressed(hint(sheet)) })
}

fn hint(sheet: &Sheet) -> &'static [(&'static str, &'static str)] {
    match &sheet.about {
        _ if sheet.saving.is_some() => &[("Esc", "leaves it to come by itself")],
        About::FirstFleet { .. } if !sheet.is_last() => {
            &[("", "arrows choose"), ("Enter", "goes on"), ("Tab", "moves"), ("Esc", "leaves it")]
        }
        About::FirstFleet { .. } => {
            &[("Enter", "makes the fleet and starts it"), ("Tab", "moves"), ("Esc", "leaves it")]
        }
        About::Launch(_) => {
            &[("Tab", "moves"), ("", "arrows choose"), ("Enter", "writes the roster"), ("Esc", "drops it")]
        }
    }
}

/// What of a sheet stands on one of its lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::app::tui) enum Part {
    /// A question, or what is typed as its answer.
    Question(usize),
    /// One of the choices of a question.
    Choice(usize, usize),
}

/// What of the open sheet stands on a line of it.
pub(in crate::app::tui) fn part_at(state: &State, line: usize) -> Option<Part> {
    let Some(Overlay::Sheet(sheet)) = &state.overlay else { return None };
    let rows = choice_rows(state);
    let mut start = if sheet.is_launch() { 0 } else { INTRODUCTION };
    sheet.entries.iter().enumerate().find_map(|(at, entry)| {
        let is_focused = at == sheet.focus && sheet.saving.is_none();
        let lines = question(entry, is_focused, rows).0.len();
        let row = line.checked_sub(start).filter(|row| *row < lines);
        start += lines;
        Some(match (row?.checked_sub(1), &entry.value) {
            (Some(row), Value::OneOf(_, marked)) => Part::Choice(at, top_of(*marked, rows) + row),
            _ => Part::Question(at),
        })
    })
}

/// Choices of a question that are shown at once.
fn choice_rows(state: &State) -> usize {
    // The other questions and the frame take up to 14 rows.
    usize::from(state.size.height).saturating_sub(14).clamp(2, CHOICES)
}

/// The first choice that is shown, by the marked one.
fn top_of(marked: usize, rows: usize) -> usize {
    (marked + 1).saturating_sub(rows)
}

/// The lines of a question, and which of them is to be seen.
fn question(entry: &Entry, is_focused: bool, rows: usize) -> (Vec<Vec<Piece>>, Option<usize>) {
    let role = if is_focused { Role::Strong } else { Role::Quiet };
    let name = |text: &str| Piece::new(text, role).fitted(Fit::Name);
    let label = entry.label.replace('_', " ");
    if !is_focused {
        let mut line = vec![name(&label)];
        match &entry.value {
            Value::Typed(input) => line.extend(typed(&input.text, None)),
            Value::OneOf(..) => line.push(Piece::new(Label::new(entry.answer()).to_string(), Role::Plain)),
        }
        return (vec![line], None);
    }
    let mut lines = vec![vec![name(&label), Piece::new(entry.question, Role::Quiet)]];
    let mark = match &entry.value {
        Value::Typed(input) => {
            let mut line = vec![name("")];
            line.extend(typed(&input.text, Some(input.cursor)));
            lines.push(line);
            1
        }
        Value::OneOf(choices, at) => {
            let top = top_of(*at, rows);
            let wide = choices.iter().map(|choice| choice.name.chars().count()).max().unwrap_or(0);
            for (number, choice) in choices.iter().enumerate().skip(top).take(rows) {
                let is_marked = number == *at;
                let mark = if is_marked { "> " } else { "  " };
                let choice_name = Label::new(&choice.name).to_string();
                let gap = " ".repeat(wide.saturating_sub(choice_name.chars().count()) + 2);
                lines.push(vec![
                    name(""),
                    Piece::new(mark, Role::Strong),
                    Piece::new(choice_name, if is_marked { Role::Marked } else { Role::Plain }),
                    Piece::new(gap, Role::Plain),
                    Piece::new(Label::new(&choice.about).to_string(), Role::Quiet).fitted(Fit::Rest),
                ]);
            }
            at - top + 1
        }
    };
    (lines, Some(mark))
}
