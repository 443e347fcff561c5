//! The demo: a fleet in every state, and nothing left of it.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Sandbox, answer, kill, program, wait_for};

/// Variables that a headless demo exports.
fn exports(text: &str) -> Vec<(String, String)> {
    text.lines()
        .filter_map(|line| line.strip_prefix("export ")?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.trim_matches('\'').to_owned()))
        .collect()
}

fn leftovers(sandbox: &Sandbox) -> Vec<String> {
    let mut left: Vec<String> = sandbox
        .pids()
        .iter()
        .filter_map(|pid| Some(format!("{pid}: {}", mosaic_tui::fleet::os::process::argv(*pid)?.join(" "))))
        .collect();
    for folder in ["tmp", "t"] {
        for entry in fs::read_dir(sandbox.root.join(folder)).unwrap().flatten() {
            if entry.file_name().to_string_lossy().starts_with("tmux-") {
                left.extend(fs::read_dir(entry.path()).unwrap().flatten().map(|e| e.path().display().to_string()));
            } else {
                left.push(entry.path().display().to_string());
            }
        }
    }
    left
}

#[test]
fn a_headless_demo_can_be_used_from_another_shell_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    let demo = sandbox.ok(&["demo", "--headless", "--agents", "20"]);
    let env = exports(&demo.stdout);
    let run = |args: &[&str]| answer(sandbox.command(program()).args(args).envs(env.clone()));
    let socket = env.iter().find(|(name, _)| name == "MOSAIC_TMUX_SOCKET").unwrap().1.clone();
    let made = answer(sandbox.command("tmux").args(["-L", &socket, "new-session", "-d", "-s", "hand", "--", "cat"]));
    assert_eq!(made.code, 0, "{made:?}");
    let rows = run(&["fleet", "ps", "--json"]).json();
    let rows: Vec<&Value> = rows.as_array().unwrap().iter().collect();
    assert_eq!(rows.iter().filter(|row| row["managed"] == true).count(), 20);
    let unmanaged: Vec<_> = rows.iter().filter(|row| row["managed"] == false).collect();
    assert_eq!((unmanaged.len(), unmanaged[0]["name"].as_str()), (1, Some("hand")));
    wait_for("a question and a death", || {
        let check = run(&["--once", "--check"]).stdout;
        check.contains("stuck: Apply the migration")
            && check.contains("dead: exited with status 3")
            && check.contains("drift")
    });
    let stopped = run(&["demo", "--stop"]);
    assert_eq!(stopped.code, 0, "{stopped:?}");
    assert_eq!(leftovers(&sandbox), Vec::<String>::new());
    assert_eq!(run(&["demo", "--stop"]).code, 3);
}

#[test]
fn a_demo_is_found_by_its_home_whatever_the_temporary_folder_of_the_shell() {
    let sandbox = Sandbox::new();
    for tmpdir in ["", ".", "tmp"] {
        // Not in the folder that the shell happens to be in.
        let demo = sandbox.run_with(&["demo", "--headless", "--agents", "1"], &[("TMPDIR", tmpdir)]);
        assert_eq!(demo.code, 0, "{tmpdir:?}: {demo:?}");
        let env = exports(&demo.stdout);
        let home = &env.iter().find(|(name, _)| name == "MOSAIC_HOME").unwrap().1;
        assert!(home.starts_with("/tmp/mosaic-demo-"), "{tmpdir:?}: {home}");
        // Another shell has another one.
        let stopped = answer(sandbox.command(program()).args(["demo", "--stop"]).envs(env.clone()));
        assert_eq!(stopped.code, 0, "{tmpdir:?}: {stopped:?}");
        assert!(!std::path::Path::new(home).exists(), "{home}");
        assert_eq!(fs::read_dir(sandbox.root.join("w")).unwrap().count(), 0, "nothing in the shell's folder");
    }
    assert_eq!(leftovers(&sandbox), Vec::<String>::new());
}

#[test]
fn after_everything_was_killed_the_next_demo_sweeps() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["demo", "--headless", "--agents", "4"]);
    // Everything at once: keepers, stubs, the tmux server.
    for pid in sandbox.pids() {
        kill(pid, Signal::KILL);
    }
    wait_for("all killed", || sandbox.pids().is_empty());
    assert!(!leftovers(&sandbox).is_empty());
    sandbox.ok(&["demo", "--headless", "--agents", "1"]);
    let folders = fs::read_dir(sandbox.root.join("tmp"))
        .unwrap()
        .flatten()
        .flat_map(|e| fs::read_dir(e.path()).unwrap().flatten());
    assert_eq!(folders.count(), 1, "the killed demo's folder is gone");
    sandbox.ok(&["demo", "--stop"]);
    assert_eq!(leftovers(&sandbox), Vec::<String>::new());
}

#[test]
fn an_interactive_demo_ends_with_its_dashboard() {
    let sandbox = Sandbox::new();
    for leave in ["q", "\x03"] {
        let mut screen = sandbox.open(&["demo"], 120, 40);
        screen.wait_until("every state", |text| {
            ["stuck", "dead", "drift", "working"].iter().all(|state| text.contains(state))
        });
        screen.send(leave);
        assert_eq!(screen.wait_exit(), 0);
        assert!(screen.screen().contains("nothing of it is left"), "{}", screen.screen());
        assert_eq!(leftovers(&sandbox), Vec::<String>::new());
    }
}

#[test]
fn a_killed_interactive_demo_is_swept_by_the_next() {
    let sandbox = Sandbox::new();
    let mut screen = sandbox.open(&["demo", "--agents", "2"], 120, 40);
    screen.wait_text("orchestrator");
    kill(screen.pid(), Signal::KILL);
    screen.wait_exit();
    let mut screen = sandbox.open(&["demo", "--agents", "2"], 120, 40);
    screen.wait_text("orchestrator");
    kill(screen.pid(), Signal::TERM);
    screen.wait_exit();
    assert_eq!(leftovers(&sandbox), Vec::<String>::new());
}

/// Folder of the sandbox's demos.
fn demos(sandbox: &Sandbox) -> std::path::PathBuf {
    let mut folders = fs::read_dir(sandbox.root.join("tmp")).unwrap().flatten().map(|entry| entry.path());
    folders.find(|path| path.file_name().unwrap().to_string_lossy().starts_with("mosaic-demo-")).unwrap()
}

#[test]
fn a_demo_that_cannot_be_taken_away_costs_no_other_one() {
    let sandbox = Sandbox::new();
    let exports = exports(&sandbox.ok(&["demo", "--headless", "--agents", "1"]).stdout);
    let ps = || answer(sandbox.command(program()).args(["fleet", "ps", "--json"]).envs(exports.clone()));
    // Dead ones, whose sockets no `rm` takes away. Several: in which order a folder is read nobody knows.
    let stuck: Vec<_> = (0..8).map(|n| demos(&sandbox).join(format!("dead{n}"))).collect();
    for folder in &stuck {
        fs::create_dir_all(folder.join("socket/full")).unwrap();
        // No process has such a number.
        let record = serde_json::json!({
            "pid": 4_194_305, "start_ticks": 1, "headless": true, "socket": "none", "socket_path": folder.join("socket"),
        });
        fs::write(folder.join("demo.json"), record.to_string()).unwrap();
    }
    let refused = sandbox.run(&["demo", "--headless", "--agents", "1"]);
    assert!(refused.code == 1 && refused.stderr.contains("demo folder"), "{refused:?}");
    assert_eq!(ps().json()[0]["process"]["alive"], true, "{:?}", ps());
    // All that can be ended are, and the others are named.
    let stopped = sandbox.run(&["demo", "--stop"]);
    assert!(stopped.code == 1 && stopped.stdout.contains("ended"), "{stopped:?}");
    assert!(stopped.stderr.contains("dead"), "{stopped:?}");
    assert!(sandbox.pids().is_empty());
    for folder in stuck {
        fs::remove_dir_all(folder.join("socket")).unwrap();
    }
    assert_eq!(sandbox.run(&["demo", "--stop"]).code, 3, "swept now");
    assert_eq!(leftovers(&sandbox), Vec::<String>::new());
}

#[test]
fn a_demo_lives_on_where_tmux_takes_another_folder_than_the_variable_says() {
    /// What a failing test leaves is in the folder of all.
    struct Ends(Sandbox);
    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.run(&["demo", "--stop"]);
        }
    }
    let ends = Ends(Sandbox::new());
    let sandbox = &ends.0;
    for folder in ["", "/nowhere/at/all"] {
        let demo = sandbox.run_with(&["demo", "--headless", "--agents", "1"], &[("TMUX_TMPDIR", folder)]);
        assert_eq!(demo.code, 0, "{folder}: {demo:?}");
        // The next one sweeps what looks dead.
        sandbox.ok(&["demo", "--headless", "--agents", "1"]);
        let rows = answer(sandbox.command(program()).args(["fleet", "ps", "--json"]).envs(exports(&demo.stdout)));
        assert_eq!(rows.json()[0]["process"]["alive"], true, "{folder}: {rows:?}");
        let ended = sandbox.ok(&["demo", "--stop"]);
        assert_eq!(ended.stdout.matches("ended").count(), 2, "{ended:?}");
    }
    let refused = sandbox.run_with(&["demo", "--headless"], &[("TMUX_TMPDIR", "run")]);
    assert!(refused.code == 2 && refused.stderr.contains("every working directory"), "{refused:?}");
    assert_eq!(leftovers(sandbox), Vec::<String>::new());
}

#[test]
fn what_a_demo_shows_for_a_shell_is_quoted_for_one() {
    let sandbox = Sandbox::new();
    let folder = sandbox.root.join("tmp/it's here");
    fs::create_dir(&folder).unwrap();
    let mut screen = sandbox.open_with(&["demo", "--agents", "1"], &[("TMPDIR", folder.to_str().unwrap())], 200, 50);
    screen.wait_text("orchestrator");
    screen.send(":fleet ps");
    screen.wait_text("in a shell: MOSAIC_HOME='");
    screen.send("\x1b");
    screen.wait_until("the palette is closed", |text| !text.contains("in a shell:"));
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn a_factory_brings_three_goals_to_its_main_branch_by_itself_and_leaves_nothing() {
    let sandbox = Sandbox::new();
    let demo = sandbox.ok(&["demo", "--factory", "--headless"]);
    let env = exports(&demo.stdout);
    let run = |args: &[&str]| answer(sandbox.command(program()).args(args).envs(env.clone()));
    let home = &env.iter().find(|(name, _)| name == "MOSAIC_HOME").unwrap().1;
    let work = std::path::Path::new(home).with_file_name("work");
    let git = |args: &[&str]| answer(sandbox.command("git").arg("-C").arg(&work).args(args)).stdout;
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(120);
    while git(&["log", "--format=%s", "main"]).lines().count() < 4 {
        assert!(std::time::Instant::now() < deadline, "{}", run(&["events"]).stdout);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let history = git(&["log", "--format=%B", "main"]);
    for goal in ["G1", "G2", "G3"] {
        assert!(
            history.contains(&format!("Card: {goal}-1\n")) && history.contains("Reviewed-by: review\n"),
            "{history}"
        );
    }
    wait_for("every card done", || {
        let cards = run(&["backlog", "list", "--json"]).json();
        cards.as_array().unwrap().iter().all(|card| card["status"] == "done")
    });
    let events = run(&["events", "--kind", "gate"]).stdout;
    assert_eq!(
        events.lines().filter(|line| line.contains("CI of code/G") && line.contains("good")).count(),
        3,
        "{events}"
    );
    // Every step of every card is in the history: who got it and why, what was told, reviewed, tested, merged, done.
    let printed = run(&["events", "--json"]).stdout;
    let all: Vec<serde_json::Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for goal in ["G1", "G2", "G3"] {
        let card = format!("{goal}-1");
        let has = |kind: &str, card: &str, words: &str| {
            let is = |event: &&serde_json::Value| event["kind"] == kind && event.to_string().contains(words);
            all.iter().filter(is).any(|event| event["card"] == card || event.to_string().contains(card))
        };
        for (kind, card, words) in [
            ("card", goal, "created"),
            ("decision", goal, "to planner"),
            ("card", goal, "completed"),
            ("card", &*card, "created"),
            ("decision", &*card, "to code"),
            ("card", &*card, "claimed"),
            ("decision", &*card, "to review"),
            ("gate", &*card, "approve"),
            ("decision", &*card, "to gate"),
            ("gate", &*card, "CI of"),
            ("gate", &*card, "merge"),
            ("card", &*card, "completed"),
        ] {
            assert!(has(kind, card, words), "no {kind} of {card} with {words}: {printed}");
        }
    }
    assert!(all.iter().filter(|event| event["kind"] == "send").count() >= 12, "a brief for each step: {printed}");
    assert_eq!(run(&["demo", "--stop"]).code, 0);
    assert_eq!(leftovers(&sandbox), Vec::<String>::new());
}
