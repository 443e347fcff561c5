//! What cannot go on reaches a person: once, with what was tried, and no longer than it is so. And the pause, by whichever
//! door.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use super::{Supervisor, card, status, told};
use crate::gate::Yard;
use crate::harness::{Sandbox, is_well, wait_for};

/// Agents beside whom nobody is asked anything, with more behind each name and class.
fn fleet(agents: &[(&str, &str, &str)]) -> Sandbox {
    let sandbox = Sandbox::new();
    let mut entries = String::new();
    for (name, class, more) in agents {
        let log = sandbox.root.join(format!("{name}.told"));
        entries.push_str(&format!(
            "  - {{name: {name}, class: {class}{more}, env: {{MOSAIC_STUB_SCRIPT: 'pace 0.2; log {}'}}}}\n",
            log.display()
        ));
    }
    sandbox.write_agents(&entries);
    sandbox.start();
    sandbox
}

/// Lets so many seconds pass for what the supervisor remembers: nobody waits two minutes in a test.
fn later(sandbox: &Sandbox, mut supervisor: Supervisor, seconds: u64) -> Supervisor {
    assert_eq!(supervisor.signal(Signal::TERM).code(), Some(0));
    let folder = sandbox.run_file("_supervisor");
    let mut files = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path());
    let path = files.find(|path| path.extension().is_some_and(|ending| ending == "json")).unwrap();
    let mut state: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let back = |time: &mut Value| {
        let secs = time["secs"].as_u64().unwrap();
        time["secs"] = secs.saturating_sub(seconds).into();
    };
    let memory = &mut state["memory"];
    if memory["asked"].is_object() {
        back(&mut memory["asked"]["at"]);
    }
    for kind in ["agents", "cards", "repairs", "tells"] {
        for rest in memory[kind].as_object_mut().unwrap().values_mut() {
            back(&mut rest["until"]);
        }
    }
    for agents in memory["pairs"].as_object_mut().unwrap().values_mut() {
        agents.as_object_mut().unwrap().values_mut().for_each(|rest| back(&mut rest["until"]));
    }
    fs::write(&path, state.to_string()).unwrap();
    Supervisor::start(sandbox, &[])
}

fn count(supervisor: &Supervisor, decision: &str) -> usize {
    supervisor.decisions().iter().filter(|one| one["decision"] == decision).count()
}

/// Has the supervisor look again and again at something else.
fn some_ticks(sandbox: &Sandbox, supervisor: &Supervisor) {
    for n in 0..3 {
        let id = format!("tick{}", supervisor.decisions().len() * 10 + n);
        card(sandbox, &id, &["--assignee", "nobody", "--blocked"]);
        let seen = || sandbox.run(&["fleet", "supervise", "--dry-run", "--json"]);
        assert_eq!(seen().code, 0);
        sandbox.ok(&["backlog", "complete", "--id", &id]);
    }
}

fn escalations(sandbox: &Sandbox) -> Vec<Value> {
    let listed = sandbox.run(&["fleet", "escalations", "--json"]);
    listed.json().as_array().unwrap().clone()
}

#[test]
fn an_empty_backlog_is_one_request_and_a_planner_that_makes_no_card_reaches_a_person_once() {
    let sandbox = fleet(&[("lead", "orchestrator", ""), ("planner", "planner", "")]);
    sandbox.wait_row("planner", |row| row["readiness"] == "available");
    let supervisor = Supervisor::start(&sandbox, &[]);
    supervisor.decides("the request", |one| one["decision"] == "replan" && one["good"] == true);
    assert_eq!(told(&sandbox, "planner").len(), 1);
    // It is asked by one that comes anew as little as by the same one.
    let supervisor = later(&sandbox, supervisor, 60);
    sandbox.ok(&["fleet", "restart", "lead"]);
    sandbox.wait_row("lead", |row| row["readiness"] == "available");
    sandbox.wait_row("planner", |row| row["readiness"] == "available");
    assert_eq!((count(&supervisor, "replan"), count(&supervisor, "escalate")), (1, 0));
    let supervisor = later(&sandbox, supervisor, 61);
    supervisor.decides("that it made none", |one| one["decision"] == "escalate" && one["good"] == true);
    let one = escalations(&sandbox);
    assert_eq!((one.len(), &one[0]["cause"], &one[0]["agent"]), (1, &"no_cards".into(), &"planner".into()), "{one:?}");
    assert!(one[0]["tried"].as_str().unwrap().contains("asked"), "{one:?}");
    supervisor.decides("that the lead is told", |one| one["decision"] == "tell" && one["good"] == true);
    assert!(told(&sandbox, "lead").iter().any(|text| text.contains("Escalation e1")), "{:?}", told(&sandbox, "lead"));
    let supervisor = later(&sandbox, supervisor, 300);
    sandbox.ok(&["fleet", "restart", "lead"]);
    sandbox.wait_row("lead", |row| row["readiness"] == "available");
    assert_eq!((count(&supervisor, "escalate"), count(&supervisor, "tell"), count(&supervisor, "replan")), (1, 1, 1));
    // Other goals are another question.
    sandbox.ok(&["north-star", "init"]);
    supervisor.decides("another request", |one| one["decision"] == "settle");
    wait_for("the second request", || count(&supervisor, "replan") == 2);
    assert_eq!(escalations(&sandbox).len(), 0);
}

#[test]
fn a_planner_that_decomposes_nothing_reaches_a_person() {
    let sandbox = fleet(&[("planner", "planner", "")]);
    fs::write(
        sandbox.home().join("fleet/NORTH_STAR.yaml"),
        "version: 1\nmission: m\ngoals: [{id: G1, title: Do it, phase: 1, priority: must-have}]\n",
    )
    .unwrap();
    sandbox.ok(&["north-star", "sync"]);
    let supervisor = Supervisor::start(&sandbox, &[]);
    supervisor.decides("that it cannot go on", |one| one["decision"] == "escalate" && one["good"] == true);
    let all = escalations(&sandbox);
    assert_eq!((all.len(), &all[0]["cause"], &all[0]["card"]), (1, &"blocked".into(), &"G1".into()), "{all:?}");
    assert!(all[0]["why"].as_str().unwrap().contains("goal"), "with what is missing: {all:?}");
    // There is work for the goal, and it is tried again.
    card(&sandbox, "G1-1", &["--goal", "G1", "--assignee", "nobody"]);
    sandbox.ok(&["backlog", "unblock", "--id", "G1"]);
    wait_for("the goal's card is done", || status(&sandbox, "G1") == "done");
    supervisor.decides("that it is settled", |one| one["decision"] == "settle");
}

#[test]
fn a_card_that_goes_back_too_often_reaches_a_person() {
    let yard = Yard::alone();
    let sandbox = &yard.sandbox;
    let repo = yard.path("repo").display().to_string();
    sandbox.write_roster(&format!(
        "version: 1\ntmux: {{socket_name: it}}\npipeline: software-delivery\n\
         defaults: {{runtime: stub, working_directory: {repo}, window_size: 200x50}}\nagents:\n  \
         - {{name: code0, class: code, worktree: {{repo: {repo}}}, env: {{MOSAIC_STUB_SCRIPT: 'pace 0.1'}}}}\n  \
         - {{name: review0, class: review, env: {{MOSAIC_STUB_SCRIPT: 'pace 0.1'}}}}\n"
    ));
    sandbox.start();
    card(sandbox, "A1", &["--assignee", "code", "--body", "stub: reject 9"]);
    let supervisor = Supervisor::start(sandbox, &[]);
    let seen = crate::harness::wait_within(std::time::Duration::from_secs(60), || {
        let all = supervisor.decisions();
        all.iter().any(|one| one["decision"] == "escalate" && one["card"] == "A1").then_some(())
    });
    assert!(seen.is_some(), "{:#?}", supervisor.decisions());
    let all = escalations(sandbox);
    assert_eq!((all.len(), &all[0]["cause"]), (1, &"blocked".into()), "{all:?}");
    assert!(all[0]["why"].as_str().unwrap().contains("sent back 4 times; review0"), "{all:?}");
    let shown = sandbox.ok(&["backlog", "show", "A1", "--json"]).json()["card"].clone();
    assert_eq!((&shown["status"], &shown["rounds"]), (&"blocked".into(), &4.into()), "{shown}");
    let given =
        supervisor.decisions().iter().filter(|one| one["decision"] == "dispatch" && one["good"] == true).count();
    assert_eq!(given, 8, "written and read four times");
}

#[test]
fn what_fails_three_times_is_one_escalation_and_not_one_a_tick() {
    // One whose first words are nowhere, and one whose work tree cannot be made.
    let sandbox = fleet(&[
        ("mute", "code", ", kickstart_template: templates/none.md"),
        ("homeless", "review", ", worktree: {repo: /nowhere}"),
    ]);
    card(&sandbox, "A1", &["--assignee", "code"]);
    card(&sandbox, "A2", &["--assignee", "review"]);
    for agent in ["mute", "homeless"] {
        sandbox.wait_row(agent, |row| row["readiness"] == "available");
    }
    let mut supervisor = Supervisor::start(&sandbox, &[]);
    for failed in 1..=5 {
        let tries = |card: &str| {
            let all = supervisor.decisions();
            all.iter()
                .filter(|one| one["decision"] == "dispatch" && one["card"] == card && one["good"] == false)
                .count()
        };
        wait_for("both fail", || tries("A1") == failed && tries("A2") == failed);
        assert_eq!(
            (status(&sandbox, "A1").as_str(), status(&sandbox, "A2").as_str()),
            ("ready", "ready"),
            "given back"
        );
        if failed < 3 {
            assert_eq!(escalations(&sandbox).len(), 0);
        } else {
            wait_for("both are escalated", || escalations(&sandbox).len() == 2);
        }
        some_ticks(&sandbox, &supervisor);
        assert_eq!(count(&supervisor, "escalate"), if failed < 3 { 0 } else { 2 }, "{:#?}", supervisor.decisions());
        supervisor = later(&sandbox, supervisor, 3600);
    }
    let all = escalations(&sandbox);
    let causes: Vec<&str> = all.iter().map(|one| one["cause"].as_str().unwrap()).collect();
    assert!(causes.contains(&"takes_no_work") && causes.contains(&"cannot_be_given"), "{all:?}");
    assert!(all.iter().all(|one| one["tried"].as_str().unwrap().contains("3 times")), "{all:?}");
    // Each is in the history, with its reason.
    let events = sandbox.events("decision");
    assert!(events.iter().any(|event| event["text"].as_str().unwrap().contains("templates/none.md")), "{events:#?}");
    // What was in the way is gone: the next try goes well, and nobody has to look any more.
    fs::create_dir_all(sandbox.home().join("templates")).unwrap();
    fs::write(sandbox.home().join("templates/none.md"), "go on").unwrap();
    let supervisor = later(&sandbox, supervisor, 3600);
    wait_for("the card is done", || status(&sandbox, "A1") == "done");
    supervisor.decides("that it is settled", |one| one["decision"] == "settle" && one["agent"] == "mute");
}

#[test]
fn cards_for_somebody_whom_the_roster_does_not_have_are_one_escalation_a_name() {
    let sandbox = fleet(&[("a", "code", "")]);
    for (id, assignee) in [("A1", "code9"), ("A2", "code9"), ("A3", "planner"), ("A4", "code")] {
        card(&sandbox, id, &["--assignee", assignee]);
    }
    let supervisor = Supervisor::start(&sandbox, &[]);
    wait_for("both names", || escalations(&sandbox).len() == 2);
    wait_for("what has an agent is done", || status(&sandbox, "A4") == "done");
    let all = escalations(&sandbox);
    let named: Vec<(&str, &str)> =
        all.iter().map(|one| (one["cause"].as_str().unwrap(), one["agent"].as_str().unwrap())).collect();
    assert_eq!(named, [("no_such_agent", "code9"), ("no_such_agent", "planner")]);
    let why = all[0]["why"].as_str().unwrap();
    assert!(why.contains("2 cards wait, A1 first") && why.contains("backlog edit A1 --assignee"), "{why}");
    card(&sandbox, "A5", &["--assignee", "code9"]);
    some_ticks(&sandbox, &supervisor);
    assert_eq!(count(&supervisor, "escalate"), 2, "not one a card, nor one a tick");
    // Either way out ends it.
    for id in ["A1", "A2", "A5"] {
        sandbox.ok(&["backlog", "edit", id, "--assignee", "code"]);
    }
    wait_for("they are for somebody", || escalations(&sandbox).len() == 1);
    let roster = fs::read_to_string(sandbox.roster()).unwrap();
    fs::write(sandbox.roster(), format!("{roster}  - {{name: plans, class: planner, lifecycle: ephemeral}}\n"))
        .unwrap();
    wait_for("there is such a class", || escalations(&sandbox).is_empty());
}

#[test]
fn goals_that_are_no_file_hold_up_nothing() {
    let sandbox = fleet(&[("a", "code", "")]);
    let path = sandbox.home().join("fleet/NORTH_STAR.yaml");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
    card(&sandbox, "A1", &[]);
    let mut supervisor = Supervisor::start(&sandbox, &[]);
    wait_for("the card is done", || status(&sandbox, "A1") == "done");
    assert_eq!(supervisor.signal(Signal::TERM).code(), Some(0));
}

#[test]
fn goals_that_cannot_be_read_are_told_and_nobody_hears_that_there_are_none() {
    let sandbox = fleet(&[("planner", "planner", "")]);
    sandbox.wait_row("planner", |row| row["readiness"] == "available");
    let path = sandbox.home().join("fleet/NORTH_STAR.yaml");
    fs::create_dir(&path).unwrap();
    let once = sandbox.run(&["fleet", "supervise", "--once", "--json"]);
    assert_eq!((once.code, once.stdout.as_str()), (1, ""), "{once:?}");
    assert!(once.stderr.contains("NORTH_STAR.yaml"), "{once:?}");
    assert_eq!(told(&sandbox, "planner"), [] as [&str; 0]);
    fs::remove_dir(&path).unwrap();
    let once = sandbox.ok(&["fleet", "supervise", "--once", "--json"]);
    assert!(super::decisions(&once.stdout).iter().any(|one| one["decision"] == "replan"), "{once:?}");
}

#[test]
fn cards_for_anyone_that_nobody_takes_reach_a_person() {
    let sandbox = fleet(&[("lead", "orchestrator", "")]);
    card(&sandbox, "A1", &[]);
    let _supervisor = Supervisor::start(&sandbox, &[]);
    wait_for("that it waits", || escalations(&sandbox).len() == 1);
    let one = &escalations(&sandbox)[0];
    assert_eq!((&one["cause"], &one["agent"]), (&"no_such_agent".into(), &Value::Null), "{one:#}");
    assert!(one["why"].as_str().unwrap().contains("A1 waits"), "{one:#}");
    sandbox.ok(&["backlog", "edit", "A1", "--assignee", "lead"]);
    wait_for("it is for somebody", || escalations(&sandbox).is_empty());
}

#[test]
fn one_tick_that_gives_a_card_in_vain_says_so_with_its_exit_code() {
    let sandbox = fleet(&[("homeless", "review", ", worktree: {repo: /nowhere}"), ("a", "code", "")]);
    for agent in ["homeless", "a"] {
        sandbox.wait_row(agent, |row| row["readiness"] == "available");
    }
    card(&sandbox, "A1", &["--assignee", "review"]);
    let once = sandbox.run(&["fleet", "supervise", "--once", "--json"]);
    let given = super::decisions(&once.stdout);
    assert!(given.iter().any(|one| one["card"] == "A1" && one["good"] == false), "{once:?}");
    assert_eq!(once.code, 1, "{once:?}");
    card(&sandbox, "A2", &["--assignee", "code"]);
    let once = sandbox.run(&["fleet", "supervise", "--once", "--json"]);
    assert!(super::decisions(&once.stdout).iter().any(|one| one["card"] == "A2" && one["good"] == true), "{once:?}");
    assert_eq!(once.code, 0, "what failed before is not tried again yet: {once:?}");
}

#[test]
fn paused_by_command_and_by_key_nothing_is_given_or_merged_while_the_supervisor_runs() {
    let sandbox = fleet(&[("a", "code", "")]);
    sandbox.wait_row("a", |row| row["readiness"] == "available");
    let supervisor = Supervisor::start(&sandbox, &[]);
    let mut screen = sandbox.open(&[], 120, 30);
    screen.wait_until("the agents", is_well);
    for (round, door) in ["command", "key", "file"].into_iter().enumerate() {
        let path = sandbox.run_file("PAUSED");
        match door {
            "command" => drop(sandbox.ok(&["fleet", "pause", "--reason", "main is red"])),
            "key" => {
                screen.send("Z");
                screen.wait_text("why is the fleet paused?");
                screen.send("main is red\r");
            }
            _ => fs::write(&path, "main is red\n").unwrap(),
        }
        screen.wait_text("PAUSED");
        wait_for("the supervisor holds", || count(&supervisor, "hold") == round + 1);
        let id = format!("P{round}");
        card(&sandbox, &id, &[]);
        // Somebody who works for the fleet takes nothing either, and nothing is merged.
        let claimed = sandbox.run_with(&["backlog", "claim", "--owner=a"], &[("MOSAIC_AGENT_NAME", "a")]);
        assert_eq!(claimed.code, 4, "{claimed:?}");
        some_ticks(&sandbox, &supervisor);
        let given =
            |id: &str| supervisor.decisions().iter().any(|one| one["decision"] == "dispatch" && one["card"] == id);
        assert!(!given(&id) && status(&sandbox, &id) == "ready", "{door}: {:#?}", supervisor.decisions());
        match door {
            "command" => drop(sandbox.ok(&["fleet", "resume"])),
            "key" => {
                screen.send("Z");
                screen.wait_text("Resume the fleet?");
                screen.send("y");
            }
            _ => fs::remove_file(&path).unwrap(),
        }
        wait_for("the card is done", || status(&sandbox, &id) == "done");
        assert_eq!(count(&supervisor, "go_on"), round + 1);
    }
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}
