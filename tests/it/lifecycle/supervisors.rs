//! Both supervisors keep the same agents, and hand them over alive.

use super::Host;
use crate::harness::{Sandbox, wait_for};

#[test]
fn a_running_fleet_goes_from_one_supervisor_to_the_other_and_back_alive() {
    let Some(mut host) = Host::with_agents("  - {name: a, class: orchestrator}\n  - {name: b, class: enhancer}\n")
    else {
        return;
    };
    host.ok(&["fleet", "start"]);
    let before = host.wait_healthy(&["a", "b"]);
    assert_eq!(host.unit("a"), "inactive");
    let told = host.ok(&["fleet", "verify"]);
    assert!(told.stdout.contains("the direct supervisor keeps this fleet"), "{told:?}");

    host.ok(&["fleet", "install"]);
    let started = host.ok(&["fleet", "start"]);
    assert_eq!(started.stdout.matches("adopted").count(), 2, "{started:?}");
    assert_eq!((host.unit("a").as_str(), host.unit("b").as_str()), ("active", "active"));
    assert_eq!(host.wait_healthy(&["a", "b"]), before, "the same processes");
    assert_eq!(host.systemctl(&["is-active", "mosaic-tmux-holder.service"]).trim(), "active");
    assert!(host.ok(&["--once"]).stdout.contains("systemd supervisor"));

    let back = host.ok(&["fleet", "start", "--supervisor", "direct"]);
    assert_eq!(back.stdout.matches("adopted").count(), 2, "{back:?}");
    assert_eq!(host.unit("a"), "inactive");
    assert_eq!(host.wait_healthy(&["a", "b"]), before, "still the same processes");

    host.ok(&["fleet", "start"]);
    assert_eq!(host.wait_healthy(&["a", "b"]), before);
    // The adopted server is really the unit's: stopping the unit ends it.
    host.systemctl(&["stop", "mosaic-tmux-holder.service"]);
    wait_for("the end of all", || host.pids_with("stub-agent").is_empty());
    host.manager.reboot(&host.sandbox);
    host.wait_healthy(&["a", "b"]);
}

#[test]
fn without_systemd_the_same_commands_work_by_themselves() {
    let sandbox = Sandbox::with_agents("  - {name: a, class: orchestrator}\n  - {name: b, class: enhancer}\n");
    let refused = sandbox.run(&["fleet", "start", "--supervisor", "systemd"]);
    assert_eq!(refused.code, 4, "{refused:?}");
    sandbox.ok(&["fleet", "start"]);
    let pid = |name: &str| sandbox.row(name)["pane"]["pid"].as_u64();
    let before = [pid("a"), pid("b")];
    let restarted = sandbox.ok(&["fleet", "restart", "a", "--json"]).json();
    assert_eq!(
        (restarted[0]["outcome"].as_str(), restarted[0]["supervisor"].as_str()),
        (Some("restarted"), Some("direct"))
    );
    assert!(pid("a") != before[0] && pid("b") == before[1]);
    sandbox.ok(&["fleet", "stop", "--class", "enhancer"]);
    assert_eq!(sandbox.row("b")["reason"], "stopped on purpose");
    assert_eq!(sandbox.run(&["fleet", "stop", "--class", "nobody"]).code, 3);
    let status = sandbox.ok(&["fleet", "status", "--json"]).json();
    assert_eq!(status["supervisor"], "direct");
}
