//! A tmux server that is not seen lives on, be it that its socket's file was removed, that somebody else has taken its
//! path, or that it is looked for in another folder: nothing of it is called gone, nothing is made twice.

use std::fs;

use mosaic_tui::fleet::readiness::Reason;
use mosaic_tui::fleet::tmux::LostServer;

use crate::harness::{Sandbox, is_well};
use crate::lifecycle::Host;

const AGENTS: &str = "  - {name: a}\n  - {name: b}\n";

/// Pids of the sandbox's tmux servers and of its stub agents.
fn processes(sandbox: &Sandbox) -> (Vec<u32>, Vec<u32>) {
    let comm = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let named: Vec<u32> = sandbox.pids().into_iter().filter(|pid| comm(pid).starts_with("tmux: server")).collect();
    // One that is about to become a pane's program bears the name of its server for a moment.
    let parent = |pid: &u32| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok()
    };
    let is_server = |pid: &&u32| parent(pid).is_some_and(|parent| !named.contains(&parent));
    let mut servers: Vec<u32> = named.iter().filter(is_server).copied().collect();
    let is_stub = |pid: &u32| {
        mosaic_tui::fleet::os::process::argv(*pid)
            .is_some_and(|argv| argv.get(1).is_some_and(|word| word == "stub-agent"))
    };
    let mut stubs: Vec<u32> = sandbox.pids().into_iter().filter(is_stub).collect();
    servers.sort_unstable();
    stubs.sort_unstable();
    (servers, stubs)
}

/// The same of a fleet of two that was just started, once both show their own command.
fn both(sandbox: &Sandbox) -> (Vec<u32>, Vec<u32>) {
    crate::harness::wait_for("one server and two agents", || {
        let (servers, stubs) = processes(sandbox);
        servers.len() == 1 && stubs.len() == 2
    });
    processes(sandbox)
}

/// Kills an agent's keeper; what it left on record.
fn kill_keeper(sandbox: &Sandbox, agent: &str) -> String {
    let record = fs::read_to_string(sandbox.run_file(&format!("{agent}.lock"))).unwrap();
    let keeper = record.lines().next().unwrap().parse().unwrap();
    crate::harness::kill(keeper, rustix::process::Signal::KILL);
    let lock = sandbox.run_file(&format!("{agent}.lock"));
    crate::harness::wait_for("the keeper's end", || mosaic_tui::fleet::session::keeper_pid(&lock).is_none());
    record
}

fn remove_socket(sandbox: &Sandbox) {
    fs::remove_file(sandbox.root.join("t/tmux-0/it")).unwrap();
}

/// A server whose socket was removed, as it is told.
fn lost(sandbox: &Sandbox, pid: Option<u32>) -> String {
    LostServer { pid, path: sandbox.root.join("t/tmux-0/it") }.to_string()
}

#[test]
fn its_agents_are_unknown_with_the_way_back_and_start_brings_it_back() {
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.start();
    let before = both(&sandbox);
    remove_socket(&sandbox);
    let looked = sandbox.run(&["fleet", "ps", "--json"]);
    assert_eq!(looked.code, 1, "what cannot be reached is not verified: {looked:?}");
    for row in looked.json().as_array().unwrap() {
        assert_eq!((row["readiness"].as_str(), row["health"].as_str()), (Some("unknown"), Some("healthy")), "{row:#}");
        assert_eq!(row["reason"], Reason::ServerUnreachable.to_string(), "{row:#}");
    }
    let doctor = sandbox.run(&["fleet", "doctor"]).stdout;
    assert!(doctor.contains(&lost(&sandbox, Some(before.0[0]))), "{doctor}");
    let sent = sandbox.run(&["agent", "send", "a", "-m", "hello"]);
    assert!(sent.code != 0 && format!("{sent:?}").contains("fleet start"), "{sent:?}");
    let told = sandbox.run(&["fleet", "recover"]);
    assert!(told.code == 1 && told.stdout.contains("nobody is known to be down"), "{told:?}");
    assert_eq!(processes(&sandbox), before, "looking makes nothing");
    sandbox.ok(&["fleet", "start"]);
    assert_eq!(processes(&sandbox), before);
    sandbox.wait_row("a", |row| is_well(row["readiness"].as_str().unwrap()));
    sandbox.ok(&["agent", "send", "a", "-m", "hello again"]);
}

#[test]
fn a_dashboard_that_was_open_says_what_a_command_says() {
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.start();
    let screen = sandbox.open(&[], 120, 36);
    screen.wait_until("a fleet that is well", |text| text.contains("nobody needs you"));
    remove_socket(&sandbox);
    screen.wait_until("what nobody reaches", |text| text.contains("2 need you") && text.contains("unknown"));
    sandbox.ok(&["fleet", "start"]);
    screen.wait_until("the way back", |text| text.contains("nobody needs you"));
}

#[test]
fn whatever_changes_something_reaches_it_first() {
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.start();
    let (servers, stubs) = both(&sandbox);
    // Also when the whole folder went.
    fs::remove_dir_all(sandbox.root.join("t/tmux-0")).unwrap();
    sandbox.ok(&["fleet", "recover", "--apply"]);
    assert_eq!(processes(&sandbox), (servers.clone(), stubs.clone()), "nobody was down");
    remove_socket(&sandbox);
    sandbox.ok(&["fleet", "restart", "a"]);
    let (same, now) = processes(&sandbox);
    assert_eq!((&same, now.len()), (&servers, 2));
    assert_eq!(now.iter().filter(|pid| stubs.contains(pid)).count(), 1, "only a was made anew");
    remove_socket(&sandbox);
    sandbox.ok(&["fleet", "stop"]);
    assert_eq!(processes(&sandbox), (servers, Vec::new()));
}

#[test]
fn under_systemd_nothing_ends_and_nothing_is_made_twice() {
    let Some(host) = Host::running(AGENTS) else { return };
    host.wait_healthy(&["a", "b"]);
    let before = both(&host.sandbox);
    remove_socket(&host.sandbox);
    assert_eq!(host.row("a")["readiness"], "unknown");
    // A keeper that is killed now adopts the session that it cannot see at first.
    let keeper = host.keeper("b");
    crate::harness::kill(keeper, rustix::process::Signal::KILL);
    crate::harness::wait_for("another keeper", || host.keeper("b") != keeper && host.unit("b") == "active");
    assert_eq!(processes(&host.sandbox), before);
    remove_socket(&host.sandbox);
    host.ok(&["fleet", "start"]);
    assert_eq!(processes(&host.sandbox), before);
    remove_socket(&host.sandbox);
    host.ok(&["fleet", "restart", "a"]);
    let after = processes(&host.sandbox);
    assert_eq!((&after.0, after.1.len()), (&before.0, 2));
    host.wait_healthy(&["a", "b"]);
}

/// Looks at agents that live where they are not seen, and tries everything that could make a second one of them.
fn are_unknown_and_left_alone(sandbox: &Sandbox, env: &[(&str, &str)], way_back: &str) {
    let before = processes(sandbox);
    let looked = sandbox.run_with(&["fleet", "ps", "--json"], env);
    assert_eq!(looked.code, 1, "what is not seen is not verified: {looked:?}");
    for row in looked.json().as_array().unwrap().iter().filter(|row| row["managed"] == true) {
        assert_eq!((row["readiness"].as_str(), row["health"].as_str()), (Some("unknown"), Some("healthy")), "{row:#}");
        assert!(row["reason"].as_str().unwrap().contains(way_back), "{row:#}");
    }
    for words in [
        &["fleet", "start"][..],
        &["fleet", "start", "a"],
        &["fleet", "restart", "a"],
        &["fleet", "stop", "a"],
        &["fleet", "stop"],
    ] {
        let refused = sandbox.run_with(words, env);
        assert!(refused.code != 0 && refused.stderr.contains(way_back), "{words:?}: {refused:?}");
        assert_eq!(processes(sandbox), before, "{words:?}");
    }
    let recovered = sandbox.run_with(&["fleet", "recover", "--apply"], env);
    assert!(recovered.code == 1 && format!("{recovered:?}").contains(way_back), "{recovered:?}");
    let doctor = sandbox.run_with(&["fleet", "doctor"], env).stdout;
    assert!(doctor.contains(way_back), "{doctor}");
    let sent = sandbox.run_with(&["agent", "send", "a", "-m", "hello"], env);
    assert!(sent.code != 0, "{sent:?}");
    assert_eq!(processes(sandbox), before);
}

#[test]
fn another_socket_folder_makes_no_second_fleet() {
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.start();
    let before = both(&sandbox);
    let other = sandbox.root.join("t2");
    fs::create_dir(&other).unwrap();
    let own = format!("set TMUX_TMPDIR to {}", sandbox.root.join("t").display());
    are_unknown_and_left_alone(&sandbox, &[("TMUX_TMPDIR", other.to_str().unwrap())], &own);
    // Also when nobody keeps them any more, and their keepers' record is that of an earlier version.
    for name in ["a", "b"] {
        let text = kill_keeper(&sandbox, name);
        let mut lines = text.lines();
        let earlier = format!("{}\n{}\n", lines.next().unwrap(), lines.next().unwrap());
        fs::write(sandbox.run_file(&format!("{name}.lock")), earlier).unwrap();
        assert_eq!(lines.count(), 2, "{text}");
    }
    are_unknown_and_left_alone(&sandbox, &[("TMUX_TMPDIR", other.to_str().unwrap())], &own);
    assert_eq!(processes(&sandbox), before);
    sandbox.ok(&["fleet", "start"]);
    assert_eq!(processes(&sandbox), before);
    sandbox.wait_row("a", |row| is_well(row["readiness"].as_str().unwrap()));
    sandbox.ok(&["fleet", "stop"]);
    assert_eq!(processes(&sandbox), (before.0, Vec::new()));
}

#[test]
fn a_server_that_took_the_path_makes_no_second_fleet() {
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.start();
    let (servers, stubs) = both(&sandbox);
    remove_socket(&sandbox);
    sandbox.tmux(&["-f", "/dev/null", "new-session", "-d", "-s", "mine", "sleep 1000"]);
    let way_back = format!("`kill -USR1 {}` gives it back", servers[0]);
    are_unknown_and_left_alone(&sandbox, &[], &way_back);
    // A keeper that is killed now is not followed by one that makes a second session.
    kill_keeper(&sandbox, "b");
    are_unknown_and_left_alone(&sandbox, &[], &way_back);
    let run = sandbox.run(&["session", "run", "b"]);
    assert!(run.code != 0 && run.stderr.contains(&way_back), "{run:?}");
    assert_eq!(processes(&sandbox).1, stubs);
    sandbox.tmux(&["kill-server"]);
    crate::harness::wait_for("the other server's end", || processes(&sandbox).0 == servers);
    sandbox.ok(&["fleet", "start"]);
    assert_eq!(processes(&sandbox), (servers, stubs));
}

#[test]
fn a_server_whose_process_is_not_seen_is_not_gone() {
    let sandbox = Sandbox::with_agents(AGENTS);
    let folder = sandbox.root.join("t/tmux-0");
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    // So one looks that lives in another pid namespace.
    let _listens = std::os::unix::net::UnixListener::bind(sandbox.root.join("t/tmux-0/it")).unwrap();
    remove_socket(&sandbox);
    let looked = sandbox.run(&["fleet", "ps", "--json"]);
    assert_eq!((looked.code, &looked.json()[0]["readiness"]), (1, &"unknown".into()), "{looked:?}");
    let refused = sandbox.run(&["fleet", "start"]);
    assert!(refused.code != 0 && refused.stderr.contains(&lost(&sandbox, None)), "{refused:?}");
    assert_eq!(processes(&sandbox), (Vec::new(), Vec::new()));
}

#[test]
fn a_renamed_session_makes_no_second_agent() {
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.start();
    let before = both(&sandbox);
    sandbox.tmux(&["rename-session", "-t", "=a:", "mine"]);
    let row = sandbox.row("a");
    assert_eq!(row["readiness"], "unknown", "{row:#}");
    assert!(row["reason"].as_str().unwrap().contains("lives in session mine"), "{row:#}");
    sandbox.ok(&["fleet", "start"]);
    assert_eq!(processes(&sandbox), before);
    // A restart ends it where it is.
    sandbox.ok(&["fleet", "restart", "a"]);
    let after = processes(&sandbox);
    assert_eq!((&after.0, after.1.len()), (&before.0, 2));
    assert_eq!(after.1.iter().filter(|pid| before.1.contains(pid)).count(), 1);
    // Nor is there a second one when nobody keeps it.
    sandbox.tmux(&["rename-session", "-t", "=b:", "other"]);
    kill_keeper(&sandbox, "b");
    let refused = sandbox.run(&["fleet", "start", "b"]);
    assert!(refused.code != 0 && refused.stderr.contains("rename-session"), "{refused:?}");
    sandbox.ok(&["fleet", "stop", "b"]);
    assert_eq!(processes(&sandbox).1.len(), 1);
}

#[test]
fn a_process_that_outlives_its_session_is_ended_before_another_is_made() {
    let sandbox = Sandbox::with_agents("  - {name: a, command: \"trap '' HUP; sleep 1000; true\"}\n");
    sandbox.start();
    let pid = u32::try_from(sandbox.row("a")["pane"]["pid"].as_u64().unwrap()).unwrap();
    sandbox.tmux(&["kill-session", "-t", "=a:"]);
    assert!(mosaic_tui::fleet::os::process::is_alive(pid));
    sandbox.ok(&["fleet", "restart", "a"]);
    assert!(!mosaic_tui::fleet::os::process::is_alive(pid));
    // The same of one that nobody keeps.
    let pid = u32::try_from(sandbox.row("a")["pane"]["pid"].as_u64().unwrap()).unwrap();
    kill_keeper(&sandbox, "a");
    sandbox.tmux(&["kill-session", "-t", "=a:"]);
    let refused = sandbox.run(&["fleet", "start", "a"]);
    assert!(refused.code != 0 && refused.stderr.contains("`mosaic-tui fleet restart a`"), "{refused:?}");
    sandbox.ok(&["fleet", "restart", "a"]);
    assert!(!mosaic_tui::fleet::os::process::is_alive(pid));
}

#[test]
fn under_systemd_another_folder_or_server_makes_no_second_fleet() {
    let Some(host) = Host::running(AGENTS) else { return };
    host.wait_healthy(&["a", "b"]);
    let before = both(&host.sandbox);
    remove_socket(&host.sandbox);
    host.sandbox.tmux(&["-f", "/dev/null", "new-session", "-d", "-s", "mine", "sleep 1000"]);
    assert_eq!(host.row("a")["readiness"], "unknown");
    for words in [&["fleet", "start"][..], &["fleet", "restart", "a"], &["fleet", "stop", "a"]] {
        let refused = host.fleet(words);
        assert!(refused.code != 0 && refused.stderr.contains("`kill -USR1"), "{words:?}: {refused:?}");
    }
    // systemd starts another keeper, which does not see the session either.
    let keeper = host.keeper("b");
    crate::harness::kill(keeper, rustix::process::Signal::KILL);
    crate::harness::wait_for("another keeper", || host.keeper("b") != keeper);
    assert_eq!(processes(&host.sandbox).1, before.1);
    host.sandbox.tmux(&["kill-server"]);
    crate::harness::wait_for("the other server's end", || processes(&host.sandbox).0 == before.0);
    host.ok(&["fleet", "start"]);
    host.wait_healthy(&["a", "b"]);
    assert_eq!(processes(&host.sandbox), before);
}

#[test]
fn a_holder_that_is_gone_is_told_and_made_again() {
    let holder = |sandbox: &Sandbox| sandbox.tmux(&["list-sessions", "-F", "#{session_name}"]).contains("_holder");
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.start();
    let before = both(&sandbox);
    sandbox.tmux(&["kill-session", "-t", "=_holder:"]);
    let told = sandbox.run(&["fleet", "verify"]);
    assert!(told.code == 1 && told.stdout.contains("is gone: the tmux server would end"), "{told:?}");
    sandbox.ok(&["fleet", "start"]);
    assert!(holder(&sandbox) && processes(&sandbox) == before);
    let Some(host) = Host::running(AGENTS) else { return };
    host.wait_healthy(&["a", "b"]);
    let before = processes(&host.sandbox);
    host.sandbox.tmux(&["kill-session", "-t", "=_holder:"]);
    assert_eq!(host.fleet(&["fleet", "verify"]).code, 1);
    host.ok(&["fleet", "start"]);
    assert!(holder(&host.sandbox) && processes(&host.sandbox) == before);
}
