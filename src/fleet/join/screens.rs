//! What an agent's screen says, as evidence.

use super::{Planes, Reading, age};
use crate::fleet::model::{Evidence, Label, PaneId, Plane, ServerName};
use crate::fleet::readiness::ScreenSign;
use crate::fleet::screen::{ScreenFacts, Showing};

/// The sign for the decision, and the evidence; nothing where such screens are not known, or nobody looked.
pub(super) fn sign(
    planes: &Planes<'_>,
    server: &ServerName,
    pane: PaneId,
    evidence: &mut Vec<Evidence>,
) -> Option<ScreenSign> {
    let reading: &Reading<ScreenFacts> = planes.screens.get(&(server.clone(), pane))?;
    let (ok, text) = match &reading.facts {
        Ok(facts) => (facts.showing != Showing::Unknown, format!("{}: {}", facts.showing.word(), facts.reason)),
        Err(why) => (false, why.clone()),
    };
    evidence.push(Evidence {
        plane: Plane::Screen,
        ok,
        text: Label::new(&text),
        age_seconds: age(reading.at, planes.now),
    });
    let facts = reading.facts.as_ref().ok()?;
    let asked = facts.asked();
    let reason = if asked.is_empty() { facts.reason.clone() } else { format!("{}: {asked}", facts.reason) };
    Some(ScreenSign { showing: facts.showing, reason })
}

/// The question that a dialog on the screen asks.
pub(super) fn question(planes: &Planes<'_>, server: &ServerName, pane: PaneId) -> Option<Label> {
    let facts = planes.screens.get(&(server.clone(), pane))?.facts.as_ref().ok()?;
    Some(Label::new(&facts.asked())).filter(|asked| !asked.is_empty())
}
