//! What comes behind a card: another conversation before the next one, somebody who looks back, a work tree that goes, and
//! the digest of all of it.

use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use super::{Supervisor, card, fleet, status, told};
use crate::gate::Yard;
use crate::harness::{Sandbox, wait, wait_within};

#[test]
fn between_two_cards_a_conversation_begins_anew_and_the_mission_is_given_again() {
    let sandbox = Sandbox::new();
    let log = sandbox.root.join("a.told");
    sandbox.write_agents(&format!(
        "  - {{name: a, class: code, reset_between_tasks: true, kickstart_template: 'you are {{{{name}}}} of {{{{class}}}}', \
         env: {{MOSAIC_STUB_SCRIPT: 'pace 0.2; log {}'}}}}\n",
        log.display()
    ));
    for id in ["A1", "A2"] {
        card(&sandbox, id, &[]);
    }
    sandbox.start();
    let supervisor = Supervisor::start(&sandbox, &[]);
    let done = wait("both", || ["A1", "A2"].iter().all(|id| status(&sandbox, id) == "done").then_some(()));
    assert!(done.is_some(), "both cards are done: {:#?}\n{:#?}", supervisor.decisions(), sandbox.rows());
    let all = told(&sandbox, "a");
    for id in ["A1", "A2"] {
        let brief = all.iter().find(|text| text.contains(&format!("# Card {id}:")));
        let brief = brief.unwrap_or_else(|| panic!("{id}: {all:#?}"));
        let mission = brief.find("you are a of code").unwrap_or_else(|| panic!("no mission: {brief}"));
        assert!(mission < brief.find("# Card").unwrap(), "it comes first: {brief}");
    }
    // Each brief began a conversation of its own, and each of them is an event.
    let resets = sandbox.events("reset");
    let (good, bad): (Vec<_>, Vec<_>) = resets.iter().partition(|event| event["good"] == true);
    assert_eq!(good.len(), 2, "{resets:#?}");
    // Its kickstart may come first; that is nobody's fault, and the card is given right behind it.
    assert!(bad.iter().all(|event| event["text"].as_str().is_some_and(|why| why.starts_with("busy:"))), "{bad:#?}");
}

#[test]
fn whoever_looks_back_hears_once_of_each_card_that_ended_and_the_digest_counts_them() {
    let sandbox = fleet(&[("code0", "code"), ("back", "session-review")], "0.2");
    sandbox.start();
    let mut supervisor = Supervisor::start(&sandbox, &[]);
    // Behind the first look: nobody is asked about what was before.
    card(&sandbox, "A0", &["--assignee", "code"]);
    supervisor.decides("the first card is given", |one| one["decision"] == "dispatch" && one["card"] == "A0");
    card(&sandbox, "A1", &["--assignee", "nobody"]);
    sandbox.ok(&["backlog", "claim", "--owner", "code0", "--id", "A1"]);
    sandbox.ok(&["backlog", "block", "--id", "A1", "--token", "1", "--reason", "two tests fail"]);
    let over = |supervisor: &Supervisor, id: &str| {
        supervisor.decides(id, |one| one["decision"] == "review" && one["card"] == id && one["good"] == true);
    };
    over(&supervisor, "A0");
    over(&supervisor, "A1");
    // The next supervisor knows what was told.
    supervisor.signal(Signal::KILL);
    let supervisor = Supervisor::start(&sandbox, &[]);
    card(&sandbox, "A2", &["--assignee", "code"]);
    over(&supervisor, "A2");
    let all = told(&sandbox, "back");
    for (id, end) in [("A0", "completed"), ("A1", "blocked"), ("A2", "completed")] {
        let about: Vec<&String> = all.iter().filter(|text| text.contains(&format!("Card {id} ("))).collect();
        assert_eq!(about.len(), 1, "{id}: {all:#?}");
        assert!(about[0].contains("claimed (token ") && about[0].contains(end), "{}", about[0]);
    }
    let digest = sandbox.ok(&["fleet", "digest", "--since", "1h", "--json"]).json();
    assert_eq!((&digest["done"], &digest["failed"], &digest["attempts"]["claims"]), (&2.into(), &1.into(), &3.into()));
    assert_eq!(digest["waits"]["claims"], 3, "{digest:#}");
    assert_eq!(digest["escalations"]["open"], 1, "a blocked card: {digest:#}");
    assert!(digest["agents"].as_array().unwrap().iter().any(|one| one["agent"] == "code0" && one["done"] == 2));
    let text = sandbox.ok(&["fleet", "digest"]).stdout;
    assert!(text.contains("2 done, 1 failed") && text.contains("3 claims of 3 cards"), "{text}");
    let none = sandbox.ok(&["fleet", "digest", "--since", "0s", "--json"]).json();
    assert_eq!((&none["done"], &none["waits"]["median_seconds"]), (&0.into(), &Value::Null));
    assert_eq!(sandbox.run(&["fleet", "digest", "--since", "yore"]).code, 2);
}

#[test]
fn a_work_tree_that_cannot_be_taken_away_reaches_a_person_and_goes_once_it_can() {
    let yard = Yard::alone();
    let sandbox = &yard.sandbox;
    let repo = yard.path("repo");
    sandbox.write_roster(&format!(
        "version: 1\ntmux: {{socket_name: it}}\ndefaults: {{runtime: stub, working_directory: {0}}}\nagents:\n  \
         - {{name: a, class: code, worktree: {{repo: {0}}}, env: {{MOSAIC_STUB_SCRIPT: 'pace 2'}}}}\n",
        repo.display()
    ));
    sandbox.start();
    let supervisor = Supervisor::start(sandbox, &[]);
    card(sandbox, "A1", &[]);
    let tree = sandbox.home().join("worktrees/a/A1");
    supervisor.decides("it is given", |one| one["decision"] == "dispatch" && one["good"] == true);
    let mine = tree.join("nobody-committed-this");
    fs::write(&mine, "still needed").unwrap();
    let escalations = || sandbox.run(&["fleet", "escalations", "--json"]).json();
    let stays = |one: &Value| one["cause"] == "tree_stays" && one["card"] == "A1";
    let said = wait_within(std::time::Duration::from_secs(90), || {
        escalations().as_array().unwrap().iter().find(|one| stays(one)).cloned()
    });
    let said = said.unwrap_or_else(|| panic!("{} {:#?}", status(sandbox, "A1"), supervisor.decisions()));
    let why = said["why"].as_str().unwrap();
    assert!(why.contains("nobody-committed-this") && why.contains("commit it, or take it away"), "{said}");
    assert!(mine.exists() && sandbox.events("decision").iter().any(|event| event["card"] == "A1"));
    fs::remove_file(&mine).unwrap();
    let gone = wait_within(std::time::Duration::from_secs(60), || {
        (!tree.exists() && !escalations().as_array().unwrap().iter().any(stays)).then_some(())
    });
    assert!(gone.is_some(), "{}\n{:#?}", escalations(), supervisor.decisions());
}
