//! Commands that change the roster: what they keep, what they refuse, and two of them at once.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::harness::Sandbox;

const ROSTER: &str = "\
# Our fleet.
version: 1
tmux: {socket_name: it}   # apart from mine
defaults: {runtime: stub, working_directory: /tmp}
agents:
  # She coordinates.
  - name: boss
    class: orchestrator
  - {name: tools, class: enhancer} # keeps the tools sharp

  - name: code0   # the first
    class: code
# That is all.
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write_roster(ROSTER);
    sandbox
}

fn text(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.roster()).unwrap()
}

#[test]
fn edits_keep_every_comment_and_one_backup() {
    let sandbox = sandbox();
    fs::set_permissions(sandbox.roster(), fs::Permissions::from_mode(0o640)).unwrap();
    let added = sandbox.ok(&["fleet", "add", "code1", "class=code", "alias=Second one", "env.A=b c"]);
    assert!(added.stdout.contains("fleet start code1"), "{added:?}");
    assert_eq!(fs::read_to_string(sandbox.roster().with_extension("yaml.bak")).unwrap(), ROSTER);
    sandbox.ok(&["fleet", "edit", "code0", "class=review", "model_hint=a/b:high"]);
    let now = text(&sandbox);
    for comment in [
        "# Our fleet.",
        "# apart from mine",
        "# She coordinates.",
        "# keeps the tools sharp",
        "# the first",
        "# That is all.",
    ] {
        assert!(now.contains(comment), "{comment} in\n{now}");
    }
    let roster = sandbox.ok(&["agent", "roster", "--json"]).json();
    let agent =
        |name: &str| roster["agents"].as_array().unwrap().iter().find(|agent| agent["name"] == name).unwrap().clone();
    assert_eq!(agent("code1")["alias"], "Second one");
    assert_eq!(
        (agent("code0")["class"].as_str(), agent("code0")["model_hint"].as_str()),
        (Some("review"), Some("a/b:high"))
    );
    sandbox.ok(&["fleet", "edit", "code0", "class=code", "model_hint="]);
    sandbox.ok(&["fleet", "remove", "code1"]);
    assert_eq!(text(&sandbox), ROSTER, "back where it began, to the byte");
    let mode = fs::metadata(sandbox.roster()).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o640);
}

#[test]
fn the_floor_is_kept_and_bad_edits_write_nothing() {
    let sandbox = sandbox();
    for (args, code, word) in [
        (&["fleet", "remove", "boss"][..], 4, "no orchestrator"),
        (&["fleet", "remove", "tools"], 4, "no enhancer"),
        (&["fleet", "edit", "tools", "class=code"], 4, "no enhancer"),
        (&["fleet", "add", "boss2", "class=orchestrator"], 4, "2 orchestrators"),
        (&["fleet", "edit", "code0", "reports_to=nobody"], 2, "reports_to"),
        (&["fleet", "add", "code0"], 4, "already"),
        (&["fleet", "remove", "nobody"], 3, "nobody"),
        (&["fleet", "edit", "code0", "runtime=nonsense"], 2, "runtime"),
        (&["fleet", "edit", "code0", "colour=red"], 2, "colour"),
        (&["fleet", "edit", "code0"], 2, "field=value"),
        (&["fleet", "add", "a b"], 2, "name"),
        (&["fleet", "edit", "code0", "alias=\u{1b}[31m"], 2, "control"),
    ] {
        let refused = sandbox.run(args);
        assert_eq!(refused.code, code, "{args:?}: {refused:?}");
        assert!(refused.stderr.contains(word) && !refused.stderr.contains('\u{1b}'), "{args:?}: {refused:?}");
        assert_eq!(text(&sandbox), ROSTER, "{args:?}");
    }
}

#[test]
fn a_roster_below_the_floor_still_runs_with_a_warning_in_every_view() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let status = sandbox.ok(&["fleet", "status"]);
    assert!(status.stdout.contains("warning: below the floor: no enhancer"), "{status:?}");
    let verify = sandbox.ok(&["fleet", "verify"]);
    assert!(verify.stdout.contains("below the floor"), "{verify:?}");
    let added = sandbox.ok(&["fleet", "add", "e", "class=enhancer"]);
    assert!(
        added.stdout.contains("below the floor: no orchestrator") && !added.stdout.contains("no enhancer"),
        "{added:?}"
    );
}

#[test]
fn ten_commands_at_once_lose_no_agent() {
    let sandbox = sandbox();
    let children: Vec<_> = (0..10)
        .map(|n| {
            let mut command = sandbox.command(crate::harness::program());
            command
                .args(["fleet", "add", &format!("n{n}")])
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null());
            (n, command.spawn().unwrap())
        })
        .collect();
    let mut done = Vec::new();
    for (n, mut child) in children {
        match child.wait().unwrap().code() {
            Some(0) => done.push(n),
            Some(4) => {}
            code => panic!("{code:?}"),
        }
    }
    assert!(!done.is_empty());
    let now = text(&sandbox);
    for n in 0..10 {
        assert_eq!(now.contains(&format!("name: n{n}\n")), done.contains(&n), "{n} in {done:?}\n{now}");
    }
    sandbox.ok(&["fleet", "check"]);
}

#[test]
fn init_prints_writes_and_never_overwrites_by_itself() {
    let sandbox = Sandbox::new();
    let printed = sandbox.ok(&["fleet", "init", "--profile", "research", "--runtime", "codex"]);
    assert!(
        printed.stdout.contains("lead: lead-researcher") && printed.stdout.contains("runtime: codex"),
        "{printed:?}"
    );
    assert!(!sandbox.roster().exists());
    sandbox.ok(&["fleet", "init", "--write", "--profile", "minimal"]);
    let first = text(&sandbox);
    assert!(first.contains("class: enhancer"), "init guarantees the floor: {first}");
    let refused = sandbox.run(&["fleet", "init", "--write"]);
    assert!(refused.code == 4 && refused.stderr.contains("--force"), "{refused:?}");
    assert_eq!(text(&sandbox), first);
    sandbox.ok(&["fleet", "init", "--write", "--force"]);
    assert_eq!(fs::read_to_string(sandbox.roster().with_extension("yaml.bak")).unwrap(), first);
    assert_eq!(sandbox.run(&["fleet", "init", "--runtime", "nonsense"]).code, 2);
    assert_eq!(sandbox.run(&["fleet", "init", "--profile", "nonsense"]).code, 2);
}

#[test]
fn whom_others_report_to_stays_until_they_do_not() {
    let sandbox = sandbox();
    sandbox.ok(&["fleet", "add", "chief", "class=code"]);
    sandbox.ok(&["fleet", "edit", "code0", "reports_to=chief"]);
    let refused = sandbox.run(&["fleet", "remove", "chief"]);
    assert!(refused.code == 4 && refused.stderr.contains("code0 reports to it"), "{refused:?}");
    sandbox.ok(&["fleet", "edit", "code0", "reports_to="]);
    sandbox.ok(&["fleet", "remove", "chief"]);
    let added = sandbox.ok(&["fleet", "add", "x", "runtime=pi"]);
    assert!(added.stdout.contains("needs a `command`"), "{added:?}");
    let row = sandbox.row("x");
    assert_eq!(
        (row["reason"].as_str(), row["flags"][0].as_str()),
        (Some("not started yet"), Some("stopped")),
        "{row:#}"
    );
}

#[test]
fn an_agent_taken_out_by_hand_is_told_and_can_be_stopped() {
    let sandbox = sandbox();
    sandbox.start();
    let text = text(&sandbox);
    fs::write(sandbox.roster(), text.replace("name: code0 ", "name: renamed ")).unwrap();
    let status = sandbox.run(&["fleet", "status"]);
    assert!(status.stdout.contains("session code0 runs on the fleet's socket"), "{status:?}");
    let verify = sandbox.run(&["fleet", "verify"]);
    assert!(verify.stdout.contains("fleet stop code0"), "{verify:?}");
    let stopped = sandbox.ok(&["fleet", "stop", "code0"]);
    assert!(stopped.stdout.contains("not in the roster"), "{stopped:?}");
    assert_eq!(sandbox.run(&["fleet", "stop", "code0"]).code, 3);
    // A session that somebody made by hand is not the fleet's to end.
    sandbox.tmux(&["new-session", "-d", "-s", "mine", "cat"]);
    assert_eq!(sandbox.run(&["fleet", "stop", "mine"]).code, 3);
}
