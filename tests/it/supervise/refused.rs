//! Who is never given work, each with its event: a dialog, a limit, a draft, a dead pane, a stale agent, one that was stopped.

use std::fs;

use rustix::process::Signal;

use super::{Supervisor, card, status};
use crate::harness::{Sandbox, kill, wait_for};

#[test]
fn nothing_reaches_who_asks_hangs_is_at_its_limit_or_holds_a_draft_and_a_dead_one_is_brought_back() {
    let sandbox = Sandbox::new();
    // The stub has no limit of its own: rules of the user's say what it looks like.
    let rules = include_str!("../../../framework/runtime/stub/screen.yaml");
    let limit = "marks:\n  - {pattern: '^ *used up until', state: limit, reason: usage limit}\n";
    let own = sandbox.home().join("runtime/stub/screen.yaml");
    fs::create_dir_all(own.parent().unwrap()).unwrap();
    fs::write(own, format!("{rules}{limit}")).unwrap();
    let scripts = [
        ("asks", "ask Go on?"),
        ("limited", "say used up until noon"),
        ("hangs", "rest 1; hang"),
        ("drafts", "pace 0.3"),
        ("dies", "pace 0.3"),
        ("stopped", ""),
    ];
    let entries: String = scripts
        .iter()
        .map(|(name, script)| format!("  - {{name: {name}, class: code, env: {{MOSAIC_STUB_SCRIPT: '{script}'}}}}\n"))
        .collect();
    sandbox.write_agents(&entries);
    sandbox.start();
    sandbox.wait_row("asks", |row| row["readiness"] == "stuck");
    sandbox.wait_row("limited", |row| row["readiness"] == "stuck");
    sandbox.wait_row("hangs", |row| row["readiness"] == "stale");
    sandbox.wait_row("dies", |row| row["readiness"] == "available");
    sandbox.ok(&["fleet", "stop", "stopped"]);
    sandbox.tmux(&["send-keys", "-t", "=drafts:", "-l", "mine"]);
    let pid = sandbox.row("dies")["pane"]["pid"].as_u64().unwrap();
    kill(u32::try_from(pid).unwrap(), Signal::KILL);
    for (name, _) in scripts {
        card(&sandbox, &format!("for-{name}"), &["--assignee", name]);
    }
    let supervisor = Supervisor::start(&sandbox, &[]);
    wait_for("the dead one is back, and done", || status(&sandbox, "for-dies") == "done");
    supervisor.decides("its brief", |one| one["card"] == "for-dies" && one["good"] == true);
    let decisions = supervisor.decisions();
    let of = |name: &str| -> Vec<String> {
        let mine = decisions.iter().filter(|one| one["agent"] == name);
        mine.map(|one| one["decision"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(of("dies"), ["revive", "dispatch"]);
    for name in ["asks", "limited", "hangs", "stopped", "drafts"] {
        assert_eq!(of(name), [] as [&str; 0], "{name}: {decisions:#?}");
        assert_eq!(status(&sandbox, &format!("for-{name}")), "ready");
    }
    let screen = sandbox.tmux(&["capture-pane", "-p", "-t", "=drafts:"]);
    assert!(screen.contains("mine") && !screen.contains("Card"), "{screen}");
    sandbox.tmux(&["send-keys", "-t", "=drafts:", "C-u"]);
    wait_for("the draft is gone, and the card done", || status(&sandbox, "for-drafts") == "done");
    // What each of them was at is in the history, with nobody at a dashboard.
    for (name, kind, state) in [
        ("asks", "readiness", "stuck"),
        ("limited", "readiness", "stuck"),
        ("hangs", "readiness", "stale"),
        ("drafts", "readiness", "working"),
        ("dies", "exit", ""),
    ] {
        wait_for(&format!("an event of {name}"), || {
            let events = sandbox.events(kind);
            let is = |event: &serde_json::Value| state.is_empty() || event["state"] == state;
            events.iter().any(|event| event["agent"] == name && is(event))
        });
    }
    for (name, what) in [("drafts", "gives for-drafts to drafts"), ("dies", "restarts dies")] {
        supervisor.decides(what, |one| one["what"] == what);
        let events = sandbox.events("decision");
        assert!(events.iter().any(|event| event["agent"] == name && event["what"] == what), "{name}: {events:#?}");
    }
}

#[test]
fn a_claim_of_an_agent_that_is_gone_is_released_at_once_and_an_expired_one_returns() {
    let sandbox = Sandbox::with_agents(
        "  - {name: a, class: code}\n  - {name: b, class: code, env: {MOSAIC_STUB_SCRIPT: 'ask Go on?'}}\n",
    );
    sandbox.start();
    sandbox.ok(&["fleet", "stop", "a"]);
    for (id, owner, ttl) in [("A1", "a", "900"), ("A2", "b", "900"), ("A3", "b", "1")] {
        // It asks a question, and takes none of them.
        card(&sandbox, id, &["--assignee", "b"]);
        sandbox.ok(&["backlog", "claim", "--owner", owner, "--id", id, "--ttl", ttl]);
    }
    let supervisor = Supervisor::start(&sandbox, &[]);
    supervisor.decides("the claim of the one that is gone", |one| one["decision"] == "release" && one["card"] == "A1");
    supervisor.decides("the claim that is over", |one| one["decision"] == "reclaim" && one["card"] == "A3");
    assert_eq!((status(&sandbox, "A1").as_str(), status(&sandbox, "A3").as_str()), ("ready", "ready"));
    assert_eq!(status(&sandbox, "A2"), "claimed", "a live agent keeps its claim until its time is over");
    assert!(fs::read_to_string(sandbox.home().join("fleet/run/escalations.json")).is_err(), "nobody had to look");
}
