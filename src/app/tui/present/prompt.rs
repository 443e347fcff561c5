//! A question with a line to type, in words.

use super::typed::{around, cursor_line, typed};
use crate::app::tui::state::State;
use crate::app::tui::state::prompt::Question;
use crate::app::tui::state::screen::Overlay;
use crate::app::tui::state::text_input::TextInput;
use crate::fleet::model::Label;
use crate::ui::view::{Piece, Popup, Role};

/// Lines of a text area shown at once.
const AREA_LINES: usize = 8;

/// The popup of an open question.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Prompt(prompt)) = &state.overlay else { return None };
    let (title, hint) = match &prompt.about {
        Question::BlockReason(id) => (format!("why is {id} blocked?"), "Enter blocks it, Esc leaves it"),
        Question::Message(name) => (
            format!("message to {name}"),
            "Enter sends, Alt-Enter begins a line, Up brings back earlier ones, Esc leaves it",
        ),
        Question::Broadcast(names) => (
            match names.as_slice() {
                [only] => format!("message to {only}"),
                several => format!("message to {} agents", several.len()),
            },
            "Enter goes on, Alt-Enter begins a line, Up brings back earlier ones, Esc leaves it",
        ),
        Question::Pause => ("why is the fleet paused?".to_owned(), "Enter pauses it, Esc leaves it"),
        Question::LinkTo(id) => {
            (format!("{id} depends on which card?"), "Enter links, !ID takes a link away, Esc leaves it")
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
    Some(Popup { title, lines, scroll: 0, marked, least: (0, 0), buttons: None, hint: hint.to_owned() })
}

/// The lines around the cursor, with the cursor in its own.
fn text_area(text: &str, cursor: usize) -> Vec<Vec<Piece>> {
    around(text, cursor, AREA_LINES).map(|(line, at)| typed(line, at)).collect()
}
