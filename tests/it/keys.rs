//! What terminals send besides keys, and how sequences are cut by slow links: nothing acts that shouldn't, no byte
//! reaches a pane, each real key arrives. The whole matrix is tested on the decoder itself; here it is a terminal's.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Pty, Sandbox, answer, is_well, kill, program, wait_for};

/// A question is open, an agent is stopped, a card is ready: each of them a key away from being acted on.
fn stand() -> Sandbox {
    let sandbox = Sandbox::with_agents(
        "  - {name: asks, env: {MOSAIC_STUB_SCRIPT: 'ask Deploy it?'}}\n  - {name: rests}\n  - {name: stopped}\n",
    );
    sandbox.ok(&["fleet", "start", "asks", "rests"]);
    sandbox.ok(&["backlog", "create", "--id=A1", "--title=ready", "--assignee=rests"]);
    sandbox.wait_row("asks", |row| row["readiness"] == "stuck");
    sandbox
}

/// What keys could have changed.
fn facts(sandbox: &Sandbox) -> Vec<String> {
    let mut facts: Vec<String> = sandbox
        .rows()
        .iter()
        .map(|row| format!("{} {} {}", row["name"], row["pane"]["pid"], row["question"]))
        .collect();
    for agent in ["asks", "rests"] {
        facts.push(sandbox.tmux(&["capture-pane", "-p", "-t", &format!("={agent}:")]));
    }
    let card: Value = sandbox.ok(&["backlog", "show", "A1", "--json"]).json();
    facts.push(card.to_string());
    facts
}

/// Writes bytes one by one with a pause between.
fn write_slowly(screen: &mut Pty, bytes: &[u8], pause: Duration) {
    for byte in bytes {
        screen.send_bytes(&[*byte]);
        std::thread::sleep(pause);
    }
}

/// Late answers and reports, with letters in them that act: `X` stops, `S` starts, `R` restarts, `c` claims, `A`
/// approves, `y` says yes.
const NO_KEYS: &[&[u8]] = &[
    b"\x1b]11;rgb:1e1e/2a2a/3b3b\x1b\\",
    b"\x1bP>|XTerm(390) Xy\x1b\\",
    b"\x1b[>41;354;0c",
    b"\x1b]52;c;aGVsbG8=\x1b\\",
    b"\x1b_GXy\x1b\\",
    b"\x1b^Sy\x07\x1b\\",
    b"\x1bXRy\x1b\\",
    b"\x1b[?2026;2$y",
    b"\x1b[24;80R",
    b"\x1b[M Xy",
    b"\x9bA",
    b"\x9d52;c;Xy\x9c",
    b"\x1b[200~XyAy\x1b[201~",
];

/// The whole matrix in one view: every input, cut after every byte, with that pause.
fn nothing_acts(sandbox: &Sandbox, open: &str, shows: &str, pause: Duration) -> Pty {
    // Over ssh an Esc waits longer, so that a busy machine does not turn these pauses into one.
    let mut screen = sandbox.open_with(&[], &[("SSH_CONNECTION", "1 2 3 4")], 120, 40);
    screen.wait_until("the fleet", |text| text.contains("Deploy it?") && is_well(text));
    screen.send(open);
    screen.wait_text(shows);
    for bytes in NO_KEYS {
        write_slowly(&mut screen, bytes, pause);
    }
    screen
}

#[test]
fn no_answer_of_a_terminal_acts_in_any_place() {
    let sandbox = stand();
    let before = facts(&sandbox);
    let quick = Duration::from_millis(10);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut fleet = nothing_acts(&sandbox, "", "Deploy it?", quick);
            write_slowly(&mut fleet, b"\x1b[B", quick);
            fleet.wait_text("\u{256e}\u{256d} stopped ");
            write_slowly(&mut fleet, b"\x1bOB", quick);
            fleet.wait_text("\u{256e}\u{256d} rests ");
            write_slowly(&mut fleet, b"\x1b[1;1A", quick);
            fleet.wait_text("\u{256e}\u{256d} stopped ");
            fleet.send("q");
            assert_eq!(fleet.wait_exit(), 0);
        });
        scope.spawn(|| {
            let mut board = nothing_acts(&sandbox, "3", "READY 1", quick);
            write_slowly(&mut board, b"\x1bOP", quick);
            board.wait_text("keys on the Board");
            board.send("\x03");
            assert_eq!(board.wait_exit(), 0);
        });
        scope.spawn(|| {
            let mut boxed = nothing_acts(&sandbox, "s", "message to", quick);
            write_slowly(&mut boxed, b"!\x1b[D<\x1b[H>\x1b[4~", quick);
            boxed.wait_until("only the paste and the keys were typed", |text| text.contains(">XyAy<!"));
            boxed.send("\x03");
            assert_eq!(boxed.wait_exit(), 0);
        });
        scope.spawn(|| {
            let mut dialog = nothing_acts(&sandbox, "X", "acts on", quick);
            dialog.send("\x1b[C");
            dialog.wait_text("acts on");
            dialog.send("\x1b");
            dialog.wait_until("Esc cancels", |text| !text.contains("acts on"));
            dialog.send("q");
            assert_eq!(dialog.wait_exit(), 0);
        });
    });
    assert_eq!(facts(&sandbox), before);
}

/// With pauses that are longer than any wait an Esc is one, but the rest still acts on nothing.
#[test]
fn nothing_of_a_sequence_acts_when_its_esc_came_long_before_it() {
    let sandbox = stand();
    let before = facts(&sandbox);
    let inputs: [&[u8]; 6] =
        [b"\x1b[A", b"\x1bOS", b"\x1b\x1b[A", b"\x1b[200~Xy\x1b[201~", b"\x1b]52;c;Xy\x07", b"\x1bP>|Xy\x1b\\"];
    let shown = ["", "3"];
    std::thread::scope(|scope| {
        for open in shown {
            for pause in [60, 200] {
                let sandbox = &sandbox;
                scope.spawn(move || {
                    let mut screen = sandbox.open(&[], 120, 40);
                    screen.wait_until("the fleet", |text| text.contains("Deploy it?") && is_well(text));
                    screen.send(open);
                    for bytes in inputs {
                        screen.send_bytes(&bytes[..1]);
                        std::thread::sleep(Duration::from_millis(pause));
                        screen.send_bytes(&bytes[1..]);
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    screen.send("?");
                    screen.wait_text("keys ");
                    assert!(!screen.screen().contains("acts on"), "{}", screen.screen());
                    screen.send("\x03");
                    assert_eq!(screen.wait_exit(), 0);
                });
            }
        }
    });
    assert_eq!(facts(&sandbox), before);
}

/// Everything in every place, cut once after each byte and after every byte, with short pauses and with long ones.
#[test]
#[ignore = "takes minutes: it waits out every pause for real"]
fn the_whole_matrix_on_real_terminals() {
    let sandbox = stand();
    let before = facts(&sandbox);
    let turns = std::sync::Mutex::new(());
    let places = [("", "Deploy it?"), ("3", "READY 1"), ("s", "message to"), ("X", "acts on")];
    std::thread::scope(|scope| {
        for (open, shows) in places {
            for pause in [10, 50, 100, 200].map(Duration::from_millis) {
                let (sandbox, turns) = (&sandbox, &turns);
                scope.spawn(move || {
                    // One after the other: tmux 3.3a does not always survive so many clients at once.
                    let turn = turns.lock().unwrap();
                    let mut screen = sandbox.open(&[], 120, 40);
                    screen.wait_until("the fleet", |text| text.contains("Deploy it?") && is_well(text));
                    drop(turn);
                    screen.send(open);
                    screen.wait_text(shows);
                    let key = (open.is_empty() || open == "3").then_some(&b"\x1bOP"[..]);
                    for bytes in NO_KEYS.iter().copied().chain(key) {
                        for cut in 1..=bytes.len() {
                            if cut == bytes.len() {
                                write_slowly(&mut screen, bytes, pause);
                            } else {
                                screen.send_bytes(&bytes[..cut]);
                                std::thread::sleep(pause);
                                screen.send_bytes(&bytes[cut..]);
                            }
                            // What is undecided is decided, and an Esc that was one may have closed the place.
                            std::thread::sleep(Duration::from_millis(800));
                            if Some(bytes) == key {
                                screen.wait_text("keys ");
                                screen.send("\x1b");
                                screen.wait_until("closed", |text| {
                                    !text.contains("keys in") && !text.contains("keys on")
                                });
                            }
                            if !screen.screen().contains(shows) {
                                screen.send(open);
                                screen.wait_text(shows);
                            }
                        }
                    }
                    screen.send("\x03");
                    assert_eq!(screen.wait_exit(), 0);
                });
            }
        }
    });
    assert_eq!(facts(&sandbox), before);
}

#[test]
fn a_stub_takes_no_answer_of_a_terminal_for_typing() {
    let sandbox = Sandbox::new();
    let mut stub = sandbox.open(&["stub-agent"], 80, 24);
    stub.wait_text("type a message");
    for bytes in NO_KEYS.iter().filter(|bytes| !bytes.starts_with(b"\x1b[200~")) {
        write_slowly(&mut stub, bytes, Duration::from_millis(3));
    }
    stub.send("hello\r");
    stub.wait_text("accepted: hello");
    assert!(stub.screen().contains("accepted: hello\n"), "{}", stub.screen());
}

#[test]
fn what_was_typed_into_an_editor_that_lingers_in_the_terminal_is_thrown_away() {
    let sandbox = stand();
    let script = sandbox.root.join("w/edit");
    // It asks the terminal for its clipboard and ends without reading the answer.
    fs::write(&script, "#!/bin/sh\ntouch asked\nwhile [ ! -e answered ]; do sleep 0.05; done\n").unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let before = facts(&sandbox);
    let mut screen = sandbox.open_with(&[], &[("EDITOR", script.to_str().unwrap())], 120, 40);
    screen.wait_text("Deploy it?");
    screen.send("3");
    // What the editor is opened on is the whole card, which comes behind the board.
    screen.wait_until("the card", |text| text.contains("READY 1") && text.contains("version 1"));
    screen.send("E");
    wait_for("the editor", || sandbox.root.join("w/asked").exists());
    screen.send("cXyS\x1b]52;c;aGVsbG8=\x1b\\c\r");
    fs::write(sandbox.root.join("w/answered"), "").unwrap();
    screen.wait_text("nothing was changed");
    screen.send("1");
    screen.wait_text("Deploy it?");
    screen.send("q");
    screen.wait_exit();
    assert_eq!(facts(&sandbox), before);
}

#[test]
fn a_dashboard_that_was_stopped_from_outside_draws_all_of_it_when_it_goes_on() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    for (command, shows) in [("\"$MOSAIC\"", "nobody needs you"), ("\"$MOSAIC\" stub-agent", "type a message")] {
        let mut shell = sandbox.shell(100, 30);
        shell.wait_text("prompt>");
        shell.send(&format!("clear; {command}\r"));
        shell.wait_text(shows);
        let program = pid_below(shell.pid());
        kill(program, Signal::STOP);
        shell.wait_text("Stopped");
        // As a program does that had the alternate screen for itself.
        let left = "printf '\\033[?1049h\\033[?1049l'";
        shell.send(&format!("clear; {left}; printf 'rubbish%.0s' 1 2 3 4 5 6 7 8 9; stty sane\r"));
        shell.wait_text("rubbishrubbish");
        shell.send("fg\r");
        shell.wait_until("all of it again", |text| text.contains(shows) && !text.contains("rubbish"));
        assert!(shell.modes().0, "the alternate screen");
        // Raw again: no Enter is needed.
        shell.send("?");
        shell.wait_until("a key arrives", |text| text.contains("keys in Fleet") || text.contains("> ?"));
        assert_eq!(shell.codes(), [0, 1], "asked for once, on its own screen");
        shell.send("\x03");
        shell.send("\x04");
        wait_for("nothing is left of it", || shell.codes() == [0, 0]);
    }
}

#[test]
fn an_agent_is_not_stopped_by_keys_that_were_typed_blindly() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let pid = sandbox.row("a")["pane"]["pid"].clone();
    let mut screen = sandbox.open(&[], 20, 5);
    screen.wait_text("needs 24x8");
    screen.send("X");
    screen.send("y");
    screen.resize(120, 40);
    screen.wait_until("no question", |text| is_well(text) && !text.contains("acts on"));
    // The answer is in the same packet as the question: nobody can have read it.
    screen.send("Xy");
    screen.wait_text("acts on");
    screen.send("\r");
    screen.wait_until("cancelled", |text| !text.contains("acts on"));
    // A dialog that does not fit is scrolled before it is answered.
    screen.send("X");
    screen.wait_text("acts on");
    screen.resize(24, 8);
    let text = screen.wait_text("\u{2500} 2/4 \u{2500}\u{256e}");
    let lines: u32 = text.split_once(" 2/").unwrap().1.split(' ').next().unwrap().parse().unwrap();
    screen.send("y");
    screen.wait_text("scroll to its end first");
    assert_eq!(sandbox.row("a")["pane"]["pid"], pid);
    for line in 3..=lines {
        screen.send("j");
        screen.wait_text(&format!("{line}/{lines}"));
    }
    screen.send("y");
    wait_for("stopped", || sandbox.row("a")["readiness"] == "dead");
}

/// The program that a shell runs.
fn pid_below(shell: u32) -> u32 {
    let mut found = None;
    wait_for("the program", || {
        found = mosaic_tui::fleet::os::process::all_pids().into_iter().find(|pid| {
            mosaic_tui::fleet::os::process::ancestors(*pid).contains(&shell)
                && mosaic_tui::fleet::os::process::argv(*pid).is_some_and(|argv| argv[0].ends_with("mosaic-tui"))
        });
        found.is_some()
    });
    found.unwrap()
}

#[test]
fn programs_end_with_their_terminal_also_without_a_signal() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    for (arguments, shows) in [("stub-agent", "type a message"), ("", "nobody needs you")] {
        // The terminal is a pane of a tmux server that is killed, and nobody minds the hang-up.
        let tmux = |args: &[&str]| answer(sandbox.command("tmux").args(["-u", "-L", "crash"]).args(args));
        let line = format!("trap '' HUP; exec '{}' {arguments}", program());
        assert_eq!(tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "100", "-y", "30", &line]).code, 0);
        wait_for("its screen", || tmux(&["capture-pane", "-p"]).stdout.contains(shows));
        let pids = tmux(&["display-message", "-p", "#{pid} #{pane_pid}"]).stdout;
        let pids: Vec<u32> = pids.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
        kill(pids[0], Signal::KILL);
        wait_for("its end", || !mosaic_tui::fleet::os::process::is_alive(pids[1]));
    }
}

/// An editor that types something and then does as told.
fn editor(sandbox: &Sandbox, then: &str) -> String {
    let script = sandbox.root.join("w/edit");
    fs::write(&script, format!("#!/bin/sh\necho 'hours of work' >> \"$1\"\ntouch typed\n{then}\n")).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    script.display().to_string()
}

/// The text of the cards' files that are left.
fn kept(sandbox: &Sandbox) -> Vec<String> {
    let files = fs::read_dir(sandbox.root.join("tmp")).unwrap().flatten().map(|entry| entry.path());
    files
        .filter(|path| path.to_string_lossy().contains("mosaic-card"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn what_was_typed_stays_when_the_editor_ends_with_an_error() {
    let sandbox = stand();
    let script = editor(&sandbox, "exit 3");
    let mut screen = sandbox.open_with(&[], &[("EDITOR", &script)], 120, 40);
    screen.wait_text("Deploy it?");
    screen.send("3");
    // What the editor is opened on is the whole card, which comes behind the board.
    screen.wait_until("the card", |text| text.contains("READY 1") && text.contains("version 1"));
    screen.send("E");
    screen.wait_until("where it is", |text| text.contains("exit status: 3") && text.contains("your text is kept in"));
    assert!(kept(&sandbox).iter().any(|text| text.contains("hours of work")), "{:?}", kept(&sandbox));
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn a_signal_does_not_wait_for_an_editor_or_a_takeover() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let sandbox = stand();
        let script = editor(&sandbox, "exec sleep 1000");
        let mut screen = sandbox.open_with(&[], &[("EDITOR", &script)], 120, 40);
        screen.wait_text("Deploy it?");
        screen.send("3");
        // What the editor is opened on is the whole card, which comes behind the board.
        screen.wait_until("the card", |text| text.contains("READY 1") && text.contains("version 1"));
        screen.send("E");
        wait_for("the editor", || sandbox.root.join("w/typed").exists());
        kill(screen.pid(), signal);
        assert_eq!(screen.wait_exit(), code);
        assert!(screen.screen().contains("your text is kept in"), "{}", screen.screen());
        assert!(kept(&sandbox).iter().any(|text| text.contains("hours of work")));
        wait_for("the editor's end", || {
            !sandbox.pids().into_iter().any(|pid| {
                mosaic_tui::fleet::os::process::argv(pid).is_some_and(|a| a.get(1).is_some_and(|word| word == "1000"))
            })
        });
        let mut screen = sandbox.open(&[], 120, 40);
        screen.wait_text("Deploy it?");
        screen.send("a");
        wait_for("the takeover", || {
            sandbox.tmux(&["list-clients", "-F", "#{client_session} #{client_readonly}"]).contains("asks 0")
        });
        kill(screen.pid(), signal);
        assert_eq!(screen.wait_exit(), code);
        wait_for("its client's end", || !sandbox.tmux(&["list-clients", "-F", "#{client_session}"]).contains("asks"));
    }
}

#[test]
fn a_pasted_megabyte_is_answered_at_once_in_every_text_field() {
    let paste = format!("\x1b[200~{}\x1b[201~", "word".repeat(250_000));
    let fields = ["s", "b", "/", ":", "3/", "3n", "3n\t\t\t\t\t\t\t\t\t\t\t\t", "3e", "3b", "3L"];
    std::thread::scope(|scope| {
        // Two at a time: what is measured is the program, not the machine.
        for half in fields.chunks(fields.len() / 2) {
            let paste = &paste;
            scope.spawn(move || {
                // A home of its own: a dashboard begins where the last one of its home was left.
                let sandbox = stand();
                for keys in half {
                    let mut screen = sandbox.open(&[], 120, 40);
                    screen.wait_until("the fleet", |text| text.contains("Deploy it?") && is_well(text));
                    let (board, field) = keys.strip_prefix('3').map_or(("", *keys), |field| ("3", field));
                    if !board.is_empty() {
                        // Some of them are about the whole card, which comes behind the board.
                        screen.send(board);
                        screen.wait_text("version 1");
                    }
                    screen.send(field);
                    screen.send(paste);
                    let from = Instant::now();
                    screen.send("\x03");
                    assert_eq!(screen.wait_exit(), 0);
                    // A tenth of it without optimisation and neighbours; it was minutes.
                    assert!(from.elapsed() < Duration::from_secs(1), "{keys:?}: {:?}", from.elapsed());
                }
            });
        }
    });
}

#[test]
fn keys_and_signals_do_not_wait_for_a_terminal_that_takes_nothing() {
    let sandbox = stand();
    for (name, signal, code) in
        [("Ctrl-C", None, 0), ("SIGTERM", Some(Signal::TERM), 143), ("SIGHUP", Some(Signal::HUP), 129)]
    {
        let mut screen = sandbox.open(&[], 200, 50);
        screen.wait_text("Deploy it?");
        screen.stall(true);
        // More frames than any buffer holds.
        for _ in 0..60 {
            screen.send("?\x0c");
            screen.send("\x1b\x0c");
            std::thread::sleep(Duration::from_millis(40));
        }
        let from = Instant::now();
        match signal {
            None => screen.send("\x03"),
            Some(signal) => kill(screen.pid(), signal),
        }
        wait_for(name, || screen.exit_code().is_some());
        assert!(from.elapsed() < Duration::from_secs(3), "{name}: {:?}", from.elapsed());
        assert_eq!(screen.exit_code(), Some(code), "{name}");
    }
    // One that takes it again shows the present; also one that another program left non-blocking.
    for shared in [false, true] {
        let mut screen = sandbox.open(&[], 200, 50);
        screen.wait_text("Deploy it?");
        if shared {
            screen.make_non_blocking();
        }
        screen.stall(true);
        for _ in 0..30 {
            screen.send("?\x0c");
            screen.send("\x1b\x0c");
            std::thread::sleep(Duration::from_millis(40));
        }
        screen.send("3");
        screen.stall(false);
        screen.wait_text("READY 1");
        screen.send("q");
        assert_eq!(screen.wait_exit(), 0);
    }
}

/// A link that stalls in the middle of a paste: what was pasted is one text, however late the rest of it comes.
#[test]
fn a_paste_that_stalls_is_one_paste() {
    let sandbox = stand();
    let before = facts(&sandbox);
    let mut screen = sandbox.open(&[], 120, 40);
    screen.wait_until("the fleet", |text| text.contains("Deploy it?") && is_well(text));
    screen.send("s");
    screen.wait_text("message to");
    screen.send_bytes(b"\x1b[200~please delete only the folder\r");
    screen.wait_text("a paste is not whole yet");
    screen.send_bytes(b"tmp/old and nothing else\rX y S\r\x1b[201~");
    screen.wait_text("X y S");
    let text = screen.screen();
    assert!(text.contains("message to") && text.contains("only the folder") && text.contains("nothing else"), "{text}");
    // The same in a view: the rest of it is no keys, and after Ctrl-C it is none either.
    screen.send("\x1b\x1b");
    screen.wait_until("the box is closed", |text| !text.contains("message to"));
    screen.send_bytes(b"\x1b[200~please\r");
    screen.wait_text("a paste is not whole yet");
    screen.send_bytes(b"X y S R\ry\x1b[201~?");
    screen.wait_text("keys in Fleet");
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
    assert_eq!(facts(&sandbox), before);
}
