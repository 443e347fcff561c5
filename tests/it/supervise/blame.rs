//! Whose fault it is that a card cannot be given decides who waits.

use std::fs;

use super::{Supervisor, card, status};
use crate::gate::Yard;
use crate::harness::{Sandbox, wait_for};

#[test]
fn an_agent_whose_work_trees_cannot_be_made_leaves_the_work_to_the_others() {
    let yard = Yard::alone();
    let sandbox = &yard.sandbox;
    let repo = yard.path("repo").display().to_string();
    sandbox.write_agents(&format!(
        "  - {{name: broken, class: code, worktree: {{repo: /nowhere}}, env: {{MOSAIC_STUB_SCRIPT: 'pace 0.1'}}}}\n  \
         - {{name: sound, class: code, worktree: {{repo: {repo}}}, env: {{MOSAIC_STUB_SCRIPT: 'pace 0.1'}}}}\n"
    ));
    sandbox.start();
    for agent in ["broken", "sound"] {
        sandbox.wait_row(agent, |row| row["readiness"] == "available");
    }
    for id in ["A1", "A2", "A3"] {
        card(sandbox, id, &["--assignee", "code"]);
    }
    let supervisor = Supervisor::start(sandbox, &[]);
    supervisor.decides("the one that cannot", |one| one["agent"] == "broken" && one["good"] == false);
    for id in ["A1", "A2", "A3"] {
        wait_for("each is done by the other", || status(sandbox, id) == "done");
    }
    let decisions = supervisor.decisions();
    let is_try = |one: &&serde_json::Value| one["agent"] == "broken" && one["decision"] == "dispatch";
    assert!(decisions.iter().filter(is_try).count() <= 2, "it is left alone for a while: {decisions:#?}");
}

#[test]
fn a_roster_that_is_half_saved_puts_no_card_back() {
    let sandbox = Sandbox::with_agents("  - {name: a, class: code, env: {MOSAIC_STUB_SCRIPT: 'pace 600'}}\n");
    sandbox.start();
    sandbox.wait_row("a", |row| row["readiness"] == "available");
    let said = sandbox.root.join("said-of-it");
    let mut command = sandbox.command(crate::harness::program());
    command.args(["fleet", "supervise", "--json", "--interval", "1"]);
    command.stdout(std::process::Stdio::null()).stderr(fs::File::create(&said).unwrap());
    let mut child = command.spawn().unwrap();
    // One that finds no valid roster at its start does not begin.
    let pid = || sandbox.run(&["fleet", "status", "--json"]).json()["supervision"]["pid"].as_u64();
    wait_for("the supervisor at work", || pid() == Some(u64::from(child.id())));
    let whole = fs::read_to_string(sandbox.roster()).unwrap();
    let dispatched = || {
        let events = sandbox.events("decision");
        events.iter().any(|event| event["card"] == "A1" && event["good"] == true)
    };
    let heard = |what: &str| fs::read_to_string(&said).unwrap_or_default().matches(what).count();
    fs::write(sandbox.roster(), format!("{whole}nonsense: 1\n")).unwrap();
    wait_for("that the roster is not valid", || heard("stays in use") == 1);
    card(&sandbox, "A1", &["--assignee", "code"]);
    wait_for("it is given all the same", dispatched);
    assert_eq!(status(&sandbox, "A1"), "claimed");
    assert_eq!(heard("stays in use"), 1, "said once");
    fs::write(sandbox.roster(), whole).unwrap();
    crate::harness::kill(child.id(), rustix::process::Signal::TERM);
    assert!(child.wait().unwrap().success());
}
