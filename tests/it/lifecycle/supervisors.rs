//! Both supervisors keep the same agents, and hand them over alive.

use std::fs;

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
    assert_eq!(sandbox.row("b")["flags"][0], "stopped");
    assert_eq!(sandbox.run(&["fleet", "stop", "--class", "nobody"]).code, 3);
    let status = sandbox.ok(&["fleet", "status", "--json"]).json();
    assert_eq!(status["supervisor"], "direct");
}

#[test]
fn agents_on_a_socket_of_their_own_do_not_end_with_each_other() {
    let agents = "  - {name: a, socket: own}\n  - {name: b, socket: own}\n  - {name: c}\n";
    let Some(host) = Host::running(agents) else { return };
    let before = host.wait_healthy(&["a", "b", "c"]);
    host.ok(&["fleet", "stop", "a"]);
    let after = host.wait_healthy(&["b", "c"]);
    assert_eq!([after["b"], after["c"]], [before["b"], before["c"]]);
    host.ok(&["fleet", "start", "a"]);
    crate::harness::kill(host.keeper("a"), rustix::process::Signal::KILL);
    wait_for("it is adopted", || host.unit("a") == "active" && host.panes().len() == 3);
    assert_eq!(host.wait_healthy(&["a", "b", "c"])["b"], before["b"]);
}

#[test]
fn an_agent_cannot_stop_itself_and_is_told_so() {
    let sandbox =
        Sandbox::with_agents("  - {name: a, runtime: bash, command: 'bash --norc --noprofile'}\n  - {name: b}\n");
    sandbox.start();
    let before = sandbox.row("a")["pane"]["pid"].clone();
    let log = sandbox.root.join("w/log");
    let line = format!(
        "{} fleet restart > {} 2>&1; echo code $? >> {}",
        crate::harness::program(),
        log.display(),
        log.display()
    );
    sandbox.tmux(&["send-keys", "-t", "=a:", "-l", &line]);
    sandbox.tmux(&["send-keys", "-t", "=a:", "Enter"]);
    let text = || std::fs::read_to_string(&log).unwrap_or_default();
    wait_for("its end", || text().contains("code "));
    assert!(
        text().contains("b: restarted") && text().contains("runs this very command") && text().contains("code 4"),
        "{}",
        text()
    );
    assert_eq!(sandbox.row("a")["pane"]["pid"], before);
}

#[test]
fn a_unit_that_waits_to_restart_is_stopped_whoever_is_asked() {
    let Some(host) = Host::with_agents("  - {name: bad, runtime: sh, command: 'sh -c \"exit 3\"'}\n") else { return };
    host.ok(&["fleet", "install"]);
    let _either = host.fleet(&["fleet", "start"]);
    wait_for("it waits", || host.unit("bad") == "activating" && host.row("bad")["readiness"] == "dead");
    host.ok(&["fleet", "stop", "bad", "--supervisor", "direct"]);
    assert_eq!(host.unit("bad"), "inactive");
    let row = host.row("bad");
    assert_eq!(row["flags"][0], "stopped", "{row:#}");
}

#[test]
fn nothing_is_done_behind_a_user_manager_that_does_not_answer() {
    let Some(host) = Host::running("  - {name: a}\n") else { return };
    let before = host.wait_healthy(&["a"]);
    crate::harness::kill(host.manager.pid(), rustix::process::Signal::STOP);
    let stopped = host.fleet(&["fleet", "stop", "a", "--supervisor", "direct"]);
    let started = host.fleet(&["fleet", "start", "a", "--supervisor", "direct"]);
    crate::harness::kill(host.manager.pid(), rustix::process::Signal::CONT);
    for said in [stopped, started] {
        assert!(said.code == 1 && said.stderr.contains("behind its back"), "{said:?}");
    }
    assert_eq!(host.wait_healthy(&["a"]), before);
    host.ok(&["fleet", "stop", "a", "--supervisor", "direct"]);
    assert_eq!(host.unit("a"), "inactive");
}

#[test]
fn an_environment_file_means_the_same_to_both_supervisors() {
    let Some(host) = Host::with_agents("  - {name: a}\n") else { return };
    let agents = host.sandbox.home().join("fleet/agents");
    fs::create_dir_all(&agents).unwrap();
    let file = agents.join("a.env");
    let text = "T_A='one\\\ntwo'\nT_B=\"a\nb\\\nc\"\nT_C=a\"b c\"d\nT_D=\"a\" \"b\"\nT_E=it's\nT_F=\"x \"y  \n\
                T_G=g\\ \nT_H=a\\\n'b'\nT_I='c\nd\\'\n";
    fs::write(&file, text).unwrap();
    let property = format!("EnvironmentFile={}", file.display());
    let of_systemd =
        host.run("systemd-run", &["--user", "--pipe", "--wait", "--quiet", "--property", &property, "env", "-0"]);
    let ours = |text: &str| -> Vec<String> {
        let mut all: Vec<String> =
            text.split('\0').filter(|entry| entry.starts_with("T_")).map(str::to_owned).collect();
        all.sort();
        all
    };
    host.ok(&["fleet", "start", "--supervisor", "direct"]);
    let pid = host.wait_healthy(&["a"])["a"];
    let of_pane = fs::read_to_string(format!("/proc/{pid}/environ")).unwrap();
    assert_eq!(ours(&of_systemd.stdout).len(), 9, "{of_systemd:?}");
    assert_eq!(ours(&of_pane), ours(&of_systemd.stdout));
}
