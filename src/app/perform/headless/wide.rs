//! The rows with what a table has room for only when it is asked to.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use crate::fleet::model::{AgentRow, age};
use crate::ui::text;

/// Columns, the last of which is as long as it is.
const HEADS: [&str; 13] =
    ["STATE", "AGENT", "TENANT", "HOST", "CLASS", "RUNTIME", "CARD", "UNIT", "PANE", "PID", "IDLE", "BEAT", "WHY"];

/// Widest of the others.
const CELL: usize = 40;

/// A table of these rows, and below it what launches warned of.
#[must_use]
pub(in crate::app) fn wide(rows: &[Arc<AgentRow>]) -> String {
    let mut table = vec![HEADS.map(Cow::Borrowed)];
    table.extend(rows.iter().map(|row| cells(row)));
    let widths: Vec<usize> = (0..HEADS.len() - 1)
        .map(|at| table.iter().map(|cells| text::width(&cells[at])).max().unwrap_or(0).min(CELL))
        .collect();
    let mut lines: Vec<String> = table
        .iter()
        .map(|cells| {
            let columns = widths.iter().zip(cells).map(|(width, cell)| text::column(&text::fit(cell, *width), *width));
            let mut line = columns.collect::<Vec<_>>().join("  ");
            if let Some(why) = cells.last() {
                line.push_str(&format!("  {why}"));
            }
            line.trim_end().to_owned()
        })
        .collect();
    for row in rows {
        lines.extend(row.notes.iter().map(|note| format!("launch of {}: {note}", row.shown_name())));
    }
    lines.join("\n")
}

fn cells(row: &AgentRow) -> [Cow<'_, str>; HEADS.len()] {
    let or_dash = |text: Option<String>| text.map_or(Cow::Borrowed("-"), Cow::Owned);
    let pid = row.pane.as_ref().filter(|pane| !pane.dead).map(|pane| pane.pid.to_string());
    [
        Cow::Borrowed(row.shown().word()),
        row.name.as_str().into(),
        row.tenant_id.as_str().into(),
        row.host.as_str().into(),
        row.class.as_deref().unwrap_or("-").into(),
        row.runtime.as_deref().unwrap_or("-").into(),
        row.claim.as_ref().map_or("-", |claim| claim.card.as_str()).into(),
        or_dash(row.systemd.as_ref().map(|unit| format!("{} ({})", unit.active, unit.sub))),
        or_dash(row.pane.as_ref().map(|pane| pane.id.to_string())),
        or_dash(pid),
        or_dash(row.idle_seconds.map(|seconds| age::short(Duration::from_secs(seconds)))),
        or_dash(row.heartbeat.as_ref().map(|beat| age::short(Duration::from_secs_f64(beat.age_seconds)))),
        super::reason(row).into(),
    ]
}
