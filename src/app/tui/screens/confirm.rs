//! The question before something is ended: answered only once all of it was on the screen.

use crossterm::event::{KeyCode, KeyEvent};

use crate::app::tui::effect::Effect;
use crate::app::tui::screens::dispatch;
use crate::app::tui::screens::parts::{PopupParts, scroll_by};
use crate::app::tui::state::State;
use crate::app::tui::state::confirm::{Behind, TOO_SOON};
use crate::app::tui::state::prompt::Prompt;
use crate::app::tui::state::screen::Overlay;

/// What it is made of.
pub(super) const PARTS: PopupParts = PopupParts { press, click: None, text: None };

fn press(state: &mut State, key: KeyEvent, effects: &mut Vec<Effect>) {
    let Some(Overlay::Confirm(confirm)) = &mut state.overlay else { return };
    match key.code {
        KeyCode::Esc | KeyCode::Char('n' | 'q') => cancel(state),
        KeyCode::Left | KeyCode::Right | KeyCode::Tab | KeyCode::BackTab | KeyCode::Enter | KeyCode::Char('y')
            if !confirm.reading.is_whole() =>
        {
            let text = match confirm.reading.is_begun() {
                true => "scroll to its end first: not all of it was shown yet",
                false => TOO_SOON,
            };
            state.say(text.to_owned(), true);
        }
        KeyCode::Left | KeyCode::Right | KeyCode::Tab | KeyCode::BackTab => confirm.yes = !confirm.yes,
        // Enter takes what is marked, and Cancel is: `y` is the key that does it at once.
        KeyCode::Enter if !confirm.yes => cancel(state),
        KeyCode::Enter | KeyCode::Char('y') => {
            if let Some(Overlay::Confirm(confirm)) = state.overlay.take() {
                // Put aside and not dropped: what is refused comes back with the reason.
                if let Some(Behind::Prompt(prompt)) = confirm.behind.map(|behind| *behind) {
                    state.detached.push(Overlay::Prompt(prompt));
                }
                if !confirm.more.is_empty() {
                    let all = std::iter::once(&confirm.sent).chain(confirm.more.iter().map(|(sent, _)| sent));
                    state.begin_together(all.map(|sent| sent.id).collect());
                }
                dispatch::send(state, confirm.sent, *confirm.request, effects);
                for (sent, request) in confirm.more {
                    dispatch::send(state, sent, request, effects);
                }
            }
        }
        code => scroll_by(&mut confirm.scroll, code),
    }
}

fn cancel(state: &mut State) {
    if let Some(Overlay::Confirm(confirm)) = state.overlay.take() {
        // What was typed is not lost by a second thought.
        state.overlay = confirm.behind.map(|behind| match *behind {
            Behind::Prompt(prompt) => Overlay::Prompt(Prompt { sending: None, ..prompt }),
            Behind::Palette(palette) => Overlay::Palette(palette),
        });
    }
}
