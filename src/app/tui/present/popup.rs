//! Popups in words.

use super::detail;
use crate::app::action::keymap;
use crate::app::action::registry::{ActionSpec, Key, Place};
use crate::app::tui::state::{Overlay, Screen, State};
use crate::ui::view::{Fit, Piece, Popup, Role};

/// The popup of a state, if it has one.
#[must_use]
pub(super) fn popup(state: &State) -> Option<Popup> {
    Some(match state.overlay.as_ref()? {
        Overlay::Help { filter, scroll } => help(state.screen, filter, *scroll),
        Overlay::Explain { scroll } => explain(state, *scroll),
        Overlay::Confirm { sent, targets, yes, scroll, .. } => Popup {
            title: "really?".to_owned(),
            lines: vec![
                vec![Piece::new("acts on  ", Role::Quiet), Piece::new(targets.join(", "), Role::Strong)],
                vec![Piece::new("runs     ", Role::Quiet), Piece::new(sent.command.clone(), Role::Plain)],
            ],
            scroll: *scroll,
            marked: None,
            buttons: Some((vec!["Cancel".to_owned(), "Do it".to_owned()], usize::from(*yes))),
            hint: "Tab changes, Enter chooses, y does it, Esc cancels".to_owned(),
        },
        Overlay::Form(form) => super::form::form(form, state),
        Overlay::Prompt(prompt) => super::form::prompt(prompt),
        Overlay::Menu(menu) => super::form::menu(menu),
        Overlay::Palette(open) => super::palette::palette(open, &state.prefix),
        Overlay::Answer { title, command, text, failed, scroll } => {
            let role = if *failed { Role::Warning } else { Role::Plain };
            let mut lines = vec![vec![Piece::new(command.clone(), Role::Quiet)], Vec::new()];
            lines.extend(text.lines().map(|line| vec![Piece::new(line, role)]));
            Popup {
                title: title.clone(),
                lines,
                scroll: *scroll,
                marked: None,
                buttons: None,
                hint: "arrows scroll, Esc closes".to_owned(),
            }
        }
    })
}

fn help(screen: Screen, filter: &str, scroll: u16) -> Popup {
    let place = screen.place();
    let title = match screen {
        Screen::Fleet => "keys in Fleet",
        Screen::Watch => "keys in Watch",
        Screen::Board => "keys on the Board",
        Screen::Card => "keys on a card",
    };
    let wanted = filter.to_lowercase();
    // What works here only stands first.
    let mut specs: Vec<&ActionSpec> = keymap::in_place(place).collect();
    specs.sort_by_key(|spec| matches!(spec.doors.key, Key::In(Place::Anywhere, _)));
    let lines: Vec<Vec<Piece>> = specs
        .into_iter()
        .filter_map(|spec| {
            let keys = keymap::shown(spec).join("  ");
            let haystack = format!("{keys} {} {}", spec.title, spec.doc).to_lowercase();
            haystack.contains(&wanted).then(|| help_line(spec, &keys))
        })
        .collect();
    let mut lines = lines;
    if filter.is_empty() && place != Place::Board {
        let note = |mark: &str, text: &str| {
            vec![Piece::new(mark, Role::Strong).fitted(Fit::Keys), Piece::new(text, Role::Quiet)]
        };
        lines.push(Vec::new());
        lines.push(note("\u{2022} in front", "its state changed since you last looked at it"));
        lines.push(note(
            "need you",
            "stuck, dead, stale, unknown, drift (another runtime than the roster says), not enabled at boot",
        ));
    }
    Popup {
        title: if filter.is_empty() { title.to_owned() } else { format!("{title} /{filter}") },
        lines,
        scroll,
        marked: None,
        buttons: None,
        hint: "type to filter, arrows scroll, Esc closes".to_owned(),
    }
}

fn help_line(spec: &ActionSpec, keys: &str) -> Vec<Piece> {
    let local = matches!(spec.doors.key, Key::In(at, _) if at != Place::Anywhere);
    vec![
        Piece::new(keys, Role::Strong).fitted(Fit::Keys),
        Piece::new(spec.title, if local { Role::Good } else { Role::Plain }).fitted(Fit::Title),
        Piece::new(spec.doc, Role::Quiet),
    ]
}

fn explain(state: &State, scroll: u16) -> Popup {
    let lines = match state.selected_row() {
        None => vec![vec![Piece::new("no agent is selected", Role::Plain)]],
        Some(row) => detail::explain(row)
            .into_iter()
            .map(|(label, text)| vec![Piece::new(label, Role::Quiet).fitted(Fit::Label), Piece::new(text, Role::Plain)])
            .collect(),
    };
    let name = state.selected_name();
    Popup {
        title: format!("why {name} is what it is"),
        lines,
        scroll,
        marked: None,
        buttons: None,
        hint: format!("Esc closes   the same: {}mosaic-tui agent explain {name}", state.prefix),
    }
}
