//! Clicks and the wheel: they select and scroll. What a click presses, takes or opens it asks for as a key.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::keys;
use crate::app::action::{Motion, ScreenAction};
use crate::app::tui::effect::Effect;
use crate::app::tui::present;
use crate::app::tui::screens::{activity, board, fleet, of_popup, wall};
use crate::app::tui::state::State;
use crate::app::tui::state::screen::{Overlay, Screen};
use crate::ui::hit::{Spot, Target};

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
        Target::Popup { spot, from_mark } => popup(state, spot, from_mark, effects),
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
        Target::Card { lane, id } => board::click(state, lane, id.as_deref()),
        Target::Event(at) => activity::click(state, at),
    }
}

/// Brings the mark of a popup to where it was clicked, by the keys that move it.
fn popup(state: &mut State, spot: Spot, from_mark: isize, effects: &mut Vec<Effect>) {
    if let Spot::Line(line) = spot {
        let field = present::form::field_at(state, line);
        if let (Some(at), Some(Overlay::Form(form))) = (field, &mut state.overlay)
            && form.saving.is_none()
        {
            form.focus = at;
            return;
        }
    }
    let (before, behind) = match (spot, &state.overlay) {
        (Spot::Button(_), Some(Overlay::Confirm(_))) => (KeyCode::Left, KeyCode::Right),
        (Spot::Line(_), Some(Overlay::Menu(_) | Overlay::Palette(_) | Overlay::Copy(_))) => {
            (KeyCode::Up, KeyCode::Down)
        }
        _ => return,
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
            let steps = if overlay.mark().is_some() { 1 } else { LINES };
            for _ in 0..steps {
                keys::press(state, KeyEvent::new(code, KeyModifiers::NONE), effects);
            }
        }
        return;
    }
    let steps = if matches!(state.screen, Screen::Watch | Screen::Card | Screen::Diff) { LINES } else { 1 };
    for _ in 0..steps {
        keys::perform_screen(state, ScreenAction::Move(motion), effects);
    }
}

/// The key that a click on something stands for, behind what it selects: a button is pressed and a choice is taken by one
/// click, all else is opened by the second.
#[must_use]
pub(in crate::app) fn key_of(state: &State, target: &Target, twice: bool) -> Option<KeyCode> {
    let opens = match target {
        Target::Popup { spot: Spot::Button(_), .. } => return Some(KeyCode::Enter),
        Target::Popup { spot: Spot::Line(line), .. } => match &state.overlay {
            Some(Overlay::Question(open)) => return open.key_at(*line).map(KeyCode::Char),
            open => open.as_ref().is_some_and(|open| open.mark().is_some()),
        },
        Target::Agent(_) | Target::Event(_) => true,
        Target::Card { id, .. } => id.is_some(),
        Target::Popup { spot: Spot::Elsewhere, .. } | Target::Tab(_) | Target::Hint(_) => false,
    };
    (opens && twice).then_some(KeyCode::Enter)
}
