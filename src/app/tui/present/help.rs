//! The help in words.

use crate::app::action::registry::{ActionSpec, Key, Place};
use crate::app::tui::state::State;
use crate::app::tui::state::help::Help;
use crate::app::tui::state::screen::{Overlay, Screen};
use crate::ui::view::{Fit, Piece, Popup, Role};

/// The popup of an open help.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Help(Help { filter, scroll })) = &state.overlay else { return None };
    let at = state.standing();
    let (place, title) = (at.place, title(state.screen));
    let wanted = filter.to_lowercase();
    // What works here only stands first.
    let mut specs: Vec<&ActionSpec> = state.keys.in_place(&at).collect();
    specs.sort_by_key(|spec| matches!(spec.doors.key, Key::In(Place::Anywhere, _)));
    let lines: Vec<Vec<Piece>> = specs
        .into_iter()
        .filter_map(|spec| {
            let keys = state.keys.shown(spec, &at).join("  ");
            let when = state.keys.conditions(spec).join(", ");
            let doc = if when.is_empty() { spec.doc.to_owned() } else { format!("{} ({when})", spec.doc) };
            let haystack = format!("{keys} {} {doc}", spec.title).to_lowercase();
            haystack.contains(&wanted).then(|| help_line(spec, &keys, &doc))
        })
        .collect();
    let mut lines = lines;
    // Marks in front of rows stand in lists of agents only, and are no keys that a filter could find.
    if filter.is_empty() && !matches!(place, Place::Board | Place::Goals | Place::Activity | Place::Diff) {
        let note = |mark: &str, text: &str| {
            vec![Piece::new(mark, Role::Strong).fitted(Fit::Keys), Piece::new(text, Role::Quiet)]
        };
        lines.push(Vec::new());
        lines.push(note("\u{2022} in front", "its state changed since you last looked at it"));
        lines.push(note("\u{25a0} in front", "it is marked: what you do next is done to all that are"));
        lines.push(note("z in front", "nothing is told of it for a while (snooze)"));
        if state.screen == Screen::Fleet {
            lines.push(note("last hour", "what it was, five minutes a cell; a dot is a time that nobody looked at"));
            lines.push(note("output", "what its pane printed, half a minute a cell; a step more is twice as much"));
        }
        lines.push(note(
            "need you",
            "stuck, dead, stale, unknown, drift (another runtime than the roster says), not enabled at boot",
        ));
    }
    Some(Popup {
        title: if filter.is_empty() { title.to_owned() } else { format!("{title} /{filter}") },
        lines,
        scroll: *scroll,
        marked: None,
        buttons: None,
        hint: "type to filter, arrows scroll, Esc closes".to_owned(),
    })
}

fn help_line(spec: &ActionSpec, keys: &str, doc: &str) -> Vec<Piece> {
    let local = matches!(spec.doors.key, Key::In(at, _) if at != Place::Anywhere);
    vec![
        Piece::new(keys, Role::Strong).fitted(Fit::Keys),
        Piece::new(spec.title, if local { Role::Good } else { Role::Plain }).fitted(Fit::Title),
        Piece::new(doc, Role::Quiet),
    ]
}

/// Above the keys of a view.
fn title(screen: Screen) -> &'static str {
    match screen {
        Screen::Fleet => "keys in Fleet",
        Screen::Wall => "keys on the Wall",
        Screen::Watch => "keys in Watch",
        Screen::Board => "keys on the Board",
        Screen::Card => "keys on a card",
        Screen::Goals => "keys on the goals",
        Screen::Activity => "keys in Activity",
        Screen::Diff => "keys in a diff",
        Screen::Org => "keys in Org",
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::app::action::keymap;
    use crate::app::action::registry::ACTIONS;
    use crate::fleet::model::Size;

    #[test]
    fn every_key_of_every_view_is_in_its_help() {
        let mut seen = 0;
        for screen in [
            Screen::Fleet,
            Screen::Wall,
            Screen::Watch,
            Screen::Board,
            Screen::Card,
            Screen::Goals,
            Screen::Activity,
            Screen::Diff,
            Screen::Org,
        ] {
            let mut state = State::new(Size { width: 120, height: 40 }, Timestamp::UNIX_EPOCH);
            state.screen = screen;
            state.overlay = Some(Overlay::Help(Help { filter: String::new(), scroll: 0 }));
            let lines = popup(&state).unwrap().lines;
            for spec in ACTIONS {
                let Key::In(place, _) = spec.doors.key else { continue };
                if !place.covers(screen.place()) {
                    continue;
                }
                let line =
                    lines.iter().find(|line| line.len() == 3 && line[1].text == spec.title && line[2].text == spec.doc);
                let keys = &line.unwrap_or_else(|| panic!("{} is not told of in {screen:?}", spec.id))[0].text;
                assert!(keymap::shipped(spec).iter().all(|chord| keys.contains(chord)), "{}: {keys}", spec.id);
                seen += 1;
            }
        }
        assert!(seen > 200, "{seen}");
    }
}
