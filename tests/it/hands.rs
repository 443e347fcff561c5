//! The operator's hands on a real terminal: the mouse, and copying, also inside a tmux of the operator's own.

use std::fs;

use crate::harness::{Pty, Sandbox, is_well, wait_for};

/// Where a text stands on the screen, from 1.
fn place(screen: &Pty, text: &str) -> (usize, usize) {
    let shown = screen.screen();
    let found = shown
        .lines()
        .enumerate()
        .find_map(|(row, line)| line.find(text).map(|at| (line[..at].chars().count() + 1, row + 1)));
    found.unwrap_or_else(|| panic!("{text} is not on the screen:\n{shown}"))
}

fn click(screen: &mut Pty, text: &str) {
    let (column, row) = place(screen, text);
    screen.send(&format!("\x1b[<0;{column};{row}M\x1b[<0;{column};{row}m"));
}

fn fleet() -> Sandbox {
    let sandbox = Sandbox::with_agents("  - {name: alpha}\n  - {name: beta}\n");
    sandbox.start();
    for name in ["alpha", "beta"] {
        sandbox.wait_row(name, |row| row["readiness"] == "available");
    }
    sandbox
}

#[test]
fn a_click_selects_a_double_click_opens_and_the_wheel_moves() {
    let sandbox = fleet();
    let mut screen = sandbox.open(&[], 120, 30);
    screen.wait_until("the fleet", |text| is_well(text) && text.contains(" beta "));
    click(&mut screen, " beta ");
    screen.wait_text("\u{256e}\u{256d} beta ");
    screen.send("\x1b[<64;5;5M");
    screen.wait_text("\u{256e}\u{256d} alpha ");
    // Moves, drags and releases are nothing.
    screen.send("\x1b[<35;5;5M\x1b[<32;6;5M\x1b[<0;6;5m\x1b[M !!");
    let (column, row) = place(&screen, " beta ");
    let press = format!("\x1b[<0;{column};{row}M");
    screen.send(&format!("{press}{press}"));
    screen.wait_text("READ-ONLY");
    screen.send("q");
    screen.wait_text("\u{256e}\u{256d} beta ");
    click(&mut screen, "3 board");
    screen.wait_text("no cards yet");
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
    let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
    let (on, off) = (raw.find("\x1b[?1000h\x1b[?1006h"), raw.rfind("\x1b[?1006l\x1b[?1000l"));
    assert!(on.is_some() && off > on, "the mouse is given back");
}

#[test]
fn with_the_mouse_off_the_terminal_keeps_it() {
    let sandbox = fleet();
    fs::write(sandbox.home().join("tui.yaml"), "mouse: false\n").unwrap();
    let mut screen = sandbox.open(&[], 120, 30);
    screen.wait_until("the fleet", |text| is_well(text) && text.contains(" beta "));
    assert!(!String::from_utf8_lossy(&screen.raw()).contains("\x1b[?1000h"));
    click(&mut screen, " beta ");
    screen.send("j");
    screen.wait_text("\u{256e}\u{256d} beta ");
    // It is taken as soon as the file says so.
    fs::write(sandbox.home().join("tui.yaml"), "mouse: true\n").unwrap();
    screen.wait_text("tui.yaml was read again");
    click(&mut screen, " alpha ");
    screen.wait_text("\u{256e}\u{256d} alpha ");
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn a_copy_goes_to_the_terminal() {
    let sandbox = fleet();
    let mut screen = sandbox.open(&[], 120, 30);
    screen.wait_until("the fleet", |text| is_well(text) && text.contains(" beta "));
    screen.send("y");
    screen.wait_text("a letter copies");
    screen.send("n");
    screen.wait_text("copied the name (5 characters)");
    // "alpha" in base64.
    assert!(String::from_utf8_lossy(&screen.raw()).contains("\x1b]52;c;YWxwaGE=\x07"));
    screen.send("\x03");
    assert_eq!(screen.wait_exit(), 0);
}

#[test]
fn inside_tmux_a_copy_is_in_its_buffer_and_goes_to_the_terminal_outside() {
    let sandbox = fleet();
    let socket = sandbox.root.join("operator.sock");
    let tmux = |words: &[&str]| {
        let mut command = sandbox.command("tmux");
        crate::harness::answer(command.arg("-S").arg(&socket).args(["-f", "/dev/null"]).args(words))
    };
    let socket_text = socket.display().to_string();
    let mut outside = Pty::spawn(
        "tmux",
        &["-S", &socket_text, "-f", "/dev/null", "new-session", "-s", "work", crate::harness::program()],
        &sandbox
            .env()
            .into_iter()
            .map(|(name, value)| if name == "TERM" { (name, "xterm-256color".to_owned()) } else { (name, value) })
            .collect::<Vec<_>>(),
        &sandbox.root,
        120,
        31,
    );
    outside.wait_until("the fleet inside", |text| text.contains("nobody needs you") && text.contains(" beta "));
    outside.send("yn");
    outside.wait_text("copied the name (5 characters) to tmux's buffer and the clipboard");
    assert_eq!(tmux(&["show-buffer"]).stdout.trim_end(), "alpha");
    wait_for("the terminal outside to be told", || {
        // tmux names no selection.
        String::from_utf8_lossy(&outside.raw()).contains("\x1b]52;;YWxwaGE=")
    });
    tmux(&["set-option", "-g", "set-clipboard", "off"]);
    outside.send("yc");
    outside.wait_text("to tmux's buffer (its set-clipboard is off)");
    assert!(
        tmux(&["show-buffer"]).stdout.starts_with("MOSAIC_")
            || tmux(&["show-buffer"]).stdout.starts_with("mosaic-tui agent watch alpha")
    );
    tmux(&["kill-server"]);
    outside.wait_exit();
}
