//! A card on its way through the shipped pipeline, by the commands that agents run.

use serde_json::Value;

use super::Yard;
use crate::harness::Answer;

impl Yard {
    fn card(&self, id: &str) -> Value {
        self.sandbox.ok(&["backlog", "show", id, "--json"]).json()["card"].clone()
    }

    /// Claims the card of a class; the token.
    fn claim(&self, owner: &str, class: &str) -> String {
        let card = self.sandbox.ok(&["backlog", "claim", "--owner", owner, "--assignee", class, "--json"]).json();
        assert_eq!(card["id"], "A1", "{owner} finds its work: {card}");
        card["claim_token"].to_string()
    }

    fn complete(&self, token: &str) -> Answer {
        self.sandbox.run(&["backlog", "complete", "--id", "A1", "--token", token])
    }

    fn at(&self, stage: &str, status: &str, rounds: i64) {
        let card = self.card("A1");
        let found = (card["stage"].as_str(), card["status"].as_str(), card["rounds"].as_i64());
        assert_eq!(found, (Some(stage), Some(status), Some(rounds)), "{card:#}");
    }
}

#[test]
fn a_card_is_written_sent_back_written_again_approved_refused_and_merged() {
    let yard = Yard::new();
    yard.sandbox.write_roster("version: 1\npipeline: software-delivery\nagents: [{name: code0, runtime: stub}, {name: review0, runtime: stub}]\n");
    yard.branch("code/A1", "a.txt", "a\n", "jane");
    let fields = ["--title", "Write a", "--assignee", "code", "--branch", "code/A1", "--body", "Do it."];
    yard.sandbox.ok(&[&["backlog", "create", "--id", "A1"], &fields[..]].concat());
    // What waits for it waits for the merge.
    yard.sandbox.ok(&["backlog", "create", "--id", "B1", "--title", "Behind it", "--depends-on", "A1"]);
    let token = yard.claim("code0", "code");
    assert_eq!(yard.complete(&token).stdout.trim(), "A1: handed on to review");
    assert_eq!(
        yard.complete(&token).stdout.trim(),
        "A1: was handed on to review already",
        "who did not hear it asks again"
    );
    yard.at("review", "ready", 0);
    assert_eq!(yard.card("B1")["column"], "waiting");

    let token = yard.claim("review0", "review");
    let early = yard.complete(&token);
    assert_eq!((early.code, early.stderr.contains("has no verdict of this round")), (4, true), "{early:?}");
    let note = ["--reject", "--note", "there is no test"];
    assert_eq!(yard.gate_as("review0", &[&["review", "--branch", "code/A1"], &note[..]].concat()).code, 0);
    assert_eq!(yard.complete(&token).stdout.trim(), "A1: back to code, round 1");
    yard.at("code", "ready", 1);
    let body = yard.card("A1")["body"].as_str().unwrap().to_owned();
    assert!(body.starts_with("Do it.\n\n## Round 1: back from review, by review0\n\nthere is no test"), "{body}");

    let token = yard.claim("code1", "code");
    yard.git("repo", &["checkout", "--quiet", "code/A1"]);
    yard.write("repo/a_test.txt", "it is a\n");
    yard.commit("repo", "Test it", "jane");
    yard.git("repo", &["checkout", "--quiet", "main"]);
    assert_eq!(yard.complete(&token).code, 0);
    let token = yard.claim("review0", "review");
    // The word of the round before is answered.
    assert_eq!(yard.complete(&token).code, 4);
    yard.approve("code/A1");
    assert_eq!(yard.complete(&token).stdout.trim(), "A1: handed on to gate");

    // The gate sends it back by itself where its author can mend it.
    yard.claim("gate0", "merge-gate");
    yard.ci("echo a test fails; exit 1");
    let red = yard.refused("code/A1", "a test fails");
    assert!(red.stderr.contains("A1: back from gate to code, round 2"), "{red:?}");
    yard.at("code", "ready", 2);
    assert!(yard.card("A1")["body"].as_str().unwrap().contains("## Round 2: back from gate, by gate0"));

    let token = yard.claim("code0", "code");
    yard.ci("true");
    assert_eq!(yard.complete(&token).code, 0);
    let token = yard.claim("review0", "review");
    yard.approve("code/A1");
    assert_eq!(yard.complete(&token).code, 0);
    yard.claim("gate0", "merge-gate");
    let json = yard.merged("code/A1");
    assert_eq!((json["card"].as_str(), json["completed"].as_bool()), (Some("A1"), Some(true)));
    yard.at("gate", "done", 2);
    assert_eq!(yard.card("B1")["column"], "ready");
}

#[test]
fn a_pipeline_of_ones_own_counts_and_a_broken_one_is_told_with_its_place() {
    let yard = Yard::new();
    yard.sandbox.write_roster("version: 1\npipeline: mine\nagents: [{name: a, runtime: stub}]\n");
    yard.sandbox.ok(&["backlog", "create", "--id", "A1", "--title", "t", "--assignee", "code"]);
    let token = yard.claim("a", "code");
    let missing = yard.complete(&token);
    assert_eq!((missing.code, missing.stderr.contains("pipeline \"mine\": does not exist")), (3, true), "{missing:?}");
    let path = yard.sandbox.home().join("fleet/pipelines.local/mine.yaml");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let text = "id: mine\ntitle: t\ndescription: d\nstages:\n  - {name: code, class: cod, moves_on: completed}\n";
    std::fs::write(&path, text).unwrap();
    let broken = yard.complete(&token);
    assert_eq!((broken.code, broken.stderr.contains("mine.yaml:5:25: stages[0].class")), (2, true), "{broken:?}");
    std::fs::write(&path, text.replace("cod,", "code,")).unwrap();
    assert_eq!(yard.complete(&token).code, 0);
    assert_eq!(yard.card("A1")["status"], "done", "its one stage is the last");
}

const STAGED: &str = "version: 1\npipeline: software-delivery\nagents:\n- {name: code0, runtime: stub}\n\
                      - {name: review0, runtime: stub}\n- {name: review1, runtime: stub}\n";

#[test]
fn before_its_stage_a_card_is_not_merged_and_nobody_takes_the_reviewers_word_away() {
    let yard = Yard::new();
    yard.sandbox.write_roster(STAGED);
    yard.branch("code/A1", "a.txt", "a\n", "jane");
    yard.branch("junk", "j.txt", "j\n", "jane");
    let fields = ["--title", "Write a", "--assignee", "code", "--branch", "code/A1"];
    yard.sandbox.ok(&[&["backlog", "create", "--id", "A1"], &fields[..]].concat());
    let token = yard.claim("code0", "code");
    // Approved it is, and yet its stages come first: else it would be given out again, merged as it is.
    yard.approve("code/A1");
    yard.refused("code/A1", "card A1 is in stage code, held by code0, and is merged in stage gate");
    let checked = yard.gate_as("code0", &["check", "--branch", "code/A1", "--json"]);
    let last = checked.json()["conditions"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((checked.code, last["condition"].as_str(), last["met"].as_bool()), (4, Some("taken"), Some(false)));
    assert_eq!(yard.complete(&token).code, 0);

    let token = yard.claim("review0", "review");
    let review = |agent: &str, branch: &str, rest: &[&str]| {
        yard.gate_as(agent, &[&["review", "--branch", branch, "--card", "A1"], rest].concat())
    };
    assert_eq!(review("review0", "code/A1", &["--reject", "--note", "there is no test"]).code, 0);
    yard.refused("code/A1", "is in stage review, held by review0");
    let other = review("review1", "junk", &["--reject", "--note", "nonsense"]);
    assert_eq!((other.code, other.stderr.contains("is the card of branch \"code/A1\"")), (4, true), "{other:?}");
    let later = review("review1", "code/A1", &["--approve"]);
    assert_eq!((later.code, later.stderr.contains("review0's rejection of this commit still counts")), (0, true));
    assert_eq!(yard.complete(&token).stdout.trim(), "A1: back to code, round 1");
    let body = yard.card("A1")["body"].as_str().unwrap().to_owned();
    assert!(body.contains("by review0\n\nthere is no test") && !body.contains("nonsense"), "{body}");
}

#[test]
fn what_is_behind_the_gates_stage_is_told_and_not_completed() {
    let yard = Yard::new();
    let path = yard.sandbox.home().join("fleet/pipelines.local/mine.yaml");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let stages = "  - {name: code, class: code, moves_on: completed}\n  - {name: gate, class: merge-gate, moves_on: \
                  merged, back_to: code}\n  - {name: report, class: code, moves_on: completed}\n";
    std::fs::write(&path, format!("id: mine\ntitle: t\ndescription: d\nstages:\n{stages}")).unwrap();
    yard.sandbox.write_roster(&STAGED.replace("software-delivery", "mine"));
    yard.branch("code/A1", "a.txt", "a\n", "jane");
    let fields = ["--title", "Write a", "--assignee", "code", "--branch", "code/A1"];
    yard.sandbox.ok(&[&["backlog", "create", "--id", "A1"], &fields[..]].concat());
    let token = yard.claim("code0", "code");
    assert_eq!(yard.complete(&token).code, 0);
    yard.approve("code/A1");
    // Twice, as after a kill behind the push.
    for _ in 0..2 {
        let merged = yard.gate_as("gate0", &["merge", "--branch", "code/A1"]);
        assert_eq!((merged.code, merged.stdout.contains("A1: is in stage report")), (0, true), "{merged:?}");
        yard.at("report", "ready", 0);
    }
}
