//! What the program advises helps in the case in which it is said.

use std::fs;

use mosaic_tui::fleet::session::keeper_pid;
use rustix::process::Signal;

use crate::harness::{Answer, Sandbox, answer, is_well, kill, program, wait_for};

fn into(sandbox: &Sandbox, args: &[&str], redirected: &str) -> Answer {
    let line = format!("exec \"$0\" \"$@\" {redirected}");
    answer(sandbox.command("sh").args(["-c", &line, program()]).args(args))
}

#[test]
fn an_agent_whose_keeper_alone_was_ended_is_brought_back_by_what_is_said() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n  - {name: b}\n");
    sandbox.start();
    let lock = sandbox.run_file("a.lock");
    kill(keeper_pid(&lock).unwrap(), Signal::KILL);
    wait_for("the keeper's end", || keeper_pid(&lock).is_none());
    let advice = "`mosaic-tui fleet start a` gives it another, and stops nothing";
    let recover = sandbox.ok(&["fleet", "recover"]).stdout;
    assert!(recover.contains("a: lives, and its keeper is gone") && recover.contains(advice), "{recover}");
    assert!(!recover.contains("b:"), "{recover}");
    let verify = sandbox.run(&["fleet", "verify"]);
    assert!(verify.code == 1 && verify.stdout.contains(advice), "{verify:?}");
    let before = sandbox.row("a")["pane"]["pid"].clone();
    sandbox.ok(&["fleet", "start", "a"]);
    wait_for("another keeper", || keeper_pid(&lock).is_some());
    assert_eq!(sandbox.row("a")["pane"]["pid"], before, "nothing was stopped");
    assert_eq!(sandbox.ok(&["fleet", "recover"]).stdout, "nobody is down\n");
}

#[test]
fn verify_gives_one_advice_to_a_fault_and_none_that_cannot_be_followed() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let boot = sandbox.run(&["fleet", "verify"]).stdout;
    let boot = boot.lines().find(|line| line.contains(" boot ")).unwrap().to_owned();
    assert!(!boot.contains("fleet install") && boot.contains("fleet doctor"), "no user manager is here: {boot}");
    let socket = sandbox.tmux(&["display-message", "-p", "#{socket_path}"]);
    fs::remove_file(socket).unwrap();
    let told = sandbox.run(&["fleet", "verify"]);
    let lost: Vec<&str> = told.stdout.lines().filter(|line| line.contains("cannot be reached")).collect();
    assert!(told.code == 1 && !lost.is_empty(), "{told:?}");
    for line in lost {
        assert_eq!(line.matches("`mosaic-tui ").count(), 1, "{line}");
    }
    sandbox.start();
    wait_for("reached again", || is_well(sandbox.row("a")["readiness"].as_str().unwrap()));
}

#[test]
fn a_takeover_of_nobody_is_not_explained() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_text("no tmux server");
    screen.send(":agent attach nosuch\r");
    let told = screen.wait_until("an answer", |text| text.contains("nosuch") && text.contains("failed"));
    assert!(told.contains("roster") && !told.contains("agent explain"), "{told}");
    screen.close("failed");
    screen.send(":agent tail a --follow\r");
    screen.wait_text("--follow needs a terminal to itself");
    screen.close("--follow needs");
    // What is set in stays set in.
    screen.send(":fleet schema\r");
    screen.wait_text("  \"$schema\"");
}

#[test]
fn an_import_is_advised_as_one() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["backlog", "create", "--id", "A1", "--title", "one"]);
    let export = sandbox.ok(&["backlog", "export"]).stdout;
    let file = sandbox.root.join("w/export");
    fs::write(&file, &export).unwrap();
    let again = sandbox.run(&["backlog", "import", file.to_str().unwrap()]);
    assert!(again.code == 4 && again.stderr.contains("take it out of the file"), "{again:?}");
    assert!(!again.stderr.contains("idempotency-key`"), "{again:?}");
    fs::write(&file, export.replace("\"title\":\"one\"", &format!("\"title\":\"{}\"", "x".repeat(501)))).unwrap();
    let long = sandbox.run(&["backlog", "import", file.to_str().unwrap()]);
    assert!(long.code == 2 && long.stderr.contains("has 501 characters"), "{long:?}");
    assert!(!long.stderr.contains("the rest into the body") && long.stderr.contains("correct the file"), "{long:?}");
}

#[test]
fn an_answer_in_json_that_could_not_be_printed_is_rescued_as_json() {
    let sandbox = Sandbox::new();
    sandbox.ok(&["backlog", "create", "--id", "A1", "--title", "one"]);
    let lost = into(&sandbox, &["backlog", "claim", "--owner", "x", "--json"], "> /dev/full");
    let (_, rescued) = lost.stderr.split_once("the answer was: ").unwrap();
    let mut rest = serde_json::Deserializer::from_str(rescued).into_iter::<serde_json::Value>();
    let card = rest.next().unwrap().unwrap();
    assert_eq!((&card["id"], &card["claim_token"]), (&"A1".into(), &1.into()), "{lost:?}");
}

#[test]
fn wrong_usage_names_the_help_of_what_was_meant() {
    let sandbox = Sandbox::new();
    for (args, help) in [
        (&["backlog", "create", "--nonsense"][..], "`mosaic-tui backlog create --help` shows how"),
        (&["backlog", "create", "x"], "`mosaic-tui backlog create --help` shows how"),
        (&["--roster", "fleet", "agent", "send"], "`mosaic-tui agent send --help` shows how"),
        (&["backlog", "nonsense"], "`mosaic-tui backlog --help` shows the commands"),
        (&["nonsense"], "`mosaic-tui --help` shows the commands"),
        (&["--nonsense", "fleet", "ps"], "`mosaic-tui fleet ps --help` shows how"),
    ] {
        let wrong = sandbox.run(args);
        assert!(wrong.code == 2 && wrong.stderr.contains(help), "{args:?}: {wrong:?}");
    }
}

#[test]
fn a_dependency_that_nobody_made_is_told_of() {
    let sandbox = Sandbox::new();
    let args = ["backlog", "create", "--id", "A2", "--title", "two", "--depends-on", "A1,B1", "--json"];
    let made = sandbox.run(&args);
    assert!(made.code == 0 && made.json()["id"] == "A2", "{made:?}");
    assert!(made.stderr.contains("warning: card A2: depends on A1 and 1 more"), "{made:?}");
    for id in ["A1", "B1"] {
        sandbox.ok(&["backlog", "create", "--id", id, "--title", "one"]);
    }
    let known = sandbox.ok(&["backlog", "create", "--id", "A3", "--title", "three", "--depends-on", "A1,B1"]);
    assert_eq!(known.stderr, "");
}

#[test]
fn a_place_that_holds_no_backlog_is_no_empty_one() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let nowhere = [("MOSAIC_BACKLOG_DIR", "/dev/null")];
    for args in
        [&["backlog", "list"][..], &["backlog", "stats"], &["backlog", "export"], &["--once", "--view", "board"]]
    {
        let told = sandbox.run_with(args, &nowhere);
        assert!(told.code == 1 && !told.stdout.contains("no cards"), "{args:?}: {told:?}");
        assert!(format!("{}{}", told.stdout, told.stderr).contains("cannot be looked at"), "{args:?}: {told:?}");
    }
    let missing = sandbox.root.join("w/not/made/yet");
    let empty = sandbox.run_with(&["backlog", "list"], &[("MOSAIC_BACKLOG_DIR", missing.to_str().unwrap())]);
    assert!(empty.code == 0 && empty.stdout.contains("no cards"), "{empty:?}");
    // A damaged one, in each form of the picture.
    let folder = sandbox.root.join("w/damaged");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("backlog.db"), "no database at all, and long enough to be looked at as one".repeat(99))
        .unwrap();
    let damaged = [("MOSAIC_BACKLOG_DIR", folder.to_str().unwrap())];
    for format in ["text", "json", "ansi"] {
        let told = sandbox.run_with(&["--once", "--view", "board", "--format", format], &damaged);
        assert!(told.code == 1 && told.stdout.contains("damaged"), "{format}: {told:?}");
    }
}

#[test]
fn one_limit_holds_for_a_message_however_it_comes() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let file = sandbox.root.join("w/text");
    for bytes in [(1 << 20) + 1, (1 << 20) + 15, (1 << 20) + 100] {
        fs::write(&file, "x".repeat(bytes)).unwrap();
        let told = sandbox.run(&["agent", "send", "a", "--file", file.to_str().unwrap()]);
        assert!(told.code == 2 && told.stderr.contains("1048576"), "{bytes}: {told:?}");
    }
}
