//! The real claude, codex, opencode and pi, driven by a model server on loopback: every receipt is held against what
//! that server received. Slow, and in need of the programs: `scripts/test --runtimes` runs them.

mod clock;
mod factory;
mod fleet;
mod model;
mod only_claude;
mod states;
mod traces;
mod truth;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::Sandbox;
use clock::{wait, wait_for};
use model::Model;

/// One of the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Runtime {
    Claude,
    Codex,
    Opencode,
    Pi,
}

impl Runtime {
    fn name(self) -> &'static str {
        match self {
            Self::Claude => "claude",
            Self::Codex => "codex",
            Self::Opencode => "opencode",
            Self::Pi => "pi",
        }
    }

    /// Words behind the program's name.
    fn words(self) -> &'static str {
        match self {
            Self::Claude => "--permission-mode manual",
            Self::Codex => "--no-daemon --disable plugins --disable apps --disable instant_interrupt",
            Self::Opencode | Self::Pi => "",
        }
    }

    /// A message that makes it ask before it runs a command; pi never asks.
    fn asking(self, command: &str) -> Option<String> {
        match self {
            Self::Codex => Some(format!("ASKRUN {command}")),
            Self::Claude | Self::Opencode => Some(format!("RUN {command}")),
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
        Self::of_version(runtime, runtime.name(), size, words)
    }

    /// With the program below this folder of the programs.
    fn of_version(runtime: Runtime, version: &str, size: &str, words: &str) -> Self {
        let lab = Self::unsettled(runtime, version, size, words, |_| {});
        lab.settled("its first screen");
        lab
    }

    /// The same before its first screen, its home folder changed so.
    fn unsettled(runtime: Runtime, version: &str, size: &str, words: &str, change: impl FnOnce(&Path)) -> Self {
        let folder = PathBuf::from(std::env::var("MOSAIC_TEST_RUNTIMES").unwrap());
        let model = Model::start();
        let sandbox = Sandbox::new();
        let (home, work) = (sandbox.root.join("h"), sandbox.root.join("w"));
        configure(&home, &work, model.port);
        change(&home);
        // What the hooks call.
        fs::create_dir_all(sandbox.root.join("bin")).unwrap();
        std::os::unix::fs::symlink(crate::harness::program(), sandbox.root.join("bin/mosaic-tui")).unwrap();
        let git =
            std::process::Command::new("git").args(["-c", "init.defaultBranch=main", "init", "-q"]).arg(&work).status();
        assert!(git.unwrap().success());
        let program = folder.join(version).join("bin").join(runtime.name());
        let claude = format!(
            "ANTHROPIC_BASE_URL: 'http://127.0.0.1:{}', ANTHROPIC_API_KEY: {KEY}, DISABLE_AUTOUPDATER: '1', \
             DISABLE_ERROR_REPORTING: '1', CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1', CLAUDE_CODE_MAX_RETRIES: '4'",
            model.port
        );
        let env = "FAKE_KEY: x, DISABLE_TELEMETRY: '1', PI_OFFLINE: '1', PI_TELEMETRY: '0', PI_SKIP_VERSION_CHECK: '1', \
                   OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1', OPENCODE_DISABLE_SHARE: '1', \
                   OPENCODE_DISABLE_DEFAULT_PLUGINS: '1', OPENCODE_DISABLE_LSP_DOWNLOAD: '1'";
        sandbox.write_roster(&format!(
            "version: 1\ntmux: {{socket_name: it}}\ndefaults: {{working_directory: {}, window_size: {size}}}\nagents:\n  \
             - {{name: a, runtime: {}, command: '{} {words}; true', env: {{HOME: {}, {claude}, {env}}}}}\n",
            work.display(),
            runtime.name(),
            program.display(),
            home.display()
        ));
        sandbox.start();
        Self { sandbox, model, runtime }
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
                // One that tells its state itself says so before its screen is drawn.
                (last["readiness"] == "available" && evidence(&last).starts_with("ready")).then_some(())
            })
        });
        assert!(seen.is_some(), "{}, {what}: {last:#}\n{}", self.runtime.name(), self.screen());
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

    /// The screen without the rows of a drawing: claude's creature blinks.
    fn words(&self) -> String {
        let is_drawn = |row: &str| row.contains(|c: char| ('\u{2580}'..='\u{259f}').contains(&c));
        self.screen().lines().filter(|row| !is_drawn(row)).map(|row| format!("{row}\n")).collect()
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
        let got = self.model.messages(tag);
        let whole = got.iter().any(|got| squeezed(got).contains(&squeezed(text)));
        assert!(whole, "{name}, {what}: not whole:\n{}\n--- sent:\n{text}", got.join("\n---\n"));
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

/// A text without its blanks, which a composer may wrap anew.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// What the screen says, of a row.
fn evidence(row: &Value) -> String {
    let all = row["evidence"].as_array().cloned().unwrap_or_default();
    let of_screen = all.iter().find(|one| one["plane"] == "screen");
    of_screen.and_then(|one| one["text"].as_str()).unwrap_or_default().to_owned()
}

/// The key that claude is told; nobody's.
const KEY: &str = "made-up-key-of-a-test";

/// Settings of all programs: one model on loopback, nothing else.
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
    // Without the first claude would look its vendor up; the others are what its first start would ask.
    let last_of_key = &KEY[KEY.len().saturating_sub(20)..];
    write(
        ".claude.json",
        serde_json::json!({
            "hasCompletedOnboarding": true,
            "customApiKeyResponses": { "approved": [last_of_key], "rejected": [] },
            "projects": { (work.display().to_string()): { "hasTrustDialogAccepted": true } }
        })
        .to_string(),
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
            0 => {
                let came = wait("it at the model server", || (copies() > 0).then_some(())).is_some() && copies() == 1;
                // claude says that it takes what joins and parts without being seen out of a message.
                let taken = |text: &str| match runtime {
                    Runtime::Claude => squeezed(text)
                        .replace(['\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'], ""),
                    _ => squeezed(text),
                };
                let whole = lab.model.messages(&tag).iter().any(|got| taken(got).contains(&taken(text)));
                came && whole
            }
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
            fn every_state_at_60x20() {
                states::every_state($runtime, "60x20");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn every_state_at_80x24() {
                states::every_state($runtime, "80x24");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn every_state_at_100x30() {
                states::every_state($runtime, "100x30");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn every_state_at_132x43() {
                states::every_state($runtime, "132x43");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn every_state_at_200x50() {
                states::every_state($runtime, "200x50");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn somebody_at_its_keys_at_60x20() {
                truth::somebody_at_its_keys($runtime, "60x20");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn errors_of_the_model_at_60x20() {
                truth::errors_of_the_model($runtime, "60x20");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn somebody_at_its_keys_at_132x43() {
                truth::somebody_at_its_keys($runtime, "132x43");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn errors_of_the_model_at_132x43() {
                truth::errors_of_the_model($runtime, "132x43");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn talk_decides_nothing() {
                truth::talk_decides_nothing($runtime, "100x30");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn endings_arrive() {
                truth::endings_arrive($runtime, "80x24");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn every_width_is_read() {
                truth::every_width($runtime);
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn messages_in_the_worlds_writing() {
                worlds_writing($runtime, "100x30");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn messages_with_other_versions() {
                states::other_versions($runtime);
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn a_fleet_in_two_commands() {
                fleet::in_two_commands($runtime);
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn a_card_becomes_a_commit() {
                factory::from_a_card_to_a_commit($runtime, "120x40");
            }

            #[test]
            #[ignore = "needs the real program; `scripts/test --runtimes` runs it"]
            fn two_hundred_messages_without_a_false_receipt() {
                two_hundred($runtime);
            }
        }
    };
}

real!(claude, Runtime::Claude);
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
