//! Lifecycle results in words: tables for people, the same facts as JSON.

use serde_json::{Value, json};

use crate::app::action::error::{DONE, FAILED};
use crate::app::action::report::Report;
use crate::fleet::checks::{Check, Verdict};
use crate::fleet::home::Site;
use crate::fleet::lifecycle::{Note, Plan, Step};
use crate::fleet::model::{BootEnable, Flag, FleetSnapshot, Label, UnitFileState, Warning};
use crate::ui::text;

/// Stands before the process of the supervisor, where there is one; the framework's texts quote it to agents.
const GIVEN_OUT: &str = "cards are given out by process";

/// Widest column of a subject.
const SUBJECT: usize = 24;

/// Checks, one line each; failed when one of them is.
pub(in crate::app) fn checks(what: &str, site: &Site, checks: &[Check]) -> Report {
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
pub(in crate::app) fn plan(what: &str, plan: &Plan, notes: &[Note]) -> Report {
    let steps: Vec<String> = plan.steps.iter().map(Step::words).collect();
    let mut lines: Vec<String> = steps.iter().map(|step| format!("would {step}")).collect();
    if lines.is_empty() {
        lines.push(format!("{what}: nothing to do"));
    }
    lines.extend(notes.iter().map(|note| format!("note: {note}")));
    Report::done(lines.join("\n"), &json!({ "dry_run": true, "steps": steps, "notes": notes }))
}

/// A plan that was carried out.
pub(in crate::app) fn carried_out(what: &str, next: &str, plan: &Plan, notes: &[Note]) -> Report {
    let steps: Vec<String> = plan.steps.iter().map(Step::words).collect();
    let done = summary(plan, notes);
    let mut lines =
        vec![if done.is_empty() { format!("{what}: nothing to do") } else { format!("{what}: {done}{next}") }];
    lines.extend(notes.iter().map(|note| format!("note: {note}")));
    Report::done(lines.join("\n"), &json!({ "dry_run": false, "steps": steps, "notes": notes }))
}

/// What was done, counted.
fn summary(plan: &Plan, notes: &[Note]) -> String {
    let sum = |count: fn(&Step) -> usize| -> usize { plan.steps.iter().map(count).sum() };
    let counts = [
        ("unit", "stopped", sum(|step| usize::from(matches!(step, Step::Stop(_))))),
        ("file", "written", sum(|step| usize::from(matches!(step, Step::Write { .. } | Step::Restore(..))))),
        ("unit", "enabled", sum(|step| if let Step::Enable(units) = step { units.len() } else { 0 })),
        ("unit", "disabled", sum(|step| if let Step::Disable(units) = step { units.len() } else { 0 })),
        ("file", "removed", sum(|step| usize::from(matches!(step, Step::Delete(_))))),
    ];
    let mut done: Vec<String> = counts
        .iter()
        .filter(|(_, _, count)| *count > 0)
        .map(|(noun, verb, count)| format!("{count} {noun}{} {verb}", if *count == 1 { "" } else { "s" }))
        .collect();
    // The step was planned and could not be taken: then it is a note and nothing that was done.
    let refused = notes.iter().any(|note| matches!(note, Note::LingerUnchanged { .. }));
    if let Some(Step::Linger(on)) = plan.steps.iter().find(|step| matches!(step, Step::Linger(_)) && !refused) {
        done.push(format!("lingering turned {}", if *on { "on" } else { "off" }));
    }
    done.join(", ")
}

/// One line per agent with its unit; failed when somebody needs the operator.
pub(in crate::app) fn status(snapshot: &FleetSnapshot) -> Report {
    let managed: Vec<_> = snapshot.agents.iter().filter(|row| row.managed).collect();
    let mut table = vec![["AGENT", "STATE", "UNIT", "BOOT", "RESTARTS", "WHY"].map(str::to_owned)];
    for row in &managed {
        let unit = row.systemd.as_ref();
        table.push([
            row.shown_name(),
            row.shown().word().to_owned(),
            unit.map_or_else(|| "-".to_owned(), |unit| format!("{} ({})", unit.active, unit.sub)),
            unit.map_or_else(
                || "-".to_owned(),
                |unit| match &unit.unit_file_state {
                    UnitFileState::Absent => "-".to_owned(),
                    state => state.to_string(),
                },
            ),
            unit.map_or_else(|| "-".to_owned(), |unit| unit.n_restarts.to_string()),
            crate::app::perform::headless::reason(row),
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
    for row in snapshot.agents.iter().filter(|row| !row.managed) {
        let at = if row.has(Flag::Remote) { format!(" on {}", row.host) } else { String::new() };
        lines.push(format!(
            "note: session {} runs on the fleet's socket{at}, and the roster does not know it",
            row.name
        ));
    }
    let needing: Vec<String> = snapshot.needing().map(|row| row.name.to_string()).collect();
    let lingers = managed.iter().all(|row| row.boot_enable != BootEnable::LingerOff);
    lines.push(format!(
        "supervisor {}{}; {}",
        snapshot.supervisor,
        if lingers { "" } else { ", LINGERING IS OFF: the fleet ends with your last login" },
        match (needing.is_empty(), snapshot.needs_somebody()) {
            (true, false) => "nobody needs you".to_owned(),
            // Nobody of the agents: what it is stands below.
            (true, true) => "something waits for you".to_owned(),
            (false, _) => format!("need you: {}", needing.join(", ")),
        },
    ));
    lines.extend(crate::app::perform::headless::escalated(snapshot).map(|line| format!("escalation {line}")));
    lines.extend(snapshot.supervision.pid.map(|pid| format!("{GIVEN_OUT} {pid}")));
    let warnings: Vec<Label> = snapshot.warnings.iter().map(Warning::label).collect();
    lines.extend(warnings.iter().map(|warning| format!("warning: {warning}")));
    let json: Value = json!({
        "tenant_id": snapshot.tenant_id, "host": snapshot.host, "supervisor": snapshot.supervisor,
        "supervision": snapshot.supervision, "warnings": warnings, "need_operator": needing,
        "escalations": snapshot.unattended().collect::<Vec<_>>(), "agents": managed,
    });
    Report::done(lines.join("\n"), &json).with_code(if snapshot.needs_somebody() { FAILED } else { DONE })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_are_told_the_very_words_by_which_they_know_a_supervisor() {
        for path in ["fleet/roles/orchestrator.md", "guides/orchestration.md"] {
            let (_, text) = crate::fleet::framework::files().find(|(at, _)| at == path).unwrap();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(text.contains(&format!("`mosaic-tui fleet status` says \"{GIVEN_OUT} ...\"")), "{path}");
        }
    }
}
