//! What only claude has: its own state file, its hooks, its first start, and a view whose composer is another session's.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use super::clock::{wait, wait_for};
use super::states::states_of;
use super::{Lab, Runtime, evidence};
use crate::harness::wait_within;

/// What claude is started with.
const MANUAL: &str = "--permission-mode manual";

fn by(row: &Value) -> &str {
    row["heartbeat"]["by"].as_str().unwrap_or_default()
}

/// The sizes that every state of it is met at.
const SIZES: [&str; 3] = ["80x24", "100x30", "200x50"];

/// Before its first screen, where it may have its state file or cannot.
fn unsettled(size: &str, hidden: bool, change: impl FnOnce(&Path)) -> Lab {
    Lab::unsettled(Runtime::Claude, "claude", size, MANUAL, |home| {
        std::fs::create_dir_all(home.join(".claude")).unwrap();
        if hidden {
            // A file stands where it would make its folder.
            std::fs::write(home.join(".claude/sessions"), "").unwrap();
        }
        change(home);
    })
}

/// At its composer, told by its own file or by its screen alone.
fn settled(size: &str, hidden: bool) -> Lab {
    let lab = unsettled(size, hidden, |_| {});
    lab.settled("its first screen");
    let word = if hidden { "keeper" } else { "runtime" };
    wait_for("its word", || by(&lab.row()) == word);
    lab
}

/// Through its states, told by its own file or, where that is hidden, by its screen.
fn states(size: &str, hidden: bool) {
    let lab = settled(size, hidden);
    lab.arrives("slow", "SLOW 6 tagslow", "tagslow");
    lab.shows("working", "busy");
    // The screen may have been first.
    let tells = |what: &str| {
        let want = if hidden { "ok" } else { what };
        wait_for(what, || lab.row()["heartbeat"]["status"] == want);
    };
    tells("busy");
    lab.keys(&["-l", "half a thought"]);
    lab.shows("working", "busy");
    lab.keys(&["C-u"]);
    lab.settled("after the turn");

    let asked = |message: &str, no: &str, other: &str| {
        assert_eq!(lab.send(message).0, 0);
        lab.shows("stuck", "dialog");
        tells("waiting");
        lab.refused("a question", "tagquestion", 4, "refused", "blocked_by_prompt");
        let wrong = lab.sandbox.run(&["agent", "approve", "a", "--choice", other, "--json"]);
        assert!(wrong.code == 4 && wrong.stdout.contains("no_choice"), "{wrong:?}");
        let answer = lab.sandbox.run(&["agent", "approve", "a", "--choice", no, "--json"]);
        assert_eq!((answer.code, answer.json()["delivery"].as_str()), (0, Some("accepted")), "{answer:?}");
        lab.settled("after the refusal");
    };
    let work = lab.sandbox.root.join("w");
    asked(&format!("RUN touch {}", work.join("touched").display()), "4", "5");
    // The last choice is another one where it writes a file.
    let new = serde_json::json!({ "file_path": work.join("new.txt"), "content": "hello\n" });
    asked(&format!("TOOL Write {new}"), "3", "4");
    assert!(!work.join("touched").exists() && !work.join("new.txt").exists());

    lab.keys(&["-l", "/model"]);
    std::thread::sleep(Duration::from_millis(500));
    lab.keys(&["Enter"]);
    lab.shows("working", "occupied");
    lab.refused("a list", "taglist", 4, "refused", "composer_occupied");
    lab.keys(&["Escape"]);
    lab.settled("after the list");

    // Broken off while the model fails, its text comes back as a draft.
    for (word, told) in [("FAIL", "failing"), ("LIMIT", "limit")] {
        let tag = format!("tag{word}off");
        lab.arrives("broken off", &format!("{word} {tag}"), &tag);
        lab.shows("stuck", told);
        lab.keys(&["Escape"]);
        lab.shows("working", "draft");
        lab.refused("what came back", "tagback", 4, "refused", "draft_present");
        lab.keys(&["C-u"]);
        lab.settled("without the draft");
    }
    for (word, reason) in [("LIMIT", "limit"), ("FAIL", "failing")] {
        lab.arrives(word, &format!("{word} tag{word}"), &format!("tag{word}"));
        lab.shows("stuck", reason);
        // It gives up after a few tries.
        wait_for("its last try", || lab.screen().contains("Resend your message"));
        lab.shows("stuck", reason);
    }
    lab.arrives("again", "hello tagagain", "tagagain");
    lab.settled("after a turn that succeeded");
}

#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn its_states_by_its_own_file() {
    SIZES.iter().for_each(|size| states(size, false));
}

#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn its_states_without_its_own_file() {
    SIZES.iter().for_each(|size| states(size, true));
}

/// What the others go through as well, pastes, a queue, copy mode, a split window, a signal and its end among them, by its
/// screen alone.
fn every_state_without_its_file(size: &str) {
    let lab = settled(size, true);
    states_of(&lab, size);
    assert!(!lab.sandbox.root.join("h/.claude/sessions").is_dir(), "it told nothing itself");
}

#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn every_state_without_its_file_at_80x24() {
    every_state_without_its_file("80x24");
}

#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn every_state_without_its_file_at_100x30() {
    every_state_without_its_file("100x30");
}

#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn every_state_without_its_file_at_200x50() {
    every_state_without_its_file("200x50");
}

/// claude's own state file.
fn own_file(lab: &Lab) -> PathBuf {
    let folder = lab.sandbox.root.join("h/.claude/sessions");
    let found = wait("its state file", || {
        let names = folder.read_dir().ok()?.flatten().map(|entry| entry.path());
        names.into_iter().find(|path| path.extension().is_some_and(|end| end == "json"))
    });
    found.unwrap()
}

#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn its_readiness_changes_as_fast_as_its_own() {
    let lab = Lab::up(Runtime::Claude, "100x30");
    wait_for("its word", || by(&lab.row()) == "runtime");
    let (file, beat) = (own_file(&lab), lab.sandbox.run_file("a.hb"));
    let state = || -> Value {
        let text = std::fs::read(&file).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    };
    let (mut late, mut starts) = (Vec::new(), Vec::new());
    for n in 0..5 {
        lab.arrives("slow", &format!("SLOW 1 tag{n}x"), &format!("tag{n}x"));
        for want in ["busy", "idle"] {
            wait_for(want, || state()["status"] == want);
            let since = state()["statusUpdatedAt"].as_u64().unwrap();
            let carried = wait("its keeper", || {
                let text = std::fs::read_to_string(&beat).ok()?;
                let says = if want == "busy" { "status=busy" } else { "status=ok" };
                text.contains(says).then(|| std::fs::metadata(&beat).ok()?.modified().ok()).flatten()
            });
            let carried = carried.unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
            late.push(u64::try_from(carried).unwrap().saturating_sub(since));
            let begun = Instant::now();
            assert!(std::process::Command::new("/bin/true").status().unwrap().success());
            starts.push(begun.elapsed());
        }
        // Idle is told at once, though its pane moved a moment ago.
        lab.settled("after the turn");
    }
    late.sort_unstable();
    starts.sort_unstable();
    // Where others use the processors everything waits for its turn, as a process does that only has to start and end.
    let turns = (starts[starts.len() / 2].as_millis() / 4).max(1);
    assert!(u128::from(late[late.len() / 2]) < 100 * turns, "{late:?} {starts:?}");
}

#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn its_hooks_report() {
    let settings = concat!(env!("CARGO_MANIFEST_DIR"), "/framework/runtime/claude/settings.json");
    let lab = Lab::with_words(Runtime::Claude, "100x30", &format!("{MANUAL} --settings {settings}"));
    let report = || std::fs::read_to_string(lab.sandbox.run_file("a.d/report")).unwrap_or_default();
    lab.arrives("slow", "SLOW 3 tagslow", "tagslow");
    wait_for("a report of busy", || report().contains("status=busy"));
    lab.settled("after the turn");
    wait_for("a report of rest", || report().contains("status=ok"));
    assert_eq!(lab.send("RUN touch asked").0, 0);
    lab.shows("stuck", "dialog");
    // Right behind the hook before the tool, and long before the notification.
    wait_for("a report of the question", || report().contains("needs permission to use Bash"));
    wait_for("its word", || lab.row()["heartbeat"]["status"] == "waiting");
    // No hook tells of Escape, and its own file does.
    lab.keys(&["Escape"]);
    lab.settled("after Escape");
    assert!(report().contains("status=waiting"), "{}", report());
}

#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn its_first_start_asks_and_no_message_answers() {
    for size in SIZES {
        [false, true].into_iter().for_each(|hidden| first_start(size, hidden));
    }
}

fn first_start(size: &str, hidden: bool) {
    let lab = unsettled(size, hidden, |home| {
        std::fs::write(home.join(".claude.json"), "{\"hasCompletedOnboarding\": true}").unwrap();
    });
    for (what, down) in [("trust this folder", "Down"), ("use this API key", "Up")] {
        let row = lab.shows("stuck", "dialog");
        wait_for(what, || lab.screen().contains(what));
        assert!(row["reason"].as_str().is_some_and(|why| why.starts_with("asks before it starts")), "{row:#}");
        let before = lab.words();
        lab.refused(what, "tagfirst", 4, "refused", "blocked_by_prompt");
        // Its mark stands on No, which ends it.
        let answer = lab.sandbox.run(&["agent", "approve", "a", "--json"]);
        assert!(answer.code == 4 && answer.stdout.contains("no_choice"), "{answer:?}");
        assert_eq!(lab.words(), before, "{what}: no key was pressed");
        // Not only another screen: a key that comes late, and once more, leads back to No.
        let mark = || lab.screen().lines().find(|row| row.contains('❯')).map(str::to_owned).unwrap_or_default();
        press(&lab, down, "the mark on Yes", || mark().contains("Yes"));
        press(&lab, "Enter", "the next screen", || !lab.screen().contains(what));
    }
    lab.settled("after its questions");
    lab.arrives("first", "hello tagfirst", "tagfirst");
}

/// Presses a key as a person does: again, when nothing came of it. A dialog that was just drawn drops what comes at once. On a busy
/// machine it may only be late, and a key pressed twice moves the mark on.
fn press(lab: &Lab, key: &str, what: &str, happened: impl Fn() -> bool) {
    let rules: serde_yaml::Value =
        serde_yaml::from_str(include_str!("../../../framework/runtime/claude/screen.yaml")).unwrap();
    let settles = Duration::from_millis(rules["settles_ms"].as_u64().unwrap());
    for _ in 0..5 {
        // As `settles_ms` of its rules: a key right behind a frame is judged by the frame before, and nothing tells when no longer.
        std::thread::sleep(settles);
        lab.keys(&[key]);
        if wait_within(Duration::from_secs(10), || happened().then_some(())).is_some() {
            return;
        }
    }
    panic!("never happened: {what}\n{}", lab.screen());
}

#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn the_composer_of_its_other_sessions_takes_no_message() {
    for size in ["80x24", "200x50"] {
        let lab = Lab::up(Runtime::Claude, size);
        lab.arrives("first", "hello tagfirst", "tagfirst");
        lab.settled("after the first answer");
        lab.keys(&["Left"]);
        let opened = wait("the list of its sessions", || evidence(&lab.row()).starts_with("occupied").then_some(()));
        assert!(opened.is_some(), "{:#}\n{}", lab.row(), lab.screen());
        assert_ne!(lab.row()["readiness"], "available");
        for _ in 0..3 {
            lab.refused("the list of its sessions", "tagother", 4, "refused", "composer_occupied");
        }
        let reset = lab.sandbox.run(&["agent", "reset", "a", "--json"]);
        assert!(reset.code == 4 && reset.stdout.contains("composer_occupied"), "{reset:?}");
    }
}

#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn a_message_that_a_hook_of_the_users_refuses_is_not_told_as_taken() {
    let settings = concat!(env!("CARGO_MANIFEST_DIR"), "/framework/runtime/claude/settings.json");
    let lab = Lab::unsettled(Runtime::Claude, "claude", "100x30", &format!("{MANUAL} --settings {settings}"), |home| {
        // Slower than ours, which has said long before that the message is there. The first takes longer than anybody waits
        // for a receipt, and says on the screen that it is at it.
        let hook = "text=$(cat); case $text in *tagslow*) sleep 9;; *) sleep 1;; esac; \
                    case $text in *tagrefused*) echo no >&2; exit 2;; esac";
        let line = serde_json::json!({ "type": "command", "command": "echo my own esc line" });
        let hooks = serde_json::json!([{ "hooks": [{ "type": "command", "command": hook }] }]);
        let all = serde_json::json!({ "statusLine": line, "hooks": { "UserPromptSubmit": hooks } });
        std::fs::create_dir_all(home.join(".claude")).unwrap();
        std::fs::write(home.join(".claude/settings.json"), all.to_string()).unwrap();
    });
    lab.settled("its first screen");
    lab.arrives("slow hooks", "hello tagslow", "tagslow");
    lab.settled("after the first answer");
    wait_for("the user's own status line", || lab.screen().contains("my own esc line"));
    lab.refused("a refusal", "tagrefused", 1, "unverified", "its composer is not empty");
    // It came back, and stands there as a draft that somebody has to look at: no work is given to it meanwhile.
    lab.shows("working", "draft");
    assert_eq!(lab.model.copies("tagrefused"), 0);
    lab.keys(&["C-u"]);
    lab.settled("without the draft");
    lab.arrives("after a refusal", "hello tagafter", "tagafter");
}
