//! A whole fleet of a real runtime in two commands: every agent knows who it is, and answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;

use super::clock::{Clock, wait};
use super::traces::Traces;
use super::{KEY, Runtime, configure, evidence};
use crate::harness::{Answer, Sandbox};
use crate::runtimes::model::Model;

/// How long all of a fleet may take from its start to an answer, on a machine of its own.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);

/// Pause between two looks at all of them: each look takes from the machine what the agents need.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Where a fleet may change something, as paths in a test's folder. The runtimes' places are those of their own state.
fn may_change(runtime: Runtime) -> Vec<&'static str> {
    let own: &[&str] = match runtime {
        // It keeps sockets in the session's own folder.
        Runtime::Claude => &["h/.claude", "h/.claude.json", "run/cc-socks"],
        Runtime::Codex => &["h/.codex"],
        Runtime::Opencode => &[
            "h/.config/opencode",
            "h/.local/share/opencode",
            "h/.local/share/opentui",
            "h/.local/state/opencode",
            "h/.cache/opencode",
        ],
        Runtime::Pi => &["h/.pi"],
    };
    // The Mosaic home, and the folders of tmux's sockets and of what is temporary.
    [&["h/.config/mosaic", "t", "tmp"], own].concat()
}

/// What in a runtime's folders the user wrote. codex and pi keep there what they remember themselves.
fn of_the_user(runtime: Runtime) -> &'static [&'static str] {
    match runtime {
        Runtime::Claude => &["h/.claude/settings.json"],
        Runtime::Codex => &["h/.codex/config.toml"],
        Runtime::Opencode => &["h/.config/opencode/opencode.json"],
        Runtime::Pi => &["h/.pi/agent/models.json", "h/.pi/agent/settings.json"],
    }
}

/// Whether settings say all that they said, whatever a runtime remembers beside it.
fn still_says(was: &str, is: &str) -> bool {
    let object = |text: &str| serde_json::from_str::<serde_json::Map<String, Value>>(text).ok();
    match (object(was), object(is)) {
        (Some(was), Some(is)) => was.iter().all(|(key, value)| is.get(key) == Some(value)),
        _ => is.starts_with(was),
    }
}

/// A request holds all of a contract, part behind part, and no part is missing.
fn holds_whole(asked: &str, contract: &Value, runtime: Runtime, class: &str) {
    let parts = contract["parts"].as_array().unwrap();
    let text: Vec<String> = parts
        .iter()
        .map(|part| {
            format!("<!-- source: {} -->\n{}\n", part["source"].as_str().unwrap(), part["text"].as_str().unwrap())
        })
        .collect();
    // As it is written within a text of JSON.
    let text = Value::from(text.join("\n").trim_end()).to_string();
    assert!(asked.contains(&text[1..text.len() - 1]), "not whole:\n{text}\nin\n{asked}");
    for source in [
        "CONSTITUTION.md",
        "AGENTS.md",
        "STANDARDS.md",
        &format!("runtime/{}/RUNTIME.md", runtime.name()),
        &format!("fleet/roles/{class}.md"),
        "mosaic-tui fleet comms-block",
    ] {
        let said = parts
            .iter()
            .filter(|part| part["source"] == source && part["text"].as_str().is_some_and(|text| !text.is_empty()));
        assert_eq!(said.count(), 1, "{source} of {parts:#?}");
    }
}

/// Six agents by `fleet init` and `fleet start`, each of them asked.
pub(super) fn in_two_commands(runtime: Runtime) {
    let sandbox = Sandbox::new();
    let model = Model::start();
    let home = sandbox.root.join("h");
    // Nothing in the runtime's own settings knows the folder: it is met for the first time.
    configure(&home, Path::new("/nowhere"), model.port);
    let programs = PathBuf::from(std::env::var("MOSAIC_TEST_RUNTIMES").unwrap()).join(runtime.name()).join("bin");
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", programs.display());
    // Its first start in this home: nothing is answered yet.
    let _none = fs::remove_file(home.join(".claude.json"));
    let url = format!("http://127.0.0.1:{}", model.port);
    let env = [
        ("PATH", path.as_str()),
        ("ANTHROPIC_BASE_URL", url.as_str()),
        ("ANTHROPIC_API_KEY", KEY),
        ("DISABLE_AUTOUPDATER", "1"),
        ("DISABLE_ERROR_REPORTING", "1"),
        ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ("FAKE_KEY", "x"),
        ("DISABLE_TELEMETRY", "1"),
        ("PI_OFFLINE", "1"),
        ("PI_TELEMETRY", "0"),
        ("PI_SKIP_VERSION_CHECK", "1"),
        ("OPENCODE_DISABLE_AUTOUPDATE", "1"),
        ("OPENCODE_DISABLE_MODELS_FETCH", "1"),
        ("OPENCODE_DISABLE_SHARE", "1"),
        ("OPENCODE_DISABLE_DEFAULT_PLUGINS", "1"),
        ("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
    ];
    let run = |args: &[&str]| -> Answer { sandbox.run_with(args, &env) };
    let ok = |args: &[&str]| {
        let answer = run(args);
        assert_eq!(answer.code, 0, "{args:?}: {answer:?}");
        answer
    };
    // A page of the user's for each of them, and the folder that the roster names.
    fs::create_dir_all(home.join(".claude")).unwrap();
    fs::write(home.join(".claude/settings.json"), "{\"theme\": \"dark\"}\n").unwrap();
    fs::create_dir_all(home.join("src/project")).unwrap();
    fs::write(home.join("src/project/README.md"), "# Mine\n").unwrap();
    fs::write(home.join(".profile"), "# mine\n").unwrap();
    let settings: Vec<String> =
        of_the_user(runtime).iter().map(|path| fs::read_to_string(sandbox.root.join(path)).unwrap()).collect();
    let before = Traces::of(&sandbox.root);
    let clock = Clock::start(&sandbox.root);
    ok(&["fleet", "init", "--profile", "coding", "--write"]);
    let roster = fs::read_to_string(sandbox.roster()).unwrap();
    // A socket of the test's own; nothing else of what was written.
    fs::write(sandbox.roster(), roster.replace("mosaic-fleet", "it")).unwrap();
    ok(&["fleet", "start"]);

    let rows = ok(&["fleet", "ps", "--json"]).json();
    let agents: Vec<(String, String)> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["name"].as_str().unwrap().to_owned(), row["class"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(agents.len(), 6, "{rows:#}");
    let screen = |name: &str| sandbox.tmux(&["capture-pane", "-p", "-t", &format!("={name}:")]);
    let tag = |name: &str| format!("tag{name}end");
    // As its user does it: all at once, each as soon as it is said to be free.
    let answered = |name: &str| {
        let ready = run(&["agent", "wait", name, "--until", "available", "--timeout", "300"]);
        assert_eq!(ready.code, 0, "{name}: {ready:?}\n{}", screen(name));
        let sent = run(&["agent", "send", name, "--json", "-m", &format!("say {}", tag(name))]);
        // Said beside a failure: a message that came late is another fault than one that was lost.
        let late =
            || wait("the message, later", || model.first_turn(&tag(name))).map_or("it never came", |_| "it came later");
        let receipt = sent.json();
        let took = matches!(receipt["delivery"].as_str(), Some("accepted" | "queued"));
        assert!(sent.code == 0 && took, "{sent:?}\n{}\n{}", screen(name), late());
        let asked = clock.until(ANSWERED_WITHIN, LOOK_EVERY, || model.first_turn(&tag(name)));
        assert!(asked.is_some(), "{name} asks nothing within {ANSWERED_WITHIN:?}: {}", screen(name));
        let replied = clock.until(ANSWERED_WITHIN, LOOK_EVERY, || screen(name).contains("FAKE-REPLY").then_some(()));
        assert!(replied.is_some(), "{name} shows no answer within {ANSWERED_WITHIN:?}: {}", screen(name));
        (clock.now(), receipt["message_id"].as_str().unwrap_or_default().to_owned())
    };
    let over = AtomicBool::new(false);
    let dialogs = || {
        let mut met = Vec::new();
        while !over.load(Ordering::Relaxed) {
            let rows = ok(&["fleet", "ps", "--json"]).json();
            let asks = |row: &&Value| ["dialog", "login"].iter().any(|state| evidence(row).starts_with(state));
            met.extend(rows.as_array().unwrap().iter().filter(asks).map(|row| screen(row["name"].as_str().unwrap())));
            std::thread::sleep(LOOK_EVERY);
        }
        met
    };
    let (answers, dialogs) = std::thread::scope(|scope| {
        let dialogs = scope.spawn(dialogs);
        let all: Vec<_> = agents.iter().map(|(name, _)| scope.spawn(|| answered(name))).collect();
        let answers: Vec<_> = all.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        let answers: Vec<(Duration, String)> = answers.into_iter().map(Result::unwrap).collect();
        (answers, dialogs.join().unwrap())
    });
    let last = answers.iter().map(|(at, _)| *at).max().unwrap();
    assert!(last <= ANSWERED_WITHIN, "{answers:?}");
    assert!(dialogs.is_empty(), "{}", dialogs.join("\n"));
    for ((name, class), (_, id)) in agents.iter().zip(&answers) {
        assert_eq!(model.copies(&tag(name)), 1, "{name}");
        let row = ok(&["agent", "status", name, "--json"]).json();
        assert_eq!(row["drift"], false, "{row:#}");
        // What reports of opencode is not loaded by a launch.
        if runtime != Runtime::Opencode {
            let beat = || fs::read_to_string(sandbox.run_file(&format!("{name}.hb"))).unwrap_or_default();
            let named = || beat().lines().any(|line| line == format!("msg={id}")).then_some(());
            assert!(wait("its own word on the message", named).is_some(), "{name}: {id}\n{}", beat());
        }
        let asked = model.first_turn(&tag(name)).unwrap();
        if matches!(runtime, Runtime::Claude | Runtime::Pi) {
            let mut last = Value::Null;
            let counted = wait("what it used", || {
                last = ok(&["agent", "status", name, "--json"]).json()["usage"].clone();
                (last["input_tokens"].as_u64() > Some(0) && last["context_used_percent"].is_number()).then_some(())
            });
            assert!(counted.is_some(), "{name}: {last:#}\n{}", screen(name));
        }
        let contract = ok(&["contract", "compose", runtime.name(), "--agent", name, "--json"]).json();
        holds_whole(&asked, &contract, runtime, class);
        assert!(asked.contains(&format!("You are the agent `{name}`")), "{name}: {asked}");
        // Its own place in the fleet, and nothing that was meant for another agent.
        if let Some(boss) = row["reports_to"].as_str() {
            assert!(asked.contains(&format!("You report to `{boss}`")), "{name}: {asked}");
        }
        for (asked, (other, role)) in
            model.requests(&tag(name)).iter().flat_map(|one| agents.iter().map(|of| (&one.text, of)))
        {
            let role_of_other = format!("source: fleet/roles/{role}.md -->");
            assert!(role == class || !asked.contains(&role_of_other), "{name}: {role}\n{asked}");
            let is_addressed = asked.contains(&format!("You are the agent `{other}`")) || asked.contains(&tag(other));
            assert!(!is_addressed || other == name, "{name}: of {other}\n{asked}");
        }
    }
    // A conversation that begins anew, as between two cards, still has persona and contract: they come with the process.
    let (name, class) = &agents[0];
    let reset = run(&["agent", "reset", name, "--json"]);
    assert_eq!(reset.code, 0, "{name}: {reset:?}\n{}", screen(name));
    let sent = run(&["agent", "send", name, "--json", "-m", "say taganewend"]);
    assert_eq!(sent.code, 0, "{sent:?}\n{}", screen(name));
    let asked = wait("the message at the model server", || model.first_turn("taganewend"));
    let asked = asked.unwrap_or_else(|| panic!("{name} asks nothing: {}", screen(name)));
    let contract = ok(&["contract", "compose", runtime.name(), "--agent", name, "--json"]).json();
    holds_whole(&asked, &contract, runtime, class);
    assert!(!asked.contains(&format!("tag{name}end")), "{name}: the earlier conversation is still there\n{asked}");
    ok(&["fleet", "stop"]);
    let after = Traces::of(&sandbox.root);
    let strange = before.changed_beyond(&after, &may_change(runtime));
    assert!(strange.is_empty(), "{strange:?}");
    for (path, was) in of_the_user(runtime).iter().zip(settings) {
        let is = fs::read_to_string(sandbox.root.join(path)).unwrap();
        assert!(still_says(&was, &is), "{path} was:\n{was}\nis:\n{is}");
    }
    // One tmux server was started, on the fleet's own socket.
    let sockets = after.names_in(&format!("t/tmux-{}", rustix::process::getuid().as_raw()));
    assert!(sockets.iter().all(|name| name == "it"), "{sockets:?}");
}
