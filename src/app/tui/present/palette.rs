//! The palette in words.

use crate::app::action::registry::Shell;
use crate::app::tui::state::State;
use crate::app::tui::state::palette::{candidates, normal, refusal, words_of};
use crate::app::tui::state::screen::Overlay;
use crate::ui::view::{Fit, Piece, Popup, Role};

/// Entries shown at once.
const SHOWN: usize = 12;

/// Columns and lines of its frame: as many as a full list takes, with what stands around it.
const MIN: (u16, u16) = (86, 17);

/// The popup of an open palette.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Palette(palette)) = &state.overlay else { return None };
    let (before, behind) = palette.line.text.split_at(palette.line.cursor);
    let mut lines = vec![
        vec![
            Piece::new(": ", Role::Quiet),
            Piece::new(before, Role::Strong),
            Piece::new("\u{2588}", Role::Strong),
            Piece::new(behind, Role::Strong),
        ],
        vec![],
    ];
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
            Piece::new(words, if marked { Role::Strong } else { Role::Plain }).fitted(Fit::Command),
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
    let typed = normal(&palette.line.text).trim_end();
    let shell = match list.get(palette.at) {
        Some(spec) if matches!(spec.doors.shell, Shell::Words(_)) => {
            let words = words_of(spec).unwrap_or_default();
            // With the arguments that are typed: the line is meant to be copied.
            let line = if typed.starts_with(&words) { typed.to_owned() } else { words };
            format!("in a shell: {}mosaic-tui {line}", state.prefix)
        }
        Some(spec) => match spec.doors.shell {
            Shell::None(why) => why.to_owned(),
            Shell::Root | Shell::Words(_) => spec.usage(),
        },
        None => refusal(typed, &state.keys).unwrap_or_else(|| "nothing matches".to_owned()),
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
        hint: "Enter runs, Tab completes, arrows choose, Ctrl-p earlier, Esc closes".to_owned(),
    })
}
