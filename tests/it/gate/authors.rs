//! Who may approve: nobody who wrote a part of it, under whichever name, address, card or agent.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use mosaic_tui::fleet::gate::Fault;

use super::{Yard, finding};
use crate::harness::{Answer, answer, program};

/// As what git knows every agent of one user.
const SHARED: (&str, &str) = ("jane", "jane@example.com");

fn says(answer: &Answer, code: i32, words: &str) {
    assert_eq!((answer.code, answer.stderr.contains(words)), (code, true), "{words}: {answer:?}");
}

#[test]
fn a_branch_is_reviewed_and_merged_by_its_own_card_alone() {
    let yard = Yard::new();
    yard.branch("code/A", "outside.txt", "a\n", "jane");
    yard.branch("code/B", "src/b.txt", "b\n", "jane");
    for (id, owner) in [("A", "code0"), ("B", "code1")] {
        let branch = format!("code/{id}");
        let create = ["backlog", "create", "--id", id, "--title", "t", "--branch", &branch, "--paths", "src"];
        yard.sandbox.ok(&create);
        yard.sandbox.ok(&["backlog", "claim", "--owner", owner, "--id", id]);
    }
    let before = yard.main();
    let review = |agent: &str, card: &[&str]| {
        yard.gate_signed(agent, SHARED, &[&["review", "--branch", "code/A", "--approve"], card].concat())
    };
    says(&review("code0", &["--card", "A"]), 4, "code0 worked on its card");
    // By the card of somebody else nobody becomes another.
    says(
        &review("code0", &["--card", "B"]),
        4,
        "card B: is the card of branch \"code/B\"; `--card A` is the card of code/A",
    );
    for verb in ["merge", "check"] {
        let answer = yard.gate_as("code0", &[verb, "--branch", "code/A", "--card", "B"]);
        says(&answer, 4, "is the card of branch \"code/B\"");
    }
    yard.sandbox.ok(&["backlog", "create", "--id", "C", "--title", "Of no branch"]);
    says(&review("code0", &["--card", "C"]), 4, "card A is the one of this branch");
    // Where two cards name it, the workers and the paths of both count.
    yard.sandbox.ok(&["backlog", "edit", "C", "--branch", "code/A"]);
    says(&review("code0", &["--card", "C"]), 4, "code0 worked on its card");
    assert_eq!(review("review0", &["--card", "C"]).code, 0);
    let outside = yard.gate_as("gate0", &["merge", "--branch", "code/A", "--card", "C"]);
    says(&outside, 4, &finding("outside.txt", None, Fault::OutsideCard));
    assert_eq!(yard.main(), before);
    let of_b = yard.sandbox.ok(&["backlog", "show", "B", "--json"]).json();
    assert_eq!(of_b["card"]["status"], "claimed", "nobody finished it");
    // Nor does a card that has nothing to do with the branch say who wrote it.
    yard.branch("loose", "l.txt", "l\n", "jane");
    yard.sandbox.ok(&["backlog", "create", "--id", "D", "--title", "Elsewhere"]);
    yard.sandbox.ok(&["backlog", "claim", "--owner", "code1", "--id", "D"]);
    let loose = yard.gate_signed("code0", SHARED, &["review", "--branch", "loose", "--card", "D", "--approve"]);
    says(&loose, 4, "own name in git");
}

#[test]
fn a_person_with_two_addresses_is_one_and_mailmap_says_who_is_who() {
    let yard = Yard::new();
    let jane = |branch: &str, file: &str| {
        yard.git("repo", &["checkout", "--quiet", "-b", branch, "main"]);
        yard.write(&format!("repo/{file}"), "x\n");
        let message = "Write it\n\nCo-authored-by: Bob <bob@x.example>, Eve <eve@x.example>";
        yard.commit_as("repo", message, "Jane Doe", "jane@work.example");
        yard.git("repo", &["checkout", "--quiet", "main"]);
    };
    jane("one", "1.txt");
    let review =
        |who: (&str, &str), branch: &str| yard.gate_signed("", who, &["review", "--branch", branch, "--approve"]);
    let home = ("Jane Doe", "jane@home.example");
    says(&review(home, "one"), 4, "where these are two people, .mailmap on the main branch");
    says(&review(("J", "jane+tag@work.example"), "one"), 4, "own name in git");
    says(&review(("Somebody", "eve@x.example"), "one"), 4, "it is signed \"Eve\"");
    // Another name and another address are another person, until the main branch says otherwise.
    let other = ("J. D.", "jd@home.example");
    assert_eq!(review(other, "one").code, 0);
    yard.write("repo/.mailmap", "Jane Doe <jane@work.example> J. D. <jd@home.example>\n");
    yard.commit("repo", "Who is who", "founder");
    yard.git("repo", &["push", "--quiet", "origin", "main"]);
    says(&review(other, "one"), 4, "own name in git");
    yard.refused("one", "review does not count: it is signed \"Jane Doe\"");
    // And it tells two people of one name apart. What only lies in a work tree counts for nothing.
    yard.write("repo/.mailmap", "Jane Doe of Ops <jane@home.example>\n");
    says(&review(home, "one"), 4, "where these are two people");
    yard.commit("repo", "Two of one name", "founder");
    yard.git("repo", &["push", "--quiet", "origin", "main"]);
    assert_eq!(review(home, "one").code, 0);
    yard.merged("one");
}

#[test]
fn a_review_counts_from_an_agent_of_the_roster_under_its_own_name() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "jane");
    let review = ["review", "--branch", "code/A1", "--approve"];
    says(&yard.gate_as("ghost", &review), 4, "review by ghost: MOSAIC_AGENT_NAME says so, and the roster has no agent");
    says(&yard.gate_as("ghost", &["review", "--branch", "code/A1", "--reject", "--note", "n"]), 4, "the roster has no");
    yard.refused("code/A1", "nobody who is no author has approved");
    // A pane of code0, whose keeper vouches for it; what runs below it takes whichever name it likes.
    let beat = yard.sandbox.run_file("code0.hb");
    fs::create_dir_all(beat.parent().unwrap()).unwrap();
    let script = "printf 'ts=%s\\npid=%s\\nstatus=ok\\n' \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\" $$ > \"$BEAT\"; \
                  for name in review0 '' code0; do MOSAIC_AGENT_NAME=$name \"$@\"; echo $?; done";
    let mut pane = yard.sandbox.command("sh");
    pane.args(["-c", script, "sh"]).arg(program()).arg("gate").args(review).current_dir(yard.path("repo"));
    let said = answer(pane.env("BEAT", &beat).env("MOSAIC_AGENT_NAME", "code0"));
    assert_eq!(said.stderr.matches("it runs in the pane of code0").count(), 2, "{said:?}");
    assert!(said.stdout.starts_with("4\n4\n") && said.stdout.contains("by code0"), "{said:?}");
    // Outside of any pane the operator reviews, whatever the number of a pane that is gone is by now.
    assert_eq!(yard.gate_as("", &review).code, 0);
    assert_eq!(yard.gate_as("review0", &review).code, 0);
}

#[test]
fn a_branch_of_more_commits_than_are_read_is_refused() {
    let yard = Yard::new();
    let main = yard.main();
    let mut stream = String::new();
    for number in 1..=2001 {
        let author = if number == 1 { "review0" } else { "code0" };
        let from = if number == 1 { format!("from {main}\n") } else { String::new() };
        stream.push_str(&format!(
            "commit refs/heads/long\ncommitter {author} <{author}@example.com> 1700000000 +0000\ndata 1\nx\n{from}\
             M 644 inline a.txt\ndata <<END\n{number}\nEND\n\n"
        ));
    }
    let mut import = yard.git_command("repo", &["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().unwrap();
    import.stdin.take().unwrap().write_all(stream.as_bytes()).unwrap();
    assert!(import.wait().unwrap().success());
    let of_first = yard.gate_as("review0", &["review", "--branch", "long", "--approve"]);
    says(&of_first, 4, "has more than 2000 commits that the main branch does not have; rebase it");
    yard.git("repo", &["branch", "--force", "long", "long~1"]);
    says(&yard.gate_as("review0", &["review", "--branch", "long", "--approve"]), 4, "review0 signed it");
}
