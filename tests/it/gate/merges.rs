//! What the gate lets through, and what it becomes.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use super::Yard;
use crate::harness::{answer, wait_for};

/// Leaves what a git leaves that is killed while it has a reference locked, some time ago.
fn leave_lock(lock: &std::path::Path) {
    fs::create_dir_all(lock.parent().unwrap()).unwrap();
    let file = fs::File::create(lock).unwrap();
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(60)).unwrap();
}

#[test]
fn a_lock_that_a_killed_git_left_holds_up_no_merge() {
    for (yard, locks) in [
        (Yard::new(), ["remote.git/refs/heads/main.lock", "repo/.git/refs/remotes/origin/main.lock"].as_slice()),
        (Yard::alone(), &["repo/.git/refs/heads/main.lock"]),
    ] {
        yard.branch("code/A1", "a.txt", "a\n", "code0");
        yard.approve("code/A1");
        let others = yard.path("repo/.git/refs/heads/of-others.lock");
        leave_lock(&others);
        for lock in locks {
            leave_lock(&yard.path(lock));
        }
        yard.merged("code/A1");
        for lock in locks {
            assert!(!yard.path(lock).exists(), "{lock}");
        }
        assert!(others.exists(), "of what it does not change it takes nothing away");
    }
}

#[test]
fn a_reviewed_branch_becomes_one_commit_of_the_main_branch_and_its_card_is_done() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.git("repo", &["checkout", "--quiet", "code/A1"]);
    yard.write("repo/b.txt", "b\n");
    let tip = yard.commit("repo", "And b", "code1");
    yard.git("repo", &["checkout", "--quiet", "main"]);
    yard.sandbox.ok(&["backlog", "create", "--id", "A1", "--title", "Write a and b"]);
    let checked = yard.gate_as("", &["check", "--branch", "code/A1", "--json"]);
    assert_eq!(checked.code, 4, "{checked:?}");
    yard.approve("code/A1");
    let before = yard.main();
    // In a clean checkout of the merged result, and nowhere else.
    yard.ci(&format!(
        "test -f a.txt && test -f b.txt && test -f base.txt && test -z \"$(git status --porcelain)\" && \
         git rev-parse HEAD > {}; pwd; test $CI = true",
        yard.path("tested").display()
    ));
    let checked = yard.gate_as("", &["check", "--branch", "code/A1", "--ci", "--json"]);
    assert_eq!((checked.code, checked.json()["ok"].clone()), (0, Value::Bool(true)), "{checked:?}");
    assert_eq!(yard.main(), before, "a look merges nothing");
    let merged = yard.gate_as("gate0", &["merge", "--branch", "code/A1", "--card", "A1", "--json"]);
    assert_eq!(merged.code, 0, "{merged:?}");
    yard.assert_swept();
    let json = merged.json();
    assert_eq!((json["reviewed_by"].as_str(), json["completed"].as_bool()), (Some("review0"), Some(true)), "{json}");
    assert_eq!(json["commit"], tip);
    let main = yard.main();
    assert_eq!(fs::read_to_string(yard.path("tested")).unwrap().trim(), main, "what was tested is what it became");
    assert_eq!(yard.git("remote.git", &["rev-list", "--count", "main"]), "2", "squashed");
    assert_eq!(yard.git("remote.git", &["rev-parse", "main^"]), before);
    let message = yard.git("remote.git", &["log", "-1", "--format=%an|%cn|%B", "main"]);
    for part in [
        "code1|gate0|A1: Write a and b\n",
        "- Write a.txt\n- And b\n",
        "\nCard: A1\n",
        &format!("\nMerged-commit: {tip}\n"),
        "\nReviewed-by: review0\n",
        "\nCo-authored-by: code0 <code0@example.com>",
    ] {
        assert!(message.contains(part), "{part} not in {message}");
    }
    let card = yard.sandbox.ok(&["backlog", "show", "A1", "--json"]).json();
    assert_eq!(card["card"]["status"], "done");
    // Once more, as after a kill between the merge and the card.
    yard.sandbox.ok(&["backlog", "create", "--id", "A2", "--title", "The same branch"]);
    let again = yard.gate_as("gate0", &["merge", "--branch", "code/A1", "--card", "A2", "--json"]);
    assert_eq!((again.code, again.json()["tested"].as_i64()), (0, Some(0)), "{again:?}");
    assert_eq!((yard.main(), again.json()["merged"].as_str()), (main.clone(), Some(main.as_str())));
    assert_eq!(yard.sandbox.ok(&["backlog", "show", "A2", "--json"]).json()["card"]["status"], "done");
    let events = yard.events();
    for (what, outcome) in
        [("mosaic-tui gate review", "done"), ("CI of code/A1", "good"), ("mosaic-tui gate merge", "done")]
    {
        assert!(
            events.iter().any(|(found, became)| found.starts_with(what) && became == outcome),
            "{what}: {events:?}"
        );
    }
}

#[test]
fn a_main_branch_that_moves_meanwhile_is_tested_again() {
    let yard = Yard::new();
    yard.git("", &["clone", "--quiet", "remote.git", "other"]);
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    let log = yard.path("log");
    // The first time somebody pushes past the gate while it tests.
    yard.ci(&format!(
        "git rev-parse HEAD^ >> {log}; test $(wc -l < {log}) -gt 1 && exit; cd {other} && echo o > o.txt && \
         git add . && git -c user.name=o -c user.email=o@example.com commit -qm Other && git push -q origin HEAD:main",
        log = log.display(),
        other = yard.path("other").display()
    ));
    let before = yard.main();
    let json = yard.merged("code/A1");
    assert_eq!(json["tested"], 2);
    let between = yard.git("remote.git", &["rev-parse", "main^"]);
    let tested = fs::read_to_string(log).unwrap();
    assert_eq!(tested.lines().collect::<Vec<_>>(), [before.as_str(), between.as_str()]);
    let files = yard.git("remote.git", &["ls-tree", "--name-only", "main"]);
    assert_eq!(files.lines().collect::<Vec<_>>(), ["a.txt", "base.txt", "o.txt"]);
}

#[test]
fn two_gates_at_once_stand_in_line_and_each_is_tested_on_what_it_becomes() {
    let yard = Yard::new();
    let (log, inside) = (yard.path("log"), yard.path("inside"));
    for branch in ["one", "two", "three"] {
        yard.branch(branch, &format!("{branch}.txt"), "x\n", "code0");
        yard.approve(branch);
    }
    // Two at a time would meet in there.
    yard.ci(&format!(
        "mkdir {inside} || exit 9; git rev-parse HEAD^ HEAD >> {log}; ls *.txt | wc -l >> {log}; rmdir {inside}",
        inside = inside.display(),
        log = log.display()
    ));
    let first = yard.main();
    let running: Vec<_> = ["one", "two", "three"].into_iter().map(|branch| yard.begin_merge(branch)).collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let tested = fs::read_to_string(log).unwrap();
    let tested: Vec<&str> = tested.split_whitespace().collect();
    let history = yard.git("remote.git", &["rev-list", "--reverse", "main"]);
    let history: Vec<&str> = history.lines().collect();
    assert_eq!(history[0], first);
    for at in 0..3 {
        assert_eq!(tested[at * 3..at * 3 + 2], history[at..at + 2], "each on the one before it");
        assert_eq!(tested[at * 3 + 2], (at + 2).to_string(), "with the files of those before it");
    }
    yard.assert_swept();
}

#[test]
fn a_repository_without_a_remote_is_merged_in_place_and_its_work_tree_follows() {
    let yard = Yard::alone();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    yard.write("repo/base.txt", "changed\n");
    yard.refused("code/A1", "is checked out in");
    yard.git("repo", &["checkout", "--quiet", "base.txt"]);
    // A file of one's own in the way is lost no more than a change is.
    yard.write("repo/a.txt", "mine\n");
    yard.refused("code/A1", "is checked out in");
    fs::remove_file(yard.path("repo/a.txt")).unwrap();
    yard.merged("code/A1");
    assert_eq!(fs::read_to_string(yard.path("repo/a.txt")).unwrap(), "a\n");
    assert_eq!(yard.git("repo", &["status", "--porcelain"]), "");
}

#[test]
fn no_hook_and_no_setting_of_the_user_is_in_the_way() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    let fail = |path: std::path::PathBuf| {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "#!/bin/sh\necho a hook ran >&2\nexit 1\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    for hook in ["pre-push", "post-checkout", "pre-commit", "commit-msg", "reference-transaction"] {
        fail(yard.path("repo/.git/hooks").join(hook));
        fail(yard.sandbox.root.join("h/hooks").join(hook));
    }
    let hooks = yard.sandbox.root.join("h/hooks").display().to_string();
    fs::write(
        yard.sandbox.root.join("h/.gitconfig"),
        format!(
            "[core]\n hooksPath = {hooks}\n[commit]\n gpgSign = true\n[push]\n gpgSign = true\n followTags = true\n\
             [user]\n name = code0\n email = owner@example.com\n[merge]\n conflictStyle = diff3\n[fetch]\n prune = true\n\
             [diff]\n external = false\n[gpg]\n program = false\n[core]\n fsmonitor = false-program\n"
        ),
    )
    .unwrap();
    let approved = answer(
        yard.gate_command(&["review", "--branch", "code/A1", "--approve"])
            .env("MOSAIC_AGENT_NAME", "review0")
            .env("GIT_DIR", "/nowhere")
            .env("GIT_AUTHOR_NAME", "review0")
            .env("GIT_AUTHOR_EMAIL", "review0@example.com"),
    );
    assert_eq!(approved.code, 0, "{approved:?}");
    let merged = answer(
        yard.gate_command(&["merge", "--branch", "code/A1", "--json"])
            .env("GIT_INDEX_FILE", "/nowhere")
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", "core.hooksPath")
            .env("GIT_CONFIG_VALUE_0", &hooks),
    );
    assert_eq!(merged.code, 0, "{merged:?}");
    assert!(!merged.stderr.contains("hook"), "{merged:?}");
    assert_eq!(merged.json()["merged"], yard.main());
}

#[test]
fn a_forges_wrappers_are_held_to_their_exit_codes_and_to_what_they_did() {
    let yard = Yard::new();
    let tip = yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    let script = |name: &str, text: &str| {
        let path = yard.path(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.display().to_string()
    };
    let status = script("status", "echo \"$1 $2\"; exit 1");
    let settings = |merge: &str| {
        yard.settings(&format!(
            "ci: {{status: [{status}, '{{branch}}', '{{commit}}'], timeout: 20}}\nmerge: [{merge}, '{{branch}}']"
        ));
    };
    let merge = script("merge", "exit 0");
    settings(&merge);
    yard.refused("code/A1", &format!("ended with status 1: code/A1 {tip}"));
    script("status", "exit 0");
    let before = yard.main();
    let lied = yard.merge("code/A1");
    assert_eq!((lied.code, lied.stderr.contains("is as it was")), (1, true), "{lied:?}");
    assert_eq!(yard.main(), before);
    script("merge", "echo not on a Sunday; exit 7");
    yard.refused("code/A1", "the forge did not merge it: ");
    script(
        "merge",
        "git push -q origin $1:refs/heads/staging && tree=$(git rev-parse $1^{tree}) && \
         c=$(git -c user.name=f -c user.email=f@example.com commit-tree $tree -p origin/main -m Forge) && \
         git push -q origin $c:main && git push -q origin :staging",
    );
    let json = yard.merged("code/A1");
    assert_eq!(json["tested"], 1);
    assert_eq!(yard.git("remote.git", &["log", "-1", "--format=%s", "main"]), "Forge");
}

#[test]
fn whoever_waits_for_the_gate_sees_who_has_the_turn() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    let (begun, go) = (yard.path("begun"), yard.path("go"));
    fs::write(&go, "").unwrap();
    let free = yard.gate_as("", &["queue", "--purpose", "push", "--json"]);
    assert_eq!((free.code, free.json()["free"].as_bool()), (0, Some(true)), "{free:?}");
    fs::remove_file(&go).unwrap();
    yard.ci(&format!("touch {}; while ! test -e {}; do sleep 0.05; done", begun.display(), go.display()));
    let merging = yard.begin_merge("code/A1");
    wait_for("CI", || begun.exists());
    let busy = yard.gate_as("", &["queue", "--purpose", "push", "--wait", "0", "--json"]);
    assert_eq!((busy.code, busy.json()["free"].as_bool()), (4, Some(false)), "{busy:?}");
    assert_eq!(busy.json()["line"][0]["branch"], "code/A1");
    let late = yard.gate_as("", &["merge", "--branch", "code/A1", "--wait", "0"]);
    assert_eq!((late.code, late.stderr.contains("code/A1 (merge, gate0)")), (4, true), "{late:?}");
    fs::write(&go, "").unwrap();
    assert!(merging.wait_with_output().unwrap().status.success());
    let free = yard.gate_as("", &["queue", "--purpose", "push", "--wait", "20"]);
    assert_eq!(free.code, 0, "{free:?}");
}

#[test]
fn what_was_taken_back_is_not_there_already() {
    let yard = Yard::new();
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    yard.approve("code/A1");
    yard.merged("code/A1");
    let main = |args: &[&str]| {
        let as_founder = ["-c", "user.name=founder", "-c", "user.email=founder@example.com"];
        yard.git("repo", &["pull", "--quiet", "--ff-only", "origin", "main"]);
        yard.git("repo", &[&as_founder[..], args].concat());
        yard.git("repo", &["push", "--quiet", "origin", "main"]);
    };
    // What others make of it is still what it brought.
    yard.git("repo", &["pull", "--quiet", "--ff-only", "origin", "main"]);
    yard.write("repo/a.txt", "a\nand more\n");
    yard.commit("repo", "Go on with it", "founder");
    yard.git("repo", &["push", "--quiet", "origin", "main"]);
    assert_eq!(yard.merged_before("code/A1"), (0, true));
    main(&["revert", "--no-edit", "HEAD"]);
    main(&["revert", "--no-edit", "HEAD~2"]);
    yard.write("repo/base.txt", "changed since\n");
    yard.commit("repo", "Something else", "founder");
    yard.git("repo", &["push", "--quiet", "origin", "main"]);
    yard.sandbox.ok(&["backlog", "create", "--id", "A1", "--title", "It", "--branch", "code/A1"]);
    let gone = yard.refused("code/A1", "and was taken back since: nothing of it is left; commit it anew");
    assert!(gone.stderr.contains("was merged as"), "{gone:?}");
    let checked = yard.gate_as("", &["check", "--branch", "code/A1"]);
    assert_eq!((checked.code, checked.stdout.contains("was taken back since")), (4, true), "{checked:?}");
    assert_eq!(yard.sandbox.ok(&["backlog", "show", "A1", "--json"]).json()["card"]["status"], "ready");
    // Brought back, it is there.
    main(&["revert", "--no-edit", "HEAD~1"]);
    assert_eq!(yard.merged_before("code/A1"), (0, true));
}

#[test]
fn a_remote_is_asked_for_its_main_branch_and_told_with_its_reason() {
    let yard = Yard::new();
    yard.git("repo", &["push", "--quiet", "origin", "main:trunk"]);
    yard.git("remote.git", &["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    yard.git("repo", &["push", "--quiet", "origin", ":main"]);
    let known = yard.git_command("repo", &["symbolic-ref", "refs/remotes/origin/HEAD"]).output().unwrap();
    if known.status.success() {
        yard.git("repo", &["remote", "set-head", "origin", "--delete"]);
    }
    yard.branch("code/A1", "a.txt", "a\n", "code0");
    let checked = yard.gate_as("", &["check", "--branch", "code/A1", "--json"]);
    assert_eq!((checked.code, checked.json()["main"].as_str()), (4, Some("trunk")), "{checked:?}");
    fs::rename(yard.path("remote.git"), yard.path("gone.git")).unwrap();
    let gone = yard.gate_as("", &["check", "--branch", "code/A1"]);
    assert!(gone.code == 1 && gone.stderr.contains("does not appear to be a git repository"), "{gone:?}");
    let help = yard.sandbox.ok(&["--help"]).stdout;
    assert!(help.lines().any(|line| line.trim().starts_with("gate  ") && line.contains("main branch")), "{help}");
}

impl Yard {
    /// Exit code of a merge, and whether it said that the main branch has it already.
    fn merged_before(&self, branch: &str) -> (i32, bool) {
        let answer = self.gate_as("gate0", &["merge", "--branch", branch]);
        (answer.code, answer.stdout.contains("already, as"))
    }
}
