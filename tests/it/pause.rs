//! The pause: by command, by hand and by key; what it holds up, and where it is seen.

use std::fs;

use serde_json::Value;

use crate::backlog::Stand;
use crate::harness::{Answer, Sandbox, answer, is_well, program};

const AGENTS: &str = "  - {name: lead, class: orchestrator}\n  - {name: code0, class: code}\n";

fn claim(sandbox: &Sandbox, stand: &Stand, agent: Option<&str>) -> Answer {
    let env = stand.env();
    let mut env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    env.extend(agent.map(|agent| ("MOSAIC_AGENT_NAME", agent)));
    sandbox.run_with(&["backlog", "claim", "--owner=code0", "--json"], &env)
}

#[test]
fn an_agents_claim_waits_and_the_operators_goes_on() {
    for stand in [Stand::file(), Stand::server()] {
        let sandbox = Sandbox::with_agents(AGENTS);
        let env = stand.env();
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        for id in ["A", "B", "C"] {
            let made = sandbox.run_with(&["backlog", "create", "--id", id, "--title=t"], &env);
            assert_eq!(made.code, 0, "{made:?}");
        }
        let paused = sandbox.ok(&["fleet", "pause", "--reason", "main is red", "--json"]).json();
        assert!(paused["paused"] == true && paused["pause"]["reason"] == "main is red", "{paused}");
        let refused = claim(&sandbox, &stand, Some("code0"));
        assert_eq!((refused.code, refused.stdout.as_str()), (4, ""), "{refused:?}");
        assert!(refused.stderr.contains("main is red") && refused.stderr.contains("paused by "), "{refused:?}");
        assert_eq!(claim(&sandbox, &stand, None).json()["id"], "A", "the operator's own");
        assert!(sandbox.ok(&["fleet", "resume"]).stdout.contains("main is red"));
        assert_eq!(claim(&sandbox, &stand, Some("code0")).json()["id"], "B");
        assert!(sandbox.ok(&["fleet", "resume"]).stdout.contains("not paused"));
        // One that ends by itself: an hour ago it would have been in force.
        let path = sandbox.home().join("fleet/run/PAUSED");
        fs::write(&path, "mosaic-tui pause 1\nby: op\nuntil: 2020-01-01T00:00:00Z\n").unwrap();
        assert_eq!(claim(&sandbox, &stand, Some("code0")).json()["id"], "C");
        let kept = sandbox.events("action");
        let what: Vec<&str> = kept.iter().filter_map(|event| event["what"].as_str()).collect();
        assert!(what.iter().any(|what| what.contains("fleet pause")), "{what:?}");
        assert!(what.iter().any(|what| what.contains("fleet resume")), "{what:?}");
    }
}

#[test]
fn an_agent_reaches_a_person_by_a_card_of_its_own_also_in_a_pause() {
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.ok(&["backlog", "create", "--id=W1", "--title=work", "--assignee=code0"]);
    sandbox.ok(&["fleet", "pause"]);
    let as_agent = |args: &[&str]| sandbox.run_with(args, &[("MOSAIC_AGENT_NAME", "code0")]);
    assert_eq!(as_agent(&["backlog", "create", "--id=E1", "--title=no access", "--assignee=code0"]).code, 0);
    let claim = |id: &str| as_agent(&["backlog", "claim", id, "--owner=code0", "--json"]);
    assert_eq!(claim("--id=W1").code, 4, "that is work");
    let token = claim("--id=E1").json()["claim_token"].to_string();
    let block = ["backlog", "block", "--id=E1", "--token", &token, "--reason", "the key is gone"];
    assert_eq!(as_agent(&block).code, 0);
    let told = sandbox.run(&["fleet", "escalations"]).stdout;
    assert!(told.contains("the key is gone"), "{told}");
    // Once it was held it is work like any other.
    sandbox.ok(&["backlog", "unblock", "--id=E1"]);
    assert_eq!(claim("--id=E1").code, 4);
}

#[test]
fn an_agent_that_hides_its_name_or_takes_another_is_itself_all_the_same() {
    let sandbox = Sandbox::with_agents(&format!("{AGENTS}  - {{name: code1, class: code}}\n"));
    sandbox.ok(&["backlog", "create", "--id=W1", "--title=work"]);
    sandbox.ok(&["fleet", "pause"]);
    // A pane of code0, whose keeper vouches for it; what runs below it takes whichever name it likes.
    let beat = sandbox.run_file("code0.hb");
    fs::create_dir_all(beat.parent().unwrap()).unwrap();
    let script = "printf 'ts=%s\\npid=%s\\nstatus=ok\\n' \"$(date -u +%Y-%m-%dT%H:%M:%SZ)\" $$ > \"$BEAT\"; \
                  for name in '' code1; do \
                    MOSAIC_AGENT_NAME=$name \"$1\" backlog claim --id=W1 --owner=code1; echo $?; \
                    MOSAIC_AGENT_NAME=$name \"$1\" backlog create --id=\"N-$name\" --title=t >&2; done";
    let mut pane = sandbox.command("sh");
    pane.args(["-c", script, "sh"]).arg(program()).env("BEAT", &beat).env("MOSAIC_AGENT_NAME", "code0");
    let said = answer(&mut pane);
    assert_eq!(said.stdout, "4\n4\n", "{said:?}");
    for id in ["N-", "N-code1"] {
        let made = sandbox.ok(&["backlog", "show", id, "--json"]).json();
        assert_eq!(made["history"][0]["actor"], "code0", "{made:#}");
    }
}

#[test]
fn nobody_claims_here_for_an_agent_of_another_host() {
    let far = "  - {name: far, class: code, host: elsewhere, ssh: elsewhere.invalid}\n";
    let sandbox = Sandbox::with_agents(&format!("{AGENTS}{far}"));
    sandbox.ok(&["backlog", "create", "--id=W1", "--title=work"]);
    let refused = sandbox.run(&["backlog", "claim", "--owner=far"]);
    assert!(refused.code == 4 && refused.stderr.contains("run this command on elsewhere"), "{refused:?}");
    assert_eq!(sandbox.run(&["backlog", "claim", "--owner=code0"]).code, 0);
}

#[test]
fn a_pause_without_an_end_to_come_is_refused() {
    let sandbox = Sandbox::with_agents(AGENTS);
    for until in ["2020-01-01T00:00:00Z", "0s"] {
        let refused = sandbox.run(&["fleet", "pause", "--until", until]);
        assert!(refused.code == 2 && refused.stderr.contains("over already"), "{refused:?}");
    }
    assert_eq!(sandbox.run(&["fleet", "pause", "--until", "soon"]).code, 2);
    assert!(!sandbox.home().join("fleet/run/PAUSED").exists());
    let pause = sandbox.ok(&["fleet", "pause", "--until", "2h", "--json"]).json();
    assert!(pause["pause"]["until"].is_string(), "{pause}");
    sandbox.ok(&["fleet", "resume"]);
}

#[test]
fn whatever_is_there_is_a_pause_and_nothing_says_otherwise() {
    let sandbox = Sandbox::with_agents(AGENTS);
    let path = sandbox.home().join("fleet/run/PAUSED");
    let is_paused = || {
        let seen = sandbox.run(&["--once", "--format", "json"]).json()["fleet"]["paused"].clone();
        let stand = Stand::file();
        let claimed = claim(&sandbox, &stand, Some("code0"));
        (seen.is_object(), claimed.code, claimed.stderr)
    };
    fs::create_dir_all(&path).unwrap();
    for (args, words) in
        [(&["fleet", "pause", "--reason", "r"][..], "all the same"), (&["fleet", "resume"], "stays paused")]
    {
        let answer = sandbox.run(args);
        assert_eq!((answer.code, answer.stdout.as_str()), (1, ""), "{answer:?}");
        assert!(answer.stderr.contains(words) && !answer.stderr.contains("nothing is paused"), "{answer:?}");
        let (seen, code, said) = is_paused();
        assert!(seen && code == 4 && said.contains("a folder"), "{said}");
    }
    fs::remove_dir(&path).unwrap();
    // A link that leads nowhere, one that leads to itself, and what nobody ever writes into.
    for make in [
        &(|| std::os::unix::fs::symlink("nowhere", &path).unwrap()) as &dyn Fn(),
        &|| std::os::unix::fs::symlink("PAUSED", &path).unwrap(),
        &|| rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap(),
    ] {
        make();
        let (seen, code, said) = is_paused();
        assert!(seen && code == 4 && said.contains("cannot be read"), "{said}");
        assert!(sandbox.ok(&["fleet", "pause", "--reason", "main is red"]).stdout.contains("main is red"));
        assert!(fs::symlink_metadata(&path).unwrap().is_file(), "it takes its place, and is not followed");
        sandbox.ok(&["fleet", "resume"]);
        assert!(!is_paused().0);
    }
}

#[test]
fn every_look_shows_it() {
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.start();
    let document = |sandbox: &Sandbox| -> Value { sandbox.ok(&["--once", "--format", "json"]).json() };
    assert_eq!(document(&sandbox)["fleet"]["paused"], Value::Null);
    sandbox.ok(&["fleet", "pause", "--reason", "disk \u{1b}[31mfull"]);
    assert_eq!(document(&sandbox)["fleet"]["paused"]["reason"], "disk \u{b7}[31mfull", "nothing acts on a terminal");
    for view in ["fleet", "wall", "board", "activity", "all"] {
        let text = sandbox.run(&["--once", "--view", view]).stdout;
        assert!(text.starts_with("PAUSED: the fleet is paused by "), "{view}: {text}");
        let drawn =
            sandbox.run(&["--once", "--view", view, "--format", "ansi", "--width", "80", "--height", "24"]).stdout;
        assert!(drawn.lines().next().unwrap().contains("PAUSED by "), "{view}: {drawn}");
    }
}

#[test]
fn the_dashboard_notices_a_file_made_by_hand_and_its_key_pauses_and_resumes() {
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.start();
    let path = sandbox.home().join("fleet/run/PAUSED");
    let mut screen = sandbox.open(&[], 80, 24);
    screen.wait_until("the agents", is_well);
    fs::write(&path, "").unwrap();
    screen.wait_text("PAUSED by ");
    for view in ["2", "3", "4", "1"] {
        screen.send(view);
        screen.wait_until("every view says so", |text| text.lines().next().is_some_and(|line| line.contains("PAUSED")));
    }
    fs::remove_file(&path).unwrap();
    screen.wait_until("it is over", |text| !text.contains("PAUSED"));
    screen.send("Z");
    screen.wait_text("why is the fleet paused?");
    screen.send("\x1b");
    screen.wait_until("it was left", |text| !text.contains("why is the fleet") && text.contains("q quit"));
    assert!(!path.exists());
    screen.send("Z");
    screen.wait_text("why is the fleet paused?");
    screen.send("the disk is full\r");
    screen.wait_text("PAUSED by ");
    let written = fs::read_to_string(&path).unwrap();
    assert!(written.contains("reason: the disk is full"), "{written}");
    screen.send("Z");
    screen.wait_text("Resume the fleet?");
    screen.send("y");
    screen.wait_until("it goes on", |text| !text.contains("PAUSED"));
    assert!(!path.exists());
    screen.send("q");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn an_answer_counts_from_when_its_question_was_on_the_screen_however_late_the_dashboard_hears_of_that() {
    let sandbox = Sandbox::with_agents(AGENTS);
    let path = sandbox.home().join("fleet/run/PAUSED");
    // As on a machine that is so busy that the thread which wrote a frame goes on only long after the operator saw it.
    let mut screen = sandbox.open_with(&[], &[("MOSAIC_DEBUG_FAULT", "late")], 80, 24);
    for _ in 0..3 {
        sandbox.ok(&["fleet", "pause"]);
        screen.wait_text("PAUSED by ");
        screen.send("Z");
        screen.wait_text("Resume the fleet?");
        screen.send("y");
        screen.wait_until("it goes on", |text| !text.contains("PAUSED") && !text.contains("Resume the fleet?"));
        assert!(!path.exists());
    }
}

#[test]
fn a_key_that_waits_for_its_question_to_be_seen_goes_with_it() {
    let sandbox = Sandbox::with_agents(AGENTS);
    sandbox.ok(&["fleet", "pause"]);
    let mut screen = sandbox.open_with(&[], &[("MOSAIC_DEBUG_FAULT", "late")], 80, 24);
    screen.wait_text("PAUSED by ");
    screen.send("Z");
    screen.wait_text("Resume the fleet?");
    // Until the dashboard hears that the question was seen it waits, and elsewhere it is the key of copying.
    screen.send("y");
    screen.send("\x1b");
    screen.wait_until("it was left", |text| !text.contains("Resume the fleet?"));
    screen.send("2");
    screen.wait_until("the wall, and nothing over it", |text| text.contains("Wall") && !text.contains("copy of"));
}
