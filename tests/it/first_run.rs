//! The dashboard where there is no fleet yet, and the settings of one agent.

use std::fs;

use serde_json::json;

use crate::harness::{Sandbox, is_well, wait_for};

#[test]
fn three_answers_make_a_fleet_and_start_it() {
    let sandbox = Sandbox::new();
    let mut screen = sandbox.open(&[], 80, 24);
    screen.wait_text("Three answers make a fleet");
    // The built-in one is the last, whatever this machine has.
    screen.send("llllll");
    screen.wait_text("> stub");
    screen.send("\r");
    screen.wait_text("Which kind of fleet?");
    screen.send("\x1b[B");
    screen.wait_text("> general");
    for _ in 0..3 {
        screen.send("\x1b[B");
    }
    screen.wait_text("> marketing");
    screen.send("\r");
    screen.wait_text("How do your agents address you?");
    screen.send("\x15Captain Ada\r");
    screen.wait_text("your fleet is made, and 9 agents are started");
    let roster = fs::read_to_string(sandbox.roster()).unwrap();
    assert!(roster.contains("lead: marketing-lead") && roster.contains("runtime: stub"), "{roster}");
    let user = fs::read_to_string(sandbox.home().join("USER.md")).unwrap();
    assert!(user.contains("| address as | Captain Ada |"), "{user}");
    wait_for("all agents", || {
        let rows = sandbox.rows();
        rows.len() == 9 && rows.iter().all(|row| is_well(row["readiness"].as_str().unwrap_or_default()))
    });
    screen.wait_text("copywriter");
    // There is a fleet now: the key says so, and asks nothing.
    screen.send("I");
    screen.wait_text("there is a roster already");
}

#[test]
fn the_questions_may_be_left_and_asked_again_on_every_size() {
    let sandbox = Sandbox::new();
    for (width, height) in [(80, 24), (120, 36), (200, 50), (60, 16)] {
        let mut screen = sandbox.open(&[], width, height);
        screen.wait_text("Which program do your agents run?");
        screen.send("\x1b");
        screen.wait_until("closed", |text| !text.contains("Which program") && text.contains("no agents"));
        screen.wait_until("what there is to do", |text| {
            text.contains("there is no roster yet: I makes a first fleet") && !text.contains("not usable")
        });
        screen.send("I");
        screen.wait_text("Which program do your agents run?");
        screen.send("q");
        screen.wait_until("closed again", |text| !text.contains("Which program"));
        screen.send("q");
        screen.wait_exit();
    }
    assert!(!sandbox.roster().exists(), "nothing was made");
}

#[test]
fn launch_settings_are_written_into_the_roster_and_the_restart_is_offered() {
    let sandbox =
        Sandbox::with_agents("  - {name: boss, class: orchestrator}   # she leads\n  - {name: e, class: enhancer}\n");
    sandbox.start();
    let pid = |name: &str| sandbox.row(name)["pane"]["pid"].as_u64();
    let before = [pid("boss"), pid("e")];
    let mut screen = sandbox.open(&[], 120, 36);
    screen.wait_text("boss");
    screen.send(":agent watch boss\r");
    screen.wait_until("its pane", |text| text.contains("boss") && !text.contains("STATE"));
    screen.send("\x1b");
    screen.wait_until("the list", |text| text.contains("STATE"));
    screen.send("c");
    screen.wait_text("how boss is launched");
    screen.send("\tlab/model:high\r");
    screen.wait_text("Restart boss?");
    let roster = fs::read_to_string(sandbox.roster()).unwrap();
    assert!(roster.contains("lab/model:high") && roster.contains("# she leads"), "{roster}");
    screen.send("y");
    wait_for("the restart", || pid("boss").is_some_and(|now| Some(now) != before[0]));
    assert_eq!(pid("e"), before[1], "only this one");
    sandbox.wait_row("boss", |row| row["model_hint"] == "lab/model:high");
}

#[test]
fn a_newer_program_offers_its_update_and_does_nothing_by_itself() {
    let sandbox = Sandbox::with_agents("  - {name: a, class: orchestrator}\n");
    sandbox.ok(&["framework", "install"]);
    let record = sandbox.home().join("framework.json");
    let mut seeded: serde_json::Value = serde_json::from_str(&fs::read_to_string(&record).unwrap()).unwrap();
    seeded["version"] = json!("0.0.1");
    fs::write(&record, seeded.to_string()).unwrap();
    let guide = sandbox.home().join("guides/testing.md");
    fs::remove_file(&guide).unwrap();
    sandbox.ok(&["backlog", "create", "--id=C1", "--title=Still here"]);
    // Where it was left the view is asked for anew: the offer in front of it takes nothing from that.
    for (view, shown) in [("3", "Still here"), ("4", "C1")] {
        let mut screen = sandbox.open(&[], 100, 30);
        screen.wait_text("mosaic-tui update --apply");
        screen.close("update --apply");
        assert!(!guide.exists(), "nothing was done");
        screen.send(view);
        screen.wait_text(shown);
        screen.send("q");
        screen.wait_exit();
        let mut screen = sandbox.open_again(&[], 100, 30);
        screen.wait_text("mosaic-tui update --apply");
        screen.close("update --apply");
        screen.wait_text(shown);
        screen.send("q");
        screen.wait_exit();
    }
    let mut screen = sandbox.open(&[], 100, 30);
    screen.wait_text("mosaic-tui update --apply");
    screen.send("y");
    wait_for("the update", || guide.exists());
    wait_for("the record", || fs::read_to_string(&record).unwrap().contains(env!("CARGO_PKG_VERSION")));
}
