//! An agent's question in words: a line for each of its rows, and what became of an answer.

use crate::app::tui::state::State;
use crate::app::tui::state::screen::Overlay;
use crate::fleet::model::{Label, Readiness};
use crate::ui::view::{Piece, Popup, Role};

/// What stands between the rows of a question where it is shown on one line.
const BETWEEN: &str = " | ";

/// The popup of an open question.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Question(open)) = &state.overlay else { return None };
    let row = |text: &str| {
        // By the row itself: some runtimes number their choices and some only mark one.
        let numbered = text.split_once(|c: char| !c.is_ascii_digit()).filter(|(number, _)| !number.is_empty());
        match numbered {
            // Its number is the key.
            Some((number, _)) => {
                vec![Piece::new(number, Role::Accent), Piece::new(&text[number.len()..], Role::Plain)]
            }
            None => vec![Piece::new(text, Role::Strong)],
        }
    };
    let numbered = open.asked.as_str().split(BETWEEN).any(|row| row.starts_with(|c: char| c.is_ascii_digit()));
    let mut lines: Vec<Vec<Piece>> = open.asked.as_str().split(BETWEEN).map(row).collect();
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
    let asking = state.snapshot.iter().flat_map(|snapshot| &snapshot.agents);
    let others = asking.filter(|row| row.readiness == Readiness::Stuck && row.key != open.agent).count();
    let next = if others > 0 { format!("w next of {others}, ") } else { String::new() };
    Some(Popup {
        title: format!("{} asks", open.name),
        lines,
        scroll: open.scroll,
        marked: None,
        buttons: None,
        hint: match open.told {
            // It is answered; what is left is to go on.
            Some((_, false)) => format!("{next}Esc closes"),
            _ if numbered => format!("1-9 answers with that choice, {next}a attaches, Esc closes"),
            // It shows no numbers: they count its choices as they stand there.
            _ => format!("1 the first choice, 2 the second, {next}a attaches, Esc closes"),
        },
    })
}
