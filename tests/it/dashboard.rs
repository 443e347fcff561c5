//! The dashboard as its user sees it, in a terminal of its own.

use std::fs;
use std::time::{Duration, Instant};

use mosaic_tui::fleet::model::Warning;
use mosaic_tui::fleet::readiness::Reason;
use rustix::process::Signal;

use crate::harness::{Sandbox, is_well, kill, wait_for};

const FLEET: &str = "  - {name: a, class: code}\n  - {name: b, class: review}\n  - {name: c, class: code}\n";

#[test]
fn it_shows_the_fleet_and_the_selected_pane_live() {
    let sandbox = Sandbox::with_agents(FLEET);
    sandbox.start();
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text("nobody needs you");
    screen.wait_text("type a message");
    sandbox.tmux(&["send-keys", "-t", "=a:", "-l", "hello from outside"]);
    screen.wait_text("> hello from outside");
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn changes_appear_by_themselves() {
    let sandbox = Sandbox::with_agents(FLEET);
    sandbox.start();
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text("3 available");
    sandbox.tmux(&["send-keys", "-t", "=b:", "-l", "/ask Which colour?"]);
    sandbox.tmux(&["send-keys", "-t", "=b:", "Enter"]);
    screen.wait_until("b is stuck and first", |text| {
        text.lines().nth(3).is_some_and(|row| row.contains("stuck") && row.contains(" b "))
            && text.contains("1 needs you")
    });
    screen.send("w");
    screen.wait_text("why       Which colour?");
}

#[test]
fn the_roster_is_reloaded_and_a_broken_one_is_not_used() {
    let sandbox = Sandbox::with_agents(FLEET);
    sandbox.start();
    let screen = sandbox.open(&[], 120, 40);
    screen.wait_text("3 available");
    sandbox.write_agents("  - {name: a}\n  - {name: newcomer}\n");
    screen.wait_until("the new row", |text| text.contains("newcomer") && text.contains(&Reason::NoSession.to_string()));
    let not_reloaded = Warning::RosterNotUsed { older_in_use: true, why: String::new() }.to_string();
    let not_reloaded = not_reloaded.trim_end();
    fs::write(sandbox.roster(), "version: 7\n").unwrap();
    screen.wait_until("the error, and the old rows", |text| text.contains(not_reloaded) && text.contains("newcomer"));
    // Through a symbolic link: seen where it leads, at once and not by the slow look at the file.
    let real = sandbox.root.join("w/real.yaml");
    sandbox.write_agents("  - {name: a}\n");
    fs::rename(sandbox.roster(), &real).unwrap();
    std::os::unix::fs::symlink(&real, sandbox.roster()).unwrap();
    // With the two that were started and are nobody's now.
    screen.wait_until("mended", |text| !text.contains(not_reloaded) && text.contains("3 agents"));
    let text = fs::read_to_string(&real).unwrap();
    for name in ["linked", "second", "third"] {
        let began = Instant::now();
        fs::write(&real, format!("{text}  - {{name: {name}}}\n")).unwrap();
        screen.wait_text(name);
        assert!(began.elapsed() < Duration::from_secs(2), "{name} after {:?}", began.elapsed());
    }
}

#[test]
fn the_filter_narrows_and_escape_peels() {
    let sandbox = Sandbox::with_agents(FLEET);
    sandbox.start();
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text("3 available");
    screen.send("/class:review");
    screen.wait_until("only b", |text| {
        text.contains("/class:review") && !text.contains("available  a ") && text.contains("available  b")
    });
    screen.send("\r");
    screen.send("\x1b");
    screen.wait_until("all again", |text| text.contains("available  a") && !text.contains("/class"));
    screen.send("/zzz");
    screen.wait_text("no agent matches the filter");
}

#[test]
fn help_lists_the_keys_of_the_place_and_filters() {
    let sandbox = Sandbox::with_agents(FLEET);
    let mut screen = sandbox.open(&[], 120, 80);
    screen.wait_text(&Reason::NoServer.to_string());
    screen.send("?");
    screen.wait_text("keys in Fleet");
    screen.send("next waiting");
    screen.wait_until("one line left", |text| {
        text.contains("Goes to the next agent") && !text.contains("Filters the list")
    });
    screen.send("\x1b");
    screen.wait_text("Filters the list");
    screen.close("keys in Fleet");
}

#[test]
fn start_and_stop_work_from_the_keyboard_and_stop_asks_first() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text(&Reason::NoServer.to_string());
    screen.send("S");
    screen.wait_until("started", |text| text.contains("a: started") && is_well(text));
    screen.send("X");
    screen.wait_text("mosaic-tui fleet stop a");
    screen.send("\r");
    screen.wait_until("cancelled", |text| !text.contains("Stop a?"));
    assert!(is_well(sandbox.row("a")["readiness"].as_str().unwrap()));
    screen.send("X");
    screen.wait_text("Stop a?");
    screen.send("y");
    screen.wait_until("stopped", |text| text.contains("a: stopped") && text.contains("\u{25a1} stopped"));
}

#[test]
fn an_empty_machine_says_what_to_do() {
    let sandbox = Sandbox::new();
    let mut screen = sandbox.open(&[], 80, 24);
    screen.wait_text("Three answers make a fleet");
    screen.send("\x1b");
    let text = screen
        .wait_until("the questions closed", |text| text.contains("mosaic-tui demo") && !text.contains("Three answers"));
    assert!(text.contains("no agents") && text.contains("there is no roster yet"), "{text}");
}

#[test]
fn it_fits_any_size_and_survives_a_resize_storm() {
    let sandbox = Sandbox::with_agents(FLEET);
    sandbox.start();
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text("nobody needs you");
    for (width, height) in
        [(80, 24), (40, 12), (23, 7), (1, 1), (2, 2), (300, 90), (50, 14), (24, 8), (200, 50), (10, 60)]
    {
        screen.resize(width, height);
    }
    screen.resize(20, 5);
    screen.wait_text("needs 24x8");
    screen.resize(40, 12);
    screen.wait_until("the list alone", |text| text.contains("STATE") && !text.contains("pane %"));
    screen.resize(200, 50);
    screen.wait_until("everything", |text| text.contains("pane %") && text.contains("CLASS"));
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn a_server_that_is_killed_is_missed_at_once_and_found_again() {
    let sandbox = Sandbox::with_agents(FLEET);
    sandbox.start();
    let screen = sandbox.open(&[], 120, 40);
    screen.wait_text("nobody needs you");
    sandbox.tmux(&["kill-server"]);
    screen.wait_until("said so", |text| text.contains("tmux: no server on socket it") && text.contains("3 need you"));
    // Keepers of the dead sessions end by themselves.
    for agent in ["a", "b", "c"] {
        wait_for("the keeper's end", || {
            mosaic_tui::fleet::session::keeper_pid(&sandbox.run_file(&format!("{agent}.lock"))).is_none()
        });
    }
    sandbox.start();
    screen.wait_until("recovered", |text| text.contains("nobody needs you") && !text.contains("tmux: no server"));
    screen.wait_text("type a message");
}

/// The second server takes connections and never answers, as a stopped or a hung one does.
#[test]
fn a_hung_second_server_holds_up_no_row_of_the_first() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n  - {name: b, socket: other}\n");
    sandbox.start();
    let other = |args: &[&str]| {
        let output = sandbox.command("tmux").args(["-L", "other"]).args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let server = other(&["display-message", "-p", "-t", "=b:", "#{pid}"]).trim().parse().unwrap();
    let screen = sandbox.open(&[], 140, 40);
    screen.wait_until("both", |text| text.contains("2 available"));
    kill(server, Signal::STOP);
    screen.wait_until("told", |text| text.contains("1 needs you") || text.contains("unknown"));
    let soon = Duration::from_millis(1500);
    for at in 0..4 {
        let name = format!("extra{at}");
        let began = Instant::now();
        sandbox.tmux(&["new-session", "-d", "-s", &name, "cat"]);
        screen.wait_text(&name);
        assert!(began.elapsed() < soon, "{name} after {:?}", began.elapsed());
    }
    let began = Instant::now();
    let second = sandbox.open(&[], 140, 40);
    second.wait_until("the first server's rows", |text| text.contains("extra3"));
    assert!(began.elapsed() < soon * 2, "{:?}", began.elapsed());
    kill(server, Signal::CONT);
    screen.wait_until("well again", |text| text.contains("2 available") || text.contains("nobody needs you"));
}

#[test]
fn a_file_that_is_waited_for_holds_up_neither_the_screen_nor_another_command() {
    let sandbox = Sandbox::with_agents(FLEET);
    sandbox.start();
    let pipe = sandbox.root.join("w/pipe");
    let record = sandbox.home().join("fleet/installed.json");
    for path in [&pipe, &record] {
        rustix::fs::mkfifoat(rustix::fs::CWD, path, rustix::fs::Mode::from(0o600)).unwrap();
    }
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text("3 available");
    // What an operator names there has to be a file: nobody at the screen could write into a pipe.
    let pipe = pipe.display().to_string();
    for command in [
        format!("agent send a --file {pipe}"),
        format!("agent broadcast --file {pipe}"),
        format!("fleet check {pipe}"),
        format!("backlog create --id A --title t --body-file {pipe}"),
        format!("backlog create --id A --title t --acceptance @{pipe}"),
        format!("backlog import {pipe}"),
    ] {
        screen.send(&format!(":{command}\r"));
        let asks = screen.wait_until("an answer, or a question", |text| {
            text.contains("is a pipe, not a file") || text.contains("acts on") && text.contains("broadcast")
        });
        if !asks.contains("is a pipe, not a file") {
            screen.send("y");
            screen.wait_text("is a pipe, not a file");
        }
        screen.send("\x1b");
        screen.wait_until("told and gone", |text| !text.contains("is a pipe, not a file"));
    }
    // A file that hangs by itself, as on a server that is gone, is waited for apart.
    screen.send(":fleet uninstall --dry-run\r");
    screen.send("?");
    screen.wait_text("keys in Fleet");
    screen.close("keys in Fleet");
    screen.send(":fleet edit b class=other\r");
    screen.wait_text("changed; ");
    screen.close("changed; ");
    fs::write(&record, "").unwrap();
    screen.wait_text("installed.json");
    screen.close("installed.json");
    screen.send("q");
    screen.wait_exit();
}

#[test]
fn a_theme_that_there_is_not_is_told_and_the_screen_is_not_taken() {
    let sandbox = Sandbox::with_agents(FLEET);
    let mut screen = sandbox.open_with(&[], &[("MOSAIC_THEME", "bluish")], 120, 24);
    screen.wait_until("why", |text| text.contains("there is no theme \"bluish\"") && text.contains("high-contrast"));
    assert_eq!(screen.wait_exit(), 2);
}
