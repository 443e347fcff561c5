//! Work trees of agents' folders: what git says of them, and that asking changes and runs nothing.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{Answer, Sandbox, answer, wait_for};

/// Runs git in a folder of the sandbox, which must succeed.
fn git(sandbox: &Sandbox, folder: &Path, args: &[&str]) {
    let answer = try_git(sandbox, folder, args);
    assert_eq!(answer.code, 0, "git {args:?}: {answer:?}");
}

fn try_git(sandbox: &Sandbox, folder: &Path, args: &[&str]) -> Answer {
    let mut command = sandbox.command("git");
    let config = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"];
    answer(command.arg("-C").arg(folder).args(config).args(args))
}

/// A repository of one commit, on a branch of its own, with a changed and an unknown file.
fn repository(sandbox: &Sandbox, name: &str) -> PathBuf {
    let folder = sandbox.root.join(name);
    fs::create_dir_all(&folder).unwrap();
    git(sandbox, &folder, &["init", "-q"]);
    fs::write(folder.join("a.txt"), "one\ntwo\nthree\n").unwrap();
    git(sandbox, &folder, &["add", "."]);
    git(sandbox, &folder, &["commit", "-q", "-m", "first"]);
    git(sandbox, &folder, &["switch", "-q", "-c", "feat/x"]);
    fs::write(folder.join("a.txt"), "one\nzwei\nthree\nfour\n").unwrap();
    fs::write(folder.join("new.txt"), "new\n").unwrap();
    folder
}

/// Agents of these names and folders.
fn agents(of: &[(&str, &Path)]) -> String {
    let line =
        |(name, folder): &(&str, &Path)| format!("  - {{name: {name}, working_directory: {}}}\n", folder.display());
    of.iter().map(line).collect()
}

/// A program of the sandbox that stands in front of the machine's own.
fn put_in_front(sandbox: &Sandbox, name: &str, script: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = sandbox.root.join("bin").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn the_work_tree_of_an_agents_folder_is_in_its_row_and_in_its_facts() {
    let sandbox = Sandbox::new();
    let (tree, bare) = (repository(&sandbox, "repo"), sandbox.root.join("w"));
    sandbox.write_agents(&agents(&[("a", &tree), ("b", &bare)]));
    sandbox.start();
    let row = sandbox.ok(&["agent", "status", "a", "--json"]).json();
    let facts = &row["tree"];
    assert_eq!(facts["branch"], "feat/x", "{row:#}");
    let counts = ["changed", "untracked", "added", "removed", "conflicts"].map(|name| facts[name].as_u64().unwrap());
    assert_eq!(counts, [1, 1, 2, 1, 0], "{facts:#}");
    assert!(facts["ahead"].is_null(), "it follows no other branch: {facts:#}");
    let outside = sandbox.ok(&["agent", "status", "b", "--json"]).json();
    assert!(outside["tree"].is_null(), "{outside:#}");
    assert!(!outside["evidence"].to_string().contains("\"tree\""), "a folder outside of a repository says nothing");
    let once = sandbox.ok(&["--once", "--format", "json"]).json();
    let rows = once["fleet"]["agents"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["tree"]["branch"] == "feat/x"), "{once:#}");

    let mut screen = sandbox.open(&[], 120, 36);
    screen.wait_text("feat/x +2 -1 \u{b7} 1 new \u{b7} 1 changed");
    fs::write(tree.join("more.txt"), "more\n").unwrap();
    // What its pane prints says that something may have happened.
    sandbox.tmux(&["send-keys", "-t", "=a:", "x", "BSpace"]);
    screen.wait_text("2 new \u{b7} 1 changed");
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn asking_git_writes_nothing_and_runs_nothing_that_was_set_up_beside_it() {
    let sandbox = Sandbox::new();
    let tree = repository(&sandbox, "repo");
    let mark = sandbox.root.join("ran");
    let script = |name: &str| {
        put_in_front(&sandbox, name, &format!("echo {name} >> {}", mark.display()));
        sandbox.root.join("bin").join(name).display().to_string()
    };
    let (monitor, outside, pager) = (script("monitor"), script("outside"), script("pager"));
    for (key, value) in [
        ("core.fsmonitor", &monitor),
        ("diff.external", &outside),
        ("core.pager", &pager),
        ("diff.shown.textconv", &outside),
        ("diff.shown.command", &outside),
        ("core.hooksPath", &sandbox.root.join("bin").display().to_string()),
        ("color.ui", &"always".to_owned()),
        ("color.diff", &"always".to_owned()),
        ("diff.relative", &"true".to_owned()),
        ("diff.noprefix", &"true".to_owned()),
    ] {
        git(&sandbox, &tree, &["config", key, value]);
    }
    script("post-index-change");
    fs::write(tree.join(".git/info/attributes"), "*.txt diff=shown\n").unwrap();
    sandbox.write_agents(&agents(&[("a", &tree)]));
    let _set_up_by_git_itself = fs::remove_file(&mark);
    // A time of its own, so that git would like to write down what it found.
    let touched = fs::File::options().write(true).open(tree.join("a.txt")).unwrap();
    touched.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(100)).unwrap();
    let index = || fs::metadata(tree.join(".git/index")).unwrap().modified().unwrap();
    let before = index();
    let row = sandbox.ok(&["agent", "status", "a", "--json"]).json();
    assert_eq!((&row["tree"]["added"], &row["tree"]["removed"]), (&2.into(), &1.into()), "{row:#}");
    assert_eq!(index(), before, "the index is as it was");
    assert!(!mark.exists(), "{}", fs::read_to_string(&mark).unwrap_or_default());
    let hostile = [("GIT_DIR", "/nowhere"), ("GIT_EXTERNAL_DIFF", outside.as_str()), ("GIT_INDEX_FILE", "/nowhere")];
    let again = sandbox.run_with(&["agent", "status", "a", "--json"], &hostile);
    assert_eq!(again.json()["tree"]["branch"], "feat/x", "the caller's own settings do not count: {again:?}");
    let whole = sandbox.ok(&["agent", "diff", "a", "--branch", "--json"]).json();
    assert_eq!(whole["files"][0]["path"], "a.txt", "no setting changes how it is told: {whole:#}");
    assert_eq!(index(), before, "nor by a comparison with another branch");
    assert!(!mark.exists());
}

#[test]
fn agents_of_one_folder_cost_one_question_and_a_clean_tree_no_count_of_lines() {
    let sandbox = Sandbox::new();
    let tree = repository(&sandbox, "repo");
    let asked = sandbox.root.join("asked");
    put_in_front(&sandbox, "git", &format!("echo \"$*\" >> {}; exec /usr/bin/git \"$@\"", asked.display()));
    sandbox.write_agents(&agents(&[("a", &tree), ("b", &tree), ("c", &sandbox.root.join("w"))]));
    let count = |sandbox: &Sandbox| {
        let _none_yet = fs::remove_file(&asked);
        sandbox.ok(&["agent", "status", "--json"]);
        fs::read_to_string(&asked).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let lines = count(&sandbox);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines.iter().all(|line| line.contains("--no-optional-locks")), "{lines:#?}");
    fs::write(tree.join("a.txt"), "one\ntwo\nthree\n").unwrap();
    let clean = count(&sandbox);
    assert_eq!(clean.len(), 1, "{clean:#?}");
}

#[test]
fn a_git_that_hangs_is_ended_and_told() {
    let sandbox = Sandbox::new();
    let tree = repository(&sandbox, "repo");
    let started = sandbox.root.join("started");
    put_in_front(&sandbox, "git", &format!("sleep 1000 &\necho $! > {}\nwait", started.display()));
    sandbox.write_agents(&agents(&[("a", &tree)]));
    let row = sandbox.ok(&["agent", "status", "a", "--json"]).json();
    assert!(row["tree"].is_null());
    assert!(row["evidence"].to_string().contains("git gave no answer within 5 s"), "{row:#}");
    let child = fs::read_to_string(started).unwrap();
    wait_for("the end of all that it started", || !Path::new("/proc").join(child.trim()).exists());
}

#[test]
fn the_key_and_the_command_show_the_same_diff() {
    let sandbox = Sandbox::new();
    let tree = repository(&sandbox, "repo");
    fs::write(tree.join("esc\x1b[31m.txt"), "\x1b[2Jraw\tx\n").unwrap();
    fs::write(tree.join("logo.png"), b"\x89PNG\0\0\0").unwrap();
    git(&sandbox, &tree, &["add", "esc\x1b[31m.txt", "logo.png"]);
    sandbox.write_agents(&agents(&[("a", &tree), ("b", &sandbox.root.join("w"))]));
    let told = sandbox.ok(&["agent", "diff", "a"]).stdout;
    for wanted in ["a.txt changed +2 -1", "-two", "+zwei", "new new.txt", "logo.png added binary", "+\u{b7}[2Jraw"] {
        assert!(told.contains(wanted), "{wanted} in {told}");
    }
    assert!(!told.contains('\x1b'));
    let json = sandbox.ok(&["agent", "diff", "a", "--json"]).json();
    assert_eq!((&json["files"][0]["path"], &json["untracked"][0]), (&"a.txt".into(), &"new.txt".into()), "{json:#}");
    let stat = sandbox.ok(&["agent", "diff", "a", "--stat", "--json"]).json();
    assert_eq!((&stat["files"][0]["added"], &stat["files"][0]["lines"]), (&2.into(), &serde_json::Value::Null));
    let outside = sandbox.run(&["agent", "diff", "b"]);
    assert_eq!(outside.code, 3, "{outside:?}");
    assert!(outside.stderr.contains("lies in no git repository"), "{outside:?}");

    sandbox.start();
    let mut screen = sandbox.open(&[], 80, 24);
    screen.wait_text("feat/x");
    screen.send("d");
    screen.wait_text("+zwei");
    let red = screen.look(|screen| {
        let row = (0..24).find(|row| screen.contents_between(*row, 0, *row, 80).contains("-two")).unwrap();
        let column = (0..80).find(|column| screen.cell(row, *column).is_some_and(|cell| cell.contents() == "-"));
        (screen.cell(row, column.unwrap()).unwrap().fgcolor(), screen.cell(row + 1, column.unwrap()).unwrap().fgcolor())
    });
    assert_ne!(red.0, red.1, "what is gone and what is new have colours of their own");
    fs::write(tree.join("a.txt"), "another\n").unwrap();
    screen.send("d");
    screen.send("/another\r");
    screen.wait_text("+another");
    // Each takes one layer away: what is searched, then the view.
    screen.send("q");
    screen.send("q");
    screen.wait_text("Fleet");
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn without_git_the_advice_is_to_install_it() {
    let sandbox = Sandbox::new();
    let tree = repository(&sandbox, "repo");
    sandbox.write_agents(&agents(&[("a", &tree)]));
    let told = sandbox.run_with(&["agent", "diff", "a"], &[("PATH", "/nowhere")]);
    assert_eq!(told.code, 69, "{told:?}");
    assert!(told.stderr.contains("git is not installed") && told.stderr.contains("install git"), "{told:?}");
    assert!(!told.stderr.contains("git status"), "{told:?}");
}

#[test]
fn files_in_conflict_are_told_by_the_key_and_by_the_command() {
    let sandbox = Sandbox::new();
    let tree = repository(&sandbox, "repo");
    git(&sandbox, &tree, &["add", "."]);
    git(&sandbox, &tree, &["commit", "-q", "-m", "second"]);
    let main = sandbox.root.join("beside");
    git(&sandbox, &tree, &["worktree", "add", "-q", &main.display().to_string(), "main"]);
    fs::write(main.join("a.txt"), "one\nother\nthree\n").unwrap();
    fs::write(main.join("elsewhere.txt"), "elsewhere\n").unwrap();
    git(&sandbox, &main, &["add", "."]);
    git(&sandbox, &main, &["commit", "-q", "-m", "other"]);
    let merged = try_git(&sandbox, &tree, &["merge", "-q", "main"]);
    assert_ne!(merged.code, 0, "{merged:?}");
    sandbox.write_agents(&agents(&[("a", &tree)]));
    for of in [&["agent", "diff", "a"][..], &["agent", "diff", "a", "--branch", "--stat"]] {
        let told = sandbox.ok(of).stdout;
        assert!(told.contains("a.txt in conflict +"), "{told}");
    }
    let whole = sandbox.ok(&["agent", "diff", "a", "--branch", "--json"]).json();
    let files = whole["files"].as_array().unwrap();
    let told: Vec<_> = files.iter().map(|file| (file["path"].as_str().unwrap(), file["change"].as_str())).collect();
    assert_eq!(told, [("a.txt", Some("unmerged")), ("new.txt", Some("added"))], "{whole:#}");

    sandbox.start();
    let mut screen = sandbox.open(&[], 80, 24);
    screen.wait_text("1 in conflict");
    screen.send("d");
    screen.wait_text("a.txt  in conflict  +");
    screen.send("qq");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn work_that_is_committed_is_shown_as_what_the_branch_holds() {
    let sandbox = Sandbox::new();
    let tree = repository(&sandbox, "repo");
    git(&sandbox, &tree, &["add", "."]);
    git(&sandbox, &tree, &["commit", "-q", "-m", "second"]);
    // What came to the main branch meanwhile is none of its work.
    let (main, alone) = (sandbox.root.join("beside"), sandbox.root.join("alone"));
    git(&sandbox, &tree, &["worktree", "add", "-q", &main.display().to_string(), "main"]);
    fs::write(main.join("elsewhere.txt"), "elsewhere\n").unwrap();
    git(&sandbox, &main, &["add", "."]);
    git(&sandbox, &main, &["commit", "-q", "-m", "elsewhere"]);
    fs::create_dir_all(&alone).unwrap();
    git(&sandbox, &alone, &["init", "-q"]);
    git(&sandbox, &alone, &["commit", "-q", "--allow-empty", "-m", "first"]);
    sandbox.write_agents(&agents(&[("a", &tree), ("b", &alone)]));

    let clean = sandbox.ok(&["agent", "diff", "a", "--json"]).json();
    assert_eq!((&clean["against"], &clean["files"]), (&"commit".into(), &serde_json::json!([])));
    assert_eq!(clean["base"], serde_json::json!({"name": "main", "commits": 1}), "{clean:#}");
    let whole = sandbox.ok(&["agent", "diff", "a", "--branch", "--json"]).json();
    let paths: Vec<_> = whole["files"].as_array().unwrap().iter().map(|file| file["path"].as_str().unwrap()).collect();
    assert_eq!((&whole["against"], paths), (&"base".into(), vec!["a.txt", "new.txt"]), "{whole:#}");
    let none = sandbox.run(&["agent", "diff", "b", "--branch"]);
    assert_eq!(none.code, 3, "{none:?}");
    // It shares nothing with a branch that was made anew.
    git(&sandbox, &alone, &["switch", "-q", "--orphan", "anew"]);
    git(&sandbox, &alone, &["commit", "-q", "--allow-empty", "-m", "anew"]);
    let apart = sandbox.run(&["agent", "diff", "b", "--branch"]);
    assert!(apart.code == 1 && apart.stderr.contains("in common"), "{apart:?}");
    sandbox.ok(&["agent", "diff", "b"]);

    sandbox.start();
    let mut screen = sandbox.open(&[], 80, 24);
    screen.wait_text("feat/x");
    screen.send("d");
    screen.wait_text("+zwei");
    fs::write(tree.join("a.txt"), "one\nzwei\nthree\nfour\nnot committed\n").unwrap();
    screen.send("d");
    screen.wait_until("what is not committed alone", |shown| {
        shown.contains("+not committed") && !shown.contains("+zwei")
    });
    screen.send("b");
    screen
        .wait_until("both kinds of work together", |shown| shown.contains("+not committed") && shown.contains("+zwei"));
    screen.send("qq");
    assert_eq!(screen.wait_exit(), 0);
}
