//! What is said of an agent is what is so: the kernel's word goes before pictures and silence.

use mosaic_tui::fleet::readiness::Reason;
use rustix::process::Signal;

use crate::harness::{Sandbox, is_well, kill, program};

fn pid_of(row: &serde_json::Value) -> u32 {
    u32::try_from(row["pane"]["pid"].as_u64().unwrap()).unwrap()
}

#[test]
fn a_shell_that_came_back_is_no_agent_and_gets_no_message() {
    let sandbox = Sandbox::with_agents(&format!(
        "  - {{name: a, command: '{} stub-agent; exec bash --norc', env: {{MOSAIC_STUB_SCRIPT: 'rest 2; die 0', PS1: 'shell> '}}}}\n",
        program()
    ));
    sandbox.start();
    let row = sandbox.wait_row("a", |row| row["readiness"] == "dead");
    assert_eq!(row["reason"], Reason::ShellOnly("bash").to_string());
    let sent = sandbox.run(&["agent", "send", "a", "-m", "touch typed-into-a-shell", "--json"]);
    assert_eq!((sent.code, sent.json()["delivery"].as_str()), (1, Some("dead")), "{sent:?}");
    let blind = sandbox.run(&["agent", "send", "a", "-m", "touch typed-into-a-shell", "--no-verify", "--json"]);
    assert_eq!((blind.code, blind.json()["delivery"].as_str()), (1, Some("dead")), "{blind:?}");
    assert!(!sandbox.ok(&["agent", "tail", "a"]).stdout.contains("typed-into-a-shell"));
    assert!(!sandbox.root.join("w/typed-into-a-shell").exists());
    let before = pid_of(&row);
    sandbox.ok(&["fleet", "recover", "--apply"]);
    sandbox.wait_row("a", |row| is_well(row["readiness"].as_str().unwrap()) && pid_of(row) != before);
}

#[test]
fn a_program_that_keeps_a_shell_below_it_lives() {
    // Nothing of it is known by name, and its shell waits for the next command.
    let agent = "$| = 1; open(my $shell, '|-', '/bin/bash'); while (1) { print \"at work\\n\"; select(undef, undef, undef, 0.3) }\n";
    let sandbox = Sandbox::with_agents("  - {name: g, runtime: goose, command: perl agent.pl}\n");
    std::fs::write(sandbox.root.join("w/agent.pl"), agent).unwrap();
    sandbox.start();
    let row = sandbox.wait_row("g", |row| row["process"]["descendants"].as_u64() >= Some(1));
    assert_eq!((row["readiness"].as_str(), row["drift"].as_bool()), (Some("working"), Some(true)), "{row:#}");
    let before = pid_of(&row);
    let recovered = sandbox.ok(&["fleet", "recover", "--apply"]);
    assert!(recovered.stdout.contains("nobody is down"), "{recovered:?}");
    assert_eq!(pid_of(&sandbox.row("g")), before);
    // A shell that reads the pane's own keys gets nothing, whoever stands above it.
    let sandbox =
        Sandbox::with_agents("  - {name: g, runtime: goose, command: timeout --foreground 1000 bash --norc}\n");
    sandbox.start();
    sandbox.wait_row("g", |row| row["process"]["descendants"].as_u64() >= Some(1));
    let blind = sandbox.run(&["agent", "send", "g", "-m", "touch typed-into-a-shell", "--no-verify", "--json"]);
    assert_eq!((blind.code, blind.json()["delivery"].as_str()), (1, Some("dead")), "{blind:?}");
    assert!(!sandbox.root.join("w/typed-into-a-shell").exists());
}

#[test]
fn a_stopped_process_is_stuck_whatever_its_screen_shows() {
    // tmux continues a pane's own process by itself; most runtimes are children of a wrapper.
    let sandbox = Sandbox::with_agents(&format!("  - {{name: a, command: '{} stub-agent; true'}}\n", program()));
    sandbox.start();
    sandbox.wait_row("a", |row| is_well(row["readiness"].as_str().unwrap()));
    let is_stub = |pid: &u32| {
        mosaic_tui::fleet::os::process::argv(*pid)
            .is_some_and(|argv| argv.get(1).is_some_and(|word| word == "stub-agent"))
    };
    let stub = sandbox.pids().into_iter().find(is_stub).unwrap();
    kill(stub, Signal::STOP);
    let stuck = sandbox.wait_row("a", |row| row["readiness"] == "stuck");
    assert_eq!(stuck["reason"], Reason::ProcessStopped.to_string(), "{stuck:#}");
    kill(stub, Signal::CONT);
    sandbox.wait_row("a", |row| is_well(row["readiness"].as_str().unwrap()));
}

#[test]
fn without_rules_and_reports_nothing_is_ever_available() {
    // Of the second one rules exist, and its screen shows nothing of theirs.
    let sandbox = Sandbox::with_agents(
        "  - {name: a, runtime: aider, command: \"bash -c 'exec -a aider cat'\"}\n  \
         - {name: b, runtime: claude, command: \"bash -c 'exec -a claude cat'\"}\n",
    );
    let env = [("MOSAIC_HEARTBEAT_IDLE_THRESHOLD", "1")];
    assert_eq!(sandbox.run_with(&["fleet", "start"], &env).code, 0);
    let mut seen = Vec::new();
    crate::harness::wait_for("a silent agent that is unknown", || {
        let rows = sandbox.run_with(&["fleet", "ps", "--json"], &env).json();
        let now = [0, 1].map(|at| rows[at]["readiness"].as_str().unwrap().to_owned());
        seen.extend(now.clone());
        now.iter().all(|readiness| readiness == "unknown")
    });
    assert!(!seen.contains(&"available".to_owned()), "{seen:?}");
}

#[test]
fn no_enter_is_pressed_where_nothing_tells_that_no_question_is_open() {
    // What a real one does: Enter at its question runs the command.
    let script = "#!/bin/sh\nprintf 'run it? [Y/n] '\nread answer\ntouch ran\ncat\n";
    let sandbox = Sandbox::with_agents("  - {name: a, runtime: aider, command: ./aider}\n");
    let program = sandbox.root.join("w/aider");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    sandbox.start();
    let send = || sandbox.run(&["agent", "send", "a", "-m", "hello", "--no-verify", "--json"]);
    let refused = send();
    assert_eq!((refused.code, &refused.json()["refusal"]), (4, &"no_report".into()), "{refused:?}");
    assert_eq!(refused.json()["delivery"], "refused");
    let report = |status: &str| {
        let pid = sandbox.row("a")["pane"]["pid"].clone();
        let folder = sandbox.run_file("a.d");
        std::fs::create_dir_all(&folder).unwrap();
        let text = format!("ts={}\npid={pid}\nstatus={status}\nby=runtime\n", jiff::Timestamp::now());
        std::fs::write(folder.join("new"), text).unwrap();
        std::fs::rename(folder.join("new"), folder.join("report")).unwrap();
        sandbox.wait_row("a", |row| row["heartbeat"]["by"] == "runtime" && row["heartbeat"]["status"] == status);
    };
    report("waiting");
    let refused = send();
    assert_eq!((refused.code, &refused.json()["refusal"]), (4, &"blocked_by_prompt".into()), "{refused:?}");
    report("busy");
    let refused = send();
    assert_eq!((refused.code, &refused.json()["refusal"]), (4, &"busy".into()), "{refused:?}");
    assert!(!sandbox.root.join("w/ran").exists());
    report("ok");
    assert_eq!(send().json()["delivery"], "sent");
}

#[test]
fn a_shell_in_front_of_a_runtime_in_the_background_gets_no_message() {
    let sandbox = Sandbox::with_agents("  - {name: a, command: bash --norc -i, env: {PS1: 'shell> '}}\n");
    sandbox.start();
    sandbox.tmux(&["send-keys", "-t", "=a:", "-l", &format!("{} stub-agent", program())]);
    sandbox.tmux(&["send-keys", "-t", "=a:", "Enter"]);
    let shown = |word: &str| sandbox.tmux(&["capture-pane", "-p", "-t", "=a:"]).contains(word);
    crate::harness::wait_for("the stub", || shown("type a message"));
    let is_stub = |pid: &u32| {
        mosaic_tui::fleet::os::process::argv(*pid)
            .is_some_and(|argv| argv.get(1).is_some_and(|word| word == "stub-agent"))
    };
    let stub = sandbox.pids().into_iter().find(is_stub).unwrap();
    kill(stub, Signal::STOP);
    crate::harness::wait_for("the shell in front", || sandbox.row("a")["pane"]["command"] == "bash");
    for more in [&[][..], &["--force"], &["--no-verify"]] {
        let sent = sandbox.run(&[&["agent", "send", "a", "--json", "-m", "touch typed-into-a-shell"], more].concat());
        assert_eq!((sent.code, sent.json()["delivery"].as_str()), (1, Some("dead")), "{more:?}: {sent:?}");
    }
    assert!(!shown("typed-into-a-shell") && !sandbox.root.join("w/typed-into-a-shell").exists());
}
