//! Whoever looks at a fleet cannot end it: no control client is attached, in whose presence ordinary commands crash the
//! server, and nothing is left of a look that was killed.

use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Sandbox, answer, is_well, kill, program, wait_for};

/// Waits in the short run: a server that clients can crash is gone after a few dozen.
const SHORT: u64 = 300;
const LONG: u64 = 10_000;

fn clients(sandbox: &Sandbox) -> String {
    sandbox.tmux(&["list-clients", "-F", "#{client_pid} #{client_flags}"])
}

fn server(sandbox: &Sandbox) -> String {
    sandbox.tmux(&["display-message", "-p", "#{pid}"])
}

fn well(agents: &str) -> Sandbox {
    let sandbox = Sandbox::with_agents(agents);
    sandbox.start();
    sandbox.wait_row("a", |row| is_well(row["readiness"].as_str().unwrap()));
    sandbox
}

fn waiting(sandbox: &Sandbox) -> Child {
    let mut command = sandbox.command(program());
    command.args(["agent", "wait", "a", "--until", "dead", "--timeout", "20"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Sessions that come and go, as scripts make them: some with several windows, whose programs end all at once.
fn pass_by(sandbox: &Sandbox) {
    let tmux = |words: &[&str]| {
        let words = ["-u", "-N", "-L", "it"].iter().chain(words);
        // It may still be there; and a server that is gone is seen later.
        answer(sandbox.command("tmux").args(words)).stdout
    };
    tmux(&["new-session", "-d", "-s", "quick", "true", ";", "new-window", "-t", "quick", "true"]);
    let sleep = "exec sleep 1000";
    tmux(&["new-session", "-d", "-s", "slow", sleep, ";", "new-window", "-t", "slow", sleep]);
    for pid in tmux(&["list-panes", "-s", "-t", "slow", "-F", "#{pane_pid}"]).lines() {
        kill(pid.parse().unwrap(), Signal::KILL);
    }
    wait_for("its end", || tmux(&["list-sessions", "-F", "#{session_name}"]).lines().all(|name| name != "slow"));
}

/// Waits end by themselves or are killed, several at a time and at any moment, while sessions come and go. The server
/// must not notice.
fn end_waits(rounds: u64) {
    let sandbox = well("  - {name: a}\n");
    let before = server(&sandbox);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (sandbox, over) = (&sandbox, &over);
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                pass_by(sandbox);
            }
        });
        let lanes: Vec<_> = (0..4).map(|lane| scope.spawn(move || run_lane(sandbox, lane, rounds))).collect();
        for lane in lanes {
            lane.join().unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(server(&sandbox), before);
    wait_for("no client left", || clients(&sandbox).is_empty());
    sandbox.tmux(&["kill-server"]);
    sandbox.ok(&["fleet", "start"]);
}

fn run_lane(sandbox: &Sandbox, lane: u64, rounds: u64) {
    for round in (lane..rounds).step_by(4) {
        if round % 3 == 0 {
            let timeout = format!("0.{:03}", 5 + round * 7 % 75);
            sandbox.run(&["agent", "wait", "a", "--until", "dead", "--timeout", &timeout]);
            continue;
        }
        let mut child = waiting(sandbox);
        // Any moment is as good as another one.
        std::thread::sleep(Duration::from_micros(round * 317 % 60_000));
        kill(child.id(), Signal::KILL);
        child.wait().unwrap();
    }
}

#[test]
fn waits_that_end_or_are_killed_at_any_moment_leave_the_server_and_no_client() {
    end_waits(SHORT);
}

#[test]
#[ignore = "minutes: the same for longer"]
fn thousands_of_waits_leave_the_server_and_no_client() {
    end_waits(LONG);
}

#[test]
fn a_dashboard_attaches_no_control_client_and_what_ends_beside_it_ends_alone() {
    let sandbox = well("  - {name: a}\n");
    let before = server(&sandbox);
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text("type a message");
    for _ in 0..20 {
        pass_by(&sandbox);
    }
    let flags = clients(&sandbox);
    assert!(!flags.contains("control-mode") && flags.lines().count() == 1, "the live view alone: {flags}");
    assert_eq!(server(&sandbox), before);
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
    wait_for("no client left", || clients(&sandbox).is_empty());
}

#[test]
fn a_server_that_waits_for_a_client_that_hangs_names_it() {
    let sandbox = well("  - {name: a}\n");
    let mut command = sandbox.command("tmux");
    // Whatever stands before the socket.
    command.args(["-u", "-f", "/dev/null", "-NL", "it", "-C", "attach-session", "-t", "=_holder:"]);
    let mut client = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    wait_for("the client", || clients(&sandbox).starts_with(&client.id().to_string()));
    kill(client.id(), Signal::STOP);
    // A keeper would mend it at once, when its pane ends.
    let keeper = std::fs::read_to_string(sandbox.run_file("a.lock")).unwrap();
    kill(keeper.lines().next().unwrap().parse().unwrap(), Signal::KILL);
    sandbox.tmux(&["kill-server"]);
    let doctor = sandbox.run(&["fleet", "doctor"]).stdout;
    assert!(doctor.contains(&format!("was told to end, and waits for its clients: pid {}", client.id())), "{doctor}");
    kill(client.id(), Signal::KILL);
    client.wait().unwrap();
    sandbox.ok(&["fleet", "start"]);
    assert!(clients(&sandbox).is_empty());
}
