//! The first ten minutes at 80x24, as docs/day-to-day.md tells them: each step, in at most two keys, on real agents.

use crate::harness::{Pty, Sandbox, wait_for};

/// A step that is told: its keys, and what the screen shows then.
fn step(screen: &mut Pty, what: &str, keys: &[&str], shows: &[&str]) {
    assert!(keys.len() <= 2, "{what}: {keys:?}");
    for (at, key) in keys.iter().enumerate() {
        if at > 0 {
            // What the first one opened is on the screen before the second is pressed.
            screen.wait_until(what, |text| text.contains("claim M1 for") || text.contains("1 / y  yes"));
        }
        screen.send(key);
    }
    screen.wait_until(what, |text| shows.iter().all(|wanted| text.contains(wanted)));
}

#[test]
fn who_needs_me_why_look_in_answer_receipt_diff_and_the_next_card() {
    let sandbox = Sandbox::new();
    let tree = sandbox.changed_tree();
    sandbox.write_agents(&format!(
        "  - {{name: lead, class: orchestrator}}\n  - {{name: code0, class: code, working_directory: {}, env: \
         {{MOSAIC_STUB_SCRIPT: 'ask Apply the migration to staging? (y/n)'}}}}\n  - {{name: code1, class: code}}\n",
        tree.display()
    ));
    sandbox.start();
    for (id, title) in [("M1", "Sign sessions with a rotating key"), ("M2", "Recovery codes")] {
        sandbox.ok(&["backlog", "create", "--id", id, "--title", title]);
    }
    for name in ["lead", "code1"] {
        sandbox.wait_row(name, |row| row["readiness"] == "available");
    }
    let mut screen = sandbox.open(&[], 80, 24);
    step(&mut screen, "find who needs me, and read why", &[], &["1 needs you", "Apply the migration to staging?"]);
    step(&mut screen, "go there", &["w"], &["code0  code stub", "tree"]);
    step(&mut screen, "read what decided", &["e"], &["why code0 is what it is"]);
    step(&mut screen, "close that", &["q"], &["Fleet"]);
    step(&mut screen, "look in", &["\r"], &["READ-ONLY", "Apply the migration"]);
    step(&mut screen, "come back", &["q"], &["Fleet"]);
    step(&mut screen, "answer, and see the receipt", &["A", "1"], &["code0: accepted"]);
    screen.send("q");
    screen.wait_until("the question is closed", |text| !text.contains("code0: accepted") && text.contains("Fleet"));
    step(&mut screen, "look at the diff", &["d"], &["-let factor = 1;", "+let factor = 2;"]);
    step(&mut screen, "see the board", &["3"], &["M1", "Sign sessions"]);
    step(&mut screen, "take the next card to an idle agent", &["c", "\r"], &["M1"]);
    // The choice among agents names them as well, so the screen alone tells nothing yet.
    let shown = || sandbox.ok(&["backlog", "show", "M1", "--json"]).json();
    wait_for("its claim", || shown()["card"]["status"] == "claimed");
    screen.wait_until("its claim", |text| text.contains("CLAIMED 1") || text.contains("CLAIMED 1/1"));
    let card = shown();
    let owner = card["card"]["claim_owner"].as_str().unwrap().to_owned();
    // Whose question was answered is idle again by now.
    assert!(["lead", "code0", "code1"].contains(&owner.as_str()), "an idle agent has it: {owner}");
    step(&mut screen, "see it beside its agent", &["o"], &[&owner, "M1"]);
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
}
