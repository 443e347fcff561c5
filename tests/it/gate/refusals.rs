//! What the gate lets not through, each with its evidence.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use mosaic_tui::fleet::gate::Fault;

use super::{Yard, finding};

#[test]
fn red_ci_is_refused_with_its_command_and_its_last_lines() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    yard.ci("for n in 1 2 3 4 5; do echo line $n; done; echo a test fails >&2; exit 3");
    let answer = yard.refused("code/A1", "ended with status 3: line 4 | line 5 | a test fails");
    assert!(answer.stderr.contains("`sh -c "), "{answer:?}");
    // The whole output is kept where the error says.
    let log = answer.stderr.trim_end().rsplit(' ').next().unwrap().to_owned();
    assert!(fs::read_to_string(&log).unwrap().contains("line 1"), "{log}");
    assert!(yard.events().iter().any(|(what, outcome)| what.starts_with("CI of code/A1") && outcome == "red"));
}

#[test]
fn ci_that_hangs_is_refused_and_nothing_of_it_goes_on() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    let pid = yard.path("pid");
    let script = format!("echo begun; sleep 1000 & echo $! > {}; wait", pid.display());
    yard.settings(&format!("ci: {{command: [sh, -c, '{script}'], timeout: 1}}"));
    yard.refused("code/A1", "gave no answer within 1 s: begun");
    let pid = fs::read_to_string(pid).unwrap();
    let is_gone = || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        stat.is_empty() || stat.contains(") Z ")
    };
    crate::harness::wait_for("the end of what it started", is_gone);
}

#[test]
fn ci_that_dies_without_a_word_or_is_not_there_is_refused() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    yard.ci("kill -9 $$");
    yard.refused("code/A1", "was killed by signal 9, and printed nothing");
    yard.settings("ci: {command: [.ci/run]}");
    yard.refused("code/A1", "`.ci/run` could not be run: there is no such program");
    fs::remove_file(yard.sandbox.home().join("fleet/gate.yaml")).unwrap();
    yard.refused("code/A1", "there is no CI to ask");
    yard.settings("ci: {}");
    let invalid = yard.merge("code/A1");
    assert_eq!((invalid.code, invalid.stderr.contains("gate.yaml:2:5")), (2, true), "{invalid:?}");
}

#[test]
fn only_a_review_of_this_commit_by_no_author_counts() {
    let yard = Yard::new();
    let first = yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.refused("code/A1", "nobody who is no author has approved");
    let own = yard.gate_as("code0", &["review", "--branch", "code/A1", "--approve"]);
    assert_eq!((own.code, own.stderr.contains("code0 signed it")), (4, true), "{own:?}");
    yard.approve("code/A1");
    // One commit more, and it is another change.
    yard.git("repo", &["checkout", "--quiet", "code/A1"]);
    yard.write("repo/a.txt", "b\n");
    yard.commit("repo", "Change it\n\nCo-Authored-By: Second <review1@example.com>", "code0");
    yard.git("repo", &["checkout", "--quiet", "main"]);
    yard.refused("code/A1", &format!("review0 approved {}, which is older", &first[..10]));
    let co_author = yard.gate_as("review1", &["review", "--branch", "code/A1", "--approve"]);
    assert_eq!((co_author.code, co_author.stderr.contains("review1 signed it")), (4, true), "{co_author:?}");
    let rejected = yard.gate_as("review2", &["review", "--branch", "code/A1", "--reject", "--note", "no test of it"]);
    assert_eq!(rejected.code, 0, "{rejected:?}");
    yard.approve("code/A1");
    yard.refused("code/A1", "review2 rejected");
    // Who rejected it may think again.
    let answer = yard.gate_as("review2", &["review", "--branch", "code/A1", "--approve", "--note", "seen", "--json"]);
    assert_eq!(answer.json()["verdict"], "approve");
    yard.merged("code/A1");
}

#[test]
fn a_change_that_holds_what_no_change_may_is_refused() {
    let yard = Yard::new();
    let secret = format!("key = {}", "a1B2c3D4".repeat(5));
    let large = "x".repeat(2 << 20);
    for (branch, file, text, line, fault) in [
        ("marker", "m.txt", "<<<<<<< HEAD\na\n=======\nb\n>>>>>>> b\n", Some(1), Fault::ConflictMarker),
        ("secret", "s/s.txt", &format!("one\n{secret}\n"), Some(2), Fault::Secret),
        ("large", "l.txt", &large, None, Fault::TooLarge),
    ] {
        yard.branch(branch, file, text, "code0");
        yard.approve(branch);
        let answer = yard.refused(branch, &finding(file, line, fault));
        assert!(!answer.stderr.contains("a1B2c3D4"), "a secret is not repeated");
    }
    // What main has already is nobody's fault now.
    yard.write("repo/s.txt", &format!("{secret}\n"));
    yard.commit("repo", "Slipped through", "founder");
    yard.git("repo", &["push", "--quiet", "origin", "main"]);
    yard.branch("fine", "s.txt", &format!("{secret}\nmore\n"), "code0");
    yard.approve("fine");
    yard.merged("fine");
}

#[test]
fn a_conflict_is_refused_with_its_files() {
    let yard = Yard::new();
    yard.branch("code/A1", "base.txt", "one\nmine\nthree\n", "code0");
    yard.write("repo/base.txt", "one\nyours\nthree\n");
    yard.commit("repo", "Before it", "founder");
    yard.git("repo", &["push", "--quiet", "origin", "main"]);
    yard.approve("code/A1");
    yard.refused("code/A1", "conflicts with the main branch in base.txt");
    let nothing = yard.git("repo", &["rev-parse", "main"]);
    yard.git("repo", &["branch", "empty", &nothing]);
    yard.git("repo", &["checkout", "--quiet", "empty"]);
    yard.commit("repo", "Nothing", "code0");
    yard.git("repo", &["checkout", "--quiet", "main"]);
    yard.approve("empty");
    yard.refused("empty", "brings nothing");
}

#[test]
fn a_branch_without_a_commit_in_common_is_refused_with_what_helps() {
    let yard = Yard::new();
    yard.git("repo", &["checkout", "--quiet", "--orphan", "alone"]);
    yard.write("repo/a.txt", "a\n");
    yard.commit("repo", "From nowhere", "code0");
    yard.git("repo", &["checkout", "--quiet", "main"]);
    yard.approve("alone");
    let refused = yard.refused("alone", "has no commit in common with the main branch");
    assert!(refused.stderr.contains("make it anew from the main branch"), "{refused:?}");
    // In a clone that does not go back so far it only looks so.
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.git("repo", &["push", "--quiet", "origin", "code/A1"]);
    yard.write("repo/b.txt", "b\n");
    yard.commit("repo", "Between", "founder");
    yard.git("repo", &["push", "--quiet", "origin", "main"]);
    fs::rename(yard.path("repo"), yard.path("whole")).unwrap();
    let url = format!("file://{}", yard.path("remote.git").display());
    yard.git("", &["clone", "--quiet", "--depth", "1", "--no-single-branch", &url, "repo"]);
    yard.git("repo", &["branch", "--quiet", "code/A1", "origin/code/A1"]);
    yard.approve("code/A1");
    let refused = yard.refused("code/A1", "as far back as this shallow clone goes");
    assert!(refused.stderr.contains("git fetch --unshallow"), "{refused:?}");
    yard.git("repo", &["fetch", "--quiet", "--unshallow"]);
    yard.merged("code/A1");
}

#[test]
fn a_push_that_the_server_refuses_is_told_in_its_words() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    let hook = yard.path("remote.git/hooks/pre-receive");
    fs::write(&hook, "#!/bin/sh\necho main is closed on Sundays >&2\nexit 1\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();
    yard.refused("code/A1", "main is closed on Sundays");
    fs::remove_file(hook).unwrap();
    yard.merged("code/A1");
}

#[test]
fn nothing_is_merged_while_the_fleet_is_paused() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    let paused = yard.sandbox.run_file("PAUSED");
    fs::create_dir_all(paused.parent().unwrap()).unwrap();
    // Made by hand, it holds nothing; made while CI runs, it counts all the same.
    fs::write(&paused, "").unwrap();
    let why = yard.paused();
    yard.refused("code/A1", &why);
    let queued = yard.gate_as("", &["queue", "--purpose", "merge"]);
    assert_eq!((queued.code, queued.stdout.contains(&why)), (4, true), "{queued:?}");
    fs::remove_file(&paused).unwrap();
    yard.ci(&format!("touch {}", paused.display()));
    yard.refused("code/A1", &why);
    fs::remove_file(&paused).unwrap();
    yard.ci("true");
    yard.merged("code/A1");
}

#[test]
fn what_cannot_be_meant_is_no_refusal() {
    let yard = Yard::new();
    for (args, code, said) in [
        (["merge", "--branch", "none"], 3, "does not exist"),
        (["merge", "--branch", "main"], 2, "is the main branch itself"),
        (["merge", "--branch", "a..b"], 2, "is no name of a branch"),
        (["check", "--branch", "none"], 3, "does not exist"),
    ] {
        let answer = yard.gate_as("", &args);
        assert_eq!((answer.code, answer.stderr.contains(said)), (code, true), "{args:?}: {answer:?}");
    }
    let mut elsewhere = yard.gate_command(&["check", "--branch", "x"]);
    let answer = crate::harness::answer(elsewhere.current_dir(yard.sandbox.root.join("tmp")));
    assert_eq!((answer.code, answer.stderr.contains("not a git repository")), (3, true), "{answer:?}");
    // A card that is not there is known before anything is tested.
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    yard.ci(&format!("touch {}", yard.path("ran").display()));
    let answer = yard.gate_as("", &["merge", "--branch", "code/A1", "--card", "A1"]);
    assert_eq!((answer.code, yard.path("ran").exists()), (3, false), "{answer:?}");
}

#[test]
fn a_file_outside_the_cards_paths_and_a_worker_who_reviews_are_refused() {
    let yard = Yard::new();
    // Everybody signs as one person, as agents of one user do.
    yard.branch("code/A1", "src/a.txt", "a\n", "jane");
    let create = ["backlog", "create", "--id", "A1", "--title", "a", "--branch", "code/A1", "--paths", "docs,src/*.rs"];
    yard.sandbox.ok(&create);
    yard.sandbox.ok(&["backlog", "claim", "--owner", "code0", "--id", "A1"]);
    let shared = |agent: &str| {
        let mut command = yard.gate_command(&["review", "--branch", "code/A1", "--approve"]);
        let identity = [("GIT_AUTHOR_NAME", "jane"), ("GIT_AUTHOR_EMAIL", "jane@example.com")];
        crate::harness::answer(command.env("MOSAIC_AGENT_NAME", agent).envs(identity))
    };
    let own = shared("code0");
    assert_eq!((own.code, own.stderr.contains("code0 worked on its card")), (4, true), "{own:?}");
    let other = shared("review0");
    assert_eq!(other.code, 0, "the card says that it was somebody else: {other:?}");
    yard.refused("code/A1", &finding("src/a.txt", None, Fault::OutsideCard));
    yard.sandbox.ok(&["backlog", "edit", "A1", "--paths", "src"]);
    let json = yard.merged("code/A1");
    assert_eq!((json["card"].as_str(), json["completed"].as_bool()), (Some("A1"), Some(true)), "found by its branch");
}

#[test]
fn a_card_that_is_refused_again_and_again_reaches_a_person_once_whatever_for() {
    let yard = Yard::new();
    let sandbox = &yard.sandbox;
    let waiting = || sandbox.run(&["fleet", "escalations", "--json"]).json().as_array().unwrap().clone();
    let card = |id: &str, file: &str| {
        let branch = format!("code/{id}");
        yard.branch(&branch, file, id, "code0");
        sandbox.ok(&["backlog", "create", "--id", id, "--title", "t", "--branch", &branch]);
        branch
    };
    let unread = card("A1", "a.txt");
    let red = card("A2", "b.txt");
    let conflict = card("A3", "base.txt");
    let in_the_way = card("A4", "base.txt");
    for branch in [&red, &conflict, &in_the_way] {
        yard.approve(branch);
    }
    yard.merged(&in_the_way);
    yard.ci("echo no; exit 3");
    for (at, (branch, evidence)) in
        [(&unread, "nobody who is no author"), (&red, "ended with status 3"), (&conflict, "conflicts")]
            .into_iter()
            .enumerate()
    {
        for time in 1..=5 {
            let refused = yard.refused(branch, evidence);
            let said = refused.stderr.contains(&format!("sees it as escalation e{}", at + 1));
            assert_eq!((said, waiting().len()), (time == 3, at + usize::from(time >= 3)), "{time}: {refused:?}");
        }
        let all = waiting();
        let one = all.last().unwrap();
        assert_eq!((&one["cause"], one["card"].as_str()), (&"gate".into(), branch.strip_prefix("code/")), "{one}");
        assert!(one["why"].as_str().unwrap().contains(evidence), "{one}");
    }
    let raised = sandbox.events("decision").into_iter().filter(|event| event["decision"] == "escalate");
    assert_eq!(raised.count(), 3);
    // A pause is a person's wish already.
    let paused = card("A5", "c.txt");
    sandbox.ok(&["fleet", "pause"]);
    let why = yard.paused();
    (0..4).for_each(|_| drop(yard.refused(&paused, &why)));
    sandbox.ok(&["fleet", "resume"]);
    assert_eq!(waiting().len(), 3);
    // What passes is nobody's business any more, and neither is a card that ended in another way.
    yard.ci("true");
    yard.merged(&red);
    let left: Vec<_> = waiting().iter().map(|one| one["card"].clone()).collect();
    assert_eq!(left, ["A1", "A3"]);
    sandbox.ok(&["backlog", "complete", "--id", "A1"]);
    sandbox.write_roster("version: 1\nagents: [{name: gate0, runtime: stub, lifecycle: ephemeral}]\n");
    sandbox.ok(&["fleet", "supervise", "--once"]);
    // Beside it stands that nobody takes cards for anyone.
    let left: Vec<_> = waiting().iter().filter(|one| !one["card"].is_null()).map(|one| one["card"].clone()).collect();
    assert_eq!(left, ["A3"]);
}
