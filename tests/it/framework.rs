//! The framework's files in a home: updated, broken off, on a full disk; the gate; the three pages of the user's; and
//! what a new version of the program brings.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use mosaic_tui::fleet::framework;
use mosaic_tui::fleet::home::fingerprint;
use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Dice, Sandbox, answer, kill, program, skip, wait, wait_for};

/// What the user owns in every home here, with a text of its own each.
const OWN: [&str; 12] = [
    "SOUL.md",
    "USER.md",
    "TOOLS.md",
    "STANDARDS.local.md",
    "fleet/roster.yaml",
    "fleet/agents/code0.env",
    "fleet/run/PAUSED",
    "fleet/backlog/cards.sqlite",
    "fleet/roles.local/code.md",
    "fleet/profiles.local/own.yaml",
    "policy/money.md",
    "memory/notes.md",
];

/// Framework files that the user has changed.
const CHANGED: [&str; 3] = ["AGENTS.md", "fleet/roles/code.md", "guides/testing.md"];

fn mine(path: &str) -> String {
    format!("what the user wrote into {path}\n")
}

fn older(path: &str) -> String {
    format!("what an older version shipped as {path}\n")
}

/// A home as an older version seeded it, with files of the user's in it.
fn fill(home: &Path) {
    let write = |path: &str, text: &str| {
        let path = home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let mut seeded = BTreeMap::new();
    for (path, _) in framework::files() {
        write(&path, &older(&path));
        seeded.insert(path.clone(), fingerprint(older(&path).as_bytes()));
    }
    for path in OWN.iter().chain(&CHANGED) {
        write(path, &mine(path));
    }
    write("framework.json", &json!({ "version": "0.0.1", "files": seeded, "before": {} }).to_string());
}

/// Every file below a folder: path and bytes.
fn texts(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut all, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                all.insert(path.strip_prefix(root).unwrap().display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    all
}

/// Each file of the framework is whole, old or new, and nothing of the user's is changed, moved or lost.
fn nothing_is_lost(home: &Path, when: &str) {
    let all = texts(home);
    for path in OWN {
        assert_eq!(all.get(path).map(Vec::as_slice), Some(mine(path).as_bytes()), "{when}: {path}");
    }
    for (path, text) in framework::files() {
        let there = &all[&path];
        let whole = [text.as_bytes(), older(&path).as_bytes(), mine(&path).as_bytes()].contains(&there.as_slice());
        assert!(whole, "{when}: {path} is {}", String::from_utf8_lossy(there));
    }
    for path in CHANGED {
        assert!(all.values().any(|text| *text == mine(path).as_bytes()), "{when}: the user's {path} is lost");
    }
}

/// Afterwards all is new, and only what the user changed was taken for theirs.
fn is_updated(home: &Path, kept: &serde_json::Value, when: &str) {
    let kept: Vec<&str> = kept.as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap()).collect();
    assert!(kept.iter().all(|path| CHANGED.contains(path)), "{when}: {kept:?} taken for the user's");
    let all = texts(home);
    for (path, text) in framework::files() {
        assert_eq!(all[&path], text.as_bytes(), "{when}: {path}");
    }
    assert!(!all.keys().any(|path| path.contains(".tmp")), "{when}: {:?}", all.keys());
}

#[test]
fn an_update_that_is_killed_at_any_file_leaves_each_old_or_new() {
    let files: Vec<String> = framework::files().map(|(path, _)| path).collect();
    // Somewhere in a file, not always at its beginning: which one is the condition, and the rest is chance.
    let rounds = 24;
    let mut killed = 0;
    for round in 0..rounds {
        let sandbox = Sandbox::new();
        fill(&sandbox.home());
        let mut order = files.clone();
        order.sort();
        let at = sandbox.home().join(&order[round * (order.len() - 1) / (rounds - 1)]);
        let inode = |path: &Path| fs::metadata(path).map(|meta| meta.ino()).ok();
        let before = inode(&at);
        let mut update = sandbox
            .command(program())
            .args(["framework", "update"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let when = format!("killed at {}", at.display());
        let reached = wait(&when, || {
            let over = update.try_wait().unwrap().is_some();
            (over || inode(&at) != before).then_some(over)
        });
        assert!(reached.is_some(), "{when}: it hangs");
        if reached == Some(false) {
            kill(update.id(), Signal::KILL);
            killed += usize::from(!update.wait().unwrap().success());
        }
        nothing_is_lost(&sandbox.home(), &when);
        let healed = sandbox.ok(&["framework", "update", "--json"]).json();
        nothing_is_lost(&sandbox.home(), &when);
        is_updated(&sandbox.home(), &healed["kept"], &when);
        assert!(sandbox.ok(&["framework", "status"]).stdout.contains("files are current"), "{when}");
    }
    assert!(killed > rounds / 2, "only {killed} were killed before their end");
}

#[test]
fn a_full_disk_loses_nothing() {
    let sandbox = Sandbox::new();
    let from = sandbox.root.join("w/from");
    fill(&from);
    let pages = |count: u32| format!("{}", count * 4096);
    for free in [0, 1, 2, 5, 20, 60, 150] {
        let when = format!("with {free} pages free");
        let out = [sandbox.root.join(format!("w/full{free}")), sandbox.root.join(format!("w/after{free}"))];
        let script = "mount -t tmpfs -o size=8m none $MOUNT
            cp -a $FROM/. $MOUNT/
            head -c $FREE /dev/zero > $MOUNT/spare
            cat /dev/zero > $MOUNT/fill 2>/dev/null || true
            rm $MOUNT/spare
            export MOSAIC_HOME=$MOUNT
            $M framework update && echo whole || echo failed
            cp -a $MOUNT/. $FULL/
            rm -f $MOUNT/fill $FULL/fill
            $M framework update --json > $AFTER.json
            cp -a $MOUNT/. $AFTER/";
        let mount = sandbox.root.join("w/mount");
        for folder in out.iter().chain([&mount]) {
            fs::create_dir_all(folder).unwrap();
        }
        let mut command = sandbox.command("unshare");
        command.args(["-m", "sh", "-euc", script]);
        command.env("MOUNT", &mount).env("FROM", &from).env("FREE", pages(free)).env("M", program());
        command.env("FULL", &out[0]).env("AFTER", &out[1]);
        let said = answer(&mut command);
        if said.stderr.contains("unshare failed") || said.stderr.contains("must be superuser") {
            return skip("mounts", "only root may mount");
        }
        assert_eq!(said.code, 0, "{when}: {said:?}");
        if free == 0 {
            assert!(
                said.stdout.contains("failed") && said.stderr.contains("check the folder's rights and space"),
                "{said:?}"
            );
        }
        nothing_is_lost(&out[0], &when);
        nothing_is_lost(&out[1], &when);
        let healed = fs::read_to_string(out[1].with_extension("json")).unwrap();
        is_updated(&out[1], &serde_json::from_str::<serde_json::Value>(&healed).unwrap()["kept"], &when);
    }
}

#[test]
fn the_gate_finds_what_is_planted_and_the_framework_is_clean() {
    let sandbox = Sandbox::new();
    let clean = sandbox.ok(&["framework", "verify", "--json"]).json();
    assert_eq!(clean["clean"], true, "{clean}");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/framework");
    let whole = sandbox.ok(&["framework", "verify", source]);
    assert!(whole.stdout.contains("files are clean"), "{whole:?}");
    let folder = sandbox.root.join("w/planted");
    fs::create_dir_all(folder.join("examples")).unwrap();
    let at = '@';
    fs::write(folder.join("a.md"), format!("fine\nask me{at}company.io\n")).unwrap();
    fs::write(folder.join("b.sh"), "cd ${REPO:-$HOME/src/repo}\n").unwrap();
    fs::write(folder.join("examples/c.sh"), "cd ~/src\n").unwrap();
    let found = sandbox.run(&["framework", "verify", folder.to_str().unwrap(), "--json"]);
    assert_eq!(found.code, 1, "{found:?}");
    let rows = found.json()["findings"].as_array().unwrap().clone();
    let told: Vec<(String, i64, String)> = rows
        .iter()
        .map(|row| {
            let name = Path::new(row["file"].as_str().unwrap()).file_name().unwrap().to_string_lossy().into_owned();
            (name, row["line"].as_i64().unwrap(), row["class"].as_str().unwrap().to_owned())
        })
        .collect();
    let want = [("a.md", 2, "identity"), ("b.sh", 1, "structural")];
    assert_eq!(told, want.map(|(file, line, class)| (file.to_owned(), line, class.to_owned())));
    assert!(!found.stdout.contains("company"), "what was found is not repeated");
    // Where nothing was looked through, nothing is clean; and 2 says that the gate itself is broken.
    let (empty, binary) = (sandbox.root.join("w/empty"), sandbox.root.join("w/binary"));
    fs::create_dir_all(&empty).unwrap();
    fs::create_dir_all(&binary).unwrap();
    fs::write(binary.join("picture"), b"\x89PNG\xff\0").unwrap();
    for (folder, code) in [(Path::new("/nowhere"), 3), (&folder.join("a.md"), 3), (&empty, 3), (&binary, 1)] {
        let refused = sandbox.run(&["framework", "verify", folder.to_str().unwrap()]);
        assert_eq!((refused.code, refused.stdout.as_str()), (code, ""), "{}: {refused:?}", folder.display());
    }
}

#[test]
fn the_three_pages_are_asked_for_at_a_terminal_and_never_written_over() {
    let sandbox = Sandbox::new();
    let mut screen = sandbox.open(&["identity", "init"], 100, 30);
    for (question, answer) in [
        ("call themselves", "Ada"),
        ("there for", ""),
        ("speak", "formal"),
        ("never do", "never delete a branch; ask before a purchase"),
        ("address you", "Captain"),
        ("pronouns", "she/her"),
        ("time zone", "Europe/Berlin"),
        ("easier", ""),
    ] {
        screen.wait_text(question);
        screen.send(&format!("{answer}\r"));
    }
    screen.wait_text("TOOLS.md");
    let page = |name: &str| fs::read_to_string(sandbox.home().join(name)).unwrap();
    wait_for("the pages", || sandbox.home().join("TOOLS.md").exists());
    let soul = page("SOUL.md");
    assert!(soul.contains("You are **Ada**.") && soul.contains("## Style: formal"), "{soul}");
    assert!(soul.contains("- never delete a branch\n- ask before a purchase\n"), "{soul}");
    let user = page("USER.md");
    assert!(user.contains("| address as | Captain |") && user.contains("| pronouns | she/her |"), "{user}");
    let again = sandbox.ok(&["identity", "init", "--name", "Other", "--user-name", "Other"]);
    assert_eq!(again.stdout.matches("is there already").count(), 3, "{again:?}");
    assert_eq!((page("SOUL.md"), page("USER.md")), (soul, user));
    // Without a terminal nothing is asked, and the defaults are taken.
    let other = Sandbox::new();
    let wrote = other.ok(&["identity", "init", "--json"]).json();
    assert!(wrote["files"].as_array().unwrap().iter().all(|file| file["written"] == true), "{wrote}");
    assert!(fs::read_to_string(other.home().join("SOUL.md")).unwrap().contains("**Mosaic agent**"));
}

#[test]
fn an_update_tells_what_is_new_and_restarts_whom_an_older_build_keeps() {
    let sandbox = Sandbox::with_agents("  - {name: boss, class: orchestrator}\n  - {name: e, class: enhancer}\n");
    fill_around_roster(&sandbox);
    // The program as it was before: another file of the same content.
    let old = sandbox.root.join("w/mosaic-tui");
    fs::copy(program(), &old).unwrap();
    let started = answer(sandbox.command(&old).args(["fleet", "start"]));
    assert_eq!(started.code, 0, "{started:?}");
    let told = sandbox.ok(&["update"]).stdout;
    assert!(told.contains("seeded by 0.0.1") && told.contains("outdated  CONSTITUTION.md"), "{told}");
    assert!(
        told.contains("another build of this program keeps boss, e") && told.contains("--apply` does it"),
        "{told}"
    );
    assert_eq!(fs::read_to_string(sandbox.home().join("CONSTITUTION.md")).unwrap(), older("CONSTITUTION.md"));
    let pid = |name: &str| sandbox.row(name)["pane"]["pid"].as_u64();
    let before = [pid("boss"), pid("e")];
    let done = sandbox.ok(&["update", "--apply", "--no-reseed", "--json"]).json();
    assert_eq!(fs::read_to_string(sandbox.home().join("CONSTITUTION.md")).unwrap(), older("CONSTITUTION.md"));
    assert_eq!([pid("boss"), pid("e")], before, "nobody was restarted: {done}");
    let done = sandbox.ok(&["update", "--apply", "--relaunch", "--json"]).json();
    assert_eq!(done["outcomes"].as_array().unwrap().len(), 2, "{done}");
    assert!(pid("boss") != before[0] && pid("e") != before[1]);
    let rest = sandbox.ok(&["update"]).stdout;
    assert!(rest.contains("all 2 that run are kept by this program") && rest.contains("nothing to do"), "{rest}");
    assert_eq!(sandbox.run(&["update", "--relaunch"]).code, 2);
}

/// A home as an older version seeded it, with the roster that it has.
fn fill_around_roster(sandbox: &Sandbox) {
    let roster = fs::read_to_string(sandbox.roster()).unwrap();
    fill(&sandbox.home());
    fs::write(sandbox.roster(), roster).unwrap();
    fs::remove_file(sandbox.home().join("fleet/run/PAUSED")).unwrap();
    fs::remove_file(sandbox.home().join("fleet/agents/code0.env")).unwrap();
    fs::remove_dir_all(sandbox.home().join("fleet/backlog")).unwrap();
}

/// Names of files in a home that only a killed writer leaves.
fn left_over(home: &Path) -> Vec<String> {
    texts(home).into_keys().filter(|path| path.contains(".tmp")).collect()
}

#[test]
fn an_update_with_a_relaunch_that_is_killed_at_any_instant_is_ended_by_the_next() {
    let sandbox = Sandbox::with_agents("  - {name: boss, class: orchestrator}\n  - {name: e, class: enhancer}\n");
    let roster = fs::read_to_string(sandbox.roster()).unwrap();
    let update = ["update", "--apply", "--relaunch", "--json"];
    fill_around_roster(&sandbox);
    sandbox.start();
    let begun = Instant::now();
    sandbox.ok(&update);
    let whole = begun.elapsed();
    let (mut dice, mut killed) = (Dice(0xacce_55ed), 0);
    let rounds = 10;
    for round in 0..rounds {
        // As an older version seeded it, with what the user wrote.
        fill(&sandbox.home());
        fs::write(sandbox.roster(), &roster).unwrap();
        for path in ["fleet/run/PAUSED", "fleet/agents/code0.env"] {
            fs::remove_file(sandbox.home().join(path)).unwrap();
        }
        fs::remove_dir_all(sandbox.home().join("fleet/backlog")).unwrap();
        // One part of its whole time after the other, and chance within each.
        let part = u64::try_from(whole.as_micros()).unwrap() / rounds;
        let lives = Duration::from_micros(part * round + dice.below(part));
        let when = format!("round {round}, killed after {lives:?} of {whole:?}");
        let mut child =
            sandbox.command(program()).args(update).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(lives);
        if child.try_wait().unwrap().is_none() {
            kill(child.id(), Signal::KILL);
        }
        killed += u64::from(!child.wait().unwrap().success());
        let healed = sandbox.run(&update);
        assert_eq!(healed.code, 0, "{when}: {healed:?}");
        let told = sandbox.ok(&["update"]).stdout;
        assert!(
            told.contains("all 2 that run are kept by this program") && told.contains("nothing to do"),
            "{when}: {told}"
        );
        assert!(sandbox.ok(&["framework", "status"]).stdout.contains("files are current"), "{when}");
        let rows = sandbox.rows();
        assert!(rows.iter().all(|row| row["process"]["alive"] == true), "{when}: {rows:#?}");
        let sessions = sandbox.tmux(&["list-sessions", "-F", "#{session_name}"]);
        let mut sessions: Vec<&str> = sessions.lines().collect();
        sessions.sort_unstable();
        assert_eq!(sessions, ["_holder", "boss", "e"], "{when}");
        let all = texts(&sandbox.home());
        for path in OWN.iter().filter(|path| all.contains_key(**path) && **path != "fleet/roster.yaml") {
            assert_eq!(all[*path], mine(path).as_bytes(), "{when}: {path}");
        }
        assert_eq!(all["fleet/roster.yaml"], roster.as_bytes(), "{when}");
        for path in CHANGED {
            assert!(all.values().any(|text| *text == mine(path).as_bytes()), "{when}: the user's {path} is lost");
        }
        for (path, text) in framework::files() {
            assert_eq!(all[&path], text.as_bytes(), "{when}: {path}");
        }
        assert_eq!(left_over(&sandbox.home()), Vec::<String>::new(), "{when}");
    }
    assert!(killed > rounds / 2, "only {killed} were killed before their end");
}
