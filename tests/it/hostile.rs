//! Text from outside reaches neither the screen nor `--once` as anything but text.

use std::fs;

use serde_json::Value;

use crate::harness::Sandbox;

const NASTY: &str = "\x1b[2J\x1b]0;owned\x07\u{202e}evil\u{2066}\nline\ttab\u{9b}31m";

fn no_control_bytes(what: &str, text: &str) {
    for c in text.chars() {
        assert!(c == '\n' || !c.is_control(), "{what} holds {c:?}");
        assert!(
            !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}'),
            "{what} holds {c:?}"
        );
    }
}

fn nasty_fleet() -> Sandbox {
    let sandbox = Sandbox::new();
    // As a YAML string in escapes: raw control characters are refused before anything is shown.
    // What turns the text around it is refused there as well.
    let turns = |c: &char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let alias = NASTY.chars().filter(|c| !turns(c)).collect::<String>() + &"x".repeat(10_000);
    let alias: String = alias.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let alias = format!("\"{alias}\"");
    sandbox.write_agents(&format!(
        "  - {{name: a, alias: {alias}}}\n  - {{name: b, runtime: sh, command: 'printf \"\\033]2;t\\033[31m\\342\\200\\256le\\007\"; exec cat'}}\n"
    ));
    sandbox.start();
    let detail = format!("{}{}", NASTY.replace('\n', " "), "y".repeat(3000));
    let outside = sandbox.run(&["session", "report", "--agent", "b", "--status", "waiting", "--detail", &detail]);
    assert_eq!(outside.code, 4, "a report from outside the pane: {outside:?}");
    let pid = sandbox.row("b")["pane"]["pid"].as_u64().unwrap();
    let beat = format!("ts={}\npid={pid}\nstatus=waiting\nby=runtime\ndetail={detail}\n", jiff_now());
    // As the runtime's word, which the keeper carries over: what is written into its own file is gone with its next stamp.
    fs::write(sandbox.run_file("b.d/report"), beat).unwrap();
    crate::harness::wait_for("its word", || sandbox.row("b")["readiness"] == "stuck");
    sandbox.tmux(&["new-session", "-d", "-s", &format!("{NASTY}{}", "z".repeat(5000)), "--", "cat"]);
    sandbox
}

fn jiff_now() -> String {
    jiff::Timestamp::now().to_string()
}

#[test]
fn once_prints_no_control_bytes_and_breaks_no_column() {
    let sandbox = nasty_fleet();
    for args in [
        vec!["--once"],
        vec!["--once", "--format", "json"],
        vec!["fleet", "ps"],
        vec!["fleet", "ps", "--json"],
        vec!["agent", "explain", "a"],
        vec!["agent", "explain", "b"],
        vec!["agent", "roster"],
        vec!["--once", "--pane", "b"],
        vec!["--once", "--check"],
    ] {
        let answer = sandbox.run(&args);
        assert!(answer.code < 2, "{args:?}: {answer:?}");
        no_control_bytes(&format!("{args:?}"), &answer.stdout);
        no_control_bytes(&format!("{args:?} stderr"), &answer.stderr);
    }
    let table = sandbox.ok(&["fleet", "ps"]).stdout;
    let columns: Vec<&str> = table.lines().collect();
    assert_eq!(columns.len(), 4, "{table}");
    let at = columns[0].find("WHY").unwrap();
    for line in &columns[1..] {
        let before: String = line.chars().take(at).collect();
        assert!(before.ends_with("  "), "{line}");
        assert!(line.chars().count() <= 200);
    }
}

#[test]
fn a_session_in_json_has_the_name_by_which_tmux_and_every_command_find_it() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let names = [" two  spaces ", "turned \u{202e}txt\u{2066}", "hidden\u{200b}", "hidden", &"z".repeat(300)];
    for name in names {
        sandbox.tmux(&["new-session", "-d", "-s", name, "--", "sh", "-c", "echo I am there; exec cat"]);
    }
    let same = sandbox.tmux(&["list-sessions", "-F", "#{session_name}"]);
    for args in [&["fleet", "ps", "--json"][..], &["fleet", "ps", "--local", "--json"], &["--once", "--format", "json"]]
    {
        let answer = sandbox.ok(args);
        no_control_bytes(&format!("{args:?}"), &answer.stdout);
        let json = answer.json();
        let rows = [&json, &json["rows"], &json["fleet"]["agents"]].into_iter().find_map(Value::as_array).unwrap();
        assert_eq!(rows.len(), names.len() + 1, "{args:?}");
        for row in rows {
            let session = row["session"].as_str().unwrap();
            assert!(same.lines().any(|line| line == session), "{session:?} in {same}");
            assert_eq!(
                sandbox.tmux(&["display-message", "-p", "-t", &format!("={session}:"), "#{pane_id}"]),
                row["pane"]["id"]
            );
            let label = row["session_label"].as_str().unwrap();
            no_control_bytes("session_label", label);
            assert!(label.chars().count() <= 200, "{label}");
        }
    }
    for name in names {
        crate::harness::wait_for("its text", || sandbox.ok(&["agent", "tail", name]).stdout.contains("I am there"));
        assert_eq!(sandbox.ok(&["agent", "status", name, "--json"]).json()["session"], name);
        assert_eq!(sandbox.ok(&["agent", "explain", name, "--json"]).json()["agent"]["session"], name);
        let once = sandbox.ok(&["--once", "--format", "json", "--pane", name]).json();
        assert!(once["pane"]["lines"].to_string().contains("I am there"), "{once:#}");
    }
    // A label names its row as well, as long as only one is shown under it.
    assert_eq!(sandbox.ok(&["agent", "status", "two spaces", "--json"]).json()["session"], names[0]);
    assert!(sandbox.ok(&["agent", "tail", "two spaces"]).stdout.contains("I am there"));
}

#[test]
fn an_error_quotes_it_as_text() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.ok(&["backlog", "create", "--id", "A", "--title", "t"]);
    let export = sandbox.ok(&["backlog", "export"]).stdout;
    let (first, rest) = export.split_once('\n').unwrap();
    let escaped: String = NASTY.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect();
    let file = sandbox.root.join("w/import");
    for line in [format!("{{\"{escaped}\": 1}}"), rest.replacen("\"title\"", &format!("\"{escaped}\""), 1)] {
        fs::write(&file, format!("{first}\n{line}\n")).unwrap();
        let refused = sandbox.run(&["backlog", "import", "import", "--verbose"]);
        assert!(refused.code != 0 && refused.stderr.contains("line 2"), "{refused:?}");
        no_control_bytes("an import's error", &refused.stderr);
    }
    // Also the names of files.
    let missing = sandbox.run(&["fleet", "check", "no\x1b]0;owned\x07such"]);
    assert!(missing.code != 0 && missing.stderr.contains("such"), "{missing:?}");
    no_control_bytes("a file's name", &missing.stderr);
    let unknown = sandbox.run(&["fleet", "start", "no\x1b[2Jsuch"]);
    assert_ne!(unknown.code, 0);
    no_control_bytes("an agent's name", &unknown.stderr);
}

#[test]
fn the_screen_shows_it_as_text_and_stays_in_shape() {
    let sandbox = nasty_fleet();
    for (width, height) in [(80, 24), (120, 40)] {
        let mut screen = sandbox.open(&[], width, height);
        let text = screen.wait_until("all rows", |text| text.contains("stuck") && text.contains("unmanaged"));
        assert!(text.lines().nth(2).is_some_and(|line| line.contains("STATE")), "{text}");
        screen.send("jj");
        screen.wait_text("pane %");
        screen.send("e");
        screen.wait_text("would change");
        screen.close("would change");
        screen.send("q");
        screen.wait_exit();
        let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
        assert!(!raw.contains("\x1b]0;owned") && !raw.contains("\x1b[2J\x1b]0"), "an escape got through");
        assert!(
            !raw.contains('\u{202e}') && !raw.contains('\u{2066}') && !raw.contains('\u{9b}'),
            "a bidi control got through"
        );
    }
}

#[test]
fn hostile_heartbeat_files_change_nothing_but_their_own_row() {
    let sandbox = Sandbox::with_agents("  - {name: a, runtime: cat, command: cat}\n  - {name: b}\n");
    sandbox.start();
    let path = sandbox.run_file("a.hb");
    let big = "x".repeat(100_000);
    let foreign = format!("ts={}\npid=1\nstatus=ok\n", jiff_now());
    for (content, why) in [
        ("", "no ts"),
        (big.as_str(), "4 KiB"),
        ("ts=2999-01-01T00:00:00Z\npid=1\nstatus=ok\n", "future"),
        (foreign.as_str(), "not in the pane's process tree"),
        ("\0\0\0", "no ts"),
    ] {
        let mut row = serde_json::Value::Null;
        // The keeper rewrites its heartbeat each interval, so one look may come too late.
        crate::harness::wait_for(why, || {
            fs::write(&path, content).unwrap();
            row = sandbox.row("a");
            row["reason"].as_str().unwrap().contains(why)
        });
        assert_eq!(row["readiness"], "unknown", "{row:#}");
        assert_eq!(sandbox.row("b")["health"], "healthy");
    }
}
