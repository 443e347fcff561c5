//! What runs in the background, in words: the first of it in the footer, all of it in a popup.

use super::spinner;
use crate::app::tui::state::State;
use crate::app::tui::state::running::Running;
use crate::app::tui::state::screen::Overlay;
use crate::fleet::model::{Label, age};
use crate::ui::view::{Fit, Piece, Popup, Role};

/// Words of a command that the footer shows of it.
const WORDS: usize = 3;

/// What the footer says of it: the first command, and how many more there are.
pub(super) fn in_short(state: &State) -> Option<String> {
    let first = state.running.first()?;
    // In front of the program's name stand the variables that another shell needs.
    let words = first.sent.command.split_whitespace().skip_while(|word| !word.ends_with("mosaic-tui")).skip(1);
    let first: Vec<&str> = words.take(WORDS).collect();
    // The oldest is named, as it is the one that is waited for longest.
    let more = match state.running.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Some(format!("{} {}{more}", spinner(state), Label::new(&first.join(" "))))
}

/// The popup of the open list.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Running(list)) = &state.overlay else { return None };
    let mut lines: Vec<Vec<Piece>> = state.running.iter().flat_map(|running| told(state, running)).collect();
    if lines.is_empty() {
        lines.push(vec![Piece::new("nothing runs", Role::Good)]);
        lines.push(Vec::new());
        let text = "What takes long goes on here while you do something else, and says how it ended; 4 has it all.";
        lines.push(vec![Piece::new(text, Role::Quiet)]);
    }
    Some(Popup {
        title: "running".to_owned(),
        lines,
        scroll: list.scroll,
        marked: None,
        least: (0, 0),
        buttons: None,
        hint: super::pressed(&[("Esc", "closes this, and what runs goes on")]),
    })
}

/// One of them: how long it runs, its command, and how far it is.
fn told(state: &State, running: &Running) -> Vec<Vec<Piece>> {
    let lasted = state.now.duration_since(running.since).unsigned_abs();
    let mut lines = vec![vec![
        Piece::new(format!("{} {}", spinner(state), age::short(lasted)), Role::Accent).fitted(Fit::Name),
        Piece::new(Label::new(&running.sent.command).to_string(), Role::Plain),
    ]];
    lines.extend(running.said.as_ref().map(|said| {
        vec![Piece::new("", Role::Quiet).fitted(Fit::Name), Piece::new(Label::new(said).to_string(), Role::Quiet)]
    }));
    lines
}
