//! The same actions on the screen: keys, palette, confirmation, progress, results.

use std::fs;

use mosaic_tui::fleet::readiness::Reason;

use super::Host;
use crate::harness::{Pty, Sandbox, is_well, kill, program};

/// The dashboard on a host with a user manager.
pub(super) fn open(host: &Host, width: u16, height: u16) -> Pty {
    let mut env = host.sandbox.env();
    env.retain(|(name, _)| name != "XDG_RUNTIME_DIR");
    env.extend(host.manager.env());
    let script = "echo $$ > \"$GROUP/callers/cgroup.procs\"; exec nsenter -t \"$MANAGER\" -m -w\"$PWD\" -- \"$0\"";
    Pty::spawn("sh", &["-c", script, program()], &env, &host.sandbox.root.join("w"), width, height)
}

#[test]
fn restart_by_key_asks_first_and_tells_the_result() {
    let sandbox = Sandbox::with_agents("  - {name: a, class: orchestrator}\n  - {name: b, class: enhancer}\n");
    sandbox.start();
    let before = sandbox.row("a")["pane"]["pid"].clone();
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_until("both", |text| is_well(text) && text.contains("a "));
    screen.send("R");
    screen.wait_text("mosaic-tui fleet restart a");
    screen.send("\r");
    screen.wait_until("closed", |text| !text.contains("acts on"));
    assert_eq!(sandbox.row("a")["pane"]["pid"], before, "Cancel is the default");
    screen.send("R");
    screen.wait_text("acts on");
    screen.send("y");
    screen.wait_text("a: restarted");
    assert_ne!(sandbox.row("a")["pane"]["pid"], before);
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn leaving_finishes_a_restart_first_and_keys_on_one_agent_keep_their_order() {
    // It ends only when it is killed, two seconds later.
    let sandbox = Sandbox::with_agents(
        "  - {name: a, class: orchestrator, runtime: sh, command: \"trap '' HUP TERM; while :; do sleep 1; done\"}\n",
    );
    sandbox.start();
    let before = sandbox.row("a")["pane"]["pid"].clone();
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text("orchestrator");
    for key in ["R", "X", "S"] {
        screen.send(key);
        if key != "S" {
            screen.wait_text("acts on");
            screen.send("y");
            screen.wait_until("answered", |text| !text.contains("acts on"));
        }
    }
    screen.send("q");
    screen.wait_text("still runs: mosaic-tui fleet restart a");
    screen.send("q");
    screen.wait_text("finishes first");
    assert_eq!(screen.wait_exit(), 0);
    let row = sandbox.row("a");
    assert!(row["process"]["alive"] == true && row["pane"]["pid"] != before, "{row:#}");
}

#[test]
fn what_fails_after_the_screen_was_left_is_told_and_decides_the_exit_code() {
    let hard =
        "  - {name: a, class: orchestrator, runtime: sh, command: \"trap '' HUP TERM; while :; do sleep 1; done\"}\n";
    let sandbox = Sandbox::with_agents(hard);
    sandbox.start();
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text("orchestrator");
    sandbox.write_agents("  - {name: a, class: orchestrator, runtime: sh, command: \"exit 3\"}\n");
    screen.send("R");
    screen.wait_text("acts on");
    screen.send("y");
    screen.send("q");
    screen.wait_text("still runs: mosaic-tui fleet restart a");
    screen.send("q");
    screen.wait_text("finishes first");
    assert_eq!(screen.wait_exit(), 1);
    let text = screen.screen();
    assert!(text.contains("mosaic-tui fleet restart a: agent a: its command ended at once"), "{text}");
}

#[test]
fn what_failed_unread_is_told_when_the_screen_is_left() {
    let sandbox = Sandbox::with_agents("  - {name: a, class: orchestrator}\n");
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text(&Reason::NoServer.to_string());
    screen.send(":agent send a -m hello\r?");
    screen.wait_text("answered: mosaic-tui agent send");
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
    let text = screen.screen();
    assert!(text.contains("mosaic-tui agent send --message=hello a: a: dead"), "{text}");
}

#[test]
fn the_palette_runs_every_command_with_its_arguments() {
    let sandbox = Sandbox::with_agents("  - {name: a, class: orchestrator}\n  - {name: b, class: enhancer}\n");
    sandbox.start();
    let mut screen = sandbox.open(&[], 100, 30);
    screen.wait_until("the agents", is_well);
    screen.send(":doc");
    screen.wait_until("the list", |text| {
        text.contains("fleet doctor") && text.contains("in a shell: mosaic-tui fleet doctor")
    });
    screen.send("\r");
    screen.wait_until("the answer", |text| text.contains("tmux socket folder") && text.contains("╭ doctor "));
    screen.close("tmux socket folder");
    screen.send(":fleet add c class=code 'alias=The third'\r");
    screen.wait_text("c: added to");
    assert!(fs::read_to_string(sandbox.roster()).unwrap().contains("The third"));
    screen.wait_text("The third");
    screen.send(":fleet stop\r");
    screen.wait_until("the question", |text| text.contains("acts on") && text.contains("the whole fleet"));
    screen.close("acts on");
    screen.send(":fleet remove nobody\r");
    screen.wait_text("acts on");
    screen.send("y");
    screen.wait_until("the refusal", |text| text.contains("failed") && text.contains("is not in"));
    screen.close("is not in");
    screen.send(":fleet nonsense\r");
    screen.wait_text("no command matches");
    screen.close("no command matches");
    // What was run before comes back.
    screen.send(":\x1b[A");
    screen.wait_text("in a shell: mosaic-tui fleet remove nobody");
    screen.close("in a shell");
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
    assert_eq!(sandbox.row("a")["health"], "healthy");
}

#[test]
fn starting_several_shows_how_far_it_is() {
    let agents: String = (0..6).map(|n| format!("  - {{name: a{n}}}\n")).collect();
    let sandbox = Sandbox::with_agents(&agents);
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text("a5");
    screen.send(":fleet start --stagger 0.3\r");
    screen.wait_text("of 6: a");
    screen.wait_until("all", |text| text.contains("a5: started"));
    screen.close("a5: started");
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn a_hung_user_manager_stops_no_key_and_shows_as_slow() {
    let Some(host) = Host::running("  - {name: a}\n  - {name: b}\n") else { return };
    host.wait_healthy(&["a", "b"]);
    let mut screen = open(&host, 120, 40);
    screen.wait_until("the units", |text| text.contains("active (running)"));
    kill(host.manager.pid(), rustix::process::Signal::STOP);
    // A signal of any unit, or the slow poll, brings the next look; keys do not wait for it.
    for _ in 0..5 {
        screen.send("?");
        screen.wait_text("keys in Fleet");
        screen.close("keys in Fleet");
    }
    screen.wait_until("told with its age", |text| text.contains("no answer within"));
    screen.send("j");
    screen.send("k");
    kill(host.manager.pid(), rustix::process::Signal::CONT);
    screen.wait_until("back again", |text| text.contains("active (running)"));
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn a_given_up_agent_shows_its_last_screen_status_and_log() {
    let Some(host) =
        Host::with_agents("  - {name: bad, runtime: sh, command: 'sh -c \"echo the last words; exit 7\"'}\n")
    else {
        return;
    };
    let mut install = host.manager.command(&host.sandbox, program(), &["fleet", "install"]);
    assert_eq!(crate::harness::answer(install.env("MOSAIC_RESTART_DELAY", "0.02")).code, 0);
    let _either = host.fleet(&["fleet", "start"]);
    crate::harness::wait_for("it is given up", || host.unit("bad") == "failed");
    let mut screen = open(&host, 120, 40);
    screen.wait_until("all of it", |text| text.contains("the last words") && text.contains("failed (failed)"));
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn an_answer_waits_until_nobody_types() {
    let sandbox = Sandbox::with_agents("  - {name: a, class: orchestrator}\n  - {name: b, class: enhancer}\n");
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text(&Reason::NoServer.to_string());
    // It fails, and looks again for three seconds before it says so.
    screen.send(":fleet verify\r");
    screen.wait_text("running: ");
    screen.send(":fleet rest");
    screen.wait_text("answered: mosaic-tui fleet verify");
    screen.wait_until("the palette is untouched", |text| text.contains(": fleet rest"));
    screen.send("\x1b");
    screen.wait_until("then it comes", |text| text.contains("exit 1") && text.contains("FAILED"));
    screen.send("\r");
    screen.wait_until("read", |text| !text.contains("FAILED"));
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn what_runs_in_the_background_is_listed_and_leaving_the_list_ends_none_of_it() {
    let sandbox = Sandbox::with_agents("  - {name: a, class: orchestrator}\n");
    sandbox.start();
    sandbox.wait_row("a", |row| row["readiness"] == "available");
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text("orchestrator");
    screen.send("&");
    screen.wait_text("nothing runs");
    screen.close("nothing runs");
    screen.send(":agent wait a --until dead --timeout 120\r");
    screen.wait_text("running: mosaic-tui agent wait");
    screen.send("&");
    screen.wait_until("listed", |text| text.contains("agent wait --until=dead") && text.contains("what runs goes on"));
    screen.close("what runs goes on");
    screen.send("q");
    screen.wait_text("still runs: mosaic-tui agent wait");
    // What it waited for.
    sandbox.ok(&["fleet", "stop", "a"]);
    screen.send("&");
    screen.wait_text("nothing runs");
    screen.close("nothing runs");
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn what_a_pane_prints_gives_the_list_a_column() {
    let sandbox = Sandbox::with_agents("  - {name: a, class: orchestrator}\n");
    sandbox.start();
    sandbox.wait_row("a", |row| row["readiness"] == "available");
    let mut screen = sandbox.open(&[], 200, 50);
    screen.wait_until("its composer was read", |text| text.contains("its composer waits") && !text.contains("OUTPUT"));
    sandbox.ok(&["agent", "send", "a", "--message", "a line of its own"]);
    screen.wait_text("OUTPUT");
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}
