//! The Fleet view in words: rows, the facts of the selected one, and its pane.

use std::sync::Arc;

use super::{detail, pane_cut, plan_of};
use crate::app::tui::state::State;
use crate::fleet::model::{AgentRow, Flag};
use crate::ui::layout::{Plan, ViewKind};
use crate::ui::view::{Body, FleetView, ListRow};

/// What decides how its room is divided.
pub(in crate::app::tui) fn plan(state: &State) -> ViewKind {
    ViewKind::Fleet {
        rows: state.rows().len(),
        filter: state.is_filtered(),
        facts: state.selected_row().map_or(0, |row| detail::facts(row).lines.len()),
    }
}

/// What there is to draw of it.
pub(in crate::app::tui) fn body(state: &State, _: &Plan) -> Body {
    Body::Fleet(fleet(state))
}

fn fleet(state: &State) -> FleetView {
    let rows = state.rows();
    let page = plan_of(state).list_rows();
    let shown = rows.iter().skip(state.list_top).take(page).map(|row| list_row(state, row)).collect();
    FleetView {
        rows: shown,
        position: (state.list_top, rows.len()),
        filter: state.is_filtered().then(|| (state.filter.text.clone(), state.filter.editing)),
        empty: empty(state),
        facts: state.selected_row().map(|row| detail::facts(row)),
        pane: pane_cut(state),
    }
}

/// What stands in an empty list: why, and the next step.
fn empty(state: &State) -> Vec<String> {
    match &state.snapshot {
        None => vec!["reading the planes\u{2026}".to_owned()],
        Some(snapshot) if snapshot.agents.is_empty() => {
            let mut lines = vec!["no agents".to_owned()];
            lines
                .extend(snapshot.warnings.iter().filter(|w| w.is_about_unused_roster()).map(|w| w.label().to_string()));
            lines.push("`mosaic-tui fleet check` validates the roster".to_owned());
            lines.push("`mosaic-tui demo` shows a fleet at work".to_owned());
            lines
        }
        Some(_) => vec!["no agent matches the filter".to_owned(), "Esc clears it".to_owned()],
    }
}

fn list_row(state: &State, row: &Arc<AgentRow>) -> ListRow {
    ListRow {
        agent: Arc::clone(row),
        unread: state.is_unread(row),
        selected: state.selected.as_ref() == Some(&row.key),
        warnings: warnings(row).join(", "),
    }
}

/// Warnings of a row in words.
fn warnings(row: &AgentRow) -> Vec<String> {
    row.flags
        .iter()
        .filter_map(|flag| match flag {
            Flag::Drift => Some(format!("drift: not {}", row.runtime.as_deref().unwrap_or("its runtime"))),
            Flag::Boot => Some("not enabled at boot".to_owned()),
            Flag::CopyMode => Some("copy mode".to_owned()),
            _ => None,
        })
        .collect()
}
