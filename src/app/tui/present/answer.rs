//! An answer in words.

use crate::app::tui::state::State;
use crate::app::tui::state::screen::Overlay;
use crate::ui::view::{Piece, Popup, Role};

/// Lines in front of the text.
const FRONT: usize = 2;

/// The popup of an answer.
pub(in crate::app::tui) fn popup(state: &State) -> Option<Popup> {
    let Some(Overlay::Answer(answer)) = &state.overlay else { return None };
    let plain = answer.failed.then_some(Role::Warning);
    let found = answer.found();
    let mut lines = vec![vec![Piece::new(answer.command.clone(), Role::Quiet)], Vec::new()];
    lines.extend(answer.lines.iter().enumerate().map(|(at, line)| {
        let role = match (answer.search.at == Some(at), found.contains(&at)) {
            // The line where one is stands out from the others that were found, else `n` seems to do nothing.
            (true, _) => Some(Role::Strong),
            (_, true) => Some(Role::Accent),
            _ => plain,
        };
        line.pieces(role)
    }));
    let search = &answer.search;
    let hint = if search.typing {
        super::pressed(&[("", &format!("/{}\u{2588}", search.text)), ("Enter", "keeps it"), ("Esc", "leaves it")])
    } else if !search.text.is_empty() {
        let at = search.at.and_then(|at| found.iter().position(|line| *line == at)).map_or(0, |at| at + 1);
        super::pressed(&[
            ("", &format!("/{}  {at} of {}", search.text, found.len())),
            ("n", "next"),
            ("N", "before"),
            ("Esc", "ends the search"),
        ])
    } else {
        super::pressed(&[("", "arrows scroll"), ("/", "searches"), ("Esc", "closes")])
    };
    Some(Popup {
        title: answer.title.clone(),
        lines,
        scroll: answer.scroll,
        marked: search.at.map(|at| at + FRONT),
        least: (0, 0),
        buttons: None,
        hint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::tui::event::Event;
    use crate::app::tui::samples;
    use crate::app::tui::state::answer::Answer;
    use crate::app::tui::update::update;
    use crate::fleet::model::Size;
    use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    fn press(state: &mut State, keys: &str) {
        for c in keys.chars() {
            let code = match c {
                '\n' => KeyCode::Enter,
                '\x1b' => KeyCode::Esc,
                c => KeyCode::Char(c),
            };
            update(state, Event::Drawn(samples::DRAWN));
            update(state, Event::Key(KeyEvent::new(code, KeyModifiers::NONE)));
        }
    }

    #[test]
    fn a_long_answer_is_searched() {
        let mut state = State::new(Size { width: 80, height: 24 }, jiff::Timestamp::UNIX_EPOCH);
        let lines: Vec<String> =
            (0..60).map(|n| format!("line {n}{}", if n % 20 == 7 { " Needle" } else { "" })).collect();
        let answer = Answer::new("done".to_owned(), "mosaic-tui fleet verify".to_owned(), lines.join("\n"), false);
        state.overlay = Some(Overlay::Answer(answer));
        let at = |state: &State| popup(state).and_then(|popup| popup.marked).map(|line| line - FRONT);
        press(&mut state, "/needle");
        assert_eq!(at(&state), Some(7), "as it is typed");
        press(&mut state, "\nn");
        assert_eq!(at(&state), Some(27));
        press(&mut state, "nn");
        assert_eq!(at(&state), Some(7), "round the end");
        press(&mut state, "N");
        assert_eq!(at(&state), Some(47));
        assert!(popup(&state).is_some_and(|popup| popup.hint[0].1.contains("3 of 3")));
        press(&mut state, "j");
        assert_eq!(at(&state), None, "who scrolls looks elsewhere");
        press(&mut state, "\x1b");
        assert!(state.overlay.is_some(), "the search first");
        press(&mut state, "/NEEDLE\n");
        assert_eq!(at(&state), None, "a capital letter means only itself");
        press(&mut state, "\x1b\x1b");
        assert!(state.overlay.is_none());
    }
}
