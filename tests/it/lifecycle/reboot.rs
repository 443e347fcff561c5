//! Reboots and power cuts: everything enabled comes back, once, and nothing that was removed.

use std::fs;

use super::Host;
use crate::harness::wait_for;

const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const AGENTS: &str =
    "  - {name: a, class: orchestrator}\n  - {name: b, class: enhancer}\n  - {name: c}\n  - {name: d}\n";

/// Each agent runs once, and the keepers of before are gone.
fn everyone_once(host: &Host, before: &std::collections::BTreeMap<String, u64>) {
    let after = host.wait_healthy(&NAMES);
    assert!(NAMES.iter().all(|name| after[*name] != before[*name]), "{before:?} {after:?}");
    assert_eq!(host.pids_with("stub-agent").len(), NAMES.len(), "each once");
    assert_eq!(host.pids_with("run").len(), NAMES.len(), "one keeper each");
    host.ok(&["fleet", "verify"]);
}

#[test]
fn a_reboot_brings_back_every_enabled_agent_once() {
    let Some(mut host) = Host::running(AGENTS) else { return };
    let before = host.wait_healthy(&NAMES);
    host.manager.reboot(&host.sandbox);
    everyone_once(&host, &before);
}

#[test]
fn a_power_cut_brings_back_every_enabled_agent_once() {
    let Some(mut host) = Host::running(AGENTS) else { return };
    let before = host.wait_healthy(&NAMES);
    host.manager.power_cut(&host.sandbox);
    everyone_once(&host, &before);
}

#[test]
fn what_was_removed_does_not_come_back_at_boot() {
    let Some(mut host) = Host::running(AGENTS) else { return };
    host.wait_healthy(&NAMES);
    host.ok(&["fleet", "remove", "d"]);
    assert!(!host.rows().contains_key("d"));
    assert!(!host.sandbox.home().join("fleet/agents/d.env").exists());
    assert!(!fs::read_to_string(host.sandbox.roster()).unwrap().contains("name: d"));
    host.manager.reboot(&host.sandbox);
    host.wait_healthy(&["a", "b", "c"]);
    assert_eq!(host.unit("d"), "inactive");
    assert_eq!(host.pids_with("stub-agent").len(), 3);
}

#[test]
fn the_tmux_server_killed_comes_back_by_itself_with_each_agent_once() {
    let Some(host) = Host::running(AGENTS) else { return };
    let before = host.wait_healthy(&NAMES);
    let server = host.server();
    for round in 0..2 {
        let server = if round == 0 { server } else { host.server() };
        crate::harness::kill(server, rustix::process::Signal::KILL);
        wait_for("another server", || {
            let answer = host.run("tmux", &["-L", "it", "display-message", "-p", "#{pid}"]);
            answer.code == 0 && answer.stdout.trim().parse() != Ok(server)
        });
        wait_for("each agent once", || {
            NAMES.iter().all(|name| host.unit(name) == "active") && host.pids_with("stub-agent").len() == NAMES.len()
        });
    }
    let after = host.wait_healthy(&NAMES);
    assert!(NAMES.iter().all(|name| after[*name] != before[*name]));
    assert_eq!(host.pids_with("stub-agent").len(), NAMES.len(), "each once");
    assert_eq!(host.systemctl(&["is-active", "mosaic-tmux-holder.service"]).trim(), "active");
}
