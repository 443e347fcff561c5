//! An agent's question in words: a line for each of its rows, and what became of an answer.

use crate::app::tui::state::State;
use crate::app::tui::state::question::{Choice, Question, Shown};
use crate::app::tui::state::screen::Overlay;
use crate::fleet::model::{Label, Readiness};
use crate::ui::view::{Piece, Popup, Role};

/// The popup of an open question.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Question(open)) = &state.overlay else { return None };
    let wide = open.choices().map(|choice| keys(choice).len()).max().unwrap_or(0);
    let row = |row: &Shown| match row {
        Shown::Text(text) => vec![Piece::new(text.as_str(), Role::Strong)],
        Shown::Choice(choice) => {
            let keys = format!("  {:wide$}  ", keys(choice));
            vec![Piece::new(keys, Role::Accent), Piece::new(choice.words.as_str(), Role::Plain)]
        }
    };
    let mut lines: Vec<Vec<Piece>> = open.rows.iter().map(row).collect();
    match (&open.sent, &open.told) {
        (Some((_, choice)), _) => {
            lines
                .extend([Vec::new(), vec![Piece::new(format!("answering with choice {choice}\u{2026}"), Role::Quiet)]]);
        }
        (None, Some((words, failed))) => {
            let role = if *failed { Role::Warning } else { Role::Good };
            lines.extend([Vec::new(), vec![Piece::new(Label::new(words).to_string(), role)]]);
        }
        (None, None) => {}
    }
    // Here and not at the bottom of the screen, where the next word would take its place.
    if let Some(why) = &open.refused {
        lines.extend([Vec::new(), vec![Piece::new(why.as_str(), Role::Warning)]]);
    }
    let asking = state.snapshot.iter().flat_map(|snapshot| &snapshot.agents);
    let others = asking.filter(|row| row.readiness == Readiness::Stuck && row.key != open.agent).count();
    let mut hint = Vec::new();
    // Once it is answered what is left is to go on.
    let answered = matches!(open.told, Some((_, false)));
    if !answered {
        hint.extend(answers(open));
    }
    if others > 0 {
        hint.push(("w".to_owned(), format!("next of {others}")));
    }
    if !answered {
        hint.extend(super::pressed(&[("a", "attaches")]));
    }
    hint.extend(super::pressed(&[("Esc", "closes")]));
    Some(Popup {
        title: format!("{} asks", open.name),
        lines,
        scroll: open.scroll,
        marked: None,
        least: (0, 0),
        buttons: None,
        hint,
    })
}

/// The keys of a choice.
fn keys(choice: &Choice) -> String {
    let letter = choice.letter.map(|letter| format!(" / {letter}")).unwrap_or_default();
    format!("{}{letter}", choice.number)
}

/// Which keys answer, for the edge.
fn answers(open: &Question) -> Vec<(String, String)> {
    let lettered: Vec<(String, String)> =
        open.choices().filter_map(|choice| Some((choice.letter?.to_string(), choice.words.clone()))).collect();
    match (lettered.is_empty(), open.choices().count()) {
        (false, _) => lettered,
        (true, 0) => Vec::new(),
        (true, 1) => super::pressed(&[("1", "answers")]),
        (true, count) => super::pressed(&[("", &format!("1-{count} answers with that choice"))]),
    }
}
