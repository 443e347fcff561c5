//! `tui.yaml` on a real terminal: what it sets, how it is told that it is wrong, and a dashboard that changes nothing.

use std::fs;

use crate::harness::{Sandbox, is_well};

fn set(sandbox: &Sandbox, text: &str) {
    // As an editor saves: whole, under the name at once.
    let new = sandbox.home().join("tui.yaml.new");
    fs::write(&new, text).unwrap();
    fs::rename(new, sandbox.home().join("tui.yaml")).unwrap();
}

/// Foreground colours that a frame used, as the terminal was told.
fn wears(raw: &[u8], color: &str) -> bool {
    String::from_utf8_lossy(raw).contains(color)
}

#[test]
fn the_file_is_read_at_the_start_and_again_whenever_it_changes() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let themes = sandbox.home().join("themes");
    fs::create_dir(&themes).unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/themes/dark.yaml");
    let own = fs::read_to_string(shipped).unwrap().replace("\"#7aa2f7\"", "\"#0a0b0c\"");
    fs::write(themes.join("mine.yaml"), &own).unwrap();
    set(&sandbox, "theme: mine\nkeys:\n  - {key: m, action: agent.message}\n");
    let mut screen = sandbox.open_with(&[], &[("COLORTERM", "truecolor")], 120, 36);
    screen.wait_until("the fleet with the new key", |text| is_well(text) && text.contains("m message"));
    assert!(wears(&screen.raw(), "38;2;10;11;12"), "the accent is the theme's own");
    screen.send("m");
    screen.wait_text("message to a");
    screen.send("\x1b");
    // It becomes wrong: that is told with its line, and the key stays.
    set(&sandbox, "theme: mine\nkeys:\n  - {key: m, action: agent.massage}\n");
    screen.wait_until("what is wrong", |text| {
        text.contains("tui.yaml:3:22: keys[0].action") && text.contains("did you mean agent.message?")
    });
    screen.send("\x1b");
    screen.wait_until("the mark in the header", |text| text.contains("tui.yaml:3") && !text.contains("did you mean"));
    screen.send("m");
    screen.wait_text("message to a");
    screen.send("\x1b");
    // It is mended: another key, another theme.
    set(&sandbox, "theme: light\nkeys:\n  - {key: M, action: agent.message}\n");
    screen.wait_until("the newer key", |text| text.contains("M message") && !text.contains("tui.yaml:3"));
    screen.send(",");
    let list = screen.wait_text("set in ");
    assert!(list.contains("light") && list.contains("tui.yaml:1") && list.contains("agent.message"), "{list}");
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn a_file_that_is_wrong_at_the_start_is_told_and_the_fleet_is_shown() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    set(&sandbox, "refresh: never\n");
    let mut screen = sandbox.open(&[], 100, 30);
    screen.wait_until("what is wrong", |text| text.contains("tui.yaml:1:10: refresh: is the text \"never\""));
    screen.send("\x1b");
    screen.wait_until("the fleet", |text| text.contains("nobody needs you") && !text.contains("never"));
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn read_only_nothing_that_writes_has_a_key_a_line_or_an_answer() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let before = sandbox.row("a")["pane"]["pid"].clone();
    let mut screen = sandbox.open(&["--read-only"], 120, 36);
    let text = screen.wait_until("the fleet", |text| is_well(text) && text.contains("READ-ONLY"));
    let keys = text.lines().last().unwrap();
    for hidden in ["message", "stop", "restart", "broadcast"] {
        assert!(!keys.contains(&format!(" {hidden} ")), "{hidden}: {text}");
    }
    screen.send("X");
    screen.wait_text("X (stop) changes something, and this dashboard is read-only");
    // The palette refuses it while it is typed, so what is waited for is the whole line.
    screen.send(":fleet stop a\r");
    screen.wait_until("the palette refuses it", |text| {
        text.contains(": fleet stop a ") && text.contains("stop changes something, and this dashboard is read-only")
    });
    screen.send("\x1b");
    screen.wait_until("the palette closed", |text| !text.contains("Esc closes"));
    screen.send("?");
    screen.wait_text("keys in Fleet");
    screen.send("Stops");
    let help = screen.wait_text("/Stops");
    assert!(!help.contains("Stops agents"), "{help}");
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
    let refused = sandbox.run(&["--read-only", "fleet", "stop", "a"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    assert!(refused.stderr.contains("changes something, and this is read-only"), "{refused:?}");
    // Only with its CI it is more than a look: that runs a command of the user's.
    let asks_ci = sandbox.run(&["--read-only", "gate", "check", "--branch", "b", "--ci"]);
    assert!(asks_ci.stderr.contains("changes something, and this is read-only"), "{asks_ci:?}");
    let looks = sandbox.run(&["--read-only", "gate", "check", "--branch", "b"]);
    assert!(!looks.stderr.contains("read-only"), "{looks:?}");
    sandbox.ok(&["--read-only", "fleet", "ps"]);
    assert_eq!(sandbox.row("a")["pane"]["pid"], before);
}
