//! Who was stopped on purpose stays so, while the supervisor looks: also in the moment of the stop, and an agent that work
//! brings as well.

use serde_json::Value;

use super::{Supervisor, card, status};
use crate::harness::{Sandbox, wait_for};

const ROSTER: &str = "agents:\n  \
    - {name: lead, class: orchestrator}\n  \
    - {name: enh, class: enhancer}\n  \
    - {name: works, class: docs, env: {MOSAIC_STUB_SCRIPT: 'pace 0.1'}}\n  \
    - {name: comes, class: code, lifecycle: ephemeral, env: {MOSAIC_STUB_SCRIPT: 'pace 0.1'}}\n";

fn fleet() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write_roster(&format!(
        "version: 1\ntmux: {{socket_name: it}}\ndefaults: {{runtime: stub, working_directory: {}}}\n\
         supervise: {{linger: 600}}\n{ROSTER}",
        sandbox.root.join("w").display()
    ));
    sandbox.ok(&["fleet", "start", "lead", "enh", "works"]);
    sandbox
}

/// Has the supervisor look, decide and do several times: a card goes all its way.
fn some_ticks(sandbox: &Sandbox, id: &str) {
    for n in 0..2 {
        let id = format!("{id}-{n}");
        card(sandbox, &id, &["--assignee", "works"]);
        wait_for("a card of another agent is done", || status(sandbox, &id) == "done");
    }
}

/// What was decided for an agent's life behind so many decisions.
fn brought_back(all: &[Value], agent: &str) -> Vec<Value> {
    let life = ["keep", "revive", "start"];
    let is = |one: &&Value| one["agent"] == agent && life.iter().any(|word| one["decision"] == *word);
    // One that found out in time that it was stopped has done nothing.
    all.iter().filter(is).filter(|one| one["good"] == true).cloned().collect()
}

#[test]
fn a_stop_is_not_undone_in_the_moment_in_which_it_is_made() {
    let sandbox = fleet();
    let supervisor = Supervisor::start(&sandbox, &[]);
    some_ticks(&sandbox, "first");
    for round in 0..3 {
        for agent in ["lead", "enh"] {
            let before = supervisor.decisions().len();
            sandbox.ok(&["fleet", "stop", agent]);
            some_ticks(&sandbox, &format!("{agent}{round}"));
            let row = sandbox.row(agent);
            assert_eq!((&row["readiness"], &row["flags"][0]), (&"dead".into(), &"stopped".into()), "{row}");
            let since = supervisor.decisions().split_off(before);
            assert_eq!(brought_back(&since, agent), [] as [Value; 0], "{since:#?}");
            sandbox.ok(&["fleet", "start", agent]);
            sandbox.wait_row(agent, |row| row["readiness"] == "available");
        }
    }
}

#[test]
fn an_ephemeral_agent_that_somebody_stopped_waits_for_somebody() {
    let sandbox = fleet();
    let supervisor = Supervisor::start(&sandbox, &[]);
    card(&sandbox, "A1", &["--assignee", "code"]);
    wait_for("it came with work", || status(&sandbox, "A1") == "done");
    let before = supervisor.decisions().len();
    sandbox.ok(&["fleet", "stop", "comes"]);
    card(&sandbox, "A2", &["--assignee", "code"]);
    some_ticks(&sandbox, "more");
    let since = supervisor.decisions().split_off(before);
    assert_eq!(brought_back(&since, "comes"), [] as [Value; 0], "{since:#?}");
    assert_eq!(status(&sandbox, "A2"), "ready");
    sandbox.ok(&["fleet", "start", "comes"]);
    wait_for("it works again", || status(&sandbox, "A2") == "done");
}
