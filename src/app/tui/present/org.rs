//! The Org view in words: lines of the chart, and the persona of the selected seat.

use super::fleet;
use super::room::plan_for;
use crate::app::tui::chart::{self, Holder, Seat};
use crate::app::tui::state::State;
use crate::fleet::model::{AgentRow, Label, Readiness, printable};
use crate::ui::layout::{Plan, ViewKind};
use crate::ui::prose;
use crate::ui::text;
use crate::ui::theme::{glyph, role};
use crate::ui::view::{Body, OrgRow, OrgView, Piece, Reach, Role};

/// What decides how its room is divided.
pub(in crate::app::tui) fn plan(state: &State) -> ViewKind {
    ViewKind::Org { lines: seats(state).len(), filter: state.is_filtered() }
}

/// Lines of the chart on the screen.
pub(in crate::app::tui) fn page(state: &State) -> usize {
    plan_for(state, plan(state)).list_lines()
}

/// How far the persona can be scrolled.
pub(in crate::app::tui) fn scroll_end(state: &State) -> u16 {
    let plan = plan_for(state, plan(state));
    let lines = u16::try_from(beside(state, usize::from(plan.facts.width)).len()).unwrap_or(u16::MAX);
    lines.saturating_sub(plan.facts.height)
}

/// What there is to draw of it.
pub(in crate::app::tui) fn body(state: &State, plan: &Plan) -> Body {
    let seats = seats(state);
    let at = cursor(state, &seats);
    let rows = seats.iter().enumerate().skip(state.org.top).take(plan.list_lines());
    let rows: Vec<OrgRow> = rows.map(|(line, seat)| row(state, &seat.branch, &seat.holder, at == Some(line))).collect();
    // Of the whole fleet, also where a filter shows a part of it.
    let agents = || state.snapshot.iter().flat_map(|snapshot| &snapshot.agents).filter(|row| row.managed);
    let (all, staffed) = (agents().count(), agents().filter(|row| is_staffed(row)).count());
    let facts = if all == 0 { String::new() } else { format!("{staffed} of {all} seats staffed") };
    let (title, told) = head(state);
    let text = beside(state, usize::from(plan.facts.width));
    let shown = usize::from(state.org.scroll);
    let end = (shown + usize::from(plan.facts.height)).min(text.len());
    let foot =
        if text.len() > usize::from(plan.facts.height) { format!("{end}/{}", text.len()) } else { String::new() };
    Body::Org(Box::new(OrgView {
        empty: if rows.is_empty() { fleet::empty(state) } else { Vec::new() },
        rows,
        lines: seats.len(),
        reach: Reach { first: state.org.top, room: plan.list_lines(), all: seats.len() },
        facts: vec![Piece::new(facts, Role::Quiet)],
        filter: state.is_filtered().then(|| (state.filter.text.clone(), state.filter.editing)),
        title,
        told,
        foot: vec![Piece::new(foot, Role::Quiet)],
        text: text.into_iter().skip(shown).take(usize::from(plan.facts.height)).collect(),
    }))
}

/// Whether somebody sits there and lives.
fn is_staffed(row: &AgentRow) -> bool {
    // Stuck and stale seats are staffed: somebody sits there, and needs something.
    row.readiness != Readiness::Dead
}

fn row(state: &State, branch: &str, holder: &Holder, selected: bool) -> OrgRow {
    let base = OrgRow { branch: branch.to_owned(), selected, ..OrgRow::default() };
    match holder {
        Holder::Missing(name) => OrgRow {
            name: Piece::new(Label::new(name).to_string(), Role::Warning),
            note: Piece::new("is not in the roster, and those below report to it", Role::Warning),
            ..base
        },
        Holder::Circle => OrgRow {
            name: Piece::new("in a circle", Role::Warning),
            note: Piece::new("those below report to each other", Role::Warning),
            ..base
        },
        Holder::Agent(row) => {
            let note = match (&row.claim, is_staffed(row)) {
                // Before what it needs: an ephemeral agent is dead most of its time, and nobody
                // has to do anything.
                (_, false) => Piece::new(format!("not staffed: {}", row.reason), Role::Quiet),
                _ if row.needs_operator() => fleet::need(row),
                (Some(claim), _) => Piece::new(format!("{} {}", claim.card, claim.title), Role::Quiet),
                (None, _) => Piece::new(row.reason.as_str(), Role::Quiet),
            };
            OrgRow {
                key: Some(row.key),
                state: Some(row.shown()),
                unread: state.is_unread(row),
                name: Piece::new(row.shown_name(), Role::Strong),
                class: row.class.clone().unwrap_or_default(),
                runtime: row.runtime.clone().unwrap_or_default(),
                note,
                ..base
            }
        }
    }
}

/// What stands in the edge of the persona.
fn head(state: &State) -> (Vec<Piece>, Vec<Piece>) {
    let Some(row) = state.selected_row() else { return (Vec::new(), Vec::new()) };
    let persona = row.persona.as_deref().unwrap_or_default();
    let title = vec![
        Piece::new(row.shown_name(), Role::Strong),
        Piece::new(format!("  persona {}", Label::new(persona)), Role::Quiet),
    ];
    (title, vec![Piece::new(format!("{} {}", glyph(row.shown()), row.shown().word()), role(row.shown()))])
}

/// The seat in a few facts, and its persona, as wide as there is room.
fn beside(state: &State, width: usize) -> Vec<Vec<Piece>> {
    let Some(row) = state.selected_row() else { return Vec::new() };
    let width = width.saturating_sub(2).max(1);
    let seats = seats(state);
    let reports = cursor(state, &seats).map_or(0, |at| seats[at].reports);
    let above = row.reports_to.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
    let model = row.model_hint.as_ref().map(|model| format!(" {model}")).unwrap_or_default();
    let mut lines = Vec::new();
    for (label, value) in [
        ("reports to", above),
        ("leads", if reports == 0 { "nobody".to_owned() } else { format!("{reports}") }),
        ("launched as", format!("{}{model}", row.runtime.as_deref().unwrap_or("-"))),
    ] {
        lines.push(vec![Piece::new(format!("{label:<12}"), Role::Quiet), Piece::new(value, Role::Plain)]);
    }
    lines.push(Vec::new());
    let persona = row.persona.as_deref().unwrap_or_default();
    match state.org.personas.get(persona) {
        None | Some(None) => lines.push(vec![Piece::new("reading its persona\u{2026}", Role::Quiet)]),
        Some(Some(Err(why))) => {
            lines.extend(
                text::wrap(Label::new(why).as_str(), width)
                    .into_iter()
                    .map(|line| vec![Piece::new(line, Role::Warning)]),
            );
        }
        Some(Some(Ok(told))) => lines.extend(persona_lines(told, width)),
    }
    lines
}

/// A persona's text.
fn persona_lines(told: &str, width: usize) -> Vec<Vec<Piece>> {
    let told = printable(told);
    let blocks = prose::blocks(told.lines().map(str::to_owned));
    blocks.flat_map(|block| block.lines(width)).map(|line| vec![line]).collect()
}

/// The chart of the present rows: of those that pass the filter, below all whom they report to.
#[must_use]
pub(in crate::app::tui) fn seats(state: &State) -> Vec<Seat> {
    let Some(snapshot) = &state.snapshot else { return Vec::new() };
    if state.filter.text.is_empty() {
        return chart::chart(&snapshot.agents);
    }
    chart::chart(&chart::with_superiors(&snapshot.agents, |row| state.filter.filter.accepts(row)))
}

/// Place of the selected seat in the chart.
#[must_use]
pub(in crate::app::tui) fn cursor(state: &State, seats: &[Seat]) -> Option<usize> {
    let is_selected = |seat: &Seat| seat.row().is_some_and(|row| Some(&row.key) == state.selected.as_ref());
    seats.iter().position(is_selected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persona_is_as_wide_as_there_is_room_however_it_was_written() {
        let told =
            "---\nclass: code\n---\n\n\n## Mandate\n\n1. Claim one\n   card.\n2. Go on\n\nA text that\nis long.\n";
        let lines: Vec<String> =
            persona_lines(told, 16).iter().map(|line| line.iter().map(|piece| piece.text.as_str()).collect()).collect();
        let want =
            ["class: code", "", "Mandate", "", "1. Claim one", "   card.", "2. Go on", "", "A text that is", "long."];
        assert_eq!(lines, want);
    }
}
