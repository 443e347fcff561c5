//! A link of 20 kB/s that takes 300 ms in each direction, with all the buffers that ssh and its sockets have: nothing on it is
//! ever refused, so what is written too much is only seen by what comes late.

use std::time::{Duration, Instant};

use crate::harness::{Link, Pty, Sandbox, wait_for};

const RATE: usize = 20_000;
const DELAY: Duration = Duration::from_millis(300);

/// Thirty agents, each of which prints all the time.
fn busy_fleet() -> Sandbox {
    let agent = |at: usize| {
        format!(
            "  - {{name: a{at:02}, runtime: sh, command: 'while sleep 0.1; do echo line of a{at:02} $RANDOM $(date +%N) \
             and much more of it; done'}}\n"
        )
    };
    let sandbox = Sandbox::with_agents(&(0..30).map(agent).collect::<String>());
    sandbox.start();
    sandbox
}

/// How much comes out of the link from a key until the screen behind it shows what the key did: how long that takes depends on
/// the machine too.
fn answered(screen: &mut Pty, key: &str, shows: impl Fn(&str) -> bool) -> usize {
    let (before, pressed) = (screen.shown(), Instant::now());
    screen.send(key);
    screen.wait_until(key, shows);
    // Nor is anything held back for seconds in which nothing goes out.
    assert!(pressed.elapsed() < Duration::from_secs(10), "{key:?} was answered after {:?}", pressed.elapsed());
    screen.shown() - before
}

#[test]
fn frames_adapt_and_keys_stay_ahead_of_pictures() {
    let sandbox = busy_fleet();
    let mut screen = sandbox.open_behind(Link { bytes_per_second: RATE, delay: DELAY }, 120, 36);
    screen.wait_text("a00");
    screen.send("2");
    screen.wait_text("line of a00");
    // As long as it takes until the pace is found; at the full rate of frames megabytes would wait by then.
    let begun = Instant::now();
    let mut most = 0;
    while begun.elapsed() < Duration::from_secs(12) {
        answered(&mut screen, "?", |text| text.contains("keys on the Wall"));
        let closed = answered(&mut screen, "\x1b", |text| !text.contains("keys on the Wall"));
        if begun.elapsed() > Duration::from_secs(4) {
            most = most.max(closed);
        }
    }
    // What the link holds on both its ways, a picture that was begun, what goes out while an Esc waits, and what it uncovers.
    assert!(most < RATE * 3 / 2, "a key was answered behind {most} bytes");
    let waits = screen.waiting();
    assert!(waits < RATE * 3 / 2, "{waits} bytes wait in the link");
    // Pictures move all the same, and none of the answers was taken for a key.
    let first = screen.screen();
    wait_for("the pictures go on", || screen.screen() != first);
    screen.send("1");
    screen.wait_until("the list", |text| text.contains("STATE"));
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn what_the_terminal_still_says_is_not_left_to_the_shell() {
    let sandbox = busy_fleet();
    let mut shell = sandbox.shell_behind(Link { bytes_per_second: RATE * 10, delay: DELAY }, 120, 36);
    shell.wait_text("prompt>");
    shell.send("clear; \"$MOSAIC\"; cat -v\r");
    shell.wait_text("a00");
    shell.send("2");
    shell.wait_text("line of a00");
    shell.send("\x03");
    shell.wait_until("the shell", |text| !text.contains("line of a"));
    // Whatever came late would be here by the time that this is shown.
    shell.send("done\r");
    let text = shell.wait_until("what is typed now", |text| text.matches("done").count() == 2);
    assert!(!text.contains("0n") && !text.contains("^["), "{text}");
}
