//! What each plane says, joined: on real tmux, real processes, real files.

use std::fs;
use std::time::{Duration, Instant};

use mosaic_tui::fleet::model::End;
use mosaic_tui::fleet::readiness::Reason;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{INTERVAL, Sandbox, is_well, kill, program, wait_for};

fn pane_pid(row: &Value) -> u32 {
    u32::try_from(row["pane"]["pid"].as_u64().unwrap()).unwrap()
}

fn keeper_pid(sandbox: &Sandbox, agent: &str) -> u32 {
    fs::read_to_string(sandbox.run_file(&format!("{agent}.lock"))).unwrap().lines().next().unwrap().parse().unwrap()
}

#[test]
fn a_row_has_every_field_and_names_tenant_and_host() {
    let sandbox = Sandbox::with_agents("  - {name: a, alias: Ay, class: code, model_hint: x/y}\n");
    sandbox.start();
    let row = sandbox.row("a");
    let fields: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        fields,
        [
            "name",
            "alias",
            "session",
            "session_label",
            "tenant_id",
            "host",
            "socket",
            "class",
            "runtime",
            "model_hint",
            "reports_to",
            "persona",
            "managed",
            "systemd",
            "pane",
            "process",
            "idle_seconds",
            "heartbeat",
            "usage",
            "health",
            "readiness",
            "reason",
            "question",
            "drift",
            "boot_enable",
            "flags",
            "evidence",
            "tree",
            "claim",
            "notes",
            "last_exit",
            "observed_at"
        ]
    );
    for (field, inner) in [
        ("pane", vec!["id", "pid", "dead", "exit_status", "exit_signal", "command", "width", "height", "title"]),
        ("process", vec!["alive", "argv0", "cpu_percent", "rss_bytes", "descendants"]),
        ("heartbeat", vec!["age_seconds", "status", "detail", "by"]),
    ] {
        assert_eq!(row[field].as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>(), inner);
    }
    assert_eq!(row["health"], "healthy");
    assert_eq!((row["pane"]["width"].as_u64(), row["pane"]["height"].as_u64()), (Some(200), Some(50)));
    assert!(!row["tenant_id"].as_str().unwrap().is_empty() && !row["host"].as_str().unwrap().is_empty());
    assert_eq!(row["drift"], false);
}

#[test]
fn a_killed_process_is_dead_with_evidence_and_check_names_it() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n  - {name: b}\n");
    sandbox.start();
    let screen = sandbox.open(&[], 120, 40);
    screen.wait_text("nobody needs you");
    let pid = pane_pid(&sandbox.row("a"));
    let started = Instant::now();
    kill(pid, Signal::KILL);
    screen.wait_until("a is dead on the screen", |text| text.contains("dead") && text.contains("1 needs you"));
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    let row = sandbox.row("a");
    assert!(started.elapsed() < Duration::from_secs(2), "and so does a command: {:?}", started.elapsed());
    assert_eq!(row["readiness"], "dead");
    let evidence = row["evidence"].to_string();
    assert!(evidence.contains("is dead"), "{evidence}");
    let check = sandbox.run(&["--once", "--check"]);
    assert_eq!(check.code, 1);
    assert!(check.stdout.starts_with("a: dead: "), "{}", check.stdout);
    assert_eq!(check.stdout.lines().count(), 1);
}

#[test]
fn the_keeper_records_how_the_process_ended_and_ends_with_its_status() {
    let sandbox = Sandbox::with_agents("  - {name: a, runtime: sh, command: 'echo last words; read x; exit 7'}\n");
    sandbox.start();
    let keeper = keeper_pid(&sandbox, "a");
    sandbox.tmux(&["send-keys", "-t", "=a:", "Enter"]);
    wait_for("the exit record", || sandbox.run_file("a.exit").exists());
    let record: Value = serde_json::from_slice(&fs::read(sandbox.run_file("a.exit")).unwrap()).unwrap();
    assert_eq!(record["exit_status"], 7);
    assert!(record["screen"].as_str().unwrap().contains("last words"));
    wait_for("the keeper's end", || !mosaic_tui::fleet::os::process::is_alive(keeper));
    assert_eq!(sandbox.row("a")["reason"], End::Exited(7).to_string());
}

#[test]
fn a_process_that_a_signal_killed_names_the_signal_and_its_keeper_ends_as_a_shell_would() {
    let sandbox = Sandbox::with_agents(
        "  - {name: a, runtime: cat, command: cat}\n  - {name: b, runtime: sh, command: 'sh -c \"kill -TERM \\$\\$\"; exit $?'}\n",
    );
    sandbox.tmux(&["-f", "/dev/null", "new-session", "-d", "-s", "_holder", "--", "cat"]);
    for (signal, name, code) in [(Signal::KILL, "SIGKILL", 137), (Signal::SEGV, "SIGSEGV", 139)] {
        let mut keeper = sandbox.command(program()).args(["session", "run", "a"]).spawn().unwrap();
        kill(pane_pid(&sandbox.wait_row("a", |row| row["health"] == "healthy")), signal);
        assert_eq!(keeper.wait().unwrap().code(), Some(code));
        let row = sandbox.row("a");
        let killed = End::Killed(signal.as_raw()).to_string();
        assert!(row["reason"] == killed && killed.contains(name), "{row:#}");
        assert_eq!((&row["pane"]["exit_signal"], &row["last_exit"]["signal"]), (&name.into(), &name.into()));
        assert!(row["pane"]["exit_status"].is_null() && row["last_exit"]["words"] == row["reason"], "{row:#}");
        assert!(sandbox.ok(&["fleet", "ps"]).stdout.contains(&killed));
        sandbox.tmux(&["kill-session", "-t", "=a:"]);
        assert_eq!(sandbox.row("a")["reason"], killed, "the record knows it too");
    }
    // It may end before it is looked at, or behind.
    sandbox.run(&["fleet", "start", "b"]);
    let ended = End::Exited(143).to_string();
    assert!(ended.contains("SIGTERM"), "{ended}");
    sandbox.wait_row("b", |row| row["reason"].as_str().is_some_and(|why| why.contains(&ended)));
}

#[test]
fn without_its_keeper_an_agent_turns_stale_after_three_intervals() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n  - {name: b, runtime: cat, command: cat}\n");
    sandbox.start();
    for agent in ["a", "b"] {
        kill(keeper_pid(&sandbox, agent), Signal::KILL);
    }
    let killed = Instant::now();
    for agent in ["a", "b"] {
        let row = sandbox.wait_row(agent, |row| row["readiness"] == "stale");
        assert!(row["heartbeat"]["age_seconds"].as_f64().unwrap() >= 3.0 * INTERVAL);
        assert_eq!(row["process"]["alive"], true, "its process lives: {row:#}");
    }
    assert!(killed.elapsed().as_secs_f64() > 2.0 * INTERVAL, "stale too early");
    // The next keeper adopts the session instead of making a second one.
    let before = pane_pid(&sandbox.row("a"));
    sandbox.start();
    sandbox.wait_row("a", |row| row["health"] == "healthy");
    assert_eq!(pane_pid(&sandbox.row("a")), before);
}

#[test]
fn without_a_heartbeat_file_nothing_is_claimed() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    kill(keeper_pid(&sandbox, "a"), Signal::KILL);
    fs::remove_file(sandbox.run_file("a.hb")).unwrap();
    let row = sandbox.row("a");
    assert_eq!((row["readiness"].as_str(), row["health"].as_str()), (Some("unknown"), Some("unknown")));
    assert_eq!(row["reason"], Reason::NoHeartbeat.to_string());
}

#[test]
fn silence_is_never_stuck_and_available_only_with_a_composer_that_waits() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n  - {name: b, runtime: cat, command: cat}\n");
    sandbox.start();
    // Nothing is known of a screen of cat's.
    for (agent, wanted) in [("a", "available"), ("b", "unknown")] {
        let mut seen = Vec::new();
        wait_for(wanted, || {
            let answer =
                sandbox.run_with(&["agent", "status", agent, "--json"], &[("MOSAIC_HEARTBEAT_IDLE_THRESHOLD", "2")]);
            let state = answer.json()["readiness"].as_str().unwrap().to_owned();
            seen.push(state.clone());
            state == wanted
        });
        assert!(!seen.contains(&"stuck".to_owned()), "{seen:?}");
        assert!(agent == "a" || !seen.contains(&"available".to_owned()), "{seen:?}");
    }
}

#[test]
fn a_question_makes_it_stuck_with_the_question_as_the_reason() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    sandbox.tmux(&["send-keys", "-t", "=a:", "-l", "/ask Really delete it?"]);
    sandbox.tmux(&["send-keys", "-t", "=a:", "Enter"]);
    let row = sandbox.wait_row("a", |row| row["readiness"] == "stuck");
    assert_eq!(row["reason"], "Really delete it?");
    assert_eq!(row["heartbeat"]["by"], "runtime");
    let explained = sandbox.ok(&["agent", "explain", "a"]).stdout;
    for part in ["stuck", "Really delete it?", "rule", "would change", "tmux", "heartbeat", "systemd"] {
        assert!(explained.contains(part), "{part} in {explained}");
    }
    sandbox.tmux(&["send-keys", "-t", "=a:", "-l", "no"]);
    sandbox.tmux(&["send-keys", "-t", "=a:", "Enter"]);
    sandbox.wait_row("a", |row| is_well(row["readiness"].as_str().unwrap()));
}

#[test]
fn a_hung_runtime_that_promised_reports_turns_stale() {
    let sandbox = Sandbox::with_agents("  - {name: a, env: {MOSAIC_STUB_SCRIPT: 'rest 0.5; hang'}}\n");
    sandbox.start();
    let row = sandbox.wait_row("a", |row| row["readiness"] == "stale");
    assert_eq!(row["process"]["alive"], true);
}

#[test]
fn drift_is_seen_even_behind_one_interpreter() {
    let sandbox = Sandbox::new();
    // Two programs that both show as `node`: the script's path tells them apart.
    let packages = sandbox.root.join("w/node_modules");
    let script = |package: &str| {
        let folder = packages.join(package);
        fs::create_dir_all(&folder).unwrap();
        let file = folder.join("cli.js");
        fs::write(&file, "sleep 1000\n").unwrap();
        format!("exec bash -c \"exec -a node bash {}\"", file.display())
    };
    let pi = script("@mariozechner/pi-coding-agent");
    let codex = script("@openai/codex");
    sandbox.write_agents(&format!(
        "  - {{name: right, runtime: pi, command: '{pi}'}}\n  - {{name: wrong, runtime: pi, command: '{codex}'}}\n  - {{name: cat, runtime: pi, command: cat}}\n"
    ));
    sandbox.start();
    for (agent, drift) in [("right", false), ("wrong", true), ("cat", true)] {
        let row = sandbox
            .wait_row(agent, |row| row["drift"] == drift && (agent == "cat" || row["process"]["argv0"] == "node"));
        assert_eq!(row["flags"].as_array().unwrap().iter().any(|flag| flag == "drift"), drift, "{row:#}");
    }
}

#[test]
fn sessions_made_by_hand_are_shown_and_viewers_are_not() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    for session in ["by hand", "a-watch-123"] {
        sandbox.tmux(&["new-session", "-d", "-s", session, "--", "cat"]);
    }
    let rows = sandbox.rows();
    let names: Vec<&str> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "by hand"]);
    assert_eq!(rows[1]["managed"], false);
    assert!(rows[1]["tenant_id"].is_string() && rows[1]["host"].is_string());
}

#[test]
fn an_operator_who_splits_the_window_does_not_hide_the_agent() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let own = sandbox.row("a")["pane"]["id"].clone();
    sandbox.tmux(&["split-window", "-b", "-t", "=a:", "--", "cat"]);
    let row = sandbox.row("a");
    assert_eq!(row["pane"]["id"], own);
    assert!(row["flags"].to_string().contains("extra_panes"));
}

#[test]
fn the_users_own_tmux_configuration_does_not_matter() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let hostile = "set -g base-index 1\nset -g pane-base-index 1\nset -g default-command 'sleep 1'\n\
                   set -g remain-on-exit off\nset -g status 3\nset -g mouse on\nset -g window-size smallest\n\
                   set -g aggressive-resize on\n";
    fs::write(sandbox.root.join("h/.tmux.conf"), hostile).unwrap();
    sandbox.start();
    let row = sandbox.row("a");
    assert_eq!((row["pane"]["width"].as_u64(), row["pane"]["height"].as_u64()), (Some(200), Some(50)));
    assert_eq!(row["health"], "healthy");
    assert_eq!(sandbox.tmux(&["show-options", "-gv", "base-index"]), "0");
}

#[test]
fn the_same_holds_when_the_server_was_started_with_that_configuration() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let hostile = "set -g base-index 1\nset -g default-command 'sleep 1'\nset -g remain-on-exit off\nset -g status 3\n\
                   set -g window-size smallest\n";
    fs::write(sandbox.root.join("h/.tmux.conf"), hostile).unwrap();
    sandbox.tmux(&["new-session", "-d", "-s", "mine", "--", "cat"]);
    assert_eq!(sandbox.tmux(&["show-options", "-gv", "base-index"]), "1");
    sandbox.start();
    let row = sandbox.row("a");
    assert_eq!((row["pane"]["width"].as_u64(), row["pane"]["height"].as_u64()), (Some(200), Some(50)));
    kill(pane_pid(&row), Signal::KILL);
    sandbox.wait_row("a", |row| row["pane"]["dead"] == true);
}

#[test]
fn a_tiny_client_does_not_make_a_new_session_tiny() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.tmux(&["-f", "/dev/null", "new-session", "-d", "-s", "_holder", "--", "sleep", "1000"]);
    let env = sandbox.env();
    let _tiny = crate::harness::Pty::spawn("tmux", &["-L", "it", "attach"], &env, &sandbox.root, 2, 2);
    wait_for("the tiny client", || !sandbox.tmux(&["list-clients"]).is_empty());
    sandbox.start();
    let row = sandbox.row("a");
    assert_eq!((row["pane"]["width"].as_u64(), row["pane"]["height"].as_u64()), (Some(200), Some(50)));
}

#[test]
fn the_pane_gets_its_environment_and_its_path() {
    let sandbox = Sandbox::with_agents(
        "  - {name: a.b, runtime: sh, class: code, command: 'env > env.tmp; mv env.tmp env.txt; exec cat', env: {FROM_ROSTER: r, BOTH: r}}\n",
    );
    let local = sandbox.root.join("h/.local/bin");
    fs::create_dir_all(&local).unwrap();
    fs::create_dir_all(sandbox.home().join("fleet/agents")).unwrap();
    fs::write(sandbox.home().join("fleet/agents/a.b.env"), "BOTH=\"from file\"\nEMPTY=\n").unwrap();
    sandbox.start();
    let path = sandbox.root.join("w/env.txt");
    wait_for("env.txt", || path.exists());
    let text = fs::read_to_string(&path).unwrap();
    for line in [
        "MOSAIC_AGENT_NAME=a.b",
        "MOSAIC_AGENT_CLASS=code",
        "MOSAIC_AGENT_RUNTIME=sh",
        "MOSAIC_TMUX_SOCKET=it",
        "FROM_ROSTER=r",
        "BOTH=from file",
        "EMPTY=",
    ] {
        assert!(text.lines().any(|l| l == line), "{line} in {text}");
    }
    let path = text.lines().find_map(|line| line.strip_prefix("PATH=")).unwrap();
    let at =
        |folder: &str| path.split(':').position(|part| part == folder).unwrap_or_else(|| panic!("{folder} in {path}"));
    assert!(at(&local.display().to_string()) < at("/usr/bin"), "{path}");
    assert_eq!(sandbox.row("a.b")["session"], "a_b");
}

#[test]
fn two_keepers_of_one_agent_cannot_be() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let second = sandbox.run(&["session", "run", "a"]);
    assert_eq!(second.code, 4, "{second:?}");
    assert!(second.stderr.contains("already has a keeper (pid "), "{second:?}");
    assert_eq!(sandbox.ok(&["fleet", "start"]).stdout.trim(), "a: already running");
    assert_eq!(sandbox.tmux(&["list-sessions", "-F", "#{session_name}"]), "_holder\na");
}

#[test]
fn stop_takes_the_whole_process_tree_and_leaves_the_others() {
    let sandbox = Sandbox::with_agents(
        "  - {name: a, runtime: sh, command: 'trap \"\" HUP TERM; sleep 1000 & while :; do wait; done'}\n  - {name: b}\n",
    );
    sandbox.start();
    let row = sandbox.wait_row("a", |row| row["process"]["descendants"].as_u64() >= Some(1));
    let other = pane_pid(&sandbox.row("b"));
    assert_eq!(sandbox.ok(&["fleet", "stop", "a"]).stdout.trim(), "a: stopped");
    assert!(!mosaic_tui::fleet::os::process::is_alive(pane_pid(&row)));
    assert_eq!(pane_pid(&sandbox.row("b")), other);
    let stopped = sandbox.row("a");
    assert_eq!((&stopped["readiness"], &stopped["flags"]), (&"dead".into(), &json!(["stopped"])));
    // For people it has a word of its own, the same everywhere.
    for (words, at) in [(&["fleet", "ps"][..], 0), (&["fleet", "status"], 1), (&["--once"], 0)] {
        let text = sandbox.run(words).stdout;
        let row = text.lines().find(|line| line.split_whitespace().nth(1 - at) == Some("a"));
        let state = row.and_then(|row| row.split_whitespace().nth(at));
        assert_eq!(state, Some("stopped"), "{words:?}: {text}");
    }
    assert!(sandbox.ok(&["--once"]).stdout.contains("1 stopped"));
    assert_eq!(sandbox.ok(&["fleet", "stop", "a"]).stdout.trim(), "a: not running");
}

#[test]
fn a_runtimes_hooks_speak_for_it_from_inside_its_pane_only() {
    let sandbox = Sandbox::with_agents("  - {name: a, runtime: bash, command: 'bash --norc --noprofile'}\n");
    sandbox.start();
    let outside = sandbox.run_with(&["session", "report", "--status", "busy"], &[("MOSAIC_AGENT_NAME", "a")]);
    assert!(outside.code == 4 && outside.stderr.contains("does not run in that agent's pane"), "{outside:?}");
    let hook = |event: &str, how: &str| {
        let line = match how {
            "stdin" => format!("echo '{event}' | {} session report --hook claude", program()),
            _ => format!("{} session report --hook codex '{event}'", program()),
        };
        sandbox.tmux(&["send-keys", "-t", "=a:", "-l", &line]);
        sandbox.tmux(&["send-keys", "-t", "=a:", "Enter"]);
    };
    hook(r#"{"hook_event_name": "UserPromptSubmit"}"#, "stdin");
    sandbox.wait_row("a", |row| row["heartbeat"]["status"] == "busy" && row["heartbeat"]["by"] == "runtime");
    hook(r#"{"hook_event_name": "Notification", "message": "May I?"}"#, "stdin");
    sandbox.wait_row("a", |row| row["readiness"] == "stuck" && row["reason"] == "May I?");
    hook(r#"{"type": "agent-turn-complete"}"#, "argument");
    sandbox.wait_row("a", |row| row["heartbeat"]["status"] == "ok" && is_well(row["readiness"].as_str().unwrap()));
}

#[test]
fn an_environment_reaches_the_pane_whatever_it_holds_and_however_long_it_is() {
    let sandbox = Sandbox::with_agents("  - {name: a, runtime: sh, command: 'env -0 > env; exec cat'}\n");
    let agents = sandbox.home().join("fleet/agents");
    fs::create_dir_all(&agents).unwrap();
    let long = "x".repeat(60_000);
    let odd = "it's $HOME; #{pane_id} \"q\" \\ % ~ {a}";
    let escaped = odd.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
    fs::write(agents.join("a.env"), format!("LONG={long}\nODD=\"{escaped}\"\nLINES2=\"one\ntwo\"\n")).unwrap();
    sandbox.start();
    let file = sandbox.root.join("w/env");
    wait_for("the environment", || fs::metadata(&file).is_ok_and(|meta| meta.len() > 60_000));
    let text = fs::read_to_string(&file).unwrap();
    let value =
        |name: &str| text.split('\0').find_map(|entry| entry.strip_prefix(&format!("{name}="))).map(str::to_owned);
    assert_eq!(value("LONG").map(|value| value.len()), Some(60_000));
    assert_eq!(value("ODD").as_deref(), Some(odd));
    assert_eq!(value("LINES2").as_deref(), Some("one\ntwo"));
}

#[test]
fn a_folder_and_a_command_are_taken_as_they_are_written() {
    let sandbox = Sandbox::new();
    let root = sandbox.root.join("w");
    let folder = root.join("C#Sharp #{pid} #(touch run-by-tmux)");
    sandbox.write_roster(&format!(
        "version: 1\ntmux: {{socket_name: it}}\nagents:\n  - {{name: a, runtime: cat, working_directory: '{}', command: exec cat}}\n",
        folder.display()
    ));
    sandbox.start();
    let row = sandbox.row("a");
    let pid = row["pane"]["pid"].as_u64().unwrap();
    assert_eq!(std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap(), folder);
    assert!(mosaic_tui::fleet::os::process::argv(u32::try_from(pid).unwrap()).is_some_and(|argv| argv == ["cat"]));
    for place in [&root, &folder] {
        assert!(!place.join("run-by-tmux").exists());
    }
}
