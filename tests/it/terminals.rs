//! Terminals of every kind and size: each shows the fleet whole, loses no key, and is left as it was.

use crate::harness::{Pty, Sandbox, is_well, wait};

/// What `TERM` may say.
const KINDS: [&str; 6] = ["linux", "screen", "dumb", "xterm-kitty", "tmux-256color", "xterm"];

/// A fleet with names as long as they come.
fn fleet() -> Sandbox {
    let sandbox = Sandbox::with_agents(&format!(
        "  - {{name: {}, alias: '{}'}}\n  - {{name: b}}\n",
        "a".repeat(40),
        "alias ".repeat(50)
    ));
    sandbox.start();
    sandbox.tmux(&["new-session", "-d", "-s", &"z".repeat(300), "--", "cat"]);
    sandbox
}

/// What stands in a cell of the screen.
fn cell(screen: &Pty, row: u16, column: u16) -> String {
    screen.look(|screen| screen.cell(row, column).map(|cell| cell.contents().to_owned()).unwrap_or_default())
}

/// Waits until the edges of the list's panel stand below each other, however long the names in it are: what is looked at may
/// be half of a frame.
fn wait_for_edges(screen: &Pty, rows: std::ops::Range<u16>, right: u16) {
    // One panel may end there, and another begin.
    let is_edge = |row, column| {
        ["\u{2502}", "\u{256d}", "\u{256e}", "\u{2570}", "\u{256f}"].contains(&cell(screen, row, column).as_str())
    };
    let whole = wait("the edges", || rows.clone().all(|row| is_edge(row, 0) && is_edge(row, right)).then_some(()));
    assert!(whole.is_some(), "a broken column:\n{}", screen.screen());
}

#[test]
fn every_kind_of_terminal_shows_the_fleet_and_loses_no_key() {
    let sandbox = fleet();
    std::thread::scope(|scope| {
        for kind in KINDS {
            let sandbox = &sandbox;
            scope.spawn(move || {
                // Not `open_with`, which removes what the others keep.
                let mut env = sandbox.env();
                env.retain(|(name, _)| name != "TERM");
                env.push(("TERM".to_owned(), kind.to_owned()));
                let folder = sandbox.root.join("w");
                let mut screen = Pty::spawn(crate::harness::program(), &["--read-only"], &env, &folder, 120, 36);
                screen.wait_until(kind, |text| is_well(text) && text.contains("unmanaged"));
                wait_for_edges(&screen, 2..34, 65);
                // Each key once, however quickly they follow each other.
                screen.send("3");
                screen.wait_text("no cards yet");
                screen.send("1j?");
                screen.wait_text("keys in Fleet");
                screen.send("\x1b");
                screen.wait_until("closed", |text| !text.contains("keys in Fleet") && text.contains("2/3"));
                // What a mouse says that nobody asked, and what other terminals answer.
                for noise in [&b"\x1b[<35;10;5M"[..], b"\x1b[M Xy", b"\x1b[32;10;5M", b"\x1b[<0;10;5m", b"\x1b[0n"] {
                    (0..100).for_each(|_| screen.send_bytes(noise));
                }
                screen.send("?");
                screen.wait_text("keys in Fleet");
                screen.send("\x03");
                assert_eq!(screen.wait_exit(), 0, "{kind}");
                let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
                assert!(!raw.contains("panicked"), "{kind}");
                assert_eq!(raw.contains("\x1b[5n"), kind != "dumb", "{kind}: one that is dumb may print a question");
                assert_eq!(raw.contains("\x1b[38;2;"), kind.contains("kitty"), "{kind}: its colours");
                assert!(kind != "dumb" || !raw.contains("\x1b[38;"), "{kind}: none");
                assert_eq!(screen.modes(), (false, false), "{kind}");
            });
        }
    });
}

#[test]
fn the_largest_and_the_smallest_terminal_show_what_they_can() {
    let sandbox = fleet();
    let mut screen = sandbox.open(&[], 500, 200);
    screen.wait_until("the fleet", |text| is_well(text) && text.contains("unmanaged") && text.contains("pane %"));
    wait_for_edges(&screen, 2..198, 119);
    for (key, shows) in [("2", "Wall"), ("3", "no cards yet"), ("4", "Activity"), ("5", "Org"), ("1", "pane %")] {
        screen.send(key);
        screen.wait_text(shows);
    }
    screen.resize(20, 5);
    screen.wait_text("needs 24x8");
    screen.resize(120, 36);
    screen.wait_until("all of it again", |text| text.contains("unmanaged"));
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
}
