//! The supervisor as a part of its fleet: started, told of and stopped with it, with systemd and without.

use std::fs;

use super::{card, status};
use crate::harness::{Sandbox, wait_for};
use crate::lifecycle::Host;

const AGENTS: &str = "agents:\n  - {name: a, class: code, env: {MOSAIC_STUB_SCRIPT: 'pace 0.3'}}\n";

fn roster(sandbox: &Sandbox, enabled: bool) {
    sandbox.write_roster(&format!(
        "version: 1\ntmux: {{socket_name: it}}\ndefaults: {{runtime: stub, working_directory: {}}}\n\
         supervise: {{enabled: {enabled}, interval: 1}}\n{AGENTS}",
        sandbox.root.join("w").display()
    ));
}

#[test]
fn without_systemd_it_starts_and_stops_with_the_whole_fleet() {
    let sandbox = Sandbox::new();
    roster(&sandbox, true);
    let started = sandbox.ok(&["fleet", "start"]).stdout;
    assert!(started.contains("supervisor: started"), "{started}");
    assert!(sandbox.ok(&["fleet", "start"]).stdout.contains("supervisor: already running"));
    let verified = sandbox.run(&["fleet", "verify"]).stdout;
    assert!(verified.contains("supervisor") && verified.contains("gives out work"), "{verified}");
    let listed = || sandbox.run(&["fleet", "ps"]).stdout;
    assert!(listed().contains("supervisor: runs (pid "), "{}", listed());
    card(&sandbox, "A1", &[]);
    wait_for("the card is done", || status(&sandbox, "A1") == "done");
    // Of one agent nobody hears; the whole fleet takes it along.
    sandbox.ok(&["fleet", "stop", "a"]);
    assert!(sandbox.run(&["fleet", "verify"]).stdout.contains("gives out work"));
    let stopped = sandbox.ok(&["fleet", "stop"]).stdout;
    assert!(stopped.contains("supervisor: stopped"), "{stopped}");
    let verified = sandbox.run(&["fleet", "verify"]).stdout;
    assert!(verified.contains("does not run: cards reach nobody"), "{verified}");
    assert!(listed().lines().last().unwrap().contains("`mosaic-tui fleet start` starts it"), "{}", listed());
    assert!(sandbox.run(&["fleet", "ps", "--json"]).json().is_array(), "rows, and nothing else");
}

#[test]
fn its_unit_is_installed_with_the_fleet_and_goes_with_the_wish() {
    let sandbox = Sandbox::new();
    roster(&sandbox, true);
    let Some(host) = Host::of(sandbox) else { return };
    host.ok(&["fleet", "install"]);
    let unit = host.sandbox.root.join("h/.config/systemd/user/mosaic-supervisor.service");
    assert!(fs::read_to_string(&unit).unwrap().contains("fleet supervise"));
    assert!(host.ok(&["fleet", "start"]).stdout.contains("supervisor: started"));
    assert_eq!(host.systemctl(&["is-active", "mosaic-supervisor.service"]).trim(), "active");
    host.ok(&["backlog", "create", "--id", "A1", "--title", "something to do"]);
    wait_for("the card is done", || host.ok(&["backlog", "show", "A1", "--json"]).json()["card"]["status"] == "done");
    // A restart of the unit leaves nothing of the first.
    host.systemctl(&["restart", "mosaic-supervisor.service"]);
    assert_eq!(host.systemctl(&["is-active", "mosaic-supervisor.service"]).trim(), "active");
    roster(&host.sandbox, false);
    host.ok(&["fleet", "install"]);
    assert!(!unit.exists());
    roster(&host.sandbox, true);
    host.ok(&["fleet", "install"]);
    assert!(host.ok(&["fleet", "stop"]).stdout.contains("stopped"));
    host.ok(&["fleet", "uninstall"]);
    assert!(!unit.exists() && !host.sandbox.home().join("fleet/supervisor.env").exists());
}
