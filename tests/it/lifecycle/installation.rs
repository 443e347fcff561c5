//! Installing a fleet and taking it back.

use std::fs;

use mosaic_tui::fleet::systemd::BusError;

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
    assert!(verified.stdout.contains("all 8 checks passed"), "{verified:?}");
    assert_eq!(verified.stdout.matches("comes back at boot").count(), 6, "{verified:?}");
    let again = host.ok(&["fleet", "start"]);
    assert_eq!(again.stdout.matches("already running").count(), 6, "{again:?}");
    let status = host.ok(&["fleet", "status"]);
    assert!(status.stdout.contains("supervisor systemd; nobody needs you"), "{status:?}");

    // Writers that were killed in the middle of it have left these; no process has such a number.
    fs::write(host.sandbox.run_file("left.hb.tmp4194305-0"), "").unwrap();
    // Whoever looked left the screens of agents that stood still.
    let screens = host.sandbox.run_file("_screens");
    fs::create_dir_all(&screens).unwrap();
    fs::write(screens.join("mosaic-fleet"), "").unwrap();
    fs::write(screens.join("mosaic-fleet.tmp4194305-0"), "").unwrap();
    host.ok(&["fleet", "uninstall"]);
    assert_eq!(listing(&home), files);
    assert_eq!(units(), before);
    assert_eq!(host.run("systemctl", &["--user", "list-unit-files", "--no-legend", "mosaic*"]).stdout, "");
    assert!(host.pids_with("stub-agent").is_empty());
    assert_eq!(host.fleet(&["fleet", "uninstall"]).code, 3, "there is nothing left to take back");
}

#[test]
fn what_the_user_wrote_survives_installations_and_their_end() {
    let Some(host) = Host::with_agents("  - {name: a}\n  - {name: b}\n") else { return };
    let agents = host.sandbox.home().join("fleet/agents");
    fs::create_dir_all(&agents).unwrap();
    fs::write(agents.join("a.env"), "MY_TOKEN=x\n").unwrap();
    let hooks = host.sandbox.home().join("runtime/codex/config.toml");
    fs::create_dir_all(hooks.parent().unwrap()).unwrap();
    fs::write(&hooks, "mine").unwrap();
    host.ok(&["fleet", "install"]);
    let aside = || fs::read_dir(hooks.parent().unwrap()).unwrap().flatten().count();
    assert_eq!(aside(), 3, "the user's own file stands beside ours");
    let text = fs::read_to_string(agents.join("b.env")).unwrap();
    fs::write(agents.join("b.env"), format!("{text}ADDED=later\n")).unwrap();
    let with_database = |args: &[&str]| {
        let mut command = host.manager.command(&host.sandbox, crate::harness::program(), args);
        let answer =
            crate::harness::answer(command.env("DATABASE_URL", "postgres://u:s3cret@/d").env("PATH", "/usr/bin:/bin"));
        assert_eq!(answer.code, 0, "{answer:?}");
        assert!(!answer.stdout.contains("s3cret") && !answer.stderr.contains("s3cret"), "{answer:?}");
    };
    with_database(&["fleet", "install", "--dry-run"]);
    with_database(&["fleet", "install"]);
    let read = |name: &str| fs::read_to_string(agents.join(name)).unwrap();
    assert!(read("a.env").contains("s3cret") && read("a.env").ends_with("MY_TOKEN=x\n"), "{}", read("a.env"));
    assert!(read("b.env").ends_with("ADDED=later\n"));

    // One more agent gets what the others have, whatever the shell that adds it knows; nothing else moves.
    let units = host.sandbox.root.join("h/.config/systemd/user/mosaic-agent@.service");
    let before = (fs::read_to_string(&units).unwrap(), read("a.env"));
    host.ok(&["fleet", "add", "c", "class=code"]);
    host.ok(&["fleet", "edit", "a", "alias=x"]);
    assert!(read("c.env").contains("s3cret"));
    assert_eq!((fs::read_to_string(&units).unwrap(), read("a.env")), before);

    host.ok(&["fleet", "uninstall"]);
    assert_eq!((read("a.env").as_str(), read("b.env").as_str()), ("MY_TOKEN=x\n", "ADDED=later\n"));
    assert!(!agents.join("c.env").exists());
    assert_eq!((fs::read_to_string(&hooks).unwrap().as_str(), aside()), ("mine", 1));
}

#[test]
fn an_environment_file_that_lost_its_mark_is_not_touched() {
    let Some(host) = Host::running("  - {name: a}\n") else { return };
    let env = host.sandbox.home().join("fleet/agents/a.env");
    let broken = fs::read_to_string(&env).unwrap().replace("# <<<", "TOKEN=x");
    fs::write(&env, &broken).unwrap();
    for verb in ["install", "uninstall"] {
        let refused = host.fleet(&["fleet", verb]);
        assert!(refused.code == 2 && refused.stderr.contains("a.env"), "{refused:?}");
    }
    assert_eq!(fs::read_to_string(&env).unwrap(), broken);
    assert_eq!(host.unit("a"), "active", "an end that was refused ended nothing");
}

#[test]
fn an_uninstallation_that_was_cut_short_can_be_ended() {
    let Some(host) = Host::running("  - {name: a}\n") else { return };
    host.systemctl(&["stop", "mosaic-tmux-holder.service"]);
    for name in ["mosaic-tmux-holder.service", "mosaic-agent@.service"] {
        fs::remove_file(host.sandbox.root.join("h/.config/systemd/user").join(name)).unwrap();
    }
    host.systemctl(&["daemon-reload"]);
    host.ok(&["fleet", "uninstall"]);
    assert!(!host.sandbox.home().join("fleet/installed.json").exists());
    assert!(!host.sandbox.root.join("h/.config/systemd/user/default.target.wants").exists());
}

#[test]
fn two_fleets_of_a_user_share_a_manager_and_nothing_else() {
    let Some(host) = Host::running("  - {name: a}\n  - {name: code0}\n") else { return };
    let before = host.wait_healthy(&["a", "code0"]);
    let other = host.sandbox.root.join("other");
    fs::create_dir_all(other.join("fleet")).unwrap();
    let roster = fs::read_to_string(host.sandbox.roster()).unwrap();
    let run = |home: &std::path::Path, args: &[&str]| {
        let mut command = host.manager.command(&host.sandbox, crate::harness::program(), args);
        crate::harness::answer(command.env("MOSAIC_HOME", home))
    };
    // Another home, its own socket, the same names.
    fs::write(other.join("fleet/roster.yaml"), roster.replace("socket_name: it", "socket_name: it2")).unwrap();
    let refused = run(&other, &["fleet", "install"]);
    assert!(refused.code == 4 && refused.stderr.contains(&host.sandbox.home().display().to_string()), "{refused:?}");
    let row = run(&other, &["fleet", "ps", "--json"]).json()[0].clone();
    assert!(row["systemd"].is_null() && row["readiness"] == "dead", "{row:#}");
    assert_eq!(run(&other, &["fleet", "start", "--supervisor", "systemd"]).code, 4);
    for verb in ["start", "restart", "stop"] {
        let done = run(&other, &["fleet", verb]);
        assert_eq!(done.code, 0, "{done:?}");
        assert_eq!(host.panes(), before, "{verb} of the other fleet");
    }
    // The same home with another roster is another fleet as well.
    let second = host.sandbox.home().join("fleet/second.yaml");
    fs::write(&second, roster.replace("socket_name: it", "socket_name: it3").replace("  - {name: a}\n", "")).unwrap();
    let refused = host.fleet(&["fleet", "install", "--roster", second.to_str().unwrap()]);
    assert!(refused.code == 4 && refused.stderr.contains("roster.yaml"), "{refused:?}");
    // And a demo, whose agents bear the usual names.
    let demo = host.fleet(&["demo", "--headless", "--agents", "3"]);
    assert_eq!(demo.code, 0, "{demo:?}");
    assert_eq!(host.panes(), before);
    host.ok(&["demo", "--stop"]);
    assert_eq!((host.panes(), host.row("a")["systemd"]["active"].as_str()), (before, Some("active")));
}

#[test]
fn without_a_user_manager_nothing_is_installed_and_it_says_what_to_do() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let refused = sandbox.run(&["fleet", "install"]);
    assert_eq!(refused.code, 1);
    assert!(
        refused.stderr.contains(&BusError::NoBus.to_string()) && refused.stderr.contains("fleet start"),
        "{refused:?}"
    );
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
    let Some(host) = Host::with_agents(
        "  - {name: a}\n  - {name: b, runtime: pi}\n  - {name: c, runtime: codex, host: far, ssh: nobody@127.0.0.1}\n",
    ) else {
        return;
    };
    host.ok(&["fleet", "install"]);
    host.ok(&["fleet", "start", "a"]);
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
    let systemd = row["evidence"].as_array().unwrap().iter().find(|said| said["plane"] == "systemd").unwrap();
    assert_eq!(systemd["ok"], false, "{row:#}");
}

#[test]
fn an_update_refreshes_the_units_of_an_installed_fleet_and_stops_nobody() {
    let Some(host) = Host::running("  - {name: a, class: orchestrator}\n  - {name: e, class: enhancer}\n") else {
        return;
    };
    let before = host.wait_healthy(&["a", "e"]);
    assert!(host.ok(&["update"]).stdout.contains("units: current"));
    // As an older version wrote it, and has it on record.
    let unit = host.sandbox.root.join("h/.config/systemd/user/mosaic-agent@.service");
    let record = host.sandbox.home().join("fleet/installed.json");
    let whole = fs::read_to_string(&unit).unwrap();
    let older = format!("{whole}# of an older version\n");
    fs::write(&unit, &older).unwrap();
    let mut installed: serde_json::Value = serde_json::from_str(&fs::read_to_string(&record).unwrap()).unwrap();
    installed["files"][unit.to_str().unwrap()] = mosaic_tui::fleet::home::fingerprint(older.as_bytes()).into();
    fs::write(&record, installed.to_string()).unwrap();
    let guide = host.sandbox.home().join("guides/testing.md");
    fs::remove_file(&guide).unwrap();

    let told = host.ok(&["update"]).stdout;
    assert!(told.contains(&format!("would write {}", unit.display())) && told.contains("guides/testing.md"), "{told}");
    assert_eq!(fs::read_to_string(&unit).unwrap(), older, "it was only told");
    // While another command changes the fleet, which rewrites the same record.
    let lock = fs::File::create(host.sandbox.home().join("fleet/roster.yaml.lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    let held = host.fleet(&["update", "--apply", "--no-reseed"]);
    assert!(held.code == 1 && held.stderr.contains("another command has been changing it"), "{held:?}");
    assert_eq!(fs::read_to_string(&unit).unwrap(), older, "nothing was written");
    drop(lock);
    let updated = host.ok(&["framework", "update", "--json"]).json();
    assert_eq!(updated["written"], serde_json::json!(["guides/testing.md"]));
    assert!(
        updated["steps"].as_array().unwrap().iter().any(|step| step.as_str().unwrap().contains("read its unit files"))
    );
    assert_eq!(fs::read_to_string(&unit).unwrap(), whole);
    let needs = host.systemctl(&["show", "--property=NeedDaemonReload", "mosaic-agent@a.service"]);
    assert_eq!(needs.trim(), "NeedDaemonReload=no");
    assert_eq!(host.wait_healthy(&["a", "e"]), before, "nobody was stopped");
    assert!(host.ok(&["update"]).stdout.contains("nothing to do"));
    host.ok(&["fleet", "uninstall"]);
    assert!(!unit.exists(), "what was refreshed is taken back as well");
}
