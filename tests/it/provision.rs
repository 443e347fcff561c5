//! A fleet from a system type: the shipped ones, and one that a user wrote as a file.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::harness::{Sandbox, is_well, wait_for};

/// Agents and whom they report to, as the product promises them; the enhancer where the type has none as well.
const CHARTS: [(&str, &str, &str); 5] = [
    (
        "software-delivery",
        "orchestrator",
        "board planner review documentation merge-gate operator session-review enhancer > orchestrator; \
         decomposition > planner; code0 code1 > decomposition; security-review site-tester > review; rebase > merge-gate",
    ),
    (
        "research",
        "lead-researcher",
        "researcher0 researcher1 data-analyst data-scientist market-analyst documentation review enhancer > \
         lead-researcher",
    ),
    (
        "business",
        "ceo",
        "coo cfo enhancer > ceo; product-manager marketing-lead sales-lead operations-manager \
         customer-success-manager > coo; code review > product-manager",
    ),
    (
        "marketing",
        "marketing-lead",
        "content-strategist seo-specialist brand-strategist growth-marketer ux-designer enhancer > marketing-lead; \
         copywriter social-media-manager > content-strategist",
    ),
    (
        "personal-assistant",
        "personal-assistant",
        "executive-assistant inbox-manager researcher enhancer > personal-assistant; scheduler > executive-assistant",
    ),
];

/// Agent and whom it reports to; the lead reports to nobody.
fn chart(lead: &str, cell: &str) -> BTreeMap<String, Option<String>> {
    let mut all = BTreeMap::from([(lead.to_owned(), None)]);
    for part in cell.split("; ") {
        let (names, above) = part.split_once(" > ").unwrap();
        all.extend(names.split_whitespace().map(|name| (name.to_owned(), Some(above.to_owned()))));
    }
    all
}

/// The same from the roster that was written.
fn made(sandbox: &Sandbox) -> BTreeMap<String, Option<String>> {
    let roster = sandbox.ok(&["agent", "roster", "--json"]).json();
    let text = |value: &Value| value.as_str().map(str::to_owned);
    roster["agents"]
        .as_array()
        .unwrap()
        .iter()
        .map(|agent| (text(&agent["name"]).unwrap(), text(&agent["reports_to"])))
        .collect()
}

fn is_healthy(sandbox: &Sandbox, agents: usize) {
    let started = sandbox.run_with(&["fleet", "start"], &[("MOSAIC_START_SPACING", "0.02")]);
    assert_eq!(started.code, 0, "{started:?}");
    wait_for("every agent is well", || {
        let rows = sandbox.rows();
        let well = |row: &&Value| row["health"] == "healthy" && is_well(row["readiness"].as_str().unwrap_or_default());
        rows.len() == agents && rows.iter().filter(well).count() == agents
    });
    let verify = sandbox.ok(&["fleet", "verify", "--json"]).json();
    assert_eq!(verify["ok"], true, "{verify:#}");
}

fn of_type(id: &str) {
    let (_, lead, cell) = CHARTS.into_iter().find(|(found, ..)| *found == id).unwrap();
    let sandbox = Sandbox::new();
    let printed = sandbox.ok(&["fleet", "provision", "--system-type", id, "--runtime", "stub"]);
    assert!(!sandbox.roster().exists(), "it was only printed");
    let wrote = sandbox.ok(&["fleet", "provision", "--system-type", id, "--runtime", "stub", "--write"]);
    assert_eq!(fs::read_to_string(sandbox.roster()).unwrap().trim_end(), printed.stdout.trim_end());
    assert!(wrote.stdout.contains("next: `mosaic-tui fleet start`"), "{wrote:?}");
    let wanted = chart(lead, cell);
    assert_eq!(made(&sandbox), wanted);
    is_healthy(&sandbox, wanted.len());
}

#[test]
fn software_delivery_is_a_healthy_fleet() {
    of_type("software-delivery");
}

#[test]
fn research_is_a_healthy_fleet() {
    of_type("research");
}

#[test]
fn business_is_a_healthy_fleet() {
    of_type("business");
}

#[test]
fn marketing_is_a_healthy_fleet() {
    of_type("marketing");
}

#[test]
fn personal_assistant_is_a_healthy_fleet() {
    of_type("personal-assistant");
}

#[test]
fn a_sixth_type_is_one_file_and_works_like_the_others() {
    let sandbox = Sandbox::new();
    let own = sandbox.home().join("fleet/profiles.local/newsroom.yaml");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    let text = "id: newsroom\ntitle: Newsroom\ndescription: Writes the news.\nlead: editor\nfloor: [editor]\nroster:\n  \
                - class: editor\n  - {class: copywriter, reports_to: editor, multiplicity: 3}\n  \
                - {class: researcher, reports_to: copywriter}\n";
    fs::write(&own, text).unwrap();
    let listed = sandbox.ok(&["profile", "list"]).stdout;
    assert!(listed.contains("* newsroom") && listed.contains("  software-delivery"), "{listed}");
    let wrote = sandbox.ok(&["fleet", "provision", "--system-type", "newsroom", "--runtime", "stub", "--write"]);
    assert!(wrote.stdout.contains("enhancer"), "it says who was added: {wrote:?}");
    let cell = "copywriter0 copywriter1 copywriter2 enhancer > editor; researcher > copywriter0";
    assert_eq!(made(&sandbox), chart("editor", cell));
    is_healthy(&sandbox, 6);
    // One that is wrong is told by its place, and writes nothing.
    let before = fs::read_to_string(sandbox.roster()).unwrap();
    fs::write(&own, text.replace("reports_to: copywriter", "reports_to: boss")).unwrap();
    let refused = sandbox.run(&["fleet", "provision", "--system-type", "newsroom", "--write", "--force"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("newsroom.yaml:9:") && refused.stderr.contains("reports_to"), "{refused:?}");
    assert_eq!(fs::read_to_string(sandbox.roster()).unwrap(), before);
}

#[test]
fn a_type_on_the_runtimes_that_are_installed_says_what_it_uses() {
    let sandbox = Sandbox::new();
    let path = sandbox.root.join("bin");
    fs::create_dir_all(&path).unwrap();
    let codex = path.join("codex");
    fs::write(&codex, "#!/bin/sh\n").unwrap();
    fs::set_permissions(&codex, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    // Only this and the system's own folders: what a developer's machine has beside them does not count.
    let only = format!("{}:/usr/bin:/bin", path.display());
    let made = sandbox.run_with(&["fleet", "provision", "--system-type", "research", "--json"], &[("PATH", &only)]);
    assert_eq!(made.code, 0, "{made:?}");
    let notes = made.json()["notes"].to_string();
    assert!(notes.contains("codex is used instead"), "{notes}");
}
