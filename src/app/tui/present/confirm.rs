//! The question before something is ended, in words.

use crate::app::tui::state::State;
use crate::app::tui::state::screen::Overlay;
use crate::ui::view::{Piece, Popup, Role};

/// The popup of an open question.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Confirm(confirm)) = &state.overlay else { return None };
    let button = confirm.subject.button(confirm.verb);
    let runs = |label: &str, command: &str| vec![Piece::new(label, Role::Quiet), Piece::new(command, Role::Plain)];
    let mut lines = vec![
        vec![Piece::new("acts on  ", Role::Quiet), Piece::new(confirm.subject.words(), Role::Strong)],
        runs("runs     ", &confirm.sent.command),
    ];
    lines.extend(confirm.more.iter().map(|(sent, _)| runs("         ", &sent.command)));
    let leaves = if confirm.behind.is_some() { "goes back to the text" } else { "cancels" };
    Some(Popup {
        title: format!("{button}?"),
        lines,
        scroll: confirm.scroll,
        marked: None,
        // Cancel first, and marked: a second Enter that was meant for the list ends nothing.
        least: (0, 0),
        buttons: Some((vec!["Cancel".to_owned(), button], usize::from(confirm.yes))),
        hint: super::pressed(&[("Tab", "changes"), ("Enter", "chooses"), ("y", "does it"), ("Esc", leaves)]),
    })
}
