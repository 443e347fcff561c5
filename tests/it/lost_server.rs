//! A tmux server whose socket's file was removed lives on: nothing of it is called gone, nothing is made twice.

use std::fs;

use crate::harness::{Sandbox, is_well};
use crate::lifecycle::Host;

const AGENTS: &str = "  - {name: a}\n  - {name: b}\n";

/// Pids of the sandbox's tmux servers and of its stub agents.
fn processes(sandbox: &Sandbox) -> (Vec<u32>, Vec<u32>) {
    let comm = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let mut servers: Vec<u32> =
        sandbox.pids().into_iter().filter(|pid| comm(pid).starts_with("tmux: server")).collect();
    let is_stub = |pid: &u32| {
        mosaic_tui::fleet::process::argv(*pid).is_some_and(|argv| argv.get(1).is_some_and(|word| word == "stub-agent"))
    };
    let mut stubs: Vec<u32> = sandbox.pids().into_iter().filter(is_stub).collect();
    servers.sort_unstable();
    stubs.sort_unstable();
    (servers, stubs)
}

fn remove_socket(sandbox: &Sandbox) {
    fs::remove_file(sandbox.root.join("t/tmux-0/it")).unwrap();
}

#[test]
fn its_agents_are_unknown_with_the_way_back_and_start_brings_it_back() {
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.start();
    let before = processes(&sandbox);
    assert_eq!((before.0.len(), before.1.len()), (1, 2));
    remove_socket(&sandbox);
    let looked = sandbox.run(&["fleet", "ps", "--json"]);
    assert_eq!(looked.code, 1, "what cannot be reached is not verified: {looked:?}");
    for row in looked.json().as_array().unwrap() {
        assert_eq!((row["readiness"].as_str(), row["health"].as_str()), (Some("unknown"), Some("healthy")), "{row:#}");
        assert!(row["reason"].as_str().unwrap().contains("`mosaic-tui fleet start` brings it back"), "{row:#}");
    }
    let doctor = sandbox.run(&["fleet", "doctor"]).stdout;
    assert!(doctor.contains(&format!("its server, pid {}, lives, but ", before.0[0])), "{doctor}");
    let sent = sandbox.run(&["agent", "send", "a", "-m", "hello"]);
    assert!(sent.code != 0 && format!("{sent:?}").contains("fleet start"), "{sent:?}");
    let told = sandbox.run(&["fleet", "recover"]);
    assert!(told.code == 1 && told.stdout.contains("nobody is known to be down"), "{told:?}");
    assert_eq!(processes(&sandbox), before, "looking makes nothing");
    sandbox.ok(&["fleet", "start"]);
    assert_eq!(processes(&sandbox), before);
    sandbox.wait_row("a", |row| is_well(row["readiness"].as_str().unwrap()));
    sandbox.ok(&["agent", "send", "a", "-m", "hello again"]);
}

#[test]
fn whatever_changes_something_reaches_it_first() {
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.start();
    let (servers, stubs) = processes(&sandbox);
    // Also when the whole folder went.
    fs::remove_dir_all(sandbox.root.join("t/tmux-0")).unwrap();
    sandbox.ok(&["fleet", "recover", "--apply"]);
    assert_eq!(processes(&sandbox), (servers.clone(), stubs.clone()), "nobody was down");
    remove_socket(&sandbox);
    sandbox.ok(&["fleet", "restart", "a"]);
    let (same, now) = processes(&sandbox);
    assert_eq!((&same, now.len()), (&servers, 2));
    assert_eq!(now.iter().filter(|pid| stubs.contains(pid)).count(), 1, "only a was made anew");
    remove_socket(&sandbox);
    sandbox.ok(&["fleet", "stop"]);
    assert_eq!(processes(&sandbox), (servers, Vec::new()));
}

#[test]
fn under_systemd_nothing_ends_and_nothing_is_made_twice() {
    let Some(host) = Host::running(AGENTS) else { return };
    host.wait_healthy(&["a", "b"]);
    let before = processes(&host.sandbox);
    assert_eq!((before.0.len(), before.1.len()), (1, 2));
    remove_socket(&host.sandbox);
    assert_eq!(host.row("a")["readiness"], "unknown");
    // A keeper that is killed now adopts the session that it cannot see at first.
    let keeper = host.keeper("b");
    crate::harness::kill(keeper, rustix::process::Signal::KILL);
    crate::harness::wait_for("another keeper", || host.keeper("b") != keeper && host.unit("b") == "active");
    assert_eq!(processes(&host.sandbox), before);
    remove_socket(&host.sandbox);
    host.ok(&["fleet", "start"]);
    assert_eq!(processes(&host.sandbox), before);
    remove_socket(&host.sandbox);
    host.ok(&["fleet", "restart", "a"]);
    let after = processes(&host.sandbox);
    assert_eq!((&after.0, after.1.len()), (&before.0, 2));
    host.wait_healthy(&["a", "b"]);
}

#[test]
fn a_holder_that_is_gone_is_told_and_made_again() {
    let holder = |sandbox: &Sandbox| sandbox.tmux(&["list-sessions", "-F", "#{session_name}"]).contains("_holder");
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.start();
    let before = processes(&sandbox);
    sandbox.tmux(&["kill-session", "-t", "=_holder:"]);
    let told = sandbox.run(&["fleet", "verify"]);
    assert!(told.code == 1 && told.stdout.contains("is gone: the tmux server would end"), "{told:?}");
    sandbox.ok(&["fleet", "start"]);
    assert!(holder(&sandbox) && processes(&sandbox) == before);
    let Some(host) = Host::running(AGENTS) else { return };
    host.wait_healthy(&["a", "b"]);
    let before = processes(&host.sandbox);
    host.sandbox.tmux(&["kill-session", "-t", "=_holder:"]);
    assert_eq!(host.fleet(&["fleet", "verify"]).code, 1);
    host.ok(&["fleet", "start"]);
    assert!(holder(&host.sandbox) && processes(&host.sandbox) == before);
}
