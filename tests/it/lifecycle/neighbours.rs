//! The operator's own tmux server and settings stay out of it.

use std::fs;

use super::Host;
use crate::harness::{Answer, Pty, Sandbox, wait_for};

const HOSTILE: &str = "\
set -g base-index 1
setw -g pane-base-index 1
set -g default-command 'echo hostile; exec cat'
set -g remain-on-exit off
setw -g aggressive-resize on
set -g window-size smallest
set -g status 3
set -g mouse on
set -g exit-empty on
set -g destroy-unattached on
";

/// Everything that could be touched of the operator's own server.
fn state(sandbox: &Sandbox) -> Vec<String> {
    let own = |args: &[&str]| -> Answer { crate::harness::answer(sandbox.command("tmux").arg("-u").args(args)) };
    [
        &[
            "list-sessions",
            "-F",
            "#{session_id} #{session_name} #{session_created} #{session_attached} #{window_width}x#{window_height}",
        ][..],
        &["list-panes", "-a", "-F", "#{pane_id} #{pane_pid} #{pane_width}x#{pane_height} #{@mosaic_agent}"],
        &["list-clients"],
        &["show-options", "-g"],
        &["show-options", "-s"],
        &["show-environment", "-g"],
        &["display-message", "-p", "#{pid}"],
    ]
    .iter()
    .map(|args| own(args).stdout)
    .collect()
}

#[test]
fn the_operators_own_server_and_settings_change_nothing_and_are_not_changed() {
    let Some(host) =
        Host::with_agents("  - {name: a, class: orchestrator}\n  - {name: b, class: enhancer}\n  - {name: c}\n")
    else {
        return;
    };
    fs::write(host.sandbox.root.join("h/.tmux.conf"), HOSTILE.replace("set -g destroy-unattached on\n", "")).unwrap();
    let own = crate::harness::answer(host.sandbox.command("tmux").args([
        "new-session",
        "-d",
        "-s",
        "mine",
        "-x",
        "90",
        "-y",
        "30",
        "cat",
    ]));
    assert_eq!(own.code, 0, "{own:?}");
    // An agent's name and the holder's are free to be used there.
    let own = crate::harness::answer(host.sandbox.command("tmux").args(["new-session", "-d", "-s", "a", "cat"]));
    assert_eq!(own.code, 0, "{own:?}");
    fs::write(host.sandbox.root.join("h/.tmux.conf"), HOSTILE).unwrap();
    let client =
        Pty::spawn("tmux", &["attach", "-t", "=mine"], &host.sandbox.env(), &host.sandbox.root.join("w"), 90, 33);
    wait_for("the operator's client", || state(&host.sandbox)[2].contains("mine"));
    let before = state(&host.sandbox);

    host.ok(&["fleet", "install"]);
    host.ok(&["fleet", "start"]);
    host.wait_healthy(&["a", "b", "c"]);
    let size = host.sandbox.tmux(&["list-panes", "-t", "=a:", "-F", "#{window_width}x#{window_height} #{window-size}"]);
    assert!(size.starts_with("200x50"), "{size}");
    assert_eq!(host.sandbox.tmux(&["show-options", "-gv", "base-index"]), "0");
    let told = host.ok(&["fleet", "verify"]);
    assert!(
        told.stdout.contains("untouched: pid") && told.stdout.contains("2 sessions, none of the fleet's"),
        "{told:?}"
    );
    crate::harness::kill(host.server(), rustix::process::Signal::KILL);
    wait_for("it comes back", || host.panes().len() >= 3 && host.unit("a") == "active");
    host.wait_healthy(&["a", "b", "c"]);
    host.ok(&["fleet", "restart"]);
    host.ok(&["fleet", "stop", "c"]);
    host.ok(&["fleet", "remove", "c"]);
    host.ok(&["fleet", "uninstall"]);
    assert_eq!(state(&host.sandbox), before);
    drop(client);
}

#[test]
fn a_session_of_the_fleet_on_the_operators_server_is_told() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let made = crate::harness::answer(
        sandbox
            .command("tmux")
            .args(["new-session", "-d", "-s", "x", "-e", "MOSAIC_AGENT_NAME=a", "-e"])
            .arg(format!("MOSAIC_HOME={}", sandbox.home().display()))
            .arg("cat"),
    );
    assert_eq!(made.code, 0, "{made:?}");
    let told = sandbox.run(&["fleet", "verify"]);
    assert!(told.code == 1 && told.stdout.contains("holds sessions of the fleet: x"), "{told:?}");
}
