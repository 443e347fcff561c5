//! The systemd plane, with a real user manager and without one.

use std::fs;

use mosaic_tui::fleet::systemd::BusError;
use serde_json::Value;

use crate::harness::{Sandbox, UserManager, program, wait_for};

#[test]
fn without_a_user_manager_the_plane_is_null_with_its_reason() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let row = sandbox.row("a");
    assert!(row["systemd"].is_null());
    assert_eq!(row["boot_enable"], "unknown");
    let evidence = row["evidence"].as_array().unwrap().iter().find(|e| e["plane"] == "systemd").unwrap();
    assert_eq!(evidence["ok"], false);
    assert_eq!(evidence["text"], BusError::NoBus.to_string(), "{evidence}");
}

#[test]
fn with_a_user_manager_units_are_joined_and_panes_live_in_scopes() {
    // A command that leaves a daemon behind, which is nobody's child any more.
    let sandbox = Sandbox::with_agents("  - {name: a-b, runtime: sh, command: 'setsid -f sleep 4242; exec cat'}\n");
    let Some(manager) = UserManager::start(&sandbox) else { return };
    let run = |program: &str, args: &[&str]| {
        let answer = manager.run(&sandbox, program, args);
        assert_eq!(answer.code, 0, "{program} {args:?}: {answer:?}");
        answer
    };
    let row = || -> Value { run(program(), &["agent", "status", "a-b", "--json"]).json() };

    run(program(), &["fleet", "start"]);
    // The keeper vouches for the pane's process, which may still be on its way into its scope.
    let scopes = || run("systemctl", &["--user", "list-units", "--no-legend", "mosaic-pane-*-a-b-*.scope"]).stdout;
    wait_for("its scope", || scopes().contains("running"));
    let before = row();
    assert!(before["systemd"].is_null() && before["boot_enable"] == "ok", "{before:#}");
    assert!(before["evidence"].to_string().contains("mosaic-agent@a-b.service is not loaded"), "{before:#}");

    let units = sandbox.root.join("h/.config/systemd/user");
    fs::create_dir_all(&units).unwrap();
    fs::write(
        units.join("mosaic-agent@.service"),
        "[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=default.target\n",
    )
    .unwrap();
    run("systemctl", &["--user", "daemon-reload"]);
    run("systemctl", &["--user", "start", "mosaic-agent@a-b.service"]);
    let active = row();
    assert_eq!(
        (active["systemd"]["active"].as_str(), active["boot_enable"].as_str()),
        (Some("active"), Some("not_enabled"))
    );
    assert!(active["systemd"]["main_pid"].as_u64() > Some(0) && active["flags"].to_string().contains("boot"));
    run("systemctl", &["--user", "enable", "mosaic-agent@a-b.service"]);
    let enabled = row();
    assert_eq!(enabled["systemd"]["unit_file_state"], "enabled");
    assert_ne!(enabled["boot_enable"], "not_enabled");
    run("systemctl", &["--user", "stop", "mosaic-agent@a-b.service"]);

    let daemon = || {
        sandbox
            .pids()
            .into_iter()
            .filter_map(mosaic_tui::fleet::os::process::argv)
            .any(|argv| argv.iter().any(|word| word == "4242"))
    };
    wait_for("the daemon", daemon);
    run(program(), &["fleet", "stop", "a-b"]);
    assert!(!daemon(), "the scope is emptied");
}
