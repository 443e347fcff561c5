//! Answers of what was sent: to the form or the question that it was typed in, else told.

use crate::app::action::dispatch::Sent;
use crate::app::action::error::DONE;
use crate::app::action::report::Report;
use crate::app::tui::screens::{held, question};
use crate::app::tui::state::State;
use crate::app::tui::state::answer::Answer;
use crate::app::tui::state::screen::Overlay;

/// Takes the answer of a request: to where it was typed, else it is told.
pub(super) fn take(state: &mut State, sent: Sent, mut report: Report) {
    state.running.retain(|running| running.sent.id != sent.id);
    let undone = state.board.undoing.iter().position(|(id, _)| *id == sent.id);
    let undone = undone.map(|at| state.board.undoing.remove(at));
    let done = report.code == DONE;
    if let Some((_, undo)) = undone {
        // What an undo did is not offered again: a second U would only repeat the first change.
        report.undo = None;
        if !done && state.board.undo.is_none() {
            // It was not taken back, and may be tried again.
            state.board.undo = Some(undo);
        }
    }
    // The form or the prompt first: it says its own refusal in its own place, and needs no second
    // word at the bottom.
    if held::answered(state, sent.id, (!done).then(|| lines_of(&report).join("; ")).as_deref()) && !done {
        state.toast = None;
        return;
    }
    if question::take_receipt(state, sent.id, &lines_of(&report).join("; "), &report) {
        return;
    }
    tell(state, sent.command, report);
}

/// What a report says, line by line: what failed first.
fn lines_of(report: &Report) -> Vec<&str> {
    report.errors.iter().map(String::as_str).chain(Some(report.text.as_str()).filter(|text| !text.is_empty())).collect()
}

/// Tells how something ended: at the bottom, or in a popup where that says too little.
pub(super) fn tell(state: &mut State, command: String, report: Report) {
    if report.code == DONE {
        // What is done may come with a warning.
        let mut text = lines_of(&report).join("\n");
        if let Some(undo) = report.undo {
            state.board.undo = Some((text.clone(), *undo));
            text.push_str("  (U takes it back)");
        }
        match text.split_once('\n') {
            Some(_) => {
                state.toast = None;
                let title = "done".to_owned();
                held::keep(state, Overlay::Answer(Answer::new(title, command, text, false)));
            }
            None => state.say(text, false),
        }
        return;
    }
    state.toast = None;
    // An answer that is complete but not good, such as a status, has not failed.
    let complete = report.errors.is_empty() && report.text.contains('\n');
    let title = if complete { format!("exit {}", report.code) } else { "failed".to_owned() };
    let text = lines_of(&report).join("\n");
    held::keep(state, Overlay::Answer(Answer::new(title, command, text, !complete)));
}
