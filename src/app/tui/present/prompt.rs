//! A question with a line to type, in words.

use super::typed::{around, cursor_line, typed};
use crate::app::tui::state::State;
use crate::app::tui::state::prompt::Question;
use crate::app::tui::state::screen::Overlay;
use crate::app::tui::state::text_input::TextInput;
use crate::backlog::model::CardId;
use crate::fleet::model::Label;
use crate::ui::view::{Piece, Popup, Role};

/// Lines of a text area shown at once.
pub(in crate::app::tui) const AREA_LINES: usize = 8;

/// Cards that a title names; of more it says how many.
const MAX_NAMED: usize = 3;

/// The popup of an open question.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Prompt(prompt)) = &state.overlay else { return None };
    let (title, hint) = match &prompt.about {
        Question::BlockReason(ids) => {
            let enter = if ids.len() == 1 { "blocks it" } else { "blocks them" };
            (format!("why {} blocked?", are(ids)), vec![("Enter", enter), ("Esc", "leaves it")])
        }
        Question::Message(name) => (format!("message to {name}"), typing("sends")),
        Question::Broadcast(names) => (
            match names.as_slice() {
                [only] => format!("message to {only}"),
                several => format!("message to {} agents", several.len()),
            },
            typing("goes on"),
        ),
        Question::Pause => ("why is the fleet paused?".to_owned(), vec![("Enter", "pauses it"), ("Esc", "leaves it")]),
        Question::LinkTo(ids) => {
            let depend = if ids.len() == 1 { "depends" } else { "depend" };
            let hint = vec![("Enter", "links"), ("", "!ID takes a link away"), ("Esc", "leaves it")];
            (format!("{} {depend} on which card?", named(ids)), hint)
        }
    };
    let TextInput { text, cursor, .. } = &prompt.line;
    let mut lines = text_area(text, *cursor);
    let marked = cursor_line(&lines);
    if prompt.sending.is_some() {
        lines.push(vec![Piece::new("sending; waiting for the receipt (Esc leaves it to come by itself)", Role::Quiet)]);
    }
    if let Some(notice) = &prompt.notice {
        lines.push(vec![Piece::new(Label::new(notice).to_string(), Role::Warning)]);
    }
    let hint = super::pressed(&hint);
    Some(Popup { title, lines, scroll: 0, marked, least: (0, 0), buttons: None, hint })
}

/// Keys of a text to agents, by what Enter does with it.
fn typing(enter: &'static str) -> Vec<(&'static str, &'static str)> {
    vec![("Enter", enter), ("Alt-Enter", "begins a line"), ("Up", "brings back earlier ones"), ("Esc", "leaves it")]
}

/// Which cards: by their ids, while a title has room for them.
fn named(ids: &[CardId]) -> String {
    match ids {
        [.., _] if ids.len() <= MAX_NAMED => ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        _ => format!("{} cards", ids.len()),
    }
}

/// The same in front of what is said of them.
fn are(ids: &[CardId]) -> String {
    if ids.len() == 1 { format!("is {}", named(ids)) } else { format!("are {}", named(ids)) }
}

/// The lines around the cursor, with the cursor in its own.
fn text_area(text: &str, cursor: usize) -> Vec<Vec<Piece>> {
    around(text, cursor, AREA_LINES).map(|(line, at)| typed(line, at)).collect()
}
