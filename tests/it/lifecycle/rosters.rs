//! Commands that change the roster: what they keep, what they refuse, and two of them at once.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use mosaic_tui::fleet::lifecycle::Stop;
use mosaic_tui::fleet::model::{FloorGap, Warning};
use rustix::fs::{FlockOperation, flock};

use super::Host;
use crate::harness::{Answer, Sandbox, program, wait_for};

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
    let [no_lead, two_leads, no_enhancer] =
        [FloorGap::NoLead, FloorGap::ManyLeads(2), FloorGap::NoEnhancer].map(|gap| gap.to_string());
    for (args, code, word) in [
        (&["fleet", "remove", "boss"][..], 4, no_lead.as_str()),
        (&["fleet", "remove", "tools"], 4, &no_enhancer),
        (&["fleet", "edit", "tools", "class=code"], 4, &no_enhancer),
        (&["fleet", "add", "boss2", "class=orchestrator"], 4, &two_leads),
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
    let no_enhancer = Warning::Floor(FloorGap::NoEnhancer).to_string();
    assert!(status.stdout.contains(&format!("warning: {no_enhancer}")), "{status:?}");
    let verify = sandbox.ok(&["fleet", "verify"]);
    assert!(verify.stdout.contains(&no_enhancer), "{verify:?}");
    let added = sandbox.ok(&["fleet", "add", "e", "class=enhancer"]);
    let no_lead = Warning::Floor(FloorGap::NoLead).to_string();
    assert!(added.stdout.contains(&no_lead) && !added.stdout.contains(&no_enhancer), "{added:?}");
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

/// Locks a file as a command of ours does.
fn hold(path: &Path) -> File {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap();
    flock(&file, FlockOperation::LockExclusive).unwrap();
    file
}

/// Starts a command and waits until it stands in line for a lock.
fn waits_for(lock: &Path, command: &mut std::process::Command) -> Child {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let descriptors = format!("/proc/{}/fd", child.id());
    wait_for("its place in the line", || {
        assert!(child.try_wait().unwrap().is_none(), "it waits for nobody");
        let open = fs::read_dir(&descriptors).into_iter().flatten().flatten();
        open.flat_map(|entry| fs::read_link(entry.path())).any(|path| path == lock)
    });
    child
}

fn end(child: Child) -> Answer {
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Answer { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// What stands beside the roster for as long as it is changed.
fn lock_of(roster: &Path) -> PathBuf {
    roster.with_extension("yaml.lock")
}

#[test]
fn of_two_inits_at_once_one_writes_and_the_other_says_that_the_roster_exists() {
    let sandbox = Sandbox::new();
    let lock = lock_of(&sandbox.roster());
    let held = hold(&lock);
    let profiles = ["minimal", "coding", "research", "operations"];
    let all = profiles.map(|profile| {
        waits_for(&lock, sandbox.command(program()).args(["fleet", "init", "--write", "--profile", profile]))
    });
    drop(held);
    let answers = all.map(end);
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.code == 0);
    assert_eq!((won.len(), lost.len()), (1, 3), "{answers:?}");
    assert!(lost.iter().all(|answer| answer.code == 4 && answer.stderr.contains("exists already")), "{lost:?}");
    let names = fs::read_dir(sandbox.roster().parent().unwrap()).unwrap().flatten().map(|entry| entry.file_name());
    // That it was made is in the history.
    let left: Vec<_> = names.filter(|name| name != "activity").collect();
    assert_eq!(left.len(), 1, "the roster alone: {left:?}");
}

#[test]
fn a_command_decides_by_the_roster_that_it_finds_when_its_turn_has_come() {
    let sandbox = sandbox();
    // Two homes may share one roster, each by a link of its own.
    let real = sandbox.root.join("shared.yaml");
    fs::rename(sandbox.roster(), &real).unwrap();
    symlink(&real, sandbox.roster()).unwrap();
    let lock = lock_of(&real);
    let without = ROSTER.replace("\n  - name: code0   # the first\n    class: code", "");
    let second = ROSTER.replace("# That is all.\n", "  - {name: code1, class: code, reports_to: code0}\n");
    for (args, now, code, says) in [
        (&["fleet", "edit", "code0", "class=review"][..], &without, 3, "code0"),
        (&["fleet", "remove", "code0"], &without, 3, "code0"),
        (&["fleet", "remove", "code0"], &second, 4, "code1 reports to it"),
        (&["fleet", "add", "code1"], &second, 4, "is in the roster already"),
        (&["fleet", "edit", "code0", "class=review"], &second, 0, "changed"),
    ] {
        fs::write(&real, ROSTER).unwrap();
        let held = hold(&lock);
        let child = waits_for(&lock, sandbox.command(program()).args(args));
        fs::write(&real, now).unwrap();
        drop(held);
        let answer = end(child);
        assert_eq!(answer.code, code, "{args:?}: {answer:?}");
        assert!(answer.stdout.contains(says) || answer.stderr.contains(says), "{args:?}: {answer:?}");
        assert_eq!(text(&sandbox).contains("code1"), now.contains("code1"), "no edit is lost");
        assert!(!lock.exists() && fs::symlink_metadata(sandbox.roster()).unwrap().is_symlink());
    }
    assert!(text(&sandbox).contains("class: review"), "{}", text(&sandbox));
    // Where there is no roster, nothing is made to say so.
    let empty = Sandbox::new();
    assert_eq!(empty.run(&["fleet", "edit", "a", "class=b"]).code, 3);
    assert!(!empty.home().join("fleet").exists());
}

#[test]
fn an_agent_that_is_removed_is_not_started_by_who_waits_for_its_end() {
    let sandbox = sandbox();
    sandbox.start();
    for verb in ["start", "restart"] {
        fs::write(sandbox.roster(), ROSTER).unwrap();
        sandbox.ok(&["fleet", "start", "code0"]);
        let (roster, operation) = (lock_of(&sandbox.roster()), sandbox.run_file("code0.d/operation"));
        let held = hold(&operation);
        let mut removing = waits_for(&operation, sandbox.command(program()).args(["fleet", "remove", "code0"]));
        assert!(roster.exists() && removing.try_wait().unwrap().is_none());
        let starting = waits_for(&operation, sandbox.command(program()).args(["fleet", verb, "code0"]));
        drop(held);
        let (removed, started) = (end(removing), end(starting));
        assert_eq!(removed.code, 0, "{removed:?}");
        // Whoever was first in line did it all; a start behind the removal does nothing.
        assert!(started.code == 0 || started.code == 3, "{started:?}");
        assert!(!sandbox.tmux(&["list-sessions", "-F", "#{session_name}"]).lines().any(|name| name == "code0"));
        assert!(!text(&sandbox).contains("code0") && !sandbox.run_file("code0.d").exists());
    }
    // Its roster has lost it while the start stood in line.
    fs::write(sandbox.roster(), ROSTER).unwrap();
    let operation = sandbox.run_file("code0.d/operation");
    let held = hold(&operation);
    let starting = waits_for(&operation, sandbox.command(program()).args(["fleet", "start", "code0"]));
    fs::write(sandbox.roster(), ROSTER.replace("name: code0 ", "name: other ")).unwrap();
    fs::remove_file(&operation).unwrap();
    drop(held);
    let answer = end(starting);
    assert!(answer.code == 3 && answer.stderr.contains("code0"), "{answer:?}");
    assert!(!sandbox.run_file("code0.log").exists(), "no keeper was started");
}

#[test]
fn an_installation_that_waited_enables_nobody_who_was_removed_meanwhile() {
    let Some(host) = Host::with_agents("  - {name: a}\n  - {name: b}\n") else { return };
    let roster = host.sandbox.roster();
    let lock = lock_of(&roster);
    let held = hold(&lock);
    let installing = waits_for(&lock, &mut host.manager.command(&host.sandbox, program(), &["fleet", "install"]));
    let text = fs::read_to_string(&roster).unwrap();
    fs::write(&roster, text.replace("  - {name: b}\n", "")).unwrap();
    drop(held);
    let installed = end(installing);
    assert_eq!(installed.code, 0, "{installed:?}");
    let enabled = host.run("systemctl", &["--user", "is-enabled", "mosaic-agent@a", "mosaic-agent@b"]).stdout;
    assert_eq!(enabled.lines().filter(|state| *state == "enabled").count(), 1, "{enabled}");
    host.ok(&["fleet", "uninstall"]);
    assert!(!lock.exists());
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
    assert_eq!(fs::read_to_string(sandbox.roster().with_extension("yaml.old")).unwrap(), first);
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
    sandbox.ok(&["fleet", "add", "x", "runtime=pi"]);
    let row = sandbox.row("x");
    let why = (row["reason"].as_str(), row["flags"][0].as_str());
    assert_eq!(why, (Some(Stop::NotStarted.words()), Some("stopped")), "{row:#}");
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
