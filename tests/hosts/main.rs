//! Whole hosts with systemd as PID 1, logind, lingering and real SSH logins; `scripts/test --hosts` runs
//! this slower suite. Each test says why when it cannot run here.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

mod lab;

use std::time::{Duration, Instant};

use lab::Lab;

const USER: &str = "ada";

/// Installs and starts the coding fleet of a user, as they would type it over SSH.
fn fleet_of(lab: &Lab, user: &str) {
    let all = "mosaic-tui fleet init --profile coding --runtime stub --write && mosaic-tui fleet install && \
               mosaic-tui fleet start && mosaic-tui fleet verify";
    let answer = lab.ssh("a", user, all);
    assert!(answer.ok && answer.stdout.contains("all 8 checks passed"), "{answer:?}");
}

/// Waits until `fleet verify` passes; how long that took.
fn wait_verified(lab: &Lab, user: &str) -> Duration {
    let begun = Instant::now();
    loop {
        let answer = lab.run_as("a", user, &["mosaic-tui", "fleet", "verify"]);
        if answer.ok {
            assert!(answer.stdout.contains("comes back at boot"), "{answer:?}");
            return begun.elapsed();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{answer:?}");
    }
}

/// Names and pane pids of a user's agents, and how many stub processes they have in all.
fn agents(lab: &Lab, user: &str) -> (Vec<(String, u64)>, usize) {
    let answer = lab.run_as("a", user, &["mosaic-tui", "fleet", "ps", "--json"]);
    let rows: serde_json::Value =
        serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    let mut agents: Vec<(String, u64)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["name"].as_str().unwrap().to_owned(), row["pane"]["pid"].as_u64().unwrap_or(0)))
        .collect();
    agents.sort();
    let count = lab.run_in("a", &["pgrep", "-c", "-u", user, "-f", "stub-agent"]);
    (agents, count.stdout.trim().parse().unwrap())
}

#[test]
#[ignore = "whole hosts; `scripts/test --hosts` runs it"]
fn a_fleet_outlives_logout_reboot_and_power_cut() {
    let Some(lab) = Lab::up(&["a"]) else { return };
    fleet_of(&lab, USER);
    let linger = lab.run_in("a", &["loginctl", "show-user", USER, "-p", "Linger"]);
    assert_eq!(linger.stdout.trim(), "Linger=yes", "the installation turned it on");
    let (before, count) = agents(&lab, USER);
    assert_eq!((before.len(), count), (6, 6));

    // The SSH session that started it has ended with its command; another one comes and goes.
    assert!(lab.ssh("a", USER, "true").ok);
    lab.wait("the last session's end", || {
        lab.run_in("a", &["loginctl", "list-sessions", "--no-legend"]).stdout.trim().is_empty().then_some(())
    });
    assert_eq!(agents(&lab, USER), (before.clone(), 6), "a logout touches nobody");

    for (what, crash) in [("reboot", false), ("power cut", true)] {
        lab.boot_again("a", crash);
        let took = wait_verified(&lab, USER);
        let (after, count) = agents(&lab, USER);
        assert_eq!((after.len(), count), (6, 6), "{what}: each once");
        assert!(took < Duration::from_secs(20), "{what}: {took:?}");
        let sessions = lab.run_in("a", &["loginctl", "list-sessions", "--no-legend"]);
        assert_eq!(sessions.stdout.trim(), "", "{what}: nobody logged in");
    }

    let gone = lab.run_as("a", USER, &["mosaic-tui", "fleet", "remove", "code1"]);
    assert!(gone.ok, "{gone:?}");
    lab.boot_again("a", false);
    wait_verified(&lab, USER);
    let (after, count) = agents(&lab, USER);
    assert_eq!((after.len(), count), (5, 5));
    assert!(!after.iter().any(|(name, _)| name == "code1"), "what was removed does not come back");

    let log = lab.run_as("a", USER, &["mosaic-tui", "fleet", "uninstall"]);
    assert!(log.ok, "{log:?}");
    let linger = lab.run_in("a", &["loginctl", "show-user", USER, "-p", "Linger"]);
    assert_ne!(linger.stdout.trim(), "Linger=yes", "the uninstallation turned it off again");
    lab.boot_again("a", false);
    assert_eq!(lab.run_in("a", &["pgrep", "-c", "-u", USER, "-f", "stub-agent"]).stdout.trim(), "0");
}

#[test]
#[ignore = "whole hosts; `scripts/test --hosts` runs it"]
fn the_journal_is_on_the_row_of_what_failed_and_linger_warnings_follow_logind() {
    let Some(lab) = Lab::up(&["a"]) else { return };
    fleet_of(&lab, USER);
    let edited =
        lab.run_as("a", USER, &["mosaic-tui", "fleet", "edit", "code0", "runtime=gone", "command=/nowhere/gone"]);
    assert!(edited.ok, "{edited:?}");
    let restarted = lab.run_as("a", USER, &["mosaic-tui", "fleet", "restart", "code0"]);
    assert!(!restarted.ok || restarted.stdout.contains("restarted"), "{restarted:?}");
    let row = lab.wait("its log", || {
        let answer = lab.run_as("a", USER, &["mosaic-tui", "agent", "status", "code0", "--json"]);
        let row: serde_json::Value = serde_json::from_str(&answer.stdout).ok()?;
        (row["systemd"]["log"].as_array().is_some_and(|lines| !lines.is_empty())).then_some(row)
    });
    assert_eq!(row["readiness"], "dead", "{row:#}");

    let off = lab.run_in("a", &["loginctl", "disable-linger", USER]);
    assert!(off.ok, "{off:?}");
    // With nobody logged in the manager ends; over SSH there is one again.
    let status = lab.ssh("a", USER, "mosaic-tui fleet start code1 >/dev/null; mosaic-tui fleet status");
    assert!(!status.ok && status.stdout.contains("LINGERING IS OFF"), "{status:?}");
    let doctor = lab.ssh("a", USER, "mosaic-tui fleet doctor");
    assert!(doctor.stdout.contains("sudo loginctl enable-linger ada"), "{doctor:?}");
    assert!(lab.run_in("a", &["loginctl", "enable-linger", USER]).ok);
    let status = lab.ssh("a", USER, "mosaic-tui fleet start >/dev/null; mosaic-tui fleet status");
    assert!(!status.stdout.contains("LINGERING"), "{status:?}");
}

#[test]
#[ignore = "whole hosts; `scripts/test --hosts` runs it"]
fn two_tenants_neither_see_nor_touch_each_other() {
    let Some(lab) = Lab::up(&["a"]) else { return };
    fleet_of(&lab, "ada");
    fleet_of(&lab, "ben");
    let (of_ada, of_ben) = (agents(&lab, "ada"), agents(&lab, "ben"));
    assert_eq!((of_ada.0.len(), of_ada.1, of_ben.0.len(), of_ben.1), (6, 6, 6, 6));
    let pids = |agents: &[(String, u64)]| agents.iter().map(|(_, pid)| *pid).collect::<Vec<_>>();
    assert!(pids(&of_ada.0).iter().all(|pid| !pids(&of_ben.0).contains(pid)), "same names, other processes");
    for (user, other) in [("ada", "ben"), ("ben", "ada")] {
        let rows = lab.run_as("a", user, &["mosaic-tui", "fleet", "ps", "--json"]).stdout;
        assert!(rows.contains(&format!("\"tenant_id\": \"{user}\"")) && !rows.contains(other), "{rows}");
        let socket = format!("/tmp/tmux-{}/mosaic-fleet", lab.run_in("a", &["id", "-u", other]).stdout.trim());
        let looked = lab.run_as("a", user, &["tmux", "-S", &socket, "list-sessions"]);
        assert!(!looked.ok, "{looked:?}");
        let home = format!("/home/{other}/.config/mosaic");
        let run = lab.run_as(
            "a",
            user,
            &["cat", &format!("{home}/fleet/run/code0.hb"), &format!("{home}/fleet/agents/code0.env")],
        );
        assert!(!run.ok && run.stdout.is_empty(), "{run:?}");
    }
    assert!(lab.run_as("a", "ada", &["mosaic-tui", "fleet", "uninstall"]).ok);
    assert_eq!(agents(&lab, "ben"), of_ben, "one tenant's end is nobody else's");
    lab.boot_again("a", true);
    wait_verified(&lab, "ben");
    assert_eq!(lab.run_in("a", &["pgrep", "-c", "-u", "ada", "-f", "stub-agent"]).stdout.trim(), "0");
}
