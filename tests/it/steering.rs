//! Questions answered, conversations begun anew, texts to many, and whose turn it is to type.

use mosaic_tui::fleet::model::{PaneId, ShownRow, SocketName};
use mosaic_tui::fleet::tmux::{Change, Guard, Tmux};

use crate::harness::{Sandbox, is_well, wait_for};

/// A running stub `a` with this script.
fn fleet(script: &str) -> Sandbox {
    let sandbox = Sandbox::with_agents(&format!(
        "  - {{name: a, class: code, env: {{MOSAIC_STUB_SCRIPT: '{script}'}}}}\n  - {{name: b}}\n"
    ));
    sandbox.start();
    sandbox
}

fn screen(sandbox: &Sandbox) -> String {
    sandbox.tmux(&["capture-pane", "-p", "-J", "-t", "=a:"])
}

fn receipt(sandbox: &Sandbox, args: &[&str]) -> (i32, String, String) {
    let answer = sandbox.run(&[args, &["--json"]].concat());
    let json = answer.json();
    let word = |name: &str| json[name].as_str().unwrap_or_default().to_owned();
    (answer.code, word("delivery"), word("reason"))
}

#[test]
fn a_question_is_answered_only_while_it_is_the_one_that_was_meant() {
    let sandbox = fleet("ask Really delete it? (y/n)");
    let row = sandbox.wait_row("a", |row| row["readiness"] == "stuck" && !row["question"].is_null());
    let question = row["question"].as_str().unwrap().to_owned();
    assert!(question.contains("Really delete it? (y/n)"), "{question}");
    for (args, word) in [
        (&["agent", "approve", "a", "--question", "Another one?"][..], "another_question"),
        (&["agent", "approve", "a", "--choice", "3"], "no_choice"),
        (&["agent", "approve", "b"], "no_question"),
    ] {
        let (code, delivery, reason) = receipt(&sandbox, args);
        assert!(code == 4 && delivery == "refused" && reason.starts_with(word), "{args:?}: {code} {delivery} {reason}");
    }
    assert_eq!(sandbox.row("a")["readiness"], "stuck", "nothing was answered");
    let (code, delivery, reason) = receipt(&sandbox, &["agent", "approve", "a", "--question", &question]);
    assert_eq!((code, delivery.as_str()), (0, "accepted"), "{reason}");
    assert!(screen(&sandbox).contains("answered: y"), "{}", screen(&sandbox));
    let kept = sandbox.events("approve");
    assert_eq!(kept.len(), 4, "those that were refused too: {kept:?}");
    let last = kept.last().unwrap();
    assert_eq!((&last["delivery"], &last["door"], &last["agent"]), (&"accepted".into(), &"shell".into(), &"a".into()));
}

#[test]
fn a_question_in_any_writing_is_answered_by_what_its_row_shows() {
    for asked in [
        "Ok \u{2764}\u{fe0f} now?",
        "Call \u{1f469}\u{200d}\u{1f467}?",
        "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{6cc}\u{62f}?",
    ] {
        let sandbox = fleet(&format!("ask {asked}"));
        let row = sandbox.wait_row("a", |row| row["readiness"] == "stuck" && !row["question"].is_null());
        let question = row["question"].as_str().unwrap();
        let (code, delivery, reason) = receipt(&sandbox, &["agent", "approve", "a", "--question", question]);
        assert_eq!((code, delivery.as_str()), (0, "accepted"), "{asked:?}: {reason}");
        assert!(!reason.contains(['\u{fe0f}', '\u{200d}', '\u{200c}']), "no joiner reaches a screen: {reason:?}");
    }
}

#[test]
fn a_question_is_answered_by_key_after_it_was_read() {
    let sandbox = fleet("ask Deploy to staging? (y/n)");
    let mut view = sandbox.open(&[], 120, 40);
    view.wait_until("the question", |text| text.contains("stuck") && text.contains("dialog: asks for input"));
    view.send("A");
    view.wait_until("all of it", |text| text.contains("a asks") && text.contains("1 / y  yes"));
    assert!(!screen(&sandbox).contains("answered"));
    view.send("2");
    view.wait_until("the receipt", |text| text.contains("a: accepted"));
    assert!(screen(&sandbox).contains("answered: n"));
    view.send("w");
    view.wait_text("nobody else asks anything");
    view.send("q");
    assert_eq!(view.wait_exit(), 0);
}

#[test]
fn a_reset_begins_anew_and_is_refused_while_it_works_or_asks() {
    let sandbox = fleet("say old talk");
    wait_for("the talk", || screen(&sandbox).contains("old talk"));
    let (code, delivery, reason) = receipt(&sandbox, &["agent", "reset", "a"]);
    assert_eq!((code, delivery.as_str()), (0, "accepted"), "{reason}");
    assert!(!screen(&sandbox).contains("old talk") && screen(&sandbox).contains("new conversation"));
    assert_eq!(receipt(&sandbox, &["agent", "send", "a", "-m", "work on this"]).0, 0);
    let (code, delivery, reason) = receipt(&sandbox, &["agent", "reset", "a", "--new"]);
    assert!(code == 4 && delivery == "refused" && reason.starts_with("busy"), "{reason}");

    let sandbox = fleet("ask Sure? (y/n)");
    sandbox.wait_row("a", |row| row["readiness"] == "stuck");
    let (code, _, reason) = receipt(&sandbox, &["agent", "reset", "a"]);
    assert!(code == 4 && reason.starts_with("blocked_by_prompt"), "{reason}");

    let sandbox = Sandbox::with_agents("  - {name: c, runtime: cat, command: cat}\n");
    sandbox.start();
    let unknown = sandbox.run(&["agent", "reset", "c"]);
    assert!(unknown.code == 4 && unknown.stderr.contains("runtimes.cat.reset_command"), "{unknown:?}");
}

#[test]
fn a_text_to_all_that_the_list_shows_asks_first_and_comes_back_by_key() {
    let sandbox = fleet("");
    let mut view = sandbox.open(&[], 120, 40);
    view.wait_until("both", |text| is_well(text) && text.contains("available  b"));
    view.send("b");
    view.wait_text("message to 2 agents");
    view.send("to all of you\r");
    view.wait_until("the names", |text| text.contains("Write to 2 agents?") && text.contains("a, b"));
    assert!(!screen(&sandbox).contains("to all"));
    view.send("y");
    view.wait_until("the receipts", |text| text.contains("a: accepted") && text.contains("b: accepted"));
    view.send("\r");
    view.wait_until("closed", |text| !text.contains("b: accepted"));
    // An earlier text comes back.
    view.send("s");
    view.wait_text("message to");
    view.send("\x1b[A");
    view.wait_text("to all of you");
    view.send(" again\r");
    view.wait_until("queued or taken", |text| text.contains(": accepted") || text.contains(": queued"));
    view.send("q");
    assert_eq!(view.wait_exit(), 0);
}

#[test]
fn the_dashboard_steps_aside_for_a_takeover_and_is_back_as_it_was() {
    let sandbox = fleet("");
    for (width, height) in [(80, 24), (200, 50)] {
        let mut view = sandbox.open(&[], width, height);
        view.wait_until("both", |text| is_well(text) && text.contains("available  b"));
        view.send("ja");
        wait_for("its client", || {
            sandbox.tmux(&["list-clients", "-F", "#{client_session} #{client_readonly}"]).contains("b 0")
        });
        view.send("typed in it");
        wait_for("the text", || sandbox.tmux(&["capture-pane", "-p", "-t", "=b:"]).contains("typed in it"));
        view.send("\x02d");
        view.wait_until("the list, b selected", |text| text.contains("back from b") && text.contains("pane %"));
        assert_eq!(sandbox.tmux(&["display-message", "-p", "-t", "=b:", "#{window_width}x#{window_height}"]), "200x50");
        sandbox.tmux(&["send-keys", "-t", "=b:", "C-u"]);
        view.send("q");
        assert_eq!(view.wait_exit(), 0);
    }
}

#[test]
fn keys_are_pressed_only_while_tmux_still_sees_what_was_seen() {
    let sandbox =
        Sandbox::with_agents("  - {name: c, runtime: cat, command: 'echo \"Would you like, {x} #y?\"; exec cat'}\n");
    sandbox.start();
    wait_for("the question", || sandbox.tmux(&["capture-pane", "-p", "-t", "=c:"]).contains("Would you"));
    let pane = PaneId::parse(&sandbox.tmux(&["display-message", "-p", "-t", "=c:", "#{pane_id}"])).unwrap();
    // tmux takes a path below its folder for a socket's name.
    let socket = sandbox.tmux(&["display-message", "-p", "#{socket_path}"]);
    let tmux = Tmux::new(SocketName::named(&format!("../..{socket}")).unwrap());
    let press = |token: &str, row: &str, keys: &str| {
        let row = ShownRow { text: row.to_owned(), from_start: true, to_end: true };
        let guard = Guard { lease: token.to_owned(), shows: &[row], ..Guard::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(tmux.guarded(pane, &guard, &[Change::Keys(pane, &[keys.to_owned()])])).unwrap()
    };
    assert!(press("", "Would you like, {x} #y?", "one"));
    for other in
        ["Would you not like it?", "Would you like, {x} #y", "ould you like, {x} #y?", "Would you like. {x} #y?"]
    {
        assert!(!press("", other, "two"), "{other}");
    }
    sandbox.tmux(&["set-option", "-p", "-t", "=c:", "@mosaic_turn", "m1.1"]);
    assert!(!press("", "Would you like, {x} #y?", "three"), "another sender's lease");
    assert!(press("m1.1", "Would you like, {x} #y?", "four"));
    wait_for("what was typed", || sandbox.tmux(&["capture-pane", "-p", "-t", "=c:"]).contains("onefour"));
}

/// A pane that looks like codex at a permission prompt, silent for longer than the idle threshold.
const PROMPT: &str = "  - {name: c, runtime: codex, command: 'printf \"  Would you like to run the following command?\\n\\n  $ rm -rf /\\n\\n› 1. Yes, proceed (y)\\n\\n  Press enter to confirm or esc to cancel\\n\"; exec cat'}\n";

#[test]
fn an_agent_at_a_prompt_is_never_available_however_silent() {
    let sandbox = Sandbox::with_agents(PROMPT);
    let silent = [("MOSAIC_HEARTBEAT_IDLE_THRESHOLD", "1")];
    assert_eq!(sandbox.run_with(&["fleet", "start"], &silent).code, 0);
    wait_for("its silence", || sandbox.row("c")["idle_seconds"].as_u64().is_some_and(|idle| idle >= 2));
    let waited = sandbox.run_with(&["agent", "wait", "c", "--until", "available", "--timeout", "3"], &silent);
    assert!(waited.code == 1 && waited.stdout.contains("it is stuck (asks for approval"), "{waited:?}");
    assert!(sandbox.row("c")["question"].as_str().unwrap().contains("$ rm -rf /"), "{:#}", sandbox.row("c"));
    // Rules that cannot be read make it unknown, not available.
    let rules = sandbox.home().join("runtime/codex");
    std::fs::create_dir_all(&rules).unwrap();
    std::fs::write(rules.join("screen.yaml"), "version: 1\nnonsense: true\n").unwrap();
    let row = sandbox.run_with(&["agent", "status", "c", "--json"], &silent).json();
    let screen = row["evidence"].as_array().unwrap().iter().find(|said| said["plane"] == "screen").unwrap();
    assert!(row["readiness"] == "unknown" && screen["ok"] == false, "{row:#}");
}

#[test]
fn an_answered_question_is_over_in_a_view_that_was_open() {
    let sandbox = fleet("ask Sure? (y/n); work 60");
    sandbox.wait_row("a", |row| row["readiness"] == "stuck" && !row["question"].is_null());
    let mut command = sandbox.command(crate::harness::program());
    command.args(["agent", "wait", "a", "--until", "working", "--timeout", "15"]);
    let waiter = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    assert_eq!(receipt(&sandbox, &["agent", "approve", "a"]).0, 0);
    assert!(waiter.wait_with_output().unwrap().status.success());
}

#[test]
fn a_broadcast_tells_of_everybody_also_when_one_cannot_be_tried() {
    let sandbox = Sandbox::with_agents(
        "  - {name: a}\n  - {name: far, host: elsewhere, ssh: nobody@127.0.0.1:1}\n  - {name: z}\n",
    );
    sandbox.ok(&["fleet", "start", "a", "z"]);
    let rules = sandbox.home().join("runtime/stub");
    let all = sandbox.run(&["agent", "broadcast", "--json", "-m", "to all"]);
    let receipts = all.json();
    let of =
        |name: &str| receipts.as_array().unwrap().iter().find(|one| one["agent"] == name).unwrap()["delivery"].clone();
    assert_eq!((all.code, of("a"), of("far"), of("z")), (1, "accepted".into(), "blank".into(), "accepted".into()));
    std::fs::create_dir_all(&rules).unwrap();
    std::fs::write(rules.join("screen.yaml"), "nonsense").unwrap();
    let all = sandbox.run(&["agent", "broadcast", "a", "z", "--json", "-m", "to all"]);
    assert!(all.code == 1 && all.json().as_array().unwrap().len() == 2, "{all:?}");
    // Nobody of another host is brought back here.
    let recovered = sandbox.run(&["fleet", "recover", "--apply"]);
    assert!(!recovered.stdout.contains("far"), "{recovered:?}");
}

#[test]
fn a_command_of_the_palette_without_its_text_hangs_nothing() {
    let sandbox = fleet("");
    let mut view = sandbox.open(&[], 120, 40);
    view.wait_until("the list", is_well);
    view.send(":agent send a\r");
    view.wait_text("nothing is piped in");
    view.send("\r");
    view.wait_until("closed", |text| !text.contains("nothing is piped in"));
    view.send("?");
    view.wait_text("keys in Fleet");
    view.send("\x03");
    view.wait_exit();
    assert!(!screen(&sandbox).contains(":user"), "nothing was sent");
}

#[test]
fn what_is_written_down_has_a_bound() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let log = sandbox.run_file("a.log");
    let spool = sandbox.home().join("fleet/activity/spool.jsonl");
    std::fs::create_dir_all(log.parent().unwrap()).unwrap();
    std::fs::create_dir_all(spool.parent().unwrap()).unwrap();
    std::fs::write(&log, "old words\n".repeat(300_000)).unwrap();
    std::fs::write(&spool, "{}\n".repeat(500_000)).unwrap();
    sandbox.start();
    assert_eq!(sandbox.run(&["agent", "send", "a", "-m", "hello"]).code, 0);
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(!text.contains("old words") && text.contains("keeping"), "{} bytes", text.len());
    let waiting = std::fs::metadata(&spool).map_or(0, |meta| meta.len());
    assert!(waiting < 100_000, "whoever found it long took it in: {waiting} bytes");
    assert_eq!(sandbox.events("send").len(), 1);
    // While the keeper lives as well.
    let keeper = std::fs::OpenOptions::new().append(true).open(&log).unwrap();
    keeper.set_len(8 << 20).unwrap();
    let end = rustix::process::Signal::KILL;
    crate::harness::kill(u32::try_from(sandbox.row("a")["pane"]["pid"].as_u64().unwrap()).unwrap(), end);
    // It is cut first, and written to then.
    crate::harness::wait_for("its last words", || {
        let text = std::fs::read(&log).unwrap();
        text.len() < 1 << 20 && String::from_utf8_lossy(&text).contains("ended")
    });
}

#[test]
fn following_a_pane_that_rests_reads_its_screen_only_and_tells_each_line_once() {
    let sandbox = Sandbox::with_agents(
        "  - {name: a, runtime: sh, command: 'seq 1 5000; while read n; do seq -f \"new %g\" 1 $n; done; exec cat'}\n",
    );
    sandbox.start();
    // What is asked of tmux is written down.
    let (bin, log) = (sandbox.root.join("bin"), sandbox.root.join("asked"));
    std::fs::create_dir_all(&bin).unwrap();
    let real = crate::harness::answer(sandbox.command("sh").args(["-c", "command -v tmux"])).stdout;
    let script = format!("#!/bin/sh\necho \"$*\" >> {}\nexec {} \"$@\"\n", log.display(), real.trim());
    std::fs::write(bin.join("tmux"), script).unwrap();
    std::fs::set_permissions(bin.join("tmux"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut command = sandbox.command(crate::harness::program());
    let out = sandbox.root.join("out");
    let mut follower = command
        .args(["agent", "tail", "a", "--follow", "-n", "50000"])
        .stdout(std::fs::File::create(&out).unwrap())
        .spawn()
        .unwrap();
    let asked = || std::fs::read_to_string(&log).unwrap_or_default();
    let looks = || asked().matches("history_size").count();
    let scrolled = || asked().lines().filter(|line| line.contains("history_size") && line.contains("-S")).count();
    wait_for("looks at a pane that rests", || looks() > 8);
    assert_eq!(scrolled(), 1, "the history is read once: {}", asked());
    let told = || std::fs::read_to_string(&out).unwrap();
    assert!(told().lines().next_back() == Some("5000") && told().lines().count() > 1900, "{}", told().lines().count());
    for (lines, last) in [(3, "new 3"), (700, "new 700"), (1500, "new 1500")] {
        let before = told().lines().count();
        sandbox.tmux(&["send-keys", "-t", "=a:", &lines.to_string(), "Enter"]);
        wait_for(last, || told().lines().next_back() == Some(last));
        let new: Vec<String> =
            told().lines().skip(before).filter(|line| line.starts_with("new")).map(str::to_owned).collect();
        let want: Vec<String> = (1..=lines).map(|n| format!("new {n}")).collect();
        assert_eq!(new, want);
    }
    let pid = u32::try_from(sandbox.row("a")["pane"]["pid"].as_u64().unwrap()).unwrap();
    crate::harness::kill(pid, rustix::process::Signal::KILL);
    assert!(follower.wait().unwrap().success());
    assert!(!told().contains("Pane is dead"), "tmux's own line is no line of the pane");
}

#[test]
fn messages_of_the_dashboard_to_one_agent_arrive_in_the_order_of_the_keys() {
    let sandbox = Sandbox::with_agents("  - {name: a, class: orchestrator}\n");
    sandbox.start();
    sandbox.wait_row("a", |row| row["readiness"] == "available" || row["readiness"] == "working");
    let mut view = sandbox.open(&[], 120, 40);
    view.wait_until("the agent", is_well);
    // Somebody else is sending, and takes a while.
    let turn = std::fs::OpenOptions::new().create(true).append(true).open(sandbox.run_file("a.d/send")).unwrap();
    rustix::fs::flock(&turn, rustix::fs::FlockOperation::LockExclusive).unwrap();
    for number in 1..=6 {
        view.send("s");
        view.wait_text("message to a");
        // What is written down of a text is its length.
        view.send(&format!("{}\r", "m".repeat(number)));
        view.wait_text("waiting for the receipt");
        view.send("\x1b");
        view.wait_until("it was left", |text| !text.contains("message to a"));
    }
    drop(turn);
    let sent = || -> Vec<u64> {
        let kept = sandbox.events("send");
        assert!(kept.iter().all(|event| event["door"] == "key"), "{kept:?}");
        kept.iter().filter_map(|event| event["length"].as_u64()).collect()
    };
    wait_for("all were sent", || sent().len() >= 6);
    assert_eq!(sent(), [1, 2, 3, 4, 5, 6]);
}
