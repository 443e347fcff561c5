//! A whole fleet of a real runtime in two commands: every agent knows who it is, and answers.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::{KEY, Runtime, configure, evidence};
use crate::harness::{Answer, Sandbox, wait};
use crate::runtimes::model::Model;

/// All files below a folder, as paths in it.
fn files(root: &Path) -> BTreeSet<PathBuf> {
    let (mut all, mut visit) = (BTreeSet::new(), vec![root.to_owned()]);
    while let Some(folder) = visit.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() && !path.is_symlink() {
                visit.push(path);
            } else {
                all.insert(path.strip_prefix(root).unwrap().to_owned());
            }
        }
    }
    all
}

/// Folders in a home that a runtime keeps its own state in.
fn own_folders(runtime: Runtime) -> &'static [&'static str] {
    match runtime {
        Runtime::Claude => &[".claude", ".claude.json"],
        Runtime::Codex => &[".codex"],
        Runtime::Opencode => {
            &[".config/opencode", ".local/share/opencode", ".local/state/opencode", ".cache", ".opencode", ".bun"]
        }
        Runtime::Pi => &[".pi"],
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
    let before = files(&home);
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
    for (name, class) in &agents {
        let mut last = serde_json::Value::Null;
        let ready = (0..4).find_map(|_| {
            wait("an agent that is ready", || {
                last = ok(&["agent", "status", name, "--json"]).json();
                (last["readiness"] == "available" && evidence(&last).starts_with("ready")).then_some(())
            })
        });
        let screen = || sandbox.tmux(&["capture-pane", "-p", "-t", &format!("={name}:")]);
        assert!(ready.is_some(), "{name}: {last:#}\n{}", screen());
        assert_eq!(last["drift"], false, "{last:#}");
        let tag = format!("tag{name}end");
        let sent = run(&["agent", "send", name, "--json", "-m", &format!("say {tag}")]);
        // Said beside a failure: a message that came late is another fault than one that was lost.
        let late =
            || wait("the message, later", || model.request(&[&tag])).map_or("it never came", |_| "it came later");
        assert!(sent.code == 0, "{sent:?}\n{}\n{}", screen(), late());
        // What reports of opencode is not loaded by a launch.
        if runtime != Runtime::Opencode {
            let id = sent.json()["message_id"].as_str().unwrap_or_default().to_owned();
            let beat = || fs::read_to_string(sandbox.run_file(&format!("{name}.hb"))).unwrap_or_default();
            let named = || beat().lines().any(|line| line == format!("msg={id}")).then_some(());
            assert!(wait("its own word on the message", named).is_some(), "{name}: {sent:?}\n{}", beat());
        }
        let asked = wait("the message at the model server", || model.request(&[&tag, "source: AGENTS.md -->"]));
        let asked = asked.unwrap_or_else(|| panic!("{name} asks nothing: {}", screen()));
        if matches!(runtime, Runtime::Claude | Runtime::Pi) {
            let mut last = serde_json::Value::Null;
            let counted = wait("what it used", || {
                last = ok(&["agent", "status", name, "--json"]).json()["usage"].clone();
                (last["input_tokens"].as_u64() > Some(0) && last["context_used_percent"].is_number()).then_some(())
            });
            assert!(counted.is_some(), "{name}: {last:#}\n{}", screen());
        }
        for (source, is_there) in [
            ("CONSTITUTION.md", true),
            ("AGENTS.md", true),
            ("STANDARDS.md", true),
            (&*format!("runtime/{}/RUNTIME.md", runtime.name()), true),
            (&*format!("fleet/roles/{class}.md"), true),
            ("mosaic-tui fleet comms-block", true),
            (if class == "review" { "fleet/roles/code.md" } else { "fleet/roles/review.md" }, false),
        ] {
            assert_eq!(asked.contains(&format!("source: {source} -->")), is_there, "{name}: {source}\n{asked}");
        }
        assert!(asked.contains(&format!("You are the agent `{name}`")), "{name}: {asked}");
    }
    // A conversation that begins anew, as between two cards, still has persona and contract: they come with the process.
    let (name, class) = &agents[0];
    let screen = || sandbox.tmux(&["capture-pane", "-p", "-t", &format!("={name}:")]);
    let reset = run(&["agent", "reset", name, "--json"]);
    assert_eq!(reset.code, 0, "{name}: {reset:?}\n{}", screen());
    let sent = run(&["agent", "send", name, "--json", "-m", "say taganewend"]);
    assert_eq!(sent.code, 0, "{sent:?}\n{}", screen());
    let asked = wait("the message at the model server", || model.request(&["taganewend", "source: AGENTS.md -->"]));
    let asked = asked.unwrap_or_else(|| panic!("{name} asks without its contract: {}", screen()));
    for part in [format!("source: fleet/roles/{class}.md -->"), format!("You are the agent `{name}`")] {
        assert!(asked.contains(&part), "{name}: {part}\n{asked}");
    }
    assert!(!asked.contains(&format!("tag{name}end")), "{name}: the earlier conversation is still there\n{asked}");
    let new: Vec<PathBuf> = files(&home).difference(&before).cloned().collect();
    let allowed = |path: &PathBuf| {
        path.starts_with(".config/mosaic") || own_folders(runtime).iter().any(|folder| path.starts_with(folder))
    };
    let strange: Vec<&PathBuf> = new.iter().filter(|path| !allowed(path)).collect();
    assert!(strange.is_empty(), "{strange:?}");
    run(&["fleet", "stop"]);
}
