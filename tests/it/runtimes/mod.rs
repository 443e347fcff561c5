//! The real codex, opencode and pi, driven by a model server on loopback: every receipt is held against what
//! that server received. Slow, and in need of the programs: `scripts/test --runtimes` runs them.

mod model;

use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Sandbox, kill, wait, wait_for};
use model::Model;

/// One of the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runtime {
    Codex,
    Opencode,
    Pi,
}

impl Runtime {
    fn name(self) -> &'static str {
        match self {
            Self::Codex => "codex",
            Self::Opencode => "opencode",
            Self::Pi => "pi",
        }
    }

    /// Words behind the program's name.
    fn words(self) -> &'static str {
        match self {
            Self::Codex => "--no-daemon --disable plugins --disable apps --disable instant_interrupt",
            Self::Opencode | Self::Pi => "",
        }
    }

    /// A message that makes it ask before it runs a command; pi never asks.
    fn asking(self, command: &str) -> Option<String> {
        match self {
            Self::Codex => Some(format!("ASKRUN {command}")),
            Self::Opencode => Some(format!("RUN {command}")),
            Self::Pi => None,
        }
    }
}

/// A fleet of one real runtime, `a`, and its model.
struct Lab {
    sandbox: Sandbox,
    model: Model,
    runtime: Runtime,
}

impl Lab {
    fn up(runtime: Runtime, size: &str) -> Self {
        Self::with_words(runtime, size, runtime.words())
    }

    fn with_words(runtime: Runtime, size: &str, words: &str) -> Self {
        let folder = PathBuf::from(std::env::var("MOSAIC_TEST_RUNTIMES").unwrap());
        let model = Model::start();
        let sandbox = Sandbox::new();
        let (home, work) = (sandbox.root.join("h"), sandbox.root.join("w"));
        configure(&home, &work, model.port);
        let git =
            std::process::Command::new("git").args(["-c", "init.defaultBranch=main", "init", "-q"]).arg(&work).status();
        assert!(git.unwrap().success());
        let program = folder.join(runtime.name()).join("bin").join(runtime.name());
        let env = "FAKE_KEY: x, DISABLE_TELEMETRY: '1', PI_OFFLINE: '1', PI_TELEMETRY: '0', PI_SKIP_VERSION_CHECK: '1', \
                   OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_SHARE: '1', \
                   OPENCODE_DISABLE_DEFAULT_PLUGINS: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1'";
        sandbox.write_roster(&format!(
            "version: 1\ntmux: {{socket_name: it}}\ndefaults: {{working_directory: {}, window_size: {size}}}\nagents:\n  \
             - {{name: a, runtime: {}, command: '{} {words}; true', env: {{HOME: {}, {env}}}}}\n",
            work.display(),
            runtime.name(),
            program.display(),
            home.display()
        ));
        sandbox.start();
        let lab = Self { sandbox, model, runtime };
        lab.settled("its first screen");
        lab
    }

    fn row(&self) -> Value {
        self.sandbox.row("a")
    }

    /// Waits until the agent is available, by what its screen shows.
    fn settled(&self, what: &str) {
        let mut last = Value::Null;
        let seen = (0..4).find_map(|_| {
            wait(what, || {
                last = self.row();
                (last["readiness"] == "available").then_some(())
            })
        });
        assert!(seen.is_some(), "{}, {what}: {last:#}\n{}", self.runtime.name(), self.screen());
        assert!(evidence(&last).starts_with("ready"), "{last:#}");
    }

    /// Waits until its readiness is this, and its screen's evidence begins so.
    fn shows(&self, readiness: &str, screen: &str) -> Value {
        let mut last = Value::Null;
        let seen = wait(readiness, || {
            last = self.row();
            (last["readiness"] == readiness && evidence(&last).starts_with(screen)).then(|| last.clone())
        });
        seen.unwrap_or_else(|| panic!("{}, {readiness} {screen}: {last:#}\n{}", self.runtime.name(), self.screen()))
    }

    /// The question that it asks, once it is drawn in full.
    fn question(&self) -> String {
        let mut before = String::new();
        let whole = wait("the question", || {
            let question = self.shows("stuck", "dialog")["question"].as_str().unwrap_or_default().to_owned();
            let same = question == before;
            before.clone_from(&question);
            (same && question.contains("touch")).then_some(question)
        });
        whole.unwrap_or_else(|| panic!("{before}: {}", self.screen()))
    }

    fn screen(&self) -> String {
        self.sandbox.tmux(&["capture-pane", "-p", "-t", "=a:"])
    }

    fn keys(&self, keys: &[&str]) {
        self.sandbox.tmux(&[&["send-keys", "-t", "=a:"], keys].concat());
    }

    /// Sends a text; exit code, receipt, reason.
    fn send(&self, text: &str) -> (i32, String, String) {
        let file = self.sandbox.root.join("tmp/text");
        fs::write(&file, text).unwrap();
        let answer = self.sandbox.run(&["agent", "send", "a", "--json", "--file", file.to_str().unwrap()]);
        let json = answer.json();
        let word = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
        (answer.code, word("delivery"), word("reason"))
    }

    /// A text that must arrive: exit 0, and the model server gets it once, whole.
    fn arrives(&self, what: &str, text: &str, tag: &str) {
        let (code, delivery, reason) = self.send(text);
        let name = self.runtime.name();
        assert!(
            code == 0 && matches!(delivery.as_str(), "accepted" | "queued"),
            "{name}, {what}: {code} {delivery} {reason}\n{}",
            self.screen()
        );
        self.arrived(what, text, tag);
    }

    fn arrived(&self, what: &str, text: &str, tag: &str) {
        let name = self.runtime.name();
        wait_for(&format!("{name}: {what} at the model server"), || self.model.copies(tag) > 0);
        assert_eq!(self.model.copies(tag), 1, "{name}, {what}: copies");
        let got = self.model.message(tag).unwrap();
        let squeezed = |text: &str| text.split_whitespace().collect::<String>();
        assert!(squeezed(&got).contains(&squeezed(text)), "{name}, {what}: not whole: {} of {}", got.len(), text.len());
    }

    /// A text that must not arrive, with this receipt.
    fn refused(&self, what: &str, tag: &str, code: i32, delivery: &str, word: &str) {
        let (got, told, reason) = self.send(&format!("must not arrive {tag}"));
        assert!(
            got == code && told == delivery && reason.contains(word),
            "{}, {what}: {got} {told} {reason}\n{}",
            self.runtime.name(),
            self.screen()
        );
        assert_eq!(self.model.copies(tag), 0, "{what}");
    }
}

/// What the screen says, of a row.
fn evidence(row: &Value) -> String {
    let all = row["evidence"].as_array().cloned().unwrap_or_default();
    let of_screen = all.iter().find(|one| one["plane"] == "screen");
    of_screen.and_then(|one| one["text"].as_str()).unwrap_or_default().to_owned()
}

/// Settings of all three programs: one model on loopback, nothing else.
fn configure(home: &Path, work: &Path, port: u16) {
    let write = |path: &str, text: String| {
        let path = home.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write(
        ".codex/config.toml",
        format!(
            "model = \"fake-model\"\nmodel_provider = \"fake\"\ncheck_for_update_on_startup = false\n\
             approval_policy = \"on-request\"\nsandbox_mode = \"read-only\"\n\
             [model_providers.fake]\nname = \"fake\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\nwire_api = \"responses\"\n\
             env_key = \"FAKE_KEY\"\nrequest_max_retries = 0\nstream_max_retries = 0\n\
             [analytics]\nenabled = false\n[feedback]\nenabled = false\n[otel]\nexporter = \"none\"\n\
             [history]\npersistence = \"none\"\n[projects.\"{}\"]\ntrust_level = \"trusted\"\n",
            work.display()
        ),
    );
    write(
        ".config/opencode/opencode.json",
        serde_json::json!({
            "autoupdate": false, "share": "disabled", "model": "fake/fake-model", "small_model": "fake/fake-model",
            "enabled_providers": ["fake"],
            "provider": { "fake": { "npm": "@ai-sdk/openai-compatible", "name": "fake",
                "options": { "baseURL": format!("http://127.0.0.1:{port}/v1"), "apiKey": "x" },
                "models": { "fake-model": { "name": "fake-model", "limit": { "context": 4_000_000, "output": 4096 } } } } },
            "permission": { "bash": "ask" }
        })
        .to_string(),
    );
    write(
        ".pi/agent/models.json",
        serde_json::json!({ "providers": { "fake": {
            "baseUrl": format!("http://127.0.0.1:{port}/v1"), "api": "openai-completions", "apiKey": "x",
            "compat": { "supportsDeveloperRole": false, "supportsReasoningEffort": false },
            "models": [{ "id": "fake-model", "name": "fake-model", "reasoning": false, "input": ["text"],
                "contextWindow": 4_000_000, "maxTokens": 4096,
                "cost": { "input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0 } }] } } })
        .to_string(),
    );
    write(
        ".pi/agent/settings.json",
        "{\"defaultProvider\":\"fake\",\"defaultModel\":\"fake-model\",\"enableInstallTelemetry\":false}".to_owned(),
    );
}

/// Every state, at one size.
fn every_state(runtime: Runtime, size: &str) {
    let lab = Lab::up(runtime, size);
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
    assert!(whole(&shown), "{}: the turn was destroyed ({replies}): {shown}", runtime.name());

    lab.sandbox.tmux(&["copy-mode", "-t", "=a:"]);
    lab.arrives("copy mode", &text("copy"), &tag("copy"));
    lab.settled("after copy mode");
    lab.sandbox.tmux(&["split-window", "-t", "=a:", "cat"]);
    lab.arrives("split window", &text("split"), &tag("split"));
    assert!(!lab.sandbox.tmux(&["capture-pane", "-p", "-t", "=a:.1"]).contains("tagsplit"));
    lab.sandbox.tmux(&["kill-pane", "-t", "=a:.1"]);
    lab.settled("after the split");

    lab.keys(&["-l", "half a thought"]);
    wait_for("the draft", || lab.screen().contains("half a thought"));
    lab.refused("a person's draft", &tag("draft"), 4, "refused", "draft_present");
    assert!(lab.screen().contains("half a thought"));
    lab.keys(&["C-u"]);
    wait_for("no draft", || !lab.screen().contains("half a thought"));

    asking(&lab, &tag("asked"));

    lab.arrives("fail", &format!("FAIL {}", tag("fail")), &tag("fail"));
    lab.shows("stuck", "failing");
    // opencode tries for ever; it is interrupted by two.
    let stops = wait("an end of the tries", || {
        lab.keys(&["Escape"]);
        (lab.runtime != Runtime::Opencode || evidence(&lab.row()).starts_with("ready")).then_some(())
    });
    assert!(stops.is_some(), "{}", lab.screen());
    lab.arrives("after a failure", &text("again"), &tag("again"));
    ends(&lab, &tag("end"));
}

/// A permission dialog: nothing is typed into it, a choice of the operator answers it.
fn asking(lab: &Lab, tag: &str) {
    for (choice, runs) in [("3", false), ("1", true)] {
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
            lab.keys(&["Right"]);
            let moved = lab.sandbox.run(&["agent", "approve", "a", "--json"]);
            assert!(moved.code == 4 && moved.stdout.contains("mark_moved"), "{moved:?}");
            lab.keys(&["Left"]);
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

/// Two hundred texts, one behind the other: no receipt is false.
fn two_hundred(runtime: Runtime) {
    let lab = Lab::up(runtime, "120x40");
    let mut sure = 0;
    let mut unsure = Vec::new();
    for n in 0..200 {
        let tag = format!("number{n:03}end");
        let text = match n % 5 {
            0 => format!("short {tag}"),
            1 => format!("two\nlines {tag}"),
            2 => format!("{} {tag}", "a longer text that wraps ".repeat(12)),
            3 => format!("日本語 ünï {tag}"),
            _ => format!("{}{tag}", "line of a long paste\n".repeat(40)),
        };
        let (code, delivery, reason) = lab.send(&text);
        match code {
            0 => {
                lab.arrived("one of two hundred", &text, &tag);
                sure += 1;
            }
            4 => assert_eq!(lab.model.copies(&tag), 0, "{delivery} {reason}"),
            _ => assert!(delivery == "unverified" || lab.model.copies(&tag) == 0, "{delivery} {reason}"),
        }
        if code != 0 {
            unsure.push(format!("{n}: {delivery}: {reason}"));
        }
        if unsure.len() > 2 {
            break;
        }
    }
    assert!(sure >= 198, "{}: only {sure} of 200 arrived for sure: {unsure:#?}\n{}", runtime.name(), lab.screen());
}

/// Messages in the world's writing, each before a plain one: each arrives once, or nothing of it was typed.
fn worlds_writing(runtime: Runtime, size: &str) {
    let lab = Lab::up(runtime, size);
    let mut wrong = Vec::new();
    for (at, text) in crate::writing::MESSAGES.iter().enumerate() {
        let tag = format!("writing{at:02}end");
        let (code, delivery, reason) = lab.send(&format!("{tag} {text}"));
        let copies = || lab.model.copies(&tag);
        let right = match code {
            0 => wait("it at the model server", || (copies() > 0).then_some(())).is_some() && copies() == 1,
            4 => copies() == 0,
            _ => false,
        };
        if !right {
            wrong.push(format!("{text:?}: {code} {delivery} {reason}; {} copies\n{}", copies(), lab.screen()));
        }
        lab.settled("after a message in some writing");
        lab.arrives("the plain one behind it", &format!("plain{at:02}end"), &format!("plain{at:02}end"));
        lab.settled("after the plain one");
    }
    assert!(wrong.is_empty(), "{}, {size}: {}", runtime.name(), wrong.join("\n"));
}

macro_rules! real {
    ($module:ident, $runtime:expr) => {
        mod $module {
            use super::*;

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn every_state_at_80x24() {
                every_state($runtime, "80x24");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn every_state_at_200x50() {
                every_state($runtime, "200x50");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn messages_in_the_worlds_writing() {
                worlds_writing($runtime, "100x30");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn two_hundred_messages_without_a_false_receipt() {
                two_hundred($runtime);
            }
        }
    };
}

real!(codex, Runtime::Codex);
real!(opencode, Runtime::Opencode);
real!(pi, Runtime::Pi);

#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn a_codex_whose_turn_a_message_would_end_is_not_disturbed() {
    let lab = Lab::with_words(Runtime::Codex, "120x40", "--no-daemon --disable plugins --disable apps");
    lab.arrives("slow", "SLOW 6 tagslow", "tagslow");
    lab.shows("working", "busy");
    lab.refused("busy", "tagbusy", 4, "refused", "would end its turn");
    lab.settled("after the turn");
    assert!(lab.screen().contains("FAKE-REPLY"), "{}", lab.screen());
}

#[test]
#[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
fn a_shell_in_the_place_of_a_real_runtime_is_no_agent() {
    let lab = Lab::up(Runtime::Pi, "80x24");
    // A shell in its place: what is typed would be run.
    lab.sandbox.tmux(&["respawn-pane", "-k", "-t", "=a:", "bash --norc"]);
    let seen = wait("a dead agent", || (lab.row()["readiness"] == "dead").then_some(()));
    assert!(seen.is_some(), "{:#}", lab.row());
    lab.refused("a shell", "tagshell", 1, "dead", "bash stands there");
}

#[test]
#[ignore = "two hundred messages; `scripts/test --runtimes` runs it"]
fn the_stub_gives_no_false_receipt_either() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let screen = || -> String { sandbox.tmux(&["capture-pane", "-p", "-J", "-t", "=a:"]).split_whitespace().collect() };
    let mut sure = 0;
    for n in 0..200 {
        let tag = format!("number{n:03}end");
        let answer = sandbox.run(&["agent", "send", "a", "--json", "-m", &format!("please look at {tag}")]);
        let taken = screen().matches(&tag).count();
        match answer.code {
            0 => {
                assert!(taken > 0, "{n}: {answer:?}");
                sure += 1;
            }
            // It keeps a hundred while it works; then what was typed stays a draft, and is told as that.
            _ => {
                assert!(taken <= 1, "{n}: {answer:?}");
                sandbox.ok(&["fleet", "restart", "a"]);
            }
        }
    }
    assert!(sure >= 195, "only {sure} of 200 arrived for sure");
}
