//! Killed with -9 at random instants: every card is done once, each brief arrives at most once per lease, and nothing is
//! left over.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use super::{Supervisor, all_done, briefs, card, fleet};
use crate::harness::{Dice, Sandbox, wait};

/// Lets a supervisor live until a moment after its next decision: kills spread over all that it does.
fn live(supervisor: &Supervisor, dice: &mut Dice) {
    let before = supervisor.decisions().len();
    let until = Instant::now() + Duration::from_millis(80 + dice.below(700));
    // A look at its words is what takes the time.
    while Instant::now() < until {
        if supervisor.decisions().len() > before + 2 {
            break;
        }
    }
}

/// What must hold at the end.
fn check(sandbox: &Sandbox, agents: &[&str], ids: &[String]) {
    let exported = sandbox.ok(&["backlog", "export"]).stdout;
    let mut completed: BTreeMap<String, usize> = BTreeMap::new();
    for line in exported.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let event = line.get("event").unwrap_or(&line);
        if event["kind"] == "completed" {
            *completed.entry(event["card_id"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    for id in ids {
        assert_eq!(completed.get(id), Some(&1), "{id} in {completed:?}");
    }
    let briefs = briefs(sandbox, agents);
    assert!(briefs.len() >= ids.len(), "{briefs:?}");
    assert!(briefs.values().all(|times| *times == 1), "a brief came twice under one lease: {briefs:?}");
    let stats = sandbox.ok(&["backlog", "stats", "--json"]).json();
    assert_eq!((&stats["columns"]["claimed"], &stats["expired_claims"]), (&0.into(), &0.into()), "{stats}");
}

#[test]
fn a_supervisor_that_is_killed_again_and_again_loses_no_card_and_doubles_none() {
    let agents = ["a", "b", "c"];
    let sandbox = fleet(&[("a", "code"), ("b", "code"), ("c", "code")], "0.2");
    let ids: Vec<String> = (0..10).map(|n| format!("K{n}")).collect();
    for id in &ids {
        card(&sandbox, id, &[]);
    }
    sandbox.start();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..15 {
        let mut supervisor = Supervisor::start(&sandbox, &["--lease", "3"]);
        live(&supervisor, &mut dice);
        supervisor.signal(Signal::KILL);
    }
    let mut supervisor = Supervisor::start(&sandbox, &["--lease", "3"]);
    // A text that was left in a composer is found once its sender's lease on the pane is over.
    let deadline = Instant::now() + Duration::from_secs(60);
    while !all_done(&sandbox) {
        let list = || sandbox.ok(&["backlog", "list"]).stdout;
        assert!(Instant::now() < deadline, "{}\n{:#?}", list(), supervisor.decisions());
    }
    supervisor.is_at_work(&sandbox);
    assert_eq!(supervisor.signal(Signal::TERM).code(), Some(0));
    check(&sandbox, &agents, &ids);
}

/// A text that a killed delivery left in a composer is taken out before the next is typed.
#[test]
fn a_brief_that_was_broken_off_is_in_nobodys_way() {
    let sandbox = fleet(&[("a", "code")], "0.2");
    card(&sandbox, "A1", &[]);
    sandbox.start();
    sandbox.wait_row("a", |row| row["readiness"] == "available");
    let pane = sandbox.row("a")["pane"]["id"].as_str().unwrap().to_owned();
    // What a sender leaves that is killed between the paste and Enter.
    sandbox.tmux(&["set-option", "-p", "-t", &pane, "@mosaic_turn", "m1-2-3.4.draft"]);
    sandbox.tmux(&["set-buffer", "half\nof\na\nbrief\nthat nobody\nsent"]);
    sandbox.tmux(&["paste-buffer", "-p", "-t", &pane]);
    let shown = || sandbox.tmux(&["capture-pane", "-p", "-t", &pane]);
    assert!(wait("the draft", || shown().contains("[pasted 6 lines]").then_some(())).is_some());
    let supervisor = Supervisor::start(&sandbox, &[]);
    supervisor.decides("that it is cleared", |one| one["decision"] == "clear" && one["good"] == true);
    let done = wait("the card is done", || all_done(&sandbox).then_some(()));
    assert!(done.is_some(), "{} {:#?}", shown(), supervisor.decisions());
    assert_eq!(briefs(&sandbox, &["a"]).len(), 1);
    assert!(!super::told(&sandbox, "a").iter().any(|text| text.contains("that nobody")), "{}", shown());
}
