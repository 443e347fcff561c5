//! What an agent's screen says, as evidence.

use std::borrow::Cow;

use super::{Planes, seconds_since};
use crate::fleet::model::{Evidence, Label, PaneId, Plane, ServerName};
use crate::fleet::readiness::ScreenInput;
use crate::fleet::screen::{ScreenState, Summary};

/// The input of the decision, and the evidence; neither where such screens are not known.
pub(super) fn input(
    planes: &Planes<'_>,
    server: &ServerName,
    pane: PaneId,
    evidence: &mut Vec<Evidence>,
) -> ScreenInput {
    let Some(reading) = planes.screens.get(&(server.clone(), pane)) else { return ScreenInput::NotAsked };
    let (ok, text, input) = match &reading.facts {
        Ok(Summary { state, reason, asked }) => {
            let text = format!("{}: {reason}", state.word());
            let reason = if asked.is_empty() { reason.clone() } else { format!("{reason}: {asked}") };
            (*state != ScreenState::Unknown, Cow::Owned(text), ScreenInput::Shows(*state, reason))
        }
        Err(why) => (false, Cow::Borrowed(why.as_str()), ScreenInput::Unread(why.clone())),
    };
    let age_seconds = seconds_since(reading.at, planes.now);
    evidence.push(Evidence::new(Plane::Screen, ok, &text, age_seconds));
    input
}

/// The question that a dialog on the screen asks.
pub(super) fn question(planes: &Planes<'_>, server: &ServerName, pane: PaneId) -> Option<Label> {
    let summary = planes.screens.get(&(server.clone(), pane))?.facts.as_ref().ok()?;
    Some(Label::long(&summary.asked)).filter(|asked| !asked.is_empty())
}
