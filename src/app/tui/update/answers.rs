//! Answers of what was sent: to the form or the question that it was typed in, else told.

use crate::app::action::ScreenAction;
use crate::app::action::cli::{self, Parsed};
use crate::app::action::dispatch::Sent;
use crate::app::action::error::DONE;
use crate::app::action::registry::{ACTIONS, ActionSpec};
use crate::app::action::report::Report;
use crate::app::tui::screens::{held, question};
use crate::app::tui::state::State;
use crate::app::tui::state::answer::Answer;
use crate::app::tui::state::screen::Overlay;
use crate::app::tui::state::together::Ended;

/// Takes the answer of a request: to where it was typed, else it is told.
pub(super) fn take(state: &mut State, sent: Sent, mut report: Report) {
    state.running.retain(|running| running.sent.id != sent.id);
    let undone = state.board.undoing.iter().position(|(id, _)| *id == sent.id);
    let undone = undone.map(|at| state.board.undoing.remove(at));
    let done = report.code == DONE;
    if let Some((_, undo)) = undone {
        // What an undo did is not offered again: a second U would only repeat the first change.
        report.undo = None;
        if !done && (state.board.undo.is_empty() || state.board.retries) {
            // It was not taken back, and may be tried again, with all others that were to be.
            state.board.undo.push(undo);
            state.board.retries = true;
        }
    }
    if take_together(state, &sent, &mut report) {
        return;
    }
    // It runs no longer; what became of it is said below, or in a popup.
    state.unsay(&[sent.id]);
    if report.undo.is_some() {
        state.board.undo.clear();
        state.board.retries = false;
    }
    // The form or the prompt first: it says its own refusal in its own place, and needs no second
    // word at the bottom.
    if held::answered(state, sent.id, (!done).then(|| lines_of(&report).join("; ")).as_deref()) && !done {
        return;
    }
    if question::take_receipt(state, sent.id, &lines_of(&report).join("; "), &report) {
        return;
    }
    tell(state, sent.command, report);
}

/// Takes the answer of a request that is one of several; whether it is. What became of all of them is told once, when the
/// last of them is answered.
fn take_together(state: &mut State, sent: &Sent, report: &mut Report) -> bool {
    let (good, mut lines) = (report.code == DONE, lines_of(report));
    // A refusal may speak of another card than the one that it was for.
    let of = named_in(state, &sent.command).map(|(_, of)| of).filter(|of| !lines.iter().any(|line| line.contains(of)));
    let first = of.map(|of| format!("{of}: {}", lines.first().copied().unwrap_or_default()));
    if let (Some(first), Some(line)) = (&first, lines.first_mut()) {
        *line = first;
    }
    let Some(at) = state.together.iter_mut().position(|all| all.take(sent.id, good, &lines)) else { return false };
    let text = lines.join("\n");
    if let Some(undo) = report.undo.take() {
        state.board.undo.push((text, *undo));
    }
    let view = ACTIONS.iter().find(|spec| spec.build.is(ScreenAction::ViewActivity));
    let key = view.and_then(|spec| state.keys.first(spec, &state.standing())).unwrap_or_default();
    let Some(ended) = state.together[at].ended(&key) else { return true };
    let all = state.together.remove(at);
    state.unsay(all.requests());
    match ended {
        Ended::Done(text) => {
            let undo = if all.undoable && !state.board.undo.is_empty() { "  (U takes it back)" } else { "" };
            state.say(format!("{text}{undo}"), false);
        }
        Ended::Told(title, text, failed) => {
            let command = format!("{}   and {} more like it", sent.command, all.count().saturating_sub(1));
            held::keep(state, Overlay::Answer(Answer::new(title, command, text, failed)));
        }
    }
    held::all_answered(state, &all);
    true
}

/// What a report says, line by line: what failed first.
fn lines_of(report: &Report) -> Vec<&str> {
    report.errors.iter().map(String::as_str).chain(Some(report.text.as_str()).filter(|text| !text.is_empty())).collect()
}

/// The entry of the table that a command line is of, and what it names.
fn named_in(state: &State, command: &str) -> Option<(&'static ActionSpec, String)> {
    let line = command.strip_prefix(state.prefix.as_str()).unwrap_or(command);
    let Parsed { spec, inputs, .. } = cli::parse_line(line).ok()?;
    let named = |name: &str| inputs.many(name).join(", ");
    let subject = match named("class") {
        class if !class.is_empty() => format!("class {class}"),
        _ => ["name", "agents", "id", "from"].map(named).into_iter().find(|name| !name.is_empty()).unwrap_or_default(),
    };
    Some((spec, subject))
}

/// What an answer is of: what was looked at and of whom, or what was done.
fn title_of(state: &State, command: &str) -> String {
    let Some((spec, subject)) = named_in(state, command) else { return "done".to_owned() };
    match (spec.writes, subject.is_empty()) {
        (false, true) => spec.title.to_owned(),
        (false, false) => format!("{} of {subject}", spec.title),
        (true, true) => format!("done: {}", spec.title),
        (true, false) => format!("done: {} {subject}", spec.title),
    }
}

/// Tells how something ended: at the bottom, or in a popup where that says too little.
pub(super) fn tell(state: &mut State, command: String, report: Report) {
    if report.code == DONE {
        // What is done may come with a warning.
        let is_markdown = report.markdown.start == 0 && !report.markdown.is_empty();
        let mut text = lines_of(&report).join(if is_markdown { "\n\n" } else { "\n" });
        // What is warned of stands in front; before a text that is Markdown from its beginning it is a part of that.
        let front = text.strip_suffix(report.text.as_str()).map_or(0, |front| front.matches('\n').count());
        let start = if is_markdown { 0 } else { report.markdown.start + front };
        let markdown = start..report.markdown.end.saturating_add(front);
        if let Some(undo) = report.undo {
            state.board.undo.push((text.clone(), *undo));
            text.push_str("  (U takes it back)");
        }
        match text.split_once('\n') {
            Some(_) => {
                let title = title_of(state, &command);
                let answer = Answer::new(title, command, text, false).in_markdown(markdown);
                held::keep(state, Overlay::Answer(answer));
            }
            None => state.say(text, false),
        }
        return;
    }
    // An answer that is complete but not good, such as a status, has not failed.
    let complete = report.errors.is_empty() && report.text.contains('\n');
    let title = if complete { format!("exit {}", report.code) } else { "failed".to_owned() };
    let text = lines_of(&report).join("\n");
    held::keep(state, Overlay::Answer(Answer::new(title, command, text, !complete)));
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;

    use super::*;
    use crate::app::tui::present::present;
    use crate::fleet::model::Size;
    use crate::ui::draw::draw;
    use crate::ui::picture::plain;
    use crate::ui::theme::Theme;

    #[test]
    fn an_answer_in_markdown_is_as_wide_as_its_popup_and_not_as_it_was_written() {
        let hard = "Claims one card at a time, and resumes it where that is its own already. It\nworks in a work tree of its own.";
        let text = format!("code is the framework's\n\n## Mandate\n\n{hard}\n");
        let shown = |markdown: bool| -> Vec<String> {
            let mut state = State::new(Size { width: 64, height: 24 }, jiff::Timestamp::UNIX_EPOCH);
            let report = Report::done(text.as_str(), &serde_json::Value::Null);
            let report = if markdown { report.in_markdown() } else { report };
            tell(&mut state, "mosaic-tui persona show code".to_owned(), report);
            held::show(&mut state);
            let mut frame = Buffer::empty(Rect::new(0, 0, state.size.width, state.size.height));
            draw(&mut frame, &present(&state), Theme::default());
            let picture = plain(&frame);
            let rows = picture.lines().filter_map(|line| line.split('\u{2502}').nth(1));
            rows.map(|row| row.trim().to_owned()).collect()
        };
        let rows = shown(true);
        let at = rows.iter().position(|row| row.starts_with("Claims")).unwrap();
        let want = [
            "Claims one card at a time, and resumes it where that is its",
            "own already. It works in a work tree of its own.",
        ];
        assert_eq!(rows[at..at + 2], want, "{rows:#?}");
        // What is no Markdown keeps its lines.
        assert!(shown(false).iter().any(|row| row == "own already. It"), "{:#?}", shown(false));
    }

    #[test]
    fn a_long_answer_is_titled_by_what_it_is_of() {
        let mut state = State::new(Size { width: 80, height: 24 }, jiff::Timestamp::UNIX_EPOCH);
        state.prefix = "MOSAIC_HOME=/srv/home ".to_owned();
        for (command, title) in [
            ("mosaic-tui agent tail code1", "tail of code1"),
            ("mosaic-tui persona show code", "persona of class code"),
            ("mosaic-tui persona list", "personas"),
            ("mosaic-tui fleet stop code0 code1", "done: stop code0, code1"),
            ("something else", "done"),
        ] {
            for prefix in ["", "MOSAIC_HOME=/srv/home "] {
                let report = Report::done("one\ntwo", &serde_json::Value::Null);
                state.overlay = None;
                tell(&mut state, format!("{prefix}{command}"), report);
                held::show(&mut state);
                let Some(Overlay::Answer(answer)) = &state.overlay else { panic!("{:?}", state.overlay) };
                assert_eq!(answer.title, title, "{command}");
            }
        }
    }
}
