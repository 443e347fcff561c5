//! Lifecycle results in words: tables for people, the same facts as JSON.

use serde_json::{Value, json};

use crate::app::error::{DONE, FAILED};
use crate::app::report::Report;
use crate::fleet::checks::{Check, Verdict};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::Plan;
use crate::fleet::model::{BootEnable, FleetSnapshot};
use crate::ui::text;

/// Widest column of a subject.
const SUBJECT: usize = 24;

/// Checks, one line each; failed when one of them is.
pub(super) fn checks(what: &str, site: &Site, checks: &[Check]) -> Report {
    let count = |verdict| checks.iter().filter(|check| check.verdict == verdict).count();
    let (failed, warned) = (count(Verdict::Failed), count(Verdict::Warning));
    let width = checks.iter().map(|check| text::width(&check.subject)).max().unwrap_or(0).min(SUBJECT);
    let mut lines: Vec<String> = checks
        .iter()
        .map(|check| {
            let next = if check.next.is_empty() { String::new() } else { format!("; {}", check.next) };
            format!("{:<7} {} {}{next}", check.verdict.word(), text::column(&check.subject, width), check.text)
        })
        .collect();
    lines.push(match (failed, warned) {
        (0, 0) => format!("{what}: all {} checks passed", checks.len()),
        (0, warned) => format!("{what}: {} checks, {warned} with a warning", checks.len()),
        (failed, _) => format!("{what}: {failed} of {} checks failed", checks.len()),
    });
    let json = json!({
        "tenant_id": site.tenant_id, "host": site.host, "ok": failed == 0, "checks": checks,
    });
    Report::done(lines.join("\n"), &json).with_code(if failed == 0 { DONE } else { FAILED })
}

/// A plan that is only told.
pub(super) fn plan(what: &str, plan: &Plan, notes: &[String]) -> Report {
    let steps: Vec<String> = plan.steps.iter().map(crate::fleet::lifecycle::Step::words).collect();
    let mut lines: Vec<String> = steps.iter().map(|step| format!("would {step}")).collect();
    if lines.is_empty() {
        lines.push(format!("{what}: nothing to do"));
    }
    lines.extend(notes.iter().map(|note| format!("note: {note}")));
    Report::done(lines.join("\n"), &json!({ "dry_run": true, "steps": steps, "notes": notes }))
}

/// A plan that was carried out.
pub(super) fn carried_out(what: &str, next: &str, plan: &Plan, notes: &[String]) -> Report {
    let steps: Vec<String> = plan.steps.iter().map(crate::fleet::lifecycle::Step::words).collect();
    let mut lines = vec![match steps.len() {
        0 => format!("{what}: nothing to do"),
        1 => format!("{what}: 1 step done{next}"),
        n => format!("{what}: {n} steps done{next}"),
    }];
    lines.extend(notes.iter().map(|note| format!("note: {note}")));
    Report::done(lines.join("\n"), &json!({ "dry_run": false, "steps": steps, "notes": notes }))
}

/// One line per agent with its unit; failed when somebody needs the operator.
pub(super) fn status(snapshot: &FleetSnapshot) -> Report {
    let managed: Vec<_> = snapshot.agents.iter().filter(|row| row.managed).collect();
    let mut table = vec![["AGENT", "STATE", "UNIT", "BOOT", "RESTARTS", "WHY"].map(str::to_owned)];
    for row in &managed {
        let unit = row.systemd.as_ref();
        table.push([
            row.name.to_string(),
            if row.flags.contains(&"stopped") { "stopped".to_owned() } else { row.readiness.word().to_owned() },
            unit.map_or_else(|| "-".to_owned(), |unit| format!("{} ({})", unit.active, unit.sub)),
            unit.map_or_else(
                || "-".to_owned(),
                |unit| match unit.unit_file_state.as_str() {
                    "" => "-".to_owned(),
                    state => state.to_owned(),
                },
            ),
            unit.map_or_else(|| "-".to_owned(), |unit| unit.n_restarts.to_string()),
            crate::app::headless::reason(row),
        ]);
    }
    let widths: Vec<usize> =
        (0..5).map(|at| table.iter().map(|cells| text::width(&cells[at])).max().unwrap_or(0).min(SUBJECT)).collect();
    let mut lines: Vec<String> = table
        .iter()
        .map(|cells| {
            let mut line: String =
                widths.iter().zip(cells).map(|(width, cell)| format!("{}  ", text::column(cell, *width))).collect();
            line.push_str(&cells[5]);
            line.trim_end().to_owned()
        })
        .collect();
    let needing: Vec<String> = snapshot.needing().map(|row| row.name.to_string()).collect();
    let lingers = managed.iter().all(|row| row.boot_enable != BootEnable::LingerOff);
    lines.push(format!(
        "supervisor {}{}; {}",
        snapshot.supervisor,
        if lingers { "" } else { ", LINGERING IS OFF: the fleet ends with your last login" },
        if needing.is_empty() { "nobody needs you".to_owned() } else { format!("need you: {}", needing.join(", ")) },
    ));
    lines.extend(snapshot.warnings.iter().map(|warning| format!("warning: {warning}")));
    let json: Value = json!({
        "tenant_id": snapshot.tenant_id, "host": snapshot.host, "supervisor": snapshot.supervisor,
        "warnings": snapshot.warnings, "need_operator": needing, "agents": managed,
    });
    let fine = needing.is_empty();
    Report::done(lines.join("\n"), &json).with_code(if fine { DONE } else { FAILED })
}
