//! What an agent's screen says, as evidence.

use super::{Planes, age};
use crate::fleet::model::{Evidence, Label, PaneId, Plane, ServerName};
use crate::fleet::readiness::ScreenSign;
use crate::fleet::screen::Showing;

/// The sign for the decision, and the evidence; neither where such screens are not known, or the runtime
/// speaks for itself.
pub(super) fn sign(planes: &Planes<'_>, server: &ServerName, pane: PaneId, evidence: &mut Vec<Evidence>) -> ScreenSign {
    let Some(reading) = planes.screens.get(&(server.clone(), pane)) else { return ScreenSign::NotAsked };
    let (ok, text, sign) = match &reading.facts {
        Ok(facts) => {
            let asked = facts.asked();
            let reason = if asked.is_empty() { facts.reason.clone() } else { format!("{}: {asked}", facts.reason) };
            let text = format!("{}: {}", facts.showing.word(), facts.reason);
            (facts.showing != Showing::Unknown, text, ScreenSign::Shows(facts.showing, reason))
        }
        Err(why) => (false, why.clone(), ScreenSign::Unread(why.clone())),
    };
    let age_seconds = age(reading.at, planes.now);
    evidence.push(Evidence::new(Plane::Screen, ok, &text, age_seconds));
    sign
}

/// The question that a dialog on the screen asks.
pub(super) fn question(planes: &Planes<'_>, server: &ServerName, pane: PaneId) -> Option<Label> {
    let facts = planes.screens.get(&(server.clone(), pane))?.facts.as_ref().ok()?;
    Some(Label::new(&facts.asked())).filter(|asked| !asked.is_empty())
}
