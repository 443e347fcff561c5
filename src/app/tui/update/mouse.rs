//! Clicks and the wheel: they select and scroll. What a click presses, takes or opens it asks for as a key.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::keys;
use crate::app::action::keymap::Chord;
use crate::app::action::{Motion, ScreenAction};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::screens::{activity, board, diff, fleet, of_popup, wall};
use crate::app::tui::state::State;
use crate::app::tui::state::screen::{Overlay, Screen};
use crate::ui::hit::{Spot, Target, Typed};

/// Steps of the wheel where a step is a line of text.
const LINES: usize = 3;

/// Most keys that one click on a list stands for.
// Far more than a popup has lines.
const MAX_STEPS: usize = 500;

/// Takes a click on something that was on the screen.
pub(super) fn click(state: &mut State, target: Target, effects: &mut Vec<Effect>) {
    state.leaving = state.leaving.saturating_sub(1);
    wall::touch(state);
    match target {
        Target::Popup { spot, from_mark, typed } => popup(state, spot, (from_mark, typed), effects),
        // It comes as a key, as if it was typed.
        Target::Key(_) => {}
        // What is open came since.
        // A click at the place of a row that a popup now covers was not meant for the popup either.
        _ if state.overlay.is_some() => {}
        Target::Tab(at) => {
            if let Some(view) = present::VIEWS_IN_ORDER.get(at) {
                keys::perform_screen(state, *view, effects);
            }
        }
        Target::Hint(key) => {
            let at = state.standing();
            let spec = state.keys.in_place(&at).find(|spec| state.keys.first(spec, &at).as_ref() == Some(&key));
            if let Some(spec) = spec.filter(|_| !state.is_filtering()) {
                keys::perform(state, spec, effects);
            }
        }
        Target::Agent(key) => {
            if state.snapshot.as_ref().is_some_and(|snapshot| snapshot.agents.iter().any(|row| row.key == key)) {
                fleet::select(state, key);
            }
        }
        Target::Filter => {
            let filter = match state.screen {
                Screen::Board | Screen::Card | Screen::Goals => ScreenAction::FilterBoard,
                Screen::Activity => ScreenAction::FilterActivity,
                Screen::Diff => ScreenAction::Search,
                Screen::Fleet | Screen::Wall | Screen::Org | Screen::Watch => ScreenAction::Filter,
            };
            keys::perform_screen(state, filter, effects);
        }
        Target::Card { lane, id } => board::click(state, lane, id.as_deref()),
        Target::File { row, name } => diff::click(state, row, &name),
        Target::Event(at) => activity::click(state, at),
    }
}

/// Brings the mark of a popup to where it was clicked, by the keys that move it; or goes to what stands there.
fn popup(state: &mut State, spot: Spot, (from_mark, typed): (isize, Option<Typed>), effects: &mut Vec<Effect>) {
    // What came by itself since the last frame is not what was clicked.
    let Some(open) = state.overlay.as_ref().filter(|_| !state.came) else { return };
    if let (Spot::Line(line), Some(click)) = (spot, of_popup(open).click) {
        return click(state, line, typed);
    }
    let (before, behind) = match open {
        Overlay::Confirm(_) if matches!(spot, Spot::Button(_)) => (KeyCode::Left, KeyCode::Right),
        Overlay::Menu(_) | Overlay::Copy(_) if matches!(spot, Spot::Line(_)) => (KeyCode::Up, KeyCode::Down),
        Overlay::Confirm(_)
        | Overlay::Menu(_)
        | Overlay::Copy(_)
        | Overlay::Help(_)
        | Overlay::Explain(_)
        | Overlay::Escalations(_)
        | Overlay::Event(_)
        | Overlay::Form(_)
        | Overlay::Prompt(_)
        | Overlay::Question(_)
        | Overlay::Sheet(_)
        | Overlay::Palette(_)
        | Overlay::Settings(_)
        | Overlay::Answer(_)
        | Overlay::Running(_) => return,
    };
    let code = if from_mark < 0 { before } else { behind };
    for _ in 0..from_mark.unsigned_abs().min(MAX_STEPS) {
        // By keys, so that a click can do nothing that a key could not, with all that is asked and
        // refused on the way.
        keys::press(state, KeyEvent::new(code, KeyModifiers::NONE), effects);
    }
}

/// Takes a turn of the wheel.
pub(super) fn wheel(state: &mut State, motion: Motion, effects: &mut Vec<Effect>) {
    wall::touch(state);
    if let Some(overlay) = &state.overlay {
        // Where a text is typed the keys that scroll move the cursor, or bring earlier texts back.
        if of_popup(overlay).text.is_none() {
            let code = if motion == Motion::Up { KeyCode::Up } else { KeyCode::Down };
            let steps = if state.mark().is_some() { 1 } else { LINES };
            for _ in 0..steps {
                keys::press(state, KeyEvent::new(code, KeyModifiers::NONE), effects);
            }
        }
        return;
    }
    let steps = match state.screen {
        Screen::Watch | Screen::Card | Screen::Diff => LINES,
        Screen::Fleet | Screen::Wall | Screen::Board | Screen::Goals | Screen::Activity | Screen::Org => 1,
    };
    for _ in 0..steps {
        keys::perform_screen(state, ScreenAction::Move(motion), effects);
    }
}

/// The key that a click on something stands for, behind what it selects: a button or a key in an edge is pressed and a choice is
/// taken by one click, all else is opened by the second.
#[must_use]
pub(in crate::app) fn key_of(state: &State, target: &Target, twice: bool) -> Option<KeyEvent> {
    let plain = |code: KeyCode| KeyEvent::new(code, KeyModifiers::NONE);
    let opens = match target {
        Target::Key(shown) => return Chord::shown(shown).map(Chord::press),
        Target::Popup { spot: Spot::Button(_), .. } => return Some(plain(KeyCode::Enter)),
        Target::Popup { spot: Spot::Line(line), .. } => match &state.overlay {
            Some(Overlay::Question(open)) => return open.key_at(*line).map(KeyCode::Char).map(plain),
            // Only an entry of its list is opened, and not what stands around it.
            Some(Overlay::Palette(_)) => present::palette::entry_at(state, *line).is_some(),
            Some(Overlay::Escalations(_)) => present::escalations::way_at(state, *line).is_some(),
            _ => state.mark().is_some(),
        },
        Target::Agent(_) | Target::Event(_) => true,
        Target::Card { id, .. } => id.is_some(),
        Target::Popup { spot: Spot::Elsewhere | Spot::Hint(_), .. }
        | Target::Tab(_)
        | Target::File { .. }
        | Target::Hint(_)
        | Target::Filter => false,
    };
    (opens && twice).then(|| plain(KeyCode::Enter))
}
