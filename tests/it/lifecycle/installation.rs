//! Installing a fleet and taking it back.

use std::fs;

use super::{Host, listing};
use crate::harness::{Sandbox, UserManager, kill};

fn host() -> Option<Host> {
    let sandbox = Sandbox::new();
    let manager = UserManager::start(&sandbox)?;
    Some(Host { sandbox, manager })
}

#[test]
fn a_fresh_home_gets_a_healthy_fleet_and_uninstall_leaves_the_machine_as_it_was() {
    let Some(host) = host() else { return };
    let wrote = host.ok(&["fleet", "init", "--profile", "coding", "--runtime", "stub", "--write"]);
    assert!(wrote.stdout.contains("6 agents"), "{wrote:?}");
    let home = host.sandbox.root.join("h");
    // Where the agents of the example work.
    fs::create_dir(home.join("src")).unwrap();
    let units = || host.systemctl(&["list-units", "--all", "--plain", "--no-legend", "mosaic*"]);
    let _run_dir = fs::remove_file(host.sandbox.run_file("roster.lock"));
    let _run_dir = fs::remove_dir(host.sandbox.run_file(""));
    let (files, before) = (listing(&home), units());

    let told = host.ok(&["fleet", "install", "--dry-run"]);
    assert!(told.stdout.contains("would write") && told.stdout.contains("would enable mosaic-tmux-holder"), "{told:?}");
    assert_eq!(listing(&home), files, "a dry run makes nothing");

    host.ok(&["fleet", "install"]);
    let unit_dir = home.join(".config/systemd/user");
    let paths: Vec<String> = ["mosaic-tmux-holder.service", "mosaic-agent@.service"]
        .map(|name| unit_dir.join(name).display().to_string())
        .to_vec();
    let verified = host.run("systemd-analyze", &["--user", "verify", &paths[0], &paths[1]]);
    assert_eq!((verified.code, verified.stderr.as_str()), (0, ""), "systemd finds nothing to say");
    assert_eq!(host.ok(&["fleet", "install"]).stdout.trim(), "install: nothing to do");

    host.ok(&["fleet", "start"]);
    let verified = host.ok(&["fleet", "verify"]);
    assert!(verified.stdout.contains("all 7 checks passed"), "{verified:?}");
    assert_eq!(verified.stdout.matches("comes back at boot").count(), 6, "{verified:?}");
    let again = host.ok(&["fleet", "start"]);
    assert_eq!(again.stdout.matches("already running").count(), 6, "{again:?}");
    let status = host.ok(&["fleet", "status"]);
    assert!(status.stdout.contains("supervisor systemd; nobody needs you"), "{status:?}");

    host.ok(&["fleet", "uninstall"]);
    assert_eq!(listing(&home), files);
    assert_eq!(units(), before);
    assert_eq!(host.run("systemctl", &["--user", "list-unit-files", "--no-legend", "mosaic*"]).stdout, "");
    assert!(host.pids_with("stub-agent").is_empty());
    assert_eq!(host.fleet(&["fleet", "uninstall"]).code, 3, "there is nothing left to take back");
}

#[test]
fn what_the_user_changed_survives_an_uninstallation() {
    let Some(host) = Host::with_agents("  - {name: a}\n") else { return };
    host.ok(&["fleet", "install"]);
    let env = host.sandbox.home().join("fleet/agents/a.env");
    let text = fs::read_to_string(&env).unwrap();
    fs::write(&env, format!("{text}MY_TOKEN=x\n")).unwrap();
    let hooks = host.sandbox.home().join("runtime/codex/config.toml");
    fs::write(&hooks, "mine").unwrap();
    host.ok(&["fleet", "install"]);
    let kept =
        fs::read_dir(hooks.parent().unwrap()).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
    assert!(kept.into_iter().any(|name| name.starts_with("config.toml.user-")));
    assert!(fs::read_to_string(&env).unwrap().contains("MY_TOKEN=x"), "an installation keeps the user's lines");
    host.ok(&["fleet", "uninstall"]);
    assert_eq!(fs::read_to_string(&env).unwrap(), "MY_TOKEN=x\n");
}

#[test]
fn a_second_fleet_of_the_same_user_is_refused_and_not_confused_with_the_first() {
    let Some(host) = Host::running("  - {name: a}\n") else { return };
    let other = host.sandbox.root.join("other");
    fs::create_dir_all(other.join("fleet")).unwrap();
    fs::copy(host.sandbox.roster(), other.join("fleet/roster.yaml")).unwrap();
    let text =
        fs::read_to_string(other.join("fleet/roster.yaml")).unwrap().replace("socket_name: it", "socket_name: it2");
    fs::write(other.join("fleet/roster.yaml"), text).unwrap();
    let run = |args: &[&str]| {
        let mut command = host.manager.command(&host.sandbox, crate::harness::program(), args);
        crate::harness::answer(command.env("MOSAIC_HOME", &other))
    };
    let refused = run(&["fleet", "install"]);
    assert!(refused.code == 4 && refused.stderr.contains(&host.sandbox.home().display().to_string()), "{refused:?}");
    let row = run(&["fleet", "ps", "--json"]).json()[0].clone();
    assert!(row["systemd"].is_null() && row["readiness"] == "dead", "{row:#}");
    assert_eq!(run(&["fleet", "start", "--supervisor", "systemd"]).code, 4);
    assert_eq!(host.row("a")["systemd"]["active"], "active");
}

#[test]
fn without_a_user_manager_nothing_is_installed_and_it_says_what_to_do() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let refused = sandbox.run(&["fleet", "install"]);
    assert_eq!(refused.code, 1);
    assert!(refused.stderr.contains("no user manager here") && refused.stderr.contains("fleet start"), "{refused:?}");
    let doctor = sandbox.run(&["fleet", "doctor"]);
    assert!(doctor.code == 0 && doctor.stdout.contains("warning user manager"), "{doctor:?}");
}

#[test]
fn boot_and_linger_warnings_follow_the_facts() {
    let Some(host) = Host::running("  - {name: a}\n") else { return };
    assert_eq!(host.wait_row("a", |row| row["health"] == "healthy")["boot_enable"], "ok");
    host.systemctl(&["disable", "mosaic-agent@a.service"]);
    let row = host.row("a");
    assert_eq!((row["boot_enable"].as_str(), row["flags"][0].as_str()), (Some("not_enabled"), Some("boot")));
    assert_eq!(host.fleet(&["fleet", "verify"]).code, 1);
    assert_eq!(host.fleet(&["fleet", "status"]).code, 1);
    host.ok(&["fleet", "install"]);
    assert_eq!(host.row("a")["boot_enable"], "ok");

    let linger = |on: bool| {
        let verb = if on { "touch" } else { "rm" };
        let answer = host.run("sh", &["-c", &format!("{verb} /var/lib/systemd/linger/$(id -un)")]);
        assert_eq!(answer.code, 0, "{answer:?}");
    };
    linger(false);
    assert_eq!(host.row("a")["boot_enable"], "linger_off");
    let told = host.fleet(&["fleet", "status"]);
    assert!(told.code == 1 && told.stdout.contains("LINGERING IS OFF"), "{told:?}");
    linger(true);
    assert_eq!(host.row("a")["boot_enable"], "ok");
    host.ok(&["fleet", "verify"]);
}

#[test]
fn the_doctor_names_what_is_wrong_and_how_to_mend_it() {
    let Some(host) = Host::running(
        "  - {name: a}\n  - {name: b, runtime: pi}\n  - {name: c, runtime: codex, host: far, ssh: nobody@127.0.0.1}\n",
    ) else {
        return;
    };
    let doctor = host.fleet(&["fleet", "doctor", "--json"]);
    assert_eq!(doctor.code, 1, "{doctor:?}");
    let checks = doctor.json()["checks"].as_array().unwrap().clone();
    let verdict = |subject: &str| {
        let check = checks.iter().find(|check| check["subject"] == subject);
        check.unwrap_or_else(|| panic!("{subject} in {checks:#?}"))["verdict"].as_str().unwrap().to_owned()
    };
    for subject in [
        "tmux",
        "tmux socket folder",
        "Mosaic home",
        "disk",
        "roster",
        "user manager",
        "lingering",
        "units",
        "unit files",
    ] {
        assert!(matches!(verdict(subject).as_str(), "ok" | "warning"), "{subject}: {checks:#?}");
    }
    assert_eq!(verdict("host far"), "failed");
    let unit = host.sandbox.root.join("h/.config/systemd/user/mosaic-agent@.service");
    fs::write(&unit, fs::read_to_string(&unit).unwrap().replace("WatchdogSec=30", "WatchdogSec=3000\nNonsense=1"))
        .unwrap();
    let doctor = host.fleet(&["fleet", "doctor"]);
    assert!(doctor.stdout.contains("warning units") && doctor.stdout.contains("FAILED  unit files"), "{doctor:?}");
}

#[test]
fn a_hung_user_manager_is_told_in_time_and_costs_no_row() {
    let Some(host) = Host::running("  - {name: a}\n") else { return };
    host.wait_healthy(&["a"]);
    kill(host.manager.pid(), rustix::process::Signal::STOP);
    let row = host.row("a");
    kill(host.manager.pid(), rustix::process::Signal::CONT);
    assert!(row["systemd"].is_null() && row["pane"]["dead"] == false, "{row:#}");
    assert!(row["evidence"].to_string().contains("does not answer"), "{row:#}");
}
