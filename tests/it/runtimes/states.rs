//! One real program through all of its states, message by message.

use std::fs;
use std::path::PathBuf;

use rustix::process::Signal;

use super::clock::{wait, wait_for};
use super::{Lab, Runtime, evidence};
use crate::harness::kill;

/// Every state, at one size.
pub(super) fn every_state(runtime: Runtime, size: &str) {
    states_of(&Lab::up(runtime, size), size);
}

/// The same with each other version of the program that is installed.
pub(super) fn other_versions(runtime: Runtime) {
    let folder = PathBuf::from(std::env::var("MOSAIC_TEST_RUNTIMES").unwrap());
    let names = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let others: Vec<String> = names.filter(|name| name.starts_with(&format!("{}-", runtime.name()))).collect();
    assert!(!others.is_empty(), "`scripts/test --runtimes` installs another one");
    for version in others {
        states_of(&Lab::of_version(runtime, &version, "100x30", runtime.words()), "100x30");
    }
}

/// Every state of the one that runs in a lab.
pub(super) fn states_of(lab: &Lab, size: &str) {
    let tag = |what: &str| format!("tag{what}{}", size.replace('x', "by"));
    let text = |what: &str| format!("please look at {}", tag(what));

    lab.arrives("idle", &text("idle"), &tag("idle"));
    lab.settled("after the first answer");
    for (what, body) in [
        ("lines", "one\ntwo\nthree".to_owned()),
        ("paragraphs", "one\n\n    two\n\n\nthree\n".to_owned()),
        (
            "markdown",
            "# Title\n\n- **bold** `code`\n1. item\n\n```sh\nls -l\n```\n> quoted [link](http://x/y)\n".to_owned(),
        ),
        ("thirty", "line of a paste\n".repeat(30)),
        ("many", (1..=200).map(|n| format!("line {n} of many\n")).collect()),
        ("unicode", "ünï 日本語 ✓ 'q' \"d\" $HOME #{x} \\ ; {a}".to_owned()),
        ("option", "--force -x /help !ls".to_owned()),
        ("dialog", "Permission required Allow once Press enter to confirm or esc to cancel (y/n)".to_owned()),
    ] {
        lab.arrives(what, &format!("{body} {}", tag(what)), &tag(what));
        lab.settled(what);
    }

    // Busy: the turn in progress ends as it would have, and the message comes after it.
    lab.arrives("slow", &format!("SLOW 8 {}", tag("slow")), &tag("slow"));
    lab.shows("working", "busy");
    lab.arrives("busy", &text("busy"), &tag("busy"));
    lab.settled("after the turn");
    let replies = format!("FAKE-REPLY SLOW 8 {}", tag("slow"));
    let shown = lab.sandbox.ok(&["agent", "tail", "a", "-n", "400"]).stdout;
    let whole = |shown: &str| shown.contains("FAKE-REPLY");
    assert!(whole(&shown), "{}: the turn was destroyed ({replies}): {shown}", lab.runtime.name());

    // Somebody who scrolls in it, or looks at something beside it, changes nothing about its state.
    lab.sandbox.tmux(&["copy-mode", "-t", "=a:"]);
    lab.settled("in copy mode");
    lab.arrives("copy mode", &text("copy"), &tag("copy"));
    lab.settled("after copy mode");
    // Half of a small window has no room for the conversation, by which a message is found again.
    if size != "60x20" {
        lab.sandbox.tmux(&["split-window", "-t", "=a:", "cat"]);
        lab.settled("in a split window");
        lab.arrives("split window", &text("split"), &tag("split"));
        assert!(!lab.sandbox.tmux(&["capture-pane", "-p", "-t", "=a:.1"]).contains("tagsplit"));
        lab.sandbox.tmux(&["kill-pane", "-t", "=a:.1"]);
        lab.settled("after the split");
    }

    lab.keys(&["-l", "half a thought"]);
    wait_for("the draft", || lab.screen().contains("half a thought"));
    lab.refused("a person's draft", &tag("draft"), 4, "refused", "draft_present");
    assert!(lab.screen().contains("half a thought"));
    lab.keys(&["C-u"]);
    wait_for("no draft", || !lab.screen().contains("half a thought"));

    asking(lab, &tag("asked"));

    lab.arrives("fail", &format!("FAIL {}", tag("fail")), &tag("fail"));
    lab.shows("stuck", "failing");
    // opencode tries for ever; it is interrupted by two. Of claude the text comes back as a draft.
    let stops = wait("an end of the tries", || {
        let told = if lab.runtime == Runtime::Claude { evidence(&lab.row()) } else { String::new() };
        lab.keys(&[if told.starts_with("draft") { "C-u" } else { "Escape" }]);
        let rests = || evidence(&lab.row()).starts_with("ready");
        (!matches!(lab.runtime, Runtime::Claude | Runtime::Opencode) || rests()).then_some(())
    });
    assert!(stops.is_some(), "{}", lab.screen());
    lab.arrives("after a failure", &text("again"), &tag("again"));
    ends(lab, &tag("end"));
}

/// A permission dialog: nothing is typed into it, a choice of the operator answers it.
fn asking(lab: &Lab, tag: &str) {
    // The last of claude's choices is the fourth.
    let no = if lab.runtime == Runtime::Claude { "4" } else { "3" };
    for (choice, runs) in [(no, false), ("1", true)] {
        let touched = lab.sandbox.root.join(format!("w/touched{choice}"));
        let Some(message) = lab.runtime.asking(&format!("touch {}", touched.display())) else { return };
        let (code, _, reason) = lab.send(&message);
        assert_eq!(code, 0, "{reason}");
        let question = lab.question();
        lab.refused("a permission dialog", &format!("{tag}{choice}"), 4, "refused", "blocked_by_prompt");
        let wrong = lab.sandbox.run(&["agent", "approve", "a", "--question", "another", "--json"]);
        assert_eq!((wrong.code, wrong.json()["delivery"].as_str()), (4, Some("refused")), "{wrong:?}");
        assert!(!touched.exists(), "nothing was approved by a message");
        lab.shows("stuck", "dialog");
        if lab.runtime == Runtime::Opencode {
            // Its mark is a colour, and it draws when it comes to that.
            let choices = || {
                let painted = lab.sandbox.tmux(&["capture-pane", "-e", "-p", "-t", "=a:"]);
                painted.lines().find(|row| row.contains("Allow once")).map(str::to_owned)
            };
            let first = choices();
            lab.keys(&["Right"]);
            wait_for("the mark on the second choice", || choices().is_some_and(|now| Some(now) != first));
            let moved = lab.sandbox.run(&["agent", "approve", "a", "--json"]);
            assert!(moved.code == 4 && moved.stdout.contains("mark_moved"), "{moved:?}");
            lab.keys(&["Left"]);
            wait_for("the mark on the first choice", || choices() == first);
        }
        let args = ["agent", "approve", "a", "--choice", choice, "--question", &question, "--json"];
        let answer = lab.sandbox.run(&args);
        assert_eq!((answer.code, answer.json()["delivery"].as_str()), (0, Some("accepted")), "{answer:?}");
        if runs {
            wait_for("the command", || touched.exists());
            lab.settled("after the command");
        } else {
            // opencode asks what to do instead; codex waits for a message.
            lab.keys(&["Escape"]);
            lab.settled("after the refusal");
            assert!(!touched.exists(), "it was refused");
        }
    }
}

/// A megabyte, a runtime that does not react, and one that is gone.
fn ends(lab: &Lab, tag: &str) {
    lab.settled("after the failure");
    let reset = lab.sandbox.run(&["agent", "reset", "a", "--json"]);
    assert_eq!((reset.code, reset.json()["delivery"].as_str()), (0, Some("accepted")), "{reset:?}\n{}", lab.screen());
    lab.settled("after the reset");

    let big = ("x".repeat(99) + "\n").repeat(10_400) + tag;
    let (code, delivery, reason) = lab.send(&big);
    match code {
        0 => lab.arrived("a megabyte", &big, tag),
        _ => assert!(lab.model.copies(tag) == 0 || delivery == "unverified", "{delivery} {reason}"),
    }
    // What stands in the composer of one that refuses so much is taken away.
    if delivery == "draft" {
        lab.keys(&["C-c"]);
    }
    lab.settled("after the megabyte");

    // Below the pane's own process: that one tmux would wake up again.
    let pids = || {
        let pane = lab.row()["pane"]["pid"].as_u64().unwrap().to_string();
        lab.sandbox.pids().into_iter().filter(move |pid| descends(*pid, &pane)).collect::<Vec<_>>()
    };
    for pid in pids() {
        kill(pid, Signal::STOP);
    }
    lab.refused("it does not react", &format!("{tag}frozen"), 1, "blank", "does not show");
    let stopped = wait("stopped", || lab.row()["reason"].as_str()?.contains("stopped by a signal").then_some(()));
    let row = lab.row();
    assert!(stopped.is_some() && row["readiness"] == "stuck", "{row:#}\n{}", lab.screen());
    for pid in pids() {
        kill(pid, Signal::KILL);
    }
    wait_for("its end", || lab.row()["readiness"] == "dead");
    lab.refused("a dead pane", &format!("{tag}dead"), 1, "dead", "");
}

/// Whether a process has that ancestor.
fn descends(pid: u32, ancestor: &str) -> bool {
    let parent = |pid: &str| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(stat.rsplit_once(") ")?.1.split(' ').nth(1)?.to_owned())
    };
    let mut at = pid.to_string();
    while let Some(above) = parent(&at).filter(|above| above != "0") {
        if above == ancestor {
            return true;
        }
        at = above;
    }
    false
}
