//! The Watch view: one pane, full screen, and its scrollback.

use std::sync::Arc;

use crate::app::action::Motion;
use crate::app::tui::effect::Effect;
use crate::app::tui::present::layout_of;
use crate::app::tui::screens::parts::ViewParts;
use crate::app::tui::state::State;
use crate::app::tui::state::watch::Scrollback;
use crate::fleet::model::PaneScreen;

/// What it is made of.
pub(super) const PARTS: ViewParts = ViewParts { filter: None, motion: scroll, peel };

fn peel(state: &mut State) -> bool {
    if state.pane.history.take().is_some() {
        return true;
    }
    if state.watch_only {
        return false;
    }
    state.screen = state.back.pop().unwrap_or_default();
    state.pane.pan = None;
    true
}

/// The cursor keys look into the scrollback; the newest line is back at the live screen.
fn scroll(state: &mut State, motion: Motion, effects: &mut Vec<Effect>) {
    let Some(target) = &state.pane.target else { return };
    let page = layout_of(state).pane.height.max(2);
    let offset = state.pane.history.as_ref().map_or(0, |history| history.offset);
    let known =
        state.pane.history.as_ref().and_then(|history| history.screen.as_ref()).map(|picture| picture.size.height);
    // Not read yet: how far one may go is not known, and `take_history` takes back what was too much.
    let most = known.map_or(u16::MAX, |height| height.saturating_sub(page));
    let to = match motion {
        Motion::Up => offset.saturating_add(1),
        Motion::HalfUp => offset.saturating_add(page / 2),
        Motion::First => u16::MAX,
        Motion::Down => offset.saturating_sub(1),
        Motion::HalfDown => offset.saturating_sub(page / 2),
        Motion::Last => 0,
    }
    .min(most);
    if to == 0 {
        state.pane.history = None;
        return;
    }
    match &mut state.pane.history {
        Some(history) => history.offset = to,
        None => {
            state.pane.history = Some(Scrollback { screen: None, offset: to });
            effects.push(Effect::History { pane: target.key(), width: target.size.width });
        }
    }
}

/// Takes the scrollback that was asked for.
pub(in crate::app::tui) fn take_history(state: &mut State, fetched: Result<Arc<PaneScreen>, String>) {
    match fetched {
        Ok(picture) => {
            let most = picture.size.height.saturating_sub(layout_of(state).pane.height);
            // As with a full-screen program, which writes to the alternate screen.
            if most == 0 {
                state.pane.history = None;
                state.say("no scrollback above this screen".to_owned(), false);
            } else if let Some(history) = &mut state.pane.history {
                history.offset = history.offset.min(most);
                history.screen = Some(picture);
            }
        }
        Err(why) => {
            state.pane.history = None;
            state.say(why, true);
        }
    }
}
