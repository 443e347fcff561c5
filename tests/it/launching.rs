//! From nothing to a fleet: which runtime a new roster gets, what its agents are told, and their first message.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::{Sandbox, program, wait_for};

/// A runtime that writes down how it was started, and then is the stub.
fn put_runtime(sandbox: &Sandbox, name: &str) {
    let bin = sandbox.root.join("bin");
    fs::create_dir_all(&bin).unwrap();
    let said = sandbox.root.join("said");
    let script = format!(
        "#!/bin/sh\n{{ for word in \"$@\"; do printf '%s\\n' \"$word\"; done; }} > {0}.new.$MOSAIC_AGENT_NAME && mv {0}.new.$MOSAIC_AGENT_NAME {0}.$MOSAIC_AGENT_NAME\nexec {1} stub-agent\n",
        said.display(),
        program()
    );
    let path = bin.join(name);
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// What an agent's runtime was started with, one argument after the other.
fn said(sandbox: &Sandbox, agent: &str) -> String {
    let path = sandbox.root.join(format!("said.{agent}"));
    wait_for("its arguments", || path.exists());
    fs::read_to_string(path).unwrap()
}

/// Only the sandbox's own programs, so that whatever this machine has installed decides nothing.
fn narrow(sandbox: &Sandbox) -> String {
    format!("{}:/usr/bin:/bin", sandbox.root.join("bin").display())
}

#[test]
fn two_commands_make_a_fleet_of_whatever_is_installed() {
    let sandbox = Sandbox::new();
    put_runtime(&sandbox, "codex");
    let path = narrow(&sandbox);
    let env = [("PATH", path.as_str())];
    let made = sandbox.run_with(&["fleet", "init", "--profile", "coding", "--write"], &env);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.stdout.contains("codex is used instead"), "{made:?}");
    // Its own socket: the example names one that a fleet of this machine may have.
    let text = fs::read_to_string(sandbox.roster()).unwrap().replace("mosaic-fleet", "it");
    fs::write(sandbox.roster(), text).unwrap();
    let started = sandbox.run_with(&["fleet", "start"], &env);
    assert_eq!(started.code, 0, "{started:?}");

    let code0 = said(&sandbox, "code0");
    let argument = |name: &str| code0.lines().any(|line| line == name);
    assert!(argument("--no-daemon") && argument("--dangerously-bypass-approvals-and-sandbox"), "{code0}");
    assert!(code0.contains("developer_instructions=") && code0.contains("You are the agent `code0`"), "{code0}");
    for (source, is_there) in [
        ("CONSTITUTION.md", true),
        ("AGENTS.md", true),
        ("STANDARDS.md", true),
        ("runtime/codex/RUNTIME.md", true),
        ("fleet/roles/code.md", true),
        ("mosaic-tui fleet comms-block", true),
        ("fleet/roles/review.md", false),
        ("runtime/pi/RUNTIME.md", false),
    ] {
        assert_eq!(code0.contains(&format!("<!-- source: {source} -->")), is_there, "{source}: {code0}");
    }
    let contract = fs::metadata(sandbox.run_file("code0.d/contract.md")).unwrap();
    assert_eq!(contract.permissions().mode() & 0o777, 0o600);
    let printed = sandbox.ok(&["contract", "compose", "codex", "--agent", "code0"]).stdout;
    assert_eq!(printed.trim_end(), fs::read_to_string(sandbox.run_file("code0.d/contract.md")).unwrap().trim_end());

    // The framework is the user's from here on: what they change is kept beside what ships.
    let standards = sandbox.home().join("STANDARDS.md");
    fs::write(&standards, "mine").unwrap();
    let status = sandbox.ok(&["framework", "status"]).stdout;
    assert!(status.contains("changed   STANDARDS.md"), "{status}");
    let installed = sandbox.ok(&["framework", "install"]).stdout;
    assert!(installed.contains("your STANDARDS.md is kept as STANDARDS.md.user-"), "{installed}");
    assert_ne!(fs::read_to_string(&standards).unwrap(), "mine");
    sandbox.run_with(&["fleet", "stop"], &env);
}

#[test]
fn a_fleet_without_any_runtime_says_how_to_get_one() {
    let sandbox = Sandbox::new();
    let path = narrow(&sandbox);
    let made = sandbox.run_with(&["fleet", "init", "--profile", "coding", "--write"], &[("PATH", path.as_str())]);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.stdout.contains("none of claude, codex, pi, opencode is installed here"), "{made:?}");
    assert!(made.stdout.contains("npm install -g") && made.stdout.contains("--runtime stub"), "{made:?}");
}

#[test]
fn what_decides_the_command_is_named_and_taken_in_its_order() {
    let sandbox = Sandbox::with_agents(
        "  - {name: built, runtime: stub, model_hint: m}\n  - {name: own, command: 'cat -u'}\n  - {name: env, command: 'cat -u'}\n",
    );
    fs::create_dir_all(sandbox.home().join("fleet/agents")).unwrap();
    fs::write(sandbox.home().join("fleet/agents/env.env"), "MOSAIC_AGENT_COMMAND=\"cat -v\"\n").unwrap();
    for (agent, line, source) in [
        ("built", "launch --model m stub", "built from runtime"),
        ("own", "cat -u", "`command` in the roster"),
        ("env", "cat -v", "MOSAIC_AGENT_COMMAND"),
    ] {
        let told = sandbox.run(&["agent", "explain", agent, "--json"]).json();
        let said = |key: &str| told["command"][key].as_str().unwrap_or_default().to_owned();
        assert!(said("line").ends_with(line) && said("source").contains(source), "{agent}: {told:#}");
    }
    sandbox.start();
    let argv = sandbox.wait_row("env", |row| row["process"]["argv0"] == "cat")["pane"]["pid"].clone();
    assert_eq!(fs::read(format!("/proc/{argv}/cmdline")).unwrap(), b"cat\0-v\0");
}

#[test]
fn the_first_message_arrives_once_after_every_start() {
    let sandbox =
        Sandbox::with_agents("  - {name: a, class: code, kickstart_template: 'begin as {{name}} the {{class}}'}\n");
    sandbox.start();
    let copies = || {
        let shown = sandbox.ok(&["agent", "tail", "a", "-n", "200"]).stdout;
        shown.matches("begin as a the code").count()
    };
    let accepted = || sandbox.ok(&["agent", "tail", "a", "-n", "200"]).stdout.contains("accepted");
    wait_for("the first message", || copies() > 0 && accepted());
    let lines = || sandbox.events("send").iter().filter(|event| event["class"] == "kickstart").count();
    wait_for("its receipt", || lines() == 1);
    // A keeper that comes back to a living session says nothing twice.
    let before = copies();
    let keeper: i32 = fs::read_to_string(sandbox.run_file("a.lock")).unwrap().lines().next().unwrap().parse().unwrap();
    let pid = rustix::process::Pid::from_raw(keeper).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    sandbox.start();
    sandbox.ok(&["agent", "send", "a", "-m", "plain"]);
    assert_eq!(copies(), before);
    assert_eq!(lines(), 1);
    sandbox.ok(&["fleet", "restart", "a"]);
    wait_for("the first message of the second start", || lines() == 2);
}

#[test]
fn what_a_launch_warned_of_is_kept_where_the_operator_looks() {
    let sandbox = Sandbox::new();
    put_runtime(&sandbox, "codex");
    let path = narrow(&sandbox);
    let env = [("PATH", path.as_str())];
    sandbox.run_with(&["framework", "install"], &env);
    sandbox.write_roster(
        "version: 1\ntmux: {socket_name: it}\nagents:\n  - {name: a, runtime: codex}\n  - {name: b, runtime: stub}\n",
    );
    assert_eq!(sandbox.run_with(&["fleet", "start"], &env).code, 0);
    said(&sandbox, "a");
    let row = sandbox.wait_row("a", |row| row["notes"].as_array().is_some_and(|notes| !notes.is_empty()));
    let notes = row["notes"].to_string();
    assert!(notes.contains("sequential-thinking") && notes.contains("SOUL.md"), "{notes}");
    let wide = sandbox.ok(&["fleet", "ps", "-o", "wide", "--sort", "name"]).stdout;
    let lines: Vec<&str> = wide.lines().collect();
    let heads: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(heads[..8], ["STATE", "AGENT", "TENANT", "HOST", "CLASS", "RUNTIME", "CARD", "UNIT"]);
    let cells: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(cells[1], "a", "{wide}");
    assert_eq!(cells[9], row["pane"]["pid"].to_string(), "{wide}");
    assert!(lines[2].split_whitespace().nth(1) == Some("b") && lines[3].starts_with("launch of a: "), "{wide}");
    let only = sandbox.ok(&["fleet", "ps", "--filter", "runtime:stub", "--json"]).json();
    assert_eq!(only.as_array().map(Vec::len), Some(1), "{only:#}");
    let told = sandbox.ok(&["agent", "explain", "a"]).stdout;
    assert!(told.contains("warned: ") && told.contains("sequential-thinking"), "{told}");

    // What was mended is not told by the next launch.
    fs::write(sandbox.home().join("SOUL.md"), "I am one.\n").unwrap();
    assert_eq!(sandbox.run_with(&["fleet", "restart", "a"], &env).code, 0);
    sandbox.wait_row("a", |row| {
        let notes = row["notes"].to_string();
        notes.contains("sequential-thinking") && !notes.contains("SOUL.md")
    });
    sandbox.run_with(&["fleet", "stop"], &env);
}

#[test]
fn keepers_answer_a_probe_at_once_and_who_has_none_is_told() {
    // So rarely that no heartbeat comes by itself.
    let sandbox = Sandbox::with_agents("  - {name: a}\n  - {name: b}\n");
    let env = [("MOSAIC_HEARTBEAT_INTERVAL", "600")];
    assert_eq!(sandbox.run_with(&["fleet", "start", "a"], &env).code, 0);
    let beat = || fs::read_to_string(sandbox.run_file("a.hb")).unwrap_or_default();
    wait_for("the first heartbeat", || !beat().is_empty());
    let before = beat();
    let probed = sandbox.run_with(&["fleet", "probe", "a", "--json"], &env);
    assert_eq!(probed.code, 0, "{probed:?}");
    let answer = &probed.json()[0];
    assert_eq!((&answer["name"], &answer["answered"]), (&"a".into(), &true.into()), "{answer:#}");
    assert!(answer["milliseconds"].as_u64().is_some_and(|took| took < 5000), "{answer:#}");
    assert_ne!(beat(), before);
    let all = sandbox.run_with(&["fleet", "probe"], &env);
    assert_eq!(all.code, 1, "{all:?}");
    assert!(all.stdout.contains("a: ok") && all.stdout.contains("b: has no keeper"), "{all:?}");
    assert_eq!(sandbox.run_with(&["fleet", "probe", "nobody"], &env).code, 3);
    sandbox.run_with(&["fleet", "stop"], &env);
}
