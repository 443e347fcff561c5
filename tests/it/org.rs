//! The chart of seats, in the dashboard and without it.

use crate::harness::Sandbox;

#[test]
fn the_chart_shows_who_reports_to_whom_and_leads_to_a_seats_launch() {
    let sandbox = Sandbox::with_agents(
        "  - {name: lead, class: orchestrator}\n  - {name: code0, class: code, reports_to: lead}\n  - {name: docs, class: documentation, reports_to: code0}\n",
    );
    sandbox.ok(&["fleet", "start", "lead", "code0"]);
    let text = sandbox.ok(&["--once", "--view", "org"]).stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "2 of 3 seats staffed", "{text}");
    assert!(lines[2].starts_with("lead ") && lines[3].starts_with("\u{2570}\u{2500} code0 "), "{text}");
    assert!(lines[4].starts_with("   \u{2570}\u{2500} docs ") && lines[4].contains("dead"), "{text}");
    let json = sandbox.ok(&["--once", "--view", "org", "--format", "json"]).json();
    let seat = json["org"]["seats"].as_array().unwrap().iter().find(|seat| seat["name"] == "docs").unwrap().clone();
    assert_eq!((&seat["reports_to"], &seat["staffed"]), (&"code0".into(), &false.into()), "{json:#}");

    let mut screen = sandbox.open(&[], 120, 36);
    screen.wait_text("code0");
    screen.send("5");
    screen.wait_text("2 of 3 seats staffed");
    screen.send("g");
    screen.send("j");
    screen.wait_text("Mandate");
    screen.wait_text("persona code");
    screen.send("\r");
    screen.wait_text("how code0 is launched");
    screen.send("\x1b");
    screen.wait_until("the sheet is closed", |text| !text.contains("how code0 is launched"));
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn marks_take_a_stop_to_several_agents() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n  - {name: b}\n  - {name: c}\n");
    sandbox.start();
    let mut screen = sandbox.open(&[], 80, 24);
    screen.wait_text("1/3");
    screen.send("g");
    screen.send(" ");
    screen.wait_text("1 marked");
    screen.send(" ");
    screen.wait_text("2 marked");
    screen.send("X");
    screen.wait_text("Stop 2 agents");
    screen.send("y");
    crate::harness::wait_for("two stopped", || {
        sandbox.rows().iter().filter(|row| row["readiness"] == "dead").count() == 2
    });
    // The answer goes first, then the marks; Esc never leaves.
    crate::harness::wait_for("no marks", || {
        screen.send("\x1b");
        !screen.screen().contains("marked")
    });
    screen.send("\x03");
    screen.wait_exit();
}
