//! The operator's terminal is as it was after every way out.

use rustix::process::Signal;

use crate::harness::{Pty, Sandbox, kill};

/// Runs a line in the shell and returns what the terminal is like afterwards.
fn settings(shell: &mut Pty, mark: &str) -> String {
    shell.send(&format!("stty -a | tr '\\n' ' ' | sed 's/.*speed/{mark} speed/;s/rows [0-9]*; columns [0-9]*;//'; echo; echo {mark}-done\r"));
    let text = shell.wait_until(mark, |text| text.contains(&format!("\n{mark}-done")));
    let at = text.rfind(&format!("{mark} speed")).unwrap();
    text[at + mark.len()..]
        .split("\n\n")
        .next()
        .unwrap()
        .split(&format!("{mark}-done"))
        .next()
        .unwrap()
        .trim()
        .to_owned()
}

fn pid_of_dashboard(sandbox: &Sandbox) -> u32 {
    sandbox
        .pids()
        .into_iter()
        .find(|pid| {
            mosaic_tui::fleet::os::process::argv(*pid)
                .is_some_and(|argv| argv.len() == 1 && argv[0].ends_with("mosaic-tui"))
        })
        .unwrap()
}

/// Opens the dashboard from a shell, leaves it in one way, and compares the terminal.
fn leaves_no_trace(env: &str, leave: impl Fn(&mut Pty, &Sandbox), said: &str) {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let mut shell = sandbox.shell(160, 40);
    shell.wait_text("prompt>");
    let before = settings(&mut shell, "before");
    assert!(before.contains("icanon"), "{before}");
    shell.send(&format!("clear; {env} \"$MOSAIC\"; echo left-with-$?\r"));
    leave(&mut shell, &sandbox);
    let text = shell.wait_until("the way out", |text| text.contains("left-with-") && !text.contains("left-with-$"));
    assert!(text.contains(said), "{said} in {text}");
    assert_eq!(shell.modes(), (false, false), "normal screen, cursor shown");
    assert_eq!(settings(&mut shell, "after"), before);
    let raw = String::from_utf8_lossy(&shell.raw()).into_owned();
    let count = |sequence: &str| raw.matches(sequence).count();
    assert_eq!(count("\x1b[?1049h"), count("\x1b[?1049l"), "alternate screen");
    assert_eq!(count("\x1b[>5u"), count("\x1b[?1049h"), "keys by their codes");
    assert_eq!(shell.codes(), [0, 0], "of the normal screen, and of the alternate one");
    let back = &raw[..raw.rfind("\x1b[?1049l").unwrap_or_default()];
    assert!(back.is_empty() || back.ends_with("\x1b[?7h"), "lines wrap again, whatever a frame that was cut off left");
    // The shell's own line editor switches bracketed paste as well; it must end as the shell wants it.
    assert!(raw.rfind("\x1b[?2004h") > raw.rfind("\x1b[?1049l"), "the shell has its paste mode back");
}

fn seen(shell: &Pty) {
    shell.wait_text("nobody needs you");
}

#[test]
fn after_q() {
    leaves_no_trace(
        "",
        |shell, _| {
            seen(shell);
            shell.send("q");
        },
        "left-with-0",
    );
}

#[test]
fn after_ctrl_c() {
    leaves_no_trace(
        "",
        |shell, _| {
            seen(shell);
            shell.send("\x03");
        },
        "left-with-0",
    );
}

#[test]
fn after_sigterm() {
    leaves_no_trace(
        "",
        |shell, sandbox| {
            seen(shell);
            kill(pid_of_dashboard(sandbox), Signal::TERM);
        },
        "left-with-143",
    );
}

#[test]
fn after_sighup() {
    leaves_no_trace(
        "",
        |shell, sandbox| {
            seen(shell);
            kill(pid_of_dashboard(sandbox), Signal::HUP);
        },
        "left-with-129",
    );
}

#[test]
#[cfg(debug_assertions)]
fn after_a_panic() {
    leaves_no_trace("MOSAIC_DEBUG_FAULT=panic", |_, _| {}, "crash-");
}

#[test]
#[cfg(debug_assertions)]
fn after_an_error() {
    leaves_no_trace("MOSAIC_DEBUG_FAULT=error", |_, _| {}, "left-with-1");
}

#[test]
fn an_error_at_the_start_never_takes_the_terminal() {
    leaves_no_trace("MOSAIC_HEARTBEAT_INTERVAL=never", |_, _| {}, "left-with-2");
}

#[test]
fn ctrl_z_hands_the_terminal_back_and_fg_returns() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let mut shell = sandbox.shell(160, 40);
    shell.wait_text("prompt>");
    let before = settings(&mut shell, "before");
    for _ in 0..2 {
        shell.send("clear; \"$MOSAIC\"\r");
        seen(&shell);
        shell.send("\x1a");
        shell.wait_text("Stopped");
        assert_eq!(shell.modes(), (false, false));
        assert_eq!(settings(&mut shell, "stopped"), before);
        shell.send("clear\rfg\r");
        shell.wait_until("the dashboard again", |text| {
            text.contains("nobody needs you") && text.contains("type a message")
        });
        assert_eq!(shell.modes(), (true, true));
        shell.send("q");
        shell.wait_until("the shell", |text| !text.contains("nobody needs you"));
        shell.send("echo left-with-$?\r");
        shell.wait_text("left-with-0");
        assert_eq!(settings(&mut shell, "after"), before);
    }
}

#[test]
fn without_a_terminal_it_refuses_and_names_the_way_out() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    let answer = sandbox.run(&[]);
    assert_eq!(answer.code, 2);
    assert!(answer.stderr.contains("mosaic-tui --once"), "{answer:?}");
    assert!(answer.stdout.is_empty());
}
