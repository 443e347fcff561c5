//! Control clients end with the program that they belong to, whenever that ends.

use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Sandbox, is_well, kill, program, wait_for};

fn clients(sandbox: &Sandbox) -> String {
    sandbox.tmux(&["list-clients", "-F", "#{client_pid} #{client_flags}"])
}

fn waiting(sandbox: &Sandbox) -> Child {
    let mut command = sandbox.command(program());
    command.args(["agent", "wait", "a", "--until", "dead", "--timeout", "20"]);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_program_that_is_killed_at_any_moment_leaves_no_client() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    sandbox.wait_row("a", |row| is_well(row["readiness"].as_str().unwrap()));
    for round in 0..40 {
        let until = if round % 2 == 0 { "available" } else { "working" };
        sandbox.run(&["agent", "wait", "a", "--until", until, "--timeout", "0.05"]);
    }
    for round in 0..60u64 {
        let mut child = waiting(&sandbox);
        // Between its fork and its attach: the moments that matter are the first milliseconds.
        std::thread::sleep(Duration::from_micros(round * 250));
        kill(child.id(), Signal::KILL);
        child.wait().unwrap();
    }
    wait_for("no client left", || clients(&sandbox).is_empty());
    sandbox.tmux(&["kill-server"]);
    sandbox.ok(&["fleet", "start"]);
}

#[test]
fn a_start_ends_an_orphaned_client_that_keeps_the_server_from_ending() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let holder = sandbox.tmux(&["list-sessions", "-F", "#{session_id}", "-f", "#{==:#{session_name},_holder}"]);
    // A control client of ours whose parent is no program of ours, and which does nothing any more: so one looks whose
    // program was killed before it was attached.
    let words = ["-u", "-N", "-L", "it", "-C", "attach-session", "-E", "-f", "ignore-size,no-output,read-only", "-t"];
    let mut command = sandbox.command("tmux");
    command.args(words).arg(&holder).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut orphan = command.spawn().unwrap();
    wait_for("the client", || clients(&sandbox).starts_with(&orphan.id().to_string()));
    kill(orphan.id(), Signal::STOP);
    let server: u32 = sandbox.tmux(&["display-message", "-p", "#{pid}"]).parse().unwrap();
    // A keeper would mend it at once, when its pane ends.
    let keeper = std::fs::read_to_string(sandbox.run_file("a.lock")).unwrap();
    kill(keeper.lines().next().unwrap().parse().unwrap(), Signal::KILL);
    sandbox.tmux(&["kill-server"]);
    let doctor = sandbox.run(&["fleet", "doctor"]).stdout;
    assert!(doctor.contains("was told to end, and waits for its clients: pid"), "{doctor}");
    sandbox.ok(&["fleet", "start"]);
    assert_ne!(sandbox.tmux(&["display-message", "-p", "#{pid}"]), server.to_string());
    assert!(clients(&sandbox).is_empty());
    assert!(!orphan.wait().unwrap().success(), "it was ended");
}
