//! What an agent may end is what it holds: without its token it ends nothing. An operator is above the stages.

use super::{Supervisor, card, status};
use crate::harness::{Sandbox, wait_for};

fn fleet() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write_roster(&format!(
        "version: 1\ntmux: {{socket_name: it}}\npipeline: software-delivery\n\
         defaults: {{runtime: stub, working_directory: {}}}\nagents:\n  - {{name: works, class: docs}}\n  \
         - {{name: review0, class: review, env: {{MOSAIC_STUB_SCRIPT: 'pace 0.1'}}}}\n",
        sandbox.root.join("w").display()
    ));
    sandbox
}

fn shown(sandbox: &Sandbox, id: &str) -> serde_json::Value {
    sandbox.ok(&["backlog", "show", id, "--json"]).json()["card"].clone()
}

#[test]
fn an_agent_that_leaves_its_token_out_ends_nobodys_work() {
    let sandbox = fleet();
    card(&sandbox, "C1", &["--assignee", "review", "--stage", "review", "--branch", "code/C1"]);
    sandbox.ok(&["backlog", "claim", "--owner", "review0", "--id", "C1"]);
    let before = shown(&sandbox, "C1");
    for (args, next) in [
        (&["complete", "--id", "C1"][..], "--token TOKEN"),
        (&["block", "--id", "C1", "--reason", "r"], "--token TOKEN"),
        (&["edit", "C1", "--stage", "gate"], "hands it on"),
        (&["reclaim", "--id", "C1"], "without `--id`"),
    ] {
        let args = [&["backlog"], args].concat();
        let refused = sandbox.run_with(&args, &[("MOSAIC_AGENT_NAME", "code0")]);
        assert_eq!(refused.code, 4, "{args:?}: {refused:?}");
        assert!(refused.stderr.contains(next), "{args:?}: {refused:?}");
        assert_eq!(shown(&sandbox, "C1"), before, "{args:?}");
    }
    // What is no end of anything is free, and so is the end of one's own.
    let free = [("MOSAIC_AGENT_NAME", "code0")];
    assert_eq!(sandbox.run_with(&["backlog", "edit", "C1", "--priority", "7"], &free).code, 0);
    assert_eq!(sandbox.run_with(&["backlog", "reclaim"], &free).code, 0, "only what is over");
    assert_eq!(status(&sandbox, "C1"), "claimed");
    card(&sandbox, "C2", &["--assignee", "docs"]);
    sandbox.ok(&["backlog", "claim", "--owner", "code0", "--id", "C2"]);
    assert_eq!(sandbox.run_with(&["backlog", "complete", "--id", "C2", "--token", "1"], &free).code, 0);
    assert_eq!(status(&sandbox, "C2"), "done");
    sandbox.ok(&["backlog", "reclaim", "--id", "C1"]);
    assert_eq!(status(&sandbox, "C1"), "ready", "an operator's own verb");
}

#[test]
fn what_an_operator_completes_is_done_in_whatever_stage_it_is() {
    let sandbox = fleet();
    sandbox.ok(&["fleet", "start", "works"]);
    for (id, stage, class) in [("D1", "code", "code"), ("D2", "review", "review"), ("D3", "", "code")] {
        card(&sandbox, id, &["--assignee", class, "--stage", stage, "--branch", "b"]);
    }
    sandbox.ok(&["backlog", "claim", "--owner", "review0", "--id", "D2"]);
    for id in ["D1", "D2", "D3"] {
        assert!(sandbox.ok(&["backlog", "complete", "--id", id]).stdout.contains("done"));
    }
    let _supervisor = Supervisor::start(&sandbox, &[]);
    card(&sandbox, "W1", &["--assignee", "docs"]);
    wait_for("the pipeline has been looked at", || status(&sandbox, "W1") == "done");
    for id in ["D1", "D2", "D3"] {
        assert_eq!(status(&sandbox, id), "done", "{}", shown(&sandbox, id));
    }
}

#[test]
fn a_worker_without_a_repository_completes_no_review_that_nobody_made() {
    let sandbox = fleet();
    sandbox.ok(&["fleet", "start", "review0"]);
    card(&sandbox, "E1", &["--assignee", "review", "--stage", "review", "--branch", "code/E1"]);
    let supervisor = Supervisor::start(&sandbox, &[]);
    supervisor.decides("that a person is asked", |one| one["decision"] == "escalate" && one["card"] == "E1");
    let card = shown(&sandbox, "E1");
    assert_eq!((&card["status"], &card["stage"]), (&"blocked".into(), &"review".into()), "{card}");
    // That counts wherever it is asked whether somebody has to come.
    let id = sandbox.run(&["fleet", "escalations", "--json"]).json()[0]["id"].as_str().unwrap().to_owned();
    for args in [&["fleet", "status"][..], &["--once", "--check"]] {
        let asked = sandbox.run(args);
        assert!(asked.code == 1 && asked.stdout.contains(&format!("{id}: E1 is blocked")), "{asked:?}");
        assert!(!asked.stdout.contains("nobody needs you"), "{asked:?}");
    }
    let once = sandbox.ok(&["--once"]).stdout;
    assert!(once.contains("need you, 1 escalation; "), "{once}");
    sandbox.ok(&["fleet", "ack", &id]);
    for args in [&["fleet", "status"][..], &["--once", "--check"]] {
        let asked = sandbox.run(args);
        assert!(!asked.stdout.contains(&id), "somebody looks after it: {asked:?}");
    }
}
