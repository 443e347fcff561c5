//! Who begins to need the operator is told outside of the screen, once; and what a dashboard remembers of the last time.

use std::fs;

use crate::harness::{Sandbox, is_well, wait_for};

#[test]
fn an_agent_that_begins_to_ask_is_told_once_by_every_means_that_is_set() {
    let sandbox = Sandbox::with_agents("  - {name: asks, env: {MOSAIC_STUB_SCRIPT: 'ask Deploy it?'}}\n");
    let told = sandbox.root.join("told");
    let line = "$MOSAIC_NOTICE_AGENT is $MOSAIC_NOTICE_STATE and asks $MOSAIC_NOTICE_QUESTION";
    let script = format!("echo \"{line}\" >> '{}'", told.display());
    let text = format!(
        "notifications:\n  bell: true\n  osc9: true\n  osc777: true\n  command: [sh, -c, {}]\n",
        serde_json::to_string(&script).unwrap()
    );
    fs::write(sandbox.home().join("tui.yaml"), text).unwrap();
    let mut screen = sandbox.open(&[], 120, 30);
    // It is dead at the first look, which is no news.
    screen.wait_until("the fleet", |text| text.contains("1 needs you"));
    sandbox.ok(&["fleet", "start"]);
    screen.wait_until("its question", |text| text.contains("Deploy it?"));
    let lines = || fs::read_to_string(&told).unwrap_or_default();
    wait_for("the command", || lines().contains("asks is stuck and asks"));
    wait_for("the terminal to be told", || {
        let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
        raw.contains("\x07\x1b]9;asks is stuck: ") && raw.contains("\x07\x1b]777;notify;asks;asks is stuck: ")
    });
    // Another look or two at the same question is no event.
    screen.send("?");
    screen.wait_text("keys in Fleet");
    assert_eq!(lines().matches("is stuck").count(), 1, "{}", lines());
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn of_several_dashboards_one_runs_the_command_and_each_rings() {
    let sandbox = Sandbox::with_agents("  - {name: asks, env: {MOSAIC_STUB_SCRIPT: 'ask Deploy it?'}}\n");
    let told = sandbox.root.join("told");
    let script = format!("echo \"$MOSAIC_NOTICE_AGENT is $MOSAIC_NOTICE_STATE\" >> '{}'", told.display());
    let text =
        format!("notifications:\n  osc9: true\n  command: [sh, -c, {}]\n", serde_json::to_string(&script).unwrap());
    fs::write(sandbox.home().join("tui.yaml"), text).unwrap();
    let mut screens: Vec<_> = (0..3).map(|_| sandbox.open(&[], 120, 30)).collect();
    for screen in &mut screens {
        screen.wait_until("the fleet", |text| text.contains("1 needs you"));
    }
    sandbox.ok(&["fleet", "start"]);
    for screen in &mut screens {
        screen.wait_until("its question", |text| text.contains("Deploy it?"));
        wait_for("its terminal to be told", || {
            String::from_utf8_lossy(&screen.raw()).contains("\x1b]9;asks is stuck: ")
        });
    }
    let lines = || fs::read_to_string(&told).unwrap_or_default();
    wait_for("the command", || lines().contains("asks is stuck"));
    for mut screen in screens {
        screen.send("\x03");
        assert_eq!(screen.wait_exit(), 0);
    }
    assert_eq!(lines().matches("asks is stuck").count(), 1, "{}", lines());
}

#[test]
fn a_command_of_notifications_that_fails_is_told() {
    let sandbox = Sandbox::with_agents("  - {name: asks, env: {MOSAIC_STUB_SCRIPT: 'ask Deploy it?'}}\n");
    fs::write(sandbox.home().join("tui.yaml"), "notifications: {command: [/nowhere/notify]}\n").unwrap();
    let mut screen = sandbox.open(&[], 160, 30);
    screen.wait_until("the fleet", |text| text.contains("1 needs you"));
    sandbox.ok(&["fleet", "start"]);
    screen.wait_text("the command of notifications failed: /nowhere/notify");
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn a_dashboard_comes_back_as_it_was_left() {
    let sandbox = Sandbox::with_agents("  - {name: alpha}\n  - {name: beta}\n");
    sandbox.start();
    let mut screen = sandbox.open(&[], 120, 30);
    screen.wait_until("the fleet", |text| is_well(text) && text.contains(" beta "));
    screen.send("/alp\r");
    screen.wait_until("the filter", |text| !text.contains(" beta "));
    screen.send(":fleet check\r");
    screen.wait_text("valid");
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
    let mut again = sandbox.open_again(&[], 120, 30);
    let text = again.wait_until("the filter as it was", |text| text.contains("/alp") && text.contains(" alpha "));
    assert!(!text.contains(" beta "), "{text}");
    again.send(":\x10");
    again.wait_text(": fleet check");
    again.send("\x03");
    assert_eq!(again.wait_exit(), 0);
}
