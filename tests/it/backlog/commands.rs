//! The command line on both engines: every verb, its text, its JSON and its exit code.

use serde_json::Value;

use super::Stand;
use crate::harness::{Answer, Sandbox, answer, program};

macro_rules! both {
    ($($name:ident),* $(,)?) => {
        mod sqlite { $( #[test] fn $name() { super::$name(&super::Stand::file()); } )* }
        mod postgres { $( #[test] fn $name() { super::$name(&super::Stand::server()); } )* }
    };
}

both!(
    every_verb_answers,
    a_lost_claim_is_told_with_its_present_owner,
    numbers_come_back_digit_for_digit,
    hostile_input_is_refused_or_shown_safely,
    a_brief_says_all_that_an_agent_needs,
);

/// A sandbox's command line on a store.
struct Cli<'a> {
    sandbox: Sandbox,
    stand: &'a Stand,
}

impl<'a> Cli<'a> {
    fn new(stand: &'a Stand) -> Self {
        Self { sandbox: Sandbox::new(), stand }
    }

    fn run(&self, args: &[&str]) -> Answer {
        let mut command = self.sandbox.command(program());
        answer(command.arg("backlog").args(args).envs(self.stand.env()))
    }

    fn ok(&self, args: &[&str]) -> Answer {
        let answer = self.run(args);
        assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{args:?}: {answer:?}");
        answer
    }

    fn json(&self, args: &[&str]) -> Value {
        let mut args = args.to_vec();
        args.push("--json");
        self.ok(&args).json()
    }

    fn refused(&self, code: i32, args: &[&str]) -> String {
        let answer = self.run(args);
        assert_eq!((answer.code, answer.stdout.as_str()), (code, ""), "{args:?}: {answer:?}");
        assert_eq!(answer.stderr.lines().count(), 1, "one line: {answer:?}");
        assert!(answer.stderr.starts_with("mosaic-tui: "), "{answer:?}");
        answer.stderr
    }
}

fn every_verb_answers(stand: &Stand) {
    let cli = Cli::new(stand);
    assert_eq!(cli.ok(&["list"]).stdout, "no cards\n");
    assert_eq!(cli.json(&["list"]), Value::Array(Vec::new()));
    let file = cli.sandbox.root.join("w/body.md");
    std::fs::write(&file, "# head\r\n\r\ntext\n").unwrap();
    let made = cli.json(&[
        "create",
        "--id=A1",
        "--title=First",
        "--body-file",
        file.to_str().unwrap(),
        "--priority",
        "-2",
        "--phase=m1",
        "--acceptance=[\"x\"]",
        "--idempotency-key=k",
    ]);
    for (field, want) in [
        ("id", "A1".into()),
        ("body", "# head\n\ntext\n".into()),
        ("priority", (-2).into()),
        ("status", "ready".into()),
        ("claim_owner", Value::Null),
        ("claim_token", Value::Null),
        ("version", 1.into()),
    ] {
        assert_eq!(made[field], want, "{field}");
    }
    assert!(made["tenant_id"].is_string() && made["host"].is_string() && made["created_at"].is_string());
    assert_eq!(cli.json(&["create", "--id=B9", "--title=Again", "--idempotency-key=k"])["id"], "A1");
    cli.refused(4, &["create", "--id=A1", "--title=x"]);
    let second = cli.run(&["create", "--id=A2", "--title=Second", "--depends-on=A1,ghost", "--assignee=code"]);
    assert!(second.code == 0 && second.stderr.contains("depends on ghost, which does not exist"), "{second:?}");
    cli.ok(&["create", "--id=A3", "--title=Third", "--blocked"]);
    assert_eq!(cli.json(&["list", "--ready-only"]).as_array().unwrap().len(), 1);
    assert_eq!(cli.json(&["list", "--status=blocked"])[0]["id"], "A3");
    assert_eq!(cli.json(&["list", "--assignee=code", "--sort=id", "--limit=1"])[0]["id"], "A2");
    assert_eq!(cli.json(&["list", "--search=SECON"])[0]["id"], "A2");
    let shown = cli.json(&["show", "A2"]);
    assert_eq!(shown["dependencies"][1]["exists"], false);
    assert_eq!(shown["history"][0]["kind"], "created");
    cli.refused(3, &["show", "nope"]);
    assert_eq!(cli.json(&["edit", "A1", "--title=New", "--if-version=1"])["version"], 2);
    assert!(cli.refused(4, &["edit", "A1", "--title=Newer", "--if-version=1"]).contains("version 2, not 1"));
    cli.refused(2, &["edit", "A1"]);
    assert_eq!(cli.json(&["link", "--from=A3", "--to=A1"])["depends_on"][0], "A1");
    assert!(cli.refused(4, &["link", "--from=A1", "--to=A3"]).contains("A1 -> A3 -> A1"));
    cli.refused(3, &["link", "--from=A1", "--to=nope"]);
    cli.ok(&["unlink", "--from=A3", "--to=A1"]);
    cli.ok(&["unblock", "--id=A3"]);
    cli.ok(&["block", "--id=A3", "--reason=later"]);
    let claimed = cli.json(&["claim", "--owner=w", "--ttl=60"]);
    assert_eq!((&claimed["id"], &claimed["claim_owner"], &claimed["attempts"]), (&"A1".into(), &"w".into(), &1.into()));
    assert_eq!(cli.json(&["claim", "--owner=w"]), Value::Null, "null and exit 0");
    assert_eq!(cli.json(&["claim", "--owner=w", "--id=A1"]), Value::Null);
    cli.refused(3, &["claim", "--owner=w", "--id=nope"]);
    cli.refused(2, &["claim"]);
    let token = claimed["claim_token"].to_string();
    let renewed = cli.json(&["renew", "--id=A1", "--owner=w", "--token", &token, "--ttl=99"]);
    assert_eq!(renewed["claim_ttl_seconds"], 99);
    cli.refused(4, &["renew", "--id=A1", "--owner=other", "--token", &token]);
    cli.ok(&["complete", "--id=A1", "--token", &token]);
    cli.ok(&["complete", "--id=A1", "--token", &token]);
    cli.refused(4, &["complete", "--id=A3", "--token=1"]);
    assert_eq!(cli.json(&["reclaim"]), Value::Array(Vec::new()));
    let stats = cli.json(&["stats"]);
    assert_eq!(
        (&stats["status"]["done"], &stats["claimable"], &stats["claims_completed"]),
        (&1.into(), &0.into(), &1.into())
    );
    assert!(cli.ok(&["graph"]).stdout.contains("A2 [waiting] Second\n  A1 [done] New\n  ghost [unknown card]"));
    assert!(cli.ok(&["graph", "--dot"]).stdout.contains("\"A2\" -> \"ghost\""));
    let doctor = cli.run(&["doctor"]);
    assert_eq!(doctor.code, 1, "an unknown dependency is a problem");
    assert!(doctor.stdout.contains("A2 depends on ghost"));
    cli.ok(&["unlink", "--from=A2", "--to=ghost"]);
    assert_eq!(cli.json(&["doctor"])["problems"], Value::Array(Vec::new()));
    let out = cli.sandbox.root.join("w/export.jsonl");
    cli.ok(&["export", out.to_str().unwrap()]);
    assert!(cli.refused(4, &["export", out.to_str().unwrap()]).contains("exists already"));
    assert_eq!(cli.ok(&["export"]).stdout, std::fs::read_to_string(&out).unwrap());
    assert!(cli.refused(4, &["import", out.to_str().unwrap()]).contains("exists already"));
    // The same words below `fleet`.
    let below = answer(cli.sandbox.command(program()).args(["fleet", "backlog", "list", "--json"]).envs(stand.env()));
    assert_eq!(below.json().as_array().unwrap().len(), 3);
}

fn a_brief_says_all_that_an_agent_needs(stand: &Stand) {
    let cli = Cli::new(stand);
    cli.ok(&["create", "--id=A", "--title=First"]);
    let made = [
        "create",
        "--id=B",
        "--title=Second {{token}}",
        "--body=# do `it`",
        "--depends-on=A",
        "--goal=G",
        "--branch=code/B",
        "--acceptance=[\"it is done\"]",
        "--paths=src/**",
        "--ttl=77",
        "--stage=code",
    ];
    assert_eq!(cli.json(&made)["paths"], serde_json::json!(["src/**"]));
    cli.ok(&["complete", "--id=A"]);
    let open = cli.ok(&["brief", "B", "--owner=me", "--folder=/w/b"]).stdout;
    assert!(open.contains("--owner me --token TOKEN") && open.contains("folder `/w/b`"), "{open}");
    let held = cli.json(&["claim", "--owner=w"]);
    assert_eq!(held["claim_ttl_seconds"], 77);
    let brief = cli.json(&["brief", "B"]);
    let text = brief["text"].as_str().unwrap();
    for want in [
        "# Card B: Second {{token}}",
        "# do `it`",
        "- it is done",
        "Goal: G.",
        "- A (done): First",
        "Branch `code/B`",
        "renew --id B --owner w --token 1",
        "complete --id B --token 1",
        "block --id B --token 1",
    ] {
        assert!(text.contains(want), "{want}: {text}");
    }
    cli.refused(3, &["brief", "nope"]);
    // Its commands are taken as they stand there.
    for verb in ["renew", "complete"] {
        let line = text.lines().find(|line| line.starts_with(&format!("mosaic-tui backlog {verb}"))).unwrap();
        cli.ok(&line.split(' ').skip(2).collect::<Vec<_>>());
    }
    assert_eq!(cli.json(&["show", "B"])["card"]["status"], "done");
}

fn a_lost_claim_is_told_with_its_present_owner(stand: &Stand) {
    let cli = Cli::new(stand);
    cli.ok(&["create", "--id=A", "--title=t"]);
    let first = cli.json(&["claim", "--owner=one", "--ttl=1"]);
    crate::harness::wait_for("the lease is over", || cli.json(&["stats"])["expired_claims"] == 1);
    let second = cli.json(&["claim", "--owner=two"]);
    assert_eq!(second["id"], "A");
    let (old, new) = (first["claim_token"].to_string(), second["claim_token"].to_string());
    for args in [
        vec!["complete", "--id=A", "--token", &old],
        vec!["block", "--id=A", "--token", &old],
        vec!["renew", "--id=A", "--owner=one", "--token", &old],
    ] {
        let said = cli.refused(4, &args);
        assert!(said.contains("two holds it"), "{said}");
    }
    assert_eq!(cli.json(&["show", "A"])["card"]["claim_token"].to_string(), new);
    cli.ok(&["complete", "--id=A"]);
}

fn numbers_come_back_digit_for_digit(stand: &Stand) {
    let numbers = r#""n":123456789012345678901234567890,"f":0.1000000000000000055,"e":-1.50e-400,"i":[-9223372036854775809,18446744073709551616,1.0]"#;
    // What is printed for people to read has blanks and line ends.
    let written = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
    let cli = Cli::new(stand);
    let file = cli.sandbox.root.join("w/moved.jsonl");
    let file = file.to_str().unwrap();
    let made = cli.ok(&["create", "--id=A", "--title=t", &format!("--acceptance={{{numbers}}}"), "--json"]).stdout;
    assert!(written(&made).contains(numbers), "{made}");
    // The history of an edit holds it before and after.
    cli.ok(&["edit", "A", &format!("--acceptance={{\"again\":true,{numbers}}}")]);
    let shown = cli.ok(&["show", "A", "--json"]).stdout;
    assert_eq!(written(&shown).matches(numbers).count(), 3, "{shown}");
    assert!(cli.ok(&["show", "A"]).stdout.contains("123456789012345678901234567890"));
    assert!(written(&cli.ok(&["list", "--json"]).stdout).contains(numbers));
    cli.ok(&["export", file]);
    let before = std::fs::read_to_string(file).unwrap();
    assert_eq!(before.matches(numbers).count(), 3, "{before}");
    // Into an empty store of each engine, and out again.
    for other in [Stand::file(), Stand::server()] {
        let cli = Cli::new(&other);
        cli.ok(&["import", file]);
        assert_eq!(cli.ok(&["export", "-"]).stdout, before);
        assert_eq!(written(&cli.ok(&["show", "A", "--json"]).stdout), written(&shown));
    }
}

fn hostile_input_is_refused_or_shown_safely(stand: &Stand) {
    let cli = Cli::new(stand);
    for (args, what) in [
        (vec!["create", "--id=-x", "--title=t"], "card id"),
        (vec!["create", "--id", "-x", "--title=t"], "-x"),
        (vec!["create", "--id=a b", "--title=t"], "card id"),
        (vec!["create", "--id=A", "--title=\u{1b}[31m"], "U+001B"),
        (vec!["create", "--id=A", "--title=\u{9b}31m"], "U+009B"),
        (vec!["create", "--id=A", "--title=a\nb"], "U+000A"),
        (vec!["create", "--id=A", "--title="], "title"),
        (vec!["create", "--id=A", "--title=t", "--body=\u{1b}]0;x\u{7}"], "U+001B"),
        (vec!["create", "--id=A", "--title=t", "--acceptance={"], "is not JSON"),
        (vec!["create", "--id=A", "--title=t", "--acceptance=3"], "neither a list"),
        (vec!["create", "--id=A", "--title=t", "--depends-on=A"], ""),
        (vec!["create", "--id=A", "--title=t", "--depends-on=a b"], "card id"),
        (vec!["create", "--id=A", "--title=t", "--priority=x"], "whole number"),
        (vec!["claim", "--owner=\u{1b}[2J"], "U+001B"),
        (vec!["claim", "--owner=x", "--ttl=0"], "ttl"),
        (vec!["claim", "--owner=x", "--ttl=9999999999"], "ttl"),
        (vec!["list", "--status=odd"], "odd"),
    ] {
        let answer = cli.run(&args);
        let want = if args.contains(&"--depends-on=A") { 4 } else { 2 };
        assert_eq!(answer.code, want, "{args:?}: {answer:?}");
        assert!(answer.stderr.contains(what) && !answer.stderr.contains('\u{1b}'), "{args:?}: {answer:?}");
        assert!(!answer.stderr.contains('\u{9b}'), "{answer:?}");
    }
    let large = cli.sandbox.root.join("w/large");
    std::fs::write(&large, "x".repeat(2_000_000)).unwrap();
    let said = cli.refused(2, &["create", "--id=A", "--title=t", "--body-file", large.to_str().unwrap()]);
    assert!(said.contains("larger than"), "{said}");
    assert_eq!(cli.json(&["list"]), Value::Array(Vec::new()), "nothing was made");
    // The largest that is allowed comes back whole.
    std::fs::write(&large, "é".repeat(1 << 19)).unwrap();
    cli.ok(&["create", "--id=A", "--title='; DROP TABLE card; -- $(x)", "--body-file", large.to_str().unwrap()]);
    assert_eq!(cli.json(&["show", "A"])["card"]["body"].as_str().unwrap().len(), 1 << 20);
}

#[test]
fn a_card_that_an_agent_blocks_reaches_a_person_also_without_a_supervisor() {
    let sandbox = Sandbox::with_agents("  - {name: lead, class: orchestrator}\n  - {name: code0, class: code}\n");
    let as_agent = |args: &[&str]| {
        let answer = sandbox.run_with(args, &[("MOSAIC_AGENT_NAME", "code0")]);
        assert_eq!(answer.code, 0, "{args:?}: {answer:?}");
        answer.stdout
    };
    let escalations = || {
        let answer = sandbox.run(&["fleet", "escalations", "--json"]);
        let all = answer.json().as_array().unwrap().clone();
        assert_eq!(answer.code, i32::from(!all.is_empty()), "{answer:?}");
        all
    };
    for id in ["A1", "A2"] {
        sandbox.ok(&["backlog", "create", "--id", id, "--title", "Work"]);
    }
    // What its operator parks is the operator's, also in the middle of work.
    as_agent(&["backlog", "claim", "--owner", "code0", "--id", "A2"]);
    sandbox.ok(&["backlog", "block", "--id", "A2", "--reason", "later"]);
    assert_eq!(escalations(), Vec::<serde_json::Value>::new());

    as_agent(&["backlog", "claim", "--owner", "code0", "--id", "A1"]);
    let told = as_agent(&["backlog", "block", "--id", "A1", "--token", "1", "--reason", "no access to the registry"]);
    assert!(told.contains("the user sees it as escalation e1"), "{told}");
    let all = escalations();
    assert_eq!(all.len(), 1, "{all:#?}");
    for (key, value) in [("cause", "blocked"), ("agent", "code0"), ("card", "A1"), ("why", "no access to the registry")]
    {
        assert_eq!(all[0][key], value, "{all:#?}");
    }
    // In the header of every view.
    for view in ["fleet", "board", "activity"] {
        let shown =
            sandbox.ok(&["--once", "--view", view, "--format", "svg", "--width", "120", "--height", "30"]).stdout;
        assert!(shown.contains("1 escalation (!)"), "{view}: {shown}");
    }
    // It is as open as before when it is blocked again, and goes with its cause.
    sandbox.ok(&["backlog", "block", "--id", "A1", "--reason", "no access to the registry"]);
    assert_eq!(escalations().len(), 1);
    sandbox.ok(&["backlog", "unblock", "--id", "A1"]);
    assert_eq!(escalations(), Vec::<serde_json::Value>::new());
}
