//! Control clients end with the program that they belong to, whenever that ends, and the server never with them.

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

/// Pids of the control clients' processes.
fn control_processes(sandbox: &Sandbox) -> Vec<u32> {
    let is_control = |pid: &u32| {
        let argv = mosaic_tui::fleet::process::argv(*pid);
        argv.is_some_and(|argv| argv.get(1..3).is_some_and(|words| words == ["session", "control"]))
    };
    sandbox.pids().into_iter().filter(is_control).collect()
}

/// Waits end by themselves or are killed, several at a time, at every moment of their client's attach, while sessions
/// come and go, of which the server tells all control clients. It must not notice.
fn end_waits(rounds: u64) {
    let sandbox = well("  - {name: a}\n");
    let before = server(&sandbox);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (sandbox, over) = (&sandbox, &over);
        scope.spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let words = ["-u", "-N", "-L", "it", "new-session", "-d", "-s", "passer-by", "true"];
                // It may still be there; and a server that is gone is seen below.
                let _there = answer(sandbox.command("tmux").args(words));
            }
        });
        let lanes: Vec<_> = (0..4).map(|lane| scope.spawn(move || run_lane(sandbox, lane, rounds))).collect();
        for lane in lanes {
            lane.join().unwrap();
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(server(&sandbox), before);
    wait_for("no client left", || clients(&sandbox).is_empty() && control_processes(&sandbox).is_empty());
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
        // Any moment is as good as another one; most of them are while it attaches.
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
fn a_client_whose_program_is_killed_while_it_hangs_is_gone_as_well() {
    let sandbox = well("  - {name: a}\n");
    let mut child = waiting(&sandbox);
    wait_for("a client", || !clients(&sandbox).is_empty());
    let control = control_processes(&sandbox);
    assert_eq!(control.len(), 1);
    kill(control[0], Signal::STOP);
    kill(child.id(), Signal::KILL);
    child.wait().unwrap();
    wait_for("no client left", || clients(&sandbox).is_empty() && control_processes(&sandbox).is_empty());
}

#[test]
fn a_server_that_waits_for_a_client_that_hangs_names_it() {
    let sandbox = well("  - {name: a}\n");
    let mut child = waiting(&sandbox);
    wait_for("a client", || !clients(&sandbox).is_empty());
    let control = control_processes(&sandbox)[0];
    kill(control, Signal::STOP);
    // A keeper would mend it at once, when its pane ends.
    let keeper = std::fs::read_to_string(sandbox.run_file("a.lock")).unwrap();
    kill(keeper.lines().next().unwrap().parse().unwrap(), Signal::KILL);
    sandbox.tmux(&["kill-server"]);
    let doctor = sandbox.run(&["fleet", "doctor"]).stdout;
    assert!(doctor.contains(&format!("was told to end, and waits for its clients: pid {control}")), "{doctor}");
    kill(child.id(), Signal::KILL);
    child.wait().unwrap();
    sandbox.ok(&["fleet", "start"]);
    assert!(clients(&sandbox).is_empty());
}
