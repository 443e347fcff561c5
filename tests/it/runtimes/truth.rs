//! What is told of the real programs in the states that operators and models bring them into, and what a message does then.

use super::clock::{wait, wait_for};
use super::{Lab, Runtime, evidence};

impl Lab {
    /// Waits until somebody is told to be at its keys.
    fn keyed(&self, what: &str) {
        let mut last = serde_json::Value::Null;
        let seen = wait(what, || {
            last = self.row();
            let told = evidence(&last);
            let keyed = told.starts_with("draft") || told.starts_with("occupied");
            (keyed && last["readiness"] == "working").then_some(())
        });
        assert!(seen.is_some(), "{}, {what}: {last:#}\n{}", self.runtime.name(), self.screen());
    }

    /// Waits until it is stuck for this reason.
    fn stuck(&self, reason: &str) {
        let mut last = serde_json::Value::Null;
        let seen = wait(reason, || {
            last = self.row();
            let told = last["reason"].as_str().is_some_and(|told| told.starts_with(reason));
            (told && last["readiness"] == "stuck").then_some(())
        });
        assert!(seen.is_some(), "{}, {reason}: {last:#}\n{}", self.runtime.name(), self.screen());
    }

    fn text(&self, text: &str) {
        self.keys(&["-l", text]);
    }
}

/// Drafts, popups, lists and modes: nobody is available meanwhile, and a message touches none of them.
pub(super) fn somebody_at_its_keys(runtime: Runtime, size: &str) {
    let lab = Lab::up(runtime, size);
    lab.arrives("first", "hello tagfirst", "tagfirst");
    lab.settled("after the first answer");
    let refused = |what: &str, word: &str| {
        lab.keyed(what);
        let before = lab.words();
        lab.refused(what, &format!("tag{}", what.replace(' ', "")), 4, "refused", word);
        assert_eq!(lab.words(), before, "{what}: nothing was typed");
    };
    let cleared = |keys: &[&str]| {
        for key in keys {
            lab.keys(&[key]);
            // Escape and a key in one breath are another key.
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        lab.settled("cleared");
    };
    for text in ["half a thought", "   ", "────────────────────────────────────"]
    {
        lab.text(text);
        // One key after the other: told as a draft at the first, it is whole a moment later.
        wait_for("all of the draft", || text.trim().is_empty() || lab.screen().contains(text));
        refused("a draft", "draft_present");
        cleared(&["C-u"]);
    }
    if runtime != Runtime::Pi {
        let touched = lab.sandbox.root.join("w/ran");
        lab.text("!");
        refused("shell mode", "composer_occupied");
        cleared(if runtime == Runtime::Opencode { &["Escape"] } else { &["BSpace"] });
        assert!(!touched.exists());
    }
    let lists: &[&str] = match runtime {
        Runtime::Claude => &["/model", "/permissions", "/theme"],
        Runtime::Codex => &["/model", "/permissions", "/theme"],
        Runtime::Opencode => &["/models", "/sessions", "/themes"],
        Runtime::Pi => &["/model", "/settings", "/tree"],
    };
    for list in lists {
        lab.text(list);
        lab.keyed("a popup");
        std::thread::sleep(std::time::Duration::from_millis(300));
        lab.keys(&["Enter"]);
        wait_for("a list", || {
            evidence(&lab.row()).starts_with("occupied") && !lab.screen().contains(&format!("  {list}"))
        });
        let (code, delivery, reason) = lab.send("must not arrive taglist");
        assert!(code == 4 && reason.starts_with("composer_occupied"), "{list}: {delivery} {reason}\n{}", lab.screen());
        assert_eq!(lab.model.copies("taglist"), 0);
        cleared(&["Escape"]);
    }
}

/// A model that answers with errors: told until a turn succeeds, and no receipt says what is not so.
pub(super) fn errors_of_the_model(runtime: Runtime, size: &str) {
    let lab = Lab::up(runtime, size);
    for (word, reason) in [
        ("AUTH", "login needed"),
        ("LIMIT", "usage limit"),
        ("OVER", "model unavailable"),
        ("DROPNOW", "model unavailable"),
    ] {
        let tag = format!("tag{}", word.to_lowercase());
        lab.arrives(word, &format!("{word} {tag}"), &tag);
        // pi tells the kind once it has given up trying.
        let reason = if runtime == Runtime::Pi && word == "LIMIT" { "model unavailable" } else { reason };
        lab.stuck(reason);
        let behind = format!("{tag}behind");
        let (code, delivery, told) = lab.send(&format!("please {behind}"));
        match (code, delivery.as_str()) {
            (0, "accepted") => lab.arrived("behind an error", &behind, &behind),
            (0, "queued") => assert!(lab.screen().contains(&behind) || lab.model.copies(&behind) > 0, "{told}"),
            _ => assert!(code == 1 && delivery == "unverified", "{code} {delivery} {told}\n{}", lab.screen()),
        }
        // opencode tries for ever, pi a few times; what waited is sent then, or comes back as a draft.
        let rests = wait("rest", || {
            let told = evidence(&lab.row());
            // A second Escape at rest would open another view.
            let tries = ["etrying (", "attempt #", "[retrying"].iter().any(|sign| lab.screen().contains(sign));
            if tries && ["failing", "limit", "queued"].iter().any(|state| told.starts_with(state)) {
                lab.keys(&["Escape"]);
                std::thread::sleep(std::time::Duration::from_millis(400));
            }
            if told.starts_with("draft") {
                lab.keys(&["C-u"]);
            }
            let rests = ["ready", "login"].iter().any(|state| told.starts_with(state));
            (rests || (!tries && !told.starts_with("busy") && !told.starts_with("queued"))).then_some(())
        });
        assert!(rests.is_some(), "{word}: {:#}\n{}", lab.row(), lab.screen());
        let again = format!("{tag}again");
        lab.arrives("after an error", &format!("please {again}"), &again);
        lab.settled("after a turn that succeeded");
    }
}

/// Words of the runtimes' own signs in messages, and in the answers that repeat them: they are talk.
pub(super) fn talk_decides_nothing(runtime: Runtime, size: &str) {
    let lab = Lab::up(runtime, size);
    let signs = [
        "Action Required: rotate the keys",
        "Error: 500 Internal Server Error",
        "Error: 429 rate limit",
        "■ You've hit your usage limit",
        "■ unexpected status 401 Unauthorized",
        "QUEUED",
        "Steering: go on",
        "• Messages to be submitted after next tool call",
        "  ↳ a message",
        "△ Permission required",
        "  Allow once   Allow always   Reject",
        "? Deploy now? (y/n)",
        "esc interrupt",
        "• Working (3s • esc to interrupt)",
        "rate limit [retrying in 8s attempt #3]",
        "Would you like to run the following command?",
        "  Press enter to confirm or esc to cancel",
        "› 1. Yes, proceed (y)",
        "1. Sign in with ChatGPT",
        "────────────────────────────────────────",
    ];
    for (at, sign) in signs.iter().enumerate() {
        let tag = format!("sign{at:02}end");
        lab.arrives(sign, &format!("{tag}\n{sign}"), &tag);
        lab.settled(sign);
    }
    let all = format!("signsall\n{}", signs.join("\n"));
    lab.arrives("all of them", &all, "signsall");
    lab.settled("all of them");
    let answer = lab.sandbox.run(&["agent", "approve", "a", "--json"]);
    assert!(answer.code == 4 && answer.stdout.contains("no_question"), "{answer:?}");
    // A draft that quotes a dialog asks nothing either, and takes no key of an answer.
    lab.sandbox.tmux(&["set-buffer", "-b", "quoted", &signs[9..19].join("\n")]);
    lab.sandbox.tmux(&["paste-buffer", "-p", "-d", "-b", "quoted", "-t", "=a:"]);
    lab.keyed("a quoted dialog");
    let before = lab.words();
    let answer = lab.sandbox.run(&["agent", "approve", "a", "--json"]);
    assert!(answer.code == 4 && answer.stdout.contains("no_question"), "{answer:?}");
    assert_eq!(lab.words(), before, "no key was pressed");
}

/// Texts whose end opens a list or escapes Enter: they arrive, and what comes behind them too.
pub(super) fn endings_arrive(runtime: Runtime, size: &str) {
    let lab = Lab::up(runtime, size);
    for (at, end) in
        ["@", "@word", "see @src/", "$", "$skill", "a backslash \\", "\\\\", "/help", "#", "#tag", "!", "a?", "``"]
            .iter()
            .enumerate()
    {
        let tag = format!("ending{at:02}x");
        lab.arrives(end, &format!("{tag} {end}"), &tag);
        lab.settled(end);
        lab.arrives("a plain one", &format!("plain{at:02}x"), &format!("plain{at:02}x"));
        lab.settled("a plain one");
    }
}

/// Every width from 40 to 250: rest, a draft, and a question or a failing model are told at each.
pub(super) fn every_width(runtime: Runtime) {
    let lab = Lab::up(runtime, "120x40");
    lab.arrives("first", "hello tagfirst", "tagfirst");
    lab.settled("after the first answer");
    let sweep = |what: &str, told: &[&str]| {
        let mut wrong = Vec::new();
        for width in 40..=250 {
            lab.sandbox.tmux(&["resize-window", "-t", "=a:", "-x", &width.to_string(), "-y", "40"]);
            let mut last = String::new();
            let seen = (0..40).any(|_| {
                last = evidence(&lab.row());
                told.iter().any(|told| last.starts_with(told))
            });
            if !seen {
                wrong.push(format!("{width}: {last}\n{}", lab.screen()));
            }
        }
        assert!(wrong.is_empty(), "{}, {what}: {} widths: {}", runtime.name(), wrong.len(), wrong[0]);
    };
    sweep("at rest", &["ready"]);
    lab.text("half a thought");
    lab.keyed("a draft");
    sweep("a draft", &["draft"]);
    lab.sandbox.tmux(&["resize-window", "-t", "=a:", "-x", "120", "-y", "40"]);
    lab.keys(&["C-u"]);
    lab.settled("no draft");
    match runtime.asking("touch asked") {
        Some(message) => {
            assert_eq!(lab.send(&message).0, 0);
            lab.shows("stuck", "dialog");
            sweep("a question", &["dialog"]);
            lab.sandbox.tmux(&["resize-window", "-t", "=a:", "-x", "120", "-y", "40"]);
            lab.keys(&["Escape"]);
            lab.settled("after the question");
        }
        None => {
            lab.arrives("busy", "SLOW 90 tagslow", "tagslow");
            sweep("at work", &["busy"]);
        }
    }
    if matches!(runtime, Runtime::Claude | Runtime::Opencode) {
        lab.arrives("fail", "FAIL tagfail", "tagfail");
        lab.shows("stuck", "failing");
        // Between two tries it is at work for a moment.
        sweep("a failing model", &["failing", "busy"]);
    }
}

/// opencode's own questions, and the second step of `Allow always`.
#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn every_kind_of_question_of_opencode_is_told_and_answered() {
    for size in ["60x20", "132x43"] {
        let lab = Lab::up(Runtime::Opencode, size);
        let touched = lab.sandbox.root.join("w/touched");
        let asked = serde_json::json!({ "questions": [{ "question": "Which database shall I use?", "header": "Database",
            "options": [{ "label": "SQLite", "description": "one file" }, { "label": "PostgreSQL", "description": "a server" }] }] });
        assert_eq!(lab.send(&format!("TOOL question {asked}")).0, 0);
        let row = lab.shows("stuck", "dialog");
        lab.refused("a question", "tagquestion", 4, "refused", "blocked_by_prompt");
        assert!(row["question"].as_str().is_some_and(|text| text.contains("Which database")), "{row:#}");
        let answer = lab.sandbox.run(&["agent", "approve", "a", "--choice", "2", "--json"]);
        assert_eq!((answer.code, answer.json()["delivery"].as_str()), (0, Some("accepted")), "{answer:?}");
        lab.settled("after the question");
        assert!(lab.sandbox.ok(&["agent", "tail", "a", "-n", "60"]).stdout.contains("PostgreSQL"));

        assert_eq!(lab.send(&format!("RUN touch {}", touched.display())).0, 0);
        lab.shows("stuck", "dialog");
        let always = lab.sandbox.run(&["agent", "approve", "a", "--choice", "2", "--json"]);
        assert!(always.code == 0 && always.stdout.contains("now it asks"), "{always:?}\n{}", lab.screen());
        lab.shows("stuck", "dialog");
        lab.refused("a second step", "tagsecond", 4, "refused", "blocked_by_prompt");
        assert!(!touched.exists());
        let confirm = lab.sandbox.run(&["agent", "approve", "a", "--json"]);
        assert_eq!((confirm.code, confirm.json()["delivery"].as_str()), (0, Some("accepted")), "{confirm:?}");
        wait_for("the command", || touched.exists());
        lab.settled("after the command");
    }
}

/// codex without animations: nothing in its title tells that it works, and a message would end its turn.
#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn a_codex_that_shows_no_spinner_is_not_disturbed() {
    let words = "--no-daemon --disable plugins --disable apps -c tui.animations=false";
    let lab = Lab::with_words(Runtime::Codex, "100x30", words);
    for message in ["SLOW 8 tagslow", "HANG 8 taghang"] {
        let tag = message.rsplit(' ').next().unwrap();
        lab.arrives(message, message, tag);
        lab.shows("working", "busy");
        lab.refused("a turn without a spinner", &format!("{tag}behind"), 4, "refused", "would end its turn");
        lab.settled("after the turn");
        let shown = lab.sandbox.ok(&["agent", "tail", "a", "-n", "60"]).stdout;
        assert!(shown.contains(&format!("FAKE-REPLY {message}")) || shown.matches(tag).count() >= 2, "{shown}");
    }
}
