//! The palette in words.

use super::typed::typed;
use crate::app::action::registry::Shell;
use crate::app::tui::state::State;
use crate::app::tui::state::palette::{candidates, normal, refusal, words_of};
use crate::app::tui::state::screen::Overlay;
use crate::ui::view::{Fit, Piece, Popup, Role};

/// Entries shown at once.
const SHOWN: usize = 12;

/// Lines in front of the first entry.
const FRONT: usize = 2;

/// Columns and lines of its frame: as many as a full list takes, with what stands around it.
const MIN: (u16, u16) = (86, 17);

/// Which entry, of those that are shown, stands on a line of it.
pub(in crate::app::tui) fn entry_at(state: &State, line: usize) -> Option<usize> {
    let Some(Overlay::Palette(palette)) = &state.overlay else { return None };
    let top = palette.at.saturating_sub(SHOWN - 1);
    let at = top + line.checked_sub(FRONT).filter(|at| *at < SHOWN)?;
    (at < candidates(&palette.line.text, &state.keys).len()).then_some(at)
}

/// The popup of an open palette.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Palette(palette)) = &state.overlay else { return None };
    // Cut around its cursor, as every line that is typed: a long one was pasted.
    let line = typed(&palette.line.text, Some(palette.line.cursor));
    let mut lines = vec![std::iter::once(Piece::new(": ", Role::Quiet)).chain(line).collect(), vec![]];
    let list = candidates(&palette.line.text, &state.keys);
    // The list moves only when the mark would leave it, so that a short one stands still.
    let top = palette.at.saturating_sub(SHOWN - 1);
    let mut mark = None;
    for (at, spec) in list.iter().enumerate().skip(top).take(SHOWN) {
        let marked = at == palette.at;
        if marked {
            mark = Some(lines.len());
        }
        let words = words_of(spec).unwrap_or_default();
        let keys = state.keys.shown_anywhere(spec).into_iter().next().unwrap_or_default();
        lines.push(vec![
            Piece::new(if marked { "> " } else { "  " }, Role::Strong),
            Piece::new(words, if marked { Role::Marked } else { Role::Plain }).fitted(Fit::Command),
            Piece::new(keys, Role::Quiet).fitted(Fit::Key),
            Piece::new(spec.doc, Role::Quiet).fitted(Fit::Rest),
        ]);
    }
    let more = list.len().saturating_sub(top + SHOWN);
    if more > 0 {
        lines.push(vec![Piece::new(format!("  and {more} more"), Role::Quiet)]);
    }
    if let Some(notice) = &palette.notice {
        lines.push(vec![]);
        lines.push(vec![Piece::new(notice.clone(), Role::Warning)]);
    }
    let command = normal(&palette.line.text).trim_end();
    let shell = match list.get(palette.at) {
        Some(spec) if matches!(spec.doors.shell, Shell::Words(_)) => {
            let words = words_of(spec).unwrap_or_default();
            // With the arguments that are typed: the line is meant to be copied.
            let line = if command.starts_with(&words) { command.to_owned() } else { words };
            format!("in a shell: {}mosaic-tui {line}", state.prefix)
        }
        Some(spec) => match spec.doors.shell {
            Shell::None(why) => why.to_owned(),
            Shell::Root | Shell::Words(_) => spec.usage(),
        },
        None => refusal(command, &state.keys).unwrap_or_else(|| "nothing matches".to_owned()),
    };
    // A command that is refused says so as its notice already.
    if palette.notice.as_ref() != Some(&shell) {
        lines.push(vec![]);
        lines.push(vec![Piece::new(shell, Role::Plain)]);
    }
    Some(Popup {
        title: "command".to_owned(),
        lines,
        scroll: 0,
        marked: mark,
        least: MIN,
        buttons: None,
        hint: super::pressed(&[
            ("Enter", "runs"),
            ("Tab", "completes"),
            ("", "arrows choose"),
            ("Ctrl-p", "earlier"),
            ("Esc", "closes"),
        ]),
    })
}
