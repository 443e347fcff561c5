//! A card's whole way with a real runtime: dispatched, briefed, worked on by the commands of its brief, reviewed, merged.

use std::fs;
use std::process::{Child, Stdio};

use serde_json::Value;

use super::clock::wait;
use super::{Lab, Runtime};
use crate::harness::{answer, program};

struct Supervisor(Child);

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// Words behind the program's name by which it asks nobody before it runs a command.
fn words(runtime: Runtime) -> &'static str {
    match runtime {
        Runtime::Claude => "--permission-mode manual --allowedTools Bash",
        Runtime::Codex => {
            "--no-daemon --disable plugins --disable apps --disable instant_interrupt --sandbox danger-full-access \
             --ask-for-approval never"
        }
        Runtime::Opencode | Runtime::Pi => "",
    }
}

pub(super) fn from_a_card_to_a_commit(runtime: Runtime, size: &str) {
    let lab = Lab::unsettled(runtime, runtime.name(), size, words(runtime), |home| {
        // A login shell sets its path anew.
        let bin = home.parent().unwrap().join("bin");
        fs::write(home.join(".profile"), format!("export PATH=\"{}:$PATH\"\n", bin.display())).unwrap();
        if runtime == Runtime::Opencode {
            let path = home.join(".config/opencode/opencode.json");
            let mut settings: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            settings["permission"] =
                serde_json::json!({ "*": "allow", "bash": "allow", "external_directory": "allow" });
            fs::write(path, settings.to_string()).unwrap();
        }
    });
    lab.settled("its first screen");
    let sandbox = &lab.sandbox;
    let work = sandbox.root.join("w");
    let git = |args: &[&str]| {
        let done = answer(sandbox.command("git").current_dir(&work).args(args));
        assert_eq!(done.code, 0, "git {args:?}: {done:?}");
        done.stdout.trim().to_owned()
    };
    let of_founder = ["-c", "user.name=founder", "-c", "user.email=founder@example.com"];
    git(&[&of_founder[..], &["commit", "--quiet", "--allow-empty", "-m", "Begin"]].concat());
    let gate = sandbox.home().join("fleet/gate.yaml");
    fs::write(gate, "version: 1\nci: {command: [sh, -c, 'test -s note.md'], timeout: 60}\n").unwrap();
    // Its own agent writes; who reviews and merges is built in.
    let roster = fs::read_to_string(sandbox.roster()).unwrap();
    let tree = format!("- {{name: a, class: code, worktree: {{repo: {}}},", work.display());
    let others = "  - {name: review0, class: review, runtime: stub, env: {MOSAIC_STUB_SCRIPT: 'pace 0.2'}}\n  \
                  - {name: gate0, class: merge-gate, runtime: stub, env: {MOSAIC_STUB_SCRIPT: 'pace 0.2'}}\n";
    let roster = roster.replace("- {name: a,", &tree).replace("agents:\n", "pipeline: software-delivery\nagents:\n");
    sandbox.write_roster(&format!("{roster}{others}"));
    sandbox.ok(&["fleet", "start", "review0", "gate0"]);
    sandbox.ok(&["backlog", "create", "--id", "A1", "--title", "Write a note", "--assignee", "code"]);
    let said = sandbox.root.join("said");
    let out = fs::File::create(&said).unwrap();
    let mut command = sandbox.command(program());
    command.args(["fleet", "supervise", "--json", "--interval", "1"]).stdout(Stdio::from(out)).stderr(Stdio::null());
    let _supervisor = Supervisor(command.spawn().unwrap());
    let decisions = || -> Vec<Value> {
        let text = fs::read_to_string(&said).unwrap();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    };
    let card = |id: &str| sandbox.ok(&["backlog", "show", id, "--json"]).json()["card"].clone();
    let done = (0..4).find_map(|_| wait("the card is done", || (card("A1")["status"] == "done").then_some(())));
    assert!(done.is_some(), "{}: {:#}\n{:#?}\n{}", runtime.name(), card("A1"), decisions(), lab.screen());

    // Who got what, by which receipt; the model got the brief once.
    let given: Vec<Value> = decisions().into_iter().filter(|one| one["decision"] == "dispatch").collect();
    let who: Vec<(&str, bool)> =
        given.iter().map(|one| (one["agent"].as_str().unwrap(), one["good"] == true)).collect();
    assert_eq!(who, [("a", true), ("review0", true), ("gate0", true)], "{given:#?}");
    assert_eq!(lab.model.copies("This was the brief of A1, token 1."), 1);
    // What the model's commands did is what was merged.
    assert_eq!(git(&["show", "main:note.md"]), "written by the model");
    let merged = git(&["log", "-1", "--format=%B", "main"]);
    assert!(merged.contains("Card: A1\n") && merged.contains("Reviewed-by: review0"), "{merged}");
    assert_eq!(git(&["rev-list", "--count", "main"]), "2");
    let history = sandbox.ok(&["backlog", "show", "A1"]).stdout;
    assert!(history.contains("renewed"), "{history}");
    let gate = sandbox.events("gate");
    let told = |what: &str| gate.iter().any(|event| event["what"].as_str().unwrap_or_default().contains(what));
    assert!(told("CI of code/A1"), "{gate:#?}");

    // At a limit it gets nothing.
    lab.settled("after its card");
    let (code, ..) = lab.send("LIMIT taglimit");
    assert!(code == 0 || code == 1, "{}", lab.screen());
    let limited = wait("the limit", || (lab.row()["readiness"] == "stuck").then(|| lab.row()["reason"].to_string()));
    let reason = limited.unwrap_or_else(|| panic!("{:#}\n{}", lab.row(), lab.screen()));
    // The supervisor has seen it as well.
    let stuck = || {
        let events = sandbox.events("readiness");
        events.iter().any(|event| event["agent"] == "a" && event["state"] == "stuck").then_some(())
    };
    assert!(wait("its event", stuck).is_some(), "{:#?}", sandbox.events("readiness"));
    sandbox.ok(&["backlog", "create", "--id", "A2", "--title", "Write another note", "--assignee", "code"]);
    for _ in 0..3 {
        // Each takes longer than the supervisor's own look at the backlog.
        let would = sandbox.ok(&["fleet", "supervise", "--dry-run", "--json"]).stdout;
        assert!(!would.contains("gives A2"), "{reason}: {would}");
    }
    assert!(decisions().iter().all(|one| one["card"] != "A2"), "{reason}: {:#?}", decisions());
    assert_eq!((card("A2")["status"].as_str(), lab.model.copies("the brief of A2")), (Some("ready"), 0), "{reason}");
}
