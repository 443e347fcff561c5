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
    let next = if others > 0 { format!("w next of {others}, ") } else { String::new() };
    Some(Popup {
        title: format!("{} asks", open.name),
        lines,
        scroll: open.scroll,
        marked: None,
        least: (0, 0),
        buttons: None,
        hint: match open.told {
            // It is answered; what is left is to go on.
            Some((_, false)) => format!("{next}Esc closes"),
            _ => format!("{}{next}a attaches, Esc closes", answers(open)),
        },
    })
}

/// The keys of a choice.
fn keys(choice: &Choice) -> String {
    let letter = choice.letter.map(|letter| format!(" / {letter}")).unwrap_or_default();
    format!("{}{letter}", choice.number)
}

/// Which keys answer, for the edge.
fn answers(open: &Question) -> String {
    let lettered: Vec<String> =
        open.choices().filter_map(|choice| Some(format!("{} {}", choice.letter?, choice.words))).collect();
    match (lettered.is_empty(), open.choices().count()) {
        (false, _) => format!("{}, ", lettered.join(", ")),
        (true, 0) => String::new(),
        (true, 1) => "1 answers, ".to_owned(),
        (true, count) => format!("1-{count} answers with that choice, "),
    }
}
