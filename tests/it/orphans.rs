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
    // Both of its pipes break before it is attached, as when its program is killed at the worst moment.
    let orphan = || {
        let script = "tmux -u -N -L it -C attach-session -E -f ignore-size,no-output,read-only -t \"$0\" <&3 >&4 & ";
        let mut command = sandbox.command("python3");
        command.args(["-c", "import os,sys\nr,w=os.pipe();os.close(w);r2,w2=os.pipe();os.close(r2)\nos.dup2(r,3);os.dup2(w2,4)\nos.execvp('sh',['sh','-c',sys.argv[1],sys.argv[2]])", script, &holder]);
        assert!(command.stderr(Stdio::null()).status().unwrap().success());
    };
    // Some are attached in time to see their pipes broken, and leave by themselves.
    wait_for("an orphan that stays", || {
        (0..4).for_each(|_| orphan());
        let before = clients(&sandbox);
        std::thread::sleep(Duration::from_millis(300));
        clients(&sandbox).lines().any(|client| before.contains(client))
    });
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
}
