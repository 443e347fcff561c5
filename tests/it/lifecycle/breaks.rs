//! `active` never lies: however an agent is broken, systemd, the commands and the screen say the same
//! within two seconds, or the row names the plane that disagrees.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::Host;
use super::screen::open;
use crate::harness::{Pty, is_well, kill};

/// Time within which all must agree. A look is a process of its own, and machines are busy.
const AGREE_WITHIN: Duration = Duration::from_secs(2);

/// Whether systemd's word and the row fit, or the row says that they do not; and the dashboard shows the same.
fn consistent(host: &Host, screen: &Pty) -> Result<(), String> {
    let unit = host.unit("x");
    let row = host.row("x");
    let shown = screen.screen();
    let line = shown.lines().find(|line| line.split_whitespace().any(|word| word == "x")).unwrap_or_default();
    // Who was stopped on purpose is dead in the answer, and shown as what it is.
    let stopped = row["flags"].as_array().is_some_and(|flags| flags.contains(&"stopped".into()));
    let readiness = if stopped { "stopped" } else { row["readiness"].as_str().unwrap() };
    // From working to available it goes by itself, and the two looks are not of one moment.
    let same = line.contains(readiness) || is_well(line) && is_well(readiness);
    if !same {
        return Err(format!("the dashboard shows {line:?} for {row:#}"));
    }
    let lives = row["pane"]["dead"] == false && row["process"]["alive"] == true;
    let told = row["flags"].as_array().is_some_and(|flags| flags.contains(&"disagree".into()));
    let by_plane = row["evidence"].to_string().contains("systemd");
    let fits = match unit.as_str() {
        "active" => lives && row["readiness"] != "dead" || is_said_where(&row),
        "failed" => !lives || told,
        // Kept by nobody, or about to be restarted: dead, or stale until it is adopted.
        _ => true,
    };
    if (fits || told) && by_plane { Ok(()) } else { Err(format!("{unit}: {row:#}")) }
}

/// Whether the row says that the process lives, and where: not in a session of its own.
fn is_said_where(row: &Value) -> bool {
    row["readiness"] == "unknown" && row["reason"].as_str().unwrap_or_default().contains(", lives in session z")
}

/// Breaks agent `x` and waits until all planes agree, at once and for the time after.
fn broken(host: &Host, screen: &Pty, name: &str, way: impl Fn(&Host)) {
    host.wait_healthy(&["x", "y"]);
    way(host);
    let done = Instant::now();
    loop {
        match consistent(host, screen) {
            Ok(()) if done.elapsed() > AGREE_WITHIN => break,
            Ok(()) => {}
            Err(why) => assert!(done.elapsed() < AGREE_WITHIN, "{name}: {why}\n{}", screen.screen()),
        }
    }
    let y = host.row("y");
    assert_eq!((y["health"].as_str(), host.unit("y").as_str()), (Some("healthy"), "active"), "{name}: its neighbour");
    // Mended for the next one.
    let again = host.fleet(&["fleet", "restart", "x"]);
    assert_eq!(again.code, 0, "{name}: {again:?}");
}

fn pane(host: &Host) -> u32 {
    u32::try_from(host.panes()["x"]).unwrap()
}

#[test]
fn ten_ways_to_break_an_agent() {
    let Some(host) = Host::running("  - {name: x}\n  - {name: y}\n") else { return };
    let mut screen = open(&host, 160, 40);
    screen.wait_until("both", |text| text.contains(" x ") && text.contains(" y "));
    broken(&host, &screen, "pane killed", |host| kill(pane(host), Signal::KILL));
    broken(&host, &screen, "pane terminated", |host| kill(pane(host), Signal::TERM));
    broken(&host, &screen, "keeper killed", |host| kill(host.keeper("x"), Signal::KILL));
    broken(&host, &screen, "keeper terminated", |host| kill(host.keeper("x"), Signal::TERM));
    broken(&host, &screen, "session killed", |host| drop(host.sandbox.tmux(&["kill-session", "-t", "=x:"])));
    broken(&host, &screen, "pane respawned by hand", |host| {
        drop(host.sandbox.tmux(&["respawn-pane", "-k", "-t", "=x:", "sleep 600"]));
    });
    broken(&host, &screen, "stopped by hand", |host| drop(host.systemctl(&["stop", "mosaic-agent@x.service"])));
    broken(&host, &screen, "scope stopped", |host| drop(host.systemctl(&["stop", "mosaic-pane-*-x-*.scope"])));
    broken(&host, &screen, "session renamed", |host| drop(host.sandbox.tmux(&["rename-session", "-t", "=x:", "z"])));
    host.sandbox.tmux(&["kill-session", "-t", "=z:"]);
    broken(&host, &screen, "unit killed with SIGABRT", |host| {
        drop(host.systemctl(&["kill", "--signal=ABRT", "mosaic-agent@x.service"]));
    });
    broken(&host, &screen, "program gone", |host| {
        let text = fs::read_to_string(host.sandbox.roster()).unwrap();
        fs::write(host.sandbox.roster(), text.replace("{name: x}", "{name: x, runtime: gone, command: /nowhere/gone}"))
            .unwrap();
        let failed = host.fleet(&["fleet", "restart", "x"]);
        assert_ne!(failed.code, 0, "{failed:?}");
        fs::write(host.sandbox.roster(), text).unwrap();
    });
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn a_frozen_keeper_is_ended_by_the_watchdog_and_its_session_adopted() {
    let Some(host) = Host::with_agents("  - {name: x}\n") else { return };
    host.ok(&["fleet", "install"]);
    let drop_in = host.sandbox.root.join("h/.config/systemd/user/mosaic-agent@.service.d");
    fs::create_dir_all(&drop_in).unwrap();
    fs::write(drop_in.join("quick.conf"), "[Service]\nWatchdogSec=1\nTimeoutAbortSec=1\n").unwrap();
    host.systemctl(&["daemon-reload"]);
    host.ok(&["fleet", "start"]);
    let (before, keeper) = (host.wait_healthy(&["x"]), host.keeper("x"));
    kill(keeper, Signal::STOP);
    crate::harness::wait_for("another keeper", || host.keeper("x") != keeper && host.unit("x") == "active");
    assert_eq!(host.wait_healthy(&["x"]), before, "the session was adopted");
    let row: Value = host.row("x");
    assert!(row["systemd"]["n_restarts"].as_u64() >= Some(1), "{row:#}");
}
