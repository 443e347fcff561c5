//! Ends that are wanted, ends that are not, and what follows from each.

use std::collections::BTreeMap;
use std::fs;
use std::process::Stdio;

use mosaic_tui::fleet::model::End;
use rustix::process::Signal;

use super::Host;
use crate::harness::{Sandbox, kill, program, wait_for};

/// An agent whose child ignores every polite signal, and one that leaves a daemon behind.
const STUBBORN: &str = r#"  - {name: a}
  - {name: b}
  - name: c
    runtime: sh
    command: "trap '' TERM HUP INT; sleep 4242 & setsid -f sleep 4343; while :; do sleep 4444; done"
"#;

#[test]
fn stopping_one_agent_ends_all_of_it_and_nothing_of_the_others() {
    let Some(host) = Host::running(STUBBORN) else { return };
    host.wait_healthy(&["a", "b", "c"]);
    let processes = || ["4242", "4343", "4444"].map(|word| host.pids_with(word).len());
    wait_for("its children", || processes() == [1, 1, 1]);
    let before = host.panes();
    host.ok(&["fleet", "stop", "c"]);
    assert_eq!(processes(), [0, 0, 0]);
    let others = |panes: &BTreeMap<String, u64>| [panes["a"], panes["b"]];
    assert_eq!(others(&host.panes()), others(&before));
    let row = host.row("c");
    assert_eq!((&row["readiness"], &row["flags"]), (&"dead".into(), &serde_json::json!(["stopped"])), "{row:#}");
    assert_eq!(host.fleet(&["fleet", "status"]).code, 0, "what was stopped on purpose needs nobody");
    assert_eq!(host.ok(&["fleet", "recover"]).stdout.trim(), "nobody is down");

    host.ok(&["fleet", "start", "c"]);
    wait_for("its children", || processes() == [1, 1, 1]);
    host.systemctl(&["stop", "mosaic-agent@c.service"]);
    assert_eq!(processes(), [0, 0, 0], "stopped by hand");
    assert_eq!(others(&host.panes()), others(&before));
    assert_eq!(host.unit("c"), "inactive");

    // A pane killed: its unit restarts it, and what it left behind does not stay beside the new one.
    host.ok(&["fleet", "start", "c"]);
    wait_for("its children", || processes() == [1, 1, 1]);
    let pane = host.panes()["c"];
    kill(u32::try_from(pane).unwrap(), Signal::KILL);
    wait_for("a new pane", || host.panes().get("c").is_some_and(|pid| *pid != pane));
    wait_for("its children, once", || processes() == [1, 1, 1]);
    assert_eq!(others(&host.panes()), others(&before));

    // A keeper killed: the next one adopts the session.
    let (pane, keeper) = (host.panes()["c"], host.keeper("c"));
    kill(keeper, Signal::KILL);
    wait_for("another keeper", || host.keeper("c") != keeper && host.unit("c") == "active");
    assert_eq!(host.panes()["c"], pane, "adopted");
    assert_eq!(others(&host.panes()), others(&before));
}

#[test]
fn a_runtime_that_ends_at_once_is_restarted_with_growing_delay_and_then_given_up() {
    let Some(host) = Host::with_agents("  - {name: ok}\n  - {name: bad, runtime: sh, command: 'sh ./bad.sh'}\n") else {
        return;
    };
    let starts = host.sandbox.root.join("w/starts");
    let script = format!("date +%s%N >> {}\necho the last words\nexit 7\n", starts.display());
    fs::write(host.sandbox.root.join("w/bad.sh"), script).unwrap();
    let install = |args: &[&str]| {
        let mut command = host.manager.command(&host.sandbox, program(), args);
        crate::harness::answer(command.env("MOSAIC_RESTART_DELAY", "0.2"))
    };
    assert_eq!(install(&["fleet", "install"]).code, 0);
    host.ok(&["fleet", "start", "ok"]);
    // Whether the start itself is told as failed depends on which comes first, the heartbeat or the end.
    let _either = host.fleet(&["fleet", "start", "bad"]);
    wait_for("it is given up", || host.unit("bad") == "failed");
    let times: Vec<u64> = fs::read_to_string(&starts).unwrap().lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(times.len(), 6, "no tight loop");
    let gaps: Vec<u64> = times.windows(2).map(|pair| (pair[1] - pair[0]) / 1_000_000).collect();
    for (gap, least) in gaps.iter().zip([200, 400, 800, 1600, 3200]) {
        assert!(*gap >= least, "{gaps:?}");
    }
    let row = host.wait_row("bad", |row| row["systemd"]["active"] == "failed");
    assert_eq!((&row["readiness"], &row["last_exit"]["status"]), (&"dead".into(), &7.into()), "{row:#}");
    assert_eq!(row["last_exit"]["quick_ends"], 6);
    assert!(row["last_exit"]["lines"].to_string().contains("the last words"), "{row:#}");
    assert_eq!(host.fleet(&["fleet", "status"]).code, 1);
    let screen = host.fleet(&["--once", "--pane", "bad"]);
    assert!(screen.stdout.contains("the last words"), "the last screen stays: {screen:?}");
    assert_eq!(host.unit("ok"), "active");

    // The operator's own start begins anew.
    fs::write(host.sandbox.root.join("w/bad.sh"), "exec cat\n").unwrap();
    host.ok(&["fleet", "restart", "bad"]);
    assert_eq!(host.wait_row("bad", |row| row["health"] == "healthy")["systemd"]["n_restarts"], 0);
}

#[test]
fn two_restarts_of_twenty_agents_lose_none_and_start_none_twice() {
    let names: Vec<String> = (0..20).map(|n| format!("a{n}")).collect();
    let agents: String = names.iter().map(|name| format!("  - {{name: {name}, env: {{N: {name}}}}}\n")).collect();
    let Some(host) = Host::running(&agents) else { return };
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    let before = host.wait_healthy(&all);
    let mut shells: Vec<_> = (0..2)
        .map(|_| {
            let mut command = host.manager.command(&host.sandbox, program(), &["fleet", "restart", "--json"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    // While they work: never two processes of one agent.
    let mut most = 0;
    while shells.iter_mut().any(|shell| shell.try_wait().unwrap().is_none()) {
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for pid in host.pids_with("stub-agent") {
            if let Some(name) = mosaic_tui::fleet::os::process::environment_value(pid, "MOSAIC_AGENT_NAME") {
                *count.entry(name).or_default() += 1;
            }
        }
        most = most.max(count.values().copied().max().unwrap_or(0));
    }
    assert_eq!(most, 1, "no agent ran twice");
    let mut restarted = 0;
    for shell in shells {
        let output = shell.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let rows: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        restarted += rows.as_array().unwrap().iter().filter(|row| row["outcome"] == "restarted").count();
    }
    assert_eq!(restarted, 20, "each was restarted by one of the two");
    let after = host.wait_healthy(&all);
    assert!(names.iter().all(|name| after[name] != before[name]));
    let mut begun: Vec<f64> = after.values().map(|pid| age(u32::try_from(*pid).unwrap())).collect();
    begun.sort_by(f64::total_cmp);
    let gaps: Vec<f64> = begun.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // A clock tick is a hundredth of a second; a session is made a moment after its turn began.
    assert!(gaps.iter().all(|gap| *gap >= 0.15), "starts are spaced: {gaps:?}");
}

#[test]
fn a_session_that_comes_up_behind_the_end_of_the_old_one_is_ended_as_well() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n  - {name: b}\n");
    sandbox.start();
    let panes = || sandbox.tmux(&["list-panes", "-a", "-F", "#{session_name} #{pane_pid}"]);
    let (before, b) = (panes(), sandbox.row("b")["pid"].clone());
    // Once, as of a start that was broken off when the old session ended.
    let again = "set-hook -gu session-closed ; new-session -d -s a 'exec cat'";
    sandbox.tmux(&["set-hook", "-g", "session-closed", again]);
    sandbox.ok(&["fleet", "restart", "a"]);
    assert_eq!(sandbox.tmux(&["show-hooks", "-g", "session-closed"]), "session-closed", "it came up");
    let row = sandbox.wait_row("a", |row| row["readiness"] == "available");
    assert!(row["process"]["argv0"].as_str().unwrap().contains("mosaic-tui"), "{row:#}");
    assert_eq!(sandbox.row("b")["pid"], b);
    let sessions =
        |panes: &str| panes.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(sessions(&panes()), sessions(&before));
}

fn age(pid: u32) -> f64 {
    mosaic_tui::fleet::os::process::age(pid).unwrap().as_secs_f64()
}

#[test]
fn recover_tells_first_and_restarts_only_what_is_down() {
    let Some(host) = Host::running("  - {name: a}\n  - {name: b, runtime: sh, command: 'sh -c \"read line\"'}\n")
    else {
        return;
    };
    let before = host.wait_healthy(&["a", "b"]);
    assert_eq!(host.ok(&["fleet", "recover"]).stdout.trim(), "nobody is down");
    // It ends with success, which no unit restarts.
    host.sandbox.tmux(&["send-keys", "-t", "=b:", "Enter"]);
    wait_for("its end", || host.unit("b") == "inactive");
    let told = host.ok(&["fleet", "recover"]);
    let of_b = format!("would restart b: {}", End::Exited(0));
    assert!(told.stdout.contains(&of_b) && !told.stdout.contains("restart a"), "{told:?}");
    assert_eq!(host.unit("b"), "inactive", "it only told");
    let done = host.ok(&["fleet", "recover", "--apply"]);
    assert_eq!(done.stdout.trim(), "b: restarted");
    let after = host.wait_healthy(&["a", "b"]);
    assert_eq!(after["a"], before["a"]);
}

#[test]
fn a_unit_of_an_agent_that_the_roster_lost_is_not_tried_for_ever() {
    let Some(host) = Host::running("  - {name: a}\n  - {name: b}\n") else { return };
    host.wait_healthy(&["a", "b"]);
    let text = fs::read_to_string(host.sandbox.roster()).unwrap();
    fs::write(host.sandbox.roster(), text.replace("  - {name: b}\n", "")).unwrap();
    // Out of the roster by hand: what runs is shown as unmanaged, and its end is its end.
    let pid = host.rows()["b"]["pane"]["pid"].as_u64().unwrap();
    kill(u32::try_from(pid).unwrap(), Signal::KILL);
    wait_for("given up", || host.unit("b") == "failed");
    let restarts = host.systemctl(&["show", "-P", "NRestarts", "mosaic-agent@b.service"]);
    assert_eq!(restarts.trim(), "1");
    // A roster that is broken for a while costs no agent its unit.
    fs::write(host.sandbox.roster(), "version: [\n").unwrap();
    let pid = host.sandbox.tmux(&["display-message", "-p", "-t", "=a:", "#{pane_pid}"]);
    kill(pid.parse().unwrap(), Signal::KILL);
    let said = || host.systemctl(&["show", "-P", "StatusText", "mosaic-agent@a.service"]);
    wait_for("it waits", || host.unit("a") == "activating" && said().contains("roster.yaml"));
    fs::write(host.sandbox.roster(), text).unwrap();
    host.ok(&["fleet", "start"]);
    host.wait_healthy(&["a", "b"]);
}

#[test]
fn a_masked_unit_is_not_stopped_by_a_restart_that_could_not_start_it() {
    let Some(host) = Host::running("  - {name: x}\n") else { return };
    let before = host.wait_healthy(&["x"]);
    host.systemctl(&["mask", "--runtime", "mosaic-agent@x.service"]);
    let refused = host.fleet(&["fleet", "restart", "x"]);
    assert!(refused.code != 0 && format!("{refused:?}").contains("is masked"), "{refused:?}");
    assert_eq!(host.panes(), before, "it runs on");
    host.systemctl(&["unmask", "--runtime", "mosaic-agent@x.service"]);
    host.ok(&["fleet", "restart", "x"]);
}

#[test]
fn a_unit_that_systemd_cannot_read_is_not_stopped_by_a_restart() {
    let Some(host) = Host::running("  - {name: x}\n") else { return };
    let before = host.wait_healthy(&["x"]);
    let drop_in = host.sandbox.root.join("h/.config/systemd/user/mosaic-agent@x.service.d");
    std::fs::create_dir_all(&drop_in).unwrap();
    std::fs::write(drop_in.join("mistake.conf"), "[Service]\nExecStart=/bin/true\nExecStart=/bin/false\n").unwrap();
    host.systemctl(&["daemon-reload"]);
    let refused = host.fleet(&["fleet", "restart", "x"]);
    assert!(refused.code != 0 && format!("{refused:?}").contains("cannot be read by systemd"), "{refused:?}");
    assert_eq!(host.panes(), before, "it runs on");
    std::fs::remove_dir_all(&drop_in).unwrap();
    host.systemctl(&["daemon-reload"]);
    host.ok(&["fleet", "restart", "x"]);
}
