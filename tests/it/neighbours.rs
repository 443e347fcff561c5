//! What is not ours stays as it is, and several of ours get along: the operator's own server and
//! environment, second sockets, two starts at once, terminals that vanish.

use std::fs;

use rustix::process::Signal;

use crate::harness::{Sandbox, answer, is_well, kill, program, wait_for};

/// A tmux command on a socket of its own in the sandbox.
fn tmux_on(sandbox: &Sandbox, socket: &[&str], args: &[&str]) -> String {
    let answer = answer(sandbox.command("tmux").arg("-u").args(socket).args(args));
    assert_eq!(answer.code, 0, "tmux {args:?}: {answer:?}");
    answer.stdout
}

#[test]
fn without_a_roster_the_operators_own_server_is_left_alone() {
    let sandbox = Sandbox::new();
    tmux_on(&sandbox, &[], &["-f", "/dev/null", "new-session", "-d", "-s", "private", "--", "cat"]);
    let state = || {
        ["list-sessions", "list-clients"].map(|list| tmux_on(&sandbox, &[], &[list])).join("--")
            + &tmux_on(&sandbox, &[], &["show-environment", "-t", "=private:"])
            + &tmux_on(&sandbox, &[], &["show-options", "-g"])
    };
    let before = state();
    for roster in [None, Some("version: 9\n")] {
        if let Some(text) = roster {
            sandbox.write_roster(text);
        }
        let mut screen = sandbox.open_with(&[], &[("SSH_AUTH_SOCK", "/operator/agent")], 120, 40);
        let text = screen.wait_text("no agents");
        assert!(text.contains("mosaic-tui demo") && !text.contains("private"), "{text}");
        assert_eq!(state(), before);
        if roster.is_none() {
            // Without a roster it asks for a first fleet.
            screen.wait_text("Three answers make a fleet");
            screen.send("q");
            screen.wait_until("the questions closed", |text| !text.contains("Three answers"));
        }
        screen.send("q");
        screen.wait_exit();
    }
    assert_eq!(state(), before);
}

#[test]
fn no_advice_after_a_stop_would_end_somebody_elses_sessions() {
    let sandbox = Sandbox::new();
    let stopped = |name: &str| {
        sandbox.write_roster(&format!(
            "version: 1\ntmux: {{socket_name: '{name}'}}\nagents: [{{name: a, runtime: sh, command: cat}}]\n"
        ));
        sandbox.start();
        sandbox.ok(&["fleet", "stop"]).stdout
    };
    assert!(stopped("it").contains("`tmux -L it kill-server` ends it"));
    sandbox.tmux(&["new-session", "-d", "-s", "mine", "--", "cat"]);
    tmux_on(&sandbox, &[], &["-f", "/dev/null", "new-session", "-d", "-s", "private", "--", "cat"]);
    for (socket, session) in [("it", "mine"), ("", "private")] {
        let text = stopped(socket);
        assert!(!text.contains("kill-server"), "{socket:?}: {text}");
        assert!(text.contains(&format!("other sessions live on it: {session}")), "{socket:?}: {text}");
    }
}

#[test]
fn watching_leaves_the_sessions_environment_alone() {
    let sandbox = Sandbox::with_agents("  - {name: a, env: {SSH_AUTH_SOCK: /agents/own, DISPLAY: ':42'}}\n");
    sandbox.start();
    let before = sandbox.tmux(&["show-environment", "-t", "=a:"]);
    let mut screen = sandbox.open_with(&["agent", "watch", "a"], &[("SSH_AUTH_SOCK", "/operator/agent")], 80, 24);
    screen.wait_text("type a message");
    screen.send("q");
    screen.wait_exit();
    assert_eq!(sandbox.tmux(&["show-environment", "-t", "=a:"]), before);
}

#[test]
fn an_agent_on_a_socket_of_its_own_is_started_shown_and_watched_there() {
    let sandbox = Sandbox::with_agents(
        "  - {name: here, runtime: sh, command: 'echo I am here; exec cat'}\n  - {name: there, socket: other, runtime: sh, command: 'seq 1 300; echo I am there; exec cat'}\n",
    );
    sandbox.start();
    for agent in ["here", "there"] {
        assert_eq!(sandbox.row(agent)["health"], "healthy", "{agent}");
    }
    assert_eq!(sandbox.row("there")["socket"], "other");
    let mut screen = sandbox.open(&["agent", "watch", "there"], 120, 60);
    screen.wait_text("I am there");
    screen.send("g");
    screen.wait_until("its own scrollback", |text| {
        text.contains("SCROLLBACK") && text.lines().any(|line| line.trim() == "1")
    });
    assert!(!screen.screen().contains("I am here"));
    screen.send("q");
    screen.send("q");
    screen.wait_exit();
    assert_eq!(sandbox.ok(&["fleet", "stop", "there"]).stdout.trim(), "there: stopped");
    assert_eq!(sandbox.row("here")["health"], "healthy");
}

#[test]
fn starts_at_the_same_time_are_one_start() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n  - {name: b}\n  - {name: c}\n");
    let starts: Vec<_> = (0..4)
        .map(|_| {
            sandbox.command(program()).args(["fleet", "start"]).stdout(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    for start in starts {
        let output = start.wait_with_output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }
    assert_eq!(sandbox.tmux(&["list-sessions", "-F", "#{session_name}"]), "_holder\na\nb\nc");
    for agent in ["a", "b", "c"] {
        assert_eq!(sandbox.row(agent)["health"], "healthy", "{agent}");
    }
    // A keeper that came second needs a moment to see that.
    wait_for("three keepers", || {
        let argvs = sandbox.pids().into_iter().filter_map(mosaic_tui::fleet::os::process::argv);
        argvs.filter(|argv| argv.iter().any(|word| word == "--detach")).count() == 3
    });
}

#[test]
fn a_terminal_that_vanishes_takes_the_demo_with_it_and_is_no_crash() {
    let sandbox = Sandbox::new();
    // The terminal is a pane of another tmux server: ending that server hangs it up for real.
    let outer = ["-L", "outer"];
    let mut line = vec!["-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "--", program()];
    line.extend(["demo", "--agents", "2"]);
    tmux_on(&sandbox, &outer, &line);
    wait_for("the dashboard", || tmux_on(&sandbox, &outer, &["capture-pane", "-p"]).contains("orchestrator"));
    tmux_on(&sandbox, &outer, &["kill-server"]);
    wait_for("nothing left", || sandbox.pids().is_empty());
    let left: Vec<_> = fs::read_dir(sandbox.root.join("tmp")).unwrap().flatten().map(|entry| entry.path()).collect();
    assert!(left.is_empty(), "{left:?}");
    let log = sandbox.home().join("log");
    let crashes = fs::read_dir(log).map_or(0, |folder| {
        folder.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with("crash")).count()
    });
    assert_eq!(crashes, 0);
}

#[test]
fn a_demo_that_is_interrupted_while_it_is_set_up_leaves_nothing() {
    let sandbox = Sandbox::new();
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut demo = sandbox.command(program()).args(["demo", "--headless", "--agents", "40"]).spawn().unwrap();
        wait_for("the first agents", || sandbox.pids().len() > 8);
        kill(demo.id(), signal);
        assert!(!demo.wait().unwrap().success());
        wait_for("nothing left", || sandbox.pids().is_empty());
        assert_eq!(fs::read_dir(sandbox.root.join("tmp")).unwrap().count(), 0);
    }
}

#[test]
fn starting_again_beside_an_operators_split_keeps_the_split() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    sandbox.tmux(&["split-window", "-t", "=a:", "--", "cat"]);
    let row = sandbox.row("a");
    kill(u32::try_from(row["pane"]["pid"].as_u64().unwrap()).unwrap(), Signal::KILL);
    sandbox.wait_row("a", |row| row["readiness"] == "dead");
    wait_for("the keeper's end", || mosaic_tui::fleet::session::keeper_pid(&sandbox.run_file("a.lock")).is_none());
    sandbox.start();
    let again = sandbox.wait_row("a", |row| row["health"] == "healthy" && is_well(row["readiness"].as_str().unwrap()));
    assert_eq!(again["pane"]["id"], row["pane"]["id"]);
    assert_eq!(sandbox.tmux(&["list-panes", "-t", "=a:", "-F", "#{pane_current_command}"]).lines().count(), 2);
}
