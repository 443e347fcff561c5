//! The embedded view shows what tmux shows: cell by cell, with attributes and colours.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mosaic_tui::fleet::model::{Cell, CellColor, Glyph, PaneId, PaneScreen, PaneTarget, ServerName, Size, SocketName};
use mosaic_tui::fleet::pane::{Viewer, still};
use mosaic_tui::fleet::ssh::Links;
use rustix::process::Signal;
use tokio::sync::Notify;

use crate::harness::{Pty, Sandbox, answer, kill, program, wait, wait_for};

/// A page of characters that terminals disagree about, and of every kind of colour.
const PAGE: &str = "plain \x1b[1mbold\x1b[0m \x1b[2mdim\x1b[0m \x1b[3mitalic\x1b[0m \x1b[4munder\x1b[0m \x1b[7minverse\x1b[0m\n\
wide: 日本語 한국어 中文 ｆｕｌｌ\n\
combining: e\u{301} a\u{308} n\u{303} o\u{302}\u{323}\n\
emoji: 😀 🚀 🧪 ✅ ⚠ 🇩🇪\n\
box: ┌─┬─┐ │ █▓▒░ ⣿⠿\n\
16: \x1b[31mred\x1b[92mbright green\x1b[44mon blue\x1b[105mon bright magenta\x1b[0m\n\
256: \x1b[38;5;208morange\x1b[48;5;22m on green\x1b[0m\n\
true: \x1b[38;2;12;200;99mmint\x1b[48;2;90;0;90m on purple\x1b[0m\n\
mixed: \x1b[1;4;38;2;1;2;3;48;5;17m日e\u{301}x\x1b[0m end\n";

/// The cell with what cannot be seen taken out: tmux may leave a blank as a space or as nothing.
fn seen(cell: Option<&Cell>) -> Cell {
    let mut cell = cell.cloned().unwrap_or_default();
    if &*cell.text == " " {
        cell.text = Glyph::default();
    }
    if cell.text.is_empty() && !cell.style.underline {
        // The foreground of a blank shows only in inverse.
        if !cell.style.inverse {
            cell.style.fg = CellColor::Default;
        }
        cell.style.bold = false;
        cell.style.dim = false;
        cell.style.italic = false;
    }
    cell
}

fn differences(ours: &PaneScreen, theirs: &PaneScreen) -> Vec<String> {
    let mut all = Vec::new();
    for row in 0..ours.size.height {
        for column in 0..ours.size.width {
            let (a, b) = (seen(ours.cell(column, row)), seen(theirs.cell(column, row)));
            if a != b {
                all.push(format!("row {row} column {column}: view {a:?}, tmux {b:?}"));
            }
        }
    }
    all
}

/// The sandbox's socket folder is not this process's own; tmux joins the name to its folder, so a name
/// that climbs out of it reaches the sandbox.
fn socket_of(sandbox: &Sandbox) -> SocketName {
    let socket = sandbox.root.join("t").join(format!("tmux-{}", rustix::process::getuid().as_raw())).join("it");
    assert!(socket.exists());
    SocketName::named(&format!("../..{}", socket.display())).unwrap()
}

fn target(sandbox: &Sandbox) -> PaneTarget {
    let line = sandbox.tmux(&[
        "display-message",
        "-p",
        "-t",
        "=a:",
        "#{pane_id} #{session_id} #{window_width} #{window_height}",
    ]);
    let fields: Vec<&str> = line.split(' ').collect();
    let size = Size { width: fields[2].parse().unwrap(), height: fields[3].parse().unwrap() };
    PaneTarget {
        server: ServerName::here(&socket_of(sandbox)),
        pane: PaneId::parse(fields[0]).unwrap(),
        session_id: fields[1].to_owned(),
        window: size,
        size,
        left: 0,
        top: 0,
        status_rows: 1,
        status_on_top: false,
        attachable: true,
    }
}

/// Opens the view and waits until it equals what tmux captures at the same moment.
fn agrees(sandbox: &Sandbox, expected: &str) {
    let target = target(sandbox);
    wait_for(expected, || sandbox.tmux(&["capture-pane", "-p", "-t", "=a:"]).contains(expected));
    let viewer = Viewer::open(target.clone(), &Links::new(&sandbox.home()), Arc::new(Notify::new())).unwrap();
    let mut last = Vec::new();
    let equal = wait("the view equals the pane", || {
        let ours = viewer.screen()?;
        let theirs = still(
            &sandbox.tmux(&["capture-pane", "-p", "-e", "-N", "-t", "=a:"]),
            target.size.width,
            target.size.height,
        );
        last = differences(&ours, &theirs);
        last.is_empty().then_some(())
    });
    assert!(equal.is_some(), "{} cells differ:\n{}", last.len(), last.join("\n"));
}

fn sandbox_with(command: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    fs::write(sandbox.root.join("w/page.txt"), PAGE).unwrap();
    let long: String = (0..200).map(|n| format!("{n:04} the quick brown fox 日本 {}\n", "=".repeat(n % 60))).collect();
    fs::write(sandbox.root.join("w/long.txt"), long).unwrap();
    fs::write(
        sandbox.root.join("w/code.rs"),
        "fn main() {\n    let x = \"日本\"; // comment\n\tprintln!(\"{x}\");\n}\n",
    )
    .unwrap();
    sandbox.write_agents(&format!(
        "  - {{name: a, runtime: any, command: {}, env: {{TERM: tmux-256color}}}}\n",
        serde_json::to_string(command).unwrap()
    ));
    sandbox.start();
    sandbox
}

#[test]
fn a_page_of_wide_combining_and_coloured_text() {
    agrees(&sandbox_with("cat page.txt; exec cat"), "mixed:");
}

#[test]
fn vim() {
    let sandbox = sandbox_with("vim -u NONE -N code.rs");
    agrees(&sandbox, "comment");
    sandbox.tmux(&["send-keys", "-t", "=a:", "-l", ":set number hlsearch"]);
    sandbox.tmux(&["send-keys", "-t", "=a:", "Enter"]);
    sandbox.tmux(&["send-keys", "-t", "=a:", "-l", "/main"]);
    sandbox.tmux(&["send-keys", "-t", "=a:", "Enter"]);
    agrees(&sandbox, "/main");
}

#[test]
fn less() {
    let sandbox = sandbox_with("less -R long.txt");
    agrees(&sandbox, "0010");
    sandbox.tmux(&["send-keys", "-t", "=a:", "-l", "/0150"]);
    sandbox.tmux(&["send-keys", "-t", "=a:", "Enter"]);
    agrees(&sandbox, "0150");
}

#[test]
fn htop() {
    let sandbox = sandbox_with("htop -d 5");
    wait_for("htop", || sandbox.tmux(&["capture-pane", "-p", "-t", "=a:"]).contains("F10"));
    // It changes all the time; stopped, both looks see the same.
    let pid = sandbox.row("a")["pane"]["pid"].as_u64().unwrap();
    kill(u32::try_from(pid).unwrap(), Signal::STOP);
    agrees(&sandbox, "F10");
    kill(u32::try_from(pid).unwrap(), Signal::CONT);
}

#[test]
fn the_dashboard_sends_the_panes_own_colours_on() {
    let sandbox = sandbox_with("cat page.txt; exec cat");
    let screen: Pty = sandbox.open(&["agent", "watch", "a"], 120, 50);
    screen.wait_text("purple");
    let raw = String::from_utf8_lossy(&screen.raw()).into_owned();
    for sequence in ["38;5;208", "38;2;12;200;99", "48;2;90;0;90", "48;5;22"] {
        assert!(raw.contains(sequence), "{sequence} is not in what the terminal got");
    }
    for text in ["日本語", "e\u{301}", "🚀"] {
        assert!(screen.screen().contains(text), "{text} in {}", screen.screen());
    }
}

/// Cells of more than one code point: a flag, a skin tone, a selector, a joiner, marks.
const CLUSTERS: &str = "\u{1f1e9}\u{1f1ea} \u{1f44b}\u{1f3fd} \u{26a0}\u{fe0f} \u{1f469}\u{200d}\u{1f680} e\u{301}\u{302} \u{915}\u{94d}\u{937}";

#[test]
fn clusters_leave_nothing_behind_in_the_stubs_composer() {
    let sandbox = Sandbox::with_agents("  - {name: a}\n");
    sandbox.start();
    let shows = |text: &str| {
        let screen = sandbox.tmux(&["capture-pane", "-p", "-t", "=a:"]);
        screen.lines().any(|line| line.trim_end() == text)
    };
    wait_for("its composer", || shows("> type a message"));
    for part in CLUSTERS.split(' ').chain([CLUSTERS]) {
        let text = format!("x{part}y{part}z");
        sandbox.tmux(&["send-keys", "-t", "=a:", "-l", &text]);
        wait_for("the draft", || sandbox.tmux(&["capture-pane", "-p", "-t", "=a:"]).contains("draft: Enter sends it"));
        wait_for("its end", || sandbox.tmux(&["capture-pane", "-p", "-t", "=a:"]).contains('z'));
        sandbox.tmux(&["send-keys", "-t", "=a:", "C-u"]);
        wait_for(&format!("an empty composer after {text}"), || shows("> type a message"));
    }
}

#[test]
fn clusters_leave_nothing_behind_in_the_dashboard_inside_tmux() {
    let sandbox = sandbox_with(&format!("printf '%s\\n' '{CLUSTERS} end' 'second'; exec cat"));
    for (at, part) in CLUSTERS.split(' ').chain([CLUSTERS]).enumerate() {
        sandbox.ok(&[
            "backlog",
            "create",
            &format!("--id=A{at}"),
            &format!("--title={part} a {part} b"),
            "--assignee=a",
        ]);
    }
    let tmux = |args: &[&str]| answer(sandbox.command("tmux").args(["-u", "-L", "view"]).args(args)).stdout;
    // As in any tmux: the dashboard does not look at the tmux that it runs in.
    tmux(&["-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", program()]);
    let screen = || tmux(&["capture-pane", "-p"]);
    wait_for("the fleet", || screen().contains("second"));
    for keys in ["3", "j", "j", "G", "n", "Escape", "k", "Enter", "q", "1", "3", "l", "?", "Escape", "1"] {
        let settled = || {
            // Silence for a moment: nothing on this screen moves by itself but ages.
            let mut last = without_times(&screen());
            let mut since = Instant::now();
            while since.elapsed() < Duration::from_millis(100) {
                std::thread::sleep(Duration::from_millis(10));
                let now = without_times(&screen());
                let is_coming = ["opening\u{2026}", "reading the backlog\u{2026}", "reading\u{2026}"];
                if now != last || is_coming.iter().any(|word| now.contains(word)) {
                    (last, since) = (now, Instant::now());
                }
            }
            last
        };
        tmux(&["send-keys", keys]);
        let as_it_is = settled();
        tmux(&["send-keys", "C-l"]);
        assert_eq!(as_it_is, settled(), "after {keys}, and the same drawn anew");
    }
}

/// A screen without its numbers: ages change from look to look.
fn without_times(screen: &str) -> String {
    screen.chars().filter(|c| !c.is_ascii_digit()).collect()
}
