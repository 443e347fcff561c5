//! A north star as Markdown: the same bytes for the same file, on every machine and at every time. Pure.

use std::borrow::Cow;

use super::{NorthStar, Statement};

/// Renders it; `source` is the name of the file that it comes from.
#[must_use]
pub fn render(star: &NorthStar, source: &str) -> String {
    let mut out = format!(
        "<!-- Generated from {source} by `mosaic-tui north-star render --write`; a change made here is lost. -->\n\n# North star\n"
    );
    paragraph(&mut out, "Mission", &star.mission);
    if let Some(substrate) = &star.substrate {
        paragraph(&mut out, "Substrate", &substrate.note);
    }
    list(&mut out, "Standing objectives", star.standing_objectives.iter().map(item));
    list(&mut out, "Success criteria", star.success_criteria.iter().map(item));
    table(
        &mut out,
        "Workstreams",
        &["id", "title"],
        star.workstreams.iter().map(|one| vec![one.id.as_str().into(), one.title.as_str().into()]),
    );
    table(
        &mut out,
        "Goals",
        &["id", "title", "phase", "priority", "depends on"],
        star.goals.iter().map(|goal| {
            let (phase, depends_on) = (goal.phase.to_string(), goal.depends_on.join(", "));
            let (id, title, priority) = (goal.id.as_str(), goal.title.as_str(), goal.priority.word());
            vec![id.into(), title.into(), phase.into(), priority.into(), depends_on.into()]
        }),
    );
    list(
        &mut out,
        "Assumptions",
        star.assumptions.iter().map(|one| {
            let veto = if one.vetoable { " (vetoable)" } else { "" };
            format!("- **{}**{veto} \u{2014} {}", one.id, on_one_line(&one.text))
        }),
    );
    if let Some(spend) = &star.spend {
        let advisory = if spend.advisory { "Advisory. " } else { "" };
        paragraph(&mut out, "Spend", &format!("{advisory}{}", spend.note));
    }
    out
}

fn item(one: &Statement) -> String {
    format!("- **{}** \u{2014} {}", one.id, on_one_line(&one.text))
}

/// A text without its line ends: in a list or a table they would end the item.
fn on_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn heading(out: &mut String, title: &str) {
    out.push_str(&format!("\n## {title}\n\n"));
}

fn paragraph(out: &mut String, title: &str, text: &str) {
    heading(out, title);
    let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
    out.push_str(&lines.join("\n"));
    out.push('\n');
}

fn list(out: &mut String, title: &str, items: impl Iterator<Item = String>) {
    let items: Vec<String> = items.collect();
    if !items.is_empty() {
        heading(out, title);
        out.push_str(&items.join("\n"));
        out.push('\n');
    }
}

fn table<'a>(out: &mut String, title: &str, head: &[&str], rows: impl Iterator<Item = Vec<Cow<'a, str>>>) {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return;
    }
    heading(out, title);
    out.push_str(&format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len())));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| on_one_line(cell).replace('|', "\\|")).collect();
        // An empty cell has no blanks of its own.
        out.push_str(&format!("| {} |\n", cells.join(" | ")).replace("|  |", "| |"));
    }
}
