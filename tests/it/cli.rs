//! Commands: exit codes, one line per error, nothing but the answer on stdout.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use mosaic_tui::fleet::model::End;
use mosaic_tui::fleet::readiness::Reason;

use crate::harness::{Sandbox, answer, program};

#[test]
fn errors_are_one_line_with_the_next_step_and_their_exit_code() {
    let sandbox = Sandbox::with_agents("  - {name: code0}\n");
    for (args, code, part) in [
        (vec!["fleet", "check", "/nowhere.yaml"], 3, "there is no such file"),
        (vec!["agent", "explain", "code"], 3, "did you mean code0?"),
        (vec!["agent", "status", "nobody-like-this"], 3, "agent roster"),
        (vec!["fleet", "stop", "ghost"], 3, "is not in"),
        (vec!["--once", "--pane", "ghost"], 3, "neither in the roster nor a session"),
        (vec!["--once", "--pane", "code0"], 1, "has no pane"),
        (vec!["launch", "goose"], 4, "command"),
        (vec!["session", "run", "code0"], 1, "no tmux server"),
        (vec!["session", "report", "--status", "ok"], 2, "MOSAIC_AGENT_NAME"),
        (vec!["demo", "--stop"], 3, "none is running"),
    ] {
        let answer = sandbox.run(&args);
        assert_eq!(answer.code, code, "{args:?}: {answer:?}");
        assert!(answer.stderr.contains(part), "{args:?}: {answer:?}");
        assert!(answer.stdout.is_empty(), "{args:?}: {answer:?}");
        let lines: Vec<&str> = answer.stderr.lines().filter(|line| line.starts_with("mosaic-tui: ")).collect();
        assert_eq!(lines.len(), 1, "{args:?}: {answer:?}");
    }
}

#[test]
fn a_path_that_is_no_text_is_refused_and_leads_to_no_other_fleet() {
    let sandbox = Sandbox::with_agents("  - {name: code0}\n");
    let no_text = OsStr::from_bytes(b"/tmp/\xff");
    for (name, what, args) in [
        ("MOSAIC_HOME", "MOSAIC_HOME", ["agent", "roster"]),
        ("MOSAIC_ROSTER", "MOSAIC_ROSTER", ["agent", "roster"]),
        ("MOSAIC_BACKLOG_DIR", "MOSAIC_BACKLOG_DIR", ["backlog", "list"]),
        ("DATABASE_URL", "DATABASE_URL", ["backlog", "list"]),
        ("HOME", "home folder", ["agent", "roster"]),
    ] {
        let answer = answer(sandbox.command(program()).args(args).env(name, no_text));
        assert_eq!(answer.code, 2, "{name}: {answer:?}");
        assert!(answer.stderr.contains(what) && answer.stderr.contains("is not UTF-8"), "{name}: {answer:?}");
    }
}

#[test]
fn what_failed_beside_what_was_done_stands_on_stderr() {
    let sandbox = Sandbox::with_agents("  - {name: good}\n  - {name: bad, working_directory: /proc/nowhere}\n");
    let answer = sandbox.run(&["fleet", "start"]);
    assert_eq!((answer.code, answer.stdout.trim()), (1, "good: started"), "{answer:?}");
    assert!(
        answer.stderr.starts_with("mosaic-tui: agent bad: ") && answer.stderr.contains("/proc/nowhere"),
        "{answer:?}"
    );
    sandbox.write_agents("  - {name: good}\n  - {name: bad, runtime: sh, command: 'echo it is broken; exit 5'}\n");
    let answer = sandbox.run(&["fleet", "start", "bad"]);
    if answer.code != 0 {
        // It may also live long enough for its first heartbeat, and tmux may lose its last words.
        assert!(answer.stderr.contains(&End::Exited(5).to_string()), "{answer:?}");
    }
    sandbox.write_agents("  - {name: good}\n  - {name: bad, working_directory: /proc/nowhere}\n");
    let json = sandbox.run(&["fleet", "start", "--json"]);
    assert_eq!(json.json()[0]["outcome"], "already running");
    assert_eq!(json.json()[1]["outcome"], "failed");
}

#[test]
fn wrong_usage_is_two() {
    let sandbox = Sandbox::new();
    for args in [vec!["nonsense"], vec!["--check"], vec!["fleet", "ps", "--wrong"], vec!["demo", "--agents", "many"]] {
        let answer = sandbox.run(&args);
        assert_eq!(answer.code, 2, "{args:?}: {answer:?}");
        assert!(answer.stderr.starts_with("mosaic-tui: "), "{args:?}: {answer:?}");
    }
    assert_eq!(sandbox.run(&["--help"]).code, 0);
    assert!(sandbox.run(&["--version"]).stdout.starts_with("mosaic-tui "));
}

#[test]
fn no_tmux_at_all_is_sixty_nine_with_how_to_install_it() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    for args in [vec!["--once"], vec!["fleet", "ps"], vec!["fleet", "start"], vec!["demo", "--headless"]] {
        let answer = sandbox.run_with(&args, &[("PATH", "/nowhere")]);
        assert_eq!(answer.code, 69, "{args:?}: {answer:?}");
        assert!(answer.stderr.contains("apt install tmux"), "{args:?}: {answer:?}");
    }
    let mut screen = sandbox.open_with(&[], &[("PATH", "/nowhere")], 80, 24);
    assert_eq!(screen.wait_exit(), 69);
    assert!(screen.screen().contains("apt install tmux"), "{}", screen.screen());
}

#[test]
fn check_lists_every_problem_with_its_place() {
    let sandbox = Sandbox::new();
    sandbox.write_roster(
        "version: 1\nlead: ghost\nagents:\n  - {name: a.b, runtime: stub}\n  - {name: a_b, runtime: vim}\n",
    );
    let answer = sandbox.run(&["fleet", "check"]);
    assert_eq!(answer.code, 2);
    let path = sandbox.roster().display().to_string();
    for place in [":2:7: lead: ", ":5:12: agents[1].name: ", ":5:26: agents[1].runtime: "] {
        assert!(answer.stdout.contains(&format!("{path}{place}")), "{place} in {answer:?}");
    }
    let json = sandbox.run(&["fleet", "check", "--json"]).json();
    assert_eq!((json["valid"].as_bool(), json["problems"].as_array().unwrap().len()), (Some(false), 3));
    let ps = sandbox.run(&["fleet", "ps"]);
    assert_eq!(ps.code, 2);
    assert!(ps.stderr.contains("(and 2 more)"), "{ps:?}");
    let good = sandbox.root.join("w/good.json");
    fs::write(
        &good,
        "{\"version\": 1, \"agents\": [{\"name\": \"a\", \"runtime\": \"stub\", \"workingDirectory\": \"/tmp\"}]}",
    )
    .unwrap();
    let check = sandbox.ok(&["fleet", "check", good.to_str().unwrap()]).stdout;
    assert_eq!(check.lines().count(), 3, "valid, two floor warnings: {check}");
    let lacking = "version: 1\nagents: [{name: a, runtime: pi}, {name: b, runtime: x, command: no-such-program -v, working_directory: /no/such}]\n";
    fs::write(&good, lacking).unwrap();
    let check = sandbox.ok(&["fleet", "check", good.to_str().unwrap()]).stdout;
    for part in ["b: no-such-program is not on PATH", "b: /no/such does not exist"] {
        assert!(check.contains(part), "{part} in {check}");
    }
    // What is only on the path that panes get is there.
    let bin = sandbox.root.join("h/.local/bin");
    fs::create_dir_all(&bin).unwrap();
    fs::copy("/bin/true", bin.join("no-such-program")).unwrap();
    let check = sandbox.ok(&["fleet", "check", good.to_str().unwrap()]).stdout;
    assert!(!check.contains("not on PATH"), "{check}");
    // Words of the shell are no programs.
    let words: String = ["exit 3", "exec cat", "cd /tmp", ". ./env.sh"]
        .iter()
        .enumerate()
        .map(|(n, word)| format!("  - {{name: w{n}, runtime: sh, command: '{word}'}}\n"))
        .collect();
    fs::write(&good, format!("version: 1\nagents:\n{words}")).unwrap();
    let check = sandbox.ok(&["fleet", "check", good.to_str().unwrap()]).stdout;
    assert!(!check.contains("not on PATH"), "{check}");
}

#[test]
fn a_hook_that_is_not_understood_forbids_nothing() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    for words in [
        &["session", "report", "--hook", "claude", "--nonsense"][..],
        &["session", "report", "--hook"],
        &["session", "report", "--hook=nobody"],
    ] {
        let answer = sandbox.run(words);
        assert_eq!(answer.code, 1, "{words:?}: {answer:?}");
        assert!(!answer.stderr.is_empty(), "{words:?}");
    }
    assert_eq!(sandbox.run(&["session", "report", "--nonsense"]).code, 2);
}

#[test]
fn the_schema_is_json() {
    let sandbox = Sandbox::new();
    let schema = sandbox.ok(&["fleet", "schema"]).json();
    assert_eq!(schema["title"], "RosterFile");
}

#[test]
fn once_prints_the_same_state_in_every_format() {
    let busy = "env: {MOSAIC_STUB_SCRIPT: 'work 600'}";
    let sandbox = Sandbox::with_agents(&format!("  - {{name: a, {busy}}}\n  - {{name: b, {busy}}}\n"));
    sandbox.start();
    let text = sandbox.ok(&["--once"]).stdout;
    assert!(text.starts_with("0 need you; 2 working\n") && text.contains("\nworking  a  "), "{text}");
    assert!(sandbox.ok(&["--once", "--color", "always"]).stdout.contains("\x1b[34mworking"));
    let json = sandbox.ok(&["--once", "--format", "json", "--pane", "a"]).json();
    assert_eq!(json["schema"], "mosaic-tui/once/2");
    for field in ["generated_at", "tenant_id", "host"] {
        assert!(json[field].is_string(), "{field}");
    }
    assert_eq!(json["fleet"]["agents"].as_array().unwrap().len(), 2);
    assert_eq!(json["counts"]["working"], 2);
    assert!(json["pane"]["lines"].to_string().contains("type a message"));
    let pane = sandbox.ok(&["--once", "--pane", "a"]).stdout;
    assert!(pane.contains("--- a 200x50 ---") && pane.contains("type a message"), "{pane}");
    let frame = sandbox.ok(&["--once", "--format", "ansi", "--width", "80", "--height", "24", "--pane", "b"]).stdout;
    assert_eq!(frame.lines().count(), 24);
    assert!(sandbox.ok(&["--once", "--format", "svg"]).stdout.starts_with("<svg "));
    let check = sandbox.run(&["--once", "--check"]);
    assert_eq!((check.code, check.stdout.trim()), (0, "nobody needs you"));
}

#[test]
fn a_forbidden_socket_folder_is_a_fact_about_tmux_not_about_the_agents() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let folder = sandbox.root.join("t").join(format!("tmux-{}", rustix::process::getuid().as_raw()));
    fs::create_dir_all(&folder).unwrap();
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).unwrap();
    let answer = sandbox.run(&["fleet", "ps", "--json"]);
    assert_eq!(answer.code, 1, "what could not be verified is no success");
    let row = answer.json()[0].clone();
    assert_eq!((&row["readiness"], &row["reason"]), (&"unknown".into(), &Reason::TmuxUnread.to_string().into()));
    assert!(row["evidence"].to_string().contains("unsafe permissions"), "{row:#}");
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure_and_a_closed_pipe_is_none() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let into = |args: &[&str], shell: &str| {
        let line = format!("\"$0\" \"$@\" {shell}");
        crate::harness::answer(sandbox.command("bash").args(["-o", "pipefail", "-c", &line, program()]).args(args))
    };
    sandbox.ok(&["backlog", "create", "--id", "A1", "--title", "one"]);
    for args in [
        &["--help"][..],
        &["--version"],
        &["fleet", "--help"],
        &["fleet", "schema"],
        &["fleet", "ps", "--json"],
        &["fleet", "init", "--runtime", "stub"],
        &["--once"],
        &["agent", "tail", "a"],
        &["backlog", "export"],
        &["backlog", "claim", "--owner", "x", "--json"],
    ] {
        let full = into(args, "> /dev/full");
        assert_eq!(full.code, 1, "{args:?}: {full:?}");
        assert!(full.stderr.contains("standard output: No space left on device"), "{args:?}: {full:?}");
        assert!(!full.stderr.contains("panicked"), "{args:?}: {full:?}");
        let closed = into(args, "| true");
        assert_eq!((closed.code, closed.stderr.as_str()), (0, ""), "{args:?}: {closed:?}");
    }
    // The card is claimed, and who asked learns of the token.
    let again = into(&["backlog", "claim", "--owner", "x", "--id", "A1"], "> /dev/full");
    assert!(again.code != 0, "{again:?}");
    let card = sandbox.ok(&["backlog", "show", "A1", "--json"]).json();
    assert_eq!(card["card"]["claim_token"], 1, "{card:#}");
}

#[test]
fn doctor_measures_the_socket_folder_and_names_the_variable() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let long = sandbox.root.join("l".repeat(120));
    fs::create_dir(&long).unwrap();
    for (folder, code, told) in [
        (long.to_str().unwrap(), 1, "a socket's path at most 107"),
        ("run", 1, "TMUX_TMPDIR is run, another folder in every working directory"),
        ("/nowhere/at/all", 0, "which does not exist: tmux uses /tmp"),
    ] {
        let answer = sandbox.run_with(&["fleet", "doctor"], &[("TMUX_TMPDIR", folder)]);
        assert!(answer.stdout.contains(told), "{folder}: {answer:?}");
        assert!(code == 0 || answer.code == code, "{folder}: {answer:?}");
    }
    let start = sandbox.run_with(&["fleet", "start"], &[("TMUX_TMPDIR", long.to_str().unwrap())]);
    assert!(start.code == 1 && start.stderr.contains("set TMUX_TMPDIR to a shorter folder"), "{start:?}");
}

#[test]
fn doctor_asks_each_host_once_and_all_at_the_same_time() {
    let sandbox = Sandbox::with_agents(
        "  - {name: a, host: h1, ssh: h1}\n  - {name: b, host: h1, ssh: h1}\n  - {name: c, host: h2, ssh: u@h2}\n",
    );
    // An ssh that answers once both hosts are asked.
    fs::create_dir_all(sandbox.root.join("bin")).unwrap();
    let ssh = sandbox.root.join("bin/ssh");
    fs::write(
        &ssh,
        "#!/bin/sh\nfor word; do case $word in h1|u@h2) echo asked >> \"$TMPDIR/$word\";; esac; done\n\
         until [ -e \"$TMPDIR/h1\" ] && [ -e \"$TMPDIR/u@h2\" ]; do sleep 0.02; done\necho tmux 3.3a\n",
    )
    .unwrap();
    fs::set_permissions(&ssh, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let doctor = sandbox.run(&["fleet", "doctor"]);
    for answer in ["h1 answers with tmux 3.3a", "u@h2 answers with tmux 3.3a"] {
        assert_eq!(doctor.stdout.matches(answer).count(), 1, "{doctor:?}");
    }
    for host in ["h1", "u@h2"] {
        assert_eq!(fs::read_to_string(sandbox.root.join("tmp").join(host)).unwrap(), "asked\n");
    }
}
